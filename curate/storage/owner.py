"""Whose a temporary file is: its name says which process made it, so that only what the dead left is cleared away.

Invariant: what a living process of this machine, or any of another machine, is writing is never touched.
"""

import functools
import os
import shutil
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = ".tmp-"
"""Begins every temporary name."""


def temporary_name() -> str:
    """Make a name that nobody else makes, and that says whose it is: PREFIX host - process - its start - random."""
    return f"{PREFIX}{_token(os.getpid())}-{os.urandom(6).hex()}"


def clear_away(folder: Path) -> None:
    """Remove what processes that are no more have left in a folder."""
    for left in folder.glob(f"{PREFIX}*"):
        if _is_of_the_dead(left.name):
            _remove(left)


@contextmanager
def cleared_if_killed(*folders: Path) -> Iterator[None]:
    """Let a shell wait beside this process that, if it is killed meanwhile, removes what it and its workers leave.

    The shell ends with the block. Where there is none, the next process removes it (`clear_away`).
    """
    shell = shutil.which("sh") if sys.platform != "win32" else None
    if shell is None:
        yield
        return
    command = [shell, "-c", _WAIT_AND_CLEAR, "curate", f"{PREFIX}{_machine()}-", *(str(f.absolute()) for f in folders)]
    waiting = subprocess.Popen(  # noqa: S603 - our own script; what it is given are names, never commands
        command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        with suppress(OSError):
            waiting.communicate(b"done\n")


_WAIT_AND_CLEAR = """
ours=$1; shift
read -r _ && exit
sleep 0.8  # until workers have noticed, too
for folder; do
    for left in "$folder/$ours"*; do
        process=${left##*/"$ours"}
        kill -0 "${process%%-*}" 2>/dev/null || rm -rf -- "$left"
    done
done
"""


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _token(process: int) -> str:
    return f"{_machine()}-{process}-{_started(process)}"


@functools.cache
def _machine() -> str:
    return f"{zlib.crc32(socket.gethostname().encode('utf-8', 'surrogateescape')):08x}"


def _started(process: int) -> str:
    """Return when a process started, which tells it from a later one of that number; x where that is not told."""
    try:
        return Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "x"


def _is_of_the_dead(name: str) -> bool:
    machine, process, started, *_ = [*name.removeprefix(PREFIX).split("-"), "", "", ""]
    if not process.isdecimal():
        return True  # of a version that did not write down whose it is
    if machine != _machine():
        return False
    return not _is_alive(int(process)) or (started != "x" and started != _started(int(process)))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True
