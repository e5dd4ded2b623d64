"""Columns of a table that is filled a part at a time, each row at its place: what comes later replaces what was there.

So no more than one part is in memory beside the table.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from curate.storage.blobs import Blobs, Digests, Spool, is_binary
from curate.storage.workspace import texts

if TYPE_CHECKING:
    from collections.abc import Callable

Rows = npt.NDArray[np.intp]
SHA256_BYTES = 32


class Column(Protocol):
    """A column of the table; where nothing was put, values are missing."""

    def put(self, rows: Rows, values: pa.ChunkedArray) -> None:
        """Put values in these rows."""

    def series(self) -> pd.Series:
        """Return the column as `storage.workspace.to_pandas` would."""


def column(kind: pa.DataType, count: int, spool: Spool) -> Column:
    """Make a column of `count` rows; binary values go into the spool."""
    if is_binary(kind):
        return _Binary(count, spool)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return _Numbers(kind, count)
    return _Objects(count, texts if pa.types.is_string(kind) else _objects)


class _Binary:
    def __init__(self, count: int, spool: Spool) -> None:
        self._spool, self._places = spool, Blobs.missing(spool, count)

    def put(self, rows: Rows, values: pa.ChunkedArray) -> None:
        self._places[rows] = self._spool.take_in(values)

    def series(self) -> pd.Series:
        return pd.Series(self._places, copy=False)


class DigestColumn:
    """SHA-256 in hexadecimal letters, kept as bytes on disk: as texts they are a quarter of what a table takes."""

    def __init__(self, count: int, spool: Spool) -> None:
        self._spool, self._places = spool, Digests.missing(spool, count)

    def put(self, rows: Rows, values: pa.ChunkedArray) -> None:
        data = bytes.fromhex("".join(values.drop_null().to_pylist()))
        self._places[rows] = self._spool.of_one_length(data, SHA256_BYTES, np.asarray(values.is_null()))

    def series(self) -> pd.Series:
        return pd.Series(self._places, copy=False)


class _Objects:
    """Values that pandas has no type for: they are None where they are missing."""

    def __init__(self, count: int, objects: Callable[[pa.ChunkedArray], npt.NDArray[np.object_]]) -> None:
        self._values, self._objects = _nothing(count), objects

    def put(self, rows: Rows, values: pa.ChunkedArray) -> None:
        if not self._values.flags.writeable:
            if values.null_count == len(values):
                return
            self._values = self._values.copy()
        self._values[rows] = self._objects(values)

    def series(self) -> pd.Series:
        return pd.Series(self._values, dtype=object, copy=False)


class _Numbers:
    def __init__(self, kind: pa.DataType, count: int) -> None:
        self._values = np.zeros(count, kind.to_pandas_dtype())
        self._is_missing = np.ones(count, dtype=bool)

    def put(self, rows: Rows, values: pa.ChunkedArray) -> None:
        is_missing = np.asarray(values.is_null())
        present = values.fill_null(False if pa.types.is_boolean(values.type) else 0) if is_missing.any() else values
        self._values[rows], self._is_missing[rows] = present.to_numpy(), is_missing

    def series(self) -> pd.Series:
        values, is_missing = self._values, self._is_missing
        if values.dtype in (np.int32, np.int64):
            return pd.Series(pd.arrays.IntegerArray(values, is_missing), copy=False)
        if is_missing.any():
            values = values.astype(object if values.dtype.kind == "b" else np.result_type(values, np.float16))
            values[is_missing] = None
        return pd.Series(values, copy=False)


@lru_cache(maxsize=1)
def _nothing(count: int) -> npt.NDArray[np.object_]:
    """Make a column of None, the same for all that hold nothing else; not to be written to."""
    values = np.full(count, None, dtype=object)
    values.flags.writeable = False
    return values


def _objects(values: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    found: Any = values.to_pandas().to_numpy(object)
    return np.asarray(found, dtype=object)
