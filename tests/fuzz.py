"""Files that strangers may have bent or broken, and what must hold for all: rows, or one line; never a traceback.

    python -m tests.fuzz --seconds 60 [--seed N]

A round makes a file of each sort, mutates it by a seed, and reads it as the product does. What fails is printed with
its sort and seed; `tests/test_fuzz.py` runs some rounds by Hypothesis.
"""

import argparse
import io
import json
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import pandas as pd

from curate.config import read as read_config
from curate.dataset import manifest as manifests
from curate.dataset import recipe
from curate.errors import CurateError
from curate.sources import open_source, source_at
from curate.sources.tar import contents
from tests import sample_images

JPEG = sample_images.encode(sample_images.photo(1, 24, 24))
PNG = sample_images.encode(sample_images.photo(2, 24, 24), "PNG")
SLOW_S = 20.0

ODD = [
    *("..", "../../x", "/etc/hostname", "http://127.0.0.1:9/x", "s3://b/x", "file:///etc/passwd", "C:\\x", "a\\..\\b"),
    *("\x00", "\ud800", "\x1b]0;x\x07", "[/x]", "![x](http://127.0.0.1:9/x)", "x" * 300, "-1", "1e999", "NaN", "∞"),
]


def zipped(rng: Random) -> bytes:
    """Make a ZIP by one of its ways of packing."""
    made = io.BytesIO()
    how = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    with zipfile.ZipFile(made, "w", how) as packed:
        for number, name in enumerate(["a/1.jpg", "a/2.png", "b/3.jpg", "metadata.csv"]):
            packed.writestr(name, [JPEG, PNG, JPEG, b"file_name,label\na/1.jpg,x\n"][number])
    return made.getvalue()


def tarred(rng: Random) -> bytes:
    """Make a tar of samples, in one of its formats."""
    made = io.BytesIO()
    form = rng.choice([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    with tarfile.open(fileobj=made, mode="w", format=form) as packed:
        for name, data in (("1.jpg", JPEG), ("1.cls", b"cat"), ("2.png", PNG), ("2.json", b'{"label": "x"}')):
            item = tarfile.TarInfo(("ü" * 30 if rng.random() < 0.3 else "") + name)
            item.size = len(data)
            packed.addfile(item, io.BytesIO(data))
    return made.getvalue()


_ROWS = pd.DataFrame(
    {
        "path": ["a/1.jpg", "a/2.png", "b/3.jpg"],
        "label": ["a", "a", None],
        "split": ["train", None, "test"],
        "sha256": ["0" * 64] * 3,
        "size_bytes": [10, 20, 30],
        "action": ["keep", "drop", "relabel"],
        "final_label": ["a", None, "b"],
        "source": ["/nowhere"] * 3,
    }
)


def table(rng: Random, suffix: str) -> bytes:
    """Make a list or manifest in which a few cells are odd."""
    rows = _ROWS.astype(object)
    for _ in range(rng.randrange(4)):
        rows.iloc[rng.randrange(3), rng.randrange(len(rows.columns))] = rng.choice(ODD)
    made = io.BytesIO()
    if suffix == ".csv":
        return rows.to_csv(index=False).encode("utf-8", "surrogatepass")
    if suffix == ".jsonl":
        lines = [json.dumps(row, ensure_ascii=rng.random() < 0.5) for row in rows.to_dict("records")]
        return "\n".join(lines).encode("utf-8", "surrogatepass")
    _ROWS.to_parquet(made)
    return made.getvalue()


def mutated(rng: Random, data: bytes) -> bytes:
    """Change a file at some places: bits, bytes, runs, its end, numbers at their limits."""
    made = bytearray(data)
    for _ in range(rng.choice([0, 1, 1, 2, 3, 8, 30])):
        if len(made) < 4:
            break
        at = rng.randrange(len(made))
        match rng.randrange(8):
            case 0:
                made[at] ^= 1 << rng.randrange(8)
            case 1:
                made[at] = rng.randrange(256)
            case 2:
                del made[at:]
            case 3:
                made[at:at] = rng.randbytes(rng.randrange(1, 40))
            case 4:
                del made[at : at + rng.randrange(1, 200)]
            case 5:
                run = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x80\0\0\0", b"\xff" * 8, b"7" * 11])
                made[at : at + len(run)] = run
            case 6:
                made[at : at + 20] = rng.choice(ODD).encode("utf-8", "surrogatepass")[:20]
            case 7:
                made += made[at : at + 300]
    return bytes(made)


def _list(file: Path) -> None:
    source = open_source(file, file.parent / "scratch")
    listing = source.list()
    reader = source_at(listing.root)
    for record in listing.records:
        try:
            reader.read(record.path, offset=record.offset, size=record.size_bytes, max_bytes=1 << 20)
        except OSError:
            continue


def _tar(file: Path) -> None:
    contents(str(file))
    _list(file)


Sort = tuple[str, Callable[[Random], bytes], Callable[[Path], object]]
_SUFFIXES = (".csv", ".jsonl", ".parquet")
SORTS: dict[str, Sort] = {
    "zip": ("x.zip", zipped, _list),
    "tar": ("x.tar", tarred, _tar),
    **{f"list {end}": (f"x{end}", partial(table, suffix=end), _list) for end in _SUFFIXES},
    **{f"manifest {end}": (f"x{end}", partial(table, suffix=end), manifests.kept_rows) for end in _SUFFIXES},
    "recipe": ("x.toml", lambda _: b'manifest = "m.csv"\nseed = 3\n[image]\nside_px = 8\n', recipe.read),
    "curate.toml": ("x.toml", lambda _: b'profile = "faces"\n[decode]\nmax_pixels = 9\n[scan.quality]\n', read_config),
}


def check(sort: str, seed: int, folder: Path) -> None:
    """Read one mutated file; raises what is no `CurateError` of one line, `TimeoutError` where it takes long."""
    name, make, read = SORTS[sort]
    rng = Random(f"{sort} {seed}")
    file = folder / name
    file.write_bytes(mutated(rng, make(rng)))
    begun = time.monotonic()
    try:
        read(file)
    except CurateError as error:
        if "\n" in str(error):
            raise AssertionError(f"more than one line: {error!r}") from error
    if time.monotonic() - begun > SLOW_S:
        raise TimeoutError(f"it took {time.monotonic() - begun:.0f} s")


def main() -> int:
    """Run rounds until the time is up; return how many files failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--rounds", type=int, default=1 << 62)
    options.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000_007)
    asked = options.parse_args()
    done, failed, end = 0, 0, time.monotonic() + asked.seconds
    for seed in range(asked.seed, asked.seed + asked.rounds):
        for sort in SORTS:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    check(sort, seed, Path(folder))
                except Exception:  # what is looked for
                    failed += 1
                    print(f"{sort!r}, seed {seed}: {traceback.format_exc()}")
            done += 1
        if time.monotonic() > end:
            break
    print(f"{done:,} files from seed {asked.seed}, {failed} failed")
    return min(failed, 100)


if __name__ == "__main__":
    sys.exit(main())
