"""Unpacking an archive that somebody else made.

Invariants: nothing is written outside the target; links and special files are never made; a bomb is
refused before it has filled the disk; the target appears whole or not at all.
"""

import hashlib
import shutil
import stat
import struct
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import ClassVar

from curate.errors import SourceError
from curate.i18n import Message, msg, nmsg
from curate.sources import objects
from curate.sources.address import url
from curate.sources.folder import Folder
from curate.sources.records import Listing, Skipped
from curate.storage.atomic import atomic_folder, explained

MAX_FILES = 2_000_000
MAX_TOTAL_BYTES = 1 << 40
MAX_RATIO = 200
"""Unpacked over packed bytes. Deflate cannot pass 1,032; images, compressed already, stay near 1."""
RATIO_FREE_BYTES = 256 << 20
"""Below this size the ratio does not matter: blank test images compress a thousandfold."""

_CHUNK = 1 << 20
_UTF8 = 0x800
"""The flag of a name in UTF-8 (APPNOTE 4.4.4)."""
_LONGEST_NAME_BYTES = 255
"""What Linux, macOS and Windows take for one name."""


class Archive(Folder):
    """A ZIP of a folder of images; it is unpacked once, into the scratch folder."""

    form: ClassVar[str] = "a .zip of one"
    priority: ClassVar[int] = 0

    @classmethod
    def claims(cls, address: str) -> bool:
        return url(address) is None and Path(address).is_file() and _is_zip(address)

    @cached_property
    def root(self) -> str:
        if self._scratch is None:
            raise SourceError(f"{self.address} is an archive; unpack it first")
        return str(unpack(Path(self.address), self._scratch).resolve())

    def _list(self) -> Listing:
        listing = super()._list()
        with zipfile.ZipFile(self.address) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
        too_long = [
            Skipped(_name(entry), msg("its name is longer than a file may have; rename it"))
            for entry in entries
            if _is_too_long(_name(entry))
        ]
        notes = _encoding_notes([_name(entry) for entry in entries if _is_garbled(entry)])
        return replace(listing, skipped=[*listing.skipped, *too_long], notes=[*listing.notes, *notes])


def _is_zip(address: str) -> bool:
    """Say whether a file ends as a ZIP does, or is called one and begins as one: then it is a damaged one."""
    try:
        if zipfile.is_zipfile(address):
            return True
    except (ValueError, struct.error):  # of its end, which zipfile reads without care
        return True
    return address.lower().endswith(".zip") and objects.head(address, 4) == b"PK\x03\x04"


def _encoding_notes(garbled: Sequence[str]) -> list[Message]:
    if not garbled:
        return []
    return [
        nmsg(
            "{n} name in the archive is in an old encoding and may be garbled: {name}. If it is, unpack the archive "
            "yourself with the right encoding and give the folder.",
            "{n} names in the archive are in an old encoding and may be garbled, such as {name}. If they are, unpack "
            "the archive yourself with the right encoding and give the folder.",
            len(garbled),
            name=garbled[0],
        )
    ]


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
    with _explained(path):
        packed = zipfile.ZipFile(path)
    with packed:
        with _explained(path):
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            _refuse_bomb(path, entries)
            names = {id(entry): _safe_name(path, entry) for entry in entries}
            _refuse_files_as_folders(path, [*names.values()])
        room = _Room(path)
        for entry in entries:
            destination = target / names[id(entry)]
            if _is_too_long(_name(entry)):
                continue
            destination.parent.mkdir(parents=True, exist_ok=True)
            if destination.exists():
                raise SourceError(f"{path}: two entries are both called {_name(entry)!r}; pack it again")
            with destination.open("xb") as file:
                for chunk in _chunks(path, packed, entry):
                    room.take(len(chunk))
                    file.write(chunk)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn whatever zipfile and its codecs raise while they read into a `SourceError` of one line."""
    try:
        yield
    except SourceError:
        raise
    except NotImplementedError as error:  # zipfile's way to say so of a method, or of its version
        raise SourceError(
            f"{path} is packed in a way that cannot be read here ({_methods(path) or error}); unpack it yourself, with "
            "7-Zip for one, and give the folder"
        ) from error
    except RuntimeError as error:  # zipfile's way to say that a password is needed
        raise SourceError(f"{path}: cannot be unpacked ({_one_line(error)})") from error
    except Exception as error:  # zipfile raises what its codecs and its parsing of strangers' bytes raise
        raise SourceError(f"{path}: the archive is damaged ({_one_line(error)}); fetch it again") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


def _chunks(path: Path, packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack an entry; raises `SourceError` where it is broken, or larger than it claims."""
    size = 0
    with ExitStack() as opened:
        with _explained(path):
            source = opened.enter_context(packed.open(entry))
        while True:
            with _explained(path):
                chunk = source.read(_CHUNK)
            if not chunk:
                return
            size += len(chunk)
            if size > entry.file_size:
                raise SourceError(f"{path}: entry {entry.filename!r} is larger than it claims; the archive is unsafe")
            yield chunk


