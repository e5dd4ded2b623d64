"""A dataset drawn in code with planted, known defects: what the demo audits, and its truth to compare with.

Three classes of portraits with the sizes of the first real dataset (Angry 86, Happy 100, Sad 79). The audit
is told nothing: the truth is returned, never written beside the images, and planted files are numbered and
named like all others.

Invariants: the same seed gives the same bytes; the counts per class, category and kind do not depend on
the seed; a planted file has one defect and no other; a duplicate follows its original, an otherwise clean
image of the same class, in the numbering.
"""

import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image

from curate.demonstration import defects
from curate.demonstration.canvas import Rng
from curate.demonstration.defects import Corruption, Duplication, Flaw
from curate.demonstration.portraits import portrait
from curate.demonstration.sitter import Expression
from curate.findings import KindSpec
from curate.images.image import Pixels, squeeze

EXTENSION_PX = 48
_FIRST_EXTENSION_NUMBER = 1000
"""The extension's portraits are numbered from here on, so that none is drawn twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One row of the truth; `of` is the image that a duplicate repeats."""

    path: str
    label: str
    category: str
    kind: str
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """An original, saved with that suffix, and its duplicates."""

    suffix: str
    duplications: tuple[Duplication, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a class holds; what is not planted is clean."""

    files: int
    corrupted: tuple[Corruption, ...]
    groups: tuple[Group, ...]
    unsuitable: tuple[Flaw, ...]


QUOTAS: dict[Expression, Quota] = {
    "Angry": Quota(
        files=86,
        corrupted=(
            defects.EMPTY,
            defects.NOT_FOUND_PAGE,
            defects.ZEROED_HEADER,
            defects.TRUNCATED_JPEG,
            defects.MISSING_BYTES,
            defects.FLIPPED_BIT,
        ),
        groups=(
            Group(".jpg", (defects.SAME_BYTES,)),
            Group(".jpg", (defects.RE_ENCODED,)),
            Group(".png", (defects.RESIZED,)),
            Group(".jpg", (defects.GREY,)),
        ),
        unsuitable=(defects.BLURRY, defects.BANNER),
    ),
    "Happy": Quota(
        files=100,
        corrupted=(defects.TRUNCATED_JPEG,),
        groups=(
            Group(".jpg", (defects.SAME_BYTES, defects.RESIZED)),
            Group(".png", (defects.RECOMPRESSED,)),
            Group(".jpg", (defects.STRIPPED,)),
            Group(".jpg", (defects.RE_ENCODED,)),
            Group(".jpg", (defects.FADED,)),
        ),
        unsuitable=(
            *(defects.BLURRY, defects.BLURRY, defects.DARK, defects.DARK),
            *(defects.BRIGHT, defects.PLAIN_WALL, defects.THUMBNAIL, defects.BANNER),
        ),
    ),
    "Sad": Quota(
        files=79,
        corrupted=(
            defects.EMPTY,
            defects.FORBIDDEN_PAGE,
            defects.ZEROED_HEADER,
            defects.ZEROED_BYTES,
            defects.TRUNCATED_PNG,
        ),
        groups=(),
        unsuitable=(
            *(defects.BLURRY, defects.BLURRY, defects.BLURRY, defects.DARK, defects.DARK),
            *(defects.BRIGHT, defects.BRIGHT, defects.PLAIN_WALL, defects.THUMBNAIL, defects.BANNER),
        ),
    ),
}


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
    writer = _ClassWriter(folder, label, seed)
    quota = QUOTAS[label]
    numbers = writer.rng(0).permutation(np.arange(1, quota.files + 1)).tolist()
    planted = [_plant_corruption(writer, numbers.pop(), corruption) for corruption in quota.corrupted]
    planted += [_plant_flaw(writer, numbers.pop(), flaw) for flaw in quota.unsuitable]
    for group in quota.groups:
        planted += _plant_group(writer, sorted(numbers.pop() for _ in range(1 + len(group.duplications))), group)
    for number in numbers:
        rng = writer.rng(number)
        suffix = str(rng.choice([".jpg", ".png", ".webp"], p=[0.91, 0.05, 0.04]))
        writer.write(number, suffix, _encode(writer.portrait(rng), suffix, rng))
    return planted


def draw_extension(folder: Path, each: int, seed: int = 0) -> None:
    """Write `each` small grey portraits of every class into `folder`: another dataset of the same classes."""
    for label in QUOTAS:
        (folder / label).mkdir(parents=True, exist_ok=True)
        writer = _ClassWriter(folder, label, seed)
        for number in range(_FIRST_EXTENSION_NUMBER, _FIRST_EXTENSION_NUMBER + each):
            drawn = writer.portrait(writer.rng(number), (4 * EXTENSION_PX, 4 * EXTENSION_PX))
            grey = np.asarray(cv2.cvtColor(squeeze(drawn, EXTENSION_PX), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
            writer.write(number, ".png", _encode(grey, ".png", writer.rng(number)))


@dataclass(frozen=True, slots=True)
class _ClassWriter:
    """Draws and writes the images of one class: each has a generator of its own, by its number."""

    folder: Path
    label: Expression
    seed: int

    def rng(self, number: int) -> Rng:
        """Return the generator of the image with that number."""
        return np.random.default_rng([self.seed, list(QUOTAS).index(self.label), number])

    def portrait(self, rng: Rng, size: tuple[int, int] | None = None) -> Pixels:
        """Draw a portrait of the class at `size` (width, height) or at a random one."""
        return portrait(rng, self.label, *(size or _random_size(rng)))

    def write(self, number: int, suffix: str, data: bytes) -> str:
        """Write a file and return its path relative to the folder."""
        path = f"{self.label}/{self.label.lower()}_{number:03}{suffix}"
        (self.folder / path).write_bytes(data)
        return path

    def planted(self, kind: KindSpec, path: str, of: str | None = None) -> Planted:
        """Return the truth about a file with a defect of that kind."""
        return Planted(path=path, label=self.label, category=str(kind.category), kind=kind.name, of=of)


def _plant_corruption(writer: _ClassWriter, number: int, corruption: Corruption) -> Planted:
    """Write a corrupted portrait and return the truth about it."""
    rng = writer.rng(number)
    data = corruption.corrupt(_encode(writer.portrait(rng), corruption.suffix, rng), rng)
    return writer.planted(corruption.kind, writer.write(number, corruption.suffix, data))


def _plant_flaw(writer: _ClassWriter, number: int, flaw: Flaw) -> Planted:
    """Write an unsuitable portrait and return the truth about it."""
    rng = writer.rng(number)
    data = _encode(flaw.spoil(writer.portrait(rng, flaw.size), rng), ".jpg", rng)
    return writer.planted(flaw.kind, writer.write(number, ".jpg", data))


def _plant_group(writer: _ClassWriter, numbers: list[int], group: Group) -> Iterator[Planted]:
    """Write an original under the first number and its duplicates under the others; yield the truth about these."""
    rng = writer.rng(numbers[0])
    data = _encode(writer.portrait(rng), group.suffix, rng)
    original = writer.write(numbers[0], group.suffix, data)
    for number, duplication in zip(numbers[1:], group.duplications, strict=True):
        path = writer.write(number, duplication.suffix or group.suffix, duplication.duplicate(data))
        yield writer.planted(duplication.kind, path, of=original)


def _random_size(rng: Rng) -> tuple[int, int]:
    """Return a width and height as web images have: 200 to 420 pixels a side, upright more often than not."""
    long = int(rng.integers(270, 421))
    short = max(200, round(long * rng.uniform(0.7, 1.0)))
    return (short, long) if rng.random() < 0.6 else (long, short)


def _encode(pixels: Pixels, suffix: str, rng: Rng) -> bytes:
    """Return the image encoded with the random settings of some camera, phone or web site."""
    image, buffer = Image.fromarray(pixels), io.BytesIO()
    if suffix == ".png":
        image.save(buffer, "PNG", compress_level=4)
    elif suffix == ".webp":
        image.save(buffer, "WEBP", quality=int(rng.integers(80, 93)), method=2)
    else:
        image.save(buffer, "JPEG", quality=int(rng.integers(84, 96)), subsampling=int(rng.choice([0, 2])))
    return buffer.getvalue()
