"""Where scratch files lie, and what is kept in one."""

from pathlib import Path

import numpy as np
import pytest

from curate.storage import scratch


def place() -> Path:
    with scratch.file() as opened:
        return Path(f"/proc/self/fd/{opened.fileno()}").readlink().parent


@pytest.mark.parametrize("name", ["TMPDIR", "TEMP", "TMP"])
def test_scratch_files_go_where_the_environment_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setattr(scratch.tempfile, "tempdir", None)
    monkeypatch.setenv(name, str(tmp_path))
    assert place() == tmp_path


def test_else_they_go_where_large_files_belong_if_one_may_write_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(scratch.tempfile, "tempdir", None)
    monkeypatch.setattr(scratch, "LARGE_FILES", str(tmp_path))
    assert place() == tmp_path
    monkeypatch.setattr(scratch, "LARGE_FILES", str(tmp_path / "not there"))
    assert place() == Path(scratch.tempfile.gettempdir())


def test_few_rows_are_in_memory_and_many_in_a_file_and_both_keep_what_is_put_there() -> None:
    few, many = (scratch.rows((count, 3), np.int16, 10) for count in (10, 11))
    assert isinstance(few, np.ndarray)
    assert isinstance(many, scratch.RowsOnDisk)
    for values in (few, many):
        values[np.array([1, 4])] = [[1, -2, 3], [4, 5, -6]]
        assert values[np.array([4, 1, 4])].tolist() == [[4, 5, -6], [1, -2, 3], [4, 5, -6]]


@pytest.mark.parametrize("has_preadv", [True, False])
def test_rows_on_disk_are_those_of_an_array(has_preadv: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_preadv:
        monkeypatch.delattr(scratch.os, "preadv", raising=False)
    random = np.random.default_rng(1)
    expected = np.zeros((50, 2, 3), np.float32)
    found = scratch.RowsOnDisk(expected.shape, np.float32)
    for _ in range(20):
        written = random.permutation(50)[: random.integers(0, 20)]
        values = random.random((len(written), 2, 3))
        expected[written], found[written] = values, values
        read = random.integers(0, 50, random.integers(0, 80))
        assert found[read].dtype == np.float32
        np.testing.assert_array_equal(found[read], expected[read])


def test_rows_on_disk_are_read_many_at_a_time_where_they_lie_together(monkeypatch: pytest.MonkeyPatch) -> None:
    found, reads, writes = scratch.RowsOnDisk((100, 4), np.uint8), [], []
    monkeypatch.setattr(scratch.File, "_read", lambda self, start, into: reads.append((start, len(into))))
    monkeypatch.setattr(scratch.File, "write", lambda self, start, data: writes.append((start, bytes(data))))
    found[np.array([7, 5, 6, 90, 5, 0])]
    assert reads == [(0, 4), (20, 12), (360, 4)]
    found[np.array([1, 9, 0])] = [[1] * 4, [9] * 4, [0] * 4]
    assert writes == [(0, bytes([0] * 4 + [1] * 4)), (36, bytes([9] * 4))]


def test_what_a_file_has_not_is_not_made_up() -> None:
    with pytest.raises(EOFError, match="ends before byte 9"):
        scratch.File(8).values(np.array([0, 4]), 5)


def test_rows_that_nobody_has_written_are_zeros_up_to_the_last() -> None:
    found = scratch.RowsOnDisk((5, 3), np.int16)
    assert found[np.array([4, 0])].tolist() == [[0] * 3] * 2
    with pytest.raises(EOFError):
        found[np.array([5])]
