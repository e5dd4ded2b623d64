"""From a source to a list of files: what is there, what class and split it belongs to, what is left out and why.

Layouts: `CLASS/image`, `SPLIT/CLASS/image` (split folders by name), a flat folder, a ZIP of any of them, image
folders with `metadata.csv`, lists (`lists`), WebDataset shards (`webdataset`), and the same on any store that
fsspec knows. Nothing is opened but tables, labels, and files whose extension says too little; nothing is
written into the source.
"""

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from curate.errors import SourceError
from curate.images import formats
from curate.sources import address as sources
from curate.sources import archive, table, webdataset
from curate.sources.records import SPLITS, Listing, Record, Skipped
from curate.storage.workspace import Workspace

__all__ = ["Listing", "Record", "Skipped", "ingest"]

_NOT_DATA = {"license", "licence", "readme", "makefile", "notice", "authors", "changelog"}
_Found = tuple[str, int, int]
"""Path below the root, size, and a number that changes with the content."""
_KINDS = "a folder of images, a .zip of one, a list (.csv, .parquet, .jsonl), .tar shards, or a URL of any but a .zip"


def ingest(source: str | Path, workspace: Workspace) -> Listing:
    """List a source; a ZIP is first unpacked into the workspace, everything else stays where it is.

    Raises `SourceError` where there is nothing to audit.
    """
    address = sources.url(source)
    if address is not None and address.startswith("file://"):
        source, address = Path("/" + address.removeprefix("file://").lstrip("/")), None
    listing = _remote(address.rstrip("/")) if address is not None else _local(Path(source), workspace)
    if not listing.records:
        raise SourceError(f"{address or source} holds no images{_what_instead(listing.skipped)}")
    return listing


def _local(source: Path, workspace: Workspace) -> Listing:
    if not source.exists():
        raise SourceError(f"{source} does not exist; give {_KINDS}")
    root = source
    if source.is_file():
        if table.is_list(source):
            return table.ingest(str(source))
        if webdataset.is_tar(source):
            return webdataset.ingest(source.resolve().parent, [(source.name, source.stat().st_mtime_ns)])
        if not archive.is_archive(source):
            raise SourceError(f"{source} is a file, but not a ZIP archive, a list or a .tar; give {_KINDS}")
        root = archive.unpack(source, workspace.unpacked)
    try:
        os.scandir(root).close()
    except OSError as error:
        raise SourceError(f"{source} cannot be read ({error.strerror}); check its permissions") from error
    root = root.resolve()
    found: list[_Found] = []
    skipped: list[tuple[Skipped, int]] = []
    for path, status, reason in _walk(root):
        if reason:
            skipped.append((Skipped(path, reason), status.st_mtime_ns))
        else:
            found.append((path, status.st_size, status.st_mtime_ns))
    return _arrange(root, found, skipped)


def _remote(address: str) -> Listing:
    """What lies below a URL, by the rules that hold for folders."""
    if table.is_list(address):
        return table.ingest(address)
    if webdataset.is_tar(address):
        folder, _, name = address.rpartition("/")
        shard = sources.stat(address)
        if shard is None:
            raise SourceError(f"{address} does not exist; give {_KINDS}")
        return webdataset.ingest(folder, [(name, shard.stamp)])
    found: list[_Found] = []
    skipped: dict[str, tuple[Skipped, int]] = {}
    for entry in sources.entries(address):
        path, reason = _hidden_folder(entry.path)
        if reason is None:
            whole = sources.join(address, entry.path)
            reason = _reason_to_skip(PurePosixPath(path).name, partial(sources.head, whole, formats.SNIFF_BYTES))
        if reason:
            skipped[path] = (Skipped(path, reason), entry.stamp)
        else:
            found.append((path, entry.size_bytes, entry.stamp))
    return _arrange(Path(address), found, list(skipped.values()))


def _hidden_folder(path: str) -> tuple[str, str | None]:
    parts = path.split("/")
    for depth, part in enumerate(parts[:-1]):
        if part.startswith(".") or part == "__MACOSX":
            return "/".join(parts[: depth + 1]) + "/", "hidden folder"
    return path, None


def _what_instead(skipped: list[Skipped]) -> str:
    if not skipped:
        return ": it is empty; give the folder that has a folder of images per class"
    reason, count = Counter(item.reason for item in skipped).most_common(1)[0]
    return f": {len(skipped)} files were skipped, {count} of them because: {reason}"


