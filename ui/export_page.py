"""The way out: the manifest, the cleaned folder and the report, with the checks that the command line makes."""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import streamlit as st

from curate.dataset.export import export, verify
from curate.dataset.manifest import Pending, manifest
from curate.errors import CurateError, MissingExtraError
from curate.schema import Verdict
from curate.storage.workspace import Workspace
from curate.ui import session
from curate.ui.images import plain

CHOICES: tuple[Pending | None, ...] = (None, "keep", "drop")


def draw() -> None:
    """Draw the page."""
    workspace, w = session.workspace(), session.words()
    titles: dict[Pending | None, str] = {None: w.pending_refuse, "keep": w.pending_keep, "drop": w.pending_drop}
    choice = st.radio(w.undecided_choice, CHOICES, format_func=lambda pending: titles[pending], key="export_pending")
    folder = st.text_input(w.cleaned_folder, key="export_folder", placeholder=w.folder_hint)
    left, middle, right = st.columns(3)
    write = left.button(w.write_manifest, key="export_manifest", width="stretch")
    copy = middle.button(w.write_both, key="export_copy", type="primary", disabled=not folder, width="stretch")
    report = right.button(w.write_report, key="export_report", width="stretch")
    st.caption(w.manifest_goes.format(place=plain(str(workspace.manifest))))
    try:
        if write or copy:
            table = manifest(workspace.root, pending=choice)
            kept = int((table["action"] != Verdict.DROP).sum())
            st.success(w.manifest_written.format(kept=w.count(kept), all=w.count(len(table))))
        if copy:
            _copy(workspace.manifest, Path(folder).expanduser())
        if report:
            _report(workspace)
    except (CurateError, OSError) as error:
        st.error(w.not_done.format(why=plain(str(error))))


def _copy(written: Path, folder: Path) -> None:
    w = session.words()
    export(written, folder)
    found = verify(folder)
    if found.ok:
        st.success(w.folder_written.format(n=w.count(found.checked), folder=plain(str(folder))))
    else:
        st.error(w.folder_differs.format(changed=len(found.changed), missing=len(found.missing)))


def _report(workspace: Workspace) -> None:
    """Through the entry point that the report's package registers: the reviewer knows nothing of it."""
    w = session.words()
    for entry in entry_points(group="curate.report"):
        write: Callable[..., Any] = entry.load()
        try:
            files = write(workspace.root, workspace.root / "report.html", lang=str(st.session_state.lang))
        except MissingExtraError:
            break
        st.success(w.report_written.format(files=plain(", ".join(str(file) for file in files))))
        return
    st.error(w.report_missing)
