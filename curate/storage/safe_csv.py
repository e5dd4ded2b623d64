"""CSV that a spreadsheet cannot mistake for a program.

A cell that begins with one of = + - @, a tab or a carriage return is run as a formula by Excel and its
kin (OWASP, "CSV injection"). Such text is written behind an apostrophe, and read back without it.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from curate.storage.atomic import atomic

_ACTIVE = ("=", "+", "-", "@", "\t", "\r")


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
        for number, frame in enumerate(frames):
            file.write(frame.map(escape).to_csv(index=False, header=number == 0, lineterminator="\n").encode())


def read(path: Path) -> pd.DataFrame:
    """Read a table as text, empty cells as None."""
    frame = pd.read_csv(path, dtype=object, keep_default_na=False)
    cells = {name: [unescape(value) or None for value in frame[name]] for name in frame}
    return pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in cells.items()})
