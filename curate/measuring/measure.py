"""One file to one row of features.

A file is read once and decoded once; every scanner measures the same image.
"""

import hashlib
import time
from collections import defaultdict
from collections.abc import Sequence
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
    with journal.memory_limit_restored():
        watch = journal.Watch(shard.journal, shard.limits)
        watch.enter(0)
        row = measured(shard, record, defaultdict(float))
        watch.close()
    return row or rows.of_refused(record, too_much_memory(shard.limits))


def measured(shard: Shard, record: Record, seconds: dict[str, float]) -> Row | None:
    """Measure one file; None where memory could not be had, of which those before it may have left less."""
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
    features = None if decoded.lacks_memory else _features(shard.scanners, decoded, seconds)
    return None if features is None else rows.of_decoded(record, sha256, decoded, features)


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


def _features(scanners: Sequence[Scanner], decoded: DecodeResult, seconds: dict[str, float]) -> dict[str, Any] | None:
    """Let every scanner measure an image; a scanner that fails is a problem of it. None where memory lacked."""
    if decoded.image is None:
        return {}
    features: dict[str, Any] = {}
    for scanner in scanners:
        started = time.perf_counter()
        try:
            values = scanner.measure(decoded.image)
        except Exception as error:  # scanners, and the libraries beneath them, raise anything
            if is_want_of_memory(error):
                return None
            decoded.problems.append(_failed(scanner, error))
            values = {}
        for name, value in values.items():
            features[f"{scanner.name}.{name}"] = value
        seconds[scanner.name] += time.perf_counter() - started
    return features


def _failed(scanner: Scanner, error: Exception) -> Problem:
    what = f"{type(error).__name__}: {one_line(error)}"
    message = msg("The check {scanner} failed on it ({error}).", scanner=scanner.name, error=what)
    return Problem(kinds.CRASHED, Severity.WARNING, message)
