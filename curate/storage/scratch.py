"""Room for what is too large for memory while a dataset is judged: nameless files, gone with their last reader."""

import os
import tempfile
import threading
from math import prod
from typing import IO, Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

Kind = TypeVar("Kind", bound=np.generic)
Indices = npt.NDArray[np.intp]
LARGE_FILES = "/var/tmp"  # noqa: S108 - file-hierarchy(7): /tmp may lie in memory, so what is large belongs here


def folder() -> str:
    """Choose where scratch files go: where TMPDIR says, else where large files belong."""
    told = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return tempfile.gettempdir() if told or not os.access(LARGE_FILES, os.W_OK) else LARGE_FILES


def file() -> IO[bytes]:
    """Open a file to write and read for as long as it is open."""
    return tempfile.TemporaryFile(prefix="curate-", dir=folder())


def rows(shape: tuple[int, ...], kind: type[Kind], in_memory: int) -> "npt.NDArray[Kind] | RowsOnDisk[Kind]":
    """Make room for rows of numbers, to be read and written by their indices: of more than `in_memory` in a file."""
    return np.empty(shape, kind) if shape[0] <= in_memory else RowsOnDisk(shape, kind)


class RowsOnDisk(Generic[Kind]):
    """Rows of numbers in a scratch file, zeros at first; none of them stays in this process's memory.

    The file is read, not mapped: of a mapped one the system counts the surroundings of each row that was ever touched
    as memory of this process, soon the whole file.
    """

    def __init__(self, shape: tuple[int, ...], kind: type[Kind]) -> None:
        self._shape, self._kind = shape[1:], np.dtype(kind)
        self._width = prod(self._shape) * self._kind.itemsize
        self._file = file()
        self._file.truncate(shape[0] * self._width)
        self._seeking = threading.Lock()

    def __getitem__(self, indices: Indices) -> npt.NDArray[Kind]:
        """Read these rows, (n, ...)."""
        distinct, places = np.unique(indices, return_inverse=True)
        found = np.empty((len(distinct), *self._shape), self._kind)
        data, at = _bytes(found), 0
        for first, count in _runs(distinct):
            end = at + count * self._width
            self._read(first * self._width, data[at:end])
            at = end
        return found[places.ravel()]

    def __setitem__(self, indices: Indices, values: npt.ArrayLike) -> None:
        """Write these rows, each named once; `values` are (n, ...)."""
        order = np.argsort(indices)
        data, at = _bytes(np.asarray(values, self._kind)[order]), 0
        for first, count in _runs(np.asarray(indices)[order]):
            end = at + count * self._width
            with self._seeking:
                self._file.seek(first * self._width)
                self._file.write(data[at:end])
                self._file.flush()
            at = end

    def _read(self, start: int, into: memoryview) -> None:
        if hasattr(os, "preadv"):
            os.preadv(self._file.fileno(), [into], start)
            return
        with self._seeking:  # macOS before 11, Windows
            self._file.seek(start)
            into[:] = self._file.read(len(into))

    def __del__(self) -> None:
        self._file.close()


def _bytes(values: npt.NDArray[Any]) -> memoryview:
    """Return the bytes that an array without gaps holds, not a copy of them."""
    return values.reshape(-1).view(np.uint8).data


def _runs(ascending: Indices) -> list[tuple[int, int]]:
    """Cut ascending indices into runs without a gap: (first, how many)."""
    begins = np.flatnonzero(np.diff(ascending, prepend=-2) != 1)
    return list(zip(ascending[begins].tolist(), np.diff(begins, append=len(ascending)).tolist(), strict=True))
