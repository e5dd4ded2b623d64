"""The codes of a JPEG followed one by one: does any say what no encoder says?

Bits that have changed put a decoder out of step until, by chance, it falls into step again. libjpeg takes what it
reads in between for blocks. Often it could not be: frequencies beyond the last one, bits that are no code, a mean or
an amplitude that no pixels have (ITU-T T.81, F.1.2 and G.1.2). Following codes in Python takes about a second for a
megabyte, so this is asked only of a file whose pixels already look damaged.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np

from curate.images.containers.scans import Scan, scans

MAX_BYTES = 4 << 20
"""Of larger scans nothing is said: it would take longer than all else."""
MOST = 1024
"""No mean or amplitude is further from 0: 8 times 128 levels (T.81, A.3.3)."""
_RESTART = tuple(b"\xff" + bytes([marker]) for marker in range(0xD0, 0xD8))


def are_impossible(data: bytes) -> bool:
    """Say whether the codes of a baseline or progressive JPEG name something that no encoder writes."""
    return any(_is_impossible(data, scan) for scan in scans(data) if scan.end - scan.start <= MAX_BYTES)


def _is_impossible(data: bytes, scan: Scan) -> bool:
    if scan.refines or not (scan.frame.is_sequential or scan.frame.is_progressive):
        return False
    follow: Callable[[Scan, memoryview, int], bool]
    follow = _blocks if scan.frame.is_sequential else _means if scan.spectrum[0] == 0 else _bands
    return any(follow(scan, *_windows(part)) for part in _parts(data[scan.start : scan.end]))


def _parts(coded: bytes) -> Iterator[bytes]:
    """Cut coded data at restart markers, and take out the zero bytes that keep 0xFF from being a marker."""
    for marker in _RESTART[1:]:
        coded = coded.replace(marker, _RESTART[0])
    return (part.replace(b"\xff\x00", b"\xff") for part in coded.split(_RESTART[0]))


def _windows(part: bytes) -> tuple[memoryview, int]:
    """Return the 16 bits that begin at each bit, and how many bits there are; ones follow the end."""
    octets = np.frombuffer(part + b"\xff" * 10, np.uint8).astype(np.uint32)
    three = (octets[:-2] << 16) | (octets[1:-1] << 8) | octets[2:]
    windows = np.stack([(three >> (8 - bit)) & 0xFFFF for bit in range(8)], axis=1).astype(np.uint16)
    return memoryview(windows.tobytes()).cast("H"), 8 * len(part)


def _lookup(scan: Scan, number: int) -> list[int]:
    """Return what each 16 bits begin with: the length of the code (0: none) times 256, plus its symbol."""
    lengths, symbols = scan.tables.get(number, (bytes(16), b""))
    found = np.zeros(1 << 16, np.int64)
    at, index = 0, 0
    for length, count in enumerate(lengths, 1):
        width = 1 << (16 - length)
        for symbol in symbols[index : index + count]:
            found[at : at + width] = length << 8 | symbol
            at += width
        index += count
    lookup: list[int] = found.tolist()
    return lookup


def _members(scan: Scan) -> list[tuple[int, list[int], list[int], tuple[int, ...]]]:
    """List the blocks of one unit in order: component, lookups of mean and rest, quantisation."""
    unit = []
    lookups: dict[int, list[int]] = {}
    for number, mean_table, rest_table in scan.members:
        component = scan.frame.components.get(number)
        if component is None:
            return []
        for table in (mean_table, 0x10 | rest_table):
            if table not in lookups:
                lookups[table] = _lookup(scan, table)
        quanta = scan.quanta.get(component.quantiser, (1,) * 64)
        one = (number, lookups[mean_table], lookups[0x10 | rest_table], quanta)
        unit += [one] * (component.across * component.down if len(scan.members) > 1 else 1)
    return unit


def _blocks(scan: Scan, windows: memoryview, end: int) -> bool:  # noqa: PLR0912  # one loop, for speed
    """Follow whole blocks, mean and frequencies, as sequential JPEG has them."""
    unit, at = _members(scan), 0
    means = dict.fromkeys((number for number, *_ in unit), 0)
    # Frequencies hold the energy of the pixels (Parseval), give or take half a step each.
    most = {number: (MOST + math.hypot(*quanta) / 2) ** 2 for number, _, _, quanta in unit}
    while unit and at < end - 7:
        for number, mean, rest, quanta in unit:
            entry = mean[windows[at]]
            size = entry & 255
            at += entry >> 8
            if size > 15 or entry < 256 or at > end:
                return at < end - 16
            if size:
                value = windows[at] >> (16 - size)
                means[number] += value if value >> (size - 1) else value + 1 - (1 << size)
                at += size
            mean_now = means[number] * quanta[0]
            if abs(mean_now) > MOST + quanta[0]:
                return at <= end
            energy = mean_now**2
            place, skips = 1, False
            while place < 64:
                entry = rest[windows[at]]
                if entry < 256:
                    return at < end - 16
                at += entry >> 8
                size = entry & 15
                place += entry >> 4 & 15
                if size:
                    skips = False
                    if place > 63:
                        return at <= end
                    value = windows[at] >> (16 - size)
                    energy += ((value if value >> (size - 1) else value + 1 - (1 << size)) * quanta[place]) ** 2
                    at += size
                elif entry & 255 == 0xF0:
                    skips = True
                    if place > 62:
                        return at <= end
                elif skips:  # sixteen zeros, and then nothing
                    return at <= end
                else:
                    break
                place += 1
            if energy > most[number]:
                return at <= end
    return False


def _means(scan: Scan, windows: memoryview, end: int) -> bool:
    """Follow the means alone, as the first scan of progressive JPEG has them."""
    unit, at = _members(scan), 0
    means = dict.fromkeys((number for number, *_ in unit), 0)
    while unit and at < end - 7:
        for number, mean, _, quanta in unit:
            entry = mean[windows[at]]
            size = entry & 255
            at += entry >> 8
            if size > 15 or entry < 256 or at >= end:
                return at < end - 16
            if size:
                value = windows[at] >> (16 - size)
                means[number] += value if value >> (size - 1) else value + 1 - (1 << size)
                at += size
                if abs(means[number] << scan.last_bit) * quanta[0] > MOST + (quanta[0] << scan.last_bit):
                    return True
    return False


def _bands(scan: Scan, windows: memoryview, end: int) -> bool:
    """Follow a band of frequencies, as the later scans of progressive JPEG have them."""
    (_, _, rest, quanta), *_ = _members(scan) or [(0, [], [], ())]
    first, last = scan.spectrum
    at = 0
    while rest and at < end - 7:
        place = first
        while place <= last:
            entry = rest[windows[at]]
            if entry < 256:
                return at < end - 16
            at += entry >> 8
            size, run = entry & 15, entry >> 4 & 15
            if not size and run < 15:
                at += run  # so many bits say for how many blocks the band ends
                break
            place += run
            if place > last:
                return at <= end
            if size and quanta[place] << (size - 1 + scan.last_bit) > MOST + (quanta[place] << scan.last_bit):
                return at <= end
            at += size
            place += 1
    return False
