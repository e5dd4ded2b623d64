"""Small images of one shape, measured together: what takes the time there is the calls, not the pixels.

Invariant: a row is what it would be had its image been measured alone. Where a scanner fails on a batch, or a process
has died of one, its images are measured one by one.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from curate.images.image import DecodedImage
from curate.measuring import measure
from curate.measuring.journal import Watch
from curate.measuring.measure import Opened
from curate.measuring.rows import Row
from curate.measuring.shard import Shard
from curate.scanners import Scanner

SMALL_PX = 128
"""Longest side of an image that is measured with others: digits, icons, crops of faces."""
IN_BATCH, PIXELS = 64, 150_000
"""Images in a batch: calls cost little then. Fewer of larger ones, so that what is made of them stays in the caches."""


class Waiting(NamedTuple):
    """A small image that waits for others, its file, and the number of that in the shard."""

    number: int
    file: Opened
    image: DecodedImage


Rows = dict[int, Row | None]
"""Rows by the number of their file; None where memory could not be had."""


def _takes_batches(scanner: Scanner) -> bool:
    return type(scanner).measure_batch is not Scanner.measure_batch


class Batches:
    """The opened files of a shard, from which rows are made as soon as a batch is full."""

    def __init__(self, shard: Shard, watch: Watch, seconds: dict[str, float]) -> None:
        self._all = shard.scanners
        self._together = [] if shard.settled else [each for each in self._all if _takes_batches(each)]
        self._one_by_one = [each for each in self._all if each not in self._together]
        self._watch = watch
        self._seconds = seconds
        self._waiting: dict[tuple[int, ...], list[Waiting]] = defaultdict(list)

    def add(self, index: int, file: Opened) -> Rows:
        """Measure a file, or keep it until its batch is full; return what is done now."""
        image = file.decoded.image
        if image is None or not self._is_small(image):
            return {index: measure.row_of(file) if measure.add(self._all, file, self._seconds) else None}
        if not measure.add(self._one_by_one, file, self._seconds):
            return {index: None}
        shape = image.pixels.shape
        self._waiting[shape].append(Waiting(index, file, image))
        is_full = len(self._waiting[shape]) >= min(IN_BATCH, PIXELS // (shape[0] * shape[1]))
        return self._measured(self._waiting.pop(shape)) if is_full else {}

    def rest(self) -> Rows:
        """Measure what still waits."""
        made: Rows = {}
        while self._waiting:
            made |= self._measured(self._waiting.popitem()[1])
        return made

    def _is_small(self, image: DecodedImage) -> bool:
        return bool(self._together) and image.on_black is None and max(image.pixels.shape[:2]) <= SMALL_PX

    def _measured(self, batch: Sequence[Waiting]) -> Rows:
        self._watch.enter(batch[0].number)
        lacking = {index for scanner in self._together for index in self._by(scanner, batch)}
        return {each.number: None if each.number in lacking else measure.row_of(each.file) for each in batch}

    def _by(self, scanner: Scanner, batch: Sequence[Waiting]) -> list[int]:
        """Let a scanner measure a batch; return the numbers of those for which memory could not be had."""
        started = time.perf_counter()
        try:
            values = scanner.measure_batch([each.image for each in batch])
            for each, measured in zip(batch, values, strict=True):
                each.file.note(scanner, measured)
        except Exception:  # scanners raise anything; at which image shows when each is measured by itself
            return self._each_by(scanner, batch)
        self._seconds[scanner.name] += time.perf_counter() - started
        return []

    def _each_by(self, scanner: Scanner, batch: Sequence[Waiting]) -> list[int]:
        lacking = []
        for each in batch:
            self._watch.enter(each.number)
            if not measure.add([scanner], each.file, self._seconds):
                lacking.append(each.number)
        return lacking
