"""The work of a worker: a shard of files to one part of features.

The worker returns counts and times; rows go into the part file, whose appearance is the mark that the shard is done.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import pyarrow as pa

from curate.config import DecodeLimits
from curate.measuring import alone, journal
from curate.measuring.measure import measured
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
    made = []
    for index, record in enumerate(shard.records):
        row = shard.settled.get(index)
        if row is None:
            watch.enter(index)
            row = measured(shard, record, seconds)
        if row is None:
            watch.rest()
            row = alone.measured(shard, index)
        made.append(row)
    write_rows(shard, made)
    watch.close()
    return Tally(files=len(made), statuses=Counter(row["status"] for row in made), seconds=dict(seconds))


def write_rows(shard: Shard, made: Sequence[Row]) -> None:
    """Write the rows of all files of a shard as its part."""
    write_part(_to_arrow(made, shard.scanners, shard.limits), shard.part)


def _to_arrow(made: Sequence[Row], scanners: Sequence[Scanner], limits: DecodeLimits) -> pa.Table:
    schema = part_schema(scanners, limits)
    return pa.Table.from_pydict({name: [row.get(name) for row in made] for name in schema.names}, schema=schema)
