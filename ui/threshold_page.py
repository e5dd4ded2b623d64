"""Every threshold on what was measured: move it, see who would be suspected, save it, and the queue is judged again."""

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from curate.auditing import thresholds
from curate.auditing.thresholds import Cut
from curate.errors import CurateError
from curate.reviewing.store import Store
from curate.storage.workspace import Workspace
from curate.ui import dataset, images, leases, session
from curate.ui.images import plain

NEAR = 6


def draw() -> None:
    """Draw the page."""
    workspace, w = session.workspace(), session.words()
    st.caption(w.thresholds_intro)
    cuts = thresholds.cuts(workspace)
    if st.session_state.message:
        st.info(plain(st.session_state.message[1]))
        st.session_state.message = None
    if not cuts:
        st.write(w.no_thresholds)
        return
    left, middle, right = st.columns([2, 4, 2], vertical_alignment="bottom")
    with left:
        cut = st.selectbox(w.threshold, cuts, format_func=_name, key="threshold_cut")
    values = _measurements(str(workspace.root), workspace.images.stat().st_mtime_ns, cut.scanner, _name(cut), _cut=cut)
    if values.empty:
        st.write(w.no_measurements)
        return
    with middle:
        at = _slider(cut, values)
    with right:
        st.button(
            w.save_and_judge,
            key="threshold_save",
            type="primary",
            disabled=at == cut.value,
            on_click=partial(_save, cut, at),
            width="stretch",
        )
    _chart(cut, values, at)
    near, far = thresholds.nearest(values, cut, at, NEAR)
    _strip(workspace, w.just_suspected, near, cut)
    _strip(workspace, w.just_not, far, cut)


def _name(cut: Cut) -> str:
    kind = session.words().kinds[cut.threshold.kind]
    return f"{kind}: {cut.threshold.setting.replace('_', ' ')}"


@st.cache_data(max_entries=4, show_spinner=False)
def _measurements(root: str, stamp: int, scanner: str, name: str, _cut: Cut) -> pd.Series:
    return thresholds.measurements(Workspace(Path(root)), _cut)


def _slider(cut: Cut, values: pd.Series) -> float:
    low, high = cut.low, min(cut.high, max(float(values.quantile(0.999)), 2 * cut.value, 1.0))
    about = f"{cut.description} ({session.words().moved_from.format(value=f'{cut.value:g}')})"
    name = f"threshold-{cut.scanner}-{cut.threshold.setting}"
    if cut.whole:
        return float(st.slider(about, int(low), int(high), int(cut.value), key=name))
    step = 0.005 if high <= 2 else 0.05
    return float(st.slider(about, low, high, cut.value, step=step, format="%.3f", key=name))


def _chart(cut: Cut, values: pd.Series, at: float) -> None:
    import altair

    w = session.words()
    suspected = int(thresholds.flagged(values, cut, at).sum())
    now = int(thresholds.flagged(values, cut, cut.value).sum())
    counts, chart = st.columns([1, 4])
    counts.metric(w.now_flags, w.count(now))
    counts.metric(w.then_flags, w.count(suspected), delta=suspected - now, delta_color="inverse")
    bars: Any = altair.Chart(thresholds.histogram(values, cut)).mark_bar()
    bars = bars.encode(
        x=altair.X("start:Q", bin="binned", title=cut.threshold.setting.replace("_", " ")),
        x2="end:Q",
        y=altair.Y("images:Q", scale=altair.Scale(type="sqrt"), title=w.images),
        tooltip=["start", "end", "images"],
    )
    line = altair.Chart(pd.DataFrame({"at": [at]})).mark_rule(color="#e4572e", size=3).encode(x="at:Q")
    chart.altair_chart((bars + line).properties(height=170), width="stretch")
    chart.caption(f"{w.measured.format(n=w.count(len(values)))}. {w.also_depends}")


def _strip(workspace: Workspace, title: str, near: pd.Series, cut: Cut) -> None:
    st.markdown(f"**{title}**")
    if near.empty:
        st.caption(session.words().no_such_image)
        return
    source = images.source_of(workspace)
    with st.container(key=f"strip-{title}"):
        for column, (path, value) in zip(st.columns(NEAR), near.items(), strict=False):
            with column:
                known = dataset.row(workspace, str(path))
                images.show_known(workspace, source, str(path), known.get("sha256"), known.get("label"), f"{value:.3f}")


def _save(cut: Cut, at: float) -> None:
    workspace = session.workspace()
    try:
        found = thresholds.save(
            workspace, {(cut.scanner, cut.threshold.setting): int(at) if cut.whole else round(at, 4)}
        )
    except CurateError as error:
        st.session_state.message = ("error", str(error))
        return
    with Store(workspace.review) as store:
        store.queue.release([leases.mine()])
    st.session_state.cursor, st.session_state.shown = -1, None
    st.session_state.message = ("success", session.words().saved.format(n=session.words().count(found)))
