"""Every threshold on what was measured: move it, see who would be suspected, save it, and the queue is judged again."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import pandas as pd
import streamlit as st

from curate.auditing import thresholds
from curate.auditing.thresholds import Cut
from curate.errors import CurateError
from curate.reviewing.catalogue import ImageFilter
from curate.reviewing.fold import spared_note
from curate.reviewing.store import Store
from curate.schema import State
from curate.storage.workspace import Workspace
from curate.ui import charts, dataset, images, leases, session
from curate.ui.session import _, counted

NEAR = 6
_CHANGED = ImageFilter(states=frozenset({State.DROPPED, State.RELABELLED}))
"""Images that do not stay as they are."""


def draw() -> None:
    """Draw the page."""
    workspace = session.workspace()
    st.caption(_("Move a threshold, look at the images on either side of it, save: the queue is judged again."))
    # Chosen by name: a `Cut` that Streamlit holds has the value of an earlier run.
    cuts = {(cut.scanner, cut.threshold.setting): cut for cut in thresholds.cuts(workspace)}
    with session.telling():
        _threshold(workspace, cuts)


def _threshold(workspace: Workspace, cuts: Mapping[tuple[str, str], Cut]) -> None:
    if not cuts:
        st.write(_("No scanner in force has a threshold to move."))
        return
    left, right = st.columns([5, 2], vertical_alignment="bottom")
    with left:
        cut = cuts[
            st.selectbox(_("Threshold"), list(cuts), format_func=lambda name: _title(cuts[name]), key="threshold_cut")
        ]
    stamps = tuple(file.stat().st_mtime_ns for file in (workspace.images, workspace.config))
    values = _measurements(str(workspace.root), stamps, cut.scanner, cut.threshold.setting, _cut=cut)
    if values.empty:
        st.write(_("Nothing was measured for this threshold. Run the audit again if you expect otherwise."))
        return
    at = _slider(cut, values)
    with right:
        st.button(
            _("Save and judge again"),
            key="threshold_save",
            type="primary",
            disabled=at == cut.value,
            on_click=partial(_save, cut, at),
            width="stretch",
        )
    _chart(cut, values, at)
    near, far = thresholds.nearest(values, cut, at, NEAR)
    _strip(workspace, _("Just suspected"), near, "near")
    _strip(workspace, _("Just not suspected"), far, "far")


def _title(cut: Cut) -> str:
    return f"{session.kind_title(cut.threshold.kind.name)}: {_(cut.description)}"


@st.cache_data(max_entries=4, show_spinner=False)
def _measurements(root: str, stamps: tuple[int, ...], scanner: str, setting: str, _cut: Cut) -> pd.Series:
    return thresholds.measurements(Workspace(Path(root)), _cut)


def _slider(cut: Cut, values: pd.Series) -> float:
    low, high = cut.low, min(cut.high, max(float(values.quantile(0.999)), 2 * cut.value, 1.0))
    about = _("In force: {value:g}", value=cut.value)
    name = f"threshold-{cut.scanner}-{cut.threshold.setting}"
    if cut.whole:
        return float(st.slider(about, int(low), int(high), int(cut.value), key=name))
    step = 0.005 if high <= 2 else 0.05
    return float(st.slider(about, low, high, cut.value, step=step, format="%.3f", key=name))


def _chart(cut: Cut, values: pd.Series, at: float) -> None:
    import altair

    number = session.translator().number
    suspected = int(thresholds.flagged(values, cut, at).sum())
    now = int(thresholds.flagged(values, cut, cut.value).sum())
    counts, chart = st.columns([1, 4])
    counts.metric(_("Suspected now"), number(now))
    counts.metric(_("Suspected then"), number(suspected), delta=suspected - now, delta_color="inverse")
    bars: Any = altair.Chart(thresholds.histogram(values, cut)).mark_bar()
    bars = bars.encode(
        x=altair.X("start:Q", bin="binned", title=_(cut.description)),
        x2="end:Q",
        y=altair.Y("images:Q", scale=altair.Scale(type="sqrt"), title=_("Images")),
        tooltip=[
            altair.Tooltip("start:Q", title=_("from")),
            altair.Tooltip("end:Q", title=_("to")),
            altair.Tooltip("images:Q", title=_("Images")),
        ],
    )
    line = altair.Chart(pd.DataFrame({"at": [at]})).mark_rule(color="#e4572e", size=3).encode(x="at:Q")
    chart.altair_chart(charts.localised((bars + line).properties(height=170)), width="stretch")
    measured = counted("{n} image measured.", "{n} images measured.", len(values))
    condition = _(
        "This counts one condition of its kind alone: others may flag an image as well, or keep it from being flagged."
    )
    chart.caption(f"{measured} {condition}")


def _strip(workspace: Workspace, title: str, near: pd.Series, key: str) -> None:
    st.markdown(f"**{title}**")
    if near.empty:
        st.caption(_("No image lies on this side."))
        return
    source, number = images.source_of(workspace), session.translator().number
    with st.container(key=f"strip-{key}"):
        for column, (path, value) in zip(st.columns(NEAR), near.items(), strict=False):
            with column:
                known = dataset.rows(workspace, [str(path)]).get(str(path), {})
                label, sha256 = known.get("label"), known.get("sha256")
                images.show_known(workspace, source, str(path), sha256, label, number(float(value), 3))


@st.cache_resource(show_spinner=False)
def _saving() -> Lock:
    """Return what one who saves holds: Streamlit runs the second click of a double click beside the first."""
    return Lock()


def _save(cut: Cut, at: float) -> None:
    workspace = session.workspace()
    with Store(workspace.review) as store:
        changed = store.catalogue.paths(_CHANGED)
    try:
        with _saving():
            found = thresholds.save(
                workspace, {(cut.scanner, cut.threshold.setting): int(at) if cut.whole else round(at, 4)}
            )
    except CurateError as error:
        st.session_state.message = ("error", str(error))
        return
    with Store(workspace.review) as store:
        store.queue.release([leases.mine()])
        spared = len(changed & store.catalogue.paths(ImageFilter(states=frozenset({State.CLEAR, State.KEPT}))))
    st.session_state.pop("queue_feed", None)
    text = counted(
        "Saved. The queue now holds {n} finding; decisions stand as they were.",
        "Saved. The queue now holds {n} findings; decisions stand as they were.",
        found,
    )
    if spared:
        text += " " + session.translator().render(spared_note(spared))
    st.session_state.message = ("success", text)
