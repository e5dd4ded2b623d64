"""What other packages add, by entry point; asking reads the metadata of all installed packages, so it is done once."""

import functools
from importlib.metadata import EntryPoint, entry_points
from typing import Any


def installed(group: str) -> list[EntryPoint]:
    """List the entry points of a group, in the order of their names."""
    return sorted(_all().select(group=group), key=lambda entry: entry.name)


@functools.cache
def _all() -> Any:
    return entry_points()  # of a type that depends on the version of Python
