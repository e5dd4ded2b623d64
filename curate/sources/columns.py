"""Tables about images: how a CSV, Parquet or JSON-lines file is read, and which of its columns mean what.

Columns go by their usual names, whatever their case. A row whose image is not there becomes a record all the
same: the worker will say that it cannot be opened.
"""

import io
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from curate.errors import SourceError
from curate.i18n import Message, msg, nmsg
from curate.sources import objects
from curate.sources.address import as_there, is_below, url
from curate.sources.records import Record, Skipped, split_called
from curate.storage.names import is_text

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
METADATA = frozenset({"metadata.csv", "metadata.jsonl", "metadata.parquet"})
PATH_COLUMNS = ("path", "file_name", "filename", "file", "filepath", "file_path", "image", "image_path", "url", "uri")
LABEL_COLUMNS = ("label", "class", "labels", "class_name", "category", "target", "emotion")
_GAP = re.compile(r"\d+\.0")
"""A whole number of a column that has a gap, as pandas writes it."""
SPLIT_COLUMNS = ("split", "usage", "subset", "set", "fold")
Values = Callable[[str], Iterable[str | None]]
"""Returns the cells of a column, as text."""
_CLASS_AGAIN = re.compile(
    rf"((fine|coarse|super)[ _.-]?)?({'|'.join(LABEL_COLUMNS)})([ _.-]?(id|idx|index|code|name|number))?", re.IGNORECASE
)
"""The name of a column that says the class once more, as a number or in other words."""


def is_list(source: str | Path) -> bool:
    """Say whether a source is a list, by its name."""
    return str(source).lower().endswith(SUFFIXES)


