"""What became of one file, whichever decoder read it."""

from dataclasses import dataclass, field, replace

from curate.config import DecodeLimits
from curate.i18n import Message, msg
from curate.images import kinds
from curate.images.containers import Problem
from curate.images.damage import Seen
from curate.images.image import DecodedImage
from curate.schema import Severity


@dataclass(slots=True, kw_only=True)
class DecodeResult:
    """What became of one file: facts, problems, and the image if anything of it is left.

    `digest` identifies the samples of all frames at full size and full depth (shape and mode included): equal
    digests, equal images.
    """

    format: str | None = None
    width: int | None = None
    height: int | None = None
    mode: str | None = None
    frames: int | None = None
    digest: str | None = None
    image: DecodedImage | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Say whether nothing worse than an oddity has been found so far."""
        return all(problem.severity is Severity.INFO for problem in self.problems)

    def refuse_if_too_large(self, limits: DecodeLimits) -> bool:
        """Note a size above the limit as a problem; say whether there is one."""
        if (self.width or 0) * (self.height or 0) <= limits.max_pixels:
            return False
        self.problems.append(
            bomb(msg("{width} x {height} in its header", width=self.width, height=self.height), limits)
        )
        return True

    def note(self, found: Seen | None) -> None:
        """Add damage seen in the pixels: as a problem of its own, or as where the known one shows."""
        if found is None:
            return
        where = {"boxes": [found.box.evidence()]}
        known = next((p for p in self.problems if p.severity is not Severity.INFO), None)
        if known is None:
            severity = Severity.WARNING if found.is_certain else Severity.INFO
            self.problems.append(Problem(kinds.DAMAGED, severity, found.message, where))
        else:
            index = self.problems.index(known)
            self.problems[index] = replace(known, where={**known.where, **where})


def bomb(what: str | Message, limits: DecodeLimits) -> Problem:
    """Describe a file that claims more pixels than the limit."""
    return Problem(
        kinds.TOO_LARGE,
        Severity.ERROR,
        msg(
            "The file claims more than the limit of {limit:,.0f} million pixels ({what}); raise "
            "decode.max_pixels if it is genuine.",
            limit=limits.max_pixels / 1e6,
            what=what,
        ),
    )


def one_line(error: Exception) -> str:
    """Return what a decoder says, cut to what fits into a reason."""
    return " ".join(str(error).split())[:160] or type(error).__name__
