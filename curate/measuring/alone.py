"""A second try for an image that a worker died of, or that found no memory: alone, in a process that may die of it.

Invariants: an image is blamed for nothing that its neighbours in a shard, a signal or the end of the machine's memory
may have done; what is said of it in the end is what its own process came to. Works in a worker, on a cluster and in the
audit's own process alike.
"""

from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from curate.errors import WorkspaceError
from curate.measuring import journal, rows
from curate.measuring.measure import measure_row
from curate.measuring.pipes import PipePool
from curate.measuring.rows import Row
from curate.measuring.shard import Shard

MAX_SILENT_DEATHS = 3
"""How often a process may die before its first image until we stop blaming chance."""

DYING = (
    "worker processes die before they can read an image; is there enough memory? "
    "Try fewer with engine.workers = 1 in curate.toml"
)


def measured(shard: Shard, index: int) -> Row:
    """Measure one image of a shard in a process of its own; return its row, whatever became of the process.

    Raises `WorkspaceError` where processes die before they reach the image.
    """
    record = shard.records[index]
    part = shard.part.with_name(f"{shard.part.stem}.{index}{shard.part.suffix}")
    one = replace(shard, records=(record,), part=part, settled={})
    for _ in range(MAX_SILENT_DEATHS):
        try:
            with PipePool(1, shard.limits) as pool:
                row: Row = pool.submit(measure_row, one).result()
            return row
        except BrokenProcessPool:
            crash = journal.read_crash_report(one.journal)
        finally:
            one.journal.unlink(missing_ok=True)
        if crash is not None:
            return rows.of_crash(record, crash, shard.limits)
    raise WorkspaceError(DYING)
