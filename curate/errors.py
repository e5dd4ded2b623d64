"""What can go wrong through no fault of ours, as exceptions whose message says what to do.

    CurateError
    ├── SourceError       the dataset cannot be read as asked
    ├── ConfigError       curate.toml, or an option, says something we do not understand
    ├── WorkspaceError    the workspace is missing, unreadable, or made by another version
    │   └── DamagedError  a file of it is not what was written; an audit makes it again
    ├── UndecidedError    flagged images still wait for a person
    ├── ConflictError     somebody else decided it since it was shown
    ├── NoSurvivorError   a whole duplicate group would be dropped
    ├── ClassError        an image would get a class that the dataset does not have
    └── MissingExtraError an optional dependency is not installed

Bad *data* is never an exception: it becomes a row with a reason.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from os import PathLike
from pathlib import Path


class CurateError(Exception):
    """A mistake the user can mend; the message is one line that says how, whatever libraries say in several."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(line.strip() for line in message.splitlines() if line.strip()))


class SourceError(CurateError):
    """The dataset cannot be read as asked."""


class ConfigError(CurateError):
    """The configuration, or an option, says something we do not understand."""


class WorkspaceError(CurateError):
    """The workspace is missing, unreadable, or made by another version."""


class DamagedError(WorkspaceError):
    """A file of the workspace is not what was written; an audit makes it again."""


class UndecidedError(CurateError):
    """Flagged images still wait for a person."""


class NoSurvivorError(CurateError):
    """A whole duplicate group would be dropped."""


class ClassError(CurateError):
    """An image would get a class that the dataset does not have; `close` is one it has and may have been meant."""

    def __init__(self, label: str, close: str | None) -> None:
        meant = f"did you mean {close!r}? " if close else ""
        super().__init__(
            f"{label!r} is no class of this dataset; {meant}For a new class say --new-class (new_class=True)"
        )
        self.label, self.close = label, close


class ConflictError(CurateError):
    """Somebody decided it after it was shown; `paths` are the images that this is true of."""

    def __init__(self, path: str, *, reviewer: str, action: str, paths: frozenset[str]) -> None:
        super().__init__(f"{reviewer} decided {path} ({action}) after it was shown to you; nothing was recorded twice")
        self.path, self.reviewer, self.action, self.paths = path, reviewer, action, paths


class MissingExtraError(CurateError):
    """An optional dependency is not installed."""


def suggestion(written: str, known: Iterable[str]) -> str:
    """Ask in a message whether the nearest known name was meant, with a blank behind it; empty where none is near."""
    close = get_close_matches(written, sorted(known), n=1)
    return f"did you mean {close[0]!r}? " if close else ""


def refuse_unknown(name: str, given: object, known: Iterable[str]) -> None:
    """Raise `ConfigError` for an argument that is none of a closed set of choices."""
    choices = tuple(known)
    if not isinstance(given, str) or given not in choices:
        raise ConfigError(
            f"{name} is {_said(given)}; {suggestion(str(given), choices)}it is one of {', '.join(choices)}"
        )


def _said(given: object) -> str:
    """Write what an argument is: a short value as Python does, anything else by its type."""
    is_short = given is None or isinstance(given, str | int | float | bytes)
    is_short = is_short or (isinstance(given, list | tuple | dict) and not given)
    return repr(given) if is_short else f"of the type {type(given).__name__}"


def flag_of(name: str, given: object) -> bool:
    """Return an argument that is True or False; raise `ConfigError` for others, such as "no", which would be a yes."""
    if not isinstance(given, bool):
        raise ConfigError(f"{name} is {_said(given)}; give True or False")
    return given


def text_of(name: str, given: object) -> str:
    """Return an argument that is text; raise `ConfigError` for any other."""
    if not isinstance(given, str):
        raise ConfigError(f"{name} is {_said(given)}; give a text")
    return given


def refuse_uncallable(name: str, given: object, *, or_flag: bool = False) -> None:
    """Raise `ConfigError` for an argument that is neither a function nor None, nor, with `or_flag`, True or False."""
    if not (given is None or callable(given) or (or_flag and isinstance(given, bool))):
        wanted = "a function, True or False" if or_flag else "a function"
        raise ConfigError(f"{name} is {_said(given)}; give {wanted}, or leave it out")


def several_of(name: str, given: object) -> list[object]:
    """Return the items of an argument that holds several; one that is a text or a path stands alone.

    Raises `ConfigError` for a mapping and a table, whose items would be the names of columns.
    """
    if isinstance(given, str | PathLike) or not isinstance(given, Iterable):
        return [given]
    if isinstance(given, Mapping | bytes) or getattr(given, "ndim", 1) != 1:
        raise ConfigError(f"{name} is {_said(given)}; give one, or several as a list")
    return list(given)


def path_of(name: str, given: object) -> Path:
    """Return an argument that is the path of something; raise `ConfigError` where it is none, such as a table."""
    if not isinstance(given, str | PathLike):
        found = "None" if given is None else f"of the type {type(given).__name__}"
        raise ConfigError(f"{name} is {found}; give its path, as text or a Path")
    if not str(given) or "\0" in str(given):
        raise ConfigError(f"{name} is {str(given)!r}, which is the path of nothing; give its path, as text or a Path")
    return Path(given)
