"""What the browser session remembers, under names of its own, and the store it talks to.

Everything that matters is in the review store; a session that is lost loses only its place in the queue,
and the queue begins again at the first thing undecided.
"""

import getpass
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from curate import i18n, scanners
from curate.errors import ConfigError, ConflictError, CurateError, NoSurvivorError
from curate.findings import ACTION_TITLES
from curate.reviewing.bulk import now_text
from curate.reviewing.choices import decide_all
from curate.reviewing.log import Choice
from curate.reviewing.queue import Item, QueueFilter
from curate.reviewing.reviewer import Person, recall, remember
from curate.reviewing.store import Store
from curate.schema import Action
from curate.storage.workspace import Workspace
from curate.ui import leases

SLOTS = 16
"""So many different names have the buttons of an item. Streamlit remembers every name it has ever seen."""

KEPT = (
    "reviewer",
    "lang",
    "filter_label",
    "filter_category",
    "filter_kind",
    "filter_severity",
    "filter_score",
    "filter_text",
)
"""Inputs that count on more than the page they stand on."""


def workspace() -> Workspace:
    """Return the workspace given on the command line."""
    given = _arguments()[0]
    if not given:
        raise CurateError("start the reviewer with: curate review WORKSPACE")
    return Workspace(Path(given))


def prepare() -> None:
    """Give every remembered value its first content."""
    state = st.session_state
    for name in KEPT:  # Streamlit forgets what a page's inputs held once another page is shown
        if name in state:
            state[name] = state[name]
    if "person" not in state:
        name, lang = _arguments()[1:]
        known = recall()
        state.person = Person(name=name or known.name, lang=_language(lang or known.lang))
        state.reviewer, state.lang = state.person.name, state.person.lang
    state.setdefault("cursor", -1)  # rank of the item decided last
    state.setdefault("shown", None)  # id of an item asked for by name, say after an undo
    state.setdefault("message", None)
    state.setdefault("unconfirmed", None)  # choices that would leave a group without a survivor
    state.setdefault("view", 0)  # how closely the image, or the group, is looked at


def translator() -> i18n.Translator:
    """Return the translator of the language chosen in this session; other sessions may have chosen another."""
    return i18n.translator(_language(st.session_state.get("lang", "")))


def _(text: str, /, **values: Any) -> str:
    """Translate a text for this session and fill its gaps."""
    return translator().gettext(text, **values)


def counted(one: str, many: str, n: int, /, **values: Any) -> str:
    """Translate a text into its form for `n` things for this session, and fill `{n}` and its other gaps."""
    return translator().counted(one, many, n, **values)


def kind_title(name: str) -> str:
    """Return the title of a kind in this session's language."""
    return translator().gettext(scanners.kinds().title(name))


def introduced() -> bool:
    """Say whether it is known who reviews."""
    return bool(st.session_state.reviewer.strip())


def introduce() -> None:
    """Remember name and language for the next time, unless they were given for this run alone."""
    state = st.session_state
    remember(Person(name=reviewer(), lang=str(state.lang)))


def chosen_filter() -> QueueFilter:
    """Return the filter set in the sidebar."""
    state = st.session_state
    return QueueFilter(
        labels=frozenset(state.get("filter_label", ())),
        categories=frozenset(state.get("filter_category", ())),
        kinds=frozenset(state.get("filter_kind", ())),
        severities=frozenset(state.get("filter_severity", ())),
        min_score=float(state.get("filter_score", 0.0)),
        text=state.get("filter_text", "").strip(),
    )


def clear_filters() -> None:
    """Show the whole queue."""
    for name in KEPT:
        if name.startswith("filter_"):
            st.session_state.pop(name, None)
    refilter()


def current(store: Store) -> Item | None:
    """Find the item to show: one asked for by name, else the next undecided one, from the start again at the end."""
    state = st.session_state
    leases.release_closed(store)
    if state.shown and (item := store.queue.hold(state.shown, holder=leases.mine(), now_s=now_s())):
        return item
    found = store.queue.claim(chosen_filter(), holder=leases.mine(), now_s=now_s(), after_rank=state.cursor)
    return found[0] if found else None


def decide(item: Item, choices: Sequence[Choice], *, done: str, confirmed: bool = False) -> None:
    """Record choices about an item and go on to the next."""
    state = st.session_state
    state.unconfirmed = None
    try:
        with Store(workspace().review) as store:
            store.log.decide(choices, reviewer=reviewer(), now=now_text(), note=note(), allow_no_survivor=confirmed)
    except NoSurvivorError:
        state.unconfirmed = (item.item_id, list(choices))
        text = _("That would drop every copy of {what}. Keep one, or confirm that none shall stay.", what=item.paths[0])
        state.message = ("warning", text)
        return
    except ConflictError as error:
        if error.reviewer != reviewer():  # one's own second press of a key says nothing new
            state.message = ("warning", conflict_message(error))
        _go_on(item)
        return
    except CurateError as error:
        state.message = ("error", str(error))
        return
    _go_on(item)
    state.note = ""
    state.message = ("success", done)


