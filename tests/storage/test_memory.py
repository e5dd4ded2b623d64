"""Memory that is given back, where the system's library can."""

import platform
from collections.abc import Iterator
from contextlib import suppress

import pyarrow as pa
import pytest

from curate.storage import memory


@pytest.fixture(autouse=True)
def found_anew() -> Iterator[None]:
    memory._trim.cache_clear()
    yield
    memory._trim.cache_clear()


@pytest.mark.parametrize("error", [None, RuntimeError()])
def test_it_is_given_back_as_the_block_ends_however_it_ends(
    error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(memory, "_trim", lambda: calls.append)
    before = pa.default_memory_pool().backend_name
    with suppress(RuntimeError), memory.given_back():
        assert pa.default_memory_pool().backend_name == "system"
        assert not calls
        if error:
            raise error
    assert pa.default_memory_pool().backend_name == before
    assert calls == [0]


@pytest.mark.parametrize("broken", ["platform", "library", "function"])
def test_elsewhere_nothing_happens(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: None) -> object:
        if broken == "library":
            raise OSError
        return object()

    monkeypatch.setattr(memory.sys, "platform", "win32" if broken == "platform" else "linux")
    monkeypatch.setattr(memory.ctypes, "CDLL", refuse)
    assert memory._trim() is None
    memory.give_back()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_here_something_does() -> None:
    trim = memory._trim()
    assert trim is not None
    assert trim(0) in (0, 1)
