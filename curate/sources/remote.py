"""A folder of a remote store: whatever lies below a URL, by the rules that hold for folders."""

from functools import partial
from pathlib import PurePosixPath
from typing import ClassVar

from curate.images import formats
from curate.sources import clutter, objects
from curate.sources.address import join, url
from curate.sources.base import Source
from curate.sources.layout import Found, arrange, reason_to_skip
from curate.sources.records import Listing


class Remote(Source):
    """Images below a URL that fsspec knows, read from there."""

    form: ClassVar[str] = "a URL of any of these but a .zip"
    priority: ClassVar[int] = -2

    @classmethod
    def claims(cls, address: str) -> bool:
        return url(address) is not None

    def _list(self) -> Listing:
        files: dict[str, Found] = {}
        for entry in objects.entries(self.address):
            path, reason = clutter.folder_in(entry.path) or (entry.path, self._excluded(entry.path))
            if reason is None:
                head = partial(objects.head, join(self.address, entry.path), formats.SNIFF_BYTES)
                reason = reason_to_skip(PurePosixPath(path).name, head)
            files[path] = Found(path, entry.size_bytes, entry.stamp, reason)
        return arrange(self.address, list(files.values()))
