"""What the browser session remembers, under names of its own, and the store it talks to.

Everything that matters is in the review store; a session that is lost loses only its place in the queue,
and the queue begins again at the first thing undecided.
"""

import getpass
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from curate import reviewing
from curate.decisions import now_text
from curate.errors import CurateError, NoSurvivorError
from curate.schema import Action
from curate.store import Choice, Filter, Item, Store
from curate.workspace import Workspace

KEPT = ("reviewer", "filter_label", "filter_category", "filter_kind", "filter_severity", "filter_text")
"""Inputs of the queue's sidebar that count on the other pages too."""


def workspace() -> Workspace:
    """The workspace given on the command line."""
    if len(sys.argv) < 2:
        raise CurateError("start the reviewer with: curate review WORKSPACE")
    return Workspace(Path(sys.argv[1]))


def prepare() -> None:
    """Give every remembered value its first content."""
    state = st.session_state
    for name in KEPT:  # Streamlit forgets what a page's inputs held once another page is shown
        if name in state:
            state[name] = state[name]
    state.setdefault("reviewer", _user())
    state.setdefault("cursor", -1)  # rank of the item decided last
    state.setdefault("shown", None)  # id of an item asked for by name, say after an undo
    state.setdefault("batch_after", -1)  # rank behind which the batch on the screen begins
    state.setdefault("message", None)
    state.setdefault("unconfirmed", None)  # choices that would leave a group without a survivor


def chosen_filter() -> Filter:
    """The filter set in the sidebar."""
    state = st.session_state
    return Filter(
        labels=frozenset(state.get("filter_label", ())),
        categories=frozenset(state.get("filter_category", ())),
        kinds=frozenset(state.get("filter_kind", ())),
        severities=frozenset(state.get("filter_severity", ())),
        text=state.get("filter_text", "").strip(),
    )


def current(store: Store) -> Item | None:
    """The item to show: one asked for by name, else the next undecided one, from the start again at the end."""
    state = st.session_state
    if state.shown and (item := store.item(state.shown)):
        return item
    chosen = chosen_filter()
    found = store.find(chosen, after_rank=state.cursor) or store.find(chosen)
    return found[0] if found else None


def decide(item: Item, choices: Sequence[Choice], *, done: str, confirmed: bool = False) -> None:
    """Record choices about an item and go on to the next."""
    state = st.session_state
    state.unconfirmed = None
    try:
        with Store(workspace().review) as store:
            store.decide(choices, reviewer=reviewer(), now=now_text(), note=note(), allow_no_survivor=confirmed)
    except NoSurvivorError as error:
        state.unconfirmed = (item.item_id, list(choices))
        state.message = ("warning", str(error))
        return
    except CurateError as error:
        state.message = ("error", str(error))
        return
    state.cursor, state.shown = item.rank, None
    state.note = ""
    state.message = ("success", done)


def decide_batch(items: Sequence[Item], action: Action) -> None:
    """Record one action about many pictures, as one step that one undo takes back."""
    choices = [choice for item in items for choice in reviewing.decide_all(item, action)]
    try:
        with Store(workspace().review) as store:
            store.decide(choices, reviewer=reviewer(), now=now_text())
    except CurateError as error:
        st.session_state.message = ("error", str(error))
        return
    word = "Kept" if action is Action.KEEP else "Dropped"
    st.session_state.message = ("success", f"{word} {len(items)} pictures.")


def step(direction: int) -> None:
    """Leave the item on the screen as it is, and show the next or the previous one."""
    state = st.session_state
    with Store(workspace().review) as store:
        item = current(store)
        if item is None:
            return
        chosen = chosen_filter()
        if direction > 0:
            state.cursor, state.shown = item.rank, None
            return
        earlier = store.before(item.rank, chosen)
        state.shown = earlier.item_id if earlier else item.item_id


def take_back() -> None:
    """Undo this reviewer's latest decision and show what it was about."""
    _go_back(lambda store: store.undo(reviewer=reviewer(), now=now_text()), "Nothing to undo.", "Taken back.")


def redo() -> None:
    """Take back the latest undo."""
    _go_back(lambda store: store.redo(reviewer=reviewer(), now=now_text()), "Nothing to redo.", "Done again.")


def reviewer() -> str:
    """The reviewer's name, never empty."""
    return str(st.session_state.reviewer).strip() or _user()


def note() -> str | None:
    """The note typed for the decision at hand."""
    return str(st.session_state.get("note", "")).strip() or None


def refilter() -> None:
    """A changed filter starts from its first item."""
    st.session_state.cursor, st.session_state.shown, st.session_state.batch_after = -1, None, -1


def _go_back(act: Callable[[Store], str | None], nothing: str, done: str) -> None:
    with Store(workspace().review) as store:
        item = act(store)
    st.session_state.message = ("info", nothing if item is None else done)
    if item is not None:
        st.session_state.shown = item


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "reviewer"
