"""A message: a sentence with gaps, and the values that fill them.

Invariants: a message survives JSON (text, numbers, lists of text and other messages are all that fills a gap); its
English form needs no catalogue and no Babel, so that workers and audits never load either.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """An English sentence as a `str.format` template, and its values.

    With `plural`, `values["n"]` chooses between the two. A value may be a message itself, or a list of texts,
    which is written out ("a, b and c").
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    plural: str | None = None

    def __str__(self) -> str:
        template = self.text if self.plural is None or self.values["n"] == 1 else self.plural
        return fill(template, self.values, _ENGLISH)

    def to_json(self) -> str:
        """Write the message as JSON text, for a table."""
        return json.dumps(_plain(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, stored: str) -> Message:
        """Read what `to_json` wrote; raises `ValueError` for anything else."""
        message = _revived(json.loads(stored))
        if not isinstance(message, cls):
            raise ValueError(f"{stored[:80]!r} is not a message")
        return message


def msg(text: str, /, **values: Any) -> Message:
    """Make a message; `pybabel extract` finds its text by the name of this function."""
    return Message(text, values)


def nmsg(one: str, many: str, /, n: int, **values: Any) -> Message:
    """Make a message whose form depends on the number `n`."""
    return Message(one, {"n": n, **values}, many)


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text for the catalogue without translating it here."""
    return text


@dataclass(frozen=True, slots=True)
class Style:
    """How one language fills gaps: what becomes of a nested message, of a list, and of a formatted number."""

    message: Callable[[Message], str]
    listed: Callable[[Sequence[str]], str]
    number: Callable[[str], str]


def fill(template: str, values: Mapping[str, Any], style: Style) -> str:
    """Fill the gaps of a template; raises `KeyError` where a value is lacking."""
    return _Filler(style).vformat(template, (), values)


class _Filler(string.Formatter):
    def __init__(self, style: Style) -> None:
        self._style = style

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Message):
            return self._style.message(value)
        if isinstance(value, list | tuple):
            return self._style.listed([str(item) for item in value])
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._style.number(format(value, format_spec))
        return format(value, format_spec)


def _english_list(items: Sequence[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


_ENGLISH = Style(message=str, listed=_english_list, number=str)


def _plain(value: Any) -> Any:
    """Convert a value to what JSON knows; a message becomes `{"text": ..., "values": ...}`."""
    if isinstance(value, Message):
        stored: dict[str, Any] = {"text": value.text}
        if value.values:
            stored["values"] = {name: _plain(item) for name, item in value.values.items()}
        if value.plural is not None:
            stored["plural"] = value.plural
        return stored
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return value.item()  # a number of numpy's


def _revived(value: Any) -> Any:
    if isinstance(value, dict):
        text, values = value.get("text"), value.get("values", {})
        if not isinstance(text, str) or not isinstance(values, dict):
            raise ValueError("a message has a text and values")
        return Message(text, {name: _revived(item) for name, item in values.items()}, value.get("plural"))
    return [_revived(item) for item in value] if isinstance(value, list) else value


def counted(n: int, one: str, many: str | None = None) -> str:
    """Return "1 image" or "2,000 images", for lines that are said in English alone."""
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"
