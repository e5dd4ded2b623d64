"""The way out: the manifest, the cleaned folder and the report, with the checks that the command line makes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import streamlit as st

from curate.dataset.export import export, verify
from curate.dataset.manifest import approve
from curate.errors import CurateError, MissingExtraError, UndecidedError
from curate.options import Layout, Pending
from curate.plugins import installed
from curate.reviewing.fold import spared_note
from curate.reviewing.store import Store
from curate.schema import State, Verdict
from curate.sources.address import url
from curate.sources.columns import is_list
from curate.storage.names import first_of
from curate.storage.workspace import Workspace
from curate.ui import session
from curate.ui.markdown import plain
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
    _outlook(workspace, pending)
    forms = _forms()
    form, where = st.columns([1, 2])
    layout = form.selectbox(_("Form"), list(forms), format_func=forms.__getitem__, key="export_layout")
    if layout == "list":
        name, hint = _("List"), _("a file that does not exist yet: .csv, .jsonl or .parquet")
    else:
        name, hint = _("Cleaned folder"), _("a folder that does not exist yet")
    target = where.text_input(name, key="export_folder", placeholder=hint).strip()
    left, middle, right = st.columns(3)
    write = left.button(_("Write the manifest"), key="export_manifest", type="primary", width="stretch")
    both = _("Write the manifest and the list") if layout == "list" else _("Write the manifest and the folder")
    copy = middle.button(both, key="export_copy", disabled=not target, width="stretch")
    report = right.button(_("Write the report"), key="export_report", width="stretch")
    written = plain(str(workspace.manifest))
    st.caption(_("The manifest goes to {path}. The source is only read.", path=written))
    try:
        if write or copy:
            _manifest(workspace, pending)
        if copy:
            with st.spinner(_("Copying and hashing again ...")):
                _copy(workspace, Path(target).expanduser(), layout)
        if report:
            with st.spinner(_("Writing the report ...")):
                _report(workspace)
    except UndecidedError:
        st.error(_("Not done: flagged images are undecided. Decide them, or say above what they count as."))
    except (CurateError, OSError) as error:
        st.error(_("Not done: {why}", why=plain(str(error))))


def _outlook(workspace: Workspace, pending: Pending | None) -> None:
    """Say what will go and stay before anything is written, and lead to the images that were dropped."""
    number = session.translator().number
    with Store(workspace.review) as store:
        states = store.catalogue.facets()["state"]
    waiting = states.get(State.UNDECIDED, 0) + states.get(State.LATER, 0)
    gone = states.get(State.DROPPED, 0)
    stays, relabelled, go, open_ones = st.columns(4)
    will_go = gone + (waiting if pending == "drop" else 0)
    will_stay = sum(states.values()) - gone - (0 if pending == "keep" else waiting)
    stays.metric(_("Stay"), number(will_stay))
    relabelled.metric(_("Of them relabelled"), number(states.get(State.RELABELLED, 0)))
    go.metric(_("Go"), number(will_go))
    open_ones.metric(_("Undecided"), number(waiting))
    pages = st.session_state.get("pages")
    if pages and gone:
        look = counted("Look at the {n} image that goes", "Look at the {n} images that go", gone)
        if st.button(look, key="export_look", icon=":material/grid_view:"):
            session.show_every_image()
            st.session_state.images_view = "dropped"
            st.switch_page(pages["images"])


def _manifest(workspace: Workspace, pending: Pending | None) -> None:
    table, spared = approve(workspace.root, pending=pending)
    kept = int((table["action"] != Verdict.DROP).sum())
    st.success(
        counted(
            "Manifest written: {kept:,} of {n} image stays.",
            "Manifest written: {kept:,} of {n} images stay.",
            len(table),
            kept=kept,
        )
    )
    if spared:
        note = session.translator().render(spared_note(len(spared)))
        st.warning(plain(f"{note} ({first_of(spared)})"))


def _forms() -> dict[Layout, str]:
    """Return what `curate export --as` writes, each in a few words."""
    titles: dict[Layout, str] = {
        "folder": _("Folder per class"),
        "imagefolder": _("Folder per class, with metadata.csv (datasets)"),
        "webdataset": _("Tar shards (WebDataset)"),
        "parquet": _("Parquet (Hugging Face Hub)"),
        "fiftyone": _("FiftyOne, with the findings"),
        "label-studio": _("Label Studio: doubtful labels as tasks"),
        "list": _("List of where the images are"),
    }
    return {layout: titles[layout] for layout in get_args(Layout)}


def _copy(workspace: Workspace, target: Path, layout: Layout) -> None:
    if layout == "list" and not is_list(target):
        raise CurateError(_("the name of a list ends in .csv, .jsonl or .parquet"))
    root = workspace.read_audit()["root"]  # an address that was named when it was audited
    export(workspace.manifest, target, source=url(root), layout=layout, say=lambda line: st.info(plain(line)))
    check = verify(target)
    if check.ok:
        st.success(
            counted(
                "Written to {folder}, and {n} file hashed again: all as reviewed.",
                "Written to {folder}, and {n} files hashed again: all as reviewed.",
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
    st.error(plain(_('The report needs more packages: pip install "imagecurate[report]"')))
