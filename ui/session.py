"""What the browser session remembers, under names of its own, and the store it talks to.

Everything that matters is in the review store; a session that is lost loses only its place in the queue,
and the queue begins again at the first thing undecided.
"""

import getpass
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import streamlit as st

from curate import i18n, scanners
from curate.errors import ConfigError, CurateError
from curate.reviewing.queue import QueueFilter
from curate.reviewing.reviewer import Person, recall, remember
from curate.reviewing.store import Store
from curate.storage.workspace import Workspace
from curate.ui import leases
from curate.ui.markdown import plain

FILTERS = ("label", "category", "kind", "severity", "score", "text")
NO_CLASS = "-"
"""Stands in an address for images without a class."""
OF_IMAGES = ("like", "map")
"""Parts of an address that mean something on the page of images only."""
NARROWING = tuple(f"images_{name}" for name in ("order", "state", "label", "kind", "reviewer", "score", "text"))
"""Inputs of the filter on the page of images."""
IMAGES = ("images_view", *NARROWING)
"""Inputs that narrow and sort the page of images."""
KEPT = ("reviewer", "lang", *(f"filter_{name}" for name in FILTERS), *IMAGES)
"""Inputs that hold what they held when one has been on another page."""
Talk = TypeVar("Talk")
COOKIE = "curate-reviewer"
"""Holds the name of who reviews in this browser: others may come to the same server."""


def workspace() -> Workspace:
    """Return the workspace given on the command line."""
    given = _arguments()[0]
    if not given:
        raise CurateError("start the reviewer with: curate review WORKSPACE")
    return Workspace(Path(given))


def prepare() -> None:
    """Give every remembered value its first content."""
    state = st.session_state
    if "person" not in state:
        name, lang = _arguments()[1:]
        state.person = Person(name=name or name_in_browser(), lang=_language(lang or recall().lang))
        state.reviewer, state.lang = state.person.name, state.person.lang
    kept = state.setdefault("kept", {})
    for name in KEPT:  # Streamlit forgets what a page's inputs held once another page is shown
        if name in state:
            kept[name] = state[name]
        if name in kept:
            state[name] = kept[name]
    state.setdefault("message", None)


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
    """Remember the language for the next time, and the name as what is suggested to the next browser."""
    remember(Person(name=reviewer(), lang=str(st.session_state.lang)))


def name_in_browser() -> str:
    """Return the name that was given in this browser, empty where none was."""
    return unquote(st.context.cookies.get(COOKIE, "")).strip()


def keep_in_browser() -> None:
    """Have the browser remember the name, unless it was given for this run alone."""
    if not _arguments()[1]:
        value = quote(reviewer(), safe="")
        kept = f"document.cookie = '{COOKIE}={value}; path=/; max-age=31536000; SameSite=Lax';"
        st.html(f"<script>{kept}</script>", unsafe_allow_javascript=True)


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
    _empty(f"filter_{name}" for name in FILTERS)
    refilter()


def show_every_image() -> None:
    """Let nothing that was chosen on the page of images before narrow what is asked for there."""
    _empty(IMAGES)


def _empty(names: Iterable[str]) -> None:
    for name in names:
        st.session_state.pop(name, None)
        st.session_state.kept.pop(name, None)


@contextmanager
def explained() -> Iterator[None]:
    """Show a user's mistake as a sentence: what a fragment raises reaches no page."""
    try:
        yield
    except CurateError as error:
        st.error(plain(str(error)))


@contextmanager
def telling() -> Iterator[None]:
    """Say what a button did, above what is drawn within: again where another run breaks in before all of it is."""
    message = st.session_state.message
    if message:
        kind, text = message
        {"success": st.success, "info": st.info, "error": st.error}[kind](plain(text))
    yield
    if st.session_state.message is message:
        st.session_state.message = None


def told(component: str, name: str) -> Any:
    """Return what a surface says under a name; None where its page has just been left, and Streamlit has let go of it.

    Its last messages may arrive after that, from a browser that has not heard of the switch.
    """
    return st.session_state.get(component, {}).get(name)


def ask_to_go(component: str) -> None:
    """Note that a surface asks for another page."""
    where = told(component, "go")
    if where:
        st.session_state.go = where


def go_where_asked(page: str) -> None:
    """Show the page that a surface has asked for, if one has, or the images where the address means them."""
    where = st.session_state.pop("go", None)
    if where and where.get("page") in st.session_state.pages:
        given = {name: str(value) for name, value in where.items() if name in {"like", "item"} and value}
        if "paths" in where:
            st.session_state.lassoed = tuple(map(str, where["paths"]))
            given["map"] = "1"
        st.session_state.pop("queue_feed", None)
        if where["page"] == "images" != page:
            show_every_image()
        st.switch_page(st.session_state.pages[where["page"]], query_params=given)
    overtaken = _meant_for_images()
    if overtaken and page != "images":
        st.switch_page(st.session_state.pages["images"], query_params=overtaken)


def go_on_if_overtaken() -> None:
    """Run the whole page again, from within its surface, where a switch to the images has changed only the address.

    A message that the browser sent before it heard of the switch has the page before drawn again.
    """
    if _meant_for_images():
        st.rerun()


def _meant_for_images() -> dict[str, str]:
    """Return the parts of the address that mean something on the page of images only."""
    return {name: st.query_params[name] for name in OF_IMAGES if name in st.query_params}


def now_s() -> float:
    """Return the seconds on the clock by which items are held."""
    return time.time()


def reviewer() -> str:
    """Return the reviewer's name, never empty."""
    return str(st.session_state.reviewer).strip() or suggested_name()


def feed(name: str, make: Callable[[str], Talk]) -> Talk:
    """Return the talk with a surface, as it stands; `make` begins one for who reviews now.

    Somebody else begins with a talk of their own: what was taken under another name counts under that, or, where it has
    not arrived by then, as not saved, and is shown again.
    """
    state = st.session_state
    if name not in state or state[name].reviewer != reviewer():
        state[name] = make(reviewer())
    found: Talk = state[name]
    return found


def suggested_name() -> str:
    """Return who reviewed on this account last, or what the operating system calls the user."""
    try:
        return recall().name or getpass.getuser()
    except (OSError, KeyError):
        return "reviewer"


def refilter() -> None:
    """Let go of what is on the screen: a changed filter begins with its first item; what was decided still arrives."""
    st.query_params.from_dict(address())
    with Store(workspace().review) as store:
        store.queue.release([leases.mine()])


def address() -> dict[str, Any]:
    """Return the filter as it stands in the address of the page, which can be sent and reloaded."""
    state = st.session_state
    written: dict[str, Any] = {}
    for name in FILTERS:
        value = state.get(f"filter_{name}")
        if name == "score":
            written |= {name: f"{value:g}"} if value else {}
        elif name == "text":
            written |= {name: value} if value else {}
        elif value:
            written[name] = [NO_CLASS if one is None else one for one in value]
    return written


def read_address() -> None:
    """Take the filter from the address that the page was opened with; what means nothing there is left out."""
    state, given = st.session_state, st.query_params
    if state.get("addressed"):
        return
    state.addressed = True
    with Store(workspace().review) as store:
        facets = store.queue.facets()
    for name in FILTERS:
        if name not in given:
            continue
        if name == "score":
            try:
                state.filter_score = min(1.0, max(0.0, float(given[name])))
            except ValueError:
                continue
        elif name == "text":
            state.filter_text = given[name]
        else:
            asked = [None if one == NO_CLASS else one for one in given.get_all(name)]
            state[f"filter_{name}"] = [one for one in asked if one in facets[name]]


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
