"""The queue: one image, or one group of copies, on a surface that shows the next one at once."""

from functools import partial
from typing import Any

import streamlit as st

from curate.findings import stable_id
from curate.i18n import Translator
from curate.reviewing.bindings import bindings
from curate.reviewing.queue import QueueFilter
from curate.reviewing.store import Store
from curate.shell import typed
from curate.ui import dataset, images, leases, session, sidebar, surface, words
from curate.ui.feed import AHEAD, QueueFeed
from curate.ui.payload import Painter
from curate.ui.session import _, counted

KEY = "queue"
ACTS = (
    "keep", "drop", "group", "later", "relabel", "digit", "undo", "redo", "back", "next", "view", "boxes", "panel",
    "full", "similar", "note", "filter", "search", "help",
)  # fmt: skip


def draw() -> None:
    """Draw the page."""
    session.go_where_asked("queue")
    session.read_address()
    with st.sidebar:
        sidebar.filters(session.workspace())
        sidebar.who()
    if st.query_params.to_dict().keys() - {"item"} != session.address().keys():
        st.query_params.from_dict(session.address())
    if "queue_feed" in st.session_state:
        st.session_state.queue_feed.draw_anew()
    _surface()


@st.fragment
@session.explained()
def _surface() -> None:
    """Draw the surface; a message of it runs this alone."""
    session.go_on_if_overtaken()
    workspace = session.workspace()
    state = st.session_state
    feed = session.feed("queue_feed", QueueFeed)
    chosen = session.chosen_filter()
    painter = Painter(workspace, images.source_of(workspace))
    with Store(workspace.review) as store:
        leases.release_closed(store)
        shown = stable_id(repr(chosen), session.translator().language, feed.reviewer)
        answer = feed.answer(store, painter, chosen, feed=shown, opened=st.query_params.get("item"))
        classes = sorted(store.catalogue.classes())
        end = _end(store, chosen, is_held=answer["elsewhere"])
    surface.queue()(
        key=KEY,
        data={
            "name": KEY,
            **answer,
            **fixed(session.translator(), ACTS),
            "texts": words.queue_texts(),
            "feed": shown,
            "classes": classes,
            "ahead": AHEAD,
            "end": end,
        },
        on_said_change=_hear,
        on_go_change=partial(session.ask_to_go, KEY),
    )
    if "go" in state:
        st.rerun()


def fixed(translator: Translator, acts: tuple[str, ...]) -> dict[str, Any]:
    """Return what a surface is told of keys and language."""
    keys = {name: found for name, found in bindings().items() if name in acts}
    return {
        "acts": list(acts),
        "bindings": keys,
        "key_titles": words.key_titles(),
        "help": words.meanings(keys),
        "lang": translator.language,
    }


def _hear() -> None:
    said = session.told(KEY, "said")
    if said and "queue_feed" in st.session_state:
        with Store(session.workspace().review) as store:
            st.session_state.queue_feed.hear(said, store)


def _end(store: Store, chosen: QueueFilter, *, is_held: bool) -> dict[str, Any]:
    """Return what to say where nothing is left for this screen; `is_held` says that others hold items."""
    workspace = session.workspace()
    whole = store.queue.progress()
    elsewhere = len(leases.others(store.queue.holders(now_s=session.now_s())))
    code = None
    if whole.items == 0:
        line = counted(
            "The audit flagged nothing: there is nothing to decide in this {n} image.",
            "The audit flagged nothing: there is nothing to decide in these {n} images.",
            dataset.count(workspace),
        )
    elif chosen != QueueFilter() and is_held and store.queue.find(chosen):
        line = _(
            "What is undecided and matches the filters is on other screens at present. It comes here if they leave it."
        )
    elif chosen != QueueFilter():
        line = _("Nothing undecided matches the filters. Clear them to see the rest of the queue.")
    elif whole.items > whole.items_done and elsewhere:
        line = counted(
            "What is undecided is on another screen at present. It comes here if that one leaves it.",
            "What is undecided is on {n} other screens at present. It comes here if they leave it.",
            elsewhere,
        )
    else:
        line = _("Every flagged image is decided.")
    lines = [line]
    if chosen == QueueFilter() and whole.items == whole.items_done:
        lines.append(
            _("Next: the page Export writes the manifest, the cleaned folder and the report. On the command line:")
        )
        code = "\n".join(
            [
                typed("curate", "manifest", workspace.root),
                typed("curate", "export", workspace.manifest, "CLEANED"),
                typed("curate", "report", workspace.root),
            ]
        )
    return {"title": _("Nothing left"), "lines": lines, "code": code}
