"""Frames of a sequence within a dataset, told from copies by a third image that is no copy and nearly as near.

Nothing is nearly as near to an image as a copy of it. The frames of one camera and the slices of one volume have
neighbours of neighbours: those a little further on are no copies any more, but hardly less alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.duplicates import kinds, tiles
from curate.duplicates.groups import Match
from curate.duplicates.hamming import Pairs, Rows
from curate.duplicates.tiles import TILE_PX
from curate.storage import blobs

SAME_VIEW = 0.05
"""Distance (one less the correlation of the wholes) within which a third image shows the same view."""
AS_NEAR = 0.15
"""Share of that distance from which on a pair is no nearer than neighbours in a sequence are."""
NEAREST = 8
"""Candidates that a keeper is compared with, those of the nearest hashes first."""
_GROUPS = 1 << 14
"""Groups that are looked at together: the candidates are gone through once for them."""
_AT_A_TIME = 1 << 10
Group = tuple[int, Mapping[int, Match]]


class Candidates(NamedTuple):
    """Pairs of rows that hashes bring together, whether they are copies or not, and what tells how near they are.

    `tile` is the column of tiles, `copies` what is known to be a copy of a row. `sides` holds (n, 2) the shorter and
    the longer side of each image in pixels. The shorter side has `least_px` at least where frames may be told: of few
    pixels a shift by one leaves no more alike than two frames are.
    """

    pairs: Pairs
    tile: blobs.Blobs
    copies: Mapping[int, Mapping[int, Match]]
    sides: npt.NDArray[np.int64]
    least_px: int

    def may_be_frames(self, keeper: int, copies: Mapping[int, Match]) -> dict[int, Match]:
        """Select the copies of a group that may be frames: as large as its keeper, which has `least_px` at least."""
        if self.sides[keeper, 0] < self.least_px:
            return {}
        return {
            row: match
            for row, match in copies.items()
            if _may_be_a_frame(match) and np.array_equal(self.sides[row], self.sides[keeper])
        }


def told_apart(groups: Iterable[Group], candidates: Candidates) -> Iterator[Group]:
    """Yield the same groups, in the same order; what is called a copy but is one of a sequence is called that."""
    remaining = iter(groups)
    while some := list(itertools.islice(remaining, _GROUPS)):
        doubtful = {keeper: candidates.may_be_frames(keeper, copies) for keeper, copies in some}
        third = _nearest_others(np.array([keeper for keeper, rows in doubtful.items() if rows], np.intp), candidates)
        for keeper, copies in some:
            frames = set(_frames(doubtful[keeper], third[keeper])) if keeper in third else set()
            yield keeper, {row: match.of_kind(kinds.BURST) if row in frames else match for row, match in copies.items()}


def _frames(copies: Mapping[int, Match], third: float) -> Iterator[int]:
    """Yield the rows of a group that are frames, the farthest first: each is a third image to those nearer than it."""
    for row, match in sorted(copies.items(), key=lambda item: (item[1].correlation, item[0])):
        if is_frame(match, third):
            third = min(third, 1 - match.correlation)
            yield row


def is_frame(match: Match, third: float) -> bool:
    """Say whether a match is one of a sequence; `third` is how far the nearest image that is no copy lies."""
    return _may_be_a_frame(match) and third < SAME_VIEW and 1 - match.correlation > AS_NEAR * third


def _may_be_a_frame(match: Match) -> bool:
    """Say whether a match is of two whole images that differ in some pixels.

    In frames of one object light changes, and one that is symmetric is also its own mirror image.
    """
    return not (match.inliers or match.is_framed or match.engine) and match.kind in _TOLD_APART


_TOLD_APART = (kinds.RE_ENCODED, kinds.EDITED, kinds.RECOLOURED, kinds.MIRRORED, kinds.ROTATED)
"""What a frame is called by what it shares with another: a copy of another size is none."""


def _nearest_others(keepers: Rows, candidates: Candidates) -> dict[int, float]:
    """Find how far the nearest candidate of each keeper lies from it that is no copy of it; none for some."""
    ours, theirs = _of(keepers, candidates)
    found: dict[int, float] = {}
    for start in range(0, len(ours), _AT_A_TIME):
        some = slice(start, start + _AT_A_TIME)
        rows, at = np.unique([ours[some], theirs[some]], return_inverse=True)
        pixels = blobs.matrix(candidates.tile, rows).reshape(-1, TILE_PX, TILE_PX).astype(np.float32)
        left, right = at.reshape(2, -1)
        distances = 1 - tiles.compare(tiles.prepare(pixels), left, right).correlation
        for row, distance in zip(ours[some].tolist(), distances.tolist(), strict=True):
            found[row] = min(distance, found.get(row, distance))
    return found


def _of(keepers: Rows, candidates: Candidates) -> tuple[Rows, Rows]:
    """Return pairs of a keeper and a candidate that is no copy of it, `NEAREST` of each keeper at most."""
    left, right, bits = candidates.pairs
    wanted = np.zeros(max((int(side.max(initial=-1)) for side in (left, right, keepers)), default=-1) + 1, dtype=bool)
    wanted[keepers] = True
    ours, theirs, apart = (
        np.concatenate([one[wanted[left]], other[wanted[right]]])
        for one, other in ((left, right), (right, left), (bits, bits))
    )
    order = np.lexsort((theirs, apart, ours))
    chosen: list[tuple[int, int]] = []
    counts: dict[int, int] = {}
    for row, other in zip(ours[order].tolist(), theirs[order].tolist(), strict=True):
        if counts.get(row, 0) < NEAREST and other not in candidates.copies.get(row, ()):
            counts[row] = counts.get(row, 0) + 1
            chosen.append((row, other))
    both: npt.NDArray[np.intp] = np.array(chosen, np.intp).reshape(-1, 2)
    return both[:, 0], both[:, 1]
