"""The closed sets and the columns: every enumeration and every table schema, written once.

Invariant: the order of `Category` is the order in which Table 1 counts an image. Kinds are no closed set: each belongs
to the scanner that declares it (`findings.KindSpec`).
"""

from enum import StrEnum
from typing import TypeVar

import pyarrow as pa

_Name = TypeVar("_Name", bound=StrEnum)


class Category(StrEnum):
    """What is wrong with an image, in the order in which Table 1 counts it."""

    CORRUPTED = "corrupted"
    DUPLICATE = "duplicate"
    UNSUITABLE = "unsuitable"
    LABEL = "label"


LABEL_CONFLICT = "label_conflict"
GROUP_KINDS = frozenset({LABEL_CONFLICT, "split_leak"})
"""The only kinds that anything but a scanner knows by name: they are about where the members of a duplicate group
stand, not about two images, and the review store and the fold have to tell them apart without loading scanners."""


class Severity(StrEnum):
    """How bad: `error` leaves nothing usable, `warning` wants a person's eye, `info` is only reported."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Role(StrEnum):
    """The part an image plays in a finding: a copy is redundant, its keeper is the one suggested to stay."""

    SUBJECT = "subject"
    KEEPER = "keeper"
    COPY = "copy"


class Action(StrEnum):
    """What a person decided about one finding on one image; `undo` takes back an earlier row of the log."""

    KEEP = "keep"
    DROP = "drop"
    RELABEL = "relabel"
    DEFER = "defer"
    UNDO = "undo"


class Verdict(StrEnum):
    """What the manifest says of an image after all its decisions are folded."""

    KEEP = "keep"
    DROP = "drop"
    RELABEL = "relabel"
    PENDING = "pending"


class State(StrEnum):
    """Where an image stands in the review: nothing to decide, waiting, put off, or decided."""

    CLEAR = "clear"
    UNDECIDED = "undecided"
    LATER = "later"
    KEPT = "kept"
    DROPPED = "dropped"
    RELABELLED = "relabelled"


class DecodeStatus(StrEnum):
    """How the decoder fared with a file."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Unsettled(StrEnum):
    """Why the row of a file is no measurement of it, so that another audit looks at the file again."""

    UNREAD = "unread"
    """It could not be read, or what read it was stopped: tried again at every audit."""
    REFUSED = "refused"
    """It is above a limit: tried again once a limit has been raised."""
    LACKS_PACKAGE = "lacks_package"
    """Its format takes a package that was not installed: tried again once it is."""


def member(names: type[_Name], written: object) -> _Name | None:
    """Return the member of a closed set that a person has written, whatever its case and the blanks around it.

    None where there is no such member.
    """
    text = written.strip().lower() if isinstance(written, str) else ""
    return names(text) if text in set(names) else None


IMAGES = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("split", pa.string()),
        pa.field("sha256", pa.string()),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("format", pa.string()),
        pa.field("width", pa.int64()),
        pa.field("height", pa.int64()),
        pa.field("mode", pa.string()),
        pa.field("frames", pa.int32()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("error", pa.string()),
    ]
)

FINDINGS = pa.schema(
    [
        pa.field("finding_id", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("group_id", pa.string()),
        pa.field("role", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("suggestion", pa.string(), nullable=False),
        pa.field("evidence", pa.string(), nullable=False),
        pa.field("scanner", pa.string(), nullable=False),
        pa.field("scanner_version", pa.int32(), nullable=False),
        pa.field("message", pa.string()),
    ]
)

"""`reason` is `message` (JSON, see `i18n.Message`) in English."""

MANIFEST = pa.schema(
    [
        *IMAGES,
        pa.field("action", pa.string(), nullable=False),
        pa.field("final_label", pa.string()),
        pa.field("reasons", pa.string(), nullable=False),
        pa.field("finding_ids", pa.string(), nullable=False),
        pa.field("reviewer", pa.string()),
        pa.field("decided_at", pa.string()),
        pa.field("source", pa.string(), nullable=False),
    ]
)
