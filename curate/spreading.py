"""Work cut into parts, done wherever there is room: the same function of each, results in the order of the parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class Spread(Protocol):
    """Calls a function of a module with each argument, here or in other processes; what comes back is the same.

    Functions, arguments and results have to be picklable, and no function may depend on what was done before. What all
    parts need is best bound to the function (`functools.partial`).
    """

    def __call__(self, function: Callable[[A], R], arguments: Iterable[A], /) -> Iterable[R]: ...


def here(function: Callable[[A], R], arguments: Iterable[A], /) -> Iterable[R]:
    """Do everything in this process, one after another."""
    return map(function, arguments)
