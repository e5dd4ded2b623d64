"""Shards in this very process, for where no other can be started, and for debuggers.

The results are those of every engine, but for what takes processes: nothing limits the memory and the time of an image,
and one that crashes a decoder takes the audit with it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from curate.images.result import too_much_memory
from curate.measuring import rows
from curate.measuring.borrowed import borrowed_process
from curate.measuring.measure import measured
from curate.measuring.shard import Shard, Tally
from curate.measuring.work import write_rows


def run(shards: Sequence[Shard], done: Callable[[Tally], None]) -> None:
    """Measure all shards one after the other; `done` is called for each one finished."""
    for shard in shards:
        with borrowed_process(shard.limits):
            done(_measure(shard))


def _measure(shard: Shard) -> Tally:
    seconds: dict[str, float] = defaultdict(float)
    made = [
        measured(shard, record, seconds) or rows.of_refused(record, too_much_memory(shard.limits))
        for record in shard.records
    ]
    write_rows(shard, made)
    return Tally(files=len(made), statuses=Counter(row["status"] for row in made), seconds=dict(seconds))
