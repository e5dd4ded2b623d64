"""Who decided what, when and why; each line can be taken back."""

from functools import partial

import pandas as pd
import streamlit as st

from curate.decisions import now_text
from curate.fold import fold
from curate.schema import Action
from curate.store import Store
from ui import session

SHOWN = 200


def draw() -> None:
    """Draw the page."""
    st.header("Log")
    with Store(session.workspace().review) as store:
        log = store.log()
    if not log:
        st.write("Nothing has been decided yet.")
        return
    live = {decision.id for decision in fold(log).live}
    rows = [
        {
            "no.": decision.id,
            "when": decision.decided_at,
            "who": decision.reviewer,
            "action": f"undo of {decision.reverts}" if decision.action is Action.UNDO else str(decision.action),
            "new class": decision.new_label or "",
            "picture": decision.path,
            "note": decision.note or "",
            "stands": decision.id in live,
        }
        for decision in reversed(log[-SHOWN:])
    ]
    st.caption(f"The latest {len(rows):,} of {len(log):,} lines. Nothing is ever removed; taking a line back adds one.")
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", height=420)
    number = st.number_input("Line to take back", min_value=1, max_value=log[-1].id, value=log[-1].id, step=1)
    st.button("Take it back", on_click=partial(_revert, int(number)), disabled=int(number) not in live)


def _revert(number: int) -> None:
    with Store(session.workspace().review) as store:
        store.revert([number], reviewer=session.reviewer(), now=now_text())