class _Room:
    """How much an archive may still unpack to: by what the file takes on the disk, not by what it says of itself."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = max(RATIO_FREE_BYTES, MAX_RATIO * path.stat().st_size)

    def take(self, size_bytes: int) -> None:
        """Count what is written; raises `SourceError` where it is too much."""
        self._left -= size_bytes
        if self._left < 0:
            raise SourceError(
                f"{self._path}: unpacks to more than {MAX_RATIO} times its size, which images never do; "
                "unpack it yourself if you trust it"
            )


_METHODS = {
    1: "Shrunk",
    6: "Imploded",
    9: "Deflate64",
    93: "Zstandard",
    95: "XZ",
    96: "JPEG",
    97: "WavPack",
    98: "PPMd",
}
"""Ways of packing that zipfile does not know (APPNOTE 4.4.5)."""


def _methods(path: Path) -> str:
    """Name the ways of packing of an archive that cannot be read here."""
    try:
        with zipfile.ZipFile(path) as packed:
            methods = {entry.compress_type for entry in packed.infolist()}
    except Exception:  # what could not be read may be its directory
        return ""
    return ", ".join(_METHODS[method] for method in sorted(methods) if method in _METHODS)


def _name(entry: zipfile.ZipInfo) -> str:
    """Return the name of an entry: as UTF-8 where its bytes are that, flagged or not, else as zipfile reads it."""
    if entry.flag_bits & _UTF8 or entry.filename.isascii():
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode()
    except UnicodeError:
        return entry.filename


def _is_garbled(entry: zipfile.ZipInfo) -> bool:
    """Say whether the name of an entry is in an encoding that nothing tells: zipfile then takes it for cp437."""
    return not entry.flag_bits & _UTF8 and not entry.filename.isascii() and _name(entry) == entry.filename


def _is_too_long(name: str) -> bool:
    return any(len(part.encode()) > _LONGEST_NAME_BYTES for part in name.replace("\\", "/").split("/"))


def _refuse_files_as_folders(path: Path, names: Sequence[PurePosixPath]) -> None:
    files = set(names)
    for name in names:
        for folder in name.parents:
            if folder in files:
                raise SourceError(
                    f"{path}: {str(folder)!r} is a file in it and the folder of {name.name!r} too; unpack it "
                    "yourself and rename one of them"
                )


def _refuse_bomb(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    total = sum(entry.file_size for entry in entries)
    # Entries may share bytes, and claim less than they hold: the file itself is no smaller than what is packed in it.
    packed = max(1, min(path.stat().st_size, sum(entry.compress_size for entry in entries)))
    if len(entries) > MAX_FILES or total > MAX_TOTAL_BYTES:
        raise SourceError(f"{path}: claims {len(entries):,} files and {total:,} bytes; that is no image dataset")
    if total > RATIO_FREE_BYTES and total / packed > MAX_RATIO:
        raise SourceError(
            f"{path}: would unpack to {total / packed:,.0f} times its size, which images never do; "
            "unpack it yourself if you trust it"
        )


def _safe_name(path: Path, entry: zipfile.ZipInfo) -> PurePosixPath:
    name = PurePosixPath(_name(entry).replace("\\", "/"))
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