def read_rows(address: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Read columns and rows of a table file; raises `SourceError` where it is none."""
    suffix = PurePosixPath(address).suffix.lower()
    try:
        data = objects.fetch(address) if url(address) else Path(address).read_bytes()
        if suffix == ".parquet":
            import pyarrow.parquet as pq

            table = pq.read_table(io.BytesIO(data or b""))
            return [str(name) for name in table.column_names], table.to_pylist()
        if suffix == ".jsonl":
            # Only a line feed ends a row: names may hold what else some take for the end of a line.
            rows = [json.loads(line) for line in (data or b"").decode("utf-8-sig").split("\n") if line.strip()]
            return sorted({name for row in rows for name in row}), rows
        from curate.storage import safe_csv  # and pandas with it, which a worker that reads one row does without

        frame = safe_csv.parse(safe_csv.decoded(data or b""), "\t" if suffix == ".tsv" else None)
        return [str(name).strip() for name in frame], frame.rename(columns=str.strip).to_dict("records")
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise SourceError(f"{address} cannot be read as a list of images ({error})") from error


class Further:
    """Columns of lists that are neither path nor class nor split, gathered row by row; `columns` as in `Listing`.

    One that says the class once more, such as `label_id`, is none of them.
    """

    def __init__(self) -> None:
        self.columns: dict[str, dict[str, str]] = {}

    def take(self, path: str, row: Mapping[str, Any], known: Sequence[str | None]) -> None:
        """Take what a row says of an image in columns other than the `known` ones, as far as it is a plain value."""
        for name, value in row.items():
            if name in known or _CLASS_AGAIN.fullmatch(str(name).strip()):
                continue
            if isinstance(value, list | dict | bytes):
                continue
            written = text(row, name)
            if written is not None and is_text(written):
                self.columns.setdefault(str(name), {})[path] = written


def labelled(
    records: Iterable[Record], tables: Mapping[str, str], class_of: Callable[[Any], str | None]
) -> tuple[list[Record], list[Skipped], Mapping[str, Mapping[str, str]], list[Message]]:
    """Give records the labels and splits that metadata files (path below the root -> address) have for them.

    `file_name` is relative to the metadata file, and `class_of` reads the class of a cell. A row without a file gives a
    record; a table without `file_name` says nothing. Where rows disagree about an image, the first counts. Returns
    records, what was skipped, the further columns as in `Listing`, and notes on splits that disagree with folders.
    """
    read = {path: read_rows(address) for path, address in sorted(tables.items())}
    of_splits = split_names((columns, _cells_of(rows)) for columns, rows in read.values())
    labels = _Labels(records, class_of, of_splits)
    for path in sorted(tables):
        labels.take(path, *read.pop(path))
    skipped = [Skipped(path, msg("image-folder metadata: read for its labels")) for path in tables]
    found = [labels.found[path] for path in sorted(labels.found)]
    return found, skipped + labels.skipped, labels.further.columns, labels.notes


def _cells_of(rows: Sequence[Mapping[str, Any]]) -> Values:
    return lambda name: (text(row, name) for row in rows)


class _Labels:
    """Gathers what one metadata file after another says of records, by path."""

    def __init__(self, records: Iterable[Record], class_of: Callable[[Any], str | None], of_splits: Set[str]) -> None:
        self._class_of = class_of
        self._of_splits = of_splits
        self.found = {record.path: record for record in records}
        self.skipped: list[Skipped] = []
        self.notes: list[Message] = []
        self.further = Further()
        self._said: dict[tuple[str, str], str | None] = {}

    def take(self, table: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Take the rows of one file, `table` below the root."""
        name, label = (column_called(columns, names) for names in (("file_name",), LABEL_COLUMNS))
        split = column_of_splits(columns, self._of_splits)
        if name is None:
            return
        folder = posixpath.dirname(table)
        against = TwoSplits()

        def is_there(named: str) -> bool:
            return posixpath.normpath(posixpath.join(folder, named)) in self.found

        for row in rows:
            named = as_there(text(row, name) or "", is_there)
            target = posixpath.normpath(posixpath.join(folder, named))
            if target in (".", folder):
                continue
            if not is_below(named) and not (url(named) is None and is_below(target)):
                self.skipped.append(Skipped(named, msg("{table} names a file outside its folder", table=table)))
                continue
            says = {"label": self._class_of(row.get(label))} if label else {}
            says |= {"split": split_name(text(row, split))} if split else {}
            if any(self._said.setdefault((target, what), value) != value for what, value in says.items()):
                self.skipped.append(Skipped(target, DISAGREE))
                continue
            old = self.found.get(target, Record(target, None, None, 0, 0))
            of_folder = old.split or split_called(folder.partition("/")[0])
            record = replace(old, label=says.get("label", old.label), split=says.get("split", of_folder))
            self.found[target] = record
            against.take(target, of_folder, record.split, counted=record.split)
            self.further.take(target, row, (name, label, split))
        self.notes += against.notes(table)


class TwoSplits:
    """Counts images that lie in one split while a file says another."""

    def __init__(self) -> None:
        self._count = 0
        self._example: tuple[str, str, str, str | None] | None = None

    def take(self, path: str, of_place: str | None, told: str | None, *, counted: str | None) -> None:
        """Take what the place of an image says, what a file says, and which of the two is `counted`."""
        if of_place is not None and told is not None and of_place != told:
            self._count += 1
            self._example = self._example or (path, of_place, told, counted)

    def notes(self, file: str) -> list[Message]:
        """Say how many images a file gives another split than the place that they lie in."""
        if self._example is None:
            return []
        path, of_place, told, counted = self._example
        return [
            nmsg(
                "{n} image lies in one split, but {file} says another ({path}: {of_place} and {told}); it counts as "
                "{counted}.",
                "{n} images lie in one split, but {file} says another (such as {path}: {of_place} and {told}); this "
                "one counts as {counted}.",
                self._count,
                file=file,
                path=path,
                of_place=of_place,
                told=told,
                counted=str(counted),
            )
        ]


DISAGREE = msg("the rows that name it disagree about its class or its split; the first row counts")
"""Why a row is left out that names an image once more, and says something else of it."""


def named_again(first: Record, again: Record) -> Message:
    """Say why a row is left out that names an image which a row before it has named."""
    if (first.label, first.split) != (again.label, again.split):
        return DISAGREE
    return msg("the list names it twice; the first row counts")


def split_name(value: str | None) -> str | None:
    """Normalise a split to its usual name; others keep theirs, numbers as they were before pandas met a gap."""
    if not value:
        return None
    return split_called(value.strip()) or (value.removesuffix(".0") if _GAP.fullmatch(value) else value)


def text(row: Mapping[str, Any], column: str | None) -> str | None:
    """Read a cell as text, to the last blank, since two classes may differ in it; None where it is empty, or NaN.

    What is alone in a list is read as if it stood there itself; several, or a mapping, are no text.
    """
    value = row.get(column) if column else None
    if isinstance(value, list | tuple) and len(value) == 1:
        (value,) = value
    if isinstance(value, list | tuple | dict):
        return None
    if value != value:  # noqa: PLR0124 - NaN, which JSON and Parquet hold where something is missing
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of class numbers with a gap
    return str(value) if value is not None and str(value).strip() else None


def split_column(columns: Sequence[str], values: Values) -> str | None:
    """Find the column that says splits, where `values` returns the cells of one; None where there is none.

    That is `split`, whatever it holds; of the others (`SPLIT_COLUMNS`) the first with a value that is called as a split
    is. Else a `fold` by number is one of a cross-validation, and a `set` may be by brand: neither says what is tested.
    """
    return column_of_splits(columns, split_names([(columns, values)]))


def split_names(tables: Iterable[tuple[Sequence[str], Values]]) -> frozenset[str]:
    """Return which of `SPLIT_COLUMNS` say splits in a dataset of these tables, given as columns and cells.

    What one file of a dataset has for a split is one in the others too, though all images of theirs be in another.
    """
    usual, *others = SPLIT_COLUMNS
    found = {usual}
    for columns, values in tables:
        if column_called(columns, (usual,)) is not None:
            continue
        for name in others:
            column = column_called(columns, (name,))
            if column is not None and name not in found and any(map(is_split, values(column))):
                found.add(name)
    return frozenset(found)


def column_of_splits(columns: Sequence[str], names: Set[str]) -> str | None:
    """Find the first column, in the order of `SPLIT_COLUMNS`, whose name is one of those that say splits."""
    return column_called(columns, [name for name in SPLIT_COLUMNS if name in names])


def is_split(value: str | None) -> bool:
    """Say whether the text of a cell is called as a split is."""
    return value is not None and split_called(value.strip()) is not None


def column_called(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """Find the column that goes by one of these names, whatever its case; None where there is none."""
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), None)
