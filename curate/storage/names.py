"""Names that are no text, or more than text: old shares give other encodings, strangers what a terminal obeys."""

import re
from collections.abc import Sequence

_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and line feed, and those that turn the direction of text."""


def is_text(name: str) -> bool:
    """Say whether a name is valid Unicode that tables and files can hold: no lone surrogate, no NUL."""
    return "\0" not in name and shown(name) == name


def shown(name: str) -> str:
    """Write a name so that it can be printed and stored, whatever its bytes: those that are no UTF-8 as escapes."""
    if name.isascii():  # as most names are, and there may be millions
        return name
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # halves of characters that stand for no byte
        return name.encode("utf-8", "backslashreplace").decode()


def printable(text: str) -> str:
    """Write text for a terminal, which obeys escape sequences: what is more than text stands as an escape."""
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), shown(text))


def first_of(paths: Sequence[str], count: int = 5) -> str:
    """List the first paths of several, and whether there are more."""
    return ", ".join(paths[:count]) + (", ..." if len(paths) > count else "")
