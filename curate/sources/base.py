"""What a source of images is, and which there are.

    source = open_source("photos.zip", scratch=workspace.unpacked)
    listing = source.list()                 # records: path, label, split, size
    source_at(source.root).read("cats/1.jpg")

Invariants: (root, path) is all it takes to find an image again, today or from a manifest, so `source_at(root)` reads
whatever `open_source` has listed; nothing is ever written into a source; only an archive is unpacked, into a scratch
folder. Nobody else asks whether an image is a file, a span of a tar, a row of a Parquet file or an object of a bucket.

To add a form of source, subclass `Source` and name the class under the entry-point group `curate.sources`.
"""

from __future__ import annotations

import errno
import functools
import os
import stat
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import ClassVar

from curate.errors import SourceError
from curate.i18n import Message, counted, msg
from curate.plugins import installed
from curate.sources import containers, objects
from curate.sources.address import as_path, in_container, join, url
from curate.sources.classes import notes_on
from curate.sources.records import Listing, Skipped
from curate.storage.names import is_text, shown

ENTRY_POINTS = "curate.sources"
NO_LIMIT = 1 << 62
_LONGEST_NAME_BYTES = 255


class Source(ABC):
    """Images at one address. Light enough to be sent to a worker once it has been made by `source_at`."""

    form: ClassVar[str]
    """What a person may give, for messages: "a folder of images"."""
    priority: ClassVar[int] = 0
    """Of several forms that claim an address, the one with the highest takes it."""
    online: bool = False
    """Whether addresses that a file of this machine names may be asked: nobody but its writer has named them."""

    def __init__(self, address: str, scratch: Path | None = None, exclude: Sequence[str] = ()) -> None:
        self.address = address
        self._scratch = scratch
        self._exclude = tuple(exclude)

    @classmethod
    @abstractmethod
    def claims(cls, address: str) -> bool:
        """Say whether this form of source lies at an address (an absolute path, or a URL)."""

    @property
    def root(self) -> str:
        """The folder or URL that paths are relative to."""
        return self.address

    def list(self) -> Listing:
        """List the images with their class and split, and what was left out and why.

        Raises `SourceError` where the source cannot be read, or holds no images.
        """
        listing = _without(self._list(), self._excluded)
        listing = replace(listing, notes=[*listing.notes, *notes_on(listing.records)])
        if not listing.records:
            raise SourceError(f"{self.address} holds no images{_what_instead(listing.skipped)}")
        return listing

    @abstractmethod
    def _list(self) -> Listing:
        """List whatever there is; `_excluded` says what of it is left out, where that bears on the rest."""

    def _excluded(self, path: str) -> Message | None:
        """Say why a path below the root is left out: by a pattern of the person, or since no table could hold it."""
        for pattern in self._exclude:
            if _matches(path, pattern):
                return msg("excluded by {pattern}", pattern=pattern)
        return None

    def read(self, path: str, *, offset: int | None = None, size: int = 0, max_bytes: int = NO_LIMIT) -> bytes | None:
        """Read the bytes of one image; None where there are more than `max_bytes`.

        With `offset`, `size` bytes from there in the tar that `path` leads into; a remote object of more than
        `max_bytes` is not even asked for where `size` is known. Raises `OSError` for what is not there.
        """
        address = join(self.root, path)
        inside = in_container(address)
        if inside is not None:
            return containers.read(*inside, offset=offset, size=size, max_bytes=max_bytes)
        if url(address) is None:
            with open(address, "rb", opener=_unless_it_waits) as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise OSError(errno.EINVAL, "not a regular file", address)
                return file.read() if status.st_size <= max_bytes else None
        return objects.fetch(address, size, max_bytes)

    def exists(self, path: str) -> bool:
        """Say whether an image is still there."""
        address = join(self.root, path)
        inside = in_container(address)
        try:
            return objects.stat(address) is not None if inside is None else containers.has(*inside)
        except (OSError, SourceError):
            return False

    def plain_file(self, path: str) -> Path | None:
        """Return the file that holds exactly this image, to be linked to or handed on; None where there is none."""
        address = join(self.root, path)
        return Path(address) if url(address) is None and in_container(address) is None else None

    def is_there(self) -> bool:
        """Say whether the root itself is there (a remote one is taken to be)."""
        return url(self.root) is not None or Path(self.root).exists()


