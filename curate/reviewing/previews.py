"""Small images for the reviewer and the report, made once and kept under the hash of their content.

Invariants: a preview shows the bytes that were audited, or nothing: it is made only from a file whose
content still has the recorded sha256, and is found again by that hash, even when the source has gone.
The source is only read. A file that a decoder crashed on, took too long over or was not allowed to open
must not come here: its finding's kind is in `NEVER_DECODED`, and the caller looks.
"""

import hashlib
import logging
import os
import re
import stat
from pathlib import Path

from curate.config import DecodeLimits
from curate.errors import SourceError, WorkspaceError
from curate.images.decode import decode
from curate.schema import Kind
from curate.sources import address
from curate.storage.workspace import Workspace, atomic, explained

NEVER_DECODED = frozenset({Kind.CRASHED, Kind.TIMED_OUT, Kind.TOO_LARGE})
"""Kinds of findings whose images are not opened outside a worker that may die of them."""

FULL_PX = 4096
"""A browser shows no more at its own size without trouble."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_log = logging.getLogger(__name__)


def preview(
    workspace: Workspace, root: Path, path: str, sha256: str | None, side_px: int = 320, quality: int = 80
) -> bytes | None:
    """A JPEG of the image `path` below `root`, its longer side at most `side_px`, never enlarged.

    None where there is nothing to show: the file is gone or has other content than `sha256`, no image is
    left in it, or `path` leads out of `root`. Links are followed, as the audit follows them.
    """
    if sha256 is None or not _SHA256.fullmatch(sha256):
        return None
    cached = workspace.thumbs / sha256[:2] / f"{sha256}-{side_px}.jpg"
    try:
        return cached.read_bytes()
    except OSError:
        pass
    data = audited_bytes(root, path, sha256)
    if data is None:
        return None
    encoded = _encode(data, side_px, quality)
    if encoded is not None:
        _keep(encoded, cached)
    return encoded


def audited_bytes(root: Path, path: str, sha256: str | None) -> bytes | None:
    """The content of a file of the source, if it still is what was audited."""
    data = _read(root, path)
    return data if data is not None and hashlib.sha256(data).hexdigest() == sha256 else None


def full_size(root: Path, path: str, sha256: str | None) -> bytes | None:
    """The whole image for looking at single pixels, its longer side at most `FULL_PX`; made anew each time."""
    data = audited_bytes(root, path, sha256)
    return None if data is None else _encode(data, FULL_PX, 95)


def _read(root: Path, path: str) -> bytes | None:
    """The bytes of an image below `root`, within the limits that hold for decoding."""
    if not _is_below(root, path):
        return None
    try:
        if address.is_plain(root, path) and not stat.S_ISREG((root / path).stat().st_mode):
            return None
        return address.read(root, path, max_bytes=DecodeLimits().max_bytes)
    except (OSError, ValueError, SourceError) as error:
        _log.info("no preview of %s: %s", path, error)
        return None


def _is_below(root: Path, path: str) -> bool:
    top = os.path.normpath(root)
    return Path(os.path.normpath(root / path)).is_relative_to(top)


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
        _log.warning("previews are not kept: %s", error)
