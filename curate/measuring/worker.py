"""How a worker process starts: what it has imported by then, and what it must not do."""

import os
import signal
import sys
from collections.abc import Mapping
from importlib.abc import MetaPathFinder
from pathlib import Path

import cv2
import pyarrow as pa

from curate.measuring import journal


def start(memory_mib: int, environment: Mapping[str, str]) -> None:
    """One thread a worker; Ctrl-C left to the parent, which lets shards in hand finish; decoders silenced.

    The environment is that of the parent as it is now. libtiff and others print to the process's stderr, past Python,
    thousands of lines about one bad file. What matters of it is in the file's row; our own failures travel back
    through the future.
    """
    os.environ.clear()
    os.environ.update(environment)
    cv2.setNumThreads(1)
    _spare_pandas()
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    journal.limit_memory(memory_mib)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Unfindable(MetaPathFinder):
    """Lets one package seem not to be installed."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == self._package:
            raise ModuleNotFoundError(f"{fullname} is not wanted here", name=fullname)


def _spare_pandas() -> None:
    """Let Arrow take lists as they are here.

    It imports pandas, half a second of every worker's start, to see whether a list is one of its columns. It asks
    once; whoever wants pandas afterwards gets it.
    """
    finder = _Unfindable("pandas")
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)
