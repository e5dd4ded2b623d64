"""A folder of this machine: class folders, split folders, a flat folder, or a folder of shards."""

import os
import stat
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar

from curate.errors import SourceError
from curate.i18n import Message, msg
from curate.images import formats
from curate.sources import clutter, objects
from curate.sources.address import url
from curate.sources.base import Source
from curate.sources.layout import Found, arrange, reason_to_skip
from curate.sources.records import Listing
from curate.storage.names import shown
from curate.storage.workspace import Workspace


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
        return arrange(self.root, [self._without(item) for item in _walk(self.root)])

    def _without(self, item: Found) -> Found:
        reason = self._excluded(item.path)
        return item if reason is None else item._replace(skipped=reason)


def _walk(root: str) -> Iterator[Found]:
    """Find every file below `root`, through links to folders too; text all the way, since there may be millions."""
    top = len(root.rstrip(os.sep)) + 1
    above = {root: frozenset({_identity(root)})}
    unreadable: list[OSError] = []
    for folder, subfolders, names in os.walk(root, onerror=unreadable.append, followlinks=True):
        below = folder[top:].replace(os.sep, "/")
        here = f"{below}/" if below else ""
        entered = above.pop(folder)
        for name in sorted(subfolders):
            reason = _reason_to_stay_out(folder, name, entered)
            if reason is not None:
                subfolders.remove(name)
                yield Found(f"{here}{shown(name)}/", 0, 0, reason)
        subfolders.sort()
        for name in subfolders:
            path = os.path.join(folder, name)  # noqa: PTH118
            above[path] = entered | {_identity(path)}
        for name in sorted(names):
            yield _file(folder, here + name, name)
    for error in unreadable:
        path = str(error.filename)[top:].replace(os.sep, "/")
        yield Found(f"{path}/", 0, 0, msg("the folder cannot be read ({error})", error=str(error.strerror)))


def _reason_to_stay_out(folder: str, name: str, above: frozenset[tuple[int, int]]) -> Message | None:
    """Say why a subfolder is not looked into; None where it is."""
    reason = clutter.of_folder(name)
    if reason is not None:
        return reason
    if shown(name) != name:
        return msg("the name of the folder is not valid UTF-8; rename it")
    path = os.path.join(folder, name)  # noqa: PTH118
    workspace = Workspace(Path(path))
    if workspace.audit.is_file() and workspace.config.is_file():
        return msg("a workspace of curate, none of the dataset")
    try:
        identity = _identity(path)
    except OSError as error:
        return msg("the folder cannot be read ({error})", error=str(error.strerror))
    return msg("a link that leads back to a folder above it") if identity in above else None


def _identity(folder: str) -> tuple[int, int]:
    """Return what tells a folder from every other, whatever links lead to it."""
    status = os.stat(folder)  # noqa: PTH116
    return status.st_dev, status.st_ino


def _file(folder: str, path: str, name: str) -> Found:
    if shown(name) != name:
        return Found(shown(path), 0, 0, msg("the file name is not valid UTF-8; rename it"))
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
