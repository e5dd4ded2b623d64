"""How far reviewers agree, and second looks at what others decided, which count for that and decide nothing."""

from functools import partial

import pandas as pd
import streamlit as st

from curate.reviewing.agreement import agreement
from curate.reviewing.bulk import now_text
from curate.reviewing.choices import decide_all, reject
from curate.reviewing.queue import Item
from curate.reviewing.store import Store
from curate.schema import Action
from curate.ui import group_view, image_view, images, keys, session
from curate.ui.images import plain
from curate.ui.keys import Key
from curate.ui.session import _, counted

SIZES = (20, 50, 100, 200)


def draw() -> None:
    """Draw the page."""
    workspace = session.workspace()
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
    with Store(workspace.review) as store:
        waiting = store.second_looks.sample(reviewer=session.reviewer(), size=size)
    if not waiting:
        st.write(_("Nothing to look at a second time: it takes images that somebody else has decided."))
        return
    st.caption(
        counted(
            "{n} item of the shared sample left for you. What the other decided is not shown.",
            "{n} items of the shared sample left for you. What the other decided is not shown.",
            len(waiting),
        )
    )
    _look(waiting[0])


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
            _("Reviewers"): f"{pair.first} / {pair.second}",
            _("Rated by both"): pair.shared,
            _("Same rating"): t.percent(pair.agreed / pair.shared),
            _("Cohen's κ"): _("not defined") if pair.kappa is None else t.number(pair.kappa, 2),
        }
        for pair in pairs
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")


def _look(item: Item) -> None:
    """Show an item as it was before anybody decided: the other's decision is hidden."""
    workspace = session.workspace()
    unseen = Item(
        item_id=item.item_id,
        is_group=item.is_group,
        rank=item.rank,
        findings=[row | {"action": None, "stale": 0} for row in item.findings],
    )
    source = images.source_of(workspace)
    ident = session.slot(item.item_id)
    keep, drop = partial(_record, unseen, Action.KEEP), partial(_record, unseen, Action.DROP)
    keys.row(
        [
            Key(_("Keep all") if item.is_group else _("Keep"), "K", f"second-keep-{ident}", keep),
            Key(_("Drop copies") if item.is_group else _("Drop"), "D", f"second-drop-{ident}", drop, primary=True),
        ]
    )
    columns = st.columns(min(4, max(2, len(item.paths))))
    for number, (path, column) in enumerate(zip(item.paths[:4], columns, strict=False), start=1):
        with column:
            images.show(workspace, source, unseen, path, images.GROUP_PX)
            st.markdown(f"**{number}. {plain(path)}**")
            image_view.reasons(unseen, path)
    if len(item.paths) > 4:
        st.caption(group_view.copies(item))


def _record(item: Item, action: Action) -> None:
    choices = reject(item) if action is Action.DROP else decide_all(item, action)
    with Store(session.workspace().review) as store:
        store.second_looks.give_opinion(choices, reviewer=session.reviewer(), now=now_text())
