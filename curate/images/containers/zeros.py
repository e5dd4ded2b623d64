"""Zero bytes among the coded data of a JPEG: a lost sector, or a flat image.

Zero bits are a run of the shortest Huffman codes, each followed by zero bits, which stand for the lowest value of its
size (T.81, F.1.2). What that draws is known from the tables: where it is "no change, end of block", flat images may
hold it by the kilobyte. Where it is a coefficient, every frequency of a block would have the same value; where it is
a change of the mean, block after block would be darker until no value is left. No image is coded so.
"""

from collections.abc import Iterator

from curate.i18n import msg
from curate.images import kinds
from curate.images.containers.problem import Problem
from curate.images.containers.scans import Scan, scans
from curate.schema import Severity

RUN = 24
"""So many zero bytes in a row are looked at: 192 bits, three blocks of one bit a coefficient. A sector has 512."""
SECTOR, FEW = 400, 8
"""Most of a sector; and a run that images have by chance."""
CORRECTIONS = 160
"""Bytes that hold more bits than an encoder collects behind one code: libjpeg a thousand."""
WIDE = 31
"""A band with more frequencies than this has no image in which all of them are the same."""
MEAN_RANGE = 2048
"""All values that the mean of a block can take, before it is quantised: 8 times 256 levels."""


def problem(data: bytes) -> Problem | None:
    """Find a run of zero bytes among the coded data, where the code says that no image gives one."""
    if data.find(bytes(RUN)) < 0:
        return None
    for scan in scans(data):
        found = _impossible_run(data, scan)
        if found is not None:
            start, end = found
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
    return None


def _impossible_run(data: bytes, scan: Scan) -> tuple[int, int] | None:
    least = shortest_impossible(scan)
    runs = list(_runs(data, scan)) if least is not None or may_be_alone(scan) else []
    if least is None:
        # What repeats itself has many runs; a sector lies alone.
        start, end = max(runs, key=lambda run: run[1] - run[0], default=(0, 0))
        parts = data[scan.start : start], data[end : scan.end]
        return (start, end) if end - start >= SECTOR and not any(bytes(FEW) in part for part in parts) else None
    return next(((start, end) for start, end in runs if end - start >= least), None)


def may_be_alone(scan: Scan) -> bool:
    """Say whether a long run is a sign where it is the only one: in frequencies, whose flat parts take no bits."""
    return scan.frame.is_progressive and scan.spectrum[0] > 0


def _runs(data: bytes, scan: Scan) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each long run of zero bytes in the coded data of a scan."""
    at = data.find(bytes(RUN), scan.start, scan.end)
    while at >= 0:
        end = at + RUN
        while end < scan.end and not data[end]:
            step = min(4096, scan.end - end)
            zeros = step - len(data[end : end + step].lstrip(b"\x00"))
            end += zeros
            if zeros < step:
                break
        yield at, end
        at = data.find(bytes(RUN), end, scan.end)


def shortest_impossible(scan: Scan) -> int | None:
    """Return how many zero bytes no image gives in this scan; None where any number may be a flat image."""
    if scan.frame.is_progressive and scan.spectrum[0] > 0:
        return _impossible_in_band(scan)
    if scan.refines or not (scan.frame.is_sequential or scan.frame.is_progressive):
        return None
    return _impossible_in_blocks(scan)


def _impossible_in_band(scan: Scan) -> int | None:
    """Judge a band of frequencies of progressive JPEG, sent for the first time or refined.

    "The band ends here, for so many blocks" is said once for all blocks in a row, by encoders whose table has codes for
    more than one: two of them side by side, with nothing between, are none of theirs (T.81, G.1.2.2).
    """
    table = 0x10 | scan.members[0][2]
    first = _shortest(scan, table)
    if first is None:
        return None
    symbol = first[1]
    _, symbols = scan.tables[table]
    joins_blocks = any(not item & 15 and 0x00 < item < 0xF0 for item in symbols)
    if scan.refines:  # zero bits may be corrections, up to a thousand behind the code for one block
        return CORRECTIONS if symbol == 0 and joins_blocks else None
    if symbol & 15:  # a coefficient, again and again: in a narrow band that may be a pattern
        return RUN if scan.spectrum[1] - scan.spectrum[0] >= WIDE else None
    return RUN if symbol < 0xF0 and joins_blocks else None


def _impossible_in_blocks(scan: Scan) -> int | None:
    """Judge whole blocks, or the means alone that progressive JPEG begins with."""
    bits_per_unit, drift = 0, 0
    for number, mean_table, rest_table in scan.members:
        component = scan.frame.components.get(number)
        mean = _shortest(scan, mean_table)
        rest = _shortest(scan, 0x10 | rest_table) if scan.frame.is_sequential else (0, 0)
        if component is None or mean is None or rest is None:
            return None
        if rest[1] & 15:
            return RUN
        if rest[1]:  # sixteen zeros: a code on its own, which no block is made of
            return None
        blocks = component.across * component.down if len(scan.members) > 1 else 1
        bits_per_unit += blocks * (sum(mean) + rest[0])
        step = ((1 << mean[1]) - 1 << scan.last_bit) * scan.quanta.get(component.quantiser, (1,))[0]
        drift = max(drift, blocks * step)
    if not drift:
        return None
    return max(RUN, int((MEAN_RANGE / drift + 1) * bits_per_unit / 8) + 1)


def _shortest(scan: Scan, table: int) -> tuple[int, int] | None:
    """Return (length in bits, symbol) of the code that zero bits stand for."""
    lengths, symbols = scan.tables.get(table, (b"", b""))
    length = next((index + 1 for index, count in enumerate(lengths) if count), 0)
    return (length, symbols[0]) if length and symbols else None
