"""Table columns of binary values that stay on disk until somebody looks at them.

A scanner may keep kilobytes for every image, of which judging needs a few at a time. Such a column holds
places in a scratch file, so that the table of a million images fits in memory; taking, sorting and merging
move places only. Of values of one length a place is the number of the value: four bytes. The scratch file has no
name and goes when the last column that points into it goes.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionArray, ExtensionDtype, take

from curate.storage import scratch

_AT_A_TIME = 4096
"""Values of one length that are read together."""


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
        sizes = np.array([-1 if value is None else len(value) for value in values], dtype=np.int32)
        starts = self._end + np.concatenate([[0], np.cumsum(np.maximum(sizes, 0), dtype=np.int64)])[:-1]
        self._append(b"".join(value for value in values if value))
        return Blobs((self,), _all(0, len(sizes), np.int16), np.where(sizes < 0, -1, starts).astype(np.int64), sizes)

    def take_in(self, values: pa.ChunkedArray) -> "Blobs":
        """Append a column of Arrow, whose bytes need not become objects first."""
        column = values.combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # how a column of no rows comes back
            return self.column([])
        if not pa.types.is_fixed_size_binary(column.type) or not column.type.byte_width:
            return self.column(column.to_pylist())
        width, present = column.type.byte_width, column.drop_null()
        is_missing = column.is_null().to_numpy(zero_copy_only=False)
        data = memoryview(present.buffers()[1] or b"")[present.offset * width : (present.offset + len(present)) * width]
        return self.of_one_length(data, width, is_missing)

    def of_one_length(self, data: bytes | memoryview, width: int, is_missing: npt.NDArray[np.bool_]) -> "Blobs":
        """Append values of one length, given side by side without those that are missing."""
        self._end += -self._end % width
        numbers = self._end // width + np.cumsum(~is_missing) - 1
        self._append(data)
        count, places = len(numbers), np.where(is_missing, -1, numbers).astype(np.int64)
        if self._end // width <= np.iinfo(np.int32).max:
            places = places.astype(np.int32)
        return Blobs((self,), _all(0, count, np.int16), places, _all(width, count, np.int32), width)

    def _append(self, data: bytes | memoryview) -> None:
        self.file.write(self._end, data)
        self._end += len(data)


def _all(value: int, count: int, kind: type[np.integer[Any]]) -> npt.NDArray[Any]:
    """Make one number stand for `count` of them, without room for each; not to be written to."""
    return np.broadcast_to(kind(value), count)


def _is_one(values: npt.NDArray[Any]) -> bool:
    return len(values) > 0 and values.strides == (0,)


class BlobsDtype(ExtensionDtype):  # type: ignore[misc]
    """bytes, or None."""

    name = "blobs"
    type = bytes
    na_value = None

    @classmethod
    def construct_array_type(cls) -> Any:
        return Blobs


class Blobs(ExtensionArray):  # type: ignore[misc]
    """A column of `bytes | None`: which spool, at which place (-1: None), how many.

    The byte where a value begins is its place times the `unit`.
    """

    def __init__(
        self,
        spools: tuple[Spool, ...],
        which: npt.NDArray[np.int16],
        places: npt.NDArray[np.signedinteger[Any]],
        sizes: npt.NDArray[np.int32],
        unit: int = 1,
    ) -> None:
        self._spools, self._which, self._places, self._sizes, self._unit = spools, which, places, sizes, unit

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> Self:
        del dtype, copy
        made = Spool().column([None if value is None else cls._stored(value) for value in scalars])
        return cls(made._spools, made._which, made._places, made._sizes)

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[Self]) -> Self:
        spools = tuple(dict.fromkeys(spool for column in to_concat for spool in column._spools))
        at = {spool: index for index, spool in enumerate(spools)}
        which = [
            np.array([at[spool] for spool in column._spools] or [0], np.int16)[column._which] for column in to_concat
        ]
        units = {column._unit for column in to_concat}
        places = [column._places if len(units) == 1 else column._starts() for column in to_concat]
        sizes = np.concatenate([column._sizes for column in to_concat])
        return cls(spools, np.concatenate(which), np.concatenate(places), sizes, units.pop() if len(units) == 1 else 1)

    @classmethod
    def missing(cls, spool: Spool, count: int) -> Self:
        """Make a column of None, which takes no room until there is a value of the spool to be put there."""
        return cls((spool,), _all(0, count, np.int16), _all(-1, count, np.int64), _all(-1, count, np.int32))

    @staticmethod
    def _stored(value: Any) -> bytes:
        """Return the bytes that are kept of a value."""
        return bytes(value)

    @staticmethod
    def _value(stored: bytes) -> Any:
        """Return the value of which these bytes are kept."""
        return stored

    @property
    def dtype(self) -> ExtensionDtype:
        return BlobsDtype()

    @property
    def nbytes(self) -> int:
        return sum(int(side.nbytes) for side in (self._which, self._places, self._sizes) if not _is_one(side))

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self), _AT_A_TIME):
            yield from self._some(slice(start, start + _AT_A_TIME))

    def _some(self, rows: slice) -> Iterator[Any]:
        """Read some values: together, where all have one length."""
        places, sizes = self._places[rows], self._sizes[rows]
        if _is_one(sizes):
            present = np.flatnonzero(places >= 0)
            read = iter(self[rows].matrix(present)) if len(present) else iter(())
            yield from (self._value(next(read).tobytes()) if place >= 0 else None for place in places.tolist())
            return
        for which, start, size in zip(
            self._which[rows].tolist(), self._starts(rows).tolist(), sizes.tolist(), strict=True
        ):
            yield None if start < 0 else self._value(self._spools[which].file.read(start, size))

    def _starts(self, rows: Any = slice(None)) -> npt.NDArray[np.int64]:
        """Return the bytes at which values begin; what is missing begins before all."""
        return np.asarray(self._places[rows], np.int64) * self._unit

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, int | np.integer):
            place = int(self._places[item])
            if place < 0:
                return None
            file = self._spools[self._which[item]].file
            return self._value(file.read(place * self._unit, int(self._sizes[item])))
        if isinstance(item, ExtensionArray | list):
            item = np.asarray(item)
        return self._picked(self._places[item], lambda values, none: values[item])

    def matrix(self, rows: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.uint8]:
        """Read (rows, bytes) of values of one length; raises `ValueError` where they are not."""
        starts, widths = self._starts(rows), np.unique(self._sizes[rows])
        if len(widths) != 1 or (starts < 0).any():
            raise ValueError("values of several lengths, or none, make no matrix")
        found = np.empty((len(rows), int(widths[0])), np.uint8)
        which = self._which[rows]
        for index in np.unique(which):
            of_spool = which == index
            found[of_spool] = self._spools[index].file.values(starts[of_spool], int(widths[0]))
        return found

    def __setitem__(self, item: Any, value: "Blobs") -> None:
        """Put values of the same spool there."""
        if not self._places.flags.writeable:  # as `missing` made it
            if value.isna().all():
                return
            self._places, self._unit = np.full(len(self), -1, value._places.dtype), value._unit
            self._sizes = _all(value._sizes[0], len(self), np.int32)
        if self._unit != value._unit:
            self._places, self._unit, places = self._starts(), 1, value._starts()
        else:
            places = value._places
        if not (_is_one(self._sizes) and _is_one(value._sizes) and self._sizes[0] == value._sizes[0]):
            self._sizes = np.array(self._sizes)
            self._sizes[item] = value._sizes
        self._places = self._places.astype(np.result_type(self._places, places), copy=False)
        self._places[item] = places

    def isna(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self._places < 0)

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> Self:
        del fill_value  # only None can be filled in
        indices = np.asarray(indices, dtype=np.intp)

        def taken(values: npt.NDArray[Any], none: int) -> npt.NDArray[Any]:
            return np.asarray(take(values, indices, allow_fill=allow_fill, fill_value=values.dtype.type(none)))

        return self._picked(taken(self._places, -1), taken)

    def _picked(
        self,
        places: npt.NDArray[np.signedinteger[Any]],
        pick: Callable[[npt.NDArray[Any], int], npt.NDArray[Any]],
    ) -> Self:
        """Return the column of picked places; one number that stands for all still does."""
        which, sizes = (
            _all(values[0], len(places), values.dtype.type) if _is_one(values) else pick(values, none)
            for values, none in ((self._which, 0), (self._sizes, -1))
        )
        return type(self)(self._spools, which, places, sizes, self._unit)

    def copy(self) -> Self:
        return self._picked(self._places.copy(), lambda values, none: values.copy())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[np.object_]:
        del dtype, copy
        values = np.empty(len(self), object)
        values[:] = list(self)
        return values

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:  # noqa: A002 - as Arrow calls it
        return pa.array(list(self), type)


class DigestsDtype(ExtensionDtype):  # type: ignore[misc]
    """Hexadecimal text, or None."""

    name = "digests"
    type = str
    na_value = None

    @classmethod
    def construct_array_type(cls) -> Any:
        return Digests


class Digests(Blobs):
    """A column of digests in hexadecimal letters, of which the bytes are kept."""

    @staticmethod
    def _stored(value: Any) -> bytes:
        return bytes.fromhex(value)

    @staticmethod
    def _value(stored: bytes) -> str:
        return stored.hex()

    @property
    def dtype(self) -> DigestsDtype:
        return DigestsDtype()
