"""The words and the columns: every closed set and every table schema, written once.

Invariant: the order of `Category` is the order in which Table 1 counts an image, and the order of
`KINDS` within a category is from the plainest evidence to the faintest.
"""

from enum import StrEnum

import pyarrow as pa


class Category(StrEnum):
    """What is wrong with an image, in the order in which Table 1 counts it."""

    CORRUPTED = "corrupted"
    DUPLICATE = "duplicate"
    UNSUITABLE = "unsuitable"
    LABEL = "label"


class Kind(StrEnum):
    """The named reason behind a finding."""

    EMPTY = "empty"
    NOT_AN_IMAGE = "not_an_image"
    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    WRONG_EXTENSION = "wrong_extension"
    ODD_METADATA = "odd_metadata"

    LABEL_CONFLICT = "label_conflict"
    SPLIT_LEAK = "split_leak"
    SAME_BYTES = "same_bytes"
    SAME_PIXELS = "same_pixels"
    RE_ENCODED = "re_encoded"
    RESIZED = "resized"
    RECOLOURED = "recoloured"
    MIRRORED = "mirrored"
    ROTATED = "rotated"
    CROPPED = "cropped"
    EDITED = "edited"

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    SMALL_FACE = "small_face"
    TEXT_OVERLAY = "text_overlay"
    DRAWING = "drawing"
    BLURRY = "blurry"
    DARK = "dark"
    BRIGHT = "bright"
    LOW_INFORMATION = "low_information"
    ODD_SIZE = "odd_size"
    ODD_ASPECT_RATIO = "odd_aspect_ratio"
    OFF_TOPIC = "off_topic"

    SUSPECTED_MISLABEL = "suspected_mislabel"


KINDS: dict[Category, tuple[Kind, ...]] = {
    Category.CORRUPTED: (
        Kind.EMPTY,
        Kind.NOT_AN_IMAGE,
        Kind.UNREADABLE,
        Kind.TRUNCATED,
        Kind.DAMAGED,
        Kind.TOO_LARGE,
        Kind.CRASHED,
        Kind.TIMED_OUT,
        Kind.WRONG_EXTENSION,
        Kind.ODD_METADATA,
    ),
    Category.DUPLICATE: (
        Kind.LABEL_CONFLICT,
        Kind.SPLIT_LEAK,
        Kind.SAME_BYTES,
        Kind.SAME_PIXELS,
        Kind.RE_ENCODED,
        Kind.RESIZED,
        Kind.RECOLOURED,
        Kind.MIRRORED,
        Kind.ROTATED,
        Kind.CROPPED,
        Kind.EDITED,
    ),
    Category.UNSUITABLE: (
        Kind.NO_FACE,
        Kind.SEVERAL_FACES,
        Kind.SMALL_FACE,
        Kind.TEXT_OVERLAY,
        Kind.DRAWING,
        Kind.BLURRY,
        Kind.DARK,
        Kind.BRIGHT,
        Kind.LOW_INFORMATION,
        Kind.ODD_SIZE,
        Kind.ODD_ASPECT_RATIO,
        Kind.OFF_TOPIC,
    ),
    Category.LABEL: (Kind.SUSPECTED_MISLABEL,),
}
CATEGORY_OF: dict[Kind, Category] = {kind: category for category, kinds in KINDS.items() for kind in kinds}

ACROSS = frozenset({Kind.LABEL_CONFLICT, Kind.SPLIT_LEAK})
"""Findings about where the members of a duplicate group stand, rather than about two images."""


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


class DecodeStatus(StrEnum):
    """How the decoder fared with a file."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


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
    ]
)

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
