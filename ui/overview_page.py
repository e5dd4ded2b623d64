"""Table 1, the progress of the review, the classes before and after, and what is left."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from curate.auditing import summary
from curate.auditing.shortcuts import Guess
from curate.auditing.summary import WorkspaceStatus
from curate.dataset import manifest
from curate.findings import CATEGORY_TITLES
from curate.reviewing.store import Store
from curate.schema import Category
from curate.storage.names import printable
from curate.storage.workspace import Workspace
from curate.ui import charts, session, sidebar
from curate.ui.markdown import plain
from curate.ui.session import _, counted

CHART_CLASSES = 12
BEFORE, AFTER = "#9aa3ad", "#2f74a8"


def draw() -> None:
    """Draw the page."""
    workspace, t = session.workspace(), session.translator()
    with Store(workspace.review) as store:
        last = store.log.last_line()
    stamp = workspace.audit.stat().st_mtime_ns
    found, balance, left = _state(str(workspace.root), stamp, last)
    _numbers(found)
    st.subheader(_("Table 1: images flagged / confirmed by review"))
    st.dataframe(_class_summary(found), width="stretch")
    one, other = st.columns(2)
    with one:
        _balance(balance)
    with other:
        _left(left)
    if not workspace.read_audit().get("complete", True):
        st.warning(_("The last audit was interrupted; run it again for the rest."))
    for message in [*found.notes, *(item.message for item in found.prevalent)]:
        st.info(plain(t.render(message)))
    _shortcuts([guess for guess in found.spurious if guess.is_telling])
    if found.stale:
        st.warning(
            counted(
                "{n} image changed since it was decided; it is in the queue again.",
                "{n} images changed since they were decided; they are in the queue again.",
                len(found.stale),
            )
        )


@st.cache_data(max_entries=2, show_spinner=False)
def _state(root: str, stamp: int, last: int) -> tuple[WorkspaceStatus, pd.DataFrame, pd.DataFrame]:
    """Work out status, class balance and what is left: again when the log has grown or the audit is another."""
    workspace = Workspace(Path(root))
    found = summary.status(root)
    images, findings = workspace.read_images(), workspace.read_findings()
    with Store(workspace.review) as store:
        table = manifest.build(images, findings, store.log.decisions(), source=root)
    return found, summary.balance(table), summary.waiting(findings, table)


def _numbers(found: WorkspaceStatus) -> None:
    number, progress = session.translator().number, found.progress
    waiting, dropped, relabelled, skipped = st.columns(4)
    waiting.metric(_("Undecided images"), number(progress.images - progress.images_done))
    dropped.metric(_("Dropped"), number(found.verdicts["drop"]))
    relabelled.metric(_("Relabelled"), number(found.verdicts["relabel"]))
    skipped.metric(_("Files left out"), number(found.skipped))
    sidebar.bar(progress)


def _class_summary(found: WorkspaceStatus) -> pd.DataFrame:
    """Return Table 1 with `flagged / confirmed` in one cell, so that all categories fit on a laptop."""
    number, table = session.translator().number, found.class_summary
    columns = {_("Images"): table["images"].map(number)}
    for category in Category:
        flagged, confirmed = table[f"{category}_flagged"], table[f"{category}_confirmed"]
        if category is not Category.LABEL or flagged.any():
            cells = [f"{number(one)} / {number(other)}" for one, other in zip(flagged, confirmed, strict=True)]
            columns[_(CATEGORY_TITLES[category])] = pd.Series(cells, index=table.index)
    classes = [*_class_names(table.index[:-1]), _("Total")]  # by position: a class may be called Total
    return pd.DataFrame(columns).set_axis(classes).rename_axis(_("Class"))


def _class_names(labels: Iterable[str]) -> list[str]:
    return [_("(no class)") if label == summary.UNLABELLED else printable(label) for label in labels]


def _balance(balance: pd.DataFrame) -> None:
    st.subheader(_("Class balance"))
    before, after = _("before"), _("after, as decided so far")
    shown = balance.rename(columns={"before": before, "after": after}).set_axis(_class_names(balance.index))
    if len(shown) > CHART_CLASSES:
        st.dataframe(shown.rename_axis(_("Class")), width="stretch", height=300)
        return
    import altair

    rows = shown.rename_axis("label").reset_index().melt("label", var_name="state", value_name="images")
    # In the order of time, whatever the alphabet of the language says.
    colours = altair.Scale(domain=[before, after], range=[BEFORE, AFTER])
    bars: Any = altair.Chart(rows).mark_bar()
    bars = bars.encode(
        x=altair.X("images:Q", title=None, axis=altair.Axis(tickMinStep=1, format="d")),
        y=altair.Y("label:N", title=None),
        yOffset=altair.YOffset("state:N", sort=[before, after]),
        color=altair.Color("state:N", scale=colours, title=None, legend=altair.Legend(orient="bottom", labelLimit=0)),
        tooltip=[
            altair.Tooltip("label:N", title=_("Class")),
            altair.Tooltip("state:N", title=" "),
            altair.Tooltip("images:Q", title=_("Images")),
        ],
    )
    st.altair_chart(charts.localised(bars.properties(height=min(300, 80 + 50 * len(shown)))), width="stretch")


def _left(left: pd.DataFrame) -> None:
    st.subheader(_("What is left"))
    if left.empty:
        st.write(_("Nothing waits for a decision."))
        return
    shown = left.assign(kind=left["kind"].map(session.kind_title))
    shown["category"] = shown["category"].map(lambda name: _(CATEGORY_TITLES[Category(name)]))
    names = {"category": _("Category"), "kind": _("Kind"), "images": _("Images waiting")}
    st.dataframe(shown.rename(columns=names), hide_index=True, width="stretch", height=300)


def _shortcuts(telling: list[Guess]) -> None:
    if not telling:
        return
    percent = session.translator().percent
    st.subheader(_("What gives a class away"))
    rows = [
        (
            printable(session.translator().render(guess.title)),
            percent(guess.accuracy),
            percent(guess.chance),
            _(guess.remedy),
        )
        for guess in telling
    ]
    columns = [_("Property"), _("Guessed rightly"), _("By chance"), _("What to do")]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, width="stretch")
