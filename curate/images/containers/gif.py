"""GIF: the blocks up to the trailer, and whether each frame's codes add up to its pixels (GIF89a)."""

from collections.abc import Iterator

from curate.i18n import Message, msg
from curate.images import kinds
from curate.images.containers import lzw
from curate.images.containers.problem import Problem, trailing
from curate.schema import Severity

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_MAX_CODED = 32 << 20
"""Bytes of coded data per file whose codes are followed."""


def problems(data: bytes) -> Iterator[Problem]:
    """Walk the blocks; report the first thing that does not add up."""
    if len(data) < 13:
        yield _ends_early(data, msg("header"), 0)
        return
    offset = 13 + _palette(data[10])
    frame, checked = 0, 0
    while offset < len(data):
        start, block = offset, data[offset]
        if block == _TRAILER:
            if data[offset + 1 :].strip(b"\x00\n\r "):
                yield trailing(data, offset + 1)
            return
        if block == 0:  # padding that decoders skip
            offset += 1
            continue
        if block == _EXTENSION:
            offset, _ = _sub_blocks(data, offset + 2)
        elif block == _IMAGE and offset + 11 <= len(data):
            body = offset + 10 + _palette(data[offset + 9])
            offset, coded = _sub_blocks(data, body + 1)
            checked += len(coded)
            if offset <= len(data) and body < len(data) and checked <= _MAX_CODED:
                width, height = (int.from_bytes(data[start + at : start + at + 2], "little") for at in (5, 7))
                wrong = _frame_problem(coded, data[body], width * height, frame, start)
                if wrong is not None:
                    yield wrong
                    return
            frame += 1
        else:
            yield Problem(
                kinds.DAMAGED,
                Severity.WARNING,
                msg(
                    "No GIF block begins at byte {start:,}: the data before it are damaged or some are missing.",
                    start=start,
                ),
                {"offset": start, "frame": frame},
            )
            return
        if offset > len(data):
            yield _ends_early(data, msg("image data") if block == _IMAGE else msg("block"), start)
            return
    yield Problem(
        kinds.TRUNCATED,
        Severity.WARNING if frame else Severity.ERROR,
        msg("The file ends at byte {size:,} without its trailer; the last bytes are missing.", size=len(data)),
        {"offset": len(data), "frames": frame},
    )


def _palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _sub_blocks(data: bytes, offset: int) -> tuple[int, bytes]:
    """Return the offset behind a chain of sub-blocks (behind the file if the chain is cut), and what they hold."""
    parts: list[bytes] = []
    while offset < len(data):
        size = data[offset]
        if size == 0:
            return offset + 1, b"".join(parts)
        parts.append(data[offset + 1 : offset + 1 + size])
        offset += 1 + size
    return len(data) + 1, b"".join(parts)


def _frame_problem(coded: bytes, root_bits: int, pixels: int, frame: int, offset: int) -> Problem | None:
    where = {"frame": frame, "offset": offset}
    if not 1 <= root_bits <= 8:
        return Problem(
            kinds.DAMAGED,
            Severity.WARNING,
            msg(
                "Frame {frame} claims samples of {bits} bits, which GIF does not have.", frame=frame + 1, bits=root_bits
            ),
            where,
        )
    codes = lzw.walk(coded, root_bits=root_bits)
    if codes.bad_code_at is not None:
        return Problem(
            kinds.DAMAGED,
            Severity.WARNING,
            msg(
                "Frame {frame} is damaged after {sound:,} of its {pixels:,} pixels: a code names what was never sent.",
                frame=frame + 1,
                sound=min(codes.length, pixels),
                pixels=pixels,
            ),
            {**where, "pixels": codes.length},
        )
    if codes.length != pixels:
        return Problem(
            kinds.DAMAGED,
            Severity.WARNING,
            msg(
                "The codes of frame {frame} make {length:,} pixels, but it has {pixels:,}: some are damaged.",
                frame=frame + 1,
                length=codes.length,
                pixels=pixels,
            ),
            {**where, "pixels": codes.length},
        )
    return None


def _ends_early(data: bytes, what: Message, offset: int) -> Problem:
    return Problem(
        kinds.TRUNCATED,
        Severity.ERROR,
        msg(
            "The file ends at byte {size:,}, before its {what} (from byte {offset:,}) does; fetch it again.",
            size=len(data),
            what=what,
            offset=offset,
        ),
        {"offset": offset},
    )
