"""Who decided what, when and why; each line can be taken back, and each taking back as well."""

from functools import partial
from typing import Any

import streamlit as st

from curate.errors import CurateError
from curate.reviewing.bulk import now_text
from curate.reviewing.log import Line
from curate.reviewing.store import Store
from curate.schema import Action
from curate.ui import session
from curate.ui.images import plain

SHOWN = 25
WIDTHS = (1, 3, 2, 2, 6, 4, 3)


def draw() -> None:
    """Draw the page."""
    w = session.words()
    text = st.text_input(w.log_search, key="log_text", on_change=_newest).strip()
    before = st.session_state.get("log_before")
    with Store(session.workspace().review) as store:
        lines = store.log.lines(before=before, limit=SHOWN, text=text)
    st.caption(w.log_caption)
    if not lines and not text:
        st.write(w.log_empty)
        return
    _row([w.when, w.who, w.action, w.image, w.note], bold=True)
    with st.container(key="log"):
        for line in lines:
            _line(line)
    newest, older = st.columns(2)
    newest.button(w.newest, key="log_newest", on_click=_newest, disabled=before is None, width="stretch")
    older.button(
        w.older,
        key="log_older",
        on_click=partial(_older, lines[-1].decision.id if lines else 1),
        disabled=len(lines) < SHOWN,
        width="stretch",
    )


def _line(line: Line) -> None:
    w, decision = session.words(), line.decision
    action = w.actions[decision.action]
    if decision.reverts is not None:
        action = w.undo_of.format(n=decision.reverts)
    elif decision.new_label:
        action = f"{action}: {decision.new_label}"
    places = _row(
        [decision.decided_at, decision.reviewer, action, decision.path, decision.note or ""],
        number=decision.id,
        struck=not line.stands,
    )
    if line.stands:
        label = w.restore_line if decision.action is Action.UNDO else w.take_back_line
        places.button(
            label.format(n=decision.id),
            key=f"revert-{decision.id}",
            on_click=partial(_revert, decision.id),
            width="stretch",
        )


def _row(cells: list[str], *, number: int | None = None, bold: bool = False, struck: bool = False) -> Any:
    places = st.columns(WIDTHS, vertical_alignment="center")
    for place, cell in zip(places, ["" if number is None else str(number), *cells], strict=False):
        shown = plain(cell)
        if shown:
            place.markdown(f"**{shown}**" if bold else f"~~{shown}~~" if struck else shown)
    return places[-1]


def _revert(number: int) -> None:
    try:
        with Store(session.workspace().review) as store:
            store.log.revert([number], reviewer=session.reviewer(), now=now_text())
    except CurateError as error:
        st.session_state.message = ("error", str(error))


def _older(before: int) -> None:
    st.session_state.log_before = before


def _newest() -> None:
    st.session_state.log_before = None
