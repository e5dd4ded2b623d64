"""How well a class can be guessed from what should say nothing about it: brightness, size, format, name, camera, date.

A model that is shown a class whose images are all PNG learns what PNG looks like. Each property is asked alone: the
images are cut into five folds, each fold is guessed from how often every class had such a value in the others,
and the balanced accuracy is set beside that of guessing blindly. Asked are what was measured of the images and every
further column of the list that they come from. Pure: the same table gives the same numbers.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from curate.i18n import N_, Message, msg
from curate.schema import DecodeStatus

FOLDS, BINS = 5, 10
MIN_IMAGES = 20
"""Images of a class below which it is left out: guesses about few are noise."""
TELLING = 0.3
"""Share of the way from chance to certainty from which on a property gives the class away."""
MIN_DEVIATIONS = 4
"""Standard deviations of blind guessing that an accuracy must lie above chance: of many columns one is lucky at two."""
LISTED = "list."
"""Before the name of a column of the list, among the columns of a frame and as a property."""


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
_IN_PIXELS = N_("Balance the classes over it, or take it away: crop, resize or convert all images alike.")
_OUTSIDE = N_("Balance the classes over it, or split by it, so that no value of it is in both train and test.")
REMEDIES = {"file_name": _OUTSIDE, **{trait: _IN_PIXELS for trait in TITLES if trait != "file_name"}}


@dataclass(frozen=True, slots=True)
class Guess:
    """Balanced accuracy of guessing the class from one property, and of guessing blindly.

    `deviation` is the standard deviation of the accuracy of guessing blindly.
    """

    trait: str
    accuracy: float
    chance: float
    deviation: float = 0.0

    @property
    def title(self) -> Message:
        """The property in words."""
        if self.trait.startswith(LISTED):
            return msg("Column {name} of the list", name=self.trait.removeprefix(LISTED))
        return Message(TITLES.get(self.trait, self.trait.replace("_", " ")))

    @property
    def remedy(self) -> str:
        """What to do about it, to be translated."""
        return REMEDIES.get(self.trait, _OUTSIDE)

    @property
    def gain(self) -> float:
        """How far from chance (0) to certainty (1); below 0 is no better than chance."""
        return (self.accuracy - self.chance) / (1 - self.chance)

    @property
    def is_telling(self) -> bool:
        """Whether it gives the class away, by more than luck."""
        return self.gain >= TELLING and self.accuracy - self.chance >= MIN_DEVIATIONS * self.deviation


def guesses(frame: pd.DataFrame) -> list[Guess]:
    """Rank properties by how well they give the class away; none without two classes of `MIN_IMAGES` readable images.

    `frame` has the columns of `images.parquet`, as far as they were measured those of the scanners, and those of the
    list (text) with `LISTED` before their names; of these, what names every image is left out.
    """
    frame = frame[[name for name in frame if name in _READ or name.startswith(LISTED)]]  # what follows makes copies
    usable = frame[frame["label"].notna() & frame["width"].notna() & (frame["status"] != DecodeStatus.ERROR)]
    counts = usable["label"].value_counts()
    usable = usable[usable["label"].isin(counts[counts >= MIN_IMAGES].index)]
    classes, target = np.unique(usable["label"].to_numpy(str), return_inverse=True)
    if len(classes) < 2:
        return []
    folds = np.array([int(hashlib.sha256(path.encode()).hexdigest()[:8], 16) % FOLDS for path in usable["path"]])
    chance = 1 / len(classes)
    # Of the mean over classes of shares that are each right by chance.
    deviation = float(np.sqrt((chance * (1 - chance) / np.bincount(target)).sum())) * chance
    found = [
        Guess(name, round(_accuracy(values, target, folds, len(classes)), 4), round(chance, 4), round(deviation, 4))
        for name, values in properties(usable)
    ]
    return sorted(found, key=lambda guess: (-guess.accuracy, guess.trait))


_READ = frozenset(
    [
        "path",
        "label",
        "status",
        "width",
        "height",
        "size_bytes",
        "format",
        "mode",
        "quality.p5",
        "quality.p99",
        "quality.contrast",
        "quality.blur",
        "duplicates.chroma",
    ]
)
"""Columns that `guesses` and `properties` read, besides those of the list."""


def properties(usable: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Name and value of each property of readable images: numbers, or words for what has no order."""
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
    for name in sorted(column for column in usable if column.startswith(LISTED)):
        values = _listed(usable[name])
        if values is not None:
            yield name, values


def _listed(column: pd.Series) -> pd.Series | None:
    """Read a column of a list (text, None where it is empty) as numbers, times (seconds) or words.

    None where it says nothing: one value throughout, or one that is an image's own, as a number that counts them is.
    """
    known = column[column.notna()]
    if known.nunique() + (len(known) < len(column)) < 2:
        return None
    numbers = pd.to_numeric(known, errors="coerce")
    if numbers.notna().all() and np.isfinite(numbers.astype(float)).all():
        is_identifier = known.nunique() == len(known) and bool((numbers % 1 == 0).all())
        return None if is_identifier else numbers.astype(float).reindex(column.index)
    times = pd.to_datetime(known, errors="coerce", format="ISO8601", utc=True)
    if times.notna().all():
        return (times.astype("int64") / 1e9).reindex(column.index)
    return None if known.nunique() == len(known) else column.where(column.notna(), "")


def _pattern(path: str) -> str:
    """Reduce a file name to its pattern, numbers and long codes aside: web sites and cameras have habits."""
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0].lower()
    return re.sub(r"\d+", "#", stem)[:6]


def _accuracy(values: pd.Series, target: npt.NDArray[np.intp], folds: npt.NDArray[np.int64], classes: int) -> float:
    """Return the balanced accuracy of the likeliest class for each value, learned on the other folds.

    Numbers fall into tenths of the images; what is missing has a place of its own.
    """
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(float, na_value=np.nan)
        cells = np.searchsorted(np.nanquantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1]), numbers)
        cells[np.isnan(numbers)] = BINS
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
