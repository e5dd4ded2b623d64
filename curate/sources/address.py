"""Addresses of images: a path, a URL, or either of them leading into a container (`shards/00.tar/cat.jpg`).

Containers are plain tars and Parquet files of images; of these the member begins with the number of its row
(`train.parquet/000012/cat.jpg`).

A URL may have passed through `pathlib`, which folds the two slashes after its scheme into one; `url` unfolds them.
"""

import os
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

from curate.errors import SourceError, path_of

_URL = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):/{1,2}(?=[^/]|$)")
_CONTAINER = re.compile(r"\.(?:tar|parquet)/(?=.)", re.IGNORECASE | re.DOTALL)
_ROW = re.compile(r"\d+(?:[./].*)?", re.DOTALL)


def url(address: str | Path) -> str | None:
    """Normalise a URL; None for a path of the file system."""
    text = str(address)
    found = _URL.match(text)
    return f"{found[1].lower()}://{text[found.end() :]}" if found else None


def as_path(address: str | Path, name: str = "path") -> str:
    """Return the path that a `file:` URL means; any other address as it is. Raises `ConfigError` where it is none."""
    text = str(path_of(name, address)) if not isinstance(address, str) or not address else address
    return "/" + text.removeprefix("file:").lstrip("/") if text.startswith("file:/") else text


def on_this_machine(target: str | Path, what: str, name: str = "path") -> Path:
    """Return the path that something is written to, an argument of that `name`.

    Raises `SourceError` for a URL, which would be a folder here.
    """
    given = as_path(target, name)
    address = url(given)
    if address is not None:
        raise SourceError(f"{address} is a URL, and {what} is written to this machine only; give a path")
    return path_of(name, given)


def join(root: str | Path, path: str) -> str:
    """Put a path below a root; it stays below it, whatever the path looks like."""
    base = url(root) or str(root)
    return base + path if base.endswith("/") else f"{base}/{path}"


def located(here: str | Path, named: str) -> str:
    """Return the address that a person names: a URL, an absolute path, or a path that starts `here`."""
    whole = url(named)
    if whole is not None:
        return whole
    return join(here, named) if url(here) else os.path.normpath(Path(here) / named)


def is_below(path: str) -> bool:
    """Say whether a path that a stranger has written stays below the root that it is put below."""
    parts = path.replace("\\", "/").split("/")
    return bool(path) and ".." not in parts and not path.startswith("/") and url(path) is None


def as_there(path: str, is_there: Callable[[str], bool]) -> str:
    """Return a path as it is written or, where only that is there, as another system has it.

    Windows writes backslashes; macOS takes the two Unicode forms of a name for one, and unpacks archives in the other.
    """
    posix = path.replace("\\", "/")
    others = {posix, *(unicodedata.normalize(form, posix) for form in ("NFC", "NFD"))} - {path}
    if not others or is_there(path):
        return path
    return next(filter(is_there, sorted(others)), path)


def refuse_inside(target: str | Path, roots: Iterable[str], what: str) -> None:
    """Raise `SourceError` where `target` would be written into a folder of images, which is only read."""
    if url(target) is not None:
        return
    written = Path(target).absolute().resolve()
    for root in roots:
        if url(root) is None and written.is_relative_to(Path(root).resolve()):
            raise SourceError(f"{what} {target} lies inside the source {root}, which is only read; put it elsewhere")


def in_container(address: str) -> tuple[str, str] | None:
    """Split an address that leads into a tar or a Parquet file into (container, member).

    None for any other, such as one that leads through a folder that is called x.tar. What a member is called is no
    container: the first one of an address is.
    """
    for found in _CONTAINER.finditer(address):
        container, member = address[: found.end() - 1], address[found.end() :]
        if container.lower().endswith(".parquet") and not _ROW.fullmatch(member):
            continue
        if url(address) is not None or not Path(container).is_dir():
            return container, member
    return None
