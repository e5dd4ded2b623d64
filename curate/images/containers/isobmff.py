"""AVIF and HEIF: the boxes of the container (ISO/IEC 14496-12); the coded data carry no checksum."""

import struct
from collections.abc import Iterator

from curate.i18n import msg
from curate.images import kinds
from curate.images.containers.problem import Problem, cut_short
from curate.schema import Severity


def problems(data: bytes) -> Iterator[Problem]:
    """Walk the top-level boxes: each has a name, none is cut, and the description is there."""
    offset, box_names = 0, set()
    while offset + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, offset)
        if size == 1 and offset + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, offset + 8)
        if not all(32 <= byte < 127 for byte in name) or 0 < size < 8:
            yield Problem(
                kinds.DAMAGED,
                Severity.WARNING,
                msg("No box begins at byte {offset:,}, where one must: the file is damaged.", offset=offset),
                {"offset": offset},
            )
            return
        if size == 0:  # reaches to the end of the file
            return
        if offset + size > len(data):
            yield cut_short(offset + size - len(data), msg("{name} box", name=name.decode()), offset)
            return
        box_names.add(name)
        offset += size
    if b"meta" not in box_names and b"moov" not in box_names:
        yield cut_short(8, msg("description"), offset)
