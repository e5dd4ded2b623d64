"""CSV that a spreadsheet shows as it is, cannot mistake for a program, and may have saved again.

Written: UTF-8 with a byte order mark, without which Excel takes it for another encoding. A cell that begins with one
of = + - @, a tab or a carriage return is run as a formula by Excel and its kin (OWASP, "CSV injection"); such text is
written behind an apostrophe, and read back without it.

Read: commas, semicolons or tabs; UTF-8, UTF-16 with its mark, or cp1252; blanks before cells and empty rows are
nothing.
"""

import codecs
import csv
import io
import warnings
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

import pandas as pd

from curate.storage.atomic import atomic

_ACTIVE = ("=", "+", "-", "@", "\t", "\r")
_SEPARATORS = (",", ";", "\t")


def escape(value: object) -> object:
    """Put an apostrophe before text that a spreadsheet would run."""
    if isinstance(value, str) and (value.startswith(_ACTIVE) or _is_escaped(value)):
        return "'" + value
    return value


def unescape(value: object) -> object:
    """Undo `escape`."""
    return value[1:] if isinstance(value, str) and _is_escaped(value) else value


def _is_escaped(value: str) -> bool:
    bare = value.lstrip("'")
    return value.startswith("'") and bare.startswith(_ACTIVE)


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a table, whole or not at all."""
    write_parts([frame], path)


def write_parts(frames: Iterable[pd.DataFrame], path: Path) -> None:
    """Write a table that comes in parts of the same columns, each as it comes, whole or not at all."""
    with atomic(path) as file:
        file.write(codecs.BOM_UTF8)
        for number, frame in enumerate(frames):
            file.write(text_of(frame.map(escape), header=number == 0).encode())


def text_of(frame: pd.DataFrame, separator: str = ",", *, header: bool = True) -> str:
    """Return a table as delimited text in which any line break and any leading blank of a cell survives."""
    texts = [value for name in frame for value in frame[name] if isinstance(value, str)]
    # The writer puts quotes round neither a bare \\r nor a leading blank, which readers take for more than text.
    fragile = any("\r" in text or text.startswith(" ") for text in texts)
    quoting = csv.QUOTE_ALL if fragile else csv.QUOTE_MINIMAL
    return str(frame.to_csv(index=False, header=header, lineterminator="\n", sep=separator, quoting=quoting))


def read(path: Path) -> pd.DataFrame:
    """Read a table as text: names of columns as `column_name` makes them, empty cells as None, no empty rows.

    The index holds the line that each row begins on. Raises `ValueError` or `OSError` where it is no such table.
    """
    frame = parse(decoded(path.read_bytes()))
    cells = {column_name(name): [unescape(value) for value in frame[name]] for name in frame}
    return _table(cells, frame.index)


def column_name(name: object) -> str:
    """Normalise the name of a column: `" Path"` and `path` are one."""
    return str(name).strip().lower()


def decoded(data: bytes) -> str:
    """Decode the bytes of a table: UTF-8 or UTF-16 by its mark, else UTF-8 where it is that, else cp1252."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def parse(text: str, separator: str | None = None) -> pd.DataFrame:
    """Parse delimited text into a table of text: blanks before cells left out, empty ones None, no empty rows.

    Without a `separator` the header says which it is. The index holds the line that each row begins on. What stands in
    quotes is taken whole, blanks and line breaks too. Raises `ValueError` where it is no table.
    """
    if not text.strip():
        return pd.DataFrame()
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # of cells that no column is for, which it drops
        try:
            frame = pd.read_csv(
                io.StringIO(text, newline=""),
                sep=separator or separator_of(text),
                dtype=object,
                keep_default_na=False,
                index_col=False,
                skip_blank_lines=False,
                skipinitialspace=True,
            )
        except pd.errors.ParserWarning as error:
            raise ValueError("its first row has more cells than there are columns") from error
    # A row begins a line further for every line break inside the cells of those before it.
    breaks = [sum(str(cell).count("\n") for cell in row) for row in frame.itertuples(index=False, name=None)]
    frame.index = pd.Index(
        [2 + row + before for row, before in enumerate(accumulate([0, *breaks[:-1]]))] if breaks else []
    )
    table = _table({str(name): [_cell(value) for value in frame[name]] for name in frame}, frame.index)
    return table[table.notna().any(axis=1)]


def separator_of(text: str) -> str:
    """Return the separator of delimited text: of comma, semicolon and tab the one that its first line holds most of."""
    header = text.lstrip("\ufeff\r\n").partition("\n")[0]
    return max(_SEPARATORS, key=header.count)


def _cell(value: object) -> object:
    """Return a cell as it is, None where there is nothing in it but blanks."""
    return value if isinstance(value, str) and value.strip(" ") else None


def _table(cells: dict[str, list[object]], index: pd.Index) -> pd.DataFrame:
    """Make a table of text in which None stays None."""
    return pd.DataFrame({name: pd.Series(values, index, dtype=object) for name, values in cells.items()}, index)
