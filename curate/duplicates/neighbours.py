"""Verified neighbours of rows, at a cost that does not grow with the square of a sequence of look-alikes.

Rows are asked for from the best keeper on. What a keeper has taken needs no neighbours of its own, so pairs are
verified in portions, and those of rows taken by then never are. The groups are those that verifying all pairs gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.duplicates.groups import Match, inverse
from curate.duplicates.hamming import Pairs, Rows
from curate.duplicates.verify import Verifier

FEWEST, MOST = 1 << 11, 1 << 17
"""Pairs in a portion: few while many turn out to be copies, which spares others; then more."""
_MANY = 0.25


class Neighbours:
    """For each row, what its copies are to it."""

    def __init__(
        self,
        verifier: Verifier,
        report: Callable[[int, int], None] = lambda done, total: None,
        upright: Pairs | None = None,
    ) -> None:
        """Tell `report` how many of the pairs that were put off are verified, and of how many.

        `upright` are the candidates that lie as they are, whatever they turn out to be.
        """
        self.upright = upright
        self._report = report
        self.near: dict[int, dict[int, Match]] = {}
        self.verifier = verifier
        self._waiting: list[_Waiting] = []
        self._ends = np.empty(0, np.int64)
        """By row, how many pairs have it or an earlier one as their better row."""
        self._next, self._portion = 0, FEWEST
        self._is_gone = np.empty(0, dtype=bool)

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
        self._waiting = [_by_better_row(transform, *pairs) for transform, pairs in candidates]
        rows = max((int(waiting.better.max(initial=-1)) for waiting in self._waiting), default=-1) + 1
        counts = np.zeros(rows, np.int64)
        for waiting in self._waiting:
            counts += np.diff(waiting.places(np.arange(rows + 1)))
        self._ends, self._next = np.cumsum(counts), 0
        self._is_gone = np.zeros(max((waiting.rows for waiting in self._waiting), default=0), dtype=bool)

    def of(self, row: int, taken: Set[int]) -> dict[int, Match]:
        """Return the copies of a row; rows have to be asked for in ascending order, with what is taken by then."""
        while self._next <= min(row, len(self._ends) - 1):
            done, total = int(self._ends[self._next - 1]) if self._next else 0, int(self._ends[-1])
            until = int(np.searchsorted(self._ends, min(done + self._portion, total))) + 1
            gone = np.fromiter(taken, np.int64, len(taken))
            self._is_gone[gone[gone < len(self._is_gone)]] = True
            copies = looked_at = 0
            for waiting in self._waiting:
                pairs = waiting.of_rows(self._next, until, self._is_gone)
                copies += self.verify(pairs, waiting.transform)
                looked_at += len(pairs[0])
            busy = copies > _MANY * max(looked_at, 1)
            self._portion = FEWEST if busy else min(2 * self._portion, MOST)
            self._next = until
            self._report(int(self._ends[until - 1]), total)
        return self.near.get(row, {})


class _Waiting(NamedTuple):
    """Pairs, sorted by the better row of each, of which the right one is transformed."""

    transform: str | None
    better: Rows
    left: Rows
    right: Rows
    bits: npt.NDArray[np.uint8]

    def places(self, rows: Rows) -> npt.NDArray[np.intp]:
        """Find, for each of these rows, the first pair whose better row is not before it."""
        # Wider numbers than those of the pairs would have all of these converted first.
        return np.searchsorted(self.better, rows.astype(self.better.dtype))

    @property
    def rows(self) -> int:
        """Count rows up to the last that a pair names."""
        return max(int(side.max(initial=-1)) for side in (self.left, self.right)) + 1

    def of_rows(self, first: int, end: int, is_gone: npt.NDArray[np.bool_]) -> Pairs:
        """Return the pairs whose better row is in `first` to `end`, without those that have a row that is gone."""
        some = slice(*self.places(np.array([first, end])).tolist())
        left, right, bits = self.left[some], self.right[some], self.bits[some]
        are_free = ~(is_gone[left] | is_gone[right])
        return left[are_free], right[are_free], bits[are_free]


def _by_better_row(transform: str | None, left: Rows, right: Rows, bits: npt.NDArray[np.uint8]) -> _Waiting:
    if (left <= right).all() and (np.diff(left) >= 0).all():  # as joins leave them, nearly always
        return _Waiting(transform, left, left, right, bits)
    better = np.minimum(left, right)
    order = np.argsort(better, kind="stable")
    return _Waiting(transform, better[order], left[order], right[order], bits[order])
