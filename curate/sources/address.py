"""Addresses of images: a path, a URL, or either of them leading into a tar (`shards/00.tar/cat.jpg`).

A URL may have passed through `pathlib`, which folds the two slashes after its scheme into one; `url` unfolds them.
"""

import os
import re
from pathlib import Path

_URL = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):/{1,2}(?=[^/]|$)")
_TAR = re.compile(r"^(.*?\.tar)/(.+)$", re.IGNORECASE | re.DOTALL)


def url(address: str | Path) -> str | None:
    """Normalise a URL; None for a path of the file system."""
    text = str(address)
    found = _URL.match(text)
    return f"{found[1].lower()}://{text[found.end() :]}" if found else None


def join(root: str | Path, path: str) -> str:
    """Put a path below a root; a path that is a URL already stays as it is."""
    whole, base = url(path), url(root)
    if whole is not None:
        return whole
    if base is None:
        return os.path.join(root, path)  # noqa: PTH118 - ten times as fast, and it is asked for every image
    return base + path if base.endswith("/") else f"{base}/{path}"


def in_tar(address: str) -> tuple[str, str] | None:
    """Split an address that leads into a tar into (tar, member); None for any other, a folder called x.tar too."""
    found = _TAR.match(address)
    if not found or (url(address) is None and Path(found[1]).is_dir()):
        return None
    return found[1], found[2]
