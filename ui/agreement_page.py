"""How far reviewers agree, and second looks at what others decided, which count for that and decide nothing."""

import pandas as pd
import streamlit as st

from curate.findings import stable_id
from curate.reviewing.agreement import agreement
from curate.reviewing.store import Store
from curate.storage.names import printable
from curate.ui import images, queue_page, session, surface, words
from curate.ui.feed import AHEAD
from curate.ui.payload import Painter
from curate.ui.second_feed import SecondFeed
from curate.ui.session import _

KEY = "second"
ACTS = ("keep", "drop", "next", "back", "view", "boxes", "panel", "full", "help")
SIZES = (20, 50, 100, 200)


def draw() -> None:
    """Draw the page."""
    st.caption(
        _(
            "How far reviewers agree on what more than one of them has rated. A second look at images that others "
            "have decided counts for this and changes no decision."
        )
    )
    _table()
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    left.subheader(_("Second look"))
    size = int(right.selectbox(_("Items in the shared sample"), SIZES, index=1, key="sample_size"))
    st.caption(_("What the others decided is not shown."))
    if "second_feed" in st.session_state:
        st.session_state.second_feed.draw_anew()
    _surface(size)


def _table() -> None:
    """Draw the pairs of reviewers and how far each agrees."""
    t = session.translator()
    with Store(session.workspace().review) as store:
        pairs = agreement(store.second_looks.ratings())
    if not pairs:
        st.write(_("No two reviewers have rated the same image yet. Take a second look below."))
        return
    rows = [
        {
            _("Reviewers"): printable(f"{pair.first} / {pair.second}"),
            _("Images rated by both"): pair.shared,
            _("Same rating"): t.percent(pair.agreed / pair.shared),
            _("Cohen's κ"): _("not defined") if pair.kappa is None else t.number(pair.kappa, 2),
        }
        for pair in pairs
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")


@st.fragment
@session.explained()
def _surface(size: int) -> None:
    """Show items as they were before anybody decided: the other's decision is hidden."""
    workspace = session.workspace()
    feed = session.feed("second_feed", lambda reviewer: SecondFeed(reviewer, size))
    feed.size = size
    shown = stable_id(session.translator().language, feed.reviewer, str(size))
    painter = Painter(workspace, images.source_of(workspace))
    with Store(workspace.review) as store:
        answer = feed.answer(store, painter, feed=shown)
    lines = [_("Nothing to look at a second time: it takes images that somebody else has decided.")]
    surface.queue()(
        key=KEY,
        data={
            "name": KEY,
            **answer,
            **queue_page.fixed(session.translator(), ACTS),
            "texts": words.queue_texts(),
            "feed": shown,
            "classes": [],
            "ahead": AHEAD,
            "end": {"title": _("Nothing left"), "lines": lines, "code": None},
        },
        on_said_change=_hear,
    )


def _hear() -> None:
    said = session.told(KEY, "said")
    if said and "second_feed" in st.session_state:
        with Store(session.workspace().review) as store:
            st.session_state.second_feed.hear(said, store)