def conflict_message(error: ConflictError) -> str:
    """Say in one line that somebody was quicker."""
    return _(
        "{who} decided {what} first ({action}); yours was not recorded.",
        who=error.reviewer,
        what=error.path,
        action=_(ACTION_TITLES[Action(error.action)]),
    )


def decide_batch(items: Sequence[Item], action: Action) -> None:
    """Record one action about many images, as one step that one undo takes back."""
    left, beaten = list(items), 0
    try:
        with Store(workspace().review) as store:
            while left:
                choices = [choice for item in left for choice in decide_all(item, action)]
                try:
                    store.log.decide(choices, reviewer=reviewer(), now=now_text())
                    break
                except ConflictError as error:
                    beaten += len(error.paths)
                    left = [item for item in left if error.paths.isdisjoint(item.paths)]
    except CurateError as error:
        st.session_state.message = ("error", str(error))
        return
    text = kept(len(left)) if action is Action.KEEP else dropped(len(left))
    if beaten:
        text += " " + counted(
            "{n} was decided by others meanwhile and left as it is.",
            "{n} were decided by others meanwhile and left as they are.",
            beaten,
        )
    st.session_state.message = ("warning" if beaten else "success", text)


def kept(images: int) -> str:
    """Say that several images were kept."""
    return counted("Kept {n} image.", "Kept {n} images.", images)


def dropped(images: int) -> str:
    """Say that several images were dropped."""
    return counted("Dropped {n} image.", "Dropped {n} images.", images)


def step(direction: int) -> None:
    """Leave the item on the screen as it is, and show the next or the previous one."""
    state = st.session_state
    with Store(workspace().review) as store:
        item = current(store)
        if item is None:
            return
        if direction > 0:
            state.cursor, state.shown = item.rank, None
            return
        earlier = store.queue.before(item.rank, chosen_filter())
        state.shown = earlier.item_id if earlier else item.item_id


def slot(ident: str) -> str:
    """Return a widget-key suffix that changes with the item, so that a late click on the last one finds no button."""
    state = st.session_state
    if state.get("slot_of") != ident:
        state.slot_of, state.slot = ident, (state.get("slot", 0) + 1) % SLOTS
    return str(state.slot)


def look_closer() -> None:
    """Go on to the next way of looking at what is on the screen."""
    st.session_state.view += 1


def now_s() -> float:
    """Return the seconds on the clock by which items are held."""
    return time.time()


def take_back() -> None:
    """Undo this reviewer's latest decision and show what it was about."""
    _go_back(lambda store: store.log.undo(reviewer=reviewer(), now=now_text()), _("Nothing to undo."), _("Taken back."))


def redo() -> None:
    """Take back the latest undo."""
    _go_back(lambda store: store.log.redo(reviewer=reviewer(), now=now_text()), _("Nothing to redo."), _("Done again."))


def reviewer() -> str:
    """Return the reviewer's name, never empty."""
    return str(st.session_state.reviewer).strip() or suggested_name()


def suggested_name() -> str:
    """Return what the operating system calls the user."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "reviewer"


def note() -> str | None:
    """Return the note typed for the decision at hand, if any."""
    return str(st.session_state.get("note", "")).strip() or None


def refilter() -> None:
    """Start from the first item of a changed filter, and let go of what is on the screen."""
    st.session_state.cursor, st.session_state.shown = -1, None
    with Store(workspace().review) as store:
        store.queue.release([leases.mine()])


def _go_on(item: Item) -> None:
    st.session_state.cursor, st.session_state.shown = item.rank, None


def _go_back(act: Callable[[Store], str | None], nothing: str, done: str) -> None:
    try:
        with Store(workspace().review) as store:
            item = act(store)
    except CurateError as error:
        st.session_state.message = ("error", str(error))
        return
    st.session_state.message = ("info", nothing if item is None else done)
    if item is not None:
        st.session_state.shown = item


def _language(name: str) -> str:
    """Return a language by its name in any spelling; the one that the environment asks for where it is unknown."""
    try:
        return i18n.translator(name).language
    except ConfigError:
        return i18n.preferred()


def _arguments() -> tuple[str, str, str]:
    """Return workspace, reviewer and language, as `curate review` hands them on."""
    parser = ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("workspace", nargs="?", default="")
    parser.add_argument("--reviewer", default="")
    parser.add_argument("--lang", default="")
    known = parser.parse_known_args(sys.argv[1:])[0]
    return known.workspace, known.reviewer, known.lang
