"""Work on all cores, one thread each: nearest vectors, and what OpenCV does to many pairs.

FAISS starts threads of its own, and so does the library of matrix products in it; on a busy machine they wait for one
another at full speed, several times as long as the work takes. How many they are is a setting of each calling thread
(OpenMP), so threads of ours that ask for one leave the setting of the process alone.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from curate.duplicates.tiles import Floats

_AT_A_TIME = 1024
_PORTION = 64
Item = TypeVar("Item")
Result = TypeVar("Result")


def nearest(index: Any, vectors: Floats, count: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Search a FAISS index for the `count` nearest of each vector: (n, count) distances and rows."""
    parts = [vectors[at : at + _AT_A_TIME] for at in range(0, len(vectors), _AT_A_TIME)]
    with _threads() as pool:
        found = list(pool.map(lambda part: index.search(part, count), parts))
    return np.concatenate([distances for distances, _ in found]), np.concatenate([rows for _, rows in found])


def train(index: Any, sample: Floats) -> None:
    """Let an index learn from a sample, on one core."""
    with _threads() as pool:
        pool.submit(index.train, sample).result()


def on_all_cores(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Apply what calls OpenCV to all items; its own threads are switched off meanwhile. Yields in the order given."""

    def together(portion: Sequence[Item]) -> list[Result]:
        return [work(item) for item in portion]

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for results in pool.map(together, (items[at : at + _PORTION] for at in range(0, len(items), _PORTION))):
                yield from results
    finally:
        cv2.setNumThreads(threads)


def _threads() -> ThreadPoolExecutor:
    import faiss

    return ThreadPoolExecutor(os.cpu_count(), initializer=faiss.omp_set_num_threads, initargs=(1,))
