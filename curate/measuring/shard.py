"""One shard of files to one part of features: the work of a worker.

A file is read once and decoded once; every scanner measures the same image. The worker returns counts
and times; rows go into the part file, whose appearance is the mark that the shard is done.
"""

import hashlib
import json
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.config import DecodeLimits
from curate.i18n import msg
from curate.images import kinds
from curate.images.containers import Problem
from curate.images.decode import DecodeResult, decode, is_want_of_memory, too_much_memory
from curate.measuring import journal
from curate.measuring.journal import CrashReport
from curate.scanners import Scanner
from curate.schema import IMAGES, DecodeStatus, Severity
from curate.sources import Record, Source
from curate.storage.workspace import write_part

FACTS = "image"
"""The name under which the facts of decoding are fingerprinted, beside those of the scanners."""
FACTS_VERSION = 4

KEYS = (
    pa.field("path", pa.string(), nullable=False),
    pa.field("size_bytes", pa.int64(), nullable=False),
    pa.field("mtime_ns", pa.int64(), nullable=False),
)
FACT_FIELDS = (
    *(IMAGES.field(name) for name in IMAGES.names if name not in ("path", "label", "split", "size_bytes")),
    pa.field("digest", pa.string()),
    pa.field("problems", pa.string(), nullable=False),
)
MEASURED = b"curate.measured"
"""Key of the part's metadata: which scanners measured it, with which fingerprint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A unit of work. `crashes` names the images that have already cost a worker its life."""

    source: Source
    records: tuple[Record, ...]
    scanners: tuple[Scanner, ...]
    limits: DecodeLimits
    part: Path
    crashes: tuple[CrashReport, ...] = ()

    @property
    def journal(self) -> Path:
        return self.part.with_suffix(".journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a worker reports: how many files ended how, and the seconds each step took."""

    files: int
    statuses: Mapping[str, int]
    seconds: Mapping[str, float] = field(default_factory=dict)


def measure_shard(shard: Shard) -> Tally:
    """Measure the files of a shard into its part file."""
    with journal.memory_limit_restored():
        return _measure_shard(shard)


def _measure_shard(shard: Shard) -> Tally:
    watch = journal.Watch(shard.journal, shard.limits)
    lost = {crash.index: crash for crash in shard.crashes}
    seconds: dict[str, float] = defaultdict(float)
    rows = []
    for index, record in enumerate(shard.records):
        if index in lost:
            rows.append(_row(record, None, _crashed(lost[index], shard.limits), {}))
            continue
        watch.enter(index)
        rows.append(_measure_one(shard, record, seconds))
    write_part(_to_arrow(rows, shard.scanners), shard.part)
    watch.close()
    return Tally(files=len(rows), statuses=Counter(row["status"] for row in rows), seconds=dict(seconds))


def tally_of(shard: Shard) -> Tally:
    """Count the files of a finished shard from its part, for a worker that did not live to report them."""
    statuses = pq.ParquetFile(shard.part).read(["status"])["status"].to_pylist()
    return Tally(files=len(statuses), statuses=Counter(statuses))


def part_schema(scanners: Sequence[Scanner]) -> pa.Schema:
    """Return the columns of a part, with the fingerprints of those who measured it."""
    # Who measures nothing can lack nothing, so a new scanner of that sort never sends an audit back to the pixels.
    # What a scanner measured is what the decoder showed it.
    marks = {scanner.name: f"{scanner.fingerprint}/{FACTS_VERSION}" for scanner in scanners if scanner.columns}
    measured = {FACTS: str(FACTS_VERSION), **marks}
    columns = [
        pa.field(f"{scanner.name}.{name}", kind) for scanner in scanners for name, kind in scanner.columns.items()
    ]
    return pa.schema([*KEYS, *FACT_FIELDS, *columns], metadata={MEASURED: json.dumps(measured, sort_keys=True)})


def _measure_one(shard: Shard, record: Record, seconds: dict[str, float]) -> dict[str, Any]:
    """Measure one file; one that takes more memory than it may has a row that says so."""
    try:
        return _measured(shard, record, seconds)
    except Exception as error:  # OpenCV does not raise what Python does
        if not is_want_of_memory(error):
            raise
    return _row(record, None, DecodeResult(problems=[too_much_memory(shard.limits)]), {})


def _measured(shard: Shard, record: Record, seconds: dict[str, float]) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        data = shard.source.read(
            record.path, offset=record.offset, size=record.size_bytes, max_bytes=shard.limits.max_bytes
        )
    except OSError as error:
        why = error.strerror or msg("it is not there")
        problem = Problem(kinds.UNREADABLE, Severity.ERROR, msg("The file cannot be opened ({why}).", why=why))
        return _row(record, None, DecodeResult(problems=[problem]), {})
    if data is None:
        problem = Problem(
            kinds.TOO_LARGE,
            Severity.ERROR,
            msg(
                "The file has {size_bytes:,} bytes, more than the limit of {max_bytes:,}; raise decode.max_bytes "
                "if it is genuine.",
                size_bytes=record.size_bytes,
                max_bytes=shard.limits.max_bytes,
            ),
        )
        return _row(record, None, DecodeResult(problems=[problem]), {})
    sha256 = hashlib.sha256(data).hexdigest()
    read = time.perf_counter()
    decoded = decode(data, shard.limits)
    seconds["read"] += read - started
    seconds["decode"] += time.perf_counter() - read
    return _row(record, sha256, decoded, _features(shard.scanners, decoded, seconds))


def _features(scanners: Sequence[Scanner], decoded: DecodeResult, seconds: dict[str, float]) -> dict[str, Any]:
    if decoded.image is None:
        return {}
    features: dict[str, Any] = {}
    for scanner in scanners:
        started = time.perf_counter()
        for name, value in scanner.measure(decoded.image).items():
            features[f"{scanner.name}.{name}"] = value
        seconds[scanner.name] += time.perf_counter() - started
    return features


def _crashed(crash: CrashReport, limits: DecodeLimits) -> DecodeResult:
    if crash.kind == kinds.TIMED_OUT:
        message = msg(
            "Reading it took longer than {limit:g} seconds; raise decode.timeout_s if it is genuine.",
            limit=limits.timeout_s,
        )
    else:
        cause = crash.cause or msg("it was killed, probably for want of memory")
        message = msg("A decoder crashed on it ({cause}).", cause=cause)
    return DecodeResult(problems=[Problem(crash.kind, Severity.ERROR, message)])


def _row(record: Record, sha256: str | None, decoded: DecodeResult, features: Mapping[str, Any]) -> dict[str, Any]:
    worst = min(decoded.problems, key=lambda problem: _LADDER[problem.severity][0], default=None)
    status = _LADDER[worst.severity][1] if worst else DecodeStatus.OK
    return {
        "path": record.path,
        "size_bytes": record.size_bytes,
        "mtime_ns": record.mtime_ns,
        "sha256": sha256,
        "format": decoded.format,
        "width": decoded.width,
        "height": decoded.height,
        "mode": decoded.mode,
        "frames": decoded.frames,
        "status": str(status),
        "error": worst.reason if worst and status is not DecodeStatus.OK else None,
        "digest": decoded.digest,
        "problems": _problems_json(decoded.problems),
        **features,
    }


def _problems_json(problems: Sequence[Problem]) -> str:
    """Write the problems of one file as JSON; most files have none."""
    stored = [
        {
            "kind": problem.kind.name,
            "severity": str(problem.severity),
            "message": problem.message.to_json(),
            "where": dict(problem.where),
        }
        for problem in problems
    ]
    return json.dumps(stored, ensure_ascii=False) if stored else "[]"


_LADDER = {
    Severity.ERROR: (0, DecodeStatus.ERROR),
    Severity.WARNING: (1, DecodeStatus.WARNING),
    Severity.INFO: (2, DecodeStatus.OK),
}


def _to_arrow(rows: Sequence[Mapping[str, Any]], scanners: Sequence[Scanner]) -> pa.Table:
    schema = part_schema(scanners)
    return pa.Table.from_pydict({name: [row.get(name) for row in rows] for name in schema.names}, schema=schema)
