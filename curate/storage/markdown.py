"""Markdown that shows text from data as it is."""

import re
from collections.abc import Callable

_MARKDOWN: dict[str, str] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"} | {sign: f"\\{sign}" for sign in "\\`*[]|~$#"}
_ESCAPED = re.compile("|".join([*map(re.escape, _MARKDOWN), r"(?<![^\W_])_|_(?![^\W_])"]))


def escape_markdown(text: str) -> str:
    """Escape text so that Markdown shows it as it is, in a table cell too: on one line, nothing to run or to follow."""
    return escape_signs(" ".join("".join(sign if sign.isprintable() else " " for sign in text).split()))


def escape_signs(line: str) -> str:
    """Escape what means something to Markdown within a line; an underscore inside a word does not and is left alone."""
    replace: Callable[[re.Match[str]], str] = lambda match: _MARKDOWN.get(match.group(), f"\\{match.group()}")  # noqa: E731
    return _ESCAPED.sub(replace, line)
