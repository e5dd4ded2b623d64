"""The queue: one image, or one group of copies, with every reason for it and a key for every decision."""

from functools import partial

import streamlit as st

from curate.reviewing.choices import decide_all, reject
from curate.reviewing.queue import Item, QueueFilter
from curate.reviewing.store import Store
from curate.schema import Action
from curate.ui import dataset, group_view, image_view, images, keys, leases, session, sidebar
from curate.ui.keys import Key
from curate.ui.session import _, counted


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
    """Draw what may go along with a decision: another class, or a note."""
    ident = session.slot(item.item_id)
    label = st.selectbox(
        _("New class"),
        dataset.classes(session.workspace()),
        index=None,
        key=f"label-{ident}",
        accept_new_options=True,
        placeholder=_("choose or type one"),
    )
    choices = decide_all(item, Action.RELABEL, label) if label else []
    if item.is_group:
        done = counted(
            "Relabelled {n} image to {label}.", "Relabelled {n} images to {label}.", len(item.paths), label=label
        )
    else:
        done = _("Relabelled {what} to {label}.", what=item.paths[0], label=label)
    act = partial(session.decide, item, choices, done=done)
    keys.button(Key(_("Relabel"), "L", f"relabel-{ident}", act, disabled=not label))
    st.text_input(_("Note for the log"), key="note", placeholder=_("why, if it is not obvious"))


def _confirmation(item: Item | None) -> None:
    state = st.session_state
    if state.unconfirmed and item and state.unconfirmed[0] == item.item_id:
        st.button(
            _("Yes, drop them all"),
            key=f"confirm-{session.slot(item.item_id)}",
            type="primary",
            on_click=partial(session.decide, item, state.unconfirmed[1], done=_("All dropped."), confirmed=True),
        )


def _nothing_left() -> None:
    workspace = session.workspace()
    with Store(workspace.review) as store:
        whole = store.queue.progress()
        elsewhere = leases.others(store.queue.holders(now_s=session.now_s()))
    look, undo = _("Look again"), _("Undo")
    keys.row([Key(look, "Right", "again", session.refilter), Key(undo, "U", "undo-end", session.take_back)])
    st.header(_("Nothing left"))
    if whole.items == 0:
        st.write(
            counted(
                "The audit flagged nothing: there is nothing to decide in this {n} image.",
                "The audit flagged nothing: there is nothing to decide in these {n} images.",
                dataset.count(workspace),
            )
        )
    elif session.chosen_filter() != QueueFilter():
        st.write(_("Nothing undecided matches the filters. Clear them to see the rest of the queue."))
    elif whole.items > whole.items_done and elsewhere:
        st.write(
            counted(
                "What is undecided is on another screen at present. It comes here if that one leaves it.",
                "What is undecided is on {n} other screens at present. It comes here if they leave it.",
                len(elsewhere),
            )
        )
        return
    else:
        st.write(_("Every flagged image is decided."))
    if session.chosen_filter() == QueueFilter():
        st.write(
            _("Next: the page Export writes the manifest, the cleaned folder and the report. On the command line:")
        )
        st.code(f"curate manifest {workspace.root}\ncurate export {workspace.manifest} CLEANED", language="sh")


def _keys(item: Item) -> None:
    ident = session.slot(item.item_id)
    if item.is_group:
        keep, drop, done = _("Keep all"), _("Drop copies"), _done_with_group(item)
    else:
        keep, drop, done = _("Keep"), _("Drop"), _done_with_image(item.paths[0])
    kept, dropped, deferred = done
    act = partial(session.decide, item)
    keys.row(
        [
            Key(keep, "K", f"keep-{ident}", partial(act, decide_all(item, Action.KEEP), done=kept)),
            Key(drop, "D", f"drop-{ident}", partial(act, reject(item), done=dropped), primary=True),
            Key(_("Later"), "S", f"defer-{ident}", partial(act, decide_all(item, Action.DEFER), done=deferred)),
            Key(_("Undo"), "U", "undo", session.take_back),
            Key(_("Redo"), "Y", "redo", session.redo),
            Key(_("Back"), "Left", "left", partial(session.step, -1)),
            Key(_("Next"), "Right", "right", partial(session.step, 1)),
            Key(_("View"), "Z", "closer", session.look_closer),
        ]
    )


def _done_with_image(path: str) -> tuple[str, str, str]:
    """Say what keeping, dropping and deferring an image have done."""
    return _("Kept {what}.", what=path), _("Dropped {what}.", what=path), _("Left {what} for later.", what=path)


def _done_with_group(item: Item) -> tuple[str, str, str]:
    """Say what keeping a group, dropping its copies and deferring it have done."""
    images = len(item.paths)
    return (
        session.kept(images),
        counted("Dropped {n} copy of {what}.", "Dropped {n} copies of {what}.", images - 1, what=item.paths[0]),
        counted("Left {n} image for later.", "Left {n} images for later.", images),
    )
