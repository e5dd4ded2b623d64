"""Images on the screen: previews made by curate, and plain text where there is nothing to show."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import streamlit as st

from curate.findings import Box
from curate.images.kinds import NEVER_DECODED
from curate.reviewing import boxes
from curate.reviewing.previews import full_size, preview
from curate.reviewing.queue import Item
from curate.sources import Source, source_at
from curate.storage.workspace import Workspace
from curate.ui import dataset
from curate.ui.session import _

LARGE_PX = 1024
GROUP_PX = 512
GRID_PX = 160


@st.cache_data(max_entries=128, show_spinner=False)
def _bytes(root: str, source: str, path: str, sha256: str | None, side_px: int) -> bytes | None:
    return preview(Workspace(Path(root)), source_at(source), path, sha256, side_px)


def source_of(workspace: Workspace) -> Source:
    """Return the source that the images of a workspace are read from."""
    return source_at(workspace.read_audit()["root"])


def show(
    workspace: Workspace,
    source: Source,
    item: Item,
    path: str,
    side_px: int,
    *,
    width: Literal["content", "stretch"] = "content",
) -> None:
    """Show an image of an item with what its findings point at, or say why there is nothing to show."""
    data = data_of(workspace, source, item, path, side_px)
    if data is None:
        _explain(source, path, {row["kind"] for row in item.of(path)})
        return
    marks = boxes.boxes_of(item.of(path))
    if marks and (side := dataset.longer_side(workspace, path)):
        data = _marked(data, marks, side)
    st.image(data, width=width, alt=_alt(path, item.of(path)[0]["label"]))


def show_known(
    workspace: Workspace, source: Source, path: str, sha256: str | None, label: str | None, caption: str
) -> None:
    """Show a small image that is no item of the queue; nothing where it cannot be shown."""
    data = _bytes(str(workspace.root), source.root, path, sha256, GRID_PX)
    if data is not None:
        st.image(data, caption=plain(caption) or None, alt=_alt(path, label))


def data_of(workspace: Workspace, source: Source, item: Item, path: str, side_px: int) -> bytes | None:
    """Return the preview of an image of an item; None where there is nothing to show."""
    rows = item.of(path)
    if {row["kind"] for row in rows} & NEVER_DECODED:
        return None
    return _bytes(str(workspace.root), source.root, path, rows[0]["sha256"], side_px)


def show_pixels(workspace: Workspace, source: Source, item: Item, path: str, times: int) -> None:
    """Show the image at its own size, or at several screen pixels for each of its own, to be scrolled."""
    rows = item.of(path)
    stopped = {row["kind"] for row in rows} & NEVER_DECODED
    data = None if stopped else full_size(source, path, rows[0]["sha256"])
    side, known = dataset.longer_side(workspace, path), dataset.row(workspace, path)
    if data is None or not side:
        show(workspace, source, item, path, LARGE_PX)
        return
    marks = boxes.boxes_of(rows)
    with st.container(key="pixels", height=520):
        st.image(
            _marked(data, marks, side) if marks else data,
            width=max(1, int(known["width"]) * times),
            alt=_alt(path, rows[0]["label"]),
        )
    st.caption(_("Scroll with the arrow keys after Tab has reached the image."))


def plain(text: str) -> str:
    """Escape a text so that Streamlit's Markdown shows it as it is, with nothing to click and nothing to run."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:^@])", r"\\\1", " ".join(text.split()))


def class_name(label: str | None) -> str:
    """Return the name of a class, or what stands for none."""
    return label or _("(no class)")


def _marked(data: bytes, marks: Sequence[Box], side_px: int) -> bytes:
    return boxes.marked(data, marks, side_px, {name: _(title) for name, title in boxes.TITLES.items()})


def _alt(path: str, label: str | None) -> str:
    return _("{path}, class {label}", path=path, label=class_name(label))


def _explain(source: Source, path: str, kinds: set[str]) -> None:
    """Say why an image of an item is not shown."""
    if not source.is_there():
        root = plain(source.root)
        st.warning(_("The source {root} is not there. Has it moved? Run the audit where it is now.", root=root))
    elif not source.exists(path):
        st.warning(_("The file is gone since the scan. Dropping it keeps it out of the manifest."))
    elif kinds & NEVER_DECODED:
        st.warning(_("Not opened here: a decoder failed on this file."))
    else:
        st.warning(_("Nothing of this file can be shown as an image."))
