"""How well a class can be guessed from what should say nothing about it: brightness, size, format, name.

A model that is shown a class whose images are all PNG learns what PNG looks like. Each property is asked alone: the
images are cut into five folds, each fold is guessed from how often every class had such a value in the others,
and the balanced accuracy is set beside that of guessing blindly. Pure: the same table gives the same numbers.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from curate.i18n import N_
from curate.schema import DecodeStatus

FOLDS, BINS = 5, 10
MIN_IMAGES = 20
"""Images of a class below which it is left out: guesses about few are noise."""
TELLING = 0.3
"""Share of the way from chance to certainty from which on a property gives the class away."""


TITLES = {
    "size": N_("Size in pixels"),
    "shape": N_("Aspect ratio"),
    "bytes_per_pixel": N_("Bytes per pixel"),
    "format": N_("File format"),
    "mode": N_("Colour mode"),
    "file_name": N_("How files are named"),
    "brightness": N_("Brightness"),
    "contrast": N_("Contrast"),
    "blur": N_("Blur"),
    "colourfulness": N_("Colourfulness"),
}


@dataclass(frozen=True, slots=True)
class Guess:
    """Balanced accuracy of guessing the class from one property, and of guessing blindly."""

    trait: str
    accuracy: float
    chance: float

    @property
    def title(self) -> str:
        """The property in words, to be translated."""
        return TITLES.get(self.trait, self.trait.replace("_", " "))

    @property
    def gain(self) -> float:
        """How far from chance (0) to certainty (1); below 0 is no better than chance."""
        return (self.accuracy - self.chance) / (1 - self.chance)


def guesses(frame: pd.DataFrame) -> list[Guess]:
    """Rank properties by how well they give the class away; none without two classes of `MIN_IMAGES` readable images.

    `frame` has the columns of `images.parquet` and, as far as they were measured, of the scanners.
    """
    usable = frame[frame["label"].notna() & frame["width"].notna() & (frame["status"] != DecodeStatus.ERROR)]
    counts = usable["label"].value_counts()
    usable = usable[usable["label"].isin(counts[counts >= MIN_IMAGES].index)]
    classes, target = np.unique(usable["label"].to_numpy(str), return_inverse=True)
    if len(classes) < 2:
        return []
    folds = np.array([int(hashlib.sha256(path.encode()).hexdigest()[:8], 16) % FOLDS for path in usable["path"]])
    found = [
        Guess(name, round(_accuracy(values, target, folds, len(classes)), 4), round(1 / len(classes), 4))
        for name, values in _properties(usable)
    ]
    return sorted(found, key=lambda guess: (-guess.accuracy, guess.trait))


def _properties(usable: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Name and value of each property: numbers, or words for what has no order."""
    width, height = usable["width"].astype(float), usable["height"].astype(float)
    yield "size", np.sqrt(width * height)
    yield "shape", width / height
    yield "bytes_per_pixel", usable["size_bytes"].astype(float) / (width * height)
    yield "format", usable["format"].astype(str)
    yield "mode", usable["mode"].astype(str)
    yield "file_name", usable["path"].map(_pattern)
    if "quality.p5" in usable:
        yield "brightness", (usable["quality.p5"] + usable["quality.p99"]) / 2
        yield "contrast", usable["quality.contrast"]
        yield "blur", usable["quality.blur"]
    if "duplicates.chroma" in usable:
        yield "colourfulness", usable["duplicates.chroma"]


def _pattern(path: str) -> str:
    """Reduce a file name to its pattern, numbers and long codes aside: web sites and cameras have habits."""
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0].lower()
    return re.sub(r"\d+", "#", stem)[:6]


def _accuracy(values: pd.Series, target: npt.NDArray[np.intp], folds: npt.NDArray[np.int64], classes: int) -> float:
    """Return the balanced accuracy of the likeliest class for each value, learned on the other folds."""
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(float, na_value=np.nan)
        cells = np.searchsorted(np.nanquantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1]), numbers)
    else:
        cells = np.unique(values.to_numpy(str), return_inverse=True)[1]
    right = np.zeros(len(target), dtype=bool)
    for fold in range(FOLDS):
        in_fold = folds == fold
        table = np.zeros((int(cells.max()) + 1, classes))
        np.add.at(table, (cells[~in_fold], target[~in_fold]), 1)
        share = table / np.maximum(table.sum(axis=0), 1)
        right[in_fold] = share.argmax(axis=1)[cells[in_fold]] == target[in_fold]
    return float(np.mean([right[target == index].mean() for index in range(classes)]))
