"""Images on the screen: previews made by curate, and plain text where there is nothing to show."""

import re
from pathlib import Path
from typing import Literal

import streamlit as st

from curate.reviewing.boxes import boxes_of, marked
from curate.reviewing.previews import NEVER_DECODED, full_size, preview
from curate.reviewing.queue import Item
from curate.storage.workspace import Workspace
from curate.ui import dataset, session

LARGE_PX = 1024
GROUP_PX = 512
GRID_PX = 160


@st.cache_data(max_entries=128, show_spinner=False)
def _bytes(root: str, source: str, path: str, sha256: str | None, side_px: int) -> bytes | None:
    return preview(Workspace(Path(root)), Path(source), path, sha256, side_px)


def source_of(workspace: Workspace) -> Path:
    """Where the images lie."""
    return Path(workspace.read_audit()["root"])


def show(
    workspace: Workspace,
    source: Path,
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
    boxes = boxes_of(item.of(path))
    if boxes and (side := dataset.longer_side(workspace, path)):
        data = marked(data, boxes, side)
    st.image(data, width=width, alt=_alt(path, item.of(path)[0]["label"]))


def show_known(
    workspace: Workspace, source: Path, path: str, sha256: str | None, label: str | None, caption: str
) -> None:
    """Show a small image that is no item of the queue; nothing where it cannot be shown."""
    data = _bytes(str(workspace.root), str(source), path, sha256, GRID_PX)
    if data is not None:
        st.image(data, caption=plain(caption) or None, alt=_alt(path, label))


def data_of(workspace: Workspace, source: Path, item: Item, path: str, side_px: int) -> bytes | None:
    """The preview of an image of an item; None where there is nothing to show."""
    rows = item.of(path)
    if {row["kind"] for row in rows} & NEVER_DECODED:
        return None
    return _bytes(str(workspace.root), str(source), path, rows[0]["sha256"], side_px)


def show_pixels(workspace: Workspace, source: Path, item: Item, path: str, times: int) -> None:
    """Show the image at its own size, or at several screen pixels for each of its own, to be scrolled."""
    rows = item.of(path)
    stopped = {row["kind"] for row in rows} & NEVER_DECODED
    data = None if stopped else full_size(source, path, rows[0]["sha256"])
    side, known = dataset.longer_side(workspace, path), dataset.row(workspace, path)
    if data is None or not side:
        show(workspace, source, item, path, LARGE_PX)
        return
    boxes = boxes_of(rows)
    with st.container(key="pixels", height=520):
        st.image(
            marked(data, boxes, side) if boxes else data,
            width=max(1, int(known["width"]) * times),
            alt=_alt(path, rows[0]["label"]),
        )
    st.caption(session.words().pixels_help)


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it is, with nothing to click and nothing to run."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:^@])", r"\\\1", " ".join(text.split()))


def _alt(path: str, label: str | None) -> str:
    return session.words().image_of.format(path=path, label=label or session.words().none)


def _explain(source: Path, path: str, kinds: set[str]) -> None:
    w = session.words()
    if not source.is_dir():
        st.warning(w.source_gone.format(folder=plain(str(source))))
    elif not (source / path).is_file():
        st.warning(w.file_gone)
    elif kinds & NEVER_DECODED:
        st.warning(w.not_opened)
    else:
        st.warning(w.nothing_to_show)
