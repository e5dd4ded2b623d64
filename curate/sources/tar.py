"""Members of plain tars, read in place: their names and spans from the headers, their bytes by offset."""

import functools
import tarfile
from dataclasses import dataclass
from pathlib import Path

from curate.errors import SourceError
from curate.sources import objects
from curate.sources.address import url

_READ_AHEAD = 1 << 20


def is_tar(name: str | Path) -> bool:
    """Say whether a name is that of a tar."""
    return str(name).lower().endswith(".tar")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a tar holds: (name, offset, size) of every regular file, and the names of all else that is no folder."""

    files: list[tuple[str, int, int]]
    others: list[str]


def contents(tar: str) -> Contents:
    """List what a tar holds, from its headers alone.

    Raises `SourceError` where it is none, is compressed, or has headers that no tar has.
    """
    try:
        if url(tar) is None:
            with tarfile.open(tar, "r:") as opened:
                return _listed(opened)
        with (
            objects.filesystem(tar).open(tar, "rb", block_size=_READ_AHEAD) as file,
            tarfile.open(fileobj=file, mode="r:") as opened,
        ):
            return _listed(opened)
    except tarfile.TarError as error:
        raise SourceError(
            f"{tar} cannot be read in place ({error}); it must be a plain .tar, not compressed"
        ) from error
    except (ValueError, LookupError, ArithmeticError, TypeError, RecursionError, MemoryError, EOFError) as error:
        # What tarfile raises of headers that it believes: numbers that are none, sizes beyond all memory.
        why = " ".join(str(error).split())[:160] or type(error).__name__
        raise SourceError(f"{tar} is damaged ({why}); fetch it again") from error


def _listed(opened: tarfile.TarFile) -> Contents:
    found = Contents([], [])
    last = -1
    for item in opened:
        if item.size < 0 or item.offset <= last:
            raise ValueError(f"the header of {item.name!r} points backwards")
        last = item.offset
        if item.isreg():
            found.files.append((item.name, item.offset_data, item.size))
        elif not item.isdir():
            found.others.append(item.name)
    return found


@functools.lru_cache(maxsize=8)
def _index(tar: str, stamp: int) -> dict[str, tuple[int, int]]:
    del stamp  # part of the key: a tar written anew is another one
    return {name: (offset, size) for name, offset, size in contents(tar).files}


def member(tar: str, name: str) -> tuple[int, int]:
    """Find (offset, size) of a member; raises `FileNotFoundError` where the tar has none of that name."""
    stamp = Path(tar).stat().st_mtime_ns if url(tar) is None else 0
    try:
        return _index(tar, stamp)[name]
    except KeyError:
        raise FileNotFoundError(2, f"no member {name}", tar) from None


def span(tar: str, offset: int, size: int) -> bytes:
    """Read `size` bytes of a tar from `offset` on."""
    if url(tar) is None:
        with Path(tar).open("rb") as file:
            file.seek(offset)
            return file.read(size)
    return bytes(objects.patiently(tar, lambda: objects.filesystem(tar).cat_file(tar, start=offset, end=offset + size)))
