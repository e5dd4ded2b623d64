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

SIZES = (20, 50, 100, 200)


def draw() -> None:
    """Draw the page."""
    workspace, w = session.workspace(), session.words()
    st.caption(w.agreement_intro)
    with Store(workspace.review) as store:
        pairs = agreement(store.second_looks.ratings())
    if pairs:
        rows = [
            {
                w.who: f"{pair.first} / {pair.second}",
                w.images: pair.shared,
                "=": f"{pair.agreed / pair.shared:.0%}",
                "Cohen κ": w.kappa_none if pair.kappa is None else f"{pair.kappa:.2f}",
            }
            for pair in pairs
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")
    else:
        st.write(w.no_agreement)
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    left.subheader(w.second_look)
    size = int(right.selectbox(w.sample_size, SIZES, index=1, key="sample_size"))
    with Store(workspace.review) as store:
        waiting = store.second_looks.sample(reviewer=session.reviewer(), size=size)
    if not waiting:
        st.write(w.second_look_none)
        return
    st.caption(w.second_look_left.format(n=len(waiting)))
    _look(waiting[0])


def _look(item: Item) -> None:
    """The item as it was before anybody decided: the other's decision is not shown."""
    workspace, w = session.workspace(), session.words()
    unseen = Item(
        item_id=item.item_id,
        is_group=item.is_group,
        rank=item.rank,
        findings=[row | {"action": None, "stale": 0} for row in item.findings],
    )
    source = images.source_of(workspace)
    keys.row(
        [
            Key(
                w.keep_all if item.is_group else w.keep,
                "K",
                f"second-keep-{session.slot(item.item_id)}",
                partial(_record, unseen, Action.KEEP),
            ),
            Key(
                w.drop_copies if item.is_group else w.drop,
                "D",
                f"second-drop-{session.slot(item.item_id)}",
                partial(_record, unseen, Action.DROP),
                primary=True,
            ),
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
