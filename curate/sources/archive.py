"""Unpacking an archive that somebody else made.

Invariants: nothing is written outside the target; links and special files are never made; a bomb is
refused before it has filled the disk; the target appears whole or not at all.
"""

import hashlib
import shutil
import stat
import zipfile
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import ClassVar

from curate.errors import SourceError
from curate.sources.address import url
from curate.sources.folder import Folder
from curate.storage.atomic import atomic_folder, explained

MAX_FILES = 2_000_000
MAX_TOTAL_BYTES = 1 << 40
MAX_RATIO = 200
"""Unpacked over packed bytes. Deflate cannot pass 1,032; images, compressed already, stay near 1."""
RATIO_FREE_BYTES = 256 << 20
"""Below this size the ratio does not matter: blank test images compress a thousandfold."""

_CHUNK = 1 << 20


class Archive(Folder):
    """A ZIP of a folder of images; it is unpacked once, into the scratch folder."""

    form: ClassVar[str] = "a .zip of one"
    priority: ClassVar[int] = 0

    @classmethod
    def claims(cls, address: str) -> bool:
        return url(address) is None and Path(address).is_file() and zipfile.is_zipfile(address)

    @cached_property
    def root(self) -> str:
        if self._scratch is None:
            raise SourceError(f"{self.address} is an archive; unpack it first")
        return str(unpack(Path(self.address), self._scratch).resolve())


def unpack(path: Path, target: Path) -> Path:
    """Unpack a ZIP into `target`, once: a second call with the same archive changes nothing.

    Raises `SourceError` naming the entry that is unsafe or broken.
    """
    status = path.stat()
    token = hashlib.sha256(f"{path.resolve()}:{status.st_size}:{status.st_mtime_ns}".encode()).hexdigest()[:16]
    final = target / token
    if final.is_dir():
        return final
    with atomic_folder(final) as partial:
        _extract(path, partial)
    with explained(target):
        for other in target.iterdir():  # an older archive, or what a killed process left
            if other != final:
                shutil.rmtree(other)
    return final


def _extract(path: Path, target: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            _refuse_bomb(path, entries)
            for entry in entries:
                destination = target / _safe_name(path, entry)
                destination.parent.mkdir(parents=True, exist_ok=True)
                if destination.exists():
                    raise SourceError(f"{path}: two entries are both called {entry.filename!r}; pack it again")
                _copy(path, packed, entry, destination)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise SourceError(f"{path}: the archive is damaged ({error}); fetch it again") from error
    except RuntimeError as error:  # zipfile's way to say that a password is needed
        raise SourceError(f"{path}: cannot be unpacked ({error})") from error


def _refuse_bomb(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    total = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if len(entries) > MAX_FILES or total > MAX_TOTAL_BYTES:
        raise SourceError(f"{path}: claims {len(entries):,} files and {total:,} bytes; that is no image dataset")
    if total > RATIO_FREE_BYTES and total / packed > MAX_RATIO:
        raise SourceError(
            f"{path}: would unpack to {total / packed:,.0f} times its size, which images never do; "
            "unpack it yourself if you trust it"
        )


def _safe_name(path: Path, entry: zipfile.ZipInfo) -> PurePosixPath:
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise SourceError(
            f"{path}: entry {entry.filename!r} is a link or a special file; unpack it yourself if you trust it"
        )
    if name.is_absolute() or ".." in name.parts or not name.parts or ":" in name.parts[0] or "\x00" in entry.filename:
        raise SourceError(
            f"{path}: entry {entry.filename!r} would be written outside the target; the archive is unsafe"
        )
    return name


def _copy(path: Path, packed: zipfile.ZipFile, entry: zipfile.ZipInfo, destination: Path) -> None:
    size = 0
    with packed.open(entry) as source, destination.open("xb") as file:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > entry.file_size:
                raise SourceError(f"{path}: entry {entry.filename!r} is larger than it claims; the archive is unsafe")
            file.write(chunk)
