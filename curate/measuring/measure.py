"""One file to one row of features.

A file is read once and decoded once; every scanner measures the same image.
"""

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from curate.config import DecodeLimits
from curate.errors import CurateError
from curate.i18n import msg
from curate.images import kinds
from curate.images.containers import Problem
from curate.images.decode import DecodeResult, decode
from curate.images.result import is_want_of_memory, one_line, too_much_memory
from curate.measuring import journal, rows
from curate.measuring.rows import Row
from curate.measuring.shard import Shard
from curate.scanners import Scanner
from curate.schema import Severity
from curate.sources import Record


def measure_row(shard: Shard) -> Row:
    """Measure the only file of a shard; what it takes then is its own."""
    (record,) = shard.records
    with journal.memory_limit_restored(), journal.Watch(shard.journal, shard.limits) as watch:
        watch.enter(0)
        row = measured(shard, record, defaultdict(float))
    return row or rows.of_refused(record, too_much_memory(shard.limits))


@dataclass(slots=True)
class Opened:
    """A file that was read and decoded, and what scanners have measured of it so far, by column."""

    record: Record
    sha256: str
    decoded: DecodeResult
    features: dict[str, Any] = field(default_factory=dict)

    def note(self, scanner: Scanner, values: Mapping[str, Any]) -> None:
        """Keep what a scanner measured."""
        for name, value in values.items():
            self.features[f"{scanner.name}.{name}"] = value


def measured(shard: Shard, record: Record, seconds: dict[str, float]) -> Row | None:
    """Measure one file; None where memory could not be had, of which those before it may have left less."""
    file = opened(shard, record, seconds)
    if not isinstance(file, Opened):
        return file
    return row_of(file) if add(shard.scanners, file, seconds) else None


def opened(shard: Shard, record: Record, seconds: dict[str, float]) -> Opened | Row | None:
    """Read and decode one file; its row where that is all there is to say, None where memory could not be had."""
    started = time.perf_counter()
    try:
        data = shard.source.read(
            record.path, offset=record.offset, size=record.size_bytes, max_bytes=shard.limits.max_bytes
        )
    except OSError as error:
        return rows.of_unread(record, error.strerror or msg("it is not there"))
    except CurateError:  # a store that cannot be reached says nothing about an image
        raise
    except Exception as error:  # sources are other people's code, on strangers' files
        return None if is_want_of_memory(error) else rows.of_unread(record, one_line(error))
    if data is None:
        return rows.of_refused(record, _too_many_bytes(record, shard.limits))
    sha256 = hashlib.sha256(data).hexdigest()
    read = time.perf_counter()
    decoded = decode(data, shard.limits)
    seconds["read"] += read - started
    seconds["decode"] += time.perf_counter() - read
    return None if decoded.lacks_memory else Opened(record, sha256, decoded)


def row_of(file: Opened) -> Row:
    """Return the row of a file that all scanners have measured."""
    return rows.of_decoded(file.record, file.sha256, file.decoded, file.features)


def _too_many_bytes(record: Record, limits: DecodeLimits) -> Problem:
    return Problem(
        kinds.TOO_LARGE,
        Severity.ERROR,
        msg(
            "The file has {size_bytes:,} bytes, more than the limit of {max_bytes:,}; raise decode.max_bytes "
            "if it is genuine.",
            size_bytes=record.size_bytes,
            max_bytes=limits.max_bytes,
        ),
    )


def add(scanners: Iterable[Scanner], file: Opened, seconds: dict[str, float]) -> bool:
    """Let scanners measure a file; one that fails is a problem of the image. False where memory lacked."""
    image = file.decoded.image
    if image is None:
        return True
    for scanner in scanners:
        started = time.perf_counter()
        try:
            file.note(scanner, scanner.measure(image))
        except Exception as error:  # scanners, and the libraries beneath them, raise anything
            if is_want_of_memory(error):
                return False
            file.decoded.problems.append(_failed(scanner, error))
        seconds[scanner.name] += time.perf_counter() - started
    return True


def _failed(scanner: Scanner, error: Exception) -> Problem:
    what = f"{type(error).__name__}: {one_line(error)}"
    message = msg("The check {scanner} failed on it ({error}).", scanner=scanner.name, error=what)
    return Problem(kinds.CRASHED, Severity.WARNING, message)
