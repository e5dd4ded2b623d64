"""A table filled a part at a time is the table that all parts together would give."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from curate.measuring import columns
from curate.storage.blobs import Blobs, Spool
from curate.storage.workspace import to_pandas

CASES = {
    "text": (pa.string(), ["a", None, "b", "a"]),
    "bytes": (pa.binary(4), [b"abcd", None, b"efgh", b"abcd"]),
    "int64": (pa.int64(), [1, None, -3, 1 << 60]),
    "int32": (pa.int32(), [1, None, -3, 1 << 30]),
    "float32": (pa.float32(), [1.5, None, -3.0, 0.0]),
    "float64": (pa.float64(), [0.1, None, -3.0, 0.0]),
    "bool": (pa.bool_(), [True, None, False, True]),
    "int16": (pa.int16(), [1, None, -3, 1 << 14]),
    "lists": (pa.list_(pa.int64()), [[1, 2], None, [], [3]]),
}


def filled(kind: pa.DataType, count: int, *parts: tuple[list[int], list[object]]) -> pd.Series:
    column = columns.column(kind, count, Spool())
    for rows, values in parts:
        column.put(np.array(rows, np.intp), pa.chunked_array([pa.array(values, kind)]))
    return column.series()


def as_list(values: pd.Series) -> list[object]:
    plain = [value.tolist() if isinstance(value, np.ndarray) else value for value in values]
    return [value if isinstance(value, list) or not pd.isna(value) else None for value in plain]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("some", [[0, 1, 2, 3], [0, 2, 3]])
def test_a_column_is_what_all_its_values_at_once_would_be(name: str, some: list[int]) -> None:
    kind, known = CASES[name]
    values = [known[row] for row in some]
    expected = to_pandas(pa.table({"x": pa.array(values, kind)}))["x"]
    found = filled(kind, len(values), ([*range(len(values))][::-1], values[::-1]))
    assert as_list(found) == as_list(expected)
    if name == "bytes":
        assert isinstance(found.array, Blobs)
    elif name != "int16":  # of which pandas makes twice as much as is needed
        assert found.dtype == expected.dtype


@pytest.mark.parametrize("name", CASES)
def test_what_comes_later_replaces_what_was_there_and_the_rest_is_missing(name: str) -> None:
    kind, (first, _, second, _) = CASES[name]
    found = filled(kind, 4, ([0, 1, 2], [first, first, second]), ([2, 1], [first, None]))
    assert found.isna().tolist() == [False, True, False, True]
    assert as_list(found)[0] == as_list(found)[2] == first


def test_columns_without_a_value_are_one_and_the_same_until_there_is_one() -> None:
    kind = pa.string()
    empty, other = filled(kind, 3, ([0, 1], [None, None])), filled(kind, 3)
    assert np.shares_memory(empty.to_numpy(), other.to_numpy())
    found = filled(kind, 3, ([0, 1], [None, None]), ([1], ["b"]), ([1, 2], [None, "c"]))
    assert list(found) == [None, None, "c"]
    assert list(empty) == list(other) == [None] * 3


def test_large_values_lie_in_the_spool_and_columns_of_none_take_no_room() -> None:
    kind = pa.binary()
    found = filled(kind, 4, ([3, 0], [b"three", b"zero"]), ([0, 1], [b"again", None]))
    assert isinstance(found.array, Blobs)
    assert list(found) == [b"again", None, None, b"three"]
    empty = filled(kind, 4, ([1, 2], [None, None]))
    assert list(empty) == [None] * 4
    assert list(empty.iloc[[2, 1]]) == [None, None]
    assert not empty.array._sizes.flags.owndata


def test_digests_are_texts_that_lie_on_disk() -> None:
    one, other = "0f" * 32, "a1" * 32
    column = columns.DigestColumn(4, Spool())
    for rows, values in (([0, 1, 2], [one, one, other]), ([2, 1], [one, None])):
        column.put(np.array(rows, np.intp), pa.chunked_array([pa.array(values, pa.string())]))
    assert column.series().tolist() == [one, None, one, None]
