"""All pairs of 64-bit hashes within a Hamming distance, in far less than quadratic time, exactly.

Cut the 64 bits into b blocks. Two hashes at most d bits apart agree on at least b - d of them, so for some
combination of k = b - d blocks they agree on all k, and sorting by those blocks puts them side by side (the block
permutation of Manku, Jain and Das Sarma, WWW 2007). A larger k means more sorts with fewer chance neighbours
each; the cheapest k is chosen by the number of hashes, and for few it is none: every pair. Nothing is missed:
this is no heuristic.

Bits are moved so that the chosen blocks come first and the hashes themselves are sorted: moving bits changes no
distance, so no index is carried along. A pair counts at the first combination on which it agrees: none comes twice.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import combinations as subsets
from itertools import pairwise
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from curate.spreading import Spread

BITS = 64
Hashes = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.signedinteger[Any]]
"""Row numbers, of 32 bits where they fit: pairs may be ten times as many as rows."""
Pairs = tuple[Rows, Rows, npt.NDArray[np.uint8]]
Block = tuple[int, int]
"""Bits of a hash: shift and width."""
_MAX_AGREED = 6
_SORT_COST, _PAIR_COST, _COMBINATION_COST = 30.0, 1.3, 150_000.0
"""Nanoseconds for a hash in one sort, for one pair looked at, and for a combination of blocks; only ratios matter."""
_CELLS = 1 << 15
"""Pairs looked at in one go: what the processor's cache holds."""
_EXPANDED = 1 << 18
"""Pairs of values that are expanded to rows in one go."""
_MIN_WINDOW = 8
"""Windows of neighbours are padded to multiples of this; the extra comparisons cost less than exact sizes."""
_ALONE = 5_000
"""Hashes up to which threads cost more than they save."""
_TOGETHER = 8
"""Combinations that go to another process at a time, as a rule with all hashes."""


def unpack(codes: npt.NDArray[np.uint8]) -> Hashes:
    """Convert (n, 8) packed bytes, as ImageHash's bits are stored, to (n,) integers."""
    return np.ascontiguousarray(codes).view(">u8").ravel().astype(np.uint64)


def popcount(values: Hashes) -> npt.NDArray[np.uint8]:
    """Count the bits that are set in each value."""
    if hasattr(np, "bitwise_count"):
        return np.asarray(np.bitwise_count(values), dtype=np.uint8)
    # numpy before 2.0
    words = np.ascontiguousarray(values).view(np.uint16).reshape(*values.shape, 4)
    return np.asarray(_bits_of_words()[words].sum(axis=-1), dtype=np.uint8)


@cache
def _bits_of_words() -> npt.NDArray[np.uint8]:
    return np.array([value.bit_count() for value in range(1 << 16)], dtype=np.uint8)


def pairs_within(hashes: Hashes, distance: int, spread: Spread | None = None) -> Pairs:
    """Return every pair (i < j) at most `distance` bits apart, and how far: (left, right, bits), sorted.

    Equal hashes pair with one another too; n of them make n (n - 1) / 2 pairs. The work is done by threads of this
    process, or wherever it is `spread`.
    """
    return pairs_within_any([hashes], distance, spread)


def pairs_within_any(sorts: Sequence[Hashes], distance: int, spread: Spread | None = None) -> Pairs:
    """Return pairs as `pairs_within` does, of rows that have a hash of each sort: the least distance counts."""
    found = []
    for hashes in sorts:
        values, owner = np.unique(hashes, return_inverse=True)
        members = _members(owner, len(values))
        for one, other in _joined(block_combinations(len(values), distance), (values, None), distance, spread):
            found += _rows_of(values, members, one, other)
        found.append(_equals(members))
    return _unpacked(found, [(hashes, hashes) for hashes in sorts])


def pairs_of_combination(hashes: Hashes, combination: "BlockCombination", distance: int, *, equal: bool) -> Pairs:
    """Return the pairs whose first combination this is; pairs of equal hashes, which agree on all, with `equal`."""
    values, owner = np.unique(hashes, return_inverse=True)
    members = _members(owner, len(values))
    found = _rows_of(values, members, *combination.within(combination.sorted(values), distance))
    return _unpacked([*found, _equals(members)] if equal else found, [(hashes, hashes)])


