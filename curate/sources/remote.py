"""A folder of a remote store: whatever lies below a URL, by the rules that hold for folders."""

from functools import partial
from pathlib import PurePosixPath
from typing import ClassVar

from curate.i18n import Message, msg
from curate.images import formats
from curate.sources import objects
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
            path, reason = _hidden_folder(entry.path)
            if reason is None:
                head = partial(objects.head, join(self.address, entry.path), formats.SNIFF_BYTES)
                reason = reason_to_skip(PurePosixPath(path).name, head)
            files[path] = Found(path, entry.size_bytes, entry.stamp, reason)
        return arrange(self.address, list(files.values()))


def _hidden_folder(path: str) -> tuple[str, Message | None]:
    parts = path.split("/")
    for depth, part in enumerate(parts[:-1]):
        if part.startswith(".") or part == "__MACOSX":
            return "/".join(parts[: depth + 1]) + "/", msg("hidden folder")
    return path, None
