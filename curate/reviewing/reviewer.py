"""What the review app was told on this account last: a name, suggested to each browser that comes, and a language.

Invariants: it is kept in the user's own configuration folder, never in a workspace that others open; losing
this file, or not being able to write it, costs a question, never a decision.
"""

import getpass
import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from curate.errors import WorkspaceError
from curate.storage.atomic import write_json

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who reviews; an empty name has yet to be asked for."""

    name: str = ""
    lang: str = ""


def account() -> str:
    """Return the name of this account, for the log of who gives none; `unknown` where the system does not tell."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def settings_file() -> Path:
    """Return the file for this user's answers, in the platform's folder for settings; it need not exist."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA")
    return (Path(base) if base else Path.home() / ".config") / "curate" / "reviewer.json"


def recall() -> Person:
    """Return who reviewed on this account last; without a name where nobody did, or the file cannot be read."""
    try:
        stored = json.loads(settings_file().read_text(encoding="utf-8"))
        return Person(name=str(stored.get("name", "")).strip(), lang=str(stored.get("lang", "")))
    except (OSError, ValueError, AttributeError, RuntimeError):
        return Person()


def remember(person: Person) -> None:
    """Store who reviews, for `recall`; a file that cannot be written is logged, no error."""
    if person == recall():
        return
    try:
        settings_file().parent.mkdir(parents=True, exist_ok=True)
        write_json(asdict(person), settings_file())
    except (OSError, WorkspaceError, RuntimeError) as error:
        _log.warning("the reviewer's name is not remembered: %s", error)
