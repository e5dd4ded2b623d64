"""All images on a plane, alike ones close together: a ring drawn around some opens them as a grid."""

from functools import partial

import numpy as np
import streamlit as st

from curate import scanners
from curate.auditing.likeness import Floats, Likeness
from curate.reviewing.store import Store
from curate.ui import images, images_page, session, surface
from curate.ui.payload import address, state_titles
from curate.ui.session import _, counted

KEY = "map"
MOST = 20_000
"""So many points are drawn at most; of more a sample that is the same each time."""
COLOURS = ("class", "finding", "decision")


def draw() -> None:
    """Draw the page."""
    session.go_where_asked("map")
    workspace = session.workspace()
    titles = {"class": _("Class"), "finding": _("Finding"), "decision": _("Decision")}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        by = st.segmented_control(
            _("Colour by"), COLOURS, default="class", key="map_by", format_func=titles.__getitem__
        )
        known = images_page.vectors(
            str(workspace.root), workspace.audit.stat().st_mtime_ns, images_page.stamp(workspace)
        )
        how = _("by embeddings") if known.by_embeddings else _("by their small grey tiles: how they are laid out")
        st.caption(f"{counted('{n} image', '{n} images', len(known.paths))}, {how}")
    if not known.paths:
        st.write(_("No image has been measured for this. Run the audit again."))
        return
    flat = _plane(known)
    rows = np.linspace(0, len(known.paths) - 1, min(MOST, len(known.paths))).astype(int)
    paths = [known.paths[row] for row in rows]
    with Store(workspace.review) as store:
        groups = _groups(store, by or "class")
    names = list(dict.fromkeys(groups.get(path, "") for path in paths))
    names.sort(key=lambda name: (name == "", name))
    surface.plane()(
        key=KEY,
        data={
            "points": [[round(float(x), 4), round(float(y), 4)] for x, y in flat[rows]],
            "paths": paths,
            "groups": [names.index(groups.get(path, "")) for path in paths],
            "names": [name or _("none") for name in names],
            "texts": {
                "hint": _("Draw a ring around points to open their images; click one to see it."),
                "open": _("Open images: {n}"),
                "clear": _("Clear"),
                "map": _("Map of the images"),
            },
            "preview": _preview(),
        },
        on_go_change=partial(session.ask_to_go, KEY),
        on_look_change=_look,
    )


@st.cache_resource(max_entries=1, show_spinner=False, hash_funcs={Likeness: id})
def _plane(known: Likeness) -> Floats:
    return known.plane()


def _groups(store: Store, by: str) -> dict[str, str]:
    """Return what each image is coloured by; nothing for those it does not apply to."""
    if by == "class":
        return {row.path: images.class_name(row.label) for row in store.catalogue.outline()}
    if by == "decision":
        titles = state_titles()
        return {row.path: titles[row.state] for row in store.catalogue.outline()}
    ranked = scanners.kinds()
    found: dict[str, str] = {}
    for path, kind in sorted(store.catalogue.kinds(), key=lambda one: ranked.rank(one[1]), reverse=True):
        found[path] = session.kind_title(kind)
    return found


def _look() -> None:
    path = session.told(KEY, "look")
    st.session_state.map_look = path if isinstance(path, str) else None


def _preview() -> dict[str, str] | None:
    """Return the image that was clicked."""
    path = st.session_state.get("map_look")
    if not path:
        return None
    workspace = session.workspace()
    with Store(workspace.review) as store:
        found = store.catalogue.entries([path])
    data = (
        images.preview_bytes(workspace, images.source_of(workspace), path, found[0].sha256, images.GRID_PX)
        if found
        else None
    )
    return {"path": path, "src": address(data)} if data else None
