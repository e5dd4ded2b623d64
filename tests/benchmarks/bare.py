"""What any tool has to do at least: a full decode of all files on all cores, by a program that does nothing else.

    python -m tests.benchmarks.bare FOLDER

prints the seconds it took, start of the workers included. These are forked, the fastest start there is.
"""

import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from PIL import Image


def decode_fully(path: str) -> tuple[int, int]:
    """A full decode to RGB."""
    with Image.open(path) as image:
        image.convert("RGB").load()
        return image.size


def main(folder: str) -> None:
    files = sorted(str(path) for path in Path(folder).rglob("*.jpg"))
    workers = len(os.sched_getaffinity(0))
    started = time.perf_counter()
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        list(pool.map(decode_fully, files, chunksize=max(1, min(32, len(files) // (4 * workers)))))
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main(sys.argv[1])