def pairs_between(ours: Hashes, theirs: Hashes, distance: int, spread: Spread | None = None) -> Pairs:
    """Return every (i, j) with `ours[i]` and `theirs[j]` at most `distance` bits apart, sorted."""
    mine, owner = np.unique(ours, return_inverse=True)
    yours, holder = np.unique(theirs, return_inverse=True)
    owned, held = _members(owner, len(mine)), _members(holder, len(yours))
    joined = _joined(block_combinations(len(mine) + len(yours), distance), (mine, yours), distance, spread)
    found = [
        _packed(*_products(owned, np.searchsorted(mine, one), held, np.searchsorted(yours, other)))
        for one, other in joined
    ]
    return _unpacked(found, [(ours, theirs)])


def distances(ours: Hashes, left: Rows, theirs: Hashes, right: Rows) -> npt.NDArray[np.uint8]:
    """Count the bits between `ours[left[k]]` and `theirs[right[k]]`."""
    bits = np.empty(len(left), np.uint8)
    for start in range(0, len(left), _CELLS):
        part = slice(start, start + _CELLS)
        bits[part] = popcount(ours[left[part]] ^ theirs[right[part]])
    return bits


def _joined(
    combinations: Sequence["BlockCombination"],
    sides: tuple[Hashes, Hashes | None],
    distance: int,
    spread: Spread | None,
) -> Iterator[tuple[Hashes, Hashes]]:
    """Join distinct values over all combinations, some of these at a time."""
    together = _TOGETHER if spread else 1
    parts = [combinations[at : at + together] for at in range(0, len(combinations), together)]
    join = partial(_join, *sides, distance)
    if spread:
        yield from spread(join, parts)
        return
    workers = 1 if len(sides[0]) < _ALONE else min(8, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        yield from (map if workers == 1 else pool.map)(join, parts)


def _join(
    values: Hashes, others: Hashes | None, distance: int, combinations: Sequence["BlockCombination"]
) -> tuple[Hashes, Hashes]:
    """Join distinct values, within one side or between two, by some of the combinations."""
    if others is None:
        found = [each.within(each.sorted(values), distance) for each in combinations]
    else:
        found = [each.between(each.sorted(values), each.sorted(others), distance) for each in combinations]
    return np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found])


def cheapest(count: int, distance: int) -> int:
    """Choose how many blocks must agree, so that sorting and looking at pairs cost least together."""

    def cost(agreed: int) -> float:
        if agreed == 0:
            return _PAIR_COST * count * count / 2
        bits = BITS * agreed / (distance + agreed)
        pairs = count * count / 2 ** (bits + 1)
        return comb(distance + agreed, agreed) * (_SORT_COST * count + _PAIR_COST * pairs + _COMBINATION_COST)

    return min(range(_MAX_AGREED + 1), key=cost)


