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
from typing import Self

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


class _Allowance:
    """How much more memory than it holds this process may take, so that a decoder that wants more fails alone.

    Granted before each image (a few microseconds), so that what an image may take does not depend on those before it.
    """

    def __init__(self, memory_mib: int) -> None:
        self._bytes = memory_mib << 20
        statm = Path("/proc/self/statm")
        self._statm = statm.open("rb", buffering=0) if statm.exists() else None

    def grant(self) -> None:
        try:
            import resource
        except ImportError:  # Windows has no such limit
            return
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = self._held() + self._bytes
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))

    def _held(self) -> int:
        """Return the bytes that count against the limit now, data pages; 0 where the system does not tell."""
        if self._statm is None:
            return 0
        return int(os.pread(self._statm.fileno(), 256, 0).split()[5]) * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        if self._statm is not None:
            self._statm.close()


@contextmanager
def memory_limit_restored() -> Iterator[None]:
    """Restore the limit of this process on exit: what a `Watch` sets is for one shard."""
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
        self._allowance = _Allowance(limits.allowed_memory_mib)
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
        self._allowance.grant()

    def rest(self) -> None:
        """Stop the time of the image in hand: another process measures it."""
        faulthandler.cancel_dump_traceback_later()
        self._armed_at = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        """Remove the journal of a finished shard; that of another says which image it ended at."""
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()
        self._file.close()
        self._allowance.close()
        if kind is None:
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
