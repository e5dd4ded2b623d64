"""Table 1 and the progress of the review."""

import streamlit as st

from curate import summary
from curate.schema import Category
from ui import session
from ui.pictures import plain


def draw() -> None:
    """Draw the page."""
    found = summary.status(session.workspace().root)
    st.header("Overview")
    progress = found.progress
    waiting, dropped, relabelled, skipped = st.columns(4)
    waiting.metric("Undecided pictures", f"{progress.images - progress.images_done:,}")
    dropped.metric("Dropped", f"{found.verdicts['drop']:,}")
    relabelled.metric("Relabelled", f"{found.verdicts['relabel']:,}")
    skipped.metric("Files skipped", f"{found.skipped:,}")
    st.subheader("Table 1: pictures flagged and confirmed")
    names = {"images": "images", **{f"{c}_{w}": f"{c}, {w}" for c in Category for w in ("flagged", "confirmed")}}
    st.dataframe(found.table1.rename(columns=names).rename_axis("class"), width="stretch")
    for note in found.prevalent:
        st.info(plain(note))
    if found.stale:
        st.warning(f"{len(found.stale)} pictures changed since they were decided; they are in the queue again.")
