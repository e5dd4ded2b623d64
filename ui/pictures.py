"""Pictures on the screen: previews made by curate, and plain text where there is nothing to show."""

import re
from pathlib import Path

import streamlit as st

from curate.boxes import boxes_of, marked
from curate.previews import NEVER_DECODED, preview
from curate.store import Item
from curate.workspace import Workspace

LARGE_PX = 1024
GROUP_PX = 512
GRID_PX = 160


@st.cache_data(max_entries=64, show_spinner=False)
def _bytes(root: str, source: str, path: str, sha256: str | None, side_px: int) -> bytes | None:
    return preview(Workspace(Path(root)), Path(source), path, sha256, side_px)


@st.cache_data(max_entries=1, show_spinner=False)
def _longer_sides(root: str, written_ns: int) -> dict[str, int]:
    """The longer side of every picture that has one, in pixels; read again when the audit wrote them anew."""
    images = Workspace(Path(root)).read_images()[["path", "width", "height"]].dropna()
    return {row.path: int(max(row.width, row.height)) for row in images.itertuples(index=False)}


def show(place: Workspace, source: Path, item: Item, path: str, side_px: int) -> None:
    """Show a picture, or say why there is nothing to show."""
    kinds = {row["kind"] for row in item.of(path)}
    sha256 = item.of(path)[0]["sha256"]
    data = None if kinds & NEVER_DECODED else _bytes(str(place.root), str(source), path, sha256, side_px)
    if data is not None:
        boxes = boxes_of(item.of(path))
        sides = _longer_sides(str(place.root), place.images.stat().st_mtime_ns) if boxes else {}
        if sides.get(path):
            data = marked(data, boxes, sides[path])
        st.image(data, caption=None, width="content")
        return
    file = source / path
    if not source.is_dir():
        st.warning(
            f"The source folder {plain(str(source))} is not there. Has it moved? Run the audit on its new place."
        )
    elif not file.is_file():
        st.warning("The file is gone since the scan. Dropping it keeps it out of the manifest.")
    elif kinds & NEVER_DECODED:
        st.warning("Not opened here: a decoder failed on this file.")
    else:
        st.warning("Nothing of this file can be shown as a picture.")


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it is, with nothing to click and nothing to run."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:^@])", r"\\\1", " ".join(text.split()))
