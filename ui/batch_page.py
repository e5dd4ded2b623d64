"""Many pictures at once: a grid in which all are chosen, some are left out, and one key decides the rest."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import streamlit as st

from curate.scanners import stable_id
from curate.schema import Action
from curate.store import Item, Store
from ui import pictures, session
from ui.pictures import plain

SIZES = (12, 24, 36, 60)
COLUMNS = 6


def draw() -> None:
    """Draw the page."""
    place = session.workspace()
    source = Path(place.read_audit()["root"])
    with Store(place.review) as store:
        facets = store.facets()
    kind, size = _choices(facets["kind"])
    chosen = replace(session.chosen_filter(), groups=False, kinds=frozenset({kind} if kind else ()))
    with Store(place.review) as store:
        after = st.session_state.batch_after
        items = store.find(chosen, after_rank=after, limit=size) or store.find(chosen, limit=size)
    if st.session_state.message:
        st.caption(plain(st.session_state.message[1]))
    if not items:
        st.header("Nothing left")
        st.write("No single picture of this kind is undecided. Groups of copies wait in the queue, one by one.")
        st.button("Undo", shortcut="U", on_click=session.take_back)
        return
    _buttons(items)
    _grid(items, source)


def _choices(kinds: list[str | None]) -> tuple[str | None, int]:
    left, right = st.columns([3, 1])
    kind = left.selectbox(
        "Kind",
        kinds,
        index=None,
        key="batch_kind",
        placeholder="all kinds",
        format_func=lambda value: str(value).replace("_", " "),
        on_change=session.refilter,
    )
    size = right.selectbox("Pictures at once", SIZES, key="batch_size")
    return kind, int(size)


def _buttons(items: list[Item]) -> None:
    """The keys; those that decide are named after the batch, so that a late press cannot hit the next one."""
    ident = stable_id(*(item.item_id for item in items))
    taken = [item for item in items if st.session_state.get(_tick(item), True)]
    everything = len(taken) == len(items)
    none = not taken
    places = iter(st.columns(5))
    for title, key, name, act, off in (
        (f"Keep {len(taken)}", "K", f"batch-keep-{ident}", partial(session.decide_batch, taken, Action.KEEP), none),
        (f"Drop {len(taken)}", "D", f"batch-drop-{ident}", partial(session.decide_batch, taken, Action.DROP), none),
        ("Choose none" if everything else "Choose all", "A", "batch-all", partial(_tick_all, items, not everything), 0),
        ("Undo", "U", "batch-undo", session.take_back, 0),
        ("Next", "Right", "batch-next", partial(_go_behind, items[-1].rank), 0),
    ):
        next(places).button(title, key=name, shortcut=key, on_click=act, disabled=bool(off), width="stretch")


def _grid(items: list[Item], source: Path) -> None:
    for start in range(0, len(items), COLUMNS):
        for item, column in zip(items[start : start + COLUMNS], st.columns(COLUMNS), strict=False):
            path = item.paths[0]
            with column:
                pictures.show(session.workspace(), source, item, path, pictures.GRID_PX)
                st.session_state.setdefault(_tick(item), True)
                reasons = "; ".join(str(row["reason"]) for row in item.findings)
                st.checkbox(plain(path), key=_tick(item), help=plain(reasons))


def _tick(item: Item) -> str:
    return f"tick-{item.item_id}"


def _tick_all(items: list[Item], ticked: bool) -> None:
    for item in items:
        st.session_state[_tick(item)] = ticked


def _go_behind(rank: int) -> None:
    st.session_state.batch_after = rank
