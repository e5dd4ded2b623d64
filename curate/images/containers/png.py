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


_DECIDES_PIXELS = (b"tRNS", b"acTL", b"fcTL", b"fdAT")
"""Ancillary chunks that what is seen depends on: transparency and the frames of an animation."""


def _is_beside_the_image(name: bytes) -> bool:
    """Say whether the samples do not depend on a chunk: all that are ancillary by the case of their first letter."""
    return bool(name[0] & 0x20) and name not in _DECIDES_PIXELS


def _bad_crc(name: bytes, label: str, offset: int) -> Problem:
    is_beside = _is_beside_the_image(name)
    ancillary = msg("; the pixels do not depend on it") if is_beside else ""
    return Problem(
        kinds.ODD_METADATA if is_beside else kinds.DAMAGED,
        Severity.INFO if is_beside else Severity.WARNING,
        msg(
            "The checksum of the {label} chunk at byte {offset:,} is wrong: its bytes have changed since it "
            "was written{ancillary}.",
            label=label,
            offset=offset,
            ancillary=ancillary,
        ),
        {"offset": offset, "chunk": label},
    )


def without_metadata(data: bytes) -> bytes:
    """Return the file with the chunks only that decide what is seen: a decoder may choke on one that does not."""
    kept, offset = [data[:8]], 8
    while offset + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, offset)
        end = offset + 12 + length
        chunk = data[offset:end]
        is_upright = name == b"eXIf" and zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")
        if is_upright or not _is_beside_the_image(name):
            kept.append(chunk)
        offset = end
    return b"".join(kept)
