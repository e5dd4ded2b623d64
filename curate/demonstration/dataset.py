"""A dataset drawn in code with planted, known defects: what the demo audits, and its truth to compare with.

Three classes of portraits with the sizes of the first real dataset (Angry 86, Happy 100, Sad 79). Whoever
audits the folder is told nothing: the truth is returned, never written beside the images, and planted
files are numbered and named like all others.

Invariants: the same seed gives the same bytes; the counts per class, category and kind do not depend on
the seed; a planted file has one defect and no other; a copy follows its original, an otherwise clean
image of the same class, in the numbering.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image

from curate.config import DecodeLimits
from curate.demonstration.portraits import Expression, portrait
from curate.duplicates import kinds as duplicate
from curate.findings import KindSpec
from curate.images import kinds as corrupted
from curate.images.containers import jpeg
from curate.images.decode import decode
from curate.images.image import Pixels, squeeze
from curate.scanners import quality

Rng = np.random.Generator

EXTENSION_PX = 48
_BEYOND = 1000
"""The extension's portraits are numbered from here on, so that none is drawn twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One row of the truth; `of` is the image that a duplicate copies."""

    path: str
    label: str
    category: str
    kind: str
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Corruption:
    """What happens to the bytes of a portrait saved with that suffix."""

    kind: KindSpec
    suffix: str
    corrupt: Callable[[bytes, Rng], bytes]


@dataclass(frozen=True, slots=True)
class Copying:
    """How another file is made of an image's; the copy goes by `suffix`, or by its original's."""

    kind: KindSpec
    copy: Callable[[bytes], bytes]
    suffix: str | None = None


