"""What a run tells of how far it has come: in which step, and how much of it is done."""

from collections.abc import Callable
from dataclasses import dataclass

from curate.i18n import N_
from curate.scanners import Told

MEASURING, JUDGING = N_("measuring"), N_("judging")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditProgress:
    """How far a step has come: `done` of `total` files, and how many of them did not decode cleanly.

    Other steps are within judging; what `done` and `total` count their names say.
    """

    done: int
    total: int
    problems: int
    step: str = MEASURING


Report = Callable[[AuditProgress], None]


def steps_of(report: Report) -> Told:
    """Make what tells a report of the steps of judging."""

    def told(step: str, done: int, total: int) -> None:
        report(AuditProgress(done=done, total=total, problems=0, step=step))

    return told
