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
    assert not isinstance(few, np.memmap)
    assert isinstance(many, np.memmap)
    for values in (few, many):
        values[[1, 4]] = [[1, -2, 3], [4, 5, -6]]
        assert values[[4, 1]].tolist() == [[4, 5, -6], [1, -2, 3]]
