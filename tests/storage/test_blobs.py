"""Large columns on disk behave as columns of bytes in memory do."""

from hashlib import sha256

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from curate.storage import blobs
from curate.storage.blobs import Blobs, BlobsDtype, DigestsDtype, Spool

VALUES = [b"one", None, b"", b"four" * 1000, b"five"]


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"key": list("abcde"), "blob": Spool().column(VALUES)})


def test_values_come_back_as_they_went_in(frame: pd.DataFrame) -> None:
    assert list(frame["blob"]) == VALUES
    assert frame["blob"].iat[3] == b"four" * 1000
    assert frame["blob"].isna().tolist() == [False, True, False, False, False]


def test_taking_sorting_merging_and_joining_move_places(frame: pd.DataFrame) -> None:
    assert list(frame.sort_values("key", ascending=False)["blob"]) == VALUES[::-1]
    assert b"".join(frame["blob"].iloc[[4, 0]]) == b"fiveone"
    merged = pd.DataFrame({"key": ["e", "x", "a"]}).merge(frame, on="key", how="left")
    assert list(merged["blob"]) == [b"five", None, b"one"]
    other = pd.DataFrame({"key": ["f"], "blob": Spool().column([b"six"])})
    both = pd.concat([frame, other], ignore_index=True)
    assert list(both["blob"]) == [*VALUES, b"six"]
    assert isinstance(both["blob"].array, Blobs)
    assert list(both[both["blob"].notna()]["blob"]) == [b"one", b"", b"four" * 1000, b"five", b"six"]


@pytest.mark.parametrize("values", [[b"abcd", None, b"efgh"], [None, None], [b"abcd"], []])
@pytest.mark.parametrize("kind", [pa.binary(), pa.binary(4)])
def test_columns_of_arrow_are_taken_in_whole_or_sliced(values: list[bytes | None], kind: pa.DataType) -> None:
    spool = Spool()
    spool.column([b"something before"])
    whole = pa.chunked_array([pa.array([b"zzzz", None, *values], kind), pa.array(values, kind)])
    assert list(spool.take_in(whole)) == [b"zzzz", None, *values, *values]
    assert list(spool.take_in(whole.slice(2))) == [*values, *values]


def test_memory_does_not_hold_the_values() -> None:
    column = Spool().column([bytes(4096)] * 1000)
    assert column.nbytes < 20 * 1000


def test_values_of_one_length_are_read_as_a_matrix_from_wherever_they_lie() -> None:
    one, other = (
        Spool().take_in(pa.chunked_array([pa.array(v, pa.binary(2))])) for v in ([b"ab", None, b"cd"], [b"ef"])
    )
    column = pd.Series(Blobs._concat_same_type([one, other]))
    found = blobs.matrix(column, np.array([3, 0, 2, 3]))
    assert [bytes(row) for row in found] == [b"ef", b"ab", b"cd", b"ef"]
    in_memory = pd.Series([b"ab", None, b"cd", b"ef"], dtype=object)
    np.testing.assert_array_equal(blobs.matrix(in_memory, np.array([3, 0, 2, 3])), found)


@pytest.mark.parametrize("rows", [[0, 1], [1], [0, 3]])
def test_values_of_several_lengths_or_none_make_no_matrix(rows: list[int]) -> None:
    column = pd.Series(Spool().column([b"one", None, b"two", b"four"]))
    with pytest.raises(ValueError, match="several lengths"):
        blobs.matrix(column, np.array(rows))


def test_a_column_is_made_of_bytes_and_none_and_what_is_empty_is_not_missing() -> None:
    made = pd.Series([b"one", None, bytearray(b"two")], dtype=BlobsDtype())
    assert list(made) == [b"one", None, b"two"]
    spool = Spool()
    column = Blobs.missing(spool, 3)
    column[np.array([1])] = spool.column([b""])
    assert list(column) == [None, b"", None]


def of_one_length(spool: Spool, values: list[bytes | None], length: int) -> Blobs:
    return spool.take_in(pa.chunked_array([pa.array(values, pa.binary(length))]))


def test_values_of_one_length_take_four_bytes_a_row_wherever_they_are_moved() -> None:
    values = [None if row % 7 == 3 else row.to_bytes(8, "big") for row in range(10_000)]
    column = of_one_length(Spool(), values, 8)
    order = np.random.default_rng(0).permutation(len(values))
    moved = column.take(order)
    assert list(column) == values
    assert list(moved) == [values[row] for row in order]
    assert list(column.take([2, -1, 3], allow_fill=True)) == [values[2], None, None]
    assert column.nbytes == moved.nbytes == 4 * len(values)


def test_values_of_another_length_replace_some_of_a_column() -> None:
    spool = Spool()
    column = Blobs.missing(spool, 4)
    column[np.array([0, 2, 3])] = of_one_length(spool, [b"ab", None, b"cd"], 2)
    assert list(column) == [b"ab", None, None, b"cd"]
    column[np.array([3, 1])] = of_one_length(spool, [b"longer", None], 6)
    assert list(column) == [b"ab", None, None, b"longer"]
    column[np.array([2])] = spool.column([b"any"])
    assert list(column) == [b"ab", None, b"any", b"longer"]
    both = Blobs._concat_same_type([column, of_one_length(Spool(), [b"ef"], 2)])
    assert list(both) == [b"ab", None, b"any", b"longer", b"ef"]


def test_digests_are_texts_to_whoever_looks_and_arrow() -> None:
    texts = [sha256(bytes([value])).hexdigest() for value in range(3)]
    column = pd.Series([texts[0], None, texts[2]], dtype=DigestsDtype())
    assert column.tolist() == [texts[0], None, texts[2]]
    assert (column[0], column[1]) == (texts[0], None)
    assert column.notna().tolist() == [True, False, True]
    as_objects = column.astype(object)
    assert as_objects.dtype == object
    assert as_objects.tolist() == column.tolist()
    table = pa.Table.from_pandas(column.to_frame("sha256"), schema=pa.schema({"sha256": pa.string()}))
    assert table["sha256"].to_pylist() == column.tolist()
