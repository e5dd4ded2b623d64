"""All images, flagged or not: narrowed, sorted, looked at, and decided many at once."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from curate import scanners
from curate.auditing.likeness import Likeness, likeness
from curate.findings import stable_id
from curate.reviewing.catalogue import ImageFilter, Order
from curate.reviewing.store import Store
from curate.schema import State
from curate.storage.names import printable
from curate.storage.workspace import Workspace
from curate.ui import images, queue_page, session, surface, words
from curate.ui.grid_feed import GridFeed, Shown
from curate.ui.markdown import plain
from curate.ui.payload import Painter, state_titles
from curate.ui.session import _

KEY = "grid"
ACTS = ("keep", "drop", "later", "relabel", "all", "select", "undo", "redo", "similar", "help")
EXACT = frozenset({"same_bytes", "same_pixels"})
VIEWS: dict[str, ImageFilter] = {
    "everything": ImageFilter(),
    "waiting": ImageFilter(states=frozenset({State.UNDECIDED, State.LATER})),
    "copies": ImageFilter(kinds=EXACT, copies=True, states=frozenset({State.UNDECIDED, State.LATER})),
    "dropped": ImageFilter(states=frozenset({State.DROPPED})),
    "kept": ImageFilter(states=frozenset({State.KEPT, State.RELABELLED})),
}
"""Ready-made views: `copies` are exact copies that wait, without the images they are copies of."""
UNCOUNTED = frozenset({"images_view", "images_order"})
"""Inputs that narrow nothing, or show so by themselves."""


def draw() -> None:
    """Draw the page."""
    workspace = session.workspace()
    session.go_where_asked("images")
    if "grid_feed" in st.session_state:
        st.session_state.grid_feed.draw_anew()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        shown, title = _controls(workspace)
    _grid(shown, title)


def _controls(workspace: Workspace) -> tuple[Shown, str]:
    """Draw the ready-made views and the filter; return which images are shown, and a title where they are few."""
    titles = {
        "everything": _("All"),
        "waiting": _("Undecided"),
        "copies": _("Exact copies"),
        "dropped": _("To be dropped"),
        "kept": _("Kept"),
    }
    asked = st.query_params.get("view")
    if asked in VIEWS and "images_view" not in st.session_state:
        st.session_state.images_view = asked
    view = st.segmented_control(
        _("View"),
        list(VIEWS),
        key="images_view",
        default=None if "images_view" in st.session_state else "everything",
        format_func=titles.__getitem__,
        label_visibility="collapsed",
    )
    st.session_state.pop("images_shown", None)
    _filter_and_sort(workspace, VIEWS[view or "everything"])
    chosen, order = st.session_state.images_shown
    paths, title = _given(workspace)
    if title:
        st.markdown(plain(title))
        st.button(_("Show all again"), on_click=_forget, key="images_all")
    return Shown(chosen, order, paths), title


@st.fragment
def _filter_and_sort(workspace: Workspace, base: ImageFilter) -> None:
    """Draw the filter, opened with the numbers of then; the page is drawn anew only where it lets other images through.

    The grid would lose its place, and what was chosen in it.
    """
    state = st.session_state
    for name in session.NARROWING:  # browsers know what is chosen by its text, in which a number may have changed
        if name in state:
            state[name] = state[name]
    narrowed = sum(bool(state.get(name)) for name in session.IMAGES if name not in UNCOUNTED)
    title = _("Filter and sort")
    title = f"{title} ({narrowed})" if narrowed else title
    with st.popover(title, icon=":material/tune:", key="images_filter", on_change="rerun"):
        shown = _filter(workspace, base)
    before = state.get("images_shown")
    state.images_shown = shown
    if before not in {None, shown}:
        st.rerun()


def _filter(workspace: Workspace, base: ImageFilter) -> tuple[ImageFilter, Order]:
    with Store(workspace.review) as store:
        facets = store.catalogue.facets()
    kinds = facets["kind"]
    number = session.translator().number
    orders = {Order.SCORE: _("Score"), Order.NAME: _("Name"), Order.CLASS: _("Class")}
    order = (
        st.radio(_("Sort by"), list(Order), format_func=orders.__getitem__, horizontal=True, key="images_order")
        or Order.SCORE
    )
    states = state_titles()
    chosen_states = st.multiselect(
        _("Decision"),
        _offered("images_state", [State(name) for name in facets["state"] if name]),
        key="images_state",
        format_func=lambda state: f"{states[state]} ({number(facets['state'].get(state, 0))})",
        placeholder=_("all"),
    )
    labels = st.multiselect(
        _("Class"),
        _offered("images_label", facets["label"]),
        key="images_label",
        format_func=lambda label: f"{images.class_name(label)} ({number(facets['label'].get(label, 0))})",
        placeholder=_("all"),
    )
    ranked = sorted(kinds, key=lambda kind: scanners.kinds().rank(kind or ""))
    chosen_kinds = st.multiselect(
        _("Kind"),
        _offered("images_kind", ranked),
        key="images_kind",
        format_func=lambda kind: f"{session.kind_title(kind)} ({number(kinds.get(kind, 0))})",
        placeholder=_("all"),
    )
    people = st.multiselect(
        _("Decided by"),
        _offered("images_reviewer", facets["reviewer"]),
        key="images_reviewer",
        format_func=lambda who: f"{printable(who or '')} ({number(facets['reviewer'].get(who, 0))})",
        placeholder=_("all"),
    )
    score = st.slider(_("Score at least"), 0.0, 1.0, step=0.05, key="images_score")
    text = st.text_input(_("Search in names and reasons"), key="images_text")
    return (
        ImageFilter(
            labels=frozenset(labels),
            states=frozenset(chosen_states) or base.states,
            reviewers=frozenset(filter(None, people)),
            kinds=frozenset(filter(None, chosen_kinds)) or base.kinds,
            copies=base.copies,
            min_score=float(score),
            text=text.strip(),
        ),
        order,
    )


def _offered(name: str, found: Iterable[Any]) -> list[Any]:
    """Return what there is to choose from, and what is chosen though no image is like that any more."""
    return list(dict.fromkeys([*found, *st.session_state.get(name, ())]))


def _given(workspace: Workspace) -> tuple[tuple[str, ...] | None, str]:
    """Return the images that were asked for by name, and what they are."""
    like = st.query_params.get("like")
    if like:
        known = vectors(str(workspace.root), workspace.audit.stat().st_mtime_ns, stamp(workspace))
        how = _("by embeddings") if known.by_embeddings else _("by their small grey tiles")
        return tuple(known.nearest(like)), _("Most like {what}, {how}", what=like, how=how)
    if st.query_params.get("map") and st.session_state.get("lassoed"):
        paths = st.session_state.lassoed
        return paths, session.counted("{n} image of the map", "{n} images of the map", len(paths))
    return None, ""


@st.cache_resource(max_entries=1, show_spinner=False)
def vectors(root: str, stamp: int, embedded: int) -> Likeness:
    """Return the vectors of a workspace's images, once for all sessions; the stamps say when they are others."""
    return likeness(Workspace(Path(root)))


