"""What folders and names say: which files are images, and what class and split each of them belongs to.

Layouts: `CLASS/image`, `SPLIT/CLASS/image` and `CLASS/SPLIT/image` (split folders by name), a flat folder, image
folders with `metadata.csv` or with annotations in JSON, folders of tar shards or of Parquet files of images. The same
rules hold on a disk and in a bucket.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import NamedTuple

from curate.i18n import N_, Message, msg
from curate.images import formats
from curate.sources import annotations, clutter, columns, foreign, hub, shards
from curate.sources.address import join
from curate.sources.annotated import ClassCounts
from curate.sources.parquet import columns_of, is_parquet
from curate.sources.records import Listing, Record, Skipped, split_called
from curate.sources.tar import is_tar

_NO_IMAGE = N_("extension '{suffix}' is not an image format")
_SHOWN = 5
"""Names of folders that a note lists."""
_NOT_DATA = {"license", "licence", "readme", "makefile", "notice", "authors", "changelog"}


class Found(NamedTuple):
    """A file below the root: its path, its size, a number that changes with its content, and why it is skipped."""

    path: str
    size_bytes: int
    stamp: int
    skipped: Message | None = None


def arrange(root: str, files: Sequence[Found]) -> Listing:
    """Give files their class and split, by where they lie or by what files beside them say.

    Raises `SourceError` where they lie as in a form of dataset that is not read.
    """
    found = sorted(file for file in files if file.skipped is None)
    skipped = [file for file in files if file.skipped is not None]
    others = {file.path: file for file in skipped if file.skipped and file.skipped.text == _NO_IMAGE}
    doubtful = foreign.refuse(root, [file.path for file in found], list(others))
    tars = [(file.path, file.stamp) for file in skipped if is_tar(file.path)]
    if tars and not found:
        return shards.read_shards(root, tars)
    packed = [path for path in others if is_parquet(path) and columns_of(join(root, path)) is not None]
    if packed:
        return _packed(root, [others[path] for path in packed], found, [f for f in skipped if f.path not in packed])
    places = classes_of([file.path for file in found])
    records = [
        Record(file.path, place.label, place.split, file.size_bytes, file.stamp)
        for file, place in zip(found, places, strict=True)
    ]
    tables = {file.path: join(root, file.path) for file in skipped if _is_metadata(file.path)}
    described = annotations.beside(root, records, [path for path in others if path not in tables])
    records, read = described.records, described.skipped
    further: Mapping[str, Mapping[str, str]] = {}
    counts = ClassCounts(None)
    if tables:
        records, of_tables, further, of_splits = columns.labelled(records, tables, counts.class_of)
        read += of_tables
        doubtful += of_splits
    used = {item.path for item in read}
    left_out = [Skipped(file.path, file.skipped) for file in files if file.skipped and file.path not in used]
    of_metadata = counts.notes(", ".join(sorted({PurePosixPath(path).name for path in tables})))
    has_splits = any(record.split for record in records)
    unread = [] if has_splits else foreign.lists_of_splits(root, [record.path for record in records], list(others))
    notes = [*doubtful, *described.notes, *of_metadata, *unread, *_notes_on(records)]
    return Listing(root, records, sorted([*left_out, *read], key=lambda item: item.path), notes, further)


def _packed(root: str, files: Sequence[Found], found: Sequence[Found], skipped: Sequence[Found]) -> Listing:
    """List the images in Parquet files, and what lies beside them unnamed."""
    images = {file.path: (file.size_bytes, file.stamp) for file in found}
    listing = hub.read_files(root, [(file.path, file.stamp) for file in files], images.get)
    named = {record.path for record in listing.records}
    unnamed = [Skipped(path, msg("no row of the Parquet files names it")) for path in images if path not in named]
    others = [Skipped(file.path, file.skipped) for file in skipped if file.skipped]
    return replace(listing, skipped=sorted([*listing.skipped, *unnamed, *others], key=lambda item: item.path))


def _is_metadata(path: str) -> bool:
    return PurePosixPath(path).name in columns.METADATA


def reason_to_skip(name: str, head: Callable[[], bytes]) -> Message | None:
    """Say why a file is not part of the dataset; None if it is. `head` reads its first bytes."""
    lower = name.lower()
    suffix = os.path.splitext(lower)[1]  # noqa: PTH122
    reason = clutter.of_file(name)
    if reason is not None:
        return reason
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
    return msg(_NO_IMAGE, suffix=suffix) if suffix else msg("not an image")


class LabelAndSplit(NamedTuple):
    """The class and split that the folders of an image say; None for what they do not say."""

    label: str | None
    split: str | None


def classes_of(paths: Sequence[str]) -> list[LabelAndSplit]:
    """Read the class and split of each image from its path below the source, all of them together. Pure."""
    base = len(_dataset_root(paths))
    folders = [path[base:].rpartition("/")[0] for path in paths]
    parts_of = {folder: folder.split("/") if folder else [] for folder in folders}  # a folder holds many
    place_of = _places([*parts_of.values()])
    said = {folder: place_of(parts) for folder, parts in parts_of.items()}
    return [said[folder] for folder in folders]


def _places(folders: Sequence[Sequence[str]]) -> Callable[[Sequence[str]], LabelAndSplit]:
    """Return what reads class and split from the names of the folders that lead to an image; `folders` are all."""
    if _are_splits(parts[0] for parts in folders if parts):
        return lambda parts: LabelAndSplit(parts[1] if len(parts) > 1 else None, _split_at(parts, 0))
    # A class may well have a part called `test`: only where every class is cut into splits are these what they seem.
    if all(len(parts) > 1 for parts in folders) and _are_splits(parts[1] for parts in folders):
        return lambda parts: LabelAndSplit(parts[0], _split_at(parts, 1))
    return lambda parts: LabelAndSplit(parts[0] if parts else None, None)


def _notes_on(records: Sequence[Record]) -> list[Message]:
    """Say which folders count as classes though they are called as splits are, and look like them."""
    base = len(_dataset_root([record.path for record in records]))
    below: dict[str, set[str]] = {}
    for record in records:
        top, *parts = record.path[base:].split("/")
        if parts and record.label == top:
            below.setdefault(top, set()).add(parts[0] if len(parts) > 1 else "")
    splits = sorted(filter(split_called, below))
    others = sorted(below.keys() - splits)
    # `train` alone may be the vehicle: then it holds images, or folders that no other class has.
    looks = any("" not in below[top] for top in splits) and (
        len(splits) > 1 or any(below[splits[0]] & below[top] for top in others)
    )
    if not looks or not others:
        return []
    return [
        msg(
            "Some folders are called as splits are ({splits}), but others beside them are not ({others}), so all of "
            "them count as classes. If those are splits, rename the others, or leave them out with --exclude.",
            splits=splits,
            others=[*others[:_SHOWN], *(["..."] if len(others) > _SHOWN else [])],
        )
    ]


def _dataset_root(paths: Sequence[str]) -> str:
    """Go down through folders that only wrap the dataset: a single folder, no images of its own, classes inside.

    Empty, or ending in a slash.
    """
    base = ""
    while True:
        tops = {path[len(base) :].partition("/")[0] for path in paths}
        if len(tops) != 1 or any(path.count("/", len(base)) < 2 for path in paths):
            return base
        top = next(iter(tops))
        if split_called(top):
            return base
        base += top + "/"


def _are_splits(folders: Iterable[str]) -> bool:
    """Say whether there are folders, all of them called as splits are."""
    names = set(folders)
    return bool(names) and all(split_called(name) for name in names)


def _split_at(folders: Sequence[str], depth: int) -> str | None:
    return split_called(folders[depth]) if len(folders) > depth else None