def block_combinations(count: int, distance: int) -> list["BlockCombination"]:
    """List the combinations by which `count` hashes are joined, in the order in which a pair's first one counts."""
    agreed = cheapest(count, distance)
    if agreed == 0:
        return [BlockCombination([], ())]
    edges = [BITS * index // (distance + agreed) for index in range(distance + agreed + 1)]
    blocks = [(low, high - low) for low, high in pairwise(edges)]
    return [BlockCombination(blocks, chosen) for chosen in subsets(range(len(blocks)), agreed)]


class BlockCombination:
    """Some of the blocks; how bits move so that these come first, and which pairs then lie side by side."""

    def __init__(self, blocks: Sequence[Block], chosen: tuple[int, ...]) -> None:
        self._pieces = [*(blocks[index] for index in chosen), *_rest(blocks, chosen)]
        self.width = sum(blocks[index][1] for index in chosen)
        """How many bits agree: the first ones of `moved`."""
        self._inside = np.uint64((1 << (BITS - self.width)) - 1)
        self._agreed = _bits([blocks[index] for index in chosen])
        earlier = [blocks[index] for index in range(max(chosen, default=0)) if index not in chosen]
        self._earlier = [_bits([block]) for block in earlier]

    def sorted(self, values: Hashes) -> Hashes:
        """Move the bits of the chosen blocks to the front, and sort."""
        moved = self.moved(values)
        moved.sort()
        return moved

    def within(self, values: Hashes, distance: int) -> tuple[Hashes, Hashes]:
        """Return (smaller, larger) of the pairs within `distance` that agree on this combination and on no earlier one.

        So each pair is emitted once. `values` are distinct and as `sorted` left them; those returned have their bits
        back in place.
        """
        positions = np.arange(1, len(values) + 1)
        ends = np.append(np.flatnonzero(values[1:] ^ values[:-1] > self._inside), len(values) - 1) + 1
        counts = np.repeat(ends, np.diff(ends, prepend=0))[: len(values)] - positions
        one, other = self._first(_near(values, values, positions, counts, distance))
        return np.minimum(one, other), np.maximum(one, other)

    def between(self, ours: Hashes, theirs: Hashes, distance: int) -> tuple[Hashes, Hashes]:
        """Return (ours, theirs) of the pairs across two sorted sides, by the same rule as `within`."""
        starts = np.searchsorted(theirs, ours & ~self._inside)
        counts = np.searchsorted(theirs, ours | self._inside, side="right") - starts
        return self._first(_near(ours, theirs, starts, counts, distance))

    def _first(self, found: Iterator[tuple[Hashes, Hashes]]) -> tuple[Hashes, Hashes]:
        """Move bits back, and drop pairs that do not agree or agree on an earlier combination."""
        pairs = [(np.empty(0, np.uint64), np.empty(0, np.uint64)), *found]
        one, other = (self._back(np.concatenate([pair[side] for pair in pairs])) for side in (0, 1))
        different = one ^ other
        first = different & self._agreed == 0
        for bits in self._earlier:
            first &= (different & bits) != 0
        return one[first], other[first]

    def moved(self, values: Hashes) -> Hashes:
        """Move the bits of the chosen blocks to the front."""
        moved = np.empty(len(values), dtype=np.uint64)
        for start in range(0, len(values), _CELLS // 4):
            part, out = values[start : start + _CELLS // 4], moved[start : start + _CELLS // 4]
            left = BITS
            for number, (shift, width) in enumerate(self._pieces):
                left -= width
                bits = part & np.uint64(((1 << width) - 1) << shift)
                bits = bits << np.uint64(left - shift) if left > shift else bits >> np.uint64(shift - left)
                np.bitwise_or(out, bits, out=out) if number else np.copyto(out, bits)
        return moved

    def _back(self, moved: Hashes) -> Hashes:
        values, left = np.zeros(len(moved), dtype=np.uint64), BITS
        for shift, width in self._pieces:
            left -= width
            values |= (moved >> np.uint64(left) & np.uint64((1 << width) - 1)) << np.uint64(shift)
        return values


def _bits(blocks: Sequence[Block]) -> np.uint64:
    return np.uint64(sum(((1 << width) - 1) << shift for shift, width in blocks))


def _rest(blocks: Sequence[Block], chosen: Sequence[int]) -> list[Block]:
    """Return the blocks not chosen, adjacent ones merged; all bits where there are no blocks."""
    rest: list[Block] = []
    for shift, width in [block for index, block in enumerate(blocks) if index not in chosen] if blocks else [(0, BITS)]:
        if rest and rest[-1][0] + rest[-1][1] == shift:
            rest[-1] = (rest[-1][0], rest[-1][1] + width)
        else:
            rest.append((shift, width))
    return rest


def _near(
    values: Hashes, others: Hashes, starts: np.ndarray, counts: np.ndarray, distance: int
) -> Iterator[tuple[Hashes, Hashes]]:
    """Compare each value with (at least) the `counts` others from its `starts` on; yield those within `distance`.

    Counts are rounded up to sums of powers of two; all that have the same power in theirs are compared together.
    """
    padded = np.concatenate([others, np.zeros(_MIN_WINDOW, dtype=np.uint64)])
    counts = (counts + _MIN_WINDOW - 1) & -_MIN_WINDOW
    for power in range(_MIN_WINDOW.bit_length() - 1, int(counts.max(initial=0)).bit_length()):
        width = 1 << power
        chosen = np.flatnonzero(counts & width)
        begins = starts[chosen] + (counts[chosen] & -2 * width)
        windows = as_strided(padded, (len(padded) - width + 1, width), (8, 8))
        rows = max(1, _CELLS >> power)
        for at in range(0, len(chosen), rows):
            begin, mine = begins[at : at + rows], values[chosen[at : at + rows]]
            different = windows[begin]
            different ^= mine[:, None]
            near = np.flatnonzero(popcount(different) <= distance)
            if near.size:
                row = near >> power
                position = begin[row] + (near & width - 1)
                real = position < len(others)
                yield mine[row[real]], others[position[real]]


_Members = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
"""Rows in the order of their values, and where in it each value begins, and the end."""
_Packed = npt.NDArray[np.uint64]
"""Pairs of rows as one number each, the left one above: half the size of two, and sorted in place."""


def _members(owner: npt.NDArray[np.intp], values: int) -> _Members:
    owner = owner.ravel()  # numpy 2.0 gives it the shape of what it was made of
    if len(owner) > np.iinfo(np.int32).max:
        raise ValueError("too many hashes to be joined in memory")
    return np.argsort(owner, kind="stable"), np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=values))])


