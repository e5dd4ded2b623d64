"""TIFF: strips and tiles that lie in the file, and whose compression proves itself (TIFF 6.0).

Deflate ends in a checksum, LZW codes must add up to the pixels. Uncompressed strips can only be cut.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from curate.i18n import Message, msg
from curate.images import kinds
from curate.images.containers import lzw
from curate.images.containers.problem import Problem, cut_short
from curate.schema import Severity

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _COLOUR, _SAMPLES, _PLANAR = 256, 257, 258, 259, 262, 277, 284
_STRIPS, _ROWS, _STRIP_BYTES = 273, 278, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 322, 323, 324, 325
_SIZES = {1: ("B", 1), 3: ("H", 2), 4: ("I", 4)}
_LZW, _DEFLATE, _YCBCR = 5, (8, 32946), 6
_MAX_PAGES, _MAX_VALUES = 100, 1 << 20

Tags = Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class _Piece:
    """One strip or tile: where it lies, and how many bytes it must expand to."""

    offset: int
    size: int
    expanded: int
    first_row: int


def problems(data: bytes) -> Iterator[Problem]:
    """Check every strip and tile of every page; report the first that fails on each page."""
    order = ">" if data[:2] == b"MM" else "<"
    for page, tags in enumerate(_pages(data, order)):
        for index, piece in enumerate(_pieces(tags)):
            wrong = _wrong(data, tags, piece, index, page)
            if wrong is not None:
                yield wrong
                break


def _pages(data: bytes, order: str) -> Iterator[Tags]:
    """Yield the directories of a classic TIFF; stops in silence where a decoder will not."""
    if len(data) < 8 or struct.unpack_from(order + "H", data, 2) != (42,):
        return
    (offset,) = struct.unpack_from(order + "I", data, 4)
    visited: set[int] = set()
    while offset and offset not in visited and offset + 2 <= len(data) and len(visited) < _MAX_PAGES:
        visited.add(offset)
        (count,) = struct.unpack_from(order + "H", data, offset)
        end = offset + 2 + 12 * count
        if end + 4 > len(data):
            return
        entries = (struct.unpack_from(order + "HHI4s", data, at) for at in range(offset + 2, end, 12))
        yield {tag: _values(data, order, kind, number, inline) for tag, kind, number, inline in entries}
        (offset,) = struct.unpack_from(order + "I", data, end)


def _values(data: bytes, order: str, kind: int, count: int, inline: bytes) -> tuple[int, ...]:
    if kind not in _SIZES or count > _MAX_VALUES:
        return ()
    code, size = _SIZES[kind]
    if count * size <= 4:
        return struct.unpack_from(f"{order}{count}{code}", inline)
    (at,) = struct.unpack(order + "I", inline)
    return struct.unpack_from(f"{order}{count}{code}", data, at) if at + count * size <= len(data) else ()


def _pieces(tags: Tags) -> Iterator[_Piece]:
    width, height = _one(tags, _WIDTH, 0), _one(tags, _HEIGHT, 0)
    samples = _one(tags, _SAMPLES, 1) if _one(tags, _PLANAR, 1) == 1 else 1
    bits = samples * _one(tags, _BITS, 1)
    if tags.get(_TILES):
        across, down = _one(tags, _TILE_WIDTH, 0), _one(tags, _TILE_HEIGHT, 0)
        expanded = (across * bits + 7) // 8 * down
        columns = max(1, -(-width // across)) if across else 1
        for index, (offset, size) in enumerate(zip(tags[_TILES], tags.get(_TILE_BYTES, ()), strict=False)):
            yield _Piece(offset, size, expanded, index // columns * down)
        return
    rows = min(_one(tags, _ROWS, height), height) or 1
    strips = -(-height // rows) or 1
    for index, (offset, size) in enumerate(zip(tags.get(_STRIPS, ()), tags.get(_STRIP_BYTES, ()), strict=False)):
        first = index % strips * rows
        yield _Piece(offset, size, (width * bits + 7) // 8 * min(rows, height - first), first)


def _one(tags: Tags, tag: int, default: int) -> int:
    values = tags.get(tag, ())
    return values[0] if values else default


def _wrong(data: bytes, tags: Tags, piece: _Piece, index: int, page: int) -> Problem | None:
    end = piece.offset + piece.size
    if end > len(data):
        return cut_short(end - len(data), msg("strip {strip} of pixels", strip=index + 1), piece.offset)
    compression, coded = _one(tags, _COMPRESSION, 1), data[piece.offset : end]
    if compression == 1:
        return _short(piece, piece.size, index, page) if piece.size < piece.expanded and _plain(tags) else None
    if compression in _DEFLATE:
        return None if _inflates(coded, piece.expanded) else _damaged(piece, index, page, msg("its checksum is wrong"))
    if compression == _LZW and _plain(tags) and coded[:1] == b"\x80":
        codes = lzw.walk(coded, root_bits=8, tiff=True)
        if codes.bad_code_at is not None:
            return _damaged(piece, index, page, msg("a code names what was never sent"))
        if codes.length < piece.expanded:
            return _short(piece, codes.length, index, page)
        if codes.length > piece.expanded:
            return _damaged(
                piece,
                index,
                page,
                msg("it makes {made:,} bytes instead of {expected:,}", made=codes.length, expected=piece.expanded),
            )
    return None


def _plain(tags: Tags) -> bool:
    """Say whether a strip's size follows from its rows: not with subsampled colour, nor with bits that are no bytes."""
    return _one(tags, _COLOUR, 1) != _YCBCR


def _inflates(coded: bytes, expanded: int) -> bool:
    """Say whether the data inflate to their end and their Adler-32 is right; never takes more than its pixels."""
    inflate = zlib.decompressobj()
    try:
        inflate.decompress(coded, max(1, 2 * expanded + 65536))
    except zlib.error:
        return False
    return inflate.eof or bool(inflate.unconsumed_tail)


def _short(piece: _Piece, length: int, index: int, page: int) -> Problem:
    return _damaged(
        piece, index, page, msg("it holds {held:,} of {expected:,} bytes", held=length, expected=piece.expanded)
    )


def _damaged(piece: _Piece, index: int, page: int, why: Message) -> Problem:
    return Problem(
        kinds.DAMAGED,
        Severity.WARNING,
        msg(
            "Strip {strip} (from row {first_row:,} on, at byte {offset:,}) is damaged: {why}.",
            strip=index + 1,
            first_row=piece.first_row,
            offset=piece.offset,
            why=why,
        ),
        {"offset": piece.offset, "strip": index, "row": piece.first_row, "page": page},
    )
