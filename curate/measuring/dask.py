"""The same shards on an existing Dask cluster, with the same results.

Invariants: every shard handed in is done when `run` returns, or `run` raises; a worker process measures one shard
at a time, since journals and deadlines are facts about a process; a shard whose worker died is tried again, and the
image in hand then alone, in a process of its own (`alone`). Workers share the workspace and the source with us, and
have curate installed.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import Any, TypeVar

from curate.errors import ConfigError, WorkspaceError
from curate.measuring import alone, journal
from curate.measuring.borrowed import borrowed_process
from curate.measuring.shard import Shard, Tally
from curate.measuring.work import measure_shard

_A = TypeVar("_A")
_R = TypeVar("_R")
CONNECT_S = 15
_IN_FLIGHT = 3
"""Shards handed in for every thread of the cluster: enough that none waits for us."""
MAX_DEATHS = 5

_one_at_a_time = threading.Lock()


def run(address: str, shards: Sequence[Shard], done: Callable[[Tally], None]) -> None:
    """Measure all shards on the cluster at `address`; `done` is called in this process for each one finished.

    Raises `ConfigError` where there is no such cluster, `WorkspaceError` where its workers cannot see the workspace.
    """
    if not shards:
        return
    with _client(address) as client:
        waiting, flying = list(reversed(shards)), dict[Any, tuple[Shard, int]]()
        from distributed import as_completed

        finished = as_completed(loop=client.loop)

        def hand_in(shard: Shard, deaths: int = 0) -> None:
            future = client.submit(_measure, shard, key=f"{shard.part.name}-{id(shard)}-{deaths}", pure=False)
            flying[future] = (shard, deaths)
            finished.add(future)

        for _ in range(min(len(waiting), _IN_FLIGHT * max(1, sum(client.nthreads().values())))):
            hand_in(waiting.pop())
        try:
            for future in finished:
                shard, deaths = flying.pop(future)
                tally = _outcome(future)
                if tally is None:
                    if deaths + 1 >= MAX_DEATHS + len(shard.records):
                        raise WorkspaceError(
                            "the cluster's workers die before they can read an image; is there enough memory?"
                        )
                    hand_in(shard, deaths + 1)
                    continue
                done(tally)
                if waiting:
                    hand_in(waiting.pop())
        except BaseException:
            client.cancel(list(flying))
            raise


def mapped(address: str, function: Callable[[_A], _R], arguments: Iterable[_A]) -> Iterator[_R]:
    """Call a function with each argument on the cluster at `address`; results in their order, few ahead.

    The function goes there once, with all that is bound to it. What costs too many workers there is done in this
    process. Raises `ConfigError` where there is no such cluster.
    """
    flying = deque[tuple[_A, Any]]()
    with _client(address) as client:
        from distributed.scheduler import KilledWorker

        there = client.scatter(function, broadcast=True, hash=False)
        ahead = _IN_FLIGHT * max(1, sum(client.nthreads().values()))

        def first() -> _R:
            nonlocal there
            argument, future = flying.popleft()
            try:
                result: _R = future.result()
            except KilledWorker:
                return function(argument)
            except CancelledError:  # all workers that had the function are gone
                _wait(client, "the cluster's workers have died and none has come back; run the command again")
                there = client.scatter(function, broadcast=True, hash=False)
                return function(argument)
            return result

        try:
            for argument in arguments:
                flying.append((argument, client.submit(_called, there, argument, pure=False)))
                if len(flying) > ahead:
                    yield first()
            while flying:
                yield first()
        finally:
            client.cancel([future for _, future in flying])


def _called(function: Callable[[_A], _R], argument: _A) -> _R:
    """Call, on the cluster, a function that lies there."""
    return function(argument)


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigError('--engine dask needs pip install "imagecurate[dask]"') from error
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(
            f"no Dask scheduler answers at {address} ({reason}); start one with: dask scheduler"
        ) from error
    try:
        _wait(client, f"the Dask scheduler at {address} has no workers; start some with: dask worker {address}")
    except ConfigError:
        client.close()
        raise
    return client


def _wait(client: Any, what_else: str) -> None:
    """Wait until the cluster has a worker: some may be on their way. Raises `ConfigError` where none comes."""
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError as error:
        raise ConfigError(what_else) from error


def _outcome(future: Any) -> Tally | None:
    """Return the tally of a shard; None where it cost so many workers that the scheduler gave up."""
    from distributed.scheduler import KilledWorker

    try:
        tally: Tally = future.result()
    except KilledWorker:
        return None
    return tally


def _measure(shard: Shard) -> Tally:
    """Measure one shard on the cluster; images that workers of earlier attempts died on are tried alone first."""
    with _one_at_a_time:
        if not shard.part.parent.is_dir():
            raise WorkspaceError(
                f"the cluster's workers cannot see {shard.part.parent}; put the workspace on storage they share"
            )
        crash = journal.read_crash_report(shard.journal)
        if crash is not None:
            # Kept beside the journal: the next worker to try, if any, must know of all deaths so far.
            shard.journal.replace(shard.journal.with_name(f"{shard.journal.name}.{crash.index}"))
        notes = sorted(shard.part.parent.glob(f"{shard.journal.name}.*"))
        indices = [int(note.suffix[1:]) for note in notes]
        shard = replace(shard, settled={index: alone.measured(shard, index) for index in indices})
        with borrowed_process(shard.limits):
            tally = measure_shard(shard)
        for note in notes:
            note.unlink(missing_ok=True)
        return tally
