"""Sources that are tables: a CSV, Parquet or JSON-lines list of images, and the metadata of an image folder.

Columns go by their usual names, whatever their case. A row whose image is not there becomes a record all the
same: the worker will say that it cannot be opened.
"""

import csv
import io
import json
import os
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from curate.errors import SourceError
from curate.i18n import msg
from curate.sources import objects
from curate.sources.address import join, url
from curate.sources.base import Source
from curate.sources.records import SPLITS, Listing, Record, Skipped

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
METADATA = frozenset({"metadata.csv", "metadata.jsonl", "metadata.parquet"})
PATH_COLUMNS = ("path", "file_name", "filename", "file", "filepath", "file_path", "image", "image_path", "url", "uri")
LABEL_COLUMNS = ("label", "class", "labels", "class_name", "category", "target", "emotion")
SPLIT_COLUMNS = ("split", "usage", "subset", "set", "fold")


def is_list(source: str | Path) -> bool:
    """Whether a source is a list, by its name."""
    return str(source).lower().endswith(SUFFIXES)


def read_rows(address: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Columns and rows of a table file. Raises `SourceError` where it is none."""
    suffix = PurePosixPath(address).suffix.lower()
    try:
        data = objects.fetch(address) if url(address) else Path(address).read_bytes()
        if suffix == ".parquet":
            import pyarrow.parquet as pq

            table = pq.read_table(io.BytesIO(data or b""))
            return [str(name) for name in table.column_names], table.to_pylist()
        text = (data or b"").decode("utf-8-sig")
        if suffix == ".jsonl":
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
            return sorted({name for row in rows for name in row}), rows
        csv.field_size_limit(1 << 24)
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if suffix == ".tsv" else ",")
        rows = list(reader)
        return list(reader.fieldnames or []), rows
    except (OSError, ValueError, AttributeError, TypeError, csv.Error) as error:
        raise SourceError(f"{address} cannot be read as a list of images ({error})") from error


class Table(Source):
    """Images that a list names, with label and split where it has such columns; relative paths start at the list."""

    form: ClassVar[str] = "a list (.csv, .tsv, .jsonl, .parquet)"

    @classmethod
    def claims(cls, address: str) -> bool:
        return is_list(address) and (url(address) is not None or Path(address).is_file())

    @property
    def root(self) -> str:
        return self._listing.root

    def _list(self) -> Listing:
        return self._listing

    @cached_property
    def _listing(self) -> Listing:
        """Raises `SourceError` where there is no column of paths, or where local paths and URLs are mixed."""
        columns, rows = read_rows(self.address)
        where, label, split = (_column(columns, names) for names in (PATH_COLUMNS, LABEL_COLUMNS, SPLIT_COLUMNS))
        if where is None:
            known = ", ".join(PATH_COLUMNS[:4])
            raise SourceError(f"{self.address} has no column of paths; call it one of {known} or url")
        here = self.address.rpartition("/")[0] if url(self.address) else str(Path(self.address).resolve().parent)
        addresses, skipped = [], []
        for number, row in enumerate(rows, start=1):
            named = str(row.get(where) or "").strip()
            if named:
                addresses.append((_address(here, named), row))
            else:
                skipped.append(Skipped(f"row {number}", msg("its {column} is empty", column=where)))
        root = _common_root(self.address, here, [address for address, _ in addresses])
        found: dict[str, Record] = {}
        facts = _facts([address for address, _ in addresses])
        for address, row in addresses:
            path = address.removeprefix(root).lstrip("/")
            size, stamp = facts[address]
            record = Record(path, text(row, label), split_name(text(row, split)), size, stamp)
            if path in found:
                skipped.append(Skipped(path, msg("the list names it twice; the first row counts")))
            else:
                found[path] = record
        return Listing(root, [found[path] for path in sorted(found)], sorted(skipped, key=lambda item: item.path))


def labelled(records: Iterable[Record], tables: Mapping[str, str]) -> tuple[list[Record], list[Skipped]]:
    """Records with the labels and splits that metadata files (path below the root -> address) give them.

    `file_name` is relative to the metadata file. A row without a file gives a record; a table without
    `file_name` says nothing.
    """
    found = {record.path: record for record in records}
    skipped = [Skipped(path, msg("image-folder metadata: read for its labels")) for path in tables]
    for path, address in sorted(tables.items()):
        columns, rows = read_rows(address)
        name, label, split = (_column(columns, names) for names in (("file_name",), LABEL_COLUMNS, SPLIT_COLUMNS))
        if name is None:
            continue
        folder = posixpath.dirname(path)
        of_folder = SPLITS.get(folder.partition("/")[0].lower())
        for row in rows:
            target = posixpath.normpath(posixpath.join(folder, str(row.get(name) or "")))
            if target.startswith("../") or target in (".", folder):
                continue
            old = found.get(target, Record(target, None, of_folder, 0, 0))
            found[target] = Record(
                target,
                text(row, label) if label else old.label,
                (split_name(text(row, split)) if split else None) or old.split or of_folder,
                old.size_bytes,
                old.mtime_ns,
            )
    return [found[path] for path in sorted(found)], skipped


def split_name(value: str | None) -> str | None:
    """A split under its usual name; others keep theirs."""
    return SPLITS.get(value.lower(), value) if value else None


def text(row: Mapping[str, Any], column: str | None) -> str | None:
    """A cell as text; None where it is empty."""
    value = row.get(column) if column else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of class numbers with a gap
    return str(value).strip() or None if value is not None else None


def _column(columns: Sequence[str], names: Sequence[str]) -> str | None:
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), None)


def _address(here: str, named: str) -> str:
    whole = url(named)
    if whole is not None:
        return whole
    return join(here, named) if url(here) else os.path.normpath(Path(here) / named)


def _common_root(source: str, here: str, addresses: Sequence[str]) -> str:
    """The list's own folder where everything lies below it, else the folder that all have in common."""
    if all(address.startswith(here.rstrip("/") + "/") for address in addresses):
        return here
    schemes = {(url(address) or "").partition("://")[0] for address in addresses}
    if len(schemes) > 1:
        kinds = ", ".join(sorted(f"{scheme}://" if scheme else "local paths" for scheme in schemes))
        raise SourceError(f"{source} mixes {kinds}; make a list of each and audit them one by one")
    scheme = schemes.pop()
    parts = os.path.commonpath([posixpath.dirname(address.partition("://")[2] or address) for address in addresses])
    return f"{scheme}://{parts}" if scheme else parts


def _facts(addresses: Sequence[str]) -> dict[str, tuple[int, int]]:
    """(size, stamp) of each; zeros where there is nothing. Remote ones by listing their folders, once each."""
    known: dict[str, tuple[int, int]] = {}
    for folder in sorted({address.rpartition("/")[0] for address in addresses if url(address)}):
        if folder.startswith("http"):
            continue
        known |= {f"{folder}/{entry.path}": (entry.size_bytes, entry.stamp) for entry in objects.entries(folder)}
    for address in addresses:
        if address not in known:
            facts = objects.stat(address) if not url(address) or address.startswith("http") else None
            known[address] = (facts.size_bytes, facts.stamp) if facts else (0, 0)
    return known
