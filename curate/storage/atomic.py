"""Files and folders that appear under their names whole or not at all.

Invariants: what is written lies under a temporary name beside its target until it is complete, then `os.replace`
gives it its name; permissions are what the umask makes of a new file or folder, and the kernel applies it: asking for
the umask would set it for every thread of the process for a moment; an error or an interrupt leaves nothing behind,
and what a killed process leaves is cleared away (`owner`).
"""

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from curate.errors import CurateError, WorkspaceError
from curate.storage.owner import clear_away, cleared_if_killed, temporary_name

_SHOWN_LETTERS = 60
_TOO_LARGE = "it is larger than the disk (FAT holds 4 GiB a file) or your account allows; choose another place"
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears as `path` when the block ends, and not at all where it raises.

    An older file of that name is replaced. Raises `WorkspaceError` where it cannot be written.
    """
    with explained(path):
        partial = _partial(path)
        try:
            with os.fdopen(os.open(partial, _NEW_FILE, 0o666), "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Make a folder to fill that appears as `path` when the block ends, and not at all where it raises.

    Missing parents are made. Raises `CurateError` where `path` is in use, `WorkspaceError` where it cannot be written.
    """
    refuse_in_use(path)
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_away(path.parent)
    with cleared_if_killed(path.parent), explained(path):
        partial = _partial(path)
        partial.mkdir()
        try:
            yield partial
            if path.exists():
                path.rmdir()
            partial.replace(path)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


def refuse_in_use(path: Path) -> None:
    """Raise `CurateError` where `path` is a file, or a folder with anything in it."""
    with explained(path):
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise CurateError(f"{path} is not empty; give a folder that does not exist yet")


def refuse_unwritable(folder: Path) -> None:
    """Raise `WorkspaceError` where nothing can be written into a folder: before hours of work, not after."""
    with explained(folder), tempfile.TemporaryFile(dir=folder):
        pass


def write_json(value: Mapping[str, Any], path: Path) -> None:
    """Write JSON with sorted keys, whole or not at all."""
    with atomic(path) as file:
        file.write((json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode())


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the file system's refusals to write `path` into a `WorkspaceError` of one clear line."""
    reasons: dict[int, Callable[[], str]] = {
        errno.ENOSPC: lambda: f"the disk is full: {path} could not be written; free some space and run again",
        errno.EDQUOT: lambda: f"the disk quota is used up: {path} could not be written; free some space and run again",
        errno.EFBIG: lambda: f"{path} could not be written: {_TOO_LARGE}",
        errno.EACCES: lambda: f"no permission to write {path}; choose another place",
        errno.EPERM: lambda: f"no permission to write {path}; choose another place",
        errno.EROFS: lambda: f"{path} lies on a read-only file system; choose another place",
        errno.ENOTDIR: lambda: f"{path} cannot be made: a file is in the way",
        errno.EEXIST: lambda: f"{path} cannot be made: a file is in the way",
        errno.ENOENT: lambda: f"{path} cannot be written: its folder does not exist",
        errno.ENAMETOOLONG: lambda: _too_long(path),
        errno.EISDIR: lambda: f"{path} cannot be written: a folder of that name is in the way",
    }
    try:
        yield
    except OSError as error:
        reason = reasons.get(error.errno or 0)
        if reason is None:
            raise
        raise WorkspaceError(reason()) from error


@contextmanager
def disk_refusals_explained() -> Iterator[None]:
    """Turn the news that a disk is full, or a file or its name too long, whoever had it, into a `WorkspaceError`.

    For whole commands, whose libraries write where they like: to the target, or to the temporary folder.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise WorkspaceError(_too_long(error.filename)) from error
        if error.errno == errno.EFBIG:
            raise WorkspaceError(f"{error.filename or 'a file'} could not be written: {_TOO_LARGE}") from error
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        where = error.filename or f"where it was writing to, or in {tempfile.gettempdir()}"
        raise WorkspaceError(f"the disk is full ({where}); free some space and run again to go on") from error


def _too_long(path: object) -> str:
    """Say so of a path, beginning with the part that is: where each fits, they are too long together."""
    longest = max(Path(str(path)).parts, key=len)
    return f"the name {longest[:_SHOWN_LETTERS]}... ({len(str(path))} letters with its folders) is too long; shorten it"


def _partial(path: Path) -> Path:
    return path.parent / temporary_name()
