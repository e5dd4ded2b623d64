"""A list of images as a source: a CSV, TSV, JSON-lines or Parquet file with a column of paths.

A row whose image is not there becomes a record all the same: the worker will say that it cannot be opened.
"""

import os
import posixpath
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from curate.errors import SourceError
from curate.i18n import msg
from curate.schema import Verdict
from curate.shell import typed
from curate.sources import objects
from curate.sources.address import as_there, located, url
from curate.sources.annotated import ClassCounts
from curate.sources.base import Source
from curate.sources.columns import (
    LABEL_COLUMNS,
    PATH_COLUMNS,
    Further,
    column_called,
    is_list,
    named_again,
    read_rows,
    split_column,
    split_name,
    text,
)
from curate.sources.records import Listing, Record, Skipped


class NamingFile(Source):
    """A file that names images, read once: only what it names says where the paths of its images start."""

    @property
    def root(self) -> str:
        return self._listing.root

    def _list(self) -> Listing:
        return self._listing

    @cached_property
    def _listing(self) -> Listing:
        return self._read_names()

    @abstractmethod
    def _read_names(self) -> Listing:
        """List what the file names."""


class Table(NamingFile):
    """Images that a list names, with label and split where it has such columns; relative paths start at the list."""

    form: ClassVar[str] = "a list (.csv, .tsv, .jsonl, .parquet)"

    @classmethod
    def claims(cls, address: str) -> bool:
        return is_list(address) and (url(address) is not None or Path(address).is_file())

    def _read_names(self) -> Listing:
        """Raises `SourceError` where it has no column of paths, mixes paths and URLs, or is a manifest but no list."""
        columns, rows = read_rows(self.address)
        is_manifest = all(column_called(columns, (name,)) for name in ("action", "final_label"))
        if is_manifest:
            rows = _of_manifest(self.address, columns, rows)
        where, label = (column_called(columns, names) for names in (PATH_COLUMNS, LABEL_COLUMNS))
        split = split_column(columns, lambda name: (text(row, name) for row in rows))
        if where is None:
            known = ", ".join(PATH_COLUMNS[:4])
            raise SourceError(f"{self.address} has no column of paths; call it one of {known} or url")
        here = self.address.rpartition("/")[0] if url(self.address) else str(Path(self.address).resolve().parent)

        def is_there(name: str) -> bool:
            address = located(here, name)
            return url(address) is None and objects.stat(address) is not None

        named, skipped, counts = [], [], ClassCounts(None)
        for number, row in enumerate(rows, start=1):
            name = as_there((text(row, where) or "").strip(), is_there)
            if name:
                of_row = counts.class_of(row.get(label) if label else None)
                named.append(Named(located(here, name), of_row, split_name(text(row, split)), row))
            else:
                skipped.append(Skipped(f"row {number}", msg("its {column} is empty", column=where)))
        listing = listing_of(self.address, here, named, skipped, online=self.online, used=(where, label, split))
        if is_manifest:
            _refuse_images_elsewhere(self.address, here, listing.records, text(rows[0], "source") if rows else None)
        listing.notes.extend(counts.notes(posixpath.basename(self.address)))
        return listing


def _of_manifest(address: str, columns: Sequence[str], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a manifest without what was written for spreadsheets.

    Raises `SourceError` where it drops or moves images: as a list it would bring all back as they were.
    """
    if address.lower().endswith(".csv"):
        from curate.storage.safe_csv import unescape  # and pandas with it

        rows = [{name: unescape(value) for name, value in row.items()} for row in rows]
    action, final_label, label = (column_called(columns, (name,)) for name in ("action", "final_label", "label"))
    for row in rows:
        is_kept = str(row.get(str(action))).strip().lower() not in _NOT_KEPT
        if not is_kept or text(row, final_label) not in (None, text(row, label)):
            raise SourceError(f"{address} is a manifest, which drops or relabels images; {_instead(address)}")
    return rows


def _refuse_images_elsewhere(address: str, here: str, records: Sequence[Record], root: str | None) -> None:
    """Raise `SourceError` for a manifest with none of its images beside it, where a list has them."""
    if root is not None and root != here and not any(record.mtime_ns for record in records):
        raise SourceError(f"{address} is a manifest of images in {root}; {_instead(address)}")


def _instead(address: str) -> str:
    return f"write the list of what it keeps, and give that: {typed('curate', 'export', address, 'kept.csv')}"


_NOT_KEPT = frozenset(Verdict) - {Verdict.KEEP}


class Named(NamedTuple):
    """An image that a file names: its address (a path or a URL), its class and split where it says them, its row."""

    address: str
    label: str | None
    split: str | None
    row: Mapping[str, Any] = MappingProxyType({})


def listing_of(
    source: str,
    here: str,
    named: Sequence[Named],
    skipped: Sequence[Skipped] = (),
    *,
    online: bool,
    used: Sequence[str | None] = (),
) -> Listing:
    """List the images that the file `source`, which lies in `here`, names; of those named twice the first counts.

    `used` are the columns of its rows that say where, what class and what split; the others are carried along. Raises
    `SourceError` where it mixes paths and URLs, or a file of this machine names URLs and `online` is not said.
    """
    addresses = [image.address for image in named]
    _refuse_addresses(source, addresses, online=online)
    root = _common_root(source, here, addresses)
    found: dict[str, Record] = {}
    left_out = list(skipped)
    facts = _facts(addresses)
    further = Further()
    for address, label, split, row in named:
        path = address.removeprefix(root).lstrip("/")
        size, stamp = facts[address]
        record = Record(path, label, split, size, stamp)
        if path in found:
            left_out.append(Skipped(path, named_again(found[path], record)))
        else:
            found[path] = record
            further.take(path, row, used)
    records = [found[path] for path in sorted(found)]
    return Listing(root, records, sorted(left_out, key=lambda item: item.path), columns=further.columns)


def _refuse_addresses(source: str, addresses: Sequence[str], *, online: bool) -> None:
    remote = next((address for address in addresses if url(address)), None)
    if remote is not None and url(source) is None and not online:
        raise SourceError(
            f"{source} names addresses, such as {remote}; nothing is fetched that only a file has named. If "
            "you trust it: curate audit --online, or online = true in curate.toml"
        )


def _common_root(source: str, here: str, addresses: Sequence[str]) -> str:
    """Return the list's own folder where everything lies below it, else the folder that all have in common."""
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
    """Read (size, stamp) of each, zeros where there is nothing; remote ones by listing their folders, once each."""
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
