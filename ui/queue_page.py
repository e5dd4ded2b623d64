"""The queue: one image, or one group of copies, with every reason for it and a key for every decision."""

from functools import partial

import streamlit as st

from curate.reviewing.choices import decide_all, reject
from curate.reviewing.queue import Item, QueueFilter
from curate.reviewing.store import Store
from curate.schema import Action
from curate.ui import dataset, group_view, image_view, images, keys, leases, session, sidebar
from curate.ui.keys import Key


def draw() -> None:
    """Draw the page."""
    workspace = session.workspace()
    source = images.source_of(workspace)
    with Store(workspace.review) as store:
        item = session.current(store)
    _confirmation(item)
    if item is None:
        _nothing_left()
    else:
        _keys(item)
        if item.is_group:
            group_view.draw(item, source)
        else:
            image_view.draw(item, source)
    with st.sidebar:  # last, so that its message only appears when the next keys are ready
        sidebar.progress(workspace)
        sidebar.message()
        if item is not None:
            _details(item)
        sidebar.filters(workspace)
        sidebar.who()


def _details(item: Item) -> None:
    """What may go along with a decision: another class, or a note."""
    w = session.words()
    ident = session.slot(item.item_id)
    label = st.selectbox(
        w.new_class,
        dataset.classes(session.workspace()),
        index=None,
        key=f"label-{ident}",
        accept_new_options=True,
        placeholder=w.new_class_hint,
    )
    choices = decide_all(item, Action.RELABEL, label) if label else []
    done = w.relabelled.format(what=_name(item), label=label)
    keys.button(
        Key(w.relabel, "L", f"relabel-{ident}", partial(session.decide, item, choices, done=done), disabled=not label)
    )
    st.text_input(w.note, key="note", placeholder=w.note_hint)


def _confirmation(item: Item | None) -> None:
    state, w = st.session_state, session.words()
    if state.unconfirmed and item and state.unconfirmed[0] == item.item_id:
        st.button(
            w.drop_all_anyway,
            key=f"confirm-{session.slot(item.item_id)}",
            type="primary",
            on_click=partial(session.decide, item, state.unconfirmed[1], done=w.all_dropped, confirmed=True),
        )


def _nothing_left() -> None:
    workspace, w = session.workspace(), session.words()
    with Store(workspace.review) as store:
        whole = store.queue.progress()
        elsewhere = leases.others(store.queue.holders(now_s=session.now_s()))
    keys.row([Key(w.look_again, "Right", "again", session.refilter), Key(w.undo, "U", "undo-end", session.take_back)])
    st.header(w.nothing_left)
    if whole.items == 0:
        st.write(w.nothing_flagged.format(n=w.count(dataset.count(workspace))))
    elif session.chosen_filter() != QueueFilter():
        st.write(w.nothing_matches)
    elif whole.items > whole.items_done and elsewhere:
        st.write(w.on_other_screens.format(n=len(elsewhere)))
        return
    else:
        st.write(w.all_decided)
    if session.chosen_filter() == QueueFilter():
        st.write(w.next_steps)
        st.code(f"curate manifest {workspace.root}\ncurate export {workspace.manifest} CLEANED", language="sh")


def _keys(item: Item) -> None:
    ident, w = session.slot(item.item_id), session.words()
    first = item.paths[0]
    dropped = (
        w.dropped_copies.format(copies=group_view.copies(item), what=first)
        if item.is_group
        else w.dropped.format(what=first)
    )
    keep, defer = decide_all(item, Action.KEEP), decide_all(item, Action.DEFER)
    kept, later = w.kept.format(what=_name(item)), w.deferred.format(what=_name(item))
    keys.row(
        [
            Key(
                w.keep_all if item.is_group else w.keep,
                "K",
                f"keep-{ident}",
                partial(session.decide, item, keep, done=kept),
            ),
            Key(
                w.drop_copies if item.is_group else w.drop,
                "D",
                f"drop-{ident}",
                partial(session.decide, item, reject(item), done=dropped),
                primary=True,
            ),
            Key(w.later, "S", f"defer-{ident}", partial(session.decide, item, defer, done=later)),
            Key(w.undo, "U", "undo", session.take_back),
            Key(w.redo, "Y", "redo", session.redo),
            Key(w.back, "Left", "left", partial(session.step, -1)),
            Key(w.next, "Right", "right", partial(session.step, 1)),
            Key(w.view, "Z", "closer", session.look_closer),
        ],
        [5, 6, 4, 5, 4, 5, 4, 4],
    )


def _name(item: Item) -> str:
    return session.words().images.format(n=len(item.paths)) if item.is_group else item.paths[0]
