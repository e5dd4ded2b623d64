"""Which damage is noticed, per format and kind: this project beside Pillow, OpenCV and CleanVision.

`pytest tests/benchmarks/test_damage.py -s` prints the tables. A share is that of damaged files which a tool
does not pass in silence; CleanVision has no check for it, so its share is that of files its loader dies on.
"""

import contextlib
import importlib.util
import io
import os
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image

import curate
from curate.config import DecodeLimits
from curate.images.containers import scans
from curate.images.decode import decode
from curate.schema import Severity
from tests.benchmarks import memory, sound
from tests.benchmarks.damage import KINDS, overwritten

pytestmark = pytest.mark.shared
LIMITS = DecodeLimits()
PHOTOS = 200
SOUND = 300
"""Images of each domain."""
FORMATS: dict[str, dict[str, Any]] = {
    "JPEG": {},
    "PNG": {},
    "GIF": {},
    "WEBP": {"quality": 80},
    "WEBP lossless": {"lossless": True},
    "BMP": {},
    "TIFF": {},
    "TIFF LZW": {"compression": "tiff_lzw"},
    "TIFF deflate": {"compression": "tiff_adobe_deflate"},
    "AVIF": {},
}


def noticed_by_curate(data: bytes) -> bool:
    return any(problem.severity is not Severity.INFO for problem in decode(data, LIMITS).problems)


def noticed_by_pillow_load(data: bytes) -> bool:
    return raises(lambda: Image.open(io.BytesIO(data)).load())


def noticed_by_pillow_verify(data: bytes) -> bool:
    return raises(lambda: Image.open(io.BytesIO(data)).verify())


def noticed_by_opencv(data: bytes) -> bool:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is None


def noticed_by_cleanvision(data: bytes) -> bool:
    from cleanvision.dataset.fsspec_dataset import FSDataset

    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(data)
        file.flush()
        dataset = FSDataset(filepaths=[file.name])
        return raises(lambda: dataset[next(iter(dataset.index))])


def raises(action: Callable[[], object]) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return action() is None and False
        except Exception:
            return True


TOOLS = {
    "curate": noticed_by_curate,
    "Pillow load": noticed_by_pillow_load,
    "Pillow verify": noticed_by_pillow_verify,
    "OpenCV": noticed_by_opencv,
    "CleanVision": noticed_by_cleanvision,
}


