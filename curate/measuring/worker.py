"""How a worker process starts; its parent, which only names that, has no use for what it imports."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from importlib.abc import MetaPathFinder
from multiprocessing import connection
from pathlib import Path

import pyarrow as pa

from curate.config import DecodeLimits


def start(limits: DecodeLimits, environment: Mapping[str, str], parent: int) -> None:
    """Set up a worker process: one thread, decoders silenced, Ctrl-C left to the parent, and an end with it.

    The environment is that of the process `parent` as it is now. libtiff and others print to the process's stderr,
    past Python, thousands of lines about one bad file. What matters of it is in the file's row; our own failures
    travel back through the future.
    """
    import cv2

    from curate.images.decode import allow_pixels

    os.environ.clear()
    os.environ.update(environment)
    cv2.setNumThreads(1)
    _keep_pyarrow_from_importing_pandas()
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    allow_pixels(limits.max_pixels)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    """End this process when that which wants its work is gone: those that wait beside it keep its queue open."""
    known = multiprocessing.parent_process()
    if known is not None:
        connection.wait([known.sentinel])
    else:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
    os._exit(1)


_LOOK_S = 0.5
"""How often a worker that was not started by `multiprocessing` looks whether its parent is there."""


class _Unfindable(MetaPathFinder):
    """Lets one package seem not to be installed."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == self._package:
            raise ModuleNotFoundError(f"{fullname} is not wanted here", name=fullname)


def _keep_pyarrow_from_importing_pandas() -> None:
    """Make Arrow's one check for pandas fail, which would cost half a second of every worker's start.

    Arrow imports pandas to see whether a list is one of its columns. It asks once; whoever imports pandas
    afterwards gets it.
    """
    finder = _Unfindable("pandas")
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)
