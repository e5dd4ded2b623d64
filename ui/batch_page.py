"""Many images at once: a grid in which all are chosen, some are left out, and one key decides the rest."""

from dataclasses import replace
from functools import partial

import streamlit as st

from curate.findings import stable_id
from curate.reviewing.queue import Item
from curate.reviewing.store import Store
from curate.schema import Action
from curate.sources import Source
from curate.ui import images, keys, leases, session, sidebar
from curate.ui.images import plain
from curate.ui.keys import Key
from curate.ui.session import _

SIZES = (12, 24, 36, 60)
COLUMNS = 6


def draw() -> None:
    """Draw the page."""
    workspace = session.workspace()
    source = images.source_of(workspace)
    with st.sidebar:
        sidebar.progress(workspace)
        said = st.container()
        size = int(st.selectbox(_("Images at once"), SIZES, key="batch_size", on_change=session.refilter))
        sidebar.filters(workspace)
        sidebar.who()
    with Store(workspace.review) as store:
        leases.release_closed(store)
        items = store.queue.claim(
            replace(session.chosen_filter(), groups=False),
            holder=leases.mine(),
            now_s=session.now_s(),
            after_rank=st.session_state.cursor,
            limit=size,
        )
    if not items:
        keys.row([Key(_("Undo"), "U", "batch-undo", session.take_back)])
        st.header(_("Nothing left"))
        st.write(_("No single image of this kind is undecided. Groups of copies wait in the queue, one by one."))
    else:
        st.session_state.left_out = _left_out() & {item.item_id for item in items}
        _keys(items)
        _range(items)
        _grid(items, source)
    with said:  # last, so that it only appears when the next keys are ready
        sidebar.message()


def _keys(items: list[Item]) -> None:
    """Draw the keys; those that decide bear the slot of the batch, so that a late press cannot hit the next one."""
    ident = _slot(items)
    taken = [item for item in items if item.item_id not in _left_out()]
    everything, none = len(taken) == len(items), not taken
    keep, drop = partial(session.decide_batch, taken, Action.KEEP), partial(session.decide_batch, taken, Action.DROP)
    keys.row(
        [
            Key(_("Keep {n}", n=len(taken)), "K", f"batch-keep-{ident}", keep, disabled=none),
            Key(_("Drop {n}", n=len(taken)), "D", f"batch-drop-{ident}", drop, primary=True, disabled=none),
            Key(
                _("Choose none") if everything else _("Choose all"),
                "A",
                "batch-all",
                partial(_tick_only, items, 0 if everything else len(items)),
            ),
            Key(_("Undo"), "U", "batch-undo", session.take_back),
            Key(_("Next"), "Right", "batch-next", partial(_go_behind, items[-1].rank)),
        ]
    )


def _range(items: list[Item]) -> None:
    """Draw a slider that chooses from one image to another, its ends moved by arrow keys or mouse."""
    if len(items) > 1:
        ident = f"range-{_slot(items)}"
        everything = (1, len(items))
        choose = partial(_tick_range, items, ident)
        st.slider(_("Choose a range"), *everything, everything, key=ident, on_change=choose)


def _grid(items: list[Item], source: Source) -> None:
    with st.container(key="grid"):
        for start in range(0, len(items), COLUMNS):
            row = items[start : start + COLUMNS]
            for number, (item, column) in enumerate(zip(row, st.columns(COLUMNS), strict=False), start=start + 1):
                path = item.paths[0]
                with column:
                    images.show(session.workspace(), source, item, path, images.GRID_PX)
                    name = f"tick-{_slot(items)}-{number}"
                    st.session_state[name] = item.item_id not in _left_out()
                    reasons = " ".join(session.translator().reason(row) for row in item.findings)
                    st.checkbox(
                        f"{number}\\. {plain(path)}",
                        key=name,
                        help=plain(reasons),
                        on_change=partial(_toggle, item.item_id),
                    )


def _slot(items: list[Item]) -> str:
    return session.slot(stable_id(*(item.item_id for item in items)))


def _left_out() -> set[str]:
    """Return the items on the screen that are not chosen."""
    found: set[str] = st.session_state.setdefault("left_out", set())
    return found


def _toggle(item_id: str) -> None:
    st.session_state.left_out = _left_out() ^ {item_id}


def _tick_only(items: list[Item], last: int, first: int = 1) -> None:
    st.session_state.left_out = {
        item.item_id for number, item in enumerate(items, start=1) if not first <= number <= last
    }


def _tick_range(items: list[Item], ident: str) -> None:
    first, last = st.session_state[ident]
    _tick_only(items, last, first)


def _go_behind(rank: int) -> None:
    st.session_state.cursor, st.session_state.shown = rank, None
