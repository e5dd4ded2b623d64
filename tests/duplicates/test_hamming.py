"""Near hashes: exactly those a comparison of every pair finds, whatever their number and likeness."""

import pickle
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.duplicates import hamming
from curate.duplicates.hamming import Hashes
from curate.spreading import A, R


def brute_force(hashes: Hashes, distance: int) -> set[tuple[int, int, int]]:
    return {
        (i, j, bits)
        for i in range(len(hashes))
        for j in range(i + 1, len(hashes))
        if (bits := bin(int(hashes[i]) ^ int(hashes[j])).count("1")) <= distance
    }


def clustered(seed: int, count: int) -> Hashes:
    """Hashes as real ones are: families of near ones, some equal, some far."""
    rng = np.random.default_rng(seed)
    parents = rng.integers(0, 2**64, max(1, count // 4), dtype=np.uint64)
    hashes = parents[rng.integers(0, len(parents), count)]
    for index in range(count):
        for bit in rng.choice(64, rng.integers(0, 14), replace=False):
            hashes[index] ^= np.uint64(1 << int(bit))
    return hashes


@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(0, 24))
@settings(deadline=None)
def test_all_pairs_within_a_distance_are_found_and_no_other(seed: int, count: int, distance: int) -> None:
    hashes = clustered(seed, count)
    left, right, bits = hamming.pairs_within(hashes, distance)
    assert list(zip(left, right, bits, strict=True)) == sorted(brute_force(hashes, distance))


@pytest.mark.parametrize("distance", [0, 1, 4, 10])
def test_the_pairs_are_those_of_an_exact_index(distance: int) -> None:
    """FAISS, which looks at every pair, is the oracle for more hashes than Python can compare."""
    import faiss

    hashes = clustered(3, 4_000)
    codes = hashes.astype(">u8").view(np.uint8).reshape(-1, 8)
    index = faiss.IndexBinaryFlat(64)
    index.add(codes)
    ends, bits, others = index.range_search(codes, distance + 1)  # FAISS leaves out the radius itself
    rows = np.repeat(np.arange(len(hashes)), np.diff(ends.astype(np.int64)))
    expected = {(i, j, int(b)) for i, j, b in zip(rows, others, bits, strict=True) if i < j}
    left, right, apart = hamming.pairs_within(hashes, distance)
    assert set(zip(left.tolist(), right.tolist(), apart.tolist(), strict=True)) == expected


@pytest.mark.parametrize("agreed", [0, 1, 2, 3, 4, 5])
def test_the_number_of_blocks_that_must_agree_changes_the_cost_and_not_the_answer(
    agreed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = clustered(7, 200)
    monkeypatch.setattr(hamming, "cheapest", lambda count, distance: agreed)
    left, right, bits = hamming.pairs_within(hashes, 6)
    assert set(zip(left, right, bits, strict=True)) == brute_force(hashes, 6)


def test_pairs_between_two_sets_leave_out_those_within_one() -> None:
    ours, theirs = clustered(1, 50), clustered(1, 80)[30:]
    left, right, bits = hamming.pairs_between(ours, theirs, 8)
    expected = {
        (i, j)
        for i in range(len(ours))
        for j in range(len(theirs))
        if bin(int(ours[i]) ^ int(theirs[j])).count("1") <= 8
    }
    assert set(zip(left, right, strict=True)) == expected
    assert (bits <= 8).all()


def test_packed_bits_become_integers_in_the_order_of_the_bits() -> None:
    bits = np.zeros((2, 64), dtype=bool)
    bits[0, 0] = bits[1, 63] = True
    assert hamming.unpack(np.packbits(bits, axis=1)).tolist() == [1 << 63, 1]
    assert hamming.popcount(np.array([0, 7, 2**64 - 1], dtype=np.uint64)).tolist() == [0, 3, 64]


def test_a_join_that_is_spread_finds_the_same_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hamming, "_TOGETHER", 2)
    hashes = clustered(11, 6_000)
    others = hashes[:3_000] ^ np.uint64(0b101)
    parts: list[int] = []

    def spread(function: Callable[[A], R], arguments: Iterable[A]) -> Iterable[R]:
        tasks = list(arguments)
        parts.append(len(tasks))
        return [function(task) for task in pickle.loads(pickle.dumps(tasks))]

    for alone, together in (
        (hamming.pairs_within(hashes, 8), hamming.pairs_within(hashes, 8, spread)),
        (hamming.pairs_between(hashes, others, 8), hamming.pairs_between(hashes, others, 8, spread)),
    ):
        assert len(alone[0]) > 100
        assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))
    assert min(parts) > 1


@pytest.mark.parametrize("cells", [4, 5, 7, 64])
def test_a_pair_that_both_sorts_bring_together_comes_once(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many pairs are looked at in one go: what repeats may lie on both sides of an edge."""
    monkeypatch.setattr(hamming, "_CELLS", cells)
    hashes, others = clustered(5, 40), clustered(6, 40)
    others[:20] = hashes[:20]
    expected: dict[tuple[int, int], int] = {}
    for i, j, bits in brute_force(hashes, 10) | brute_force(others, 10):
        expected[i, j] = min(bits, expected.get((i, j), bits))
    left, right, bits = hamming.pairs_within_any([hashes, others], 10)
    assert list(zip(left, right, bits, strict=True)) == sorted((*pair, n) for pair, n in expected.items())
