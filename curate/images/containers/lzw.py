"""Whether LZW data are what their encoder wrote, without expanding them.

A code may only name what the table holds at that moment, and the lengths of all named strings must add up
to the number of pixels. Code widths follow from the count of codes alone, so a whole table's worth of codes
is cut out and checked at once.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TABLE = 4096
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Walk:
    """What the codes of one LZW stream say.

    `length` counts the samples they stand for up to the end code, the end of the data or an impossible code;
    `bad_code_at` is the byte of the first impossible code.
    """

    length: int
    ended: bool
    bad_code_at: int | None


def walk(data: bytes, *, root_bits: int, tiff: bool = False) -> Walk:
    """Follow an LZW stream.

    `root_bits` is the width of a sample. GIF packs codes from the low bit and widens them when the table is
    full; TIFF packs from the high bit and widens one code earlier (GIF89a, appendix F; TIFF 6.0, section 13).
    """
    clear = 1 << root_bits
    stream = np.frombuffer(data + bytes(4), dtype=np.uint8).astype(np.int64)
    bits = 8 * len(data)
    at, total = 0, 0
    lengths = _fresh(clear)
    table = clear + 2  # the entry that the second code after a clear code makes
    first = True
    while True:
        count = TABLE - table + 1 if first else TABLE
        widths = _widths(table, count, root_bits + 1, tiff=tiff) if first else np.full(count, 12)
        starts = at + np.concatenate([[0], np.cumsum(widths)])
        count = int(np.searchsorted(starts[1:], bits, side="right"))
        codes = _cut(stream, starts[:count], widths[:count], tiff=tiff)
        control = np.flatnonzero((codes == clear) | (codes == clear + 1))
        strings = codes[: control[0]] if control.size else codes
        if first:
            bad = _first_impossible(strings, table, clear)
            if bad is None:
                _enter(lengths, strings, table)
        else:
            bad = None  # the table is full: every code names something
        if bad is not None:
            return Walk(total + int(lengths[strings[:bad]].sum()) if bad else total, False, int(starts[bad]) // 8)
        total += int(lengths[strings].sum())
        if not control.size:
            if count < len(widths):
                return Walk(total, ended=False, bad_code_at=None)
            at, first = int(starts[count]), False
            continue
        at = int(starts[control[0] + 1])
        if codes[control[0]] == clear + 1:
            return Walk(total, ended=True, bad_code_at=None)
        first, lengths = True, _fresh(clear)


def _fresh(clear: int) -> Ints:
    lengths = np.zeros(TABLE, dtype=np.int64)
    lengths[:clear] = 1
    return lengths


def _widths(table: int, count: int, least: int, *, tiff: bool) -> Ints:
    """Return the width of each code after a clear code: that of the number of entries there are when it is read."""
    entries = table + np.maximum(np.arange(count) - 1, 0) + (1 if tiff else 0)
    widths = np.floor(np.log2(entries)).astype(np.int64) + 1
    return np.asarray(np.clip(widths, least, 12), dtype=np.int64)


def _cut(stream: Ints, starts: Ints, widths: Ints, *, tiff: bool) -> Ints:
    first, shift = starts >> 3, starts & 7
    a, b, c = stream[first], stream[first + 1], stream[first + 2]
    mask: Ints = (1 << widths) - 1
    if tiff:
        return np.asarray((a << 16 | b << 8 | c) >> (24 - shift - widths) & mask, dtype=np.int64)
    return np.asarray((a | b << 8 | c << 16) >> shift & mask, dtype=np.int64)


def _first_impossible(codes: Ints, table: int, clear: int) -> int | None:
    """Return the index of the first code that names what is not there yet."""
    newest = table + np.arange(len(codes)) - 1
    newest[:1] = clear - 1
    bad = np.flatnonzero(codes > newest)
    return int(bad[0]) if bad.size else None


def _enter(lengths: Ints, codes: Ints, table: int) -> None:
    """Resolve string lengths: entry `table + i` is the string of code `i` and one sample more (pointer jumping)."""
    made = codes[:-1][: TABLE - table]
    if not made.size:
        return
    parents = np.arange(TABLE)
    parents[table : table + len(made)] = made
    depths = (parents != np.arange(TABLE)).astype(np.int64)
    while True:
        further = depths[parents]
        if not further.any():
            break
        depths += further
        parents = parents[parents]
    lengths[table : table + len(made)] = depths[table : table + len(made)] + 1
