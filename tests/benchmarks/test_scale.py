"""How time and memory grow with the number of images; the tables of docs/SCALE.md.

    pytest tests/benchmarks/test_scale.py -s

Images are drawn, 48 x 48 greys; each size is measured in a process of its own, so that its peak memory is its own.
"""

import multiprocessing
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from curate.duplicates import hamming, hamming_on_disk
from curate.measuring.pool import cores

SIZES = [int(size) for size in os.environ.get("CURATE_SCALE_SIZES", "1000,5000,20000").split(",")]
HASHES = [int(size) for size in os.environ.get("CURATE_SCALE_HASHES", "10000,100000,1000000").split(",")]
COPY, DARKER = 99, 49
"""Which of a hundred images are copies of those before them."""

AUDIT = """
import resource, sys, time, curate
from tests.benchmarks import memory
if __name__ == "__main__":
    start = time.perf_counter()
    with memory.of_workers() as peak:
        audit = curate.audit(sys.argv[1], sys.argv[2])
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(audit.measured, time.perf_counter() - start, own, peak.largest_mib)
"""

JOIN = """
import resource, sys, time
import numpy as np
from curate.duplicates import hamming, hamming_on_disk
count, how = int(sys.argv[1]), sys.argv[2]
rng = np.random.default_rng(1)
hashes = rng.integers(0, 1 << 63, count, dtype=np.uint64)
hashes[::10] = hashes[1::10][: len(hashes[::10])] ^ np.uint64(0b10110)
start = time.perf_counter()
if how == "memory":
    pairs = len(hamming.pairs_within(hashes, 8)[0])
else:
    chunks = (hashes[at : at + 100_000] for at in range(0, count, 100_000))
    pairs = sum(len(part[0]) for part in hamming_on_disk.pairs_within(chunks, 8))
print(pairs, time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""


def draw(folder: Path, start: int, stop: int) -> None:
    """Images of blobs and noise, two classes; of a hundred one is a copy of its forerunner, and one a darker copy."""
    parts = [range(at, min(at + 1000, stop)) for at in range(start, stop, 1000)]
    with ProcessPoolExecutor(cores(), mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(partial(draw_some, folder), parts))


def draw_some(folder: Path, indices: range) -> None:
    for index in indices:
        rng = np.random.default_rng(index - (index % 100 in (COPY, DARKER)))
        coarse = rng.normal(128, 60, (6, 6)).astype(np.float32)
        grey = cv2.resize(coarse, (48, 48), interpolation=cv2.INTER_CUBIC) + rng.normal(0, 6, (48, 48))
        grey = 0.85 * grey if index % 100 == DARKER else grey
        cv2.imwrite(str(folder / "ab"[index % 2] / f"{index:07}.png"), np.clip(grey, 0, 255).astype(np.uint8))


def run(code: str, *arguments: object) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return [float(value) for value in done.stdout.split()]


def test_audits_of_growing_size(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for label in "ab":
        (source / label).mkdir(parents=True)
    print(f"\n{cores()} cores, load {os.getloadavg()[0]:.1f}; drawn 48 x 48 PNG\n")
    print("| images | audit s | images/s | again s | parent MiB | worker MiB |\n|--:|--:|--:|--:|--:|--:|")
    drawn = 0
    for size in SIZES:
        draw(source, drawn, size)
        drawn = size
        measured, seconds, own, workers = run(AUDIT, source, tmp_path / f"ws{size}")
        again, unchanged, _, _ = run(AUDIT, source, tmp_path / f"ws{size}")
        assert (measured, again) == (size, 0)
        row = f"| {size:,} | {seconds:.1f} | {size / seconds:,.0f} | {unchanged:.2f} | {own:,.0f} | {workers:,.0f} |"
        print(row, flush=True)


@pytest.mark.parametrize("how", ["memory", "disk"])
def test_near_pairs_of_growing_numbers_of_hashes(how: str) -> None:
    print(
        f"\nwithin 8 bits, in {how}; load {os.getloadavg()[0]:.1f}\n\n| hashes | s | pairs | MiB |\n|--:|--:|--:|--:|"
    )
    for count in HASHES:
        pairs, seconds, peak = run(JOIN, count, how)
        print(f"| {count:,} | {seconds:.1f} | {pairs:,.0f} | {peak:,.0f} |", flush=True)


def test_both_joins_are_equal_at_a_size_where_all_code_is_used() -> None:
    start = time.perf_counter()
    hashes = np.random.default_rng(3).integers(0, 1 << 40, 200_000, dtype=np.uint64)
    left, right, _ = hamming.pairs_within(hashes, 6)
    parts = list(hamming_on_disk.pairs_within([hashes], 6))
    one, other = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    order = np.lexsort((other, one))
    assert np.array_equal(one[order], left)
    assert np.array_equal(other[order], right)
    print(f"\n{len(left):,} pairs of {len(hashes):,} hashes, twice, in {time.perf_counter() - start:.1f} s")
