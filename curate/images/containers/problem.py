"""One thing wrong with a file, in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curate.schema import Kind, Severity


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and where: `where` holds offsets, rows, chunks as numbers, and `boxes` of damaged pixels."""

    kind: Kind
    severity: Severity
    reason: str
    where: Mapping[str, Any] = field(default_factory=dict)


def trailing(data: bytes, end: int) -> Problem:
    """Bytes behind the end of the image: harmless, worth knowing."""
    return Problem(
        Kind.ODD_METADATA,
        Severity.INFO,
        f"{len(data) - end:,} bytes follow the end of the image.",
        {"offset": end},
    )


def cut_short(missing: int, what: str, offset: int) -> Problem:
    """The file ends before something that it announced does."""
    return Problem(
        Kind.TRUNCATED,
        Severity.ERROR,
        f"The file ends {missing:,} bytes before its {what} (at byte {offset:,}) does; fetch it again.",
        {"offset": offset, "missing_bytes": missing},
    )
