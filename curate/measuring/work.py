"""The work of a worker: a shard of files to one part of features.

The worker returns counts and times; rows go into the part file, whose appearance is the mark that the shard is done.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import pyarrow as pa

from curate.config import DecodeLimits
from curate.errors import ConfigError
from curate.measuring import alone, journal
from curate.measuring.batches import Batches, Rows
from curate.measuring.measure import Opened, opened
from curate.measuring.rows import Row
from curate.measuring.shard import Shard, Tally, part_schema
from curate.scanners import Scanner
from curate.storage.workspace import write_part


def measure_shard(shard: Shard) -> Tally:
    """Measure the files of a shard into its part file."""
    seconds: dict[str, float] = defaultdict(float)
    with journal.memory_limit_restored(), journal.Watch(shard.journal, shard.limits) as watch:
        made = _measured(shard, watch, seconds)
        write_rows(shard, made)
    return Tally(files=len(made), statuses=Counter(row["status"] for row in made), seconds=dict(seconds))


def _measured(shard: Shard, watch: journal.Watch, seconds: dict[str, float]) -> list[Row]:
    made: Rows = dict(shard.settled)
    batches = Batches(shard, watch, seconds)
    for index, record in enumerate(shard.records):
        if index not in made:
            watch.enter(index)
            file = opened(shard, record, seconds)
            made |= batches.add(index, file) if isinstance(file, Opened) else {index: file}
    made |= batches.rest()
    watch.rest()
    return [made[index] or alone.measured(shard, index) for index in range(len(shard.records))]


def write_rows(shard: Shard, made: Sequence[Row]) -> None:
    """Write the rows of all files of a shard as its part."""
    write_part(_to_arrow(made, shard.scanners, shard.limits), shard.part)


def _to_arrow(made: Sequence[Row], scanners: Sequence[Scanner], limits: DecodeLimits) -> pa.Table:
    schema = part_schema(scanners, limits)
    return pa.table([_column(made, field) for field in schema], schema=schema)


def _column(made: Sequence[Row], field: pa.Field) -> pa.Array:
    """Return a column of rows; raises `ConfigError` where a scanner measured what it does not declare."""
    try:
        return pa.array([row.get(field.name) for row in made], field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        scanner, dot, column = field.name.partition(".")
        if not dot:
            raise
        raise ConfigError(f"the scanner {scanner} measured a {column!r} that is no {field.type}: {error}") from error
