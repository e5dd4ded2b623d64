"""What a source comes to: one small record a file, whatever the source is."""

import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import overload

from curate.i18n import Message

_SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
}
_SPLIT = re.compile(rf"({'|'.join(_SPLITS)})(?:[ _-]?(?:set|data))?", re.IGNORECASE)


def split_called(name: str) -> str | None:
    """Return the split that goes by a name, such as `Training`, `test_set` or `valid`; None for any other name."""
    found = _SPLIT.fullmatch(name)
    return _SPLITS[found[1].lower()] if found else None


@dataclass(frozen=True, slots=True)
class Record:
    """One file to measure. `path` is POSIX, relative to the source; (size, mtime) tell whether it changed.

    A store without times has its version mark in place of `mtime_ns`. `offset` is where the bytes begin inside
    a tar; without it the path alone says where they are, which costs the index of the tar.
    """

    path: str
    label: str | None
    split: str | None
    size_bytes: int
    mtime_ns: int
    offset: int | None = None


class Records(Sequence[Record]):
    """Records kept as columns, which take half the memory, and made when one is asked for.

    Whoever wants one thing of all of them reads its column: `paths`, `labels`, `splits`, `sizes` or `times`.
    """

    def __init__(
        self,
        paths: Sequence[str],
        labels: Sequence[str | None],
        splits: Sequence[str | None],
        sizes: Iterable[int],
        times: Iterable[int],
        offsets: Iterable[int | None] = (),
    ) -> None:
        """Take columns of one length; without `offsets` no record has one."""
        self.paths: Sequence[str] = paths
        self.labels, self.splits = labels, splits
        self.sizes, self.times = array("q", sizes), array("q", times)
        self._offsets = {row: offset for row, offset in enumerate(offsets) if offset is not None}

    @classmethod
    def of(cls, records: Sequence[Record]) -> "Records":
        """Keep these records; those that are kept so already as they are."""
        if isinstance(records, cls):
            return records
        return cls(
            [record.path for record in records],
            [record.label for record in records],
            [record.split for record in records],
            (record.size_bytes for record in records),
            (record.mtime_ns for record in records),
            (record.offset for record in records),
        )

    def move_together(self) -> None:
        """Make the paths anew: where they lie among all that was listed beside them, none of it can be given back."""
        text, ends = "".join(self.paths), array("q", accumulate(map(len, self.paths)))
        self.paths = ()
        start, paths = 0, []
        for end in ends:
            paths.append(text[start:end])
            start = end
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        row = range(len(self))[index]
        return Record(
            self.paths[row],
            self.labels[row],
            self.splits[row],
            self.sizes[row],
            self.times[row],
            self._offsets.get(row),
        )


@dataclass(frozen=True, slots=True)
class Skipped:
    """One file that is not part of the dataset, and why."""

    path: str
    message: Message

    @property
    def reason(self) -> str:
        """The message in English."""
        return str(self.message)

    def to_json(self) -> dict[str, str]:
        """Return plain values for `audit.json`."""
        return {"path": self.path, "reason": self.reason, "message": self.message.to_json()}


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a source, sorted by path. `root` is the folder or URL that the paths are relative to.

    `notes` are what a person should know of the whole, such as two classes that differ in case alone. `columns` hold
    what a list says of its images besides path, class and split: the name of a column to its values by path, as text.
    """

    root: str
    records: list[Record]
    skipped: list[Skipped]
    notes: list[Message] = field(default_factory=list)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
