"""Table columns of binary values that stay on disk until somebody looks at them.

A scanner may keep kilobytes for every image, of which judging needs a few at a time. Such a column holds
places in a scratch file, so that the table of a million images fits in memory; taking, sorting and merging
move places only. The scratch file has no name and goes when the last column that points into it goes.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionArray, ExtensionDtype, take

from curate.storage import scratch


def is_binary(kind: pa.DataType) -> bool:
    """Say whether a column of this type belongs on disk: even of few bytes an object makes five times as many."""
    return bool(pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind))


def matrix(column: pd.Series, rows: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.uint8]:
    """Read (rows, bytes) of a table column whose values there all have one length; raises `ValueError` otherwise."""
    values = column.array
    if not len(rows):
        return np.empty((0, 0), np.uint8)
    if isinstance(values, Blobs):
        return values.matrix(rows)
    chosen = values.to_numpy()[rows]
    return np.frombuffer(b"".join(chosen), np.uint8).reshape(len(rows), -1)


class Spool:
    """A scratch file that values are appended to."""

    def __init__(self) -> None:
        self.file = scratch.File()
        self._end = 0

    def column(self, values: Sequence[bytes | None]) -> "Blobs":
        """Append values; returns the column that stands for them."""
        sizes = np.array([-1 if value is None else len(value) for value in values], dtype=np.int64)
        return self._append(sizes, b"".join(value for value in values if value))

    def take_in(self, values: pa.ChunkedArray) -> "Blobs":
        """Append a column of Arrow, whose bytes need not become objects first."""
        column = values.combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # how a column of no rows comes back
            return self.column([])
        if not pa.types.is_fixed_size_binary(column.type):
            return self.column(column.to_pylist())
        width = column.type.byte_width
        sizes = np.where(column.is_null().to_numpy(zero_copy_only=False), -1, width)
        present = column.drop_null()
        if not len(present):
            return self._append(sizes, b"")
        data = memoryview(present.buffers()[1])
        return self._append(sizes, data[present.offset * width : (present.offset + len(present)) * width])

    def _append(self, sizes: npt.NDArray[np.int64], data: bytes | memoryview) -> "Blobs":
        starts = self._end + np.concatenate([[0], np.cumsum(np.maximum(sizes, 0))])[:-1]
        self.file.write(self._end, data)
        self._end += int(np.maximum(sizes, 0).sum())
        return Blobs((self,), np.zeros(len(sizes), np.int16), starts.astype(np.int64), sizes.astype(np.int32))


class BlobsDtype(ExtensionDtype):  # type: ignore[misc]
    """bytes, or None."""

    name = "blobs"
    type = bytes
    na_value = None

    @classmethod
    def construct_array_type(cls) -> Any:
        return Blobs


class Blobs(ExtensionArray):  # type: ignore[misc]
    """A column of `bytes | None`: which spool, from where, how many (-1: None)."""

    def __init__(
        self,
        spools: tuple[Spool, ...],
        which: npt.NDArray[np.int16],
        starts: npt.NDArray[np.int64],
        sizes: npt.NDArray[np.int32],
    ) -> None:
        self._spools, self._which, self._starts, self._sizes = spools, which, starts, sizes

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> "Blobs":
        del dtype, copy
        return Spool().column([None if value is None else bytes(value) for value in scalars])

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence["Blobs"]) -> "Blobs":
        spools = tuple(dict.fromkeys(spool for column in to_concat for spool in column._spools))
        at = {spool: index for index, spool in enumerate(spools)}
        which = [
            np.array([at[spool] for spool in column._spools] or [0], np.int16)[column._which] for column in to_concat
        ]
        return cls(
            spools,
            np.concatenate(which),
            np.concatenate([column._starts for column in to_concat]),
            np.concatenate([column._sizes for column in to_concat]),
        )

    @classmethod
    def missing(cls, spool: Spool, count: int) -> "Blobs":
        """Make a column of None, which takes no room until there is a value of the spool to be put there."""
        nowhere = np.broadcast_to(np.int64(0), count)
        return cls((spool,), np.broadcast_to(np.int16(0), count), nowhere, np.broadcast_to(np.int32(-1), count))

    @property
    def dtype(self) -> BlobsDtype:
        return BlobsDtype()

    @property
    def nbytes(self) -> int:
        return int(self._which.nbytes + self._starts.nbytes + self._sizes.nbytes)

    def __len__(self) -> int:
        return len(self._sizes)

    def __iter__(self) -> Iterator[bytes | None]:
        places = zip(self._which.tolist(), self._starts.tolist(), self._sizes.tolist(), strict=True)
        for which, start, size in places:
            yield None if size < 0 else self._spools[which].file.read(start, size)

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, int | np.integer):
            size = int(self._sizes[item])
            return None if size < 0 else self._spools[self._which[item]].file.read(int(self._starts[item]), size)
        if isinstance(item, ExtensionArray | list):
            item = np.asarray(item)
        return Blobs(self._spools, self._which[item], self._starts[item], self._sizes[item])

    def matrix(self, rows: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.uint8]:
        """Read (rows, bytes) of values of one length; raises `ValueError` where they are not."""
        widths = np.unique(self._sizes[rows])
        if len(widths) != 1 or widths[0] < 0:
            raise ValueError("values of several lengths, or none, make no matrix")
        found = np.empty((len(rows), int(widths[0])), np.uint8)
        which, starts = self._which[rows], self._starts[rows]
        for index in np.unique(which):
            of_spool = which == index
            found[of_spool] = self._spools[index].file.values(starts[of_spool], int(widths[0]))
        return found

    def __setitem__(self, item: Any, value: "Blobs") -> None:
        """Put values of the same spool there."""
        if not self._sizes.flags.writeable:  # as `missing` made it
            if (value._sizes < 0).all():
                return
            self._starts, self._sizes = self._starts.copy(), self._sizes.copy()
        self._starts[item], self._sizes[item] = value._starts, value._sizes

    def isna(self) -> npt.NDArray[np.bool_]:
        return self._sizes < 0

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> "Blobs":
        del fill_value  # only None can be filled in
        which, starts, sizes = (
            take(values, np.asarray(indices, dtype=np.intp), allow_fill=allow_fill, fill_value=empty)
            for values, empty in ((self._which, np.int16(0)), (self._starts, 0), (self._sizes, np.int32(-1)))
        )
        return Blobs(self._spools, which, starts, sizes)

    def copy(self) -> "Blobs":
        return Blobs(self._spools, self._which.copy(), self._starts.copy(), self._sizes.copy())
