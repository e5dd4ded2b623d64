"""What stands beside queue and batch: who reviews, how far, what the last key did, which items are shown."""

from functools import partial

import streamlit as st

from curate.reviewing.queue import QueueFilter
from curate.reviewing.store import Store
from curate.schema import Category, Kind, Severity
from curate.storage.workspace import Workspace
from curate.ui import session
from curate.ui.images import plain
from curate.ui.words import WORDS, Language, Words


def progress(workspace: Workspace) -> None:
    """How far the whole review has come."""
    w = session.words()
    with Store(workspace.review) as store:
        whole = store.queue.progress()
        chosen = session.chosen_filter()
        part = store.queue.progress(chosen) if chosen != QueueFilter() else None
    share = whole.images_done / whole.images if whole.images else 1.0
    st.progress(share, text=w.decided.format(done=w.count(whole.images_done), all=w.count(whole.images)))
    if part is not None:
        st.caption(w.matching.format(done=w.count(part.images_done), all=w.count(part.images)))


def message() -> None:
    """What the last key did, always in the same place, so that nothing on the page jumps."""
    kind, text = st.session_state.message or ("info", session.words().press_a_key)
    {"success": st.success, "info": st.info, "warning": st.warning, "error": st.error}[kind](plain(text))


def filters(workspace: Workspace) -> None:
    """Which items are shown, on this page and on the others that show items."""
    w = session.words()
    with Store(workspace.review) as store:
        facets = store.queue.facets()
    st.subheader(w.filters, divider="gray")
    if session.chosen_filter() != QueueFilter():
        st.button(w.clear_filters, key="clear-filters", on_click=session.clear_filters, width="stretch")
    titles = {"kind": w.kind, "label": w.class_, "category": w.category, "severity": w.severity}
    for name, title in titles.items():
        st.multiselect(
            title,
            facets[name],
            key=f"filter_{name}",
            format_func=partial(facet, w, name),
            on_change=session.refilter,
            placeholder=w.all,
        )
    st.slider(w.least_score, 0.0, 1.0, step=0.05, key="filter_score", on_change=session.refilter)
    st.text_input(w.search, key="filter_text", on_change=session.refilter)


def who() -> None:
    """Name and language, remembered for the next time."""
    w = session.words()
    st.text_input(w.reviewer, key="reviewer", help=w.reviewer_help, on_change=session.introduce)
    language()


def language() -> None:
    """The language of everything but what scanners and reviewers wrote."""
    st.selectbox(
        session.words().language,
        list(Language),
        key="lang",
        format_func=lambda language: WORDS[language].name,
        on_change=session.introduce,
    )


def facet(w: Words, name: str, value: str | None) -> str:
    """A value of the queue in the reader's language."""
    if value is None:
        return w.none
    if name == "kind":
        return w.kinds.get(Kind(value), value)
    if name == "category":
        return w.categories[Category(value)]
    return w.severities[Severity(value)] if name == "severity" else value
