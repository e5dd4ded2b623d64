"""Room for what is too large for memory while a dataset is judged: nameless files, gone with their last reader."""

import os
import tempfile
from typing import IO, TypeVar

import numpy as np
import numpy.typing as npt

Kind = TypeVar("Kind", bound=np.generic)
LARGE_FILES = "/var/tmp"  # noqa: S108 - file-hierarchy(7): /tmp may lie in memory, so what is large belongs here


def folder() -> str:
    """Choose where scratch files go: where TMPDIR says, else where large files belong."""
    told = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return tempfile.gettempdir() if told or not os.access(LARGE_FILES, os.W_OK) else LARGE_FILES


def file() -> IO[bytes]:
    """Open a file to write and read for as long as it is open."""
    return tempfile.TemporaryFile(prefix="curate-", dir=folder())


def rows(shape: tuple[int, ...], kind: type[Kind], in_memory: int) -> npt.NDArray[Kind]:
    """Allocate an array of `shape`: of more than `in_memory` rows in a file, of which the system keeps what it can."""
    if shape[0] <= in_memory:
        return np.empty(shape, kind)
    with file() as opened:
        return np.memmap(opened, kind, "w+", shape=shape)
