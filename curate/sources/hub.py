"""Datasets in Parquet files as the Hugging Face Hub keeps them: an image a row, with its class, and splits by file.

The path of an image is `FILE.parquet/ROW/NAME`, or `FILE.parquet/ROW.jpg` where the row names none.
"""

import posixpath
import re
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import ClassVar

from curate.errors import SourceError
from curate.i18n import Message
from curate.images import formats
from curate.sources import objects, parquet
from curate.sources.address import is_below, join, url
from curate.sources.annotated import ClassCounts
from curate.sources.base import Source
from curate.sources.columns import SPLIT_COLUMNS, Further, TwoSplits, is_split, named_again, split_name, text
from curate.sources.parquet import Columns, Row
from curate.sources.records import Listing, Record, Skipped
from curate.sources.shards import split_of_shard
from curate.storage.names import is_text

Beside = Callable[[str], tuple[int, int] | None]
"""Tells (size, stamp) of a file below the root; None where there is none."""
_PART = re.compile(r"(\w+(?:\.\w+)*)-\d{5}-of-\d{5}")
_NO_SPLIT = frozenset({"data", "default"})
_DIGITS = 6
_PROSE = 100
"""Characters from which on a cell is a sentence and no property."""


class Parquet(Source):
    """One Parquet file of images, on a disk or in a bucket; a folder of them is a folder."""

    form: ClassVar[str] = "Parquet files of images"
    priority: ClassVar[int] = 1

    @classmethod
    def claims(cls, address: str) -> bool:
        if not parquet.is_parquet(address) or not (url(address) or Path(address).is_file()):
            return False
        return parquet.columns_of(address) is not None

    @property
    def root(self) -> str:
        return posixpath.dirname(self.address)

    def _list(self) -> Listing:
        def beside(path: str) -> tuple[int, int] | None:
            entry = objects.stat(join(self.root, path))
            return None if entry is None else (entry.size_bytes, entry.stamp)

        file = objects.stat(self.address)
        if file is None:
            raise SourceError(f"{self.address} does not exist")
        return read_files(self.root, [(posixpath.basename(self.address), file.stamp)], beside)


def read_files(root: str, files: Iterable[tuple[str, int]], beside: Beside) -> Listing:
    """List the images in Parquet files, given as (path below the root, stamp); all hold images.

    A row without bytes is the file that it names, where that lies below the root. Raises `SourceError` where a file is
    damaged, or two of them number different classes.
    """
    reader = _Reader(root, beside)
    stamps = dict(sorted(files))
    columns = parquet.settled({join(root, file): _columns_of(join(root, file)) for file in stamps})
    for file, stamp in stamps.items():
        reader.take(file, stamp, columns[join(root, file)])
    if reader.lost and len(reader.lost) == len(reader.records):
        raise SourceError(
            f"{root}: the Parquet files name images, such as {reader.lost[0]}, and hold none, and none lies with them; "
            "write them with their bytes (dataset.push_to_hub does, datasets.table.embed_table_storage too)"
        )
    records = sorted(reader.records.values(), key=lambda record: record.path)
    skipped = sorted(reader.skipped, key=lambda item: item.path)
    return Listing(root, records, skipped, reader.notes, reader.further.columns)


def _columns_of(address: str) -> Columns:
    columns = parquet.columns_of(address)
    if columns is None:
        raise SourceError(f"{address} is damaged; fetch it again")
    return columns


class _Reader:
    """Gathers the records of one file after another."""

    def __init__(self, root: str, beside: Beside) -> None:
        self._root = root
        self._beside = beside
        self._classes: dict[tuple[str, ...] | None, str] = {}
        self.records: dict[str, Record] = {}
        self.skipped: list[Skipped] = []
        self.notes: list[Message] = []
        self.lost: list[str] = []
        self.further = Further()
        self.prose: set[str] = set()
        """Columns that hold whole sentences, such as captions: nothing that many images could have in common."""

    def take(self, file: str, stamp: int, columns: Columns) -> None:
        """Read one file."""
        address = join(self._root, file)
        self._check_classes(file, columns)
        digits = max(_DIGITS, len(str(max(parquet.row_count(address) - 1, 0))))
        counts = ClassCounts(columns.classes)
        split_of_file = split_of(file)
        against = TwoSplits()
        # A `usage` or a `set` within the file of a split is a second opinion; a column `split` knows best.
        in_rows = columns.split and (split_of_file is None or columns.split.strip().lower() == SPLIT_COLUMNS[0])
        for row in parquet.rows(address, columns):
            told = split_name(text({"split": row.split}, "split"))
            split = told if in_rows else split_of_file
            path, size, changed = self._where(file, row, digits, stamp)
            record = Record(path, counts.class_of(row.label), split, size, changed)
            if path in self.records:
                self.skipped.append(Skipped(path, named_again(self.records[path], record)))
            else:
                self.records[path] = record
                self._take_further(path, row)
                against.take(path, split_of_file, told if in_rows or is_split(told) else None, counted=split)
        self.notes += [*counts.notes(file), *against.notes(file)]

    def _take_further(self, path: str, row: Row) -> None:
        self.prose |= {name for name, value in row.further.items() if isinstance(value, str) and len(value) > _PROSE}
        self.further.take(path, {name: row.further[name] for name in row.further if name not in self.prose}, ())
        for name in self.prose & self.further.columns.keys():
            del self.further.columns[name]

    def _check_classes(self, file: str, columns: Columns) -> None:
        if columns.label is None:
            return
        self._classes.setdefault(columns.classes, file)
        if len(self._classes) > 1:
            first, other = self._classes.values()
            raise SourceError(
                f"{first} and {other} in {self._root} name different classes, so they are parts of different datasets; "
                "give one of them, or the folder of one"
            )

    def _where(self, file: str, row: Row, digits: int, stamp: int) -> tuple[str, int, int]:
        """Return (path, size, stamp) of the image of a row: within the file, or beside it where it holds no bytes."""
        if row.size_bytes is None and row.path and is_below(row.path):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(file), row.path))
            facts = self._beside(path)
            if facts is not None:
                return (path, *facts)
        if row.size_bytes is None:
            self.lost.append(row.path or f"row {row.number} of {file}")
        return f"{file}/{_member(row, digits)}", row.size_bytes or 0, stamp


def split_of(file: str) -> str | None:
    """Tell the split of a file by its folder or name: `data/train-00000-of-00002.parquet`, `test/0000.parquet`."""
    part = _PART.fullmatch(PurePosixPath(file).stem)
    if part is None or part[1] in _NO_SPLIT:
        return split_of_shard(file)
    return split_name(part[1])


def _member(row: Row, digits: int) -> str:
    """Name a row by its number, so that it can be found, and by the name that it has or the format that it is in."""
    number = f"{row.number:0{digits}}"
    name = (row.path or "").replace("\\", "/")
    if not is_below(name) or not is_text(name):
        name = name.rpartition("/")[2]
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    if parts and all(map(is_text, parts)):
        return "/".join([number, *parts])
    found = formats.sniff(row.head)
    extensions = formats.EXTENSIONS.get(found or "", ("",))
    return f"{number}{extensions[0]}"
