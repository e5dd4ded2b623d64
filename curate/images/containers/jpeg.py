"""JPEG: its marker segments, and what libjpeg's warnings mean."""

import re
import struct
from collections.abc import Iterator

from curate.i18n import msg
from curate.images import kinds
from curate.images.containers import zeros
from curate.images.containers.problem import Problem, trailing
from curate.images.containers.scans import EOI, FRAMES, is_complete, segments
from curate.schema import Severity

__all__ = [
    "claimed_orientation",
    "coded_data",
    "failure",
    "problems",
    "segments",
    "unusual_process",
    "with_end",
    "without_end",
]

END = b"\xff\xd9"
"""The marker that ends an image."""
_PROCESSES = {0xC3: "lossless JPEG", 0xC9: "arithmetic coding", 0xCA: "arithmetic coding, progressive"}
_EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker 0x([0-9a-f]+)")


def coded_data(data: bytes) -> bytes:
    """Return the file without its application segments and comments: what alone decides the pixels."""
    parts, end = [], 2
    for marker, start, end in segments(data):
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            parts.append(data[start:end])
    return b"".join([*parts, data[end:]])


def claimed_orientation(data: bytes) -> int:
    """Return the orientation that the EXIF says; 1 where it says nothing, 0 where it is nonsense or cannot be read."""
    for marker, start, end in segments(data):
        if marker == 0xE1 and data[start + 4 : start + 10] == b"Exif\x00\x00":
            return _tiff_orientation(data[start + 10 : end])
    return 1


def _tiff_orientation(block: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return 0
    (first,) = struct.unpack_from(order + "I", block, 4)
    if first + 2 > len(block):
        return 0
    (count,) = struct.unpack_from(order + "H", block, first)
    for index in range(min(count, 200)):
        entry = first + 2 + 12 * index
        if entry + 12 > len(block):
            return 0
        tag, kind, _, value = struct.unpack_from(order + "HHIH", block, entry)
        if tag == 0x0112 and kind == 3:
            return value if 1 <= value <= 8 else 0
    return 1


def problems(data: bytes, claimed: int | None = None) -> Iterator[Problem]:
    """Yield what a JPEG that decodes without a warning may still have: a lost sector, bytes behind its end marker.

    `claimed` is its `claimed_orientation`, where that is known.
    """
    lost = zeros.problem(data)
    if lost is not None:
        yield lost
    if not (claimed_orientation(data) if claimed is None else claimed):
        yield Problem(
            kinds.ODD_METADATA,
            Severity.INFO,
            msg("Its EXIF block cannot be read, or claims an impossible orientation."),
        )
    end = data.rfind(b"\xff\xd9") + 2
    if 2 < end < len(data) and data[end:].strip(b"\x00\n\r ") and b"MPF\x00" not in data[:65536]:
        yield trailing(data, end)


def with_end(data: bytes) -> bytes | None:
    """Return a file that ends too early with an end marker; None where whole passes over the image are missing.

    Where a strict decoder reads what comes back, nothing else is missing.
    """
    return data.removesuffix(END[:1]) + END if is_complete(data) else None


def without_end() -> Problem:
    """Note that the end marker is missing and nothing else is."""
    return Problem(
        kinds.TRUNCATED,
        Severity.WARNING,
        msg("All of the image is there; only the end marker behind it, two bytes, is missing."),
        {"missing": "end marker"},
    )


def unusual_process(data: bytes) -> str | None:
    """Name a way of coding that is part of the standard and of few decoders; None for the usual ones."""
    for marker, start, _ in segments(data):
        if marker in FRAMES:
            if marker not in (0xC0, 0xC1, 0xC2):
                return _PROCESSES.get(marker, f"JPEG process {marker - 0xC0}")
            precision = data[start + 4]
            return f"{precision} bits a sample" if precision != 8 else None
    return None


def failure(message: str, data: bytes) -> Problem:
    """Put libjpeg's first warning into words."""
    if "Premature end of JPEG file" in message:
        return Problem(
            kinds.TRUNCATED,
            Severity.ERROR,
            msg("The file ends at byte {size:,} before the image does; fetch it again.", size=len(data)),
            {"offset": len(data)},
        )
    extraneous = _EXTRANEOUS.search(message)
    if extraneous:
        count, marker = int(extraneous[1]), int(extraneous[2], 16)
        where = msg("the end of the image") if marker == EOI else msg("marker {marker}", marker=f"0x{marker:02x}")
        return Problem(
            kinds.DAMAGED,
            Severity.WARNING,
            msg(
                "The compressed data are damaged: {count:,} bytes are left over before {where}.",
                count=count,
                where=where,
            ),
            {"extraneous_bytes": count},
        )
    detail = message.removeprefix("Corrupt JPEG data: ")
    return Problem(
        kinds.DAMAGED,
        Severity.WARNING,
        msg("The compressed data are damaged: the decoder reports '{detail}' and guesses the rest.", detail=detail),
        {"decoder": message},
    )
