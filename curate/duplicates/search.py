"""Nearest vectors on all cores, one thread each.

FAISS starts threads of its own, and so does the library of matrix products in it; on a busy machine they wait for one
another at full speed, several times as long as the work takes. How many they are is a setting of each calling thread
(OpenMP), so threads of ours that ask for one leave the setting of the process alone.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.duplicates.tiles import Floats

_AT_A_TIME = 1024


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


def _threads() -> ThreadPoolExecutor:
    import faiss

    return ThreadPoolExecutor(os.cpu_count(), initializer=faiss.omp_set_num_threads, initargs=(1,))
