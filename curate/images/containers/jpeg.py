"""JPEG: its marker segments, and what libjpeg's warnings mean."""

import re
import struct
from collections.abc import Iterator

from curate.i18n import msg
from curate.images import kinds
from curate.images.containers.problem import Problem, trailing
from curate.schema import Severity

_SOS, _EOI, _DHT = 0xDA, 0xD9, 0xC4
_ZEROS = 24
"""So many zero bytes in a row are looked at; a sector has 512."""
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker 0x([0-9a-f]+)")


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the marker segments before the first scan as (marker, start, end); ends with the SOS segment."""
    offset = 2
    while offset + 4 <= len(data):
        if data[offset] != 0xFF:
            return
        marker = data[offset + 1]
        if marker == 0xFF:
            offset += 1
            continue
        if marker in _STANDALONE:
            offset += 2
            continue
        end = offset + 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
        yield marker, offset, end
        if marker in (_SOS, _EOI):
            return
        offset = end


def coded_data(data: bytes) -> bytes:
    """Return the file without its application segments and comments: what alone decides the pixels."""
    parts, end = [], 2
    for marker, start, end in segments(data):
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            parts.append(data[start:end])
    return b"".join([*parts, data[end:]])


def exif_orientation(data: bytes) -> int:
    """Return the EXIF orientation of a JPEG, 1 to 8; 1 where there is none or it is nonsense."""
    value = _claimed_orientation(data)
    return value if 1 <= value <= 8 else 1


def _claimed_orientation(data: bytes) -> int:
    """Return what the EXIF says, sense or nonsense; 1 where it says nothing, 0 where it cannot be read."""
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


def problems(data: bytes) -> Iterator[Problem]:
    """Yield what a JPEG that decodes without a warning may still have: a lost sector, bytes behind its end marker."""
    lost = _zeroed(data)
    if lost is not None:
        yield lost
    if not _claimed_orientation(data):
        yield Problem(
            kinds.ODD_METADATA,
            Severity.INFO,
            msg("Its EXIF block cannot be read, or claims an impossible orientation."),
        )
    end = data.rfind(b"\xff\xd9") + 2
    if 2 < end < len(data) and data[end:].strip(b"\x00\n\r ") and b"MPF\x00" not in data[:65536]:
        yield trailing(data, end)


def _zeroed(data: bytes) -> Problem | None:
    """Find a run of zero bytes among the coded data, where the code says that no image gives one.

    Zero bits stand for the shortest Huffman codes. Where the first AC code of the first component is not
    "end of block", they would be whole blocks in which every frequency has the same value (T.81, F.1.2.2).
    """
    start = data.find(bytes(_ZEROS))
    if start < 0 or not _zeros_are_odd(data, start):
        return None
    end = start + len(data[start:]) - len(data[start:].lstrip(b"\x00"))
    return Problem(
        kinds.DAMAGED,
        Severity.WARNING,
        msg(
            "{zeros:,} bytes from byte {start:,} on are zero, which no coded image is: a part was lost.",
            zeros=end - start,
            start=start,
        ),
        {"offset": start, "zero_bytes": end - start},
    )


def _zeros_are_odd(data: bytes, at: int) -> bool:
    """Say whether `at` lies in the one scan of a sequential JPEG whose first AC code is not "end of block"."""
    tables: dict[int, int] = {}
    sequential = False
    for marker, start, end in segments(data):
        body = data[start + 4 : end]
        if marker in (0xC0, 0xC1):
            sequential = True
        elif marker == _DHT:
            tables.update(_first_symbols(body))
        elif marker == _SOS and len(body) > 2:
            finish = data.find(b"\xff\xd9", end)
            return sequential and end < at and (at < finish or finish < 0) and tables.get(0x10 | body[2] & 0x0F, 0) != 0
    return False


def _first_symbols(body: bytes) -> Iterator[tuple[int, int]]:
    """Yield (class and id, symbol of the shortest code) of each Huffman table in a DHT segment."""
    while len(body) > 17:
        count = sum(body[1:17])
        yield body[0], body[17]
        body = body[17 + count :]


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
        where = msg("the end of the image") if marker == _EOI else msg("marker {marker}", marker=f"0x{marker:02x}")
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
