"""What stands beside the queue: who reviews, in which language, and which items are shown."""

from collections.abc import Mapping
from functools import partial

import streamlit as st

from curate import i18n, scanners
from curate.findings import CATEGORY_TITLES, SEVERITY_TITLES
from curate.reviewing.queue import QueueFilter, ReviewProgress
from curate.reviewing.store import Store
from curate.schema import Category, Severity
from curate.storage.workspace import Workspace
from curate.ui import session
from curate.ui.images import class_name
from curate.ui.session import _, counted


def bar(progress: ReviewProgress) -> None:
    """Draw the share of the images that are decided."""
    share = progress.images_done / progress.images if progress.images else 1.0
    text = counted(
        "{done:,} of {n} image decided",
        "{done:,} of {n} images decided",
        progress.images,
        done=progress.images_done,
    )
    st.progress(share, text=text)


def filters(workspace: Workspace) -> None:
    """Draw the choice of items that are shown, on this page and on the others that show items."""
    with Store(workspace.review) as store:
        facets = store.queue.facets()
    st.subheader(_("Show only"), divider="gray")
    st.caption(_("In brackets: the flagged images, decided ones too. A group is shown whole."))
    if session.chosen_filter() != QueueFilter():
        st.button(_("Clear the filters"), key="clear-filters", on_click=session.clear_filters, width="stretch")
    ranked = dict(sorted(facets["kind"].items(), key=lambda one: scanners.kinds().rank(one[0] or "")))
    facets["kind"] = ranked
    titles = {"kind": _("Kind"), "label": _("Class"), "category": _("Category"), "severity": _("Severity")}
    for name, title in titles.items():
        st.multiselect(
            title,
            list(facets[name]),
            key=f"filter_{name}",
            format_func=partial(_counted, name, facets[name]),
            on_change=session.refilter,
            placeholder=_("all"),
        )
    st.slider(_("Score at least"), 0.0, 1.0, step=0.05, key="filter_score", on_change=session.refilter)
    st.text_input(_("Search in names and reasons"), key="filter_text", on_change=session.refilter)


def _counted(name: str, images: Mapping[str | None, int], value: str | None) -> str:
    """Return a value of the queue with the number of images that it is true of."""
    return f"{facet(name, value)} ({session.translator().number(images.get(value, 0))})"


def who() -> None:
    """Draw the fields for name and language, remembered for the next time."""
    help_text = _("Stands beside every decision in the log.")
    st.text_input(_("Reviewer"), key="reviewer", help=help_text, on_change=session.introduce)
    language()


def language() -> None:
    """Draw the choice of the language of everything but what reviewers wrote."""
    st.selectbox(
        _("Language"),
        i18n.languages(),
        key="lang",
        format_func=lambda name: i18n.translator(name).name,
        on_change=session.introduce,
    )


def facet(name: str, value: str | None) -> str:
    """Return a value of the queue in the reader's language."""
    if name == "label" or value is None:
        return class_name(value)
    if name == "kind":
        return session.kind_title(value)
    if name == "category":
        return _(CATEGORY_TITLES[Category(value)])
    return _(SEVERITY_TITLES[Severity(value)])
