"""The row of one file in a part: what the decoder says of it, and whether that is a measurement at all.

Invariant: a row is settled if reading the same bytes under the same limits must give it again. What could not be read,
lacks a package, took too long or was killed has a row, so that people see it, and is `unsettled`: another audit looks
again.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from curate.config import DecodeLimits
from curate.i18n import Message, msg
from curate.images import codecs, kinds
from curate.images.containers import Problem
from curate.images.decode import DecodeResult
from curate.measuring.journal import CrashReport
from curate.schema import DecodeStatus, Severity, Unsettled
from curate.sources import Record

Row = dict[str, Any]
"""One file: the columns of `shard.KEYS` and `shard.FACT_FIELDS`, and what scanners measured, by column."""


def of_decoded(record: Record, sha256: str, decoded: DecodeResult, features: Mapping[str, Any]) -> Row:
    """Return the row of a file that was read, with what was measured of it."""
    return {**_row(record, sha256, decoded, _unsettled(decoded)), **features}


def _unsettled(decoded: DecodeResult) -> Unsettled | None:
    if any(problem.kind is kinds.TOO_LARGE for problem in decoded.problems):
        return Unsettled.REFUSED
    return Unsettled.LACKS_PACKAGE if decoded.image is None and codecs.lacking(decoded.format) else None


def of_refused(record: Record, problem: Problem) -> Row:
    """Return the row of a file that was not read since it is above a limit."""
    return _row(record, None, DecodeResult(problems=[problem]), Unsettled.REFUSED)


def of_unread(record: Record, why: str | Message) -> Row:
    """Return the row of a file that could not be read this time."""
    problem = Problem(kinds.UNREADABLE, Severity.ERROR, msg("The file cannot be opened ({why}).", why=why))
    return _row(record, None, DecodeResult(problems=[problem]), Unsettled.UNREAD)


def of_crash(record: Record, crash: CrashReport, limits: DecodeLimits) -> Row:
    """Return the row of a file that its own process died of: a crash is settled, what else ends a process is not."""
    is_its_own = crash.kind is kinds.CRASHED and crash.cause is not None
    decoded = DecodeResult(problems=[Problem(crash.kind, Severity.ERROR, _cause(crash, limits))])
    return _row(record, None, decoded, None if is_its_own else Unsettled.UNREAD)


def _cause(crash: CrashReport, limits: DecodeLimits) -> Message:
    if crash.kind is kinds.TIMED_OUT:
        return msg(
            "Reading it took longer than {limit:g} seconds; raise decode.timeout_s if it is genuine.",
            limit=limits.timeout_s,
        )
    cause = crash.cause or msg("it was killed, probably for want of memory")
    return msg("A decoder crashed on it ({cause}).", cause=cause)


def _row(record: Record, sha256: str | None, decoded: DecodeResult, unsettled: Unsettled | None) -> Row:
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
        "unsettled": unsettled and str(unsettled),
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