def stamp(workspace: Workspace) -> int:
    """Return when embeddings were written; 0 where there are none."""
    path = workspace.root / "embeddings.parquet"
    return path.stat().st_mtime_ns if path.exists() else 0


def _forget() -> None:
    st.session_state.pop("lassoed", None)
    st.query_params.clear()


@st.fragment
@session.explained()
def _grid(shown: Shown, title: str) -> None:
    """Draw the grid; a message of it runs this alone."""
    workspace, state = session.workspace(), st.session_state
    feed = session.feed("grid_feed", GridFeed)
    painter = Painter(workspace, images.source_of(workspace))
    fed = stable_id(repr(shown), title, session.translator().language, feed.reviewer)
    with Store(workspace.review) as store:
        answer: dict[str, Any] = feed.answer(store, painter, shown, feed=fed)
        classes = sorted(store.catalogue.classes())
    surface.grid()(
        key=KEY,
        data={
            "name": KEY,
            **answer,
            **queue_page.fixed(session.translator(), ACTS),
            "texts": words.grid_texts(),
            "feed": fed,
            "classes": classes,
            "none": _("No image is like that."),
        },
        on_said_change=_hear,
        on_go_change=partial(session.ask_to_go, KEY),
    )
    if "go" in state:
        st.rerun()


def _hear() -> None:
    said = session.told(KEY, "said")
    if said and "grid_feed" in st.session_state:
        with Store(session.workspace().review) as store:
            st.session_state.grid_feed.hear(said, store)