@dataclass(frozen=True, slots=True)
class Flaw:
    """What makes a portrait, drawn at `size` if that matters, unsuitable."""

    kind: KindSpec
    spoil: Callable[[Pixels, Rng], Pixels]
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """An original, saved with that suffix, and its copies."""

    suffix: str
    copies: tuple[Copying, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a class holds; what is not planted is clean."""

    files: int
    corrupted: tuple[Corruption, ...]
    groups: tuple[Group, ...]
    unsuitable: tuple[Flaw, ...]


def draw(folder: Path, seed: int = 0) -> pd.DataFrame:
    """Write the dataset into `folder`, a sub-folder per class, and return the truth about it.

    One row per planted file, sorted by path: path (POSIX, relative to `folder`), label, category, kind, of.
    """
    planted = [row for label in QUOTAS for row in draw_class(folder, label, seed)]
    rows = [asdict(row) for row in sorted(planted, key=lambda row: row.path)]
    return pd.DataFrame(rows, columns=[column.name for column in fields(Planted)], dtype=object)


def draw_class(folder: Path, label: Expression, seed: int = 0) -> list[Planted]:
    """Write one class of the dataset and return what is planted in it."""
    (folder / label).mkdir(parents=True, exist_ok=True)
    desk = _Desk(folder, label, seed)
    quota = QUOTAS[label]
    deck = desk.rng(0).permutation(np.arange(1, quota.files + 1)).tolist()
    planted = [_plant_corruption(desk, deck.pop(), corruption) for corruption in quota.corrupted]
    planted += [_plant_flaw(desk, deck.pop(), flaw) for flaw in quota.unsuitable]
    for group in quota.groups:
        planted += _plant_group(desk, sorted(deck.pop() for _ in range(1 + len(group.copies))), group)
    for number in deck:
        rng = desk.rng(number)
        suffix = str(rng.choice([".jpg", ".png", ".webp"], p=[0.91, 0.05, 0.04]))
        desk.write(number, suffix, _encode(desk.portrait(rng), suffix, rng))
    return planted


def draw_extension(folder: Path, each: int, seed: int = 0) -> None:
    """Write `each` small grey portraits of every class into `folder`: another dataset of the same classes."""
    for label in QUOTAS:
        (folder / label).mkdir(parents=True, exist_ok=True)
        desk = _Desk(folder, label, seed)
        for number in range(_BEYOND, _BEYOND + each):
            drawn = desk.portrait(desk.rng(number), (4 * EXTENSION_PX, 4 * EXTENSION_PX))
            small = squeeze(drawn, EXTENSION_PX)
            desk.write(number, ".png", _encode(_luma(small), ".png", desk.rng(number)))


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where one class is drawn: every image has a generator of its own, by its number."""

    folder: Path
    label: Expression
    seed: int

    def rng(self, number: int) -> Rng:
        return np.random.default_rng([self.seed, list(QUOTAS).index(self.label), number])

    def portrait(self, rng: Rng, size: tuple[int, int] | None = None) -> Pixels:
        return portrait(rng, self.label, *(size or _size(rng)))

    def write(self, number: int, suffix: str, data: bytes) -> str:
        path = f"{self.label}/{self.label.lower()}_{number:03}{suffix}"
        (self.folder / path).write_bytes(data)
        return path

    def planted(self, kind: KindSpec, path: str, of: str | None = None) -> Planted:
        return Planted(path=path, label=self.label, category=str(kind.category), kind=kind.name, of=of)


def _plant_corruption(desk: _Desk, number: int, corruption: Corruption) -> Planted:
    rng = desk.rng(number)
    data = corruption.corrupt(_encode(desk.portrait(rng), corruption.suffix, rng), rng)
    return desk.planted(corruption.kind, desk.write(number, corruption.suffix, data))


def _plant_flaw(desk: _Desk, number: int, flaw: Flaw) -> Planted:
    rng = desk.rng(number)
    data = _encode(flaw.spoil(desk.portrait(rng, flaw.size), rng), ".jpg", rng)
    return desk.planted(flaw.kind, desk.write(number, ".jpg", data))


def _plant_group(desk: _Desk, numbers: list[int], group: Group) -> Iterator[Planted]:
    rng = desk.rng(numbers[0])
    data = _encode(desk.portrait(rng), group.suffix, rng)
    original = desk.write(numbers[0], group.suffix, data)
    for number, copying in zip(numbers[1:], group.copies, strict=True):
        path = desk.write(number, copying.suffix or group.suffix, copying.copy(data))
        yield desk.planted(copying.kind, path, of=original)


def _size(rng: Rng) -> tuple[int, int]:
    """Width and height as web images come: 200 to 420 pixels a side, upright more often than not."""
    long = int(rng.integers(270, 421))
    short = max(200, round(long * rng.uniform(0.7, 1.0)))
    return (short, long) if rng.random() < 0.6 else (long, short)


def _encode(pixels: Pixels, suffix: str, rng: Rng) -> bytes:
    """Save with the settings of some camera, phone or web site."""
    image, buffer = Image.fromarray(pixels), io.BytesIO()
    if suffix == ".png":
        image.save(buffer, "PNG", compress_level=4)
    elif suffix == ".webp":
        image.save(buffer, "WEBP", quality=int(rng.integers(80, 93)), method=2)
    else:
        image.save(buffer, "JPEG", quality=int(rng.integers(84, 96)), subsampling=int(rng.choice([0, 2])))
    return buffer.getvalue()


def _jpeg(pixels: Pixels, quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _pixels(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


# Corrupted

_NOT_FOUND_PAGE = b"""<!DOCTYPE html>
<html><head><title>404 Not Found</title></head>
<body><h1>Not Found</h1><p>The requested image was not found on this server.</p></body></html>
"""
_FORBIDDEN_PAGE = b"""<html>
<head><title>403 Forbidden</title></head>
<body><center><h1>403 Forbidden</h1></center><hr><center>Hotlinking is not allowed.</center></body>
</html>
"""


def _emptied(_: bytes, __: Rng) -> bytes:
    """A download that never began."""
    return b""


def _not_found(_: bytes, __: Rng) -> bytes:
    """An error page saved under the image's name."""
    return _NOT_FOUND_PAGE


def _forbidden(_: bytes, __: Rng) -> bytes:
    """Another."""
    return _FORBIDDEN_PAGE


def _beheaded(data: bytes, _: Rng) -> bytes:
    """The start of a JPEG is left, its tables and dimensions are zeros."""
    return data[:3] + bytes(_scan_start(data) - 3) + data[_scan_start(data) :]


def _cut(data: bytes, rng: Rng) -> bytes:
    """A download that stopped on the way."""
    return data[: int(len(data) * rng.uniform(0.55, 0.8))]


def _bitten(data: bytes, rng: Rng) -> bytes:
    """300 bytes are missing from the compressed data."""
    return _as_damaged(data[:at] + data[at + 300 :] for at in _places(data, rng, _scan_start(data), 300))


def _zeroed(data: bytes, rng: Rng) -> bytes:
    """512 bytes of the compressed data are zeros: a lost disk sector."""
    return _as_damaged(data[:at] + bytes(512) + data[at + 512 :] for at in _places(data, rng, _scan_start(data), 512))


def _flipped(data: bytes, rng: Rng) -> bytes:
    """One bit of a PNG's compressed data is the other way round."""
    return _as_damaged(
        data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :] for at in _places(data, rng, data.index(b"IDAT") + 4, 64)
    )


def _scan_start(data: bytes) -> int:
    return max(end for _, _, end in jpeg.segments(data))


def _places(data: bytes, rng: Rng, start: int, length: int) -> list[int]:
    """Where in the second half of the compressed data to do harm, in the order to try."""
    middle = (start + len(data)) // 2
    return [int(place) for place in rng.integers(middle, len(data) - length - 64, 200)]


def _as_damaged(candidates: Iterator[bytes]) -> bytes:
    """The first in which the decoder sees damage: some harm leaves a valid image."""
    limits = DecodeLimits()
    for data in candidates:
        if any(problem.kind == corrupted.DAMAGED for problem in decode(data, limits).problems):
            return data
    raise RuntimeError("the decoder reports none of the damage done")


# Copies


def _same(data: bytes) -> bytes:
    return data


def _stripped(data: bytes) -> bytes:
    """A JPEG without the segment that names its resolution; the pixels do not depend on it."""
    for marker, start, end in jpeg.segments(data):
        if marker == 0xE0:
            return data[:start] + data[end:]
    return data


def _recompressed(data: bytes) -> bytes:
    """A PNG packed more tightly."""
    buffer = io.BytesIO()
    Image.fromarray(_pixels(data)).save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def _re_encoded(data: bytes) -> bytes:
    return _jpeg(_pixels(data), 60)


def _resized(data: bytes) -> bytes:
    pixels = _pixels(data)
    small = cv2.resize(pixels, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    return _jpeg(np.asarray(small, dtype=np.uint8), 88)


def _greyed(data: bytes) -> bytes:
    """Black and white, and a little dimmer."""
    grey = cv2.cvtColor(_pixels(data), cv2.COLOR_RGB2GRAY)
    return _jpeg((grey * 0.8).astype(np.uint8), 88)


def _faded(data: bytes) -> bytes:
    """A filter as telephones have: brighter, with less contrast."""
    return _jpeg((_pixels(data) * 0.78 + 52).astype(np.uint8), 88)


# Unsuitable


def _luma(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _blurred(pixels: Pixels, rng: Rng) -> Pixels:
    sigma = max(pixels.shape) * rng.uniform(0.017, 0.023)
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), dtype=np.uint8)


def _darkened(pixels: Pixels, rng: Rng) -> Pixels:
    """Almost no light: next to nothing is brighter than a sixth."""
    return (pixels * (rng.uniform(36, 41) / max(float(np.percentile(_luma(pixels), 99)), 1.0))).astype(np.uint8)


def _washed_out(pixels: Pixels, _: Rng) -> Pixels:
    """Overexposed: the light half is white, and but for the deepest shadows the rest is nearly so."""
    luma = cv2.GaussianBlur(_luma(pixels).astype(np.float32), (0, 0), 1.2)
    knots = np.percentile(luma, (0, 0.8, 1.6, 2.4, 48, 52, 100)) + np.arange(7) * 1e-3
    light = np.interp(luma, knots, (184, 198, 202, 233, 234, 255, 255))
    tint = 0.06 * (pixels - luma[:, :, None])
    return np.clip(light[:, :, None] + tint, 0, 255).astype(np.uint8)


def _blank(pixels: Pixels, rng: Rng) -> Pixels:
    """A plain wall, and nobody before it."""
    rows, columns = pixels.shape[:2]
    slope = np.linspace(-1, 1, columns)[None, :, None] * rng.uniform(-3, 3)
    wall = rng.uniform(120, 190, 3) + slope + rng.normal(0, 1.2, (rows, columns, 3))
    return wall.astype(np.uint8)


def _shrunk(pixels: Pixels, _: Rng) -> Pixels:
    """A thumbnail saved in place of the image."""
    scale = 24 / max(pixels.shape)
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _as_drawn(pixels: Pixels, _: Rng) -> Pixels:
    return pixels


# What each class holds

_EMPTY = Corruption(corrupted.EMPTY, ".jpg", _emptied)
_NOT_FOUND = Corruption(corrupted.NOT_AN_IMAGE, ".jpg", _not_found)
_FORBIDDEN = Corruption(corrupted.NOT_AN_IMAGE, ".jpg", _forbidden)
_BEHEADED = Corruption(corrupted.UNREADABLE, ".jpg", _beheaded)
_CUT_JPEG = Corruption(corrupted.TRUNCATED, ".jpg", _cut)
_CUT_PNG = Corruption(corrupted.TRUNCATED, ".png", _cut)
_BITTEN = Corruption(corrupted.DAMAGED, ".jpg", _bitten)
_ZEROED = Corruption(corrupted.DAMAGED, ".jpg", _zeroed)
_FLIPPED = Corruption(corrupted.DAMAGED, ".png", _flipped)

_SAME_BYTES = Copying(duplicate.SAME_BYTES, _same)
_STRIPPED = Copying(duplicate.SAME_PIXELS, _stripped)
_RECOMPRESSED = Copying(duplicate.SAME_PIXELS, _recompressed)
_RE_ENCODED = Copying(duplicate.RE_ENCODED, _re_encoded, ".jpg")
_RESIZED = Copying(duplicate.RESIZED, _resized, ".jpg")
_GREYED = Copying(duplicate.RECOLOURED, _greyed, ".jpg")
_FADED = Copying(duplicate.RECOLOURED, _faded, ".jpg")

_BLURRY = Flaw(quality.BLURRY, _blurred)
_DARK = Flaw(quality.DARK, _darkened)
_BRIGHT = Flaw(quality.BRIGHT, _washed_out)
_EMPTY_WALL = Flaw(quality.LOW_INFORMATION, _blank)
_THUMBNAIL = Flaw(quality.ODD_SIZE, _shrunk)
_BANNER = Flaw(quality.ODD_ASPECT_RATIO, _as_drawn, size=(500, 100))

QUOTAS: dict[Expression, Quota] = {
    "Angry": Quota(
        files=86,
        corrupted=(_EMPTY, _NOT_FOUND, _BEHEADED, _CUT_JPEG, _BITTEN, _FLIPPED),
        groups=(
            Group(".jpg", (_SAME_BYTES,)),
            Group(".jpg", (_RE_ENCODED,)),
            Group(".png", (_RESIZED,)),
            Group(".jpg", (_GREYED,)),
        ),
        unsuitable=(_BLURRY, _BANNER),
    ),
    "Happy": Quota(
        files=100,
        corrupted=(_CUT_JPEG,),
        groups=(
            Group(".jpg", (_SAME_BYTES, _RESIZED)),
            Group(".png", (_RECOMPRESSED,)),
            Group(".jpg", (_STRIPPED,)),
            Group(".jpg", (_RE_ENCODED,)),
            Group(".jpg", (_FADED,)),
        ),
        unsuitable=(_BLURRY, _BLURRY, _DARK, _DARK, _BRIGHT, _EMPTY_WALL, _THUMBNAIL, _BANNER),
    ),
    "Sad": Quota(
        files=79,
        corrupted=(_EMPTY, _FORBIDDEN, _BEHEADED, _ZEROED, _CUT_PNG),
        groups=(),
        unsuitable=(_BLURRY, _BLURRY, _BLURRY, _DARK, _DARK, _BRIGHT, _BRIGHT, _EMPTY_WALL, _THUMBNAIL, _BANNER),
    ),
}
