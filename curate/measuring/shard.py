"""One shard of files, and the part file that comes of it: what its columns are, and what it says of who measured it.

The process that hands shards out imports this, and not what measures them (`measure`), which brings all decoders.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from curate.config import DecodeLimits
from curate.scanners import Scanner
from curate.schema import IMAGES
from curate.sources import Record, Source

if TYPE_CHECKING:
    from curate.measuring.rows import Row

FACTS = "image"
"""The name under which the facts of decoding are fingerprinted, beside those of the scanners."""
FACTS_VERSION = 7

KEYS = (
    pa.field("path", pa.string(), nullable=False),
    pa.field("size_bytes", pa.int64(), nullable=False),
    pa.field("mtime_ns", pa.int64(), nullable=False),
)
FACT_FIELDS = (
    *(IMAGES.field(name) for name in IMAGES.names if name not in ("path", "label", "split", "size_bytes")),
    pa.field("digest", pa.binary(16)),
    pa.field("problems", pa.string(), nullable=False),
    pa.field("unsettled", pa.string()),
)
MEASURED = b"curate.measured"
"""Key of the part's metadata: which scanners measured it, with which fingerprint."""
LIMITS = b"curate.limits"
"""Key of the part's metadata: the limits under which it was measured, those of `limits_of`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A unit of work. `settled` holds the rows of images that have cost a worker its life, and were tried alone."""

    source: Source
    records: tuple[Record, ...]
    scanners: tuple[Scanner, ...]
    limits: DecodeLimits
    part: Path
    settled: Mapping[int, Row] = field(default_factory=dict)

    @property
    def journal(self) -> Path:
        return self.part.with_suffix(".journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a worker reports: how many files ended how, and the seconds each step took."""

    files: int
    statuses: Mapping[str, int]
    seconds: Mapping[str, float] = field(default_factory=dict)


def tally_of(shard: Shard) -> Tally:
    """Count the files of a finished shard from its part, for a worker that did not live to report them."""
    statuses = pq.ParquetFile(shard.part).read(["status"])["status"].to_pylist()
    return Tally(files=len(statuses), statuses=Counter(statuses))


def part_schema(scanners: Sequence[Scanner], limits: DecodeLimits) -> pa.Schema:
    """Return the columns of a part, with the fingerprints of those who measured it, and their limits."""
    columns = [
        pa.field(f"{scanner.name}.{name}", kind) for scanner in scanners for name, kind in scanner.columns.items()
    ]
    metadata = {MEASURED: json.dumps(fingerprints(scanners), sort_keys=True), LIMITS: json.dumps(limits_of(limits))}
    return pa.schema([*KEYS, *FACT_FIELDS, *columns], metadata=metadata)


def fingerprints(scanners: Sequence[Scanner]) -> dict[str, str]:
    """Return what a measurement depends on, by step: the decoder's facts, and each scanner that measures."""
    # Who measures nothing can lack nothing, so a new scanner of that sort never sends an audit back to the pixels.
    # What a scanner measured is what the decoder showed it.
    marks = {scanner.name: f"{scanner.fingerprint}/{FACTS_VERSION}" for scanner in scanners if scanner.columns}
    return {FACTS: str(FACTS_VERSION), **marks}


def limits_of(limits: DecodeLimits) -> list[int]:
    """Return the limits that decide which images are measured; that of time decides only which are tried again."""
    return [limits.max_pixels, limits.max_bytes, limits.allowed_memory_mib]
