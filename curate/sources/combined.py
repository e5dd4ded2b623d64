"""Several sources read as one, for a step that looks at images of all of them together."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from curate.errors import SourceError
from curate.sources.base import NO_LIMIT, Source, source_at
from curate.sources.records import Listing


class Combined(Source):
    """Images below several roots: the path `N/PATH` is PATH below the N-th of them. Nobody opens it by an address."""

    form: ClassVar[str] = "several sources"

    def __init__(self, roots: Sequence[str]) -> None:
        super().__init__("")
        self._parts = [source_at(root) for root in roots]

    @classmethod
    def claims(cls, address: str) -> bool:
        del address
        return False

    def _list(self) -> Listing:
        raise SourceError("several sources are listed one by one")

    def read(self, path: str, *, offset: int | None = None, size: int = 0, max_bytes: int = NO_LIMIT) -> bytes | None:
        part, below = self._part(path)
        return part.read(below, offset=offset, size=size, max_bytes=max_bytes)

    def exists(self, path: str) -> bool:
        part, below = self._part(path)
        return part.exists(below)

    def plain_file(self, path: str) -> Path | None:
        part, below = self._part(path)
        return part.plain_file(below)

    def is_there(self) -> bool:
        return all(part.is_there() for part in self._parts)

    def _part(self, path: str) -> tuple[Source, str]:
        number, _, below = path.partition("/")
        return self._parts[int(number)], below
