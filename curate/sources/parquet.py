"""Parquet files whose rows hold images, as on the Hugging Face Hub, read in place: which column is what, and its rows.

An image is addressed by the number of its row. Invariant: what is in memory is a batch of rows and the pages that these
lie in, however large file and row group are; rows asked for in order cost one pass over them.
"""

import bisect
import errno
import functools
import itertools
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pyarrow as pa

from curate.errors import SourceError
from curate.images import formats
from curate.sources import objects
from curate.sources.address import url
from curate.sources.columns import LABEL_COLUMNS, SPLIT_COLUMNS, column_called, column_of_splits, split_names, text

BATCH_ROWS = 16
_IMAGE_COLUMNS = ("image", "img", "picture", "photo", "pixel_values")
_PAGE_BUFFER_BYTES = 1 << 20
_DAMAGE = (OSError, ValueError, pa.ArrowException)
"""What Arrow raises of a file that is damaged, text that is no UTF-8 among it."""
_BYTES = ("bytes", "path")
"""The fields of an image, as `datasets` stores it: its content, or where that lies."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a Parquet file say what of an image. `data` and `path` are dotted where they are fields.

    `classes` are the names that the numbers in `label` stand for; None where the column holds the class itself.
    `further` are the other columns of plain values: a camera, a site, a date.
    """

    data: str
    path: str | None
    label: str | None
    split: str | None
    classes: tuple[str, ...] | None
    further: tuple[str, ...] = ()


class Row(NamedTuple):
    """What one row says: its size (None where it holds no bytes), the first of these, and the cells beside them."""

    number: int
    size_bytes: int | None
    head: bytes
    path: str | None
    label: Any
    split: Any
    further: Mapping[str, Any] = MappingProxyType({})


def is_parquet(name: str | Path) -> bool:
    """Say whether a name is that of a Parquet file."""
    return str(name).lower().endswith(".parquet")


def columns_of(address: str) -> Columns | None:
    """Read which columns of a Parquet file say what; None where it holds no images.

    Raises `SourceError` where it is damaged, or several columns could be meant.
    """
    try:
        schema = _opened(address).schema_arrow
    except _DAMAGE as error:
        raise _damaged(address, error) from error
    return columns_in(schema, address)


def settled(files: Mapping[str, Columns]) -> dict[str, Columns]:
    """Return the columns of the files of a dataset, by address, as their rows have them (`columns.split_names`).

    What holds names of splits in none of them says none. Raises `SourceError` where a file is damaged.
    """
    is_sure = {None, SPLIT_COLUMNS[0]}
    unsure = {
        address: _names(address)
        for address, columns in files.items()
        if (columns.split and columns.split.strip().lower()) not in is_sure
    }
    of_splits = split_names((names, functools.partial(_texts, address)) for address, names in unsure.items())
    return {**files, **{address: _with_splits(files[address], names, of_splits) for address, names in unsure.items()}}


def _with_splits(columns: Columns, names: Sequence[str], of_splits: Set[str]) -> Columns:
    split = column_of_splits(names, of_splits)
    plain = [name for name in names if name in {*columns.further, columns.split} - {split}]
    return replace(columns, split=split, further=tuple(plain))


def _names(address: str) -> list[str]:
    try:
        return list(_opened(address).schema_arrow.names)
    except _DAMAGE as error:
        raise _damaged(address, error) from error


def _texts(address: str, name: str) -> list[str | None]:
    """Read the cells of a column as text."""
    try:
        return [_as_text(value) for value in _opened(address).read([name])[name].to_pylist()]
    except _DAMAGE as error:
        raise _damaged(address, error) from error


def _as_text(value: Any) -> str | None:
    return text({"cell": value}, "cell")


def rows(address: str, columns: Columns) -> Iterator[Row]:
    """Read what every row says of its image, in order; of its bytes no more than `formats.SNIFF_BYTES` are kept.

    Raises `SourceError` where the file is damaged.
    """
    wanted = [name for name in (columns.data, columns.path, columns.label, columns.split, *columns.further) if name]
    number = itertools.count()
    try:
        for batch in _opened(address).iter_batches(BATCH_ROWS, columns=wanted, use_threads=False):
            cells = [_cells(batch, name) for name in (columns.path, columns.label, columns.split)]
            further = batch.select(list(columns.further)).to_pylist() if columns.further else [{}] * batch.num_rows
            for data, path, label, split, more in zip(_column(batch, columns.data), *cells, further, strict=True):
                content = data.as_buffer()
                size, head = (None, b"") if content is None else (content.size, content[: formats.SNIFF_BYTES])
                yield Row(next(number), size, bytes(head), path, label, split, more)
    except _DAMAGE as error:
        raise _damaged(address, error) from error


def row_count(address: str) -> int:
    """Return the number of rows, from the footer of a Parquet file."""
    return int(_opened(address).metadata.num_rows)


def read(address: str, member: str, max_bytes: int) -> bytes | None:
    """Read the image in the row that `member` begins with; None where it has more than `max_bytes`.

    Raises `OSError` where there is no such row, its bytes are null, or they cannot be read.
    """
    try:
        content = _reader(address, _stamp(address)).content(_number(member))
    except (ValueError, pa.ArrowException) as error:
        raise OSError(errno.EIO, f"the Parquet file is damaged: {_one_line(error)}", address) from error
    if content is None:
        raise FileNotFoundError(
            errno.ENOENT, "the row holds no bytes, and the file that it names is not there", address
        )
    return content if len(content) <= max_bytes else None


