"""Files that hold many images: plain tars, whose members have names, and Parquet files, whose rows have numbers."""

from curate.sources import parquet, tar


def read(container: str, member: str, *, offset: int | None, size: int, max_bytes: int) -> bytes | None:
    """Read the bytes of one image of a container; None where there are more than `max_bytes`.

    `offset` and `size` are where it lies in a tar, where that is known. Raises `OSError` for what is not there.
    """
    if size > max_bytes:
        return None
    if not tar.is_tar(container):
        return parquet.read(container, member, max_bytes)
    if offset is None:
        offset, size = tar.member(container, member)
    return tar.span(container, offset, size) if size <= max_bytes else None


def has(container: str, member: str) -> bool:
    """Say whether a container holds an image; raises `OSError` or `SourceError` where it cannot be asked."""
    if not tar.is_tar(container):
        return parquet.has(container, member)
    tar.member(container, member)
    return True
