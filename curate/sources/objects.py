"""Objects of remote stores, by any protocol that fsspec knows.

Invariant: a store that cannot be reached stops the run (`SourceError`), since that says nothing about an image; a
missing or forbidden object is an `OSError`, as it is for a file.
"""

import errno
import functools
import posixpath
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.errors import SourceError
from curate.sources.address import url

ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One object below a root: its path, size, and a number that changes when its content does."""

    path: str
    size_bytes: int
    stamp: int


def filesystem(address: str) -> Any:
    """Return the fsspec file system of a URL; credentials and endpoints are its own business.

    Raises `SourceError` naming the extra that is missing, or the protocol nobody knows.
    """
    scheme = address.partition("://")[0]
    try:
        import fsspec
    except ImportError as error:
        raise SourceError(f'{address}: remote storage needs pip install "imagecurate[remote]"') from error
    try:
        return fsspec.filesystem(scheme)
    except (ValueError, ImportError) as error:
        raise SourceError(
            f'{address}: {error}; for s3:// pip install "imagecurate[remote]", for others the package for {scheme} '
            "that fsspec names"
        ) from error


def entries(root: str) -> Iterator[Entry]:
    """List every object below a URL, or the one that it is, in no promised order."""
    fs = filesystem(root)
    base = str(fs._strip_protocol(root)).rstrip("/")
    try:
        listed = patiently(root, lambda: fs.find(base, detail=True))
    except FileNotFoundError:
        return
    for name, facts in listed.items():
        path = name[len(base) :].lstrip("/") or posixpath.basename(name)
        if not path.endswith("/"):
            yield Entry(path, int(facts.get("size") or 0), stamp(facts))


def stat(address: str) -> Entry | None:
    """Read size and stamp of one object; None where there is none."""
    if url(address) is None:
        try:
            status = Path(address).stat()
        except (OSError, ValueError):
            return None
        return Entry(address, status.st_size, status.st_mtime_ns)
    try:
        facts = patiently(address, lambda: filesystem(address).info(address))
    except OSError:
        return None
    return Entry(address, int(facts.get("size") or 0), stamp(facts))


def stamp(facts: dict[str, Any]) -> int:
    """Make a number that changes when the object does: of its version mark, else of its time."""
    for key in (
        "ETag",
        "etag",
        "md5Hash",
        "content_md5",
        "mtime",
        "LastModified",
        "last_modified",
        "updated",
        "created",
    ):
        value = facts.get(key)
        if value:
            return _number(str(value))
    return 0


def put(address: str, data: bytes | Path) -> None:
    """Write an object, from memory or from a file of this machine."""
    fs = filesystem(address)
    if isinstance(data, Path):
        patiently(address, lambda: fs.put_file(str(data), address))
    else:
        patiently(address, lambda: fs.pipe_file(address, data))
    fs.invalidate_cache()


def head(address: str, count: int) -> bytes:
    """Read the first bytes of an object."""
    if url(address) is None:
        with Path(address).open("rb") as file:
            return file.read(count)
    try:
        return bytes(patiently(address, lambda: filesystem(address).cat_file(address, start=0, end=count)))
    except OSError as error:
        if error.errno == errno.EINVAL:  # an empty object has no first byte to ask for
            return b""
        raise


def _number(text: str) -> int:
    data = text.encode()
    return zlib.crc32(data) << 31 | zlib.crc32(data[::-1]) >> 1


def fetch(address: str, size: int = 0, max_bytes: int = 1 << 62) -> bytes | None:
    """Read a whole object; None where it has more than `max_bytes`, unasked where `size` says so already."""
    if size > max_bytes:
        return None
    data = bytes(patiently(address, lambda: filesystem(address).cat_file(address)))
    return data if len(data) <= max_bytes else None


def patiently(address: str, ask: Callable[[], Any]) -> Any:
    """Ask a store up to `ATTEMPTS` times; what is missing or forbidden is told at once, an outage stops the run."""
    for attempt in range(ATTEMPTS):
        try:
            return ask()
        except (FileNotFoundError, PermissionError, IsADirectoryError):
            raise
        except _outages() as error:
            if getattr(error, "errno", None) == errno.EINVAL:
                raise
            if attempt + 1 == ATTEMPTS:
                raise SourceError(
                    f"{address} cannot be reached ({_one_line(error)}); run the same command again to go on"
                ) from error
            time.sleep(0.5 * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


@functools.cache
def _outages() -> tuple[type[Exception], ...]:
    """Return the errors that mean that a store, not an object, is at fault; S3's client has its own."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return (OSError,)
    return (OSError, BotoCoreError, ClientError)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
