"""One image: large or by its pixels, why it is here, what is known of its file, and others of its class for scale."""

import streamlit as st

from curate.findings import ACTION_TITLES
from curate.i18n import N_
from curate.images.kinds import NEVER_DECODED
from curate.reviewing.exif import exif_summary
from curate.reviewing.queue import Item
from curate.schema import Action, Role
from curate.sources import Source
from curate.ui import dataset, images, session
from curate.ui.images import plain
from curate.ui.session import _

VIEWS = 3
OTHERS = 4
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


def draw(item: Item, source: Source) -> None:
    """Draw the image and what is known of it."""
    path, workspace = item.paths[0], session.workspace()
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
        named = _("class {label}", label=images.class_name(label))
        st.markdown(f"**{plain(path)}**  \n{plain(named)}")
        reasons(item, path)
        _others(source, label, path)
        _facts(item, source, path)


def reasons(item: Item, path: str) -> None:
    """Draw every finding about an image: what, how bad, the sentence with its numbers, and what was decided."""
    t = session.translator()
    for row in item.of(path):
        reason = plain(t.reason(row))
        if row["role"] == Role.KEEPER:
            st.markdown(reason)
            continue
        notes = [_("decision: {action}", action=_(ACTION_TITLES[Action(row["action"])]))] if row["action"] else []
        notes += [_("decided about other bytes; decide again")] if row["stale"] else []
        badges = "".join(f" :blue-badge[{plain(note)}]" for note in notes)
        title = plain(session.kind_title(row["kind"]))
        st.markdown(f"**{title}** :gray-badge[{t.number(row['score'], 2)}]{badges}  \n{reason}")


def _others(source: Source, label: str | None, path: str) -> None:
    workspace = session.workspace()
    others = dataset.others(workspace, label, path, OTHERS)
    if not others:
        return
    st.caption(plain(_("Others of class {label}", label=images.class_name(label))))
    with st.container(key="others"):
        for column, (other, sha256) in zip(st.columns(OTHERS), others, strict=False):
            with column:
                images.show_known(workspace, source, other, sha256, label, "")


def _facts(item: Item, source: Source, path: str) -> None:
    number = session.translator().number
    known = dataset.row(session.workspace(), path)
    parts = [
        f"{number(known['width'])} x {number(known['height'])} px" if known.get("width") else "",
        known.get("format"),
        known.get("mode"),
        f"{number(known.get('size_bytes', 0))} B",
        known.get("split"),
    ]
    lines = [" · ".join(str(part) for part in parts if part)]
    if not {row["kind"] for row in item.of(path)} & NEVER_DECODED:
        written = exif_summary(source, path, item.of(path)[0]["sha256"])
        values = {name: _("yes") if text == "yes" else text for name, text in written.items()}
        lines += [f"{_(EXIF.get(name, name))}: {text}" for name, text in values.items()]
    title = _("File")
    st.caption(f"**{title}**  \n" + "  \n".join(plain(line) for line in lines))
