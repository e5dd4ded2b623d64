"""The names of classes: as folders, and which of them look like two spellings of one."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

from curate.i18n import Message, msg, nmsg
from curate.sources import clutter
from curate.sources.records import Record

_NO_NAME = re.compile(r"[/\\\0]|:$")
"""What no folder of any system may be called, and what would make the folder a URL."""
_LONGEST_BYTES = 200
"""What a name may have at most (255), less room for what tells two of them apart."""


def folder_name(label: str) -> str:
    """Turn a label into the name of one folder, which every way of listing takes for a class."""
    name = _NO_NAME.sub("_", label).strip(". ") or "_"
    return shortened(f"_{name}" if clutter.of_folder(name) else name)


def shortened(name: str) -> str:
    """Cut a name that no file system would take, its ending replaced by a hash of it."""
    data = name.encode()
    if len(data) <= _LONGEST_BYTES:
        return name
    return f"{data[: _LONGEST_BYTES - 9].decode(errors='ignore')}-{hashlib.sha256(data).hexdigest()[:8]}"


def same_file(name: str) -> str:
    """Return a form of a name or path that is equal where some file system takes two of them for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def alike(labels: Iterable[str]) -> list[list[str]]:
    """List the classes that differ only in case, Unicode form, blanks at an end, or what a folder name cannot hold."""
    spellings: dict[str, list[str]] = {}
    for label in sorted(set(labels)):
        spellings.setdefault(same_file(folder_name(label)), []).append(label)
    return [labels for labels in spellings.values() if len(labels) > 1]


def notes_on(records: Sequence[Record]) -> list[Message]:
    """Say which classes look like two spellings of one, and how many names of files occur in two Unicode forms."""
    notes = [
        msg(
            "The classes {classes} look like spellings of one class, but count as several. If they are one, relabel "
            "the images of the others.",
            classes=[repr(label) for label in labels],
        )
        for labels in alike(record.label for record in records if record.label is not None)
    ]
    forms: dict[str, int] = {}
    for record in records:
        if not record.path.isascii():
            name = unicodedata.normalize("NFC", record.path)
            forms[name] = forms.get(name, 0) + 1
    twice = sorted(name for name, count in forms.items() if count > 1)
    if twice:
        notes.append(
            nmsg(
                "{n} name occurs in two Unicode forms, which some systems take for one file: {name}",
                "{n} names occur in two Unicode forms, which some systems take for one file, such as {name}",
                len(twice),
                name=twice[0],
            )
        )
    return notes
