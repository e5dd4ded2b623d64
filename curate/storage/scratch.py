"""Room for what is too large for memory while a dataset is judged: nameless files, gone with their last reader."""

import os
import tempfile
import threading
from collections.abc import Iterable
from math import prod
from typing import IO, Generic, TypeVar

import numpy as np
import numpy.typing as npt

Kind = TypeVar("Kind", bound=np.generic)
Indices = npt.NDArray[np.intp]
Places = npt.NDArray[np.int64]
LARGE_FILES = "/var/tmp"  # noqa: S108 - file-hierarchy(7): /tmp may lie in memory, so what is large belongs here


def folder() -> str:
    """Choose where scratch files go: where TMPDIR says, else where large files belong."""
    told = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return tempfile.gettempdir() if told or not os.access(LARGE_FILES, os.W_OK) else LARGE_FILES


def file() -> IO[bytes]:
    """Open a file to write and read for as long as it is open."""
    return tempfile.TemporaryFile(prefix="curate-", dir=folder())


class File:
    """A scratch file to be read and written anywhere, by several threads; gone with the last that refers to it."""

    def __init__(self, size: int = 0) -> None:
        """Make a file of so many zeros."""
        self._opened = file()
        self._number = self._opened.fileno()
        self._opened.truncate(size)
        self._seeking = threading.Lock()

    def write(self, start: int, data: bytes | memoryview) -> None:
        with self._seeking:
            self._opened.seek(start)
            self._opened.write(data)
            self._opened.flush()

    def read(self, start: int, size: int) -> bytes:
        data = bytearray(size)
        self._read(start, memoryview(data))
        return bytes(data)

    def values(self, starts: Places, width: int) -> npt.NDArray[np.uint8]:
        """Read values of `width` bytes each: (n, width). Those that lie side by side are read together."""
        distinct, where = np.unique(starts, return_inverse=True)
        found = np.empty((len(distinct), width), np.uint8)
        data = found.reshape(-1).data
        for start, first, end in _side_by_side(distinct, width):
            self._read(start, data[first:end])
        return np.asarray(found[where.ravel()])

    def put(self, starts: Places, values: npt.NDArray[np.uint8]) -> None:
        """Write values (n, width), each to its own place."""
        order = np.argsort(starts)
        data = values[order].reshape(-1).data
        for start, first, end in _side_by_side(starts[order], values.shape[1]):
            self.write(start, data[first:end])

    def _read(self, start: int, into: memoryview) -> None:
        if not hasattr(os, "preadv"):  # Windows
            with self._seeking:
                self._opened.seek(start)
                into[:] = self._opened.read(len(into))
            return
        count = os.preadv(self._number, (into,), start)
        while count < len(into):  # a signal, or more than the system reads at once
            more = os.preadv(self._number, (into[count:],), start + count)
            if not more:
                raise EOFError(f"the scratch file ends before byte {start + len(into)}")
            count += more

    def __del__(self) -> None:
        self._opened.close()


def _side_by_side(ascending: Places, width: int) -> Iterable[tuple[int, int, int]]:
    """Cut the places of values into those without a gap between them.

    Of each where it begins in the file, and where it begins and ends among the bytes of all values in a row.
    """
    if not width:
        return ()
    begins = np.flatnonzero(np.diff(ascending, prepend=-2 * width - 1) != width)
    ends = np.append(begins[1:], len(ascending))
    return zip(ascending[begins].tolist(), (begins * width).tolist(), (ends * width).tolist(), strict=True)


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
        self._file = File(shape[0] * self._width)

    def __getitem__(self, indices: Indices) -> npt.NDArray[Kind]:
        """Read these rows, (n, ...)."""
        found = self._file.values(np.asarray(indices, np.int64) * self._width, self._width)
        return found.view(self._kind).reshape(len(found), *self._shape)

    def __setitem__(self, indices: Indices, values: npt.ArrayLike) -> None:
        """Write these rows; `values` are (n, ...)."""
        data = np.ascontiguousarray(values, self._kind).reshape(len(indices), -1).view(np.uint8)
        self._file.put(np.asarray(indices, np.int64) * self._width, data)
