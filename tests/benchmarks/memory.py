"""The most memory that the processes below this one take, workers of a fork server included.

`getrusage` knows only children that were waited for, and a forked worker is its server's child, not ours.
"""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

EVERY_S = 0.1


@dataclass
class Peak:
    """`largest_mib`: the high-water mark of the largest process seen so far."""

    largest_mib: float = 0.0


@contextmanager
def of_workers() -> Iterator[Peak]:
    """Look at all processes below this one ten times a second (Linux)."""
    peak, over = Peak(), threading.Event()

    def watch() -> None:
        while not over.wait(EVERY_S):
            peak.largest_mib = max([peak.largest_mib, *(_high_water_mib(process) for process in _below(os.getpid()))])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def _below(parent: int) -> Iterator[int]:
    for listing in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            children = [int(child) for child in listing.read_text().split()]
        except OSError:
            continue
        for child in children:
            yield child
            yield from _below(child)


def _high_water_mib(process: int) -> float:
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0
