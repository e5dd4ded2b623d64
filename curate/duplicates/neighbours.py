"""Verified neighbours of rows, at a cost that does not grow with the square of a sequence of look-alikes.

Rows are asked for from the best keeper on. What a keeper has taken needs no neighbours of its own, so pairs are
verified in portions, and those of rows taken by then never are. The groups are those that verifying all pairs gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set

import numpy as np
import numpy.typing as npt

from curate.duplicates.groups import Match, inverse
from curate.duplicates.hamming import Pairs
from curate.duplicates.verify import Verifier

FEWEST, MOST = 1 << 11, 1 << 17
"""Pairs in a portion: few while many turn out to be copies, which spares others; then more."""
_MANY = 0.25
_PAIR = np.dtype([("left", np.int32), ("right", np.int32), ("bits", np.uint8), ("transform", np.uint8)])


class Neighbours:
    """For each row, what its copies are to it."""

    def __init__(self, verifier: Verifier, report: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Tell `report` how many of the pairs that were put off are verified, and of how many."""
        self._report = report
        self.near: dict[int, dict[int, Match]] = {}
        self.verifier = verifier
        self._transforms: Sequence[str | None] = ()
        self._pairs = np.empty(0, _PAIR)
        """Sorted by the better row of each pair; many there may be, so they are small."""
        self._first = np.empty(0, np.int32)
        self._done, self._portion = 0, FEWEST

    def verify(self, pairs: Pairs, transform: str | None) -> int:
        """Verify these pairs but for known ones, now; return how many are copies."""
        left, right, bits = pairs
        if transform is not None:  # each pair is reported once; upright pairs come first
            fresh = np.array(
                [b not in self.near.get(a, ()) for a, b in zip(left.tolist(), right.tolist(), strict=True)]
            )
            left, right, bits = (side[fresh.astype(bool)] for side in (left, right, bits))
        found = self.verifier.copies((left, right, bits), transform)
        for a, b, match in found:
            self.near.setdefault(a, {})[b] = match
            self.near.setdefault(b, {})[a] = inverse(match)
        return len(found)

    def add(self, matches: Iterable[tuple[int, int, Match, Match]]) -> None:
        """Take (row, other, what the other is to the row, what the row is to the other), but for known pairs."""
        for row, other, match, back in matches:
            if other not in self.near.get(row, ()):
                self.near.setdefault(row, {})[other] = match
                self.near.setdefault(other, {})[row] = back

    def put_off(self, candidates: Sequence[tuple[str | None, Pairs]]) -> None:
        """Take these pairs, transform by transform, to be verified once somebody asks for one of their rows."""
        self._transforms = [transform for transform, _ in candidates]
        pairs = np.concatenate([_packed(pairs, index) for index, (_, pairs) in enumerate(candidates)])
        better = np.minimum(pairs["left"], pairs["right"])
        order = np.lexsort((pairs["right"], pairs["left"], pairs["transform"], better))
        self._pairs, self._first, self._done = pairs[order], better[order], 0

    def of(self, row: int, taken: Set[int]) -> dict[int, Match]:
        """Return the copies of a row; rows have to be asked for in ascending order, with what is taken by then."""
        while self._done < len(self._first) and self._first[self._done] <= row:
            last = self._first[min(self._done + self._portion, len(self._first)) - 1]
            end = int(np.searchsorted(self._first, last, side="right"))
            portion, self._done = self._pairs[self._done : end], end
            gone = np.fromiter(taken, np.int32, len(taken))
            portion = portion[~(np.isin(portion["left"], gone) | np.isin(portion["right"], gone))]
            copies = 0
            for index, transform in enumerate(self._transforms):
                chosen = portion[portion["transform"] == index]
                copies += self.verify((chosen["left"], chosen["right"], chosen["bits"]), transform)
            busy = copies > _MANY * max(len(portion), 1)
            self._portion = FEWEST if busy else min(2 * self._portion, MOST)
            self._report(self._done, len(self._first))
        return self.near.get(row, {})


def _packed(pairs: Pairs, transform: int) -> npt.NDArray[np.void]:
    packed = np.empty(len(pairs[0]), _PAIR)
    packed["left"], packed["right"], packed["bits"] = pairs
    packed["transform"] = transform
    return packed
