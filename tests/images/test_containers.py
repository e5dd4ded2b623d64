"""What containers prove: planted damage is found where it was planted, and intact files are left alone."""

import io
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from curate.findings import KindSpec
from curate.images import kinds
from curate.images.containers import gif, jpeg, lzw, problems
from curate.schema import Severity
from tests.sample_images import encode, photo

PIXELS = photo(1)


def bytes_of(image_format: str, **options: Any) -> bytes:
    return encode(PIXELS, image_format, **options)


def patched(data: bytes, at: int, patch: bytes) -> bytes:
    return data[:at] + patch + data[at + len(patch) :]


INTACT = {
    "PNG": bytes_of("PNG"),
    "GIF": bytes_of("GIF"),
    "BMP": bytes_of("BMP"),
    "WEBP": bytes_of("WEBP"),
    "TIFF": bytes_of("TIFF"),
    "AVIF": bytes_of("AVIF"),
    "TIFF, LZW": bytes_of("TIFF", compression="tiff_lzw"),
    "TIFF, deflate": bytes_of("TIFF", compression="tiff_adobe_deflate"),
}


@pytest.mark.parametrize("name", INTACT)
def test_an_intact_file_has_nothing_to_show(name: str) -> None:
    assert problems(INTACT[name], name.split(",", maxsplit=1)[0]) == []


@pytest.mark.parametrize("name", INTACT)
@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_cut_file_is_truncated(name: str, keep: float) -> None:
    data = INTACT[name]
    found = problems(data[: int(len(data) * keep)], name.split(",", maxsplit=1)[0])
    # Pillow writes the directory of a TIFF behind its pixels: without it there is nothing left to compare.
    assert found or name.startswith("TIFF")
    assert {problem.kind for problem in found} <= {kinds.TRUNCATED}


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        pytest.param("PNG", 1, id="PNG: the last byte of the checksum of IEND"),
        pytest.param("GIF", 1, id="GIF: the trailer, one byte"),
        pytest.param("BMP", 2, id="BMP: half a pixel"),
        pytest.param("WEBP", 2, id="WebP: the end of the last chunk"),
        pytest.param("AVIF", 2, id="AVIF: the end of the last box"),
    ],
)
def test_the_last_bytes_are_missed(name: str, lost: int) -> None:
    assert [problem.kind for problem in problems(INTACT[name][:-lost], name)] == [kinds.TRUNCATED]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("GIF", "frame 1", id="GIF: codes that do not add up"),
        pytest.param("TIFF, LZW", "Strip", id="TIFF: an LZW strip"),
        pytest.param("TIFF, deflate", "checksum", id="TIFF: a deflated strip"),
        pytest.param("PNG", "IDAT", id="PNG: a data chunk"),
    ],
)
def test_foreign_bytes_among_the_data_are_found(name: str, words: str) -> None:
    data = INTACT[name]
    noise = np.random.default_rng(5).bytes(64)
    found = problems(patched(data, len(data) // 2, noise), name.split(",", maxsplit=1)[0])
    assert [problem.kind for problem in found] == [kinds.DAMAGED]
    assert words.lower() in found[0].reason.lower()


@pytest.mark.parametrize(
    ("body", "kind", "severity"),
    [
        pytest.param(b"tEXtComment\x00hello", kinds.ODD_METADATA, Severity.INFO, id="text"),
        pytest.param(b"gAMA\x00\x00\xb1\x8f", kinds.ODD_METADATA, Severity.INFO, id="gamma"),
        pytest.param(b"tRNS" + bytes(6), kinds.DAMAGED, Severity.WARNING, id="transparency"),
    ],
)
def test_a_wrong_checksum_matters_where_what_is_seen_depends_on_the_chunk(
    body: bytes, kind: KindSpec, severity: Severity
) -> None:
    data = INTACT["PNG"]
    chunk = (len(body) - 4).to_bytes(4, "big") + body + (zlib.crc32(body) ^ 1).to_bytes(4, "big")
    (problem,) = problems(data[:33] + chunk + data[33:], "PNG")
    assert (problem.kind, problem.severity) == (kind, severity)
    assert ("do not depend" in problem.reason) is (severity is Severity.INFO)


def test_bytes_behind_the_end_are_for_information() -> None:
    for name in ("PNG", "GIF", "WEBP"):
        (problem,) = problems(INTACT[name] + b"something else", name)
        assert (problem.kind, problem.severity) == (kinds.ODD_METADATA, Severity.INFO)


def test_a_lost_sector_in_a_jpeg_is_found_although_it_decodes() -> None:
    data = encode(PIXELS, "JPEG", quality=95)
    at = len(data) // 2
    found = list(jpeg.problems(patched(data, at, bytes(512))))
    assert [problem.kind for problem in found] == [kinds.DAMAGED]
    assert abs(found[0].where["offset"] - at) <= 2
    assert list(jpeg.problems(data)) == []


def test_a_flat_jpeg_of_zero_bits_is_no_lost_sector() -> None:
    """Optimised tables give flat areas the shortest code: zero bytes are then the image."""
    data = encode(np.full((2000, 2000, 3), 90, np.uint8), "JPEG", quality=10, optimize=True)
    assert bytes(24) in data
    assert list(jpeg.problems(data)) == []


def test_frames_of_an_animation_are_followed_one_by_one() -> None:
    frames = [Image.fromarray(photo(seed, 60, 50)) for seed in range(4)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    data = buffer.getvalue()
    assert list(gif.problems(data)) == []
    at = len(data) - 600
    (problem,) = gif.problems(patched(data, at, bytes(255 - byte for byte in data[at : at + 6])))
    assert problem.where["frame"] == 3


@given(st.binary(min_size=1, max_size=400), st.integers(1, 8))
def test_following_any_codes_ends(data: bytes, root_bits: int) -> None:
    walked = lzw.walk(data, root_bits=root_bits)
    assert walked.length >= 0


@given(st.integers(0, 2**32), st.integers(1, 90), st.integers(1, 90))
def test_the_codes_of_any_image_add_up_to_its_pixels(seed: int, width: int, height: int) -> None:
    rng = np.random.default_rng(seed)
    tones = rng.integers(0, int(rng.integers(2, 256)), (height, width), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(tones).save(buffer, "GIF")
    assert list(gif.problems(buffer.getvalue())) == []


@pytest.mark.parametrize("check", [gif.problems, jpeg.problems], ids=["GIF", "JPEG"])
@given(data=st.binary(max_size=200))
def test_any_bytes_are_survived(check: Callable[[bytes], Any], data: bytes) -> None:
    list(check(data))
