"""One image: large or by its pixels, why it is here, what is known of its file, and others of its class for scale."""

from pathlib import Path

import streamlit as st

from curate.reviewing.exif import exif_summary
from curate.reviewing.previews import NEVER_DECODED
from curate.reviewing.queue import Item
from curate.schema import Kind, Role
from curate.ui import dataset, images, session
from curate.ui.images import plain

VIEWS = 3
OTHERS = 4


def draw(item: Item, source: Path) -> None:
    """Draw the image and what is known of it."""
    path, workspace, w = item.paths[0], session.workspace(), session.words()
    left, right = st.columns([3, 2])
    with left:
        view = st.session_state.view % VIEWS
        if view == 0:
            with st.container(key="image"):
                images.show(workspace, source, item, path, images.LARGE_PX, width="stretch")
        else:
            images.show_pixels(workspace, source, item, path, times=(1, 4)[view - 1])
    with right:
        label = item.findings[0]["label"]
        st.markdown(f"**{plain(path)}**  \n{w.of_class.format(label=plain(str(label or w.none)))}")
        reasons(item, path)
        _others(source, label, path)
        _facts(item, source, path)


def reasons(item: Item, path: str) -> None:
    """Every finding about an image: what, how bad, the sentence with its numbers, and what was decided."""
    w = session.words()
    for row in item.of(path):
        if row["role"] == Role.KEEPER:
            st.markdown(plain(row["reason"]))
            continue
        title = w.kinds.get(Kind(row["kind"]), row["kind"])
        more = [w.decided_as.format(action=w.actions[row["action"]])] if row["action"] else []
        more += [w.stale] if row["stale"] else []
        told = "".join(f" :blue-badge[{plain(text)}]" for text in more)
        st.markdown(f"**{title}** :gray-badge[{row['score']:.2f}]{told}  \n{plain(row['reason'])}")


def _others(source: Path, label: str | None, path: str) -> None:
    workspace, w = session.workspace(), session.words()
    found = dataset.others(workspace, label, path, OTHERS)
    if not found:
        return
    st.caption(w.others_of_class.format(label=plain(str(label or w.none))))
    with st.container(key="others"):
        for column, (other, sha256) in zip(st.columns(OTHERS), found, strict=False):
            with column:
                images.show_known(workspace, source, other, sha256, label, "")


def _facts(item: Item, source: Path, path: str) -> None:
    w = session.words()
    known = dataset.row(session.workspace(), path)
    size = f"{w.count(known['width'])} x {w.count(known['height'])} px" if known.get("width") else ""
    parts = [
        size,
        known.get("format"),
        known.get("mode"),
        f"{w.count(known.get('size_bytes', 0))} B",
        known.get("split"),
    ]
    lines = [" · ".join(str(part) for part in parts if part)]
    if not {row["kind"] for row in item.of(path)} & NEVER_DECODED:
        written = exif_summary(source, path, item.of(path)[0]["sha256"])
        lines += [f"{w.exif.get(name, name)}: {w.yes if text == 'yes' else text}" for name, text in written.items()]
    st.caption(f"**{w.facts}**  \n" + "  \n".join(plain(line) for line in lines))