def _arrange(root: Path, found: list[_Found], skipped: Sequence[tuple[Skipped, int]]) -> Listing:
    """Records with label and split, from where the files lie or from what metadata say of them."""
    tars = [(item.path, stamp) for item, stamp in skipped if webdataset.is_tar(item.path)]
    if tars and not found:
        return webdataset.ingest(root, tars)
    found.sort()
    paths = [path for path, _, _ in found]
    base = _dataset_root(paths)
    split_folders = _split_folders(base, paths)
    records = []
    for path, size, stamp in found:
        split, label = _place(path, base, split_folders)
        records.append(Record(path, label, split, size, stamp))
    left_out = [item for item, _ in skipped]
    tables = {item.path: sources.join(root, item.path) for item in left_out if _is_metadata(item.path)}
    if tables:
        records, read = table.labelled(records, tables)
        left_out = [item for item in left_out if item.path not in tables] + read
    return Listing(root, records, sorted(left_out, key=lambda item: item.path))


def _is_metadata(path: str) -> bool:
    return PurePosixPath(path).name in table.METADATA


def _walk(root: Path) -> Iterator[tuple[str, os.stat_result, str | None]]:
    """Every file below `root` with why it is skipped, if it is; text all the way, since there may be millions."""
    top = len(str(root).rstrip(os.sep)) + 1
    for folder, subfolders, names in os.walk(root, onerror=_raise_unreadable):
        subfolders.sort()
        below = folder[top:].replace(os.sep, "/")
        here = f"{below}/" if below else ""
        for hidden in [name for name in subfolders if name.startswith(".") or name == "__MACOSX"]:
            subfolders.remove(hidden)
            yield f"{here}{hidden}/", _NO_STATUS, "hidden folder"
        for name in sorted(names):
            path = here + name
            try:
                path.encode()
            except UnicodeEncodeError:
                shown = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
                yield shown, _NO_STATUS, "the file name is not valid UTF-8; rename it"
                continue
            file = os.path.join(folder, name)  # noqa: PTH118
            try:
                status = os.stat(file)  # noqa: PTH116
            except OSError as error:
                yield path, _NO_STATUS, f"cannot be reached ({error.strerror})"
                continue
            if not stat.S_ISREG(status.st_mode):
                yield path, status, "hidden file" if name.startswith(".") else "not a regular file"
                continue
            yield path, status, _reason_to_skip(name, partial(sources.head, file, formats.SNIFF_BYTES))


_NO_STATUS = os.stat_result([0] * 10)


def _raise_unreadable(error: OSError) -> None:
    raise SourceError(f"{error.filename} cannot be read ({error.strerror}); check its permissions") from error


def _reason_to_skip(name: str, head: Callable[[], bytes]) -> str | None:
    """Why a file is not part of the dataset; None if it is. `head` reads its first bytes."""
    lower = name.lower()
    suffix = os.path.splitext(lower)[1]  # noqa: PTH122
    if name.startswith(".") or lower in ("thumbs.db", "desktop.ini"):
        return "hidden file"
    if suffix in formats.FORMAT_OF_EXTENSION:
        return None
    if not suffix and lower not in _NOT_DATA:
        return None  # an image that lost its extension, or garbage in a class folder: both want a row
    try:
        first = head()
    except OSError:
        return f"extension {suffix!r} is not an image format, and the file cannot be read"
    if formats.sniff(first):
        return None
    return f"extension {suffix!r} is not an image format" if suffix else "not an image"


def _dataset_root(paths: list[str]) -> str:
    """Go down through folders that only wrap the dataset: a single folder, no images of its own, classes inside.

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
    """The folders directly below `base` that are splits: all of them must be named so, or none is."""
    folders = {path[len(base) :].partition("/")[0] for path in paths if "/" in path[len(base) :]}
    return frozenset(folders) if folders and all(name.lower() in SPLITS for name in folders) else frozenset()


def _place(path: str, base: str, split_folders: frozenset[str]) -> tuple[str | None, str | None]:
    parts = path[len(base) :].split("/", 2)
    split = None
    if len(parts) > 1 and parts[0] in split_folders:
        split, parts = SPLITS[parts[0].lower()], parts[1:]
    return split, parts[0] if len(parts) > 1 else None
