"""Small images for the reviewer and the report, made once and kept under the hash of their content.

Invariants: a preview shows the bytes that were audited, or nothing: it is made only from a file whose
content still has the recorded sha256, and is found again by that hash, even when the source has gone.
The source is only read. A file that a decoder crashed on, took too long over or was not allowed to open
must not come here: its finding's kind is in `images.kinds.NEVER_DECODED`, and the caller looks.
"""

import functools
import hashlib
import logging
import posixpath
import re
import stat
from pathlib import Path

from curate.config import DecodeLimits
from curate.errors import SourceError, WorkspaceError
from curate.images.decode import decode
from curate.sources import Source
from curate.storage.atomic import atomic, explained
from curate.storage.workspace import Workspace

FULL_PX = 4096
"""A browser shows no more at its own size without trouble."""

_CLOCK_S = 1.0
"""How exact the time of an audit is noted."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_log = logging.getLogger(__name__)


def preview(
    workspace: Workspace, source: Source, path: str, sha256: str | None, side_px: int = 320, quality: int = 80
) -> bytes | None:
    """Make a JPEG of an image of a source, its longer side at most `side_px`, never enlarged.

    None where there is nothing to show: the file is gone or has other content than `sha256`, no image is
    left in it, or `path` leads out of the source. Links are followed, as the audit follows them.
    """
    if sha256 is None or not _SHA256.fullmatch(sha256):
        return None
    cached = workspace.thumbs / sha256[:2] / f"{sha256}-{side_px}.jpg"
    try:
        return cached.read_bytes()
    except OSError:
        pass
    data = audited_bytes(source, path, sha256)
    if data is None:
        return None
    encoded = _encode(data, side_px, quality)
    if encoded is not None:
        _keep(encoded, cached)
    return encoded


def smaller(jpeg: bytes, side_px: int, quality: int = 80) -> bytes:
    """Make of a preview one whose longer side is at most `side_px`; the same bytes where it is no larger."""
    import cv2
    import simplejpeg

    height, width, *_ = simplejpeg.decode_jpeg_header(jpeg)
    scale = side_px / max(height, width)
    if scale >= 1:
        return jpeg
    size = max(1, round(width * scale)), max(1, round(height * scale))
    pixels = cv2.resize(simplejpeg.decode_jpeg(jpeg), size, interpolation=cv2.INTER_AREA)
    return bytes(simplejpeg.encode_jpeg(pixels, quality=quality, colorspace="RGB"))


def audited_bytes(source: Source, path: str, sha256: str | None) -> bytes | None:
    """Read an image of the source, if its content still is what was audited; None otherwise."""
    data = _read(source, path)
    return data if data is not None and hashlib.sha256(data).hexdigest() == sha256 else None


def full_size(source: Source, path: str, sha256: str | None) -> bytes | None:
    """Make a JPEG for looking at single pixels, its longer side at most `FULL_PX`; made anew each time."""
    data = audited_bytes(source, path, sha256)
    return None if data is None else _encode(data, FULL_PX, 95)


def written_since(source: Source, path: str, size_bytes: int, audited_s: float) -> bool | None:
    """Say whether a file was written after its audit, by its size and time alone; None where it is gone.

    Nothing is said of what is no file of its own: packed and remote images would be asked for one by one.
    """
    file = source.plain_file(path) if _is_below(path) else None
    if file is None:
        return False
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size != size_bytes or found.st_mtime >= audited_s + _CLOCK_S


def _read(source: Source, path: str) -> bytes | None:
    """Read an image below the root of its source, within the limits that hold for decoding."""
    if not _is_below(path):
        return None
    try:
        file = source.plain_file(path)
        if file is not None and not stat.S_ISREG(file.stat().st_mode):
            return None
        return source.read(path, max_bytes=DecodeLimits().max_bytes)
    except (OSError, ValueError, SourceError) as error:
        _log.info("no preview of %s: %s", path, error)
        return None


def _is_below(path: str) -> bool:
    return not posixpath.isabs(path) and posixpath.normpath(path).split("/", 1)[0] != ".."


def _encode(data: bytes, side_px: int, quality: int) -> bytes | None:
    import simplejpeg

    image = decode(data, DecodeLimits()).image
    if image is None:
        return None
    return bytes(simplejpeg.encode_jpeg(image.fit(side_px).copy(), quality=quality, colorspace="RGB"))


def _keep(encoded: bytes, cached: Path) -> None:
    """Remember a preview; a workspace that cannot be written to only costs the time to make it again."""
    try:
        with explained(cached):
            cached.parent.mkdir(parents=True, exist_ok=True)
        with atomic(cached) as file:
            file.write(encoded)
    except WorkspaceError as error:
        _say_not_kept(cached.parents[1], getattr(error.__cause__, "strerror", None) or str(error))


@functools.cache
def _say_not_kept(folder: Path, why: str) -> None:
    """Say it once, not for each of the many images that a report shows."""
    _log.warning("previews are not kept in %s (%s); they are made again each time", folder, why)
