"""Memory that was freed, given back to the system: allocators keep it, several times what a table takes."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


def give_back() -> None:
    """Give back what is free within this process, where its C library can (glibc, musl has nothing to give back)."""
    trim = _trim()
    if trim is not None:
        trim(0)


@contextmanager
def given_back() -> Iterator[None]:
    """Let Arrow use the system's allocator meanwhile, and give back what was freed of it at the end."""
    import pyarrow as pa

    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)
        give_back()


@cache
def _trim() -> Any:
    """Find malloc_trim(3)."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
