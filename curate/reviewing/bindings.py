"""Which keys do what: the ones that everybody knows, and a reviewer's own, from a file beside their name."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from curate.errors import ConfigError
from curate.reviewing.reviewer import settings_file

DEFAULT: Mapping[str, tuple[str, ...]] = {
    "keep": ("k",),
    "drop": ("d", "Delete"),
    "group": ("x",),
    "later": ("s",),
    "relabel": ("l",),
    "undo": ("u", "Backspace"),
    "redo": ("y",),
    "back": ("ArrowLeft",),
    "next": ("ArrowRight", "Space"),
    "view": ("z",),
    "boxes": ("b",),
    "panel": ("p",),
    "full": ("w",),
    "similar": ("m",),
    "note": ("n",),
    "filter": ("f",),
    "search": ("/",),
    "select": ("e",),
    "all": ("a",),
    "help": ("h", "?"),
}
"""Keys by what they do. Digits are classes, or the images of a group; Ctrl+Z and Ctrl+Y undo and redo."""
NAMED = {"ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Space", "Delete", "Backspace", "Enter", "Home", "End"}
"""Keys without a letter, as the file spells them; Tab and Escape are the browser's."""


def keys_file() -> Path:
    """Return the file for this user's own keys; it need not exist."""
    return settings_file().with_name("keys.toml")


def bindings() -> dict[str, list[str]]:
    """Return the keys for each action: the reviewer's own where the file names the action, else the usual ones.

    Raises `ConfigError` where the file names an action or a key that is none, or gives one key to two actions.
    """
    path = keys_file()
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        own = {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); mend it or remove it") from error
    unknown = sorted(set(own) - set(DEFAULT))
    if unknown:
        raise ConfigError(f"{path}: {unknown[0]!r} is no action; use one of: {', '.join(DEFAULT)}")
    chosen = {name: _keys(path, name, own[name]) if name in own else list(keys) for name, keys in DEFAULT.items()}
    taken = {key: name for name in own for key in chosen[name]}
    # A usual key that was given to another action is no longer its old one's.
    merged = {name: [key for key in keys if taken.get(key, name) == name] for name, keys in chosen.items()}
    seen: dict[str, str] = {}
    for name, keys in ((name, chosen[name]) for name in own):
        for key in keys:
            if seen.setdefault(key, name) != name:
                raise ConfigError(f"{path}: {key!r} is given to {seen[key]} and to {name}; leave one of them")
    return merged


def _keys(path: Path, name: str, written: object) -> list[str]:
    keys = [written] if isinstance(written, str) else written
    if not isinstance(keys, list) or not all(isinstance(key, str) and _is_key(key) for key in keys):
        raise ConfigError(
            f"{path}: {name} = {written!r} names no key; use a letter or one of: {', '.join(sorted(NAMED))}"
        )
    return [key if key in NAMED else key.lower() for key in keys]


def _is_key(key: str) -> bool:
    return key in NAMED or (len(key) == 1 and key.isprintable() and not key.isspace() and not key.isdigit())
