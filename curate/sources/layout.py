"""What folders and names say: which files are images, and what class and split each of them belongs to.

Layouts: `CLASS/image`, `SPLIT/CLASS/image` (split folders by name), a flat folder, image folders with `metadata.csv`,
folders of tar shards. The same rules hold on a disk and in a bucket.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from curate.i18n import Message, msg
from curate.images import formats
from curate.sources import columns, shards
from curate.sources.address import join
from curate.sources.records import SPLITS, Listing, Record, Skipped
from curate.sources.tar import is_tar

_NOT_DATA = {"license", "licence", "readme", "makefile", "notice", "authors", "changelog"}


class Found(NamedTuple):
    """A file below the root: its path, its size, a number that changes with its content, and why it is skipped."""

    path: str
    size_bytes: int
    stamp: int
    skipped: Message | None = None


def arrange(root: str, files: Sequence[Found]) -> Listing:
    """Give files their class and split, by where they lie or by what metadata say of them."""
    found = sorted(file for file in files if file.skipped is None)
    skipped = [file for file in files if file.skipped is not None]
    tars = [(file.path, file.stamp) for file in skipped if is_tar(file.path)]
    if tars and not found:
        return shards.read_shards(root, tars)
    paths = [file.path for file in found]
    base = _dataset_root(paths)
    split_folders = _split_folders(base, paths)
    records = []
    for path, size, stamp, _ in found:
        split, label = _split_and_label(path, base, split_folders)
        records.append(Record(path, label, split, size, stamp))
    tables = {file.path: join(root, file.path) for file in skipped if _is_metadata(file.path)}
    left_out = [Skipped(file.path, file.skipped) for file in files if file.skipped and file.path not in tables]
    if tables:
        records, read = columns.labelled(records, tables)
        left_out += read
    return Listing(root, records, sorted(left_out, key=lambda item: item.path))


def _is_metadata(path: str) -> bool:
    return PurePosixPath(path).name in columns.METADATA


def reason_to_skip(name: str, head: Callable[[], bytes]) -> Message | None:
    """Say why a file is not part of the dataset; None if it is. `head` reads its first bytes."""
    lower = name.lower()
    suffix = os.path.splitext(lower)[1]  # noqa: PTH122
    if name.startswith(".") or lower in ("thumbs.db", "desktop.ini"):
        return msg("hidden file")
    if suffix in formats.FORMAT_OF_EXTENSION:
        return None
    if not suffix and lower not in _NOT_DATA:
        return None  # an image that lost its extension, or garbage in a class folder: both want a row
    try:
        first = head()
    except OSError:
        return msg("extension '{suffix}' is not an image format, and the file cannot be read", suffix=suffix)
    if formats.sniff(first):
        return None
    return msg("extension '{suffix}' is not an image format", suffix=suffix) if suffix else msg("not an image")


def _dataset_root(paths: list[str]) -> str:
    """Return go down through folders that only wrap the dataset: a single folder, no images of its own, classes inside.

    Empty, or ending in a slash.
    """
    base = ""
    while True:
        tops = {path[len(base) :].partition("/")[0] for path in paths}
        if (
            len(tops) != 1
            or any(path.count("/", len(base)) < 2 for path in paths)
            or next(iter(tops)).lower() in SPLITS
        ):
            return base
        base += next(iter(tops)) + "/"


def _split_folders(base: str, paths: list[str]) -> frozenset[str]:
    """Return the folders directly below `base` that are splits: all of them must be named so, or none is."""
    folders = {path[len(base) :].partition("/")[0] for path in paths if "/" in path[len(base) :]}
    return frozenset(folders) if folders and all(name.lower() in SPLITS for name in folders) else frozenset()


def _split_and_label(path: str, base: str, split_folders: frozenset[str]) -> tuple[str | None, str | None]:
    parts = path[len(base) :].split("/", 2)
    split = None
    if len(parts) > 1 and parts[0] in split_folders:
        split, parts = SPLITS[parts[0].lower()], parts[1:]
    return split, parts[0] if len(parts) > 1 else None
