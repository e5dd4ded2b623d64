"""A folder of this machine: class folders, split folders, a flat folder, or a folder of shards."""

import os
import stat
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar

from curate.errors import SourceError
from curate.i18n import msg
from curate.images import formats
from curate.sources import objects
from curate.sources.address import url
from curate.sources.base import Source
from curate.sources.layout import Found, arrange, reason_to_skip
from curate.sources.records import Listing


class Folder(Source):
    """Images below a folder, read where they lie."""

    form: ClassVar[str] = "a folder of images"
    priority: ClassVar[int] = -1

    @classmethod
    def claims(cls, address: str) -> bool:
        return url(address) is None and Path(address).is_dir()

    @cached_property
    def root(self) -> str:
        return os.path.realpath(self.address)

    def _list(self) -> Listing:
        try:
            os.scandir(self.root).close()
        except OSError as error:
            raise SourceError(f"{self.address} cannot be read ({error.strerror}); check its permissions") from error
        return arrange(self.root, list(_walk(self.root)))


def _walk(root: str) -> Iterator[Found]:
    """Find every file below `root`; text all the way, since there may be millions."""
    top = len(root.rstrip(os.sep)) + 1
    for folder, subfolders, names in os.walk(root, onerror=_raise_unreadable):
        subfolders.sort()
        below = folder[top:].replace(os.sep, "/")
        here = f"{below}/" if below else ""
        for hidden in [name for name in subfolders if name.startswith(".") or name == "__MACOSX"]:
            subfolders.remove(hidden)
            yield Found(f"{here}{hidden}/", 0, 0, msg("hidden folder"))
        for name in sorted(names):
            yield _file(folder, here + name, name)


def _file(folder: str, path: str, name: str) -> Found:
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
        return Found(shown, 0, 0, msg("the file name is not valid UTF-8; rename it"))
    file = os.path.join(folder, name)  # noqa: PTH118
    try:
        status = os.stat(file)  # noqa: PTH116
    except OSError as error:
        return Found(path, 0, 0, msg("cannot be reached ({error})", error=str(error.strerror)))
    size, stamp = status.st_size, status.st_mtime_ns
    if not stat.S_ISREG(status.st_mode):
        reason = msg("hidden file") if name.startswith(".") else msg("not a regular file")
        return Found(path, size, stamp, reason)
    return Found(path, size, stamp, reason_to_skip(name, partial(objects.head, file, formats.SNIFF_BYTES)))


def _raise_unreadable(error: OSError) -> None:
    raise SourceError(f"{error.filename} cannot be read ({error.strerror}); check its permissions") from error
