"""What became of one file, whichever decoder read it."""

import re
from dataclasses import dataclass, field, replace

import cv2

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
    digest: bytes | None = None
    image: DecodedImage | None = None
    problems: list[Problem] = field(default_factory=list)
    lacks_memory: bool = False
    """Memory could not be had. How much there is may depend on what else the process did."""

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


def is_want_of_memory(error: Exception) -> bool:
    """Say whether an error means that memory could not be had: libraries say so in ways of their own."""
    if isinstance(error, MemoryError) or (isinstance(error, cv2.error) and error.code == cv2.Error.StsNoMem):
        return True
    return bool(_NO_MEMORY.search(str(error)))


_NO_MEMORY = re.compile(
    r"insufficient memory \(case|out of memory|bad_alloc|failed to allocate memory|cannot allocate", re.I
)
"""What libjpeg, Pillow, C++, ONNX Runtime and the system say."""


def too_much_memory(limits: DecodeLimits) -> Problem:
    """Describe an image that takes more memory than one may."""
    return Problem(
        kinds.TOO_LARGE,
        Severity.ERROR,
        msg(
            "Decoding takes more than {memory_mib:,} MiB; raise decode.memory_mib if it is genuine.",
            memory_mib=limits.allowed_memory_mib,
        ),
    )


def one_line(error: Exception) -> str:
    """Return what a decoder says, cut to what fits into a reason; the same file gives the same line, always."""
    return " ".join(_ADDRESS.sub(">", str(error)).split())[:160] or type(error).__name__


_ADDRESS = re.compile(r" (object )?at 0x[0-9a-fA-F]+>?")
"""Where Python's objects lie in memory is another place in every run."""
