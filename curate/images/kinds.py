"""What can be wrong with a file: the kinds of the category `corrupted`, from the plainest evidence to the faintest.

The decoder and the containers name them; the scanner `integrity` reports them.
"""

from curate.findings import KindSpec
from curate.i18n import N_
from curate.schema import Category, Severity


def _corrupted(name: str, title: str, meaning: str, severity: Severity = Severity.ERROR) -> KindSpec:
    return KindSpec(name=name, category=Category.CORRUPTED, title=title, meaning=meaning, severity=severity)


EMPTY = _corrupted("empty", N_("Empty file"), N_("The file has no content."))
NOT_AN_IMAGE = _corrupted("not_an_image", N_("Not an image"), N_("The content is something other than an image."))
UNREADABLE = _corrupted("unreadable", N_("Unreadable"), N_("No decoder can make an image of the file."))
UNSUPPORTED = _corrupted(
    "unsupported",
    N_("Unsupported"),
    N_("A sort of image that is not read here; the file seems whole, and other programs may read it."),
    severity=Severity.WARNING,
)
TRUNCATED = _corrupted("truncated", N_("Truncated"), N_("The image data end too early."))
DAMAGED = _corrupted(
    "damaged", N_("Damaged"), N_("The decoder recovered, but pixels are wrong."), severity=Severity.WARNING
)
TOO_LARGE = _corrupted(
    "too_large", N_("Too large"), N_("More pixels or bytes than the configured limit, so it was not decoded.")
)
CRASHED = _corrupted("crashed", N_("Crashed a decoder"), N_("A decoder or a check crashed on the file."))
TIMED_OUT = _corrupted(
    "timed_out", N_("Timed out"), N_("Reading took longer than the time limit; the next audit tries it again.")
)
WRONG_EXTENSION = _corrupted(
    "wrong_extension",
    N_("Wrong extension"),
    N_("The name promises another format than the content has."),
    severity=Severity.INFO,
)
ODD_METADATA = _corrupted(
    "odd_metadata",
    N_("Odd metadata"),
    N_("The image is sound, but something stored beside it is not."),
    severity=Severity.INFO,
)

ALL = (
    EMPTY,
    NOT_AN_IMAGE,
    UNREADABLE,
    UNSUPPORTED,
    TRUNCATED,
    DAMAGED,
    TOO_LARGE,
    CRASHED,
    TIMED_OUT,
    WRONG_EXTENSION,
    ODD_METADATA,
)
NEVER_DECODED = frozenset({CRASHED.name, TIMED_OUT.name, TOO_LARGE.name})
"""Names of kinds whose images are not opened outside a worker that may die of them."""
