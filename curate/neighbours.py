"""All pairs of 64-bit hashes within a Hamming distance, in far less than quadratic time, exactly.

Cut the 64 bits into b blocks. Two hashes at most d bits apart agree on at least b - d of them, so for some
choice of k = b - d blocks they agree on all k, and sorting by those blocks puts them side by side (the block
permutation of Manku, Jain and Das Sarma, WWW 2007). A larger k means more sorts with fewer chance
neighbours each; the cheapest k is chosen by the number of hashes. Nothing is missed: this is no heuristic.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, pairwise
from math import comb

import numpy as np
import numpy.typing as npt

BITS = 64
Hashes = npt.NDArray[np.uint64]
Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]
_MAX_AGREED = 6
_SORT_COST, _PAIR_COST = 60.0, 12.0
"""Nanoseconds for a hash in one sort, and for one pair looked at; only their ratio matters."""


def unpack(codes: npt.NDArray[np.uint8]) -> Hashes:
    """(n, 8) packed bytes, as ImageHash's bits are stored, to (n,) integers."""
    return np.ascontiguousarray(codes).view(">u8").ravel().astype(np.uint64)


def popcount(values: Hashes) -> npt.NDArray[np.uint8]:
    """How many bits of each are set."""
    if hasattr(np, "bitwise_count"):
        return np.asarray(np.bitwise_count(values), dtype=np.uint8)
    # numpy before 2.0
    return np.asarray(
        _BITS_OF[np.ascontiguousarray(values).view(np.uint16).reshape(*values.shape, 4)].sum(axis=-1), dtype=np.uint8
    )


_BITS_OF = np.array([bin(value).count("1") for value in range(1 << 16)], dtype=np.uint8)


def pairs_within(hashes: Hashes, distance: int, *, threads: int | None = None) -> Pairs:
    """Every pair (i < j) at most `distance` bits apart, and how far: (left, right, bits), sorted.

    Equal hashes pair with one another too; n of them make n (n - 1) / 2 pairs.
    """
    values, owner = np.unique(hashes, return_inverse=True)
    left, right = _distinct(values, distance, threads or min(8, os.cpu_count() or 1))
    return _expand(values, owner.ravel(), left, right)


def pairs_between(ours: Hashes, theirs: Hashes, distance: int, *, threads: int | None = None) -> Pairs:
    """Every (i, j) with `ours[i]` and `theirs[j]` at most `distance` bits apart, sorted."""
    left, right, bits = pairs_within(np.concatenate([ours, theirs]), distance, threads=threads)
    across = (left < len(ours)) & (right >= len(ours))
    return left[across], right[across] - len(ours), bits[across]


def _distinct(values: Hashes, distance: int, threads: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs (i < j) among sorted distinct values."""
    empty = np.empty(0, dtype=np.int64)
    if len(values) < 2 or distance < 1:
        return empty, empty
    agreed = _cheapest(len(values), distance)
    blocks = _blocks(distance + agreed)
    choices = list(combinations(blocks, agreed))
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(lambda chosen: _agreeing(values, chosen, distance), choices))
    codes = np.unique(np.concatenate(found)) if found else empty
    return codes // len(values), codes % len(values)


def _cheapest(count: int, distance: int) -> int:
    """How many blocks must agree: the number for which sorting and looking at pairs cost least together."""

    def cost(agreed: int) -> float:
        bits = BITS * agreed / (distance + agreed)
        pairs = count * count / 2 ** (bits + 1)
        return comb(distance + agreed, agreed) * (_SORT_COST * count + _PAIR_COST * pairs + 50_000)

    return min(range(1, _MAX_AGREED + 1), key=cost)


def _blocks(count: int) -> list[tuple[int, int]]:
    """(shift, width) of `count` blocks that differ by at most one bit in width."""
    edges = [BITS * index // count for index in range(count + 1)]
    return [(low, high - low) for low, high in pairwise(edges)]


def _agreeing(values: Hashes, chosen: tuple[tuple[int, int], ...], distance: int) -> npt.NDArray[np.int64]:
    """Pairs, coded as i * n + j, that agree on the chosen blocks and differ in at most `distance` bits."""
    key = np.zeros(len(values), dtype=np.uint64)
    for shift, width in chosen:
        key = key << np.uint64(width) | values >> np.uint64(shift) & np.uint64((1 << width) - 1)
    index_bits = np.uint64(max(1, (len(values) - 1).bit_length()))
    if sum(width for _, width in chosen) + int(index_bits) <= BITS:  # one sort of plain integers is fastest
        packed = key << index_bits | np.arange(len(values), dtype=np.uint64)
        packed.sort()
        order = (packed & np.uint64((1 << int(index_bits)) - 1)).astype(np.int64)
        key = packed >> index_bits
    else:
        order = np.argsort(key, kind="stable")
        key = key[order]
    sorted_values = values[order]
    found = []
    for first, second in _neighbours(key):
        near = popcount(sorted_values[first] ^ sorted_values[second]) <= distance
        a, b = order[first[near]], order[second[near]]
        found.append(np.minimum(a, b) * len(values) + np.maximum(a, b))
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _neighbours(key: Hashes) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Positions that share a sorted key, in steps: next neighbours first, then those two apart, and so on."""
    first = np.flatnonzero(key[1:] == key[:-1])
    step = 1
    while first.size:
        yield first, first + step
        step += 1
        first = first[first + step < len(key)]
        first = first[key[first] == key[first + step]]


def _expand(values: Hashes, owner: npt.NDArray[np.intp], left: np.ndarray, right: np.ndarray) -> Pairs:
    """From pairs of distinct values to pairs of the hashes that have them."""
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner, minlength=len(values))
    starts = np.concatenate([[0], np.cumsum(counts)])
    one, other = _products(starts, counts, left, right)
    several = np.flatnonzero(counts > 1)
    twin, mate = _products(starts, counts, several, several)
    inner = twin < mate
    one, other = order[np.concatenate([one, twin[inner]])], order[np.concatenate([other, mate[inner]])]
    one, other = np.minimum(one, other).astype(np.int64), np.maximum(one, other).astype(np.int64)
    bits = popcount(values[owner[one]] ^ values[owner[other]]).astype(np.int64)
    by_place = np.lexsort((other, one))
    return one[by_place], other[by_place], bits[by_place]


def _products(
    starts: np.ndarray, counts: np.ndarray, left: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For each pair of groups, every member of the one with every member of the other."""
    sizes = counts[left] * counts[right]
    group = np.repeat(np.arange(len(left)), sizes)
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    width = counts[right][group]
    return starts[left[group]] + within // np.maximum(width, 1), starts[right[group]] + within % np.maximum(width, 1)
