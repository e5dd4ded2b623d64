"""Who decided what, when and why; each line can be taken back, and each taking back as well."""

from functools import partial
from typing import Any

import streamlit as st

from curate.errors import CurateError
from curate.findings import ACTION_TITLES
from curate.reviewing.bulk import now_text
from curate.reviewing.log import Line
from curate.reviewing.store import Store
from curate.schema import Action
from curate.ui import session
from curate.ui.images import plain
from curate.ui.session import _

SHOWN = 25
WIDTHS = (1, 3, 2, 2, 6, 4, 3)


def draw() -> None:
    """Draw the page."""
    text = st.text_input(_("Search in images, names and notes"), key="log_text", on_change=_newest).strip()
    before = st.session_state.get("log_before")
    with Store(session.workspace().review) as store:
        lines = store.log.lines(before=before, limit=SHOWN, text=text)
    st.caption(_("Nothing is ever removed: taking a line back adds one."))
    if not lines and not text:
        st.write(_("Nothing has been decided yet."))
        return
    _row([_("When (UTC)"), _("Reviewer"), _("What"), _("Image"), _("Why")], bold=True)
    with st.container(key="log"):
        for line in lines:
            _line(line)
    newest, older = st.columns(2)
    newest.button(_("Newest"), key="log_newest", on_click=_newest, disabled=before is None, width="stretch")
    older.button(
        _("Older"),
        key="log_older",
        on_click=partial(_older, lines[-1].decision.id if lines else 1),
        disabled=len(lines) < SHOWN,
        width="stretch",
    )


def _line(line: Line) -> None:
    decision = line.decision
    action = _(ACTION_TITLES[decision.action])
    if decision.reverts is not None:
        action = _("undo of {number}", number=decision.reverts)
    elif decision.new_label:
        action = f"{action}: {decision.new_label}"
    last = _row(
        [decision.decided_at[:16].replace("T", " "), decision.reviewer, action, decision.path, decision.note or ""],
        number=decision.id,
        struck=not line.stands,
    )
    if line.stands:
        undone = decision.action is Action.UNDO
        number = decision.id
        last.button(
            _("Restore {number}", number=number) if undone else _("Take back {number}", number=number),
            key=f"revert-{decision.id}",
            on_click=partial(_revert, decision.id),
            width="stretch",
        )


def _row(cells: list[str], *, number: int | None = None, bold: bool = False, struck: bool = False) -> Any:
    """Draw the cells side by side; returns the column behind them."""
    columns = st.columns(WIDTHS, vertical_alignment="center")
    for column, cell in zip(columns, ["" if number is None else str(number), *cells], strict=False):
        shown = plain(cell)
        if shown:
            column.markdown(f"**{shown}**" if bold else f"~~{shown}~~" if struck else shown)
    return columns[-1]


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
