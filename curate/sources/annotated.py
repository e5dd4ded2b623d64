"""What a file of annotations says of images: the name, class and split of each, and what a person should know of it."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from curate.i18n import Message, nmsg
from curate.sources.columns import text


class Labelled(NamedTuple):
    """An image as annotations name it: a path as they write it, with or without its ending, or a URL.

    `says_split` where annotations have a place for the split: what is empty there is none, whatever folders say.
    """

    name: str
    label: str | None
    split: str | None = None
    says_split: bool = False


@dataclass(frozen=True, slots=True)
class Annotations:
    """What one file says; `form` is what its form is called."""

    form: str
    images: list[Labelled]
    notes: list[Message] = field(default_factory=list)


class ClassCounts:
    """Reads classes as they are written, by name or by number, and counts those that say none."""

    def __init__(self, names: Sequence[str] | None) -> None:
        """Take the `names` that numbers stand for; None where a number is a class itself."""
        self._names = names
        self._unknown: Counter[str] = Counter()
        self._several = 0

    def class_of(self, value: Any) -> str | None:
        """Return the class that a value says, which may be alone in a list; None where it says none, or several."""
        if isinstance(value, list | tuple | set | frozenset):
            several = {self._single(item) for item in value} - {None}
            self._several += len(several) > 1
            return several.pop() if len(several) == 1 else None
        return self._single(value)

    def _single(self, value: Any) -> str | None:
        if value is None or self._names is None or isinstance(value, str):
            return text({"class": value}, "class")
        if isinstance(value, float):  # numbers of a column with a gap, which itself is NaN
            if math.isnan(value):
                return None
            value = int(value) if value.is_integer() else value
        if isinstance(value, int) and 0 <= value < len(self._names):
            return self._names[value]
        if value != -1:  # how `datasets` writes that a class is not known
            self.unknown(value)
        return None

    def unknown(self, number: Any) -> None:
        """Count an image whose class number names no class."""
        self._unknown[str(number)] += 1

    def notes(self, file: str) -> list[Message]:
        """Say how many images `file` gives a number that names no class, or several classes."""
        notes = []
        if self._unknown:
            notes.append(
                nmsg(
                    "{n} image in {file} has a class number that names none of the {count} classes ({number}); it "
                    "counts as having no class.",
                    "{n} images in {file} have a class number that names none of the {count} classes (such as "
                    "{number}); they count as having no class.",
                    self._unknown.total(),
                    file=file,
                    count=len(self._names or ()),
                    number=min(self._unknown),
                )
            )
        if self._several:
            notes.append(
                nmsg(
                    "{n} image in {file} is given several classes; one is read of each image, so it counts as having "
                    "none.",
                    "{n} images in {file} are given several classes; one is read of each image, so they count as "
                    "having none.",
                    self._several,
                    file=file,
                )
            )
        return notes
