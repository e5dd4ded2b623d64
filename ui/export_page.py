"""The way out: the manifest, the cleaned folder and the report, with the checks that the command line makes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from curate.dataset.export import export, verify
from curate.dataset.manifest import manifest
from curate.errors import CurateError, MissingExtraError, UndecidedError
from curate.options import Pending
from curate.plugins import installed
from curate.schema import Verdict
from curate.sources.address import url
from curate.storage.workspace import Workspace
from curate.ui import session
from curate.ui.images import plain
from curate.ui.session import _, counted

CHOICES: tuple[Pending | None, ...] = (None, "keep", "drop")


def draw() -> None:
    """Draw the page."""
    workspace = session.workspace()
    titles: dict[Pending | None, str] = {
        None: _("Refuse while any is undecided"),
        "keep": _("Undecided images stay"),
        "drop": _("Undecided images go"),
    }
    pending = st.radio(_("Undecided images"), CHOICES, format_func=lambda choice: titles[choice], key="export_pending")
    hint = _("a folder that does not exist yet")
    target = st.text_input(_("Cleaned folder"), key="export_folder", placeholder=hint)
    left, middle, right = st.columns(3)
    write = left.button(_("Write the manifest"), key="export_manifest", width="stretch")
    both = _("Write the manifest and the folder")
    copy = middle.button(both, key="export_copy", type="primary", disabled=not target, width="stretch")
    report = right.button(_("Write the report"), key="export_report", width="stretch")
    written = plain(str(workspace.manifest))
    st.caption(_("The manifest goes to {path}. The source is only read.", path=written))
    try:
        if write or copy:
            _manifest(workspace, pending)
        if copy:
            _copy(workspace, Path(target).expanduser())
        if report:
            _report(workspace)
    except UndecidedError:
        st.error(_("Not done: flagged images are undecided. Decide them, or say above what they count as."))
    except (CurateError, OSError) as error:
        st.error(_("Not done: {why}", why=plain(str(error))))


def _manifest(workspace: Workspace, pending: Pending | None) -> None:
    table = manifest(workspace.root, pending=pending)
    kept = int((table["action"] != Verdict.DROP).sum())
    st.success(
        counted(
            "Manifest written: {kept:,} of {n} image stays.",
            "Manifest written: {kept:,} of {n} images stay.",
            len(table),
            kept=kept,
        )
    )


def _copy(workspace: Workspace, target: Path) -> None:
    root = workspace.read_audit()["root"]  # an address that was named when it was audited
    export(workspace.manifest, target, source=url(root), say=lambda line: st.info(plain(line)))
    check = verify(target)
    if check.ok:
        st.success(
            counted(
                "{n} image copied to {folder}, and hashed again: all as reviewed.",
                "{n} images copied to {folder}, and each hashed again: all as reviewed.",
                check.checked,
                folder=plain(str(target)),
            )
        )
    else:
        changed, missing = len(check.changed), len(check.missing)
        st.error(
            _(
                "The folder differs from the manifest: {changed:,} changed, {missing:,} missing.",
                changed=changed,
                missing=missing,
            )
        )


def _report(workspace: Workspace) -> None:
    """Write the report through the entry point that its package registers: the reviewer knows nothing of it."""
    for entry in installed("curate.report"):
        write: Callable[..., Any] = entry.load()
        try:
            files = write(workspace.root, workspace.root / "report.html", lang=session.translator().language)
        except MissingExtraError:
            break
        st.success(_("Report written: {files}.", files=plain(", ".join(str(file) for file in files))))
        return
    st.error(plain(_("The report needs more packages: pip install 'imagecurate[report]'")))
