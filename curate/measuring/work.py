"""The work of a worker: a shard of files to one part of features.

The worker returns counts and times; rows go into the part file, whose appearance is the mark that the shard is done.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import pyarrow as pa

from curate.config import DecodeLimits
from curate.measuring import alone, journal
from curate.measuring.batches import Batches, Rows
from curate.measuring.measure import Opened, opened
from curate.measuring.rows import Row
from curate.measuring.shard import Shard, Tally, part_schema
from curate.scanners import Scanner
from curate.storage.workspace import write_part


def measure_shard(shard: Shard) -> Tally:
    """Measure the files of a shard into its part file."""
    with journal.memory_limit_restored():
        return _measure_shard(shard)


def _measure_shard(shard: Shard) -> Tally:
    watch = journal.Watch(shard.journal, shard.limits)
    seconds: dict[str, float] = defaultdict(float)
    made: Rows = dict(shard.settled)
    batches = Batches(shard, watch, seconds)
    for index, record in enumerate(shard.records):
        if index not in made:
            watch.enter(index)
            file = opened(shard, record, seconds)
            made |= batches.add(index, file) if isinstance(file, Opened) else {index: file}
    made |= batches.rest()
    watch.rest()
    in_order = [made[index] or alone.measured(shard, index) for index in range(len(shard.records))]
    write_rows(shard, in_order)
    watch.close()
    return Tally(files=len(in_order), statuses=Counter(row["status"] for row in in_order), seconds=dict(seconds))


def write_rows(shard: Shard, made: Sequence[Row]) -> None:
    """Write the rows of all files of a shard as its part."""
    write_part(_to_arrow(made, shard.scanners, shard.limits), shard.part)


def _to_arrow(made: Sequence[Row], scanners: Sequence[Scanner], limits: DecodeLimits) -> pa.Table:
    schema = part_schema(scanners, limits)
    return pa.Table.from_pydict({name: [row.get(name) for row in made] for name in schema.names}, schema=schema)
