"""What is not measured yet of a run: cut into shards, handed to the engine, and accounted for.

What judging needs is imported while workers measure: a user should not wait for it twice.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence
from importlib import import_module

from curate.auditing.run import Run
from curate.auditing.steps import JUDGING, AuditProgress, Report
from curate.measuring import features
from curate.measuring.pool import cores
from curate.measuring.shard import Shard, Tally
from curate.sources import Record

MIN_SHARD, MIN_SHARD_BYTES = 16, 2 << 20
"""Images that a worker gets at a time when the end is near: so many, or of so many bytes where that is fewer."""


def measure(run: Run, records: Sequence[Record], report: Report | None = None) -> tuple[int, dict[str, float]]:
    """Bring the measurements of a run up to date; return how many files were read, and the seconds each step took."""
    parts = features.parts(run.workspace.features, run.scanners, run.config.decode)
    lacking = features.missing(records, parts, run.scanners)
    shards = _shards(run, lacking)
    total = sum(len(shard.records) for shard in shards)
    done, problems = 0, 0
    seconds: dict[str, float] = defaultdict(float)

    def account(tally: Tally) -> None:
        nonlocal done, problems
        done += tally.files
        problems += tally.files - tally.statuses.get("ok", 0)
        for step, spent in tally.seconds.items():
            seconds[step] += spent
        if report:
            report(AuditProgress(done=done, total=total, problems=problems))

    if report:
        report(AuditProgress(done=0, total=total, problems=0))
    # Nobody waits for it: an interrupt while we import as well can leave it a lock that is never released.
    threading.Thread(target=import_module, args=("curate.auditing.results",), daemon=True).start()
    run.engine.run(shards, account)
    if report:
        report(AuditProgress(done=total, total=total, problems=problems, step=JUDGING))
    return total, dict(seconds)


def _shards(run: Run, lacking: dict[frozenset[str], list[Record]]) -> list[Shard]:
    """Cut the missing records into units of work."""
    folder, engine = run.workspace.features, run.config.engine
    numbers = [int(path.stem.removeprefix("part-")) for path in folder.glob("part-*.parquet")]
    number = max(numbers, default=0)
    shards = []
    for names, records in lacking.items():
        chosen = tuple(scanner for scanner in run.scanners if scanner.name in names)
        mean_bytes = sum(record.size_bytes for record in records) // max(len(records), 1)
        least = min(MIN_SHARD, max(1, MIN_SHARD_BYTES // max(mean_bytes, 1)))
        start = 0
        while start < len(records):
            # Ever smaller ones, so that all workers end at about the same time: guided self-scheduling
            # (Polychronopoulos and Kuck, IEEE Transactions on Computers 1987).
            share = (len(records) - start) // (2 * (engine.workers or cores()))
            size = min(max(share, least), engine.shard_size)
            number += 1
            shards.append(
                Shard(
                    source=run.source,
                    records=tuple(records[start : start + size]),
                    scanners=chosen,
                    limits=run.config.decode,
                    part=folder / f"part-{number:07}.parquet",
                )
            )
            start += size
    return shards
