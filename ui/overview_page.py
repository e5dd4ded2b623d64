"""Table 1, the progress of the review, the classes before and after, and what is left."""

from pathlib import Path

import pandas as pd
import streamlit as st

from curate.auditing import summary
from curate.auditing.shortcuts import TELLING
from curate.auditing.summary import WorkspaceStatus
from curate.dataset import manifest
from curate.reviewing.store import Store
from curate.schema import Category
from curate.storage.workspace import Workspace
from curate.ui import session
from curate.ui.images import plain
from curate.ui.words import Words


def draw() -> None:
    """Draw the page."""
    workspace, w = session.workspace(), session.words()
    with Store(workspace.review) as store:
        last = store.log.last_line()
    stamp = workspace.audit.stat().st_mtime_ns
    found, balance, left = _state(str(workspace.root), stamp, last)
    progress = found.progress
    waiting, dropped, relabelled, skipped = st.columns(4)
    waiting.metric(w.undecided_images, w.count(progress.images - progress.images_done))
    dropped.metric(w.dropped_images, w.count(found.verdicts["drop"]))
    relabelled.metric(w.relabelled_images, w.count(found.verdicts["relabel"]))
    skipped.metric(w.skipped_files, w.count(found.skipped))
    share = progress.images_done / progress.images if progress.images else 1.0
    st.progress(share, text=w.decided.format(done=w.count(progress.images_done), all=w.count(progress.images)))
    st.subheader(w.table1)
    st.dataframe(_table1(found, w), width="stretch")
    one, other = st.columns(2)
    with one:
        _balance(balance, w)
    with other:
        _left(left, w)
    if not workspace.read_audit().get("complete", True):
        st.warning(w.unfinished_audit)
    for note in found.prevalent:
        st.info(plain(note))
    telling = [guess for guess in found.spurious if guess.gain >= TELLING]
    if telling:
        st.subheader(w.gives_away)
        rows = [(w.traits[g.trait], f"{g.accuracy:.0%}", f"{g.chance:.0%}") for g in telling]
        st.dataframe(pd.DataFrame(rows, columns=[w.trait, w.guessed, w.by_chance]), hide_index=True, width="stretch")
    if found.stale:
        st.warning(w.stale_images.format(n=w.count(len(found.stale))))


@st.cache_data(max_entries=2, show_spinner=False)
def _state(root: str, stamp: int, last: int) -> tuple[WorkspaceStatus, pd.DataFrame, pd.DataFrame]:
    """Status, class balance and what is left: worked out again when the log has grown or the audit is another."""
    workspace = Workspace(Path(root))
    found = summary.status(root)
    images, findings = workspace.read_images(), workspace.read_findings()
    with Store(workspace.review) as store:
        table = manifest.build(images, findings, store.log.decisions(), source=root)
    return found, summary.balance(table), summary.waiting(findings, table)


def _table1(found: WorkspaceStatus, w: Words) -> pd.DataFrame:
    names = {"images": w.images} | {
        f"{category}_{key}": f"{w.categories[category]}, {word}"
        for category in Category
        for key, word in (("flagged", w.flagged), ("confirmed", w.confirmed))
    }
    known = {summary.TOTAL: w.total, summary.UNLABELLED: w.no_class}
    return found.table1.rename(columns=names, index=known).rename_axis(w.class_)


def _balance(balance: pd.DataFrame, w: Words) -> None:
    st.subheader(w.balance)
    shown = balance.rename(columns={"before": w.before, "after": w.after}, index={summary.UNLABELLED: w.no_class})
    if len(shown) <= 12:
        st.bar_chart(shown, stack=False, horizontal=True, height=min(300, 80 + 50 * len(shown)))
    else:
        st.dataframe(shown.rename_axis(w.class_), width="stretch", height=300)


def _left(left: pd.DataFrame, w: Words) -> None:
    st.subheader(w.left)
    if left.empty:
        st.write(w.nothing_is_left)
        return
    shown = left.assign(kind=left["kind"].map(lambda kind: w.kinds.get(kind, kind)))
    shown["category"] = shown["category"].map(lambda name: w.categories[Category(name)])
    names = {"category": w.category, "kind": w.kind, "images": w.waiting}
    st.dataframe(shown.rename(columns=names), hide_index=True, width="stretch", height=300)
