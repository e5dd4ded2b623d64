"""From a source to a list of files: what is there, what class and split it belongs to, what is left out and why.

Layouts: `CLASS/picture`, `SPLIT/CLASS/picture` (split folders by name), a flat folder, and a ZIP of any
of them. Nothing is opened but files whose extension says too little; nothing is written into the source.
"""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from curate import archive, formats
from curate.errors import SourceError
from curate.workspace import Workspace

SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
}
_NOT_DATA = {"license", "licence", "readme", "makefile", "notice", "authors", "changelog"}


@dataclass(frozen=True, slots=True)
class Record:
    """One file to measure. `path` is POSIX, relative to the source; (size, mtime) tell whether it changed."""

    path: str
    label: str | None
    split: str | None
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """One file that is not part of the dataset, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a source, sorted by path. `root` is the folder that the paths are relative to."""

    root: Path
    records: list[Record]
    skipped: list[Skipped]


def ingest(source: Path, workspace: Workspace) -> Listing:
    """List a source folder, or unpack a ZIP into the workspace and list that.

    Raises `SourceError` where there is nothing to audit.
    """
    if not source.exists():
        raise SourceError(f"{source} does not exist; give a folder of pictures, or a .zip of one")
    root = source
    if source.is_file():
        if not archive.is_archive(source):
            raise SourceError(f"{source} is a file, but not a ZIP archive; give a folder of pictures, or a .zip of one")
        root = archive.unpack(source, workspace.unpacked)
    try:
        os.scandir(root).close()
    except OSError as error:
        raise SourceError(f"{source} cannot be read ({error.strerror}); check its permissions") from error
    listing = _list(root.resolve())
    if not listing.records:
        raise SourceError(f"{source} holds no pictures{_what_instead(listing.skipped)}")
    return listing


def _what_instead(skipped: list[Skipped]) -> str:
    if not skipped:
        return ": it is empty; give the folder that has a folder of pictures per class"
    reason, count = Counter(item.reason for item in skipped).most_common(1)[0]
    return f": {len(skipped)} files were skipped, {count} of them because: {reason}"


def _list(root: Path) -> Listing:
    found: list[tuple[str, os.stat_result]] = []
    skipped: list[Skipped] = []
    for path, status, reason in _walk(root):
        if reason:
            skipped.append(Skipped(path, reason))
        else:
            found.append((path, status))
    found.sort()
    base = _dataset_root([path for path, _ in found])
    split_folders = _split_folders(base, [path for path, _ in found])
    records = []
    for path, status in found:
        split, label = _place(path, base, split_folders)
        records.append(Record(path, label, split, status.st_size, status.st_mtime_ns))
    return Listing(root, records, sorted(skipped, key=lambda item: item.path))


def _walk(root: Path) -> Iterator[tuple[str, os.stat_result, str | None]]:
    for folder, subfolders, names in os.walk(root, onerror=_raise_unreadable):
        subfolders.sort()
        here = Path(folder)
        for hidden in [name for name in subfolders if name.startswith(".") or name == "__MACOSX"]:
            subfolders.remove(hidden)
            yield (
                (here / hidden).relative_to(root).as_posix() + "/",
                os.stat_result([0] * 10),
                "hidden folder",
            )
        for name in sorted(names):
            file = here / name
            path = file.relative_to(root).as_posix()
            try:
                path.encode()
            except UnicodeEncodeError:
                shown = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
                yield shown, os.stat_result([0] * 10), "the file name is not valid UTF-8; rename it"
                continue
            try:
                status = file.stat()
            except OSError as error:
                yield path, os.stat_result([0] * 10), f"cannot be reached ({error.strerror})"
                continue
            yield path, status, _reason_to_skip(file, status)


def _raise_unreadable(error: OSError) -> None:
    raise SourceError(f"{error.filename} cannot be read ({error.strerror}); check its permissions") from error


def _reason_to_skip(file: Path, status: os.stat_result) -> str | None:
    """Why a file is not part of the dataset; None if it is."""
    suffix = file.suffix.lower()
    if file.name.startswith(".") or file.name.lower() in ("thumbs.db", "desktop.ini"):
        return "hidden file"
    if not stat.S_ISREG(status.st_mode):
        return "not a regular file"
    if suffix in formats.FORMAT_OF_EXTENSION:
        return None
    if not suffix and file.name.lower() not in _NOT_DATA:
        return None  # a picture that lost its extension, or garbage in a class folder: both want a row
    try:
        with file.open("rb") as opened:
            head = opened.read(formats.SNIFF_BYTES)
    except OSError:
        return f"extension {suffix!r} is not an image format, and the file cannot be read"
    if formats.sniff(head):
        return None
    return f"extension {suffix!r} is not an image format" if suffix else "not an image"


def _dataset_root(paths: list[str]) -> PurePosixPath:
    """Go down through folders that only wrap the dataset: a single folder, no pictures of its own, classes inside."""
    base = PurePosixPath()
    while True:
        parts = [PurePosixPath(path).relative_to(base).parts for path in paths]
        tops = {piece[0] for piece in parts}
        if len(tops) != 1 or any(len(piece) < 3 for piece in parts) or next(iter(tops)).lower() in SPLITS:
            return base
        base /= next(iter(tops))


def _split_folders(base: PurePosixPath, paths: list[str]) -> frozenset[str]:
    """The folders directly below `base` that are splits: all of them must be named so, or none is."""
    parts = [PurePosixPath(path).relative_to(base).parts for path in paths]
    folders = {piece[0] for piece in parts if len(piece) > 1}
    return frozenset(folders) if folders and all(name.lower() in SPLITS for name in folders) else frozenset()


def _place(path: str, base: PurePosixPath, split_folders: frozenset[str]) -> tuple[str | None, str | None]:
    parts = PurePosixPath(path).relative_to(base).parts
    split = None
    if len(parts) > 1 and parts[0] in split_folders:
        split, parts = SPLITS[parts[0].lower()], parts[1:]
    return split, parts[0] if len(parts) > 1 else None
