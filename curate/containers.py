"""What a file's own structure tells, byte by byte, where decoders look away.

Each check reads the container without decoding pixels and returns the problems it can prove, with the
offset where it saw them.
"""

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from curate.schema import Kind, Severity


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file, in plain words; `where` holds offsets, rows, chunks as numbers."""

    kind: Kind
    severity: Severity
    reason: str
    where: Mapping[str, Any] = field(default_factory=dict)


def problems(data: bytes, image_format: str | None) -> list[Problem]:
    """Everything the container proves to be wrong."""
    return list(png_problems(data)) if image_format == "PNG" else []


# PNG


def png_problems(data: bytes) -> Iterator[Problem]:
    """Walk the chunks of a PNG (ISO/IEC 15948): every CRC, the IEND chunk, and nothing cut in between."""
    offset, seen_data = 8, False
    while offset + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, offset)
        label = name.decode("latin-1") if name.isalnum() else name.hex()
        end = offset + 12 + length
        if end > len(data):
            yield Problem(
                Kind.TRUNCATED,
                Severity.ERROR,
                f"The file ends {end - len(data):,} bytes before its {label} chunk (at byte {offset:,}) does.",
                {"offset": offset, "chunk": label},
            )
            return
        (stored,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(data[offset + 4 : end - 4]) != stored:
            yield _bad_crc(name, label, offset)
            if name == b"IHDR":
                return
        seen_data |= name == b"IDAT"
        if name == b"IEND":
            if end < len(data):
                extra = len(data) - end
                yield Problem(
                    Kind.ODD_METADATA,
                    Severity.INFO,
                    f"{extra:,} bytes follow the end of the picture.",
                    {"offset": end},
                )
            return
        offset = end
    yield Problem(
        Kind.TRUNCATED,
        Severity.ERROR,
        f"The file ends at byte {len(data):,} without its closing IEND chunk.",
        {"offset": len(data), "has_data": seen_data},
    )


def _bad_crc(name: bytes, label: str, offset: int) -> Problem:
    critical = not name[0] & 0x20
    return Problem(
        Kind.DAMAGED if critical else Kind.ODD_METADATA,
        Severity.WARNING if critical else Severity.INFO,
        f"The checksum of the {label} chunk at byte {offset:,} is wrong: its bytes have changed since it was written.",
        {"offset": offset, "chunk": label},
    )


# JPEG

_SOS, _EOI = 0xDA, 0xD9
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker 0x([0-9a-f]+)")


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The marker segments before the first scan as (marker, start, end); ends with the SOS segment."""
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


def jpeg_coded_data(data: bytes) -> bytes:
    """The file without its application segments and comments: what alone decides the pixels."""
    kept, end = [], 2
    for marker, start, end in jpeg_segments(data):
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(data[start:end])
    return b"".join([*kept, data[end:]])


def exif_orientation(data: bytes) -> int:
    """The EXIF orientation of a JPEG, 1 to 8; 1 where there is none or it is nonsense."""
    if b"Exif\x00\x00" not in data[:65536]:
        return 1
    for marker, start, end in jpeg_segments(data):
        if marker == 0xE1 and data[start + 4 : start + 10] == b"Exif\x00\x00":
            return _tiff_orientation(data[start + 10 : end])
    return 1


def _tiff_orientation(block: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return 1
    (first,) = struct.unpack_from(order + "I", block, 4)
    if first + 2 > len(block):
        return 1
    (count,) = struct.unpack_from(order + "H", block, first)
    for index in range(min(count, 200)):
        entry = first + 2 + 12 * index
        if entry + 12 > len(block):
            return 1
        tag, kind, _, value = struct.unpack_from(order + "HHIH", block, entry)
        if tag == 0x0112 and kind == 3:
            return value if 1 <= value <= 8 else 1
    return 1


def jpeg_problems(data: bytes) -> Iterator[Problem]:
    """What a JPEG that decodes without a warning may still have: bytes behind its end marker."""
    end = data.rfind(b"\xff\xd9")
    extra = len(data) - end - 2
    if end >= 0 and extra > 0 and data[end + 2 :].strip(b"\x00\n\r ") and b"MPF\x00" not in data[:65536]:
        yield Problem(
            Kind.ODD_METADATA,
            Severity.INFO,
            f"{extra:,} bytes follow the end of the picture.",
            {"offset": end + 2},
        )


def jpeg_failure(message: str, data: bytes) -> Problem:
    """Put libjpeg's first warning into words."""
    if "Premature end of JPEG file" in message:
        return Problem(
            Kind.TRUNCATED,
            Severity.ERROR,
            f"The file ends at byte {len(data):,} before the picture does; fetch it again.",
            {"offset": len(data)},
        )
    extraneous = _EXTRANEOUS.search(message)
    if extraneous:
        count, marker = int(extraneous[1]), int(extraneous[2], 16)
        where = "the end of the picture" if marker == _EOI else f"marker 0x{marker:02x}"
        return Problem(
            Kind.DAMAGED,
            Severity.WARNING,
            f"The compressed data are damaged: {count:,} bytes are left over before {where}.",
            {"extraneous_bytes": count},
        )
    detail = message.removeprefix("Corrupt JPEG data: ")
    return Problem(
        Kind.DAMAGED,
        Severity.WARNING,
        f"The compressed data are damaged: the decoder reports '{detail}' and guesses the rest.",
        {"decoder": message},
    )
