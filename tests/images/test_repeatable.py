"""The same bytes give the same pixels and the same reasons in every process, however broken they are.

glibc fills memory that it hands out with a byte of one's choice (`MALLOC_PERTURB_`): what a decoder leaves as it found
it shows as a difference between two such bytes.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from curate.config import DecodeLimits
from curate.images import kinds
from curate.images.decode import decode
from curate.images.result import one_line
from tests.sample_images import encode, photo

DECODE = """
import hashlib, sys
from pathlib import Path
from curate.config import DecodeLimits
from curate.images.decode import decode
for path in sorted(Path(sys.argv[1]).iterdir()):
    result = decode(path.read_bytes(), DecodeLimits())
    pixels = hashlib.sha256(result.image.pixels.tobytes()).hexdigest() if result.image else None
    print(path.name, pixels, result.digest, [problem.reason for problem in result.problems])
"""


def damaged() -> list[bytes]:
    """JPEGs that break where decoders give up without a word about the rest of their buffer."""
    rng = np.random.default_rng(5)
    sound = [encode(photo(seed), **how) for seed, how in enumerate([{}, {"progressive": True}, {"subsampling": 0}])]
    made = []
    for data in sound:
        for at in [*range(160, 600, 11), *rng.integers(600, len(data), 20).tolist()]:
            broken = bytearray(data)
            broken[at : at + 3] = rng.bytes(3)
            made.append(bytes(broken))
    return made


@pytest.mark.skipif(sys.platform != "linux", reason="a setting of glibc")
def test_no_pixel_is_what_memory_held_before(tmp_path: Path) -> None:
    for index, data in enumerate(damaged()):
        (tmp_path / f"{index:04}").write_bytes(data)
    runs = [
        subprocess.run(
            [sys.executable, "-c", DECODE, tmp_path],
            env=os.environ | {"MALLOC_PERTURB_": fill},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for fill in ("165", "90")
    ]
    assert runs[0].count("\n") == len(damaged())
    assert runs[0] == runs[1]


def test_a_jpeg_of_which_nothing_can_be_decoded_has_no_pixels() -> None:
    data = bytearray(encode(photo(1)))
    scan = data.index(b"\xff\xda")
    data[scan + 6] = 0x77  # tables that nobody has defined
    result = decode(bytes(data), DecodeLimits())
    assert result.image is None
    assert result.digest is None, "two such files have nothing in common"
    assert result.problems[-1].kind is kinds.UNREADABLE


def test_what_is_left_of_a_jpeg_is_decoded() -> None:
    data = encode(photo(1, 320, 240))
    result = decode(data[: len(data) * 2 // 3], DecodeLimits())
    assert result.image is not None
    whole = decode(data, DecodeLimits()).image
    assert whole is not None
    np.testing.assert_array_equal(result.image.pixels[:64], whole.pixels[:64])


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("cannot identify image file <_io.BytesIO object at 0x7f00a1>", "cannot identify image file <_io.BytesIO>"),
        ("<function f at 0x7FFE>", "<function f>"),
        ("two\n lines", "two lines"),
    ],
)
def test_a_reason_names_no_place_in_memory(said: str, line: str) -> None:
    assert one_line(ValueError(said)) == line
