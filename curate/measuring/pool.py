"""Shards through worker processes, come what may.

Invariants: every shard handed in is done when `run` returns, or `run` raises; an image in hand when a worker
dies is tried alone (`alone`), and the shard again without it; what a worker writes does not depend on how many
there are.

Where the system allows it, workers are forked from a server that has imported what they need and nothing else: the
imports, a third of a second, are made once for all of them, and while we still import what we need ourselves. So this
module imports nothing large until it is used. Where `multiprocessing` can start no process there are still `pipes`.
"""

from __future__ import annotations

import logging
import multiprocessing
import operator
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from curate.errors import ConfigError, WorkspaceError
from curate.measuring.interrupts import interrupts_held
from curate.storage.workspace import Workspace

if TYPE_CHECKING:
    from curate.config import DecodeLimits
    from curate.measuring.pipes import PipePool
    from curate.measuring.shard import Shard, Tally

_A = TypeVar("_A")
_R = TypeVar("_R")
_log = logging.getLogger(__name__)

PRELOADED = (
    "curate.measuring.preload",
    "curate.measuring.pool",
    "curate.measuring.worker",
    "curate.measuring.work",
    *(f"curate.scanners.{name}" for name in ("duplicates", "integrity", "quality")),
    "curate.sources.folder",
    "imagehash",
    "PIL.PngImagePlugin",
    "curate.measuring.preloaded",
)
"""What most workers import, the scanners' own libraries included; each imports for itself what else it needs."""


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Engine:
    """Where shards are measured: `workers` processes here (0: one a core), the Dask cluster at `address`, or this one.

    In this process (`is_serial`) nothing ends an image that takes too long, and one that crashes a decoder ends it.
    """

    workers: int = 0
    address: str | None = None
    is_serial: bool = False

    def run(self, shards: Sequence[Shard], done: Callable[[Tally], None]) -> None:
        """Measure all shards; `done` is called in this process for each one finished."""
        if self.address is not None:
            from curate.measuring import dask

            dask.run(self.address, shards, done)
        elif self.is_serial or (shards and not _starts_processes()):
            from curate.measuring import serial

            serial.run(shards, done)
        else:
            run(shards, self.workers, done)

    def map(self, function: Callable[[_A], _R], arguments: Iterable[_A]) -> Iterable[_R]:
        """Call a function of a module with each argument, where shards are measured; results in their order."""
        if self.address is not None:
            from curate.measuring import dask

            return dask.mapped(self.address, function, arguments)
        if self.is_serial or not _starts_processes():
            return map(function, arguments)
        return _mapped_in_spite_of_deaths(function, arguments, self.workers)


def named(name: str) -> Engine:
    """Parse `serial`, `local:N` or `dask:ADDRESS`; raises `ConfigError` for anything else."""
    written = name if isinstance(name, str) else ""
    if written == "serial":
        return Engine(is_serial=True)
    kind, _, rest = written.partition(":")
    if kind == "dask" and rest:
        return Engine(address=rest)
    if kind == "local" and (not rest or rest.isdecimal()):
        return Engine(workers=int(rest or 0))
    raise ConfigError(f"{name!r} is no engine; give serial, local:N (N processes, 0 for one a core) or dask:ADDRESS")


def run(shards: Sequence[Shard], workers: int, done: Callable[[Tally], None]) -> None:
    """Measure all shards; `done` is called in this process for each one finished.

    Raises `WorkspaceError` where the results cannot be written.
    """
    suspects = _run_together(deque(shards), min(workers or cores(), len(shards)), done)
    for shard in suspects:
        _run_alone(shard, done)


def _run_together(waiting: deque[Shard], workers: int, done: Callable[[Tally], None]) -> list[Shard]:
    """Run shards side by side; return those in hand when a worker died, to be run one at a time."""
    from curate.measuring.shard import tally_of

    suspects: list[Shard] = []
    while waiting:
        flying: dict[Future[Tally], Shard] = {}
        pool = _pool(workers, waiting[0].limits)
        try:
            while waiting or flying:
                while waiting and len(flying) < 2 * workers:
                    shard = waiting.popleft()
                    flying[pool.submit(_measured, shard)] = shard
                finished, _ = wait(flying, return_when=FIRST_COMPLETED)
                for future in finished:
                    done(future.result())
                    del flying[future]
        except BrokenProcessPool:
            for shard in flying.values():
                if shard.part.exists():  # it was through, but its worker died before it could say so
                    done(tally_of(shard))
                else:
                    suspects.append(shard)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        pool.shutdown(wait=False)  # the workers take their leave while we judge
    return suspects


