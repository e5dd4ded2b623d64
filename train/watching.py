"""How a run tells whoever watches it how far it is, and what they should know."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""
Say = Callable[[str], None]
"""Called with one line that a person should read."""


def silent(what: str, done: int, total: int) -> None:
    """Report no progress."""


def unsaid(line: str) -> None:
    """Drop a line."""
