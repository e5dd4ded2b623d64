"""Members of plain tars, read in place: their names and spans from the headers, their bytes by offset."""

import functools
import tarfile
from pathlib import Path

from curate.errors import SourceError
from curate.sources import objects
from curate.sources.address import url

_READ_AHEAD = 1 << 20


def is_tar(name: str | Path) -> bool:
    """Say whether a name is that of a tar."""
    return str(name).lower().endswith(".tar")


def members(tar: str) -> list[tuple[str, int, int]]:
    """List (name, offset, size) of every regular file in a tar, from its headers alone.

    Raises `SourceError` where it is none, or compressed.
    """
    try:
        if url(tar) is None:
            with tarfile.open(tar, "r:") as opened:
                return [(item.name, item.offset_data, item.size) for item in opened if item.isreg()]
        with (
            objects.filesystem(tar).open(tar, "rb", block_size=_READ_AHEAD) as file,
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
