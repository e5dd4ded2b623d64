"""The sharded join finds exactly what the join in memory finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.duplicates import hamming, hamming_on_disk
from curate.duplicates.hamming import Hashes


def clustered(count: int, seed: int) -> Hashes:
    """Hashes of which many are near another, and some equal."""
    rng = np.random.default_rng(seed)
    centres = rng.integers(0, 1 << 63, max(1, count // 4), dtype=np.uint64)
    hashes = rng.choice(centres, count)
    for _ in range(8):
        flips = np.uint64(1) << rng.integers(0, 64, count).astype(np.uint64)
        hashes = np.where(rng.random(count) < 0.5, hashes ^ flips, hashes)
    return np.asarray(hashes, dtype=np.uint64)


def joined(hashes: Hashes, distance: int, *, memory_bytes: int, chunk: int) -> list[tuple[int, int, int]]:
    chunks = [hashes[start : start + chunk] for start in range(0, len(hashes), chunk)]
    parts = hamming_on_disk.pairs_within(chunks, distance, memory_bytes=memory_bytes)
    return [tuple(map(int, pair)) for part in parts for pair in zip(*part, strict=True)]  # type: ignore[misc]


@settings(deadline=None, max_examples=40)
@given(
    count=st.integers(0, 400),
    seed=st.integers(0, 1000),
    distance=st.integers(0, 10),
    memory_bytes=st.sampled_from([1 << 30, 40_000, 1_000]),
    chunk=st.sampled_from([1, 64, 1000]),
)
def test_sharded_and_in_memory_are_equal(count: int, seed: int, distance: int, memory_bytes: int, chunk: int) -> None:
    hashes = clustered(count, seed)
    left, right, bits = hamming.pairs_within(hashes, distance)
    expected = list(zip(left.tolist(), right.tolist(), bits.tolist(), strict=True))
    assert sorted(joined(hashes, distance, memory_bytes=memory_bytes, chunk=chunk)) == expected


@pytest.mark.parametrize("hashes", [[], [5], [7, 7, 7]])
def test_few_hashes_are_no_special_case(hashes: list[int]) -> None:
    found = joined(np.array(hashes, dtype=np.uint64), 4, memory_bytes=200, chunk=10)
    assert sorted(found) == ([(0, 1, 0), (0, 2, 0), (1, 2, 0)] if len(hashes) == 3 else [])


def test_many_are_dealt_by_blocks_and_none_is_lost() -> None:
    hashes = clustered(20_000, 3)
    assert len(hamming.block_combinations(len(hashes), 4)) > 1
    left, right, bits = hamming.pairs_within(hashes, 4)
    expected = list(zip(left.tolist(), right.tolist(), bits.tolist(), strict=True))
    assert sorted(joined(hashes, 4, memory_bytes=500_000, chunk=3_000)) == expected


def test_thousands_of_shards_need_few_open_files() -> None:
    import resource

    hashes = clustered(20_000, 5)
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, allowed[1]), allowed[1]))
    try:
        found = joined(hashes, 2, memory_bytes=1_000, chunk=20_000)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, allowed)
    assert len(found) == len(hamming.pairs_within(hashes, 2)[0])


def test_pairs_between_two_sets_are_those_found_in_memory() -> None:
    ours, theirs = clustered(300, 1), clustered(300, 1)[50:]
    left, right, bits = hamming.pairs_between(ours, theirs, 6)
    parts = hamming_on_disk.pairs_between(ours, theirs, 6, memory_bytes=1_000)
    found = sorted(tuple(map(int, pair)) for part in parts for pair in zip(*part, strict=True))
    assert found == list(zip(left.tolist(), right.tolist(), bits.tolist(), strict=True))
