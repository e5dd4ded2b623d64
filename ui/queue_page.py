"""The queue: one picture, or one group of copies, with every reason for it and a key for every decision."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from curate import reviewing
from curate.schema import Action, Role
from curate.store import Item, Store
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
        _sidebar(store, facets)
        item = session.current(store)
    _message(item)
    if item is None:
        _nothing_left()
        return
    labels = reviewing.labels_of(place.read_images()["label"].unique())
    _buttons(item, labels)
    if item.is_group:
        _group(item, source)
    else:
        _picture(item, source)


def _sidebar(store: Store, facets: dict[str, list[str | None]]) -> None:
    with st.sidebar:
        st.text_input("Reviewer", key="reviewer", help="Stands beside every decision in the log.")
        progress = store.progress(session.chosen_filter())
        share = progress.images_done / progress.images if progress.images else 1.0
        st.progress(share, text=f"{progress.images_done:,} of {progress.images:,} pictures decided")
        for name, title in (("label", "Class"), ("category", "Category"), ("kind", "Kind")):
            st.multiselect(
                title,
                facets[name],
                key=f"filter_{name}",
                format_func=lambda value: "(none)" if value is None else str(value).replace("_", " "),
                on_change=session.refilter,
                placeholder="all",
            )
        st.text_input("Search in names and reasons", key="filter_text", on_change=session.refilter)
        with st.expander("Keys", expanded=False):
            for key, meaning in KEYS.items():
                st.markdown(f"**{key}** {meaning}")


def _message(item: Item | None) -> None:
    state = st.session_state
    if state.message:
        kind, text = state.message
        {"success": st.success, "info": st.info, "warning": st.warning, "error": st.error}[kind](plain(text))
        state.message = None
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


def _buttons(item: Item, labels: list[str]) -> None:
    """One row of buttons, each with its key; names carry the item so that a late press cannot hit the next one."""
    ident = item.item_id
    keep, drop, later, undo, redo, left, right = st.columns(7)
    drop_label = "Drop copies" if item.is_group else "Drop"
    keep_label = "Keep all" if item.is_group else "Keep"
    with keep:
        _button(
            keep_label,
            "K",
            f"keep-{ident}",
            partial(session.decide, item, reviewing.decide_all(item, Action.KEEP), done=f"Kept {_name(item)}."),
        )
    with drop:
        _button(
            drop_label,
            "D",
            f"drop-{ident}",
            partial(session.decide, item, reviewing.reject(item), done=f"Dropped {_dropped(item)}."),
            primary=True,
        )
    with later:
        _button(
            "Later",
            "S",
            f"defer-{ident}",
            partial(
                session.decide, item, reviewing.decide_all(item, Action.DEFER), done=f"Left {_name(item)} for later."
            ),
        )
    with undo:
        _button("Undo", "U", f"undo-{ident}", session.take_back)
    with redo:
        _button("Redo", "Y", f"redo-{ident}", session.redo)
    with left:
        _button("Back", "Left", f"left-{ident}", partial(session.step, -1))
    with right:
        _button("Next", "Right", f"right-{ident}", partial(session.step, 1))
    note, choice, relabel = st.columns([3, 2, 1], vertical_alignment="bottom")
    with note:
        st.text_input("Note for the log", key="note", placeholder="why, if it is not obvious")
    with choice:
        label = st.selectbox(
            "New class",
            labels,
            index=None,
            key=f"label-{ident}",
            accept_new_options=True,
            placeholder="choose or type one",
        )
    with relabel:
        st.button(
            "Relabel",
            key=f"relabel-{ident}",
            shortcut="L",
            width="stretch",
            disabled=not label,
            on_click=partial(
                session.decide,
                item,
                reviewing.decide_all(item, Action.RELABEL, label) if label else [],
                done=f"Relabelled {_name(item)} to {label}.",
            ),
        )


def _button(title: str, key: str, ident: str, act: Callable[[], None], *, primary: bool = False) -> None:
    st.button(title, key=ident, shortcut=key, on_click=act, width="stretch", type="primary" if primary else "secondary")


def _picture(item: Item, source: Path) -> None:
    path = item.paths[0]
    left, right = st.columns([3, 2])
    with left:
        pictures.show(session.workspace(), source, item, path, pictures.LARGE_PX)
    with right:
        st.subheader(plain(path))
        st.caption(f"class: {plain(str(item.findings[0]['label']))}")
        _reasons(item, path)


def _group(item: Item, source: Path) -> None:
    st.subheader(f"{len(item.paths)} copies of one picture")
    for start in range(0, len(item.paths), MAX_SIDE_BY_SIDE):
        row = item.paths[start : start + MAX_SIDE_BY_SIDE]
        for number, (path, column) in enumerate(zip(row, st.columns(MAX_SIDE_BY_SIDE), strict=False), start=start + 1):
            with column:
                _member(item, path, number, source)


def _member(item: Item, path: str, number: int, source: Path) -> None:
    keeper = any(row["role"] == Role.KEEPER for row in item.of(path))
    pictures.show(session.workspace(), source, item, path, pictures.GROUP_PX)
    st.markdown(f"**{number}. {plain(path)}**")
    st.caption(f"class: {plain(str(item.of(path)[0]['label']))}" + (" - suggested to stay" if keeper else ""))
    st.button(
        f"Keep only {number}",
        key=f"only-{item.item_id}-{number}",
        shortcut=str(number) if number <= 9 else None,
        width="stretch",
        on_click=partial(
            session.decide,
            item,
            reviewing.keep_only(item, path),
            done=f"Kept {path}, dropped {len(item.paths) - 1} copies.",
        ),
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
    return f"{len(item.paths) - 1} copies of {item.paths[0]}" if item.is_group else item.paths[0]
