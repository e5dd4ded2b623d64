"""The queue: one picture, or one group of copies, with every reason for it and a key for every decision."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from curate import reviewing
from curate.schema import Action, Role
from curate.store import Item, Progress, Store
from ui import pictures, session
from ui.pictures import plain

KEYS = {
    "K": "keep the picture - in a group: keep all, they are no copies",
    "D": "drop the picture - in a group: drop the copies, keep the suggested one",
    "1 to 9": "in a group: keep only this one, drop the rest",
    "L": "relabel to the class chosen",
    "S": "decide later",
    "U, Y": "undo, redo",
    "Left, Right": "look at the previous or next one, deciding nothing",
}
MAX_SIDE_BY_SIDE = 4


def draw() -> None:
    """Draw the page."""
    place = session.workspace()
    source = Path(place.read_audit()["root"])
    with Store(place.review) as store:
        facets = store.facets()
        progress = store.progress(session.chosen_filter())
        item = session.current(store)
    _confirmation(item)
    if item is None:
        _nothing_left()
    else:
        _buttons(item)
        if item.is_group:
            _group(item, source)
        else:
            _picture(item, source)
    _sidebar(item, progress, facets)  # last, so that its message only appears when the next keys are ready


def _sidebar(item: Item | None, progress: Progress, facets: dict[str, list[str | None]]) -> None:
    with st.sidebar:
        st.text_input("Reviewer", key="reviewer", help="Stands beside every decision in the log.")
        share = progress.images_done / progress.images if progress.images else 1.0
        st.progress(share, text=f"{progress.images_done:,} of {progress.images:,} pictures decided")
        _message()
        if item is not None:
            _details(item)
        st.subheader("Show only", divider="gray")
        for name, title in (("label", "Class"), ("category", "Category"), ("kind", "Kind"), ("severity", "Severity")):
            st.multiselect(
                title,
                facets[name],
                key=f"filter_{name}",
                format_func=lambda value: "(none)" if value is None else str(value).replace("_", " "),
                on_change=session.refilter,
                placeholder="all",
            )
        st.text_input("Search in names and reasons", key="filter_text", on_change=session.refilter)
        with st.expander("Keys"):
            for key, meaning in KEYS.items():
                st.markdown(f"**{key}** {meaning}")


def _message() -> None:
    """What the last key did, always in the same place, so that nothing on the page jumps."""
    state = st.session_state
    kind, text = state.message or ("info", "Press a key; the list of keys is below.")
    {"success": st.success, "info": st.info, "warning": st.warning, "error": st.error}[kind](plain(text))


def _details(item: Item) -> None:
    """What may go along with a decision: a note, or another class."""
    st.text_input("Note for the log", key="note", placeholder="why, if it is not obvious")
    labels = reviewing.labels_of(session.workspace().read_images()["label"].unique())
    ident = item.item_id
    label = st.selectbox(
        "New class", labels, index=None, key=f"label-{ident}", accept_new_options=True, placeholder="choose or type one"
    )
    _button(
        "Relabel",
        "L",
        f"relabel-{ident}",
        partial(
            session.decide,
            item,
            reviewing.decide_all(item, Action.RELABEL, label) if label else [],
            done=f"Relabelled {_name(item)} to {label}.",
        ),
        disabled=not label,
    )


def _confirmation(item: Item | None) -> None:
    state = st.session_state
    if state.unconfirmed and item and state.unconfirmed[0] == item.item_id:
        st.button(
            "Yes, drop them all",
            key=f"confirm-{item.item_id}",
            type="primary",
            on_click=partial(session.decide, item, state.unconfirmed[1], done="All dropped.", confirmed=True),
        )


def _nothing_left() -> None:
    filtered = session.chosen_filter() != type(session.chosen_filter())()
    st.header("Nothing left")
    if filtered:
        st.write("Nothing undecided matches the filters on the left. Clear them to see the rest of the queue.")
    else:
        workspace = plain(str(session.workspace().root))
        st.write("Every flagged picture is decided. Next, on the command line:")
        st.code(
            f"curate manifest {session.workspace().root}\ncurate export {session.workspace().manifest} CLEANED",
            language="sh",
        )
        st.write(f"or write the report with `curate report`. The workspace is {workspace}.")
    _, undo = st.columns([5, 1])
    with undo:
        st.button("Undo", key="undo-end", shortcut="U", on_click=session.take_back, width="stretch")


def _buttons(item: Item) -> None:
    """One row of buttons, each with its key.

    A button that decides is named after its item, so that a late press cannot hit the next one.
    """
    ident = item.item_id
    places = iter(st.columns([4, 5, 4, 4, 4, 4, 4]))
    for title, key, name, act in (
        (
            "Keep all" if item.is_group else "Keep",
            "K",
            "keep",
            partial(session.decide, item, reviewing.decide_all(item, Action.KEEP), done=f"Kept {_name(item)}."),
        ),
        (
            "Drop copies" if item.is_group else "Drop",
            "D",
            "drop",
            partial(session.decide, item, reviewing.reject(item), done=f"Dropped {_dropped(item)}."),
        ),
        (
            "Later",
            "S",
            "defer",
            partial(
                session.decide, item, reviewing.decide_all(item, Action.DEFER), done=f"Left {_name(item)} for later."
            ),
        ),
        ("Undo", "U", "undo", session.take_back),
        ("Redo", "Y", "redo", session.redo),
        ("Back", "Left", "left", partial(session.step, -1)),
        ("Next", "Right", "right", partial(session.step, 1)),
    ):
        with next(places):
            about_item = name in ("keep", "drop", "defer")
            _button(title, key, f"{name}-{ident}" if about_item else name, act, primary=name == "drop")


def _button(
    title: str, key: str | None, ident: str, act: Callable[[], None], *, primary: bool = False, disabled: bool = False
) -> None:
    st.button(
        title,
        key=ident,
        shortcut=key,
        on_click=act,
        width="stretch",
        type="primary" if primary else "secondary",
        disabled=disabled,
    )


def _picture(item: Item, source: Path) -> None:
    path = item.paths[0]
    left, right = st.columns([3, 2])
    with left:
        pictures.show(session.workspace(), source, item, path, pictures.LARGE_PX)
    with right:
        st.markdown(f"**{plain(path)}**  \nclass {plain(str(item.findings[0]['label']))}")
        _reasons(item, path)


def _group(item: Item, source: Path) -> None:
    for start in range(0, len(item.paths), MAX_SIDE_BY_SIDE):
        row = item.paths[start : start + MAX_SIDE_BY_SIDE]
        columns = st.columns(min(MAX_SIDE_BY_SIDE, max(2, len(item.paths))))
        for number, (path, column) in enumerate(zip(row, columns, strict=False), start=start + 1):
            with column:
                _member(item, path, number, source)


def _member(item: Item, path: str, number: int, source: Path) -> None:
    keeper = any(row["role"] == Role.KEEPER for row in item.of(path))
    pictures.show(session.workspace(), source, item, path, pictures.GROUP_PX)
    badge = " :green-badge[suggested to stay]" if keeper else ""
    st.markdown(f"**{number}. {plain(path)}**{badge}  \nclass {plain(str(item.of(path)[0]['label']))}")
    _button(
        f"Keep only {number}",
        str(number) if number <= 9 else None,
        f"only-{item.item_id}-{number}",
        partial(session.decide, item, reviewing.keep_only(item, path), done=f"Kept {path}, dropped {_copies(item)}."),
    )
    _reasons(item, path)


def _reasons(item: Item, path: str) -> None:
    for row in item.of(path):
        title = str(row["kind"]).replace("_", " ")
        decided = f" - {row['action']}" if row["action"] else ""
        stale = " - decided about other bytes; decide again" if row["stale"] else ""
        if row["role"] == Role.KEEPER:
            st.markdown(plain(row["reason"]))
            continue
        st.markdown(f"**{title}** ({row['score']:.2f}){decided}{stale}  \n{plain(row['reason'])}")


def _name(item: Item) -> str:
    return f"{len(item.paths)} pictures" if item.is_group else item.paths[0]


def _dropped(item: Item) -> str:
    return f"{_copies(item)} of {item.paths[0]}" if item.is_group else item.paths[0]


def _copies(item: Item) -> str:
    count = len(item.paths) - 1
    return "1 copy" if count == 1 else f"{count} copies"
