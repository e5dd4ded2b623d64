"""One thing wrong with a file, in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curate.findings import KindSpec
from curate.i18n import Message, msg
from curate.images import kinds
from curate.schema import Severity


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and where: `where` holds offsets, rows, chunks as numbers, and `boxes` of damaged pixels."""

    kind: KindSpec
    severity: Severity
    message: Message
    where: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The message in English."""
        return str(self.message)


def trailing(data: bytes, end: int) -> Problem:
    """Note bytes behind the end of the image: harmless, worth knowing."""
    return Problem(
        kinds.ODD_METADATA,
        Severity.INFO,
        msg("{extra:,} bytes follow the end of the image.", extra=len(data) - end),
        {"offset": end},
    )


def cut_short(missing: int, what: Message, offset: int) -> Problem:
    """Note that the file ends before something that it announced does."""
    return Problem(
        kinds.TRUNCATED,
        Severity.ERROR,
        msg(
            "The file ends {missing:,} bytes before its {what} (at byte {offset:,}) does; fetch it again.",
            missing=missing,
            what=what,
            offset=offset,
        ),
        {"offset": offset, "missing_bytes": missing},
    )
