"""What other packages add, by entry point; asking reads the metadata of all installed packages, so it is done once.

What reads them is imported when somebody asks: most of what imports this module is in a hurry and does not.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def installed(group: str) -> list[EntryPoint]:
    """List the entry points of a group, in the order of their names."""
    return sorted(_all().select(group=group), key=lambda entry: entry.name)


@functools.cache
def _all() -> Any:
    from importlib.metadata import entry_points

    return entry_points()  # of a type that depends on the version of Python