def has(address: str, member: str) -> bool:
    """Say whether a Parquet file has the row that `member` begins with."""
    return _number(member) < _reader(address, _stamp(address)).count


def _number(member: str) -> int:
    digits = re.match(r"\d+", member)
    if digits is None:
        raise FileNotFoundError(errno.ENOENT, "no row of a Parquet file", member)
    return int(digits[0])


class _Reader:
    """The images of one file, read forwards; going back starts the row group again."""

    def __init__(self, address: str) -> None:
        self._file = _opened(address)
        columns = columns_in(self._file.schema_arrow, address)
        if columns is None:
            raise FileNotFoundError(errno.ENOENT, "the Parquet file holds no images any more", address)
        self._column = columns.data
        groups = (self._file.metadata.row_group(group).num_rows for group in range(self._file.num_row_groups))
        self._starts = list(itertools.accumulate(groups, initial=0))
        self._lock = threading.Lock()
        self._group = -1
        self._batches: Iterator[Any] = iter(())
        self._first = 0
        self._batch: Any = ()

    @property
    def count(self) -> int:
        return int(self._starts[-1])

    def content(self, row: int) -> bytes | None:
        if row >= self.count:
            raise FileNotFoundError(errno.ENOENT, f"the Parquet file has no row {row}")
        with self._lock:
            group = bisect.bisect_right(self._starts, row) - 1
            if group != self._group or row < self._first:
                self._batches = self._file.iter_batches(
                    BATCH_ROWS, row_groups=[group], columns=[self._column], use_threads=False
                )
                self._group, self._first, self._batch = group, self._starts[group], ()
            while row >= self._first + len(self._batch):
                self._first += len(self._batch)
                self._batch = _column(next(self._batches), self._column)
            content = self._batch[row - self._first].as_buffer()
            return None if content is None else bytes(content)


@functools.lru_cache(maxsize=4)
def _reader(address: str, stamp: int) -> _Reader:
    del stamp  # part of the key: a file written anew is another one
    return _Reader(address)


def _stamp(address: str) -> int:
    return Path(address).stat().st_mtime_ns if url(address) is None else 0


def _opened(address: str) -> Any:
    """Open a Parquet file to be read page by page."""
    import pyarrow.parquet as pq

    where = address if url(address) is None else objects.filesystem(address).open(address, "rb")
    return pq.ParquetFile(where, buffer_size=_PAGE_BUFFER_BYTES, pre_buffer=False)


def _column(batch: Any, name: str) -> Any:
    """Return a column of a batch, or the field of one that a dotted name says."""
    import pyarrow.compute as pc

    top, _, field = name.partition(".")
    return pc.struct_field(batch.column(top), field) if field and top in batch.schema.names else batch.column(name)


def _cells(batch: Any, name: str | None) -> list[Any]:
    return [None] * batch.num_rows if name is None else _column(batch, name).to_pylist()


def columns_in(schema: Any, address: str) -> Columns | None:
    """Say which columns of an Arrow schema say what; None where none holds images.

    Raises `SourceError`, naming `address`, where several could be meant.
    """
    features = _features(schema.metadata or {})
    images = [field for field in schema if _holds_images(field, features.get(field.name, {}))]
    if not images:
        return None
    image = _chosen(address, [field.name for field in images], _IMAGE_COLUMNS, "images")
    fields = [field.name for field in schema.field(image).type] if pa.types.is_struct(schema.field(image).type) else []
    data, path = (f"{image}.{name}" if name in fields else None for name in _BYTES)
    names = {name: feature["names"] for name, feature in features.items() if _is_class_label(feature)}
    named = [name for name in schema.names if name in names]
    label = _chosen(address, named, LABEL_COLUMNS, "classes") if named else column_called(schema.names, LABEL_COLUMNS)
    classes = tuple(map(str, names[label])) if label in names else None
    split = column_called(schema.names, SPLIT_COLUMNS)
    further = (field.name for field in schema if field.name not in (image, label, split) and _is_plain(field.type))
    return Columns(data or image, path, label, split, classes, tuple(further))


def _chosen(address: str, names: list[str], usual: tuple[str, ...], what: str) -> str:
    """Choose the only column, or the one that goes by a usual name; raises `SourceError` where neither tells."""
    chosen = names[0] if len(names) == 1 else column_called(names, usual)
    if chosen is None:
        raise SourceError(
            f"{address} has several columns of {what} ({', '.join(names)}); keep one of them: "
            f"dataset.remove_columns({names[1:]}).to_parquet('one.parquet'), and give that"
        )
    return chosen


def _holds_images(field: Any, feature: Mapping[str, Any]) -> bool:
    kind = field.type
    if pa.types.is_struct(kind):
        return any(inner.name == "bytes" and _is_binary(inner.type) for inner in kind)
    return _is_binary(kind) and (feature.get("_type") == "Image" or field.name.lower() in _IMAGE_COLUMNS)


def _is_binary(kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_plain(kind: Any) -> bool:
    types = pa.types
    is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_dictionary(kind)
    return bool(is_text or types.is_primitive(kind) or types.is_decimal(kind))


def _is_class_label(feature: Mapping[str, Any]) -> bool:
    return feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list)


def _features(metadata: Mapping[bytes, bytes]) -> dict[str, Mapping[str, Any]]:
    """Read what `datasets` has written into a schema of its columns; nothing where it has not, or not so."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {str(name): feature for name, feature in features.items() if isinstance(feature, dict)}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def _damaged(address: str, error: Exception) -> SourceError:
    return SourceError(
        f"{address} is damaged, or no Parquet file ({_one_line(error)}); fetch it again, or leave it out with --exclude"
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
