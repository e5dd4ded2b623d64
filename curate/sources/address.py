"""Where the bytes of an image are, and how to get them: a file, a span of a tar, or an object of a remote store.

Invariants: a pair (root, path) is all it takes to find the bytes again, today or from a manifest; nothing
is ever unpacked or written; a store that cannot be reached stops the run (`SourceError`), since that says
nothing about an image, while a missing or forbidden object is an `OSError`, as it is for a file.

`root` may be a URL in a `Path`: pathlib folds the two slashes after the scheme into one, `url` unfolds them.
"""

import errno
import functools
import os
import posixpath
import re
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.errors import SourceError

ATTEMPTS = 3
_URL = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):/{1,2}(?=[^/]|$)")
_TAR = re.compile(r"^(.*?\.tar)/(.+)$", re.IGNORECASE | re.DOTALL)
_READ_AHEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One object below a root: its path, size, and a number that changes when its content does."""

    path: str
    size_bytes: int
    stamp: int


def url(place: str | Path) -> str | None:
    """The URL that this is, or None for a path of the file system."""
    text = str(place)
    found = _URL.match(text)
    return f"{found[1].lower()}://{text[found.end() :]}" if found else None


def join(root: str | Path, path: str) -> str:
    """The whole address of `path` below `root`; a path that is whole already stays as it is."""
    whole, base = url(path), url(root)
    if whole is not None:
        return whole
    if base is None:
        return os.path.join(root, path)  # noqa: PTH118 - ten times as fast, and it is asked for every image
    return base + path if base.endswith("/") else f"{base}/{path}"


def in_tar(address: str) -> tuple[str, str] | None:
    """(tar, member) of an address that leads into a tar, None for any other; a folder may be called x.tar too."""
    found = _TAR.match(address)
    if not found or (url(address) is None and Path(found[1]).is_dir()):
        return None
    return found[1], found[2]


def is_plain(root: str | Path, path: str) -> bool:
    """Whether the bytes are a file of their own, which can be linked to or handed to another program."""
    address = join(root, path)
    return url(address) is None and in_tar(address) is None


def read(
    root: str | Path, path: str, *, offset: int | None = None, size: int = 0, max_bytes: int = 1 << 62
) -> bytes | None:
    """The bytes of one image; None where there are more than `max_bytes`.

    With `offset`, `size` bytes from there in the tar that `path` leads into; a remote object of more than `max_bytes`
    is not even asked for where `size` is known. Raises `OSError` for what is not there.
    """
    address = join(root, path)
    inside = in_tar(address)
    if inside is not None:
        tar, member = inside
        if offset is None:
            offset, size = _member(tar, member)
        return _span(tar, offset, size) if size <= max_bytes else None
    if url(address) is None:
        with open(address, "rb") as file:  # noqa: PTH123 - likewise
            return file.read() if os.fstat(file.fileno()).st_size <= max_bytes else None
    return _fetch(address, size, max_bytes)


# Tars


def members(tar: str) -> list[tuple[str, int, int]]:
    """(name, offset, size) of every regular file in a tar, read from its headers alone.

    Raises `SourceError` where it is none, or compressed.
    """
    try:
        if url(tar) is None:
            with tarfile.open(tar, "r:") as opened:
                return [(item.name, item.offset_data, item.size) for item in opened if item.isreg()]
        with (
            filesystem(tar).open(tar, "rb", block_size=_READ_AHEAD) as file,
            tarfile.open(fileobj=file, mode="r:") as opened,
        ):
            return [(item.name, item.offset_data, item.size) for item in opened if item.isreg()]
    except tarfile.TarError as error:
        raise SourceError(
            f"{tar} cannot be read in place ({error}); it must be a plain .tar, not compressed"
        ) from error


@functools.lru_cache(maxsize=8)
def _index(tar: str, stamp: int) -> dict[str, tuple[int, int]]:
    del stamp  # part of the key: a tar written anew is another one
    return {name: (offset, size) for name, offset, size in members(tar)}


def _member(tar: str, name: str) -> tuple[int, int]:
    stamp = Path(tar).stat().st_mtime_ns if url(tar) is None else 0
    try:
        return _index(tar, stamp)[name]
    except KeyError:
        raise FileNotFoundError(2, f"no member {name}", tar) from None


def _span(tar: str, offset: int, size: int) -> bytes:
    if url(tar) is None:
        with Path(tar).open("rb") as file:
            file.seek(offset)
            return file.read(size)
    return bytes(_patiently(tar, lambda: filesystem(tar).cat_file(tar, start=offset, end=offset + size)))


# Remote stores


def filesystem(address: str) -> Any:
    """The fsspec file system of a URL; credentials and endpoints are its own business.

    Raises `SourceError` naming the extra that is missing, or the protocol nobody knows.
    """
    scheme = address.partition("://")[0]
    try:
        import fsspec
    except ImportError as error:
        raise SourceError(f"{address}: remote storage needs pip install 'imagecurate[remote]'") from error
    try:
        return fsspec.filesystem(scheme)
    except (ValueError, ImportError) as error:
        raise SourceError(
            f"{address}: {error}; for s3:// install 'imagecurate[remote]', for others fsspec's package for {scheme}"
        ) from error


def entries(root: str) -> Iterator[Entry]:
    """Every object below a URL, or the one that it is, in no promised order."""
    fs = filesystem(root)
    base = str(fs._strip_protocol(root)).rstrip("/")
    try:
        listed = _patiently(root, lambda: fs.find(base, detail=True))
    except FileNotFoundError:
        return
    for name, facts in listed.items():
        path = name[len(base) :].lstrip("/") or posixpath.basename(name)
        if not path.endswith("/"):
            yield Entry(path, int(facts.get("size") or 0), stamp(facts))


def stat(address: str) -> Entry | None:
    """Size and stamp of one object; None where there is none."""
    if url(address) is None:
        try:
            status = Path(address).stat()
        except (OSError, ValueError):
            return None
        return Entry(address, status.st_size, status.st_mtime_ns)
    try:
        facts = _patiently(address, lambda: filesystem(address).info(address))
    except OSError:
        return None
    return Entry(address, int(facts.get("size") or 0), stamp(facts))


def stamp(facts: dict[str, Any]) -> int:
    """A number that changes when the object does: made of its version mark, else of its time."""
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
        _patiently(address, lambda: fs.put_file(str(data), address))
    else:
        _patiently(address, lambda: fs.pipe_file(address, data))
    fs.invalidate_cache()


def head(address: str, count: int) -> bytes:
    """The first bytes of an object."""
    if url(address) is None:
        with Path(address).open("rb") as file:
            return file.read(count)
    try:
        return bytes(_patiently(address, lambda: filesystem(address).cat_file(address, start=0, end=count)))
    except OSError as error:
        if error.errno == errno.EINVAL:  # an empty object has no first byte to ask for
            return b""
        raise


def _number(text: str) -> int:
    data = text.encode()
    return zlib.crc32(data) << 31 | zlib.crc32(data[::-1]) >> 1


def _fetch(address: str, size: int, max_bytes: int) -> bytes | None:
    if size > max_bytes:
        return None
    data = bytes(_patiently(address, lambda: filesystem(address).cat_file(address)))
    return data if len(data) <= max_bytes else None


def _patiently(address: str, ask: Callable[[], Any]) -> Any:
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
    """What says that a store, not an object, is at fault; S3's client has names of its own."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return (OSError,)
    return (OSError, BotoCoreError, ClientError)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
