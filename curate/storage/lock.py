"""One writer at a time for a whole workspace: a lock that says whose it is, and ends with its process.

Invariant: the kernel holds it, so that a killed process leaves none behind; what the file says is for people.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from curate.errors import WorkspaceError
from curate.storage.atomic import explained


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock at `path`; raises `WorkspaceError`, which says who has it, where it is taken."""
    with explained(path):
        file = _taken(path)
    try:
        os.ftruncate(file, 0)
        with suppress(OSError):  # on a full disk it says nothing
            os.write(file, f"process {os.getpid()} on {socket.gethostname()}".encode("utf-8", "replace"))
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(file)


def _taken(path: Path) -> int:
    """Open and lock the file of that name: not one that its last holder has removed meanwhile."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        try:
            if not _lock(file):
                holder = path.read_text(encoding="utf-8", errors="replace").strip() or "another process"
                raise WorkspaceError(
                    f"{path.parent} is being audited by {holder}; wait until it is done, or stop it, and run again"
                )
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file), path.stat()):
                    return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _lock(file: int) -> bool:
    """Lock an open file; False where another has it. Where a file system knows no locks, nobody is kept out."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
