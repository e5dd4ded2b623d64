"""JPEG's way of writing: marker segments, frames, and scans of coded data (ITU-T T.81, Annexes B, F and G)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SOS, EOI, DHT, DQT = 0xDA, 0xD9, 0xC4, 0xDB
STANDALONE = {0x01, *range(0xD0, 0xD9)}
FRAMES = {*range(0xC0, 0xD0)} - {DHT, 0xC8, 0xCC}
_SEQUENTIAL, _PROGRESSIVE = (0xC0, 0xC1), 0xC2
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def segments(data: bytes, offset: int = 2) -> Iterator[tuple[int, int, int]]:
    """Yield the marker segments up to the next scan as (marker, start, end); ends with the SOS segment."""
    while offset + 4 <= len(data):
        if data[offset] != 0xFF:
            return
        marker = data[offset + 1]
        if marker == 0xFF:
            offset += 1
            continue
        if marker in STANDALONE:
            offset += 2
            continue
        end = offset + 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
        yield marker, offset, end
        if marker in (SOS, EOI):
            return
        offset = end


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a frame: how often it is sampled in a unit, and which quantisation table it has."""

    across: int
    down: int
    quantiser: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What a frame header says. `components` are by their number."""

    marker: int
    precision: int
    components: Mapping[int, Component]

    @property
    def is_sequential(self) -> bool:
        """Say whether each block is coded at once."""
        return self.marker in _SEQUENTIAL

    @property
    def is_progressive(self) -> bool:
        """Say whether blocks are coded a band of frequencies and a bit at a time."""
        return self.marker == _PROGRESSIVE


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan: what its header says, the tables in force, and where its coded data lie.

    `tables` holds the code lengths (1 to 16: how many) and symbols of each Huffman table by class and number, as in
    the DHT segment; `quanta` the 64 steps, in zigzag order, of each quantisation table.
    """

    frame: Frame
    members: tuple[tuple[int, int, int], ...]
    spectrum: tuple[int, int]
    refines: bool
    last_bit: int
    tables: Mapping[int, tuple[bytes, bytes]]
    quanta: Mapping[int, tuple[int, ...]]
    start: int
    end: int


def scans(data: bytes) -> Iterator[Scan]:
    """Yield the scans of the first image in a file; stops where the markers no longer make sense."""
    frame: Frame | None = None
    tables: dict[int, tuple[bytes, bytes]] = {}
    quanta: dict[int, tuple[int, ...]] = {}
    offset = 2
    while True:
        header = None
        for marker, start, end in segments(data, offset):
            body = data[start + 4 : end]
            if marker in FRAMES:
                frame = _frame(marker, body)
            elif marker == DHT:
                tables.update(_tables(body))
            elif marker == DQT:
                quanta.update(_quanta(body))
            elif marker == SOS:
                header = body, end
        if header is None or frame is None:
            return
        body, start = header
        count = body[0] if body else 0
        if not count or len(body) < 4 + 2 * count:
            return
        found = _END_OF_SCAN.search(data, start)
        end = found.start() if found else len(data)
        members = tuple((body[1 + 2 * n], body[2 + 2 * n] >> 4, body[2 + 2 * n] & 15) for n in range(count))
        first, last, bits = body[1 + 2 * count : 4 + 2 * count]
        yield Scan(frame, members, (first, last), bool(bits >> 4), bits & 15, dict(tables), dict(quanta), start, end)
        offset = end


def _frame(marker: int, body: bytes) -> Frame | None:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        return None
    entries = (body[6 + 3 * index : 9 + 3 * index] for index in range(body[5]))
    return Frame(marker, body[0], {item[0]: Component(item[1] >> 4, item[1] & 15, item[2]) for item in entries})


def _tables(body: bytes) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
    """Yield (class and number, (code lengths, symbols)) of each Huffman table in a DHT segment."""
    while len(body) > 17:
        count = sum(body[1:17])
        yield body[0], (body[1:17], body[17 : 17 + count])
        body = body[17 + count :]


def _quanta(body: bytes) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield (number, 64 steps) of each quantisation table in a DQT segment."""
    while len(body) >= 65:
        wide = 2 if body[0] >> 4 else 1
        steps = body[1 : 1 + 64 * wide]
        yield body[0] & 15, tuple(int.from_bytes(steps[at : at + wide], "big") for at in range(0, 64 * wide, wide))
        body = body[1 + 64 * wide :]


def is_complete(data: bytes) -> bool:
    """Say whether the scans hold all frequencies to the last bit, given that each is coded to its end.

    A sequential image is done with one scan of each component. A progressive one needs, for each component, the mean
    and every frequency refined down to bit 0.
    """
    missing: dict[int, set[int]] = {}
    frame: Frame | None = None
    for scan in scans(data):
        if frame is None:
            frame = scan.frame
            missing = {number: set(range(64)) for number in frame.components}
        first, last = (0, 63) if frame.is_sequential else scan.spectrum
        for number, _, _ in scan.members:
            if frame.is_sequential or scan.last_bit == 0:
                missing.get(number, set()).difference_update(range(first, last + 1))
    return frame is not None and not any(missing.values())
