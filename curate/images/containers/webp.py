"""WebP: the RIFF chunks; the coded data themselves carry no checksum (RFC 9649)."""

import struct
from collections.abc import Iterator

from curate.i18n import Message, msg
from curate.images import kinds
from curate.images.containers.problem import Problem, cut_short, trailing
from curate.schema import Severity


def problems(data: bytes) -> Iterator[Problem]:
    """Walk the chunks: nothing cut, the image's own header whole, and no larger than the canvas."""
    if len(data) < 20:
        yield cut_short(20 - len(data), msg("header"), 0)
        return
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data) + 1:  # some writers leave out the last padding byte
        yield cut_short(end - len(data), msg("RIFF container"), 0)
        return
    if len(data) > end + (end & 1):
        yield trailing(data, end)
    offset = 12
    while offset + 8 <= min(end, len(data)):
        name, size = struct.unpack_from("<4sI", data, offset)
        if not name.isascii() or not name.decode("ascii", "replace").isprintable():
            yield _damaged(msg("No chunk begins at byte {offset:,}, where one must.", offset=offset), offset)
            return
        if offset + 8 + size > min(end, len(data)):
            yield cut_short(offset + 8 + size - len(data), msg("{label} chunk", label=name.decode()), offset)
            return
        yield from _image_header(name, data[offset + 8 : offset + 18], offset)
        offset += 8 + size + (size & 1)


def _image_header(name: bytes, body: bytes, offset: int) -> Iterator[Problem]:
    if name == b"VP8L" and body[:1] != b"\x2f":
        yield _damaged(msg("The lossless image lacks its signature."), offset)
    if name == b"VP8 " and len(body) >= 6 and not body[0] & 1 and body[3:6] != b"\x9d\x01\x2a":
        yield _damaged(msg("The image lacks its start code."), offset)


def _damaged(message: Message, offset: int) -> Problem:
    return Problem(kinds.DAMAGED, Severity.WARNING, message, {"offset": offset})
