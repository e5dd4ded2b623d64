"""Images on the screen: previews made by curate, and plain text where there is nothing to show."""

from pathlib import Path

import streamlit as st

from curate.i18n import N_
from curate.images.kinds import NEVER_DECODED
from curate.reviewing.previews import preview, written_since
from curate.sources import Source, source_at
from curate.storage.names import printable
from curate.storage.workspace import Workspace
from curate.ui.markdown import plain
from curate.ui.session import _

LARGE_PX = 1024
GROUP_PX = 512
GRID_PX = 160
EXIF = {
    "Make": N_("Maker of the camera"),
    "Model": N_("Camera"),
    "Software": N_("Software"),
    "Artist": N_("Artist"),
    "DateTime": N_("Changed"),
    "DateTimeOriginal": N_("Taken"),
    "Orientation": N_("Orientation"),
    "XResolution": N_("Resolution"),
    "ExposureTime": N_("Exposure"),
    "FNumber": N_("Aperture"),
    "ISOSpeedRatings": N_("ISO"),
    "FocalLength": N_("Focal length"),
    "LensModel": N_("Lens"),
    "ICC profile": N_("ICC profile"),
    "GPS": N_("Place on the map"),
}
"""What people read instead of a name of the EXIF standard."""


@st.cache_data(max_entries=128, show_spinner=False)
def _bytes(root: str, source: str, path: str, sha256: str | None, side_px: int) -> bytes | None:
    return preview(Workspace(Path(root)), source_at(source), path, sha256, side_px)


def source_of(workspace: Workspace) -> Source:
    """Return the source that the images of a workspace are read from."""
    return source_at(workspace.read_audit()["root"])


def preview_bytes(workspace: Workspace, source: Source, path: str, sha256: str | None, side_px: int) -> bytes | None:
    """Return the preview of an image as a JPEG; None where there is nothing to show."""
    return _bytes(str(workspace.root), source.root, path, sha256, side_px)


def show_known(
    workspace: Workspace, source: Source, path: str, sha256: str | None, label: str | None, caption: str
) -> None:
    """Show a small image; nothing where it cannot be shown."""
    data = preview_bytes(workspace, source, path, sha256, GRID_PX)
    if data is not None:
        alt = _("{path}, class {label}", path=path, label=class_name(label))
        st.image(data, caption=plain(caption) or None, alt=printable(alt))


def class_name(label: str | None) -> str:
    """Return the name of a class as it can be shown, or what stands for none."""
    return printable(label) if label else _("(no class)")


def since_audit(source: Source, path: str, size_bytes: int, audited_s: float) -> str:
    """Say what has become of a file whose image is shown as it was audited; nothing where it is as it was."""
    written = written_since(source, path, size_bytes, audited_s)
    if written is None:
        return _("The file is gone since the scan. Dropping it keeps it out of the manifest.")
    return (
        _("The file was written since the audit, and may show something else now. Run the audit again.")
        if written
        else ""
    )


def why_not(source: Source, path: str, kinds: set[str]) -> str:
    """Say why an image is not shown."""
    if not source.is_there():
        return _("The source {root} is not there. Has it moved? Run the audit where it is now.", root=source.root)
    if not source.exists(path):
        return _("The file is gone since the scan. Dropping it keeps it out of the manifest.")
    if kinds & NEVER_DECODED:
        return _("Not opened here: a decoder failed on this file.")
    return _("Nothing of this file can be shown as an image.")
