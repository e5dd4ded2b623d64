"""The journal of a worker: which image it died on, and why, when it can no longer say so itself.

A worker writes the number of the image it is about to touch into a small journal, which also receives
what `faulthandler` has to say when the process crashes or overstays its time. The journal lives on disk,
so it outlasts the process and works for any executor that shares the workspace.
"""

import faulthandler
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from curate.config import DecodeLimits
from curate.findings import KindSpec
from curate.images import kinds
from curate.storage.atomic import explained

_INDEX_BYTES = 12


@dataclass(frozen=True, slots=True)
class CrashReport:
    """The image in hand when a worker died: its number in the shard, and the cause (None: it was killed silently)."""

    index: int
    kind: KindSpec
    cause: str | None


def limit_memory(memory_mib: int) -> None:
    """Let this process allocate `memory_mib` more than it holds now, so that a decoder that wants more fails alone.

    Called before each image (a few microseconds), so that what an image may take does not depend on those before it.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = _held_bytes() + (memory_mib << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _held_bytes() -> int:
    """Return what counts against the limit now: the data pages of this process; 0 where the system does not tell."""
    try:
        statm = os.open("/proc/self/statm", os.O_RDONLY)
    except FileNotFoundError:
        return 0
    try:
        return int(os.read(statm, 256).split()[5]) * os.sysconf("SC_PAGE_SIZE")
    finally:
        os.close(statm)


@contextmanager
def memory_limit_restored() -> Iterator[None]:
    """Restore the limit of this process on exit: what `limit_memory` sets is for one shard."""
    try:
        import resource
    except ImportError:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


class Watch:
    """What a worker keeps while it measures: one journal per shard, one deadline per image."""

    def __init__(self, journal: Path, limits: DecodeLimits) -> None:
        self._journal = journal
        self._timeout_s = limits.timeout_s
        self._memory_mib = limits.allowed_memory_mib
        self._armed_at = float("-inf")
        with explained(journal):
            self._file = journal.open("w+b", buffering=0)
            self._file.write(b" " * _INDEX_BYTES)
        faulthandler.enable(self._file, all_threads=False)

    def enter(self, index: int) -> None:
        """Note that image `index` comes next, start its time, and grant it its memory.

        Re-arming costs a thread, so the deadline is only moved once a quarter of it has passed: a
        image gets between three quarters of the limit and the whole of it.
        """
        self._file.seek(0)  # and not `pwrite`, which Windows lacks
        self._file.write(b"%*d" % (_INDEX_BYTES, index))
        now = time.monotonic()
        if now - self._armed_at > self._timeout_s / 4:
            faulthandler.dump_traceback_later(self._timeout_s, exit=True, file=self._file)
            self._armed_at = now
        limit_memory(self._memory_mib)

    def rest(self) -> None:
        """Stop the time of the image in hand: another process measures it."""
        faulthandler.cancel_dump_traceback_later()
        self._armed_at = float("-inf")

    def close(self) -> None:
        """Remove the journal of a finished shard."""
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()
        self._file.close()
        self._journal.unlink(missing_ok=True)


def read_crash_report(journal: Path) -> CrashReport | None:
    """Read what a dead worker left in its journal; None if it died before its first image."""
    try:
        data = journal.read_bytes()
    except FileNotFoundError:
        return None
    if not data[:_INDEX_BYTES].strip():
        return None
    dump = data[_INDEX_BYTES:].decode(errors="replace").strip()
    first = dump.splitlines()[0] if dump else ""
    kind = kinds.TIMED_OUT if first.startswith("Timeout") else kinds.CRASHED
    return CrashReport(int(data[:_INDEX_BYTES]), kind, first.removeprefix("Fatal Python error: ") or None)
