"""Tables that a spreadsheet cannot run, written at once or as they come."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from curate.storage import safe_csv


def parts() -> list[pd.DataFrame]:
    return [pd.DataFrame({"a": ["=1+1", "x"], "b": ["", "1"]}), pd.DataFrame({"a": ["-2"], "b": ["y"]})]


def test_a_table_in_parts_is_the_table_written_at_once(tmp_path: Path) -> None:
    safe_csv.write_parts(parts(), tmp_path / "parts.csv")
    safe_csv.write(pd.concat(parts()), tmp_path / "whole.csv")
    assert (tmp_path / "parts.csv").read_text() == "a,b\n'=1+1,\nx,1\n'-2,y\n"
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_table_whose_parts_end_in_an_error_does_not_appear(tmp_path: Path) -> None:
    def broken() -> Iterator[pd.DataFrame]:
        yield parts()[0]
        raise ValueError

    (tmp_path / "t.csv").write_text("before")
    with pytest.raises(ValueError):  # noqa: PT011
        safe_csv.write_parts(broken(), tmp_path / "t.csv")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("t.csv", "before")]