@functools.cache
def forms() -> tuple[type[Source], ...]:
    """List every installed form of source, the first to be asked first."""
    found: list[type[Source]] = [entry.load() for entry in installed(ENTRY_POINTS)]
    return tuple(sorted(found, key=lambda form: (-form.priority, form.__name__)))


def open_source(
    given: str | Path, scratch: Path | None = None, exclude: Sequence[str] = (), *, online: bool = False
) -> Source:
    """Open what a person names, to list it; an archive is unpacked into `scratch`.

    What matches a pattern of `exclude` is left out: the path below the root or, for a pattern without a slash, any part
    of it; `*` stands for any characters. What a list of this machine names by URL is fetched only if `online`. Raises
    `SourceError` where it does not exist or no form of source claims it.
    """
    address = absolute(given)
    for form in forms():
        if form.claims(address):
            source = form(address, scratch, exclude)
            source.online = online
            return source
    known = ", ".join(form.form for form in forms())
    if url(address) is None and not Path(address).exists():
        raise SourceError(f"{given} does not exist; give {known}")
    raise SourceError(f"{given} is no source of images that curate knows; give {known}")


def source_at(root: str | Path) -> Source:
    """Open the source whose images lie below `root`, to read them; whether it is there shows when it is asked."""
    address = absolute(root)
    form = next((form for form in forms() if form.claims(address)), _Gone)
    return form(address)


class _Gone(Source):
    """A root that no form claims, such as a folder that is no longer there: reading fails image by image."""

    form: ClassVar[str] = ""

    @classmethod
    def claims(cls, address: str) -> bool:
        del address
        return False

    def _list(self) -> Listing:
        raise SourceError(f"{self.address} does not exist")


def absolute(given: str | Path) -> str:
    """Normalise an address: a URL, or an absolute path (`file://` is one too)."""
    if not is_text(str(given)):
        raise SourceError(f"{shown(str(given))}: the name of the source is not valid UTF-8; rename it")
    given = as_path(given)
    address = url(given)
    if address is None and any(len(part.encode()) > _LONGEST_NAME_BYTES for part in Path(given).parts):
        raise SourceError(f"{str(given)[:60]}...: the name of the source is longer than any file may have")
    return str(Path(given).resolve()) if address is None else address.rstrip("/")


def _without(listing: Listing, excluded: Callable[[str], Message | None]) -> Listing:
    """Leave out what is excluded, and what no table could hold since it is no text."""
    records, skipped = [], list(listing.skipped)
    for record in listing.records:
        reason = excluded(record.path)
        if not (is_text(record.path) and is_text(record.label or "") and is_text(record.split or "")):
            reason = msg("its name or its class is no text; rename it")
        elif ".." in record.path.replace("\\", "/").split("/"):
            reason = msg("its name leads out of the source; rename it")
        if reason is None:
            records.append(record)
        else:
            skipped.append(Skipped(shown(record.path), reason))
    return replace(listing, records=records, skipped=sorted(skipped, key=lambda item: item.path))


def _unless_it_waits(address: str, flags: int) -> int:
    """Open a file without waiting for the other end of a named pipe, which may have taken the place of an image."""
    return os.open(address, flags | getattr(os, "O_NONBLOCK", 0))


def _matches(path: str, pattern: str) -> bool:
    pattern = pattern.rstrip("/")
    if "/" not in pattern:
        return any(part == pattern or fnmatchcase(part, pattern) for part in path.split("/"))
    is_below = path == pattern or path.startswith(f"{pattern}/")  # a name may hold what is a pattern elsewhere
    return is_below or fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern}/*")


def _what_instead(skipped: Sequence[Skipped]) -> str:
    if not skipped:
        return ": it is empty; give the folder that has a folder of images per class"
    reason, count = Counter(item.reason for item in skipped).most_common(1)[0]
    share = "" if count == len(skipped) else f", {count:,} of them"
    return f"; skipped {counted(len(skipped), 'file')}{share}: {reason}"