def _measured(shard: Shard) -> Tally:
    """Measure a shard, in a worker: the parent, which only names this, has no use for what it imports."""
    from curate.measuring.work import measure_shard

    return measure_shard(shard)


def _run_alone(shard: Shard, done: Callable[[Tally], None]) -> None:
    """Run one shard in a pool of its own until it is through; an image that it dies of is tried alone."""
    from curate.measuring import alone, journal

    unexplained = 0
    while True:
        crash = journal.read_crash_report(shard.journal)
        shard.journal.unlink(missing_ok=True)
        if crash is None:
            unexplained += 1
            if unexplained > alone.MAX_SILENT_DEATHS:
                raise WorkspaceError(alone.DYING)
        else:
            shard = replace(shard, settled={**shard.settled, crash.index: alone.measured(shard, crash.index)})
        with _pool(1, shard.limits) as pool:
            try:
                done(pool.submit(_measured, shard).result())
                return
            except BrokenProcessPool:
                continue


def mapped(function: Callable[[_A], _R], arguments: Iterable[_A], workers: int = 0) -> Iterator[_R]:
    """Call a function of a module with each argument in worker processes (0: one a core); results in their order.

    No more are computed ahead than the workers need. Raises `BrokenProcessPool` where one has died.
    """
    from curate.config import DecodeLimits

    workers = workers or cores()
    workers = max(1, min(workers, operator.length_hint(arguments, workers)))
    pool = _pool(workers, DecodeLimits())
    flying: deque[Future[_R]] = deque()
    try:
        for argument in arguments:
            flying.append(pool.submit(function, argument))
            if len(flying) > 2 * workers:
                yield flying.popleft().result()
        while flying:
            yield flying.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _mapped_in_spite_of_deaths(function: Callable[[_A], _R], arguments: Iterable[_A], workers: int) -> Iterator[_R]:
    """Do as `mapped` does; what is left when a worker dies, of want of memory most likely, is done in this process."""
    waiting, unfinished = iter(arguments), deque[_A]()

    def handed_in() -> Iterator[_A]:
        for argument in waiting:
            unfinished.append(argument)
            yield argument

    try:
        for result in mapped(function, handed_in(), workers):
            unfinished.popleft()
            yield result
    except BrokenProcessPool:
        _log.warning("a process that helped to judge has died; the rest is done in this one")
        yield from map(function, chain(unfinished, waiting))


def get_ready(workspace: Path, engine: Engine) -> None:
    """Begin to import what workers need, in the background, where an audit into `workspace` is sure to want some."""
    if engine.address is None and not engine.is_serial and not Workspace(workspace).audit.exists():
        _start_server()


def _start_server() -> bool:
    """Start what workers are forked from, where they are; say whether `multiprocessing` can start any here."""
    if multiprocessing.current_process().daemon:
        return False
    context = _context()
    try:
        with _environment_of_server():
            context.Lock()  # starts a process as well, which looks after semaphores
            if context.get_start_method() == "forkserver":
                from multiprocessing import forkserver

                with interrupts_held():
                    forkserver.ensure_running()
    except (OSError, ImportError):  # no /dev/shm to write to, no semaphores at all, a temporary folder of a long name
        return False
    return True


def _starts_processes() -> bool:
    """Say whether any process can be started here; where none can, say so, since an image may then end this one."""
    if _start_server():
        return True
    try:
        subprocess.run([sys.executable, "-c", ""], check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        _log.warning("no process can be started here (%s): measuring in this one, as with --engine serial", error)
        return False
    return True


def _pool(workers: int, limits: DecodeLimits) -> ProcessPoolExecutor | PipePool:
    from curate.measuring import worker

    if not _start_server():
        from curate.measuring.pipes import PipePool

        return PipePool(workers, limits)
    start = (limits, dict(os.environ), os.getpid())
    return ProcessPoolExecutor(workers, mp_context=_context(), initializer=worker.start, initargs=start)


def _context() -> BaseContext:
    """Return how workers start: forked from a clean server on Linux, spawned elsewhere, where forking is not safe.

    A spawned worker runs the user's script again, so elsewhere a script needs the `__main__` guard.
    """
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*PRELOADED])
    return context


@contextmanager
def _environment_of_server() -> Iterator[None]:
    """Tell a process started meanwhile who starts it (`preload`), to use one BLAS thread, since workers have a core,
    and to look for no plugins of pydantic, which would have it read what every installed package says of itself.

    Nor for modules in the current folder, which may be a dataset of others, with a numpy.py in it. Nor may Arrow start
    a thread: a worker forked while another thread holds a lock can wait for that lock for ever, and we for the worker.
    """
    told = {
        "CURATE_PARENT": str(os.getpid()),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
        "PYTHONSAFEPATH": "1",
    }
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