@contextlib.contextmanager
def decoders_silenced() -> Iterator[None]:
    """libtiff and OpenCV write to the process's standard error."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def files_of(folder: Path, name: str) -> list[bytes]:
    """Every fifth photo, in the given format; a JPEG is taken as it is."""
    chosen = sorted(folder.rglob("*.jpg"))[:: 1000 // PHOTOS]
    if name == "JPEG":
        return [path.read_bytes() for path in chosen]
    blobs = []
    for path in chosen:
        buffer = io.BytesIO()
        Image.open(path).convert("RGB").save(buffer, name.split(maxsplit=1)[0], **FORMATS[name])
        blobs.append(buffer.getvalue())
    return blobs


@pytest.mark.parametrize("name", FORMATS)
def test_planted_damage(name: str, shared_data: Path) -> None:
    tools = dict(TOOLS)
    if importlib.util.find_spec("cleanvision") is None:
        tools.pop("CleanVision")
    blobs = files_of(shared_data / "photos", name)
    print(f"\n{name} ({len(blobs)} photos)".ljust(31), *(f"{tool:>14}" for tool in tools))
    with decoders_silenced():
        rows = {
            kind: [
                sum(notices(damage(blob, Random(f"{kind}{index}"))) for index, blob in enumerate(blobs)) / len(blobs)
                for notices in tools.values()
            ]
            for kind, damage in {"intact": lambda data, _: data, **KINDS}.items()
        }
    for kind, shares in rows.items():
        print(f"{kind:30}", *(f"{share:14.1%}" for share in shares))
    assert rows["intact"][0] == 0


@pytest.mark.parametrize("name", ["photos", "web-emotions", "crop-pairs", "cifar10-duplicates", "fer2013-3class.zip"])
def test_false_alarms(name: str, shared_data: Path) -> None:
    severities: Counter[Severity] = Counter()
    count = 0
    for blob in blobs_of(shared_data / name):
        count += 1
        severities.update({problem.severity for problem in decode(blob, LIMITS).problems})
    print(
        f"\n{name}: {count:,} files, {severities[Severity.ERROR]} in error, "
        f"{severities[Severity.WARNING]} in warning, {severities[Severity.INFO]} for information"
    )
    assert severities[Severity.ERROR] == 0


def test_sound_images_of_other_domains() -> None:
    """Pages, screens, plots, maps: drawn on the grid of blocks, where they look most like damage."""
    told = Counter[tuple[str, str]]()
    for domain in sound.DOMAINS:
        for seed in range(SOUND):
            problems = decode(sound.written(sound.drawn(domain, seed), seed), LIMITS).problems
            told.update((domain, str(problem.severity)) for problem in problems)
    print(f"\n{SOUND * len(sound.DOMAINS):,} sound images of {len(sound.DOMAINS)} domains, told of damage:", dict(told))
    assert {severity for _, severity in told} <= {Severity.INFO}


@pytest.mark.parametrize("size", [512, 4096])
@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_sectors_lost_beside_a_padded_header(size: int, progressive: bool, shared_data: Path) -> None:
    seen = 0
    blobs = files_of(shared_data / "photos", "JPEG")
    for index, blob in enumerate(blobs):
        exif = Image.Exif()
        exif[0x010E] = "padded"
        buffer = io.BytesIO()
        options = {"quality": 85, "progressive": progressive, "exif": exif.tobytes() + bytes(2000)}
        Image.open(io.BytesIO(blob)).convert("RGB").save(buffer, "JPEG", **options)
        data = buffer.getvalue()
        at = Random(index).randrange(next(scans.scans(data)).start, max(3000, len(data) - size - 2))
        seen += noticed_by_curate(overwritten(data, at, bytes(size)))
    print(f"\n{size} zeroed bytes, {'progressive' if progressive else 'baseline'}: {seen} of {len(blobs)} seen")
    assert seen == len(blobs)


def blobs_of(place: Path) -> Iterator[bytes]:
    if place.is_dir():
        yield from (path.read_bytes() for path in sorted(place.rglob("*.[jpgw]*")) if path.is_file())
    else:
        with zipfile.ZipFile(place) as archive:
            yield from (archive.read(item) for item in archive.infolist() if not item.is_dir())


def test_hostile_files_cost_a_row_each(shared_data: Path, tmp_path: Path) -> None:
    started = time.perf_counter()
    with memory.of_workers() as peak:
        audit = curate.audit(shared_data / "hostile.zip", tmp_path / "ws")
    print(
        f"\nhostile: {len(audit.images):,} rows in {time.perf_counter() - started:.1f} s, largest worker "
        f"{peak.largest_mib:,.0f} MiB; {audit.images['status'].value_counts().to_dict()}"
    )
    assert audit.images.loc[audit.images["status"] != "ok", "error"].notna().all()
    assert 0 < peak.largest_mib < 1024


def test_the_cost_over_a_plain_decode(shared_data: Path) -> None:
    blobs = [path.read_bytes() for path in sorted((shared_data / "photos").rglob("*.jpg"))]
    ways: dict[str, Callable[[bytes], object]] = {
        "Pillow": lambda blob: np.asarray(Image.open(io.BytesIO(blob)).convert("RGB")),
        "TurboJPEG": lambda blob: simplejpeg.decode_jpeg(blob, "RGB"),
        "curate": lambda blob: decode(blob, LIMITS),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(7):
        for name, way in ways.items():
            started = time.perf_counter()
            for blob in blobs:
                way(blob)
            seconds[name].append(time.perf_counter() - started)
    best = {name: min(values) for name, values in seconds.items()}
    print(
        f"\n{len(blobs)} photos, best of 7: curate's whole integrity check takes "
        f"{best['curate'] / best['Pillow']:.2f} of a plain Pillow decode, "
        f"{best['curate'] / best['TurboJPEG']:.2f} of a plain TurboJPEG decode"
    )
