"""Every text that the source code marks for translation, and the catalogues, for the tests of this room."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po

from curate.i18n.translator import LOCALE

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("curate", "ui", "train", "reports")
Key = tuple[str | None, str, str | None]
"""Context, text, and the form for several things."""


def keywords() -> dict[str, object]:
    """Read from the Makefile which functions mark texts."""
    listed = re.search(r"^KEYWORDS := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed
    return dict(parse_keywords(listed[1].split()))


def extracted() -> set[Key]:
    """Extract as `make messages` does."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = set()
    for folder in FOLDERS:
        for _, _, text, _, context in extract_from_dir(ROOT / folder, methods, options, keywords()):
            found.add(key(text, context))
    return found


def key(text: str | tuple[str, ...], context: str | None) -> Key:
    """Make of a message id what it is known by."""
    return (context or None, text, None) if isinstance(text, str) else (context or None, text[0], text[1])


def literals() -> Iterator[tuple[str, str]]:
    """Find (file:line, text) of every literal given to a marking function, wherever in the code it stands."""
    names = set(keywords())
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args and _name(node.func) in names:
                    position = 1 if _name(node.func) == "pgettext" and len(node.args) > 1 else 0
                    argument = node.args[position]
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", argument.value


def catalogue(language: str) -> Catalog:
    """Read the catalogue of a language."""
    name = language.replace("-", "_")
    with (LOCALE / name / "LC_MESSAGES" / "curate.po").open("rb") as file:
        return read_po(file, locale=name)


def messages(language: str) -> list[Message]:
    """Return the entries of a catalogue, without its header."""
    return [message for message in catalogue(language) if message.id]


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
