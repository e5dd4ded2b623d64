"""Tables as spreadsheets save them: read as they are meant, written so that nothing is lost or run."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.storage import safe_csv

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(st.lists(TEXT.filter(str.strip), min_size=1))
@example(["a\rb"])
@example(["a\r\nb", "c"])
@example([" leading", "trailing "])
@example(["a\u2028b", "a\x85b", "a\x0bb", "a\x1cb"])
@example(["'=x'", "=x", "'x'", "\tx"])
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, values: list[str]) -> None:
    file = tmp_path_factory.getbasetemp() / "t.csv"
    safe_csv.write(pd.DataFrame({"a": values, "b": "1"}, dtype=object), file)
    assert safe_csv.read(file)["a"].tolist() == values


def test_a_spreadsheet_is_told_the_encoding_by_a_mark(tmp_path: Path) -> None:
    safe_csv.write(pd.DataFrame({"a": ["maçã"]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == b"\xef\xbb\xbfa\nma\xc3\xa7\xc3\xa3\n"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("path,action\nmaçã,drop\n".encode(), id="commas"),
        pytest.param("path,action\r\nmaçã,drop\r\n".encode("utf-8-sig"), id="a mark, and Windows line ends"),
        pytest.param("path;action\nmaçã;drop\n".encode("cp1252"), id="semicolons in cp1252"),
        pytest.param("path\taction\nmaçã\tdrop\n".encode("utf-16"), id="tabs in UTF-16"),
        pytest.param("path\taction\nmaçã\tdrop\n".encode("utf-16-be"), id="big-endian"),
        pytest.param(" Path , ACTION \nmaçã, drop\n".encode(), id="capitals and blanks"),
        pytest.param("path,action\n,\nmaçã,drop\n\n , \n".encode(), id="empty rows"),
    ],
)
def test_a_table_is_read_however_it_was_saved(tmp_path: Path, data: bytes) -> None:
    if data[:2] == "p".encode("utf-16-be"):
        data = b"\xfe\xff" + data
    (tmp_path / "t.csv").write_bytes(data)
    assert safe_csv.read(tmp_path / "t.csv").to_dict("records") == [{"path": "maçã", "action": "drop"}]


def test_rows_know_the_line_that_they_begin_on() -> None:
    frame = safe_csv.parse('a,b\n1,2\n\n"x\ny\nz",3\n4,5\n')
    assert list(frame.index) == [2, 4, 7]
    assert frame["b"].tolist() == ["2", "3", "5"]


def test_the_header_says_what_separates_and_the_first_of_equals_is_a_comma() -> None:
    assert safe_csv.separator_of("a;b;c,d\n1,2,3,4\n") == ";"
    assert safe_csv.separator_of("a\tb\n") == "\t"
    assert safe_csv.separator_of("a\n") == ","
    assert safe_csv.separator_of("a,b;c\n") == ","


def test_what_is_in_quotes_keeps_its_blanks_and_what_is_not_loses_those_before_it() -> None:
    assert safe_csv.parse('a,b\n" x ", y \n').to_numpy().tolist() == [[" x ", "y "]]


def test_nothing_is_an_empty_table() -> None:
    assert safe_csv.parse(" \n").empty
    assert list(safe_csv.parse("a,b\n")) == ["a", "b"]


def parts() -> list[pd.DataFrame]:
    return [pd.DataFrame({"a": ["=1+1", "x"], "b": ["", "1"]}), pd.DataFrame({"a": ["-2"], "b": ["y"]})]


def test_a_table_in_parts_is_the_table_written_at_once(tmp_path: Path) -> None:
    safe_csv.write_parts(parts(), tmp_path / "parts.csv")
    safe_csv.write(pd.concat(parts()), tmp_path / "whole.csv")
    assert (tmp_path / "parts.csv").read_text(encoding="utf-8-sig") == "a,b\n'=1+1,\nx,1\n'-2,y\n"
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_table_whose_parts_end_in_an_error_does_not_appear(tmp_path: Path) -> None:
    def broken() -> Iterator[pd.DataFrame]:
        yield parts()[0]
        raise ValueError

    (tmp_path / "t.csv").write_text("before")
    with pytest.raises(ValueError):  # noqa: PT011
        safe_csv.write_parts(broken(), tmp_path / "t.csv")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("t.csv", "before")]


def test_text_begins_with_the_names_of_the_columns() -> None:
    frame = pd.DataFrame({"path": ["a"], "label": ["X"]})
    assert safe_csv.text_of(frame) == "path,label\na,X\n"
    assert safe_csv.text_of(frame, header=False) == "a,X\n"


@pytest.mark.parametrize("text", ["'quoted'", "-1", "=1", "@home", "'", "''", ""])
def test_what_was_never_escaped_is_not_unescaped(text: str) -> None:
    """As in a table that a person wrote or mended by hand."""
    assert safe_csv.unescape(text) == text


@pytest.mark.parametrize("cell", ["X", "'", "0", "\u00a0", "NA"])
def test_a_cell_of_one_sign_is_a_cell(cell: str) -> None:
    assert safe_csv.parse(f"path,label\na,{cell}\n")["label"].tolist() == [cell]
