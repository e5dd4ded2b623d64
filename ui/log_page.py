"""Who decided what, when and why: a row a step, with its image; each can be taken back, and that again."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from curate.errors import CurateError
from curate.reviewing.bulk import now_text
from curate.reviewing.fold import Decision
from curate.reviewing.log import Step
from curate.reviewing.store import Store
from curate.sources import Source
from curate.ui import images, session, words
from curate.ui.markdown import plain
from curate.ui.session import _

SHOWN = 25
WIDTHS = (1, 1, 3, 6, 3)


def draw() -> None:
    """Draw the page."""
    workspace = session.workspace()
    source = images.source_of(workspace)
    text = st.text_input(_("Search in images, names, classes and notes"), key="log_text", on_change=_newest).strip()
    before = st.session_state.get("log_before")
    with Store(workspace.review) as store:
        steps = store.log.steps(before=before, limit=SHOWN, text=text)
    with session.telling():
        _steps(steps, source, is_narrowed=bool(text), before=before)


def _steps(steps: Sequence[Step], source: Source, *, is_narrowed: bool, before: int | None) -> None:
    st.caption(_("Nothing is ever removed: taking a step back adds one."))
    if not steps:
        st.write(_("Nothing of that kind is in the log.") if is_narrowed else _("Nothing has been decided yet."))
        return
    for step in steps:
        _row(step, source)
    newest, older = st.columns(2)
    newest.button(_("Newest"), key="log_newest", on_click=_newest, disabled=before is None, width="stretch")
    older.button(
        _("Older"),
        key="log_older",
        on_click=partial(_older, steps[-1].number),
        disabled=len(steps) < SHOWN,
        width="stretch",
    )


def _first(step: Step) -> Decision:
    """Return the decision about the image that a step is told by, which holds the content that was looked at."""
    path = words.subject(step)
    return next(decision for decision in step.decisions if decision.path == path)


def _row(step: Step, source: Source) -> None:
    number, image, when, what, button = st.columns(WIDTHS, vertical_alignment="center", gap="small")
    number.markdown(plain(str(step.number)))
    first = _first(step)
    with image, st.container(key=f"thumb-{step.number}"):
        images.show_known(session.workspace(), source, first.path, first.sha256, None, "")
    when.markdown(f"{plain(step.decided_at[:16].replace('T', ' '))} UTC  \n{plain(step.reviewer)}")
    told = plain(words.did(step) if step.of is None else words.undone(step))
    note = f"  \n{plain(step.note)}" if step.note else ""
    what.markdown(f"{told}{note}" if step.stands else f"~~{told}~~{note}")
    if step.stands:
        title = _("Take back {number}", number=step.number)
        if step.of is not None and not step.again:
            title = _("Restore {number}", number=step.of)
        button.button(title, key=f"revert-{step.number}", on_click=partial(_revert, step.number), width="stretch")


def _revert(number: int) -> None:
    try:
        with Store(session.workspace().review) as store:
            step = store.log.revert(number, reviewer=session.reviewer(), now=now_text())
    except CurateError as error:
        st.session_state.message = ("error", str(error))
        return
    text = words.undone(step) if step else _("There is nothing to take back.")
    st.session_state.message = ("success" if step else "info", text)


def _older(before: int) -> None:
    st.session_state.log_before = before


def _newest() -> None:
    st.session_state.log_before = None