def _rows_of(values: Hashes, members: _Members, one: Hashes, other: Hashes) -> list[_Packed]:
    """Expand pairs of distinct values to pairs of rows that have them, some at a time."""
    found = []
    for start in range(0, len(one), _EXPANDED):
        ours, theirs = (np.searchsorted(values, side[start : start + _EXPANDED]) for side in (one, other))
        left, right = _products(members, ours, members, theirs)
        found.append(_packed(np.minimum(left, right), np.maximum(left, right)))
    return found


def _equals(members: _Members) -> _Packed:
    """Pair rows of equal values with one another."""
    several = np.flatnonzero(np.diff(members[1]) > 1)
    left, right = _products(members, several, members, several)
    return _packed(left[left < right], right[left < right])


def _products(ours: _Members, left: np.ndarray, theirs: _Members, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair, for each pair of values, every row that has the one with every row that has the other."""
    (order, starts), (order_b, starts_b) = ours, theirs
    width = starts_b[right + 1] - starts_b[right]
    sizes = (starts[left + 1] - starts[left]) * width
    pair = np.repeat(np.arange(len(left)), sizes)
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return order[starts[left][pair] + within // width[pair]], order_b[starts_b[right][pair] + within % width[pair]]


def _packed(left: npt.NDArray[np.intp], right: npt.NDArray[np.intp]) -> _Packed:
    return left.astype(np.uint64) << np.uint64(32) | right.astype(np.uint64)


def _unpacked(parts: list[_Packed], sides: Sequence[tuple[Hashes, Hashes]]) -> Pairs:
    """Sort pairs, each once, and add the fewest bits between them, of the hashes on both sides."""
    pairs = np.empty(sum(map(len, parts)), np.uint64)
    end = len(pairs)
    while parts:  # one goes as it is copied
        part = parts.pop()
        pairs[end - len(part) : end] = part
        end -= len(part)
    pairs.sort()
    left, right = _halves(_once_each(pairs))
    bits = np.full(len(left), BITS, np.uint8)
    for ours, theirs in sides:
        np.minimum(bits, distances(ours, left, theirs, right), out=bits)
    return left, right, bits


def _once_each(pairs: _Packed) -> _Packed:
    """Leave out what equals its forerunner, in the memory that sorted pairs lie in."""
    end, last = 0, None
    for start in range(0, len(pairs), _CELLS):
        some = pairs[start : start + _CELLS]
        is_new = np.append(some[0] != last, some[1:] != some[:-1])
        last, new = some[-1], some[is_new]
        pairs[end : end + len(new)] = new
        end += len(new)
    return pairs[:end]


def _halves(pairs: _Packed) -> tuple[Rows, Rows]:
    """Return the rows of pairs, (left, right), in the memory that the pairs lie in."""
    halves = pairs.view(np.int32).reshape(-1, 2)
    return (halves[:, 1], halves[:, 0]) if sys.byteorder == "little" else (halves[:, 0], halves[:, 1])
