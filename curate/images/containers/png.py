"""PNG: the checksum of every chunk, and the chunk that ends the file (ISO/IEC 15948)."""

import struct
import zlib
from collections.abc import Iterator

from curate.i18n import msg
from curate.images import kinds
from curate.images.containers.problem import Problem, cut_short, trailing
from curate.schema import Severity


def problems(data: bytes) -> Iterator[Problem]:
    """Walk the chunks: every CRC, the IEND chunk, and nothing cut in between."""
    offset, seen_data = 8, False
    while offset + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, offset)
        label = name.decode("latin-1") if name.isalnum() else name.hex()
        end = offset + 12 + length
        if end > len(data):
            yield cut_short(end - len(data), msg("{label} chunk", label=label), offset)
            return
        (stored,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(data[offset + 4 : end - 4]) != stored:
            yield _bad_crc(name, label, offset)
            if name == b"IHDR":
                return
        seen_data |= name == b"IDAT"
        if name == b"IEND":
            if end < len(data):
                yield trailing(data, end)
            return
        offset = end
    yield Problem(
        kinds.TRUNCATED,
        Severity.ERROR,
        msg("The file ends at byte {size:,} without its closing IEND chunk.", size=len(data)),
        {"offset": len(data), "has_data": seen_data},
    )


def _bad_crc(name: bytes, label: str, offset: int) -> Problem:
    ancillary = msg("; the pixels do not depend on it") if name[0] & 0x20 else ""
    return Problem(
        kinds.DAMAGED,
        Severity.WARNING,
        msg(
            "The checksum of the {label} chunk at byte {offset:,} is wrong: its bytes have changed since it "
            "was written{ancillary}.",
            label=label,
            offset=offset,
            ancillary=ancillary,
        ),
        {"offset": offset, "chunk": label},
    )
