"""The way out: the manifest and the cleaned folder, with the checks that the command line makes."""

from pathlib import Path

import streamlit as st

from curate.errors import CurateError
from curate.exporting import export, verify
from curate.manifests import Pending, manifest
from curate.schema import Verdict
from ui import session
from ui.pictures import plain

PENDING: dict[str, Pending | None] = {
    "Refuse while any is undecided": None,
    "Undecided pictures stay": "keep",
    "Undecided pictures go": "drop",
}


def draw() -> None:
    """Draw the page."""
    place = session.workspace()
    st.header("Export")
    choice = st.radio("Undecided pictures", list(PENDING), key="export_pending")
    folder = st.text_input("Cleaned folder", key="export_folder", placeholder="a folder that does not exist yet")
    left, right = st.columns(2)
    write = left.button("Write the manifest", key="export_manifest", width="stretch")
    copy = right.button(
        "Write the manifest and the folder", key="export_copy", type="primary", disabled=not folder, width="stretch"
    )
    if not write and not copy:
        st.caption(f"The manifest goes to {plain(str(place.manifest))}. The source is only read.")
        return
    try:
        table = manifest(place.root, pending=PENDING[choice])
        kept = int((table["action"] != Verdict.DROP).sum())
        st.success(f"Manifest written: {kept:,} of {len(table):,} pictures stay.")
        if copy:
            _copy(place.manifest, Path(folder).expanduser())
    except CurateError as error:
        st.error(plain(str(error)))


def _copy(written: Path, folder: Path) -> None:
    export(written, folder)
    found = verify(folder)
    if found.ok:
        st.success(
            f"{found.checked:,} pictures copied to {plain(str(folder))}, and each hashed again: all as reviewed."
        )
    else:
        st.error(f"The folder differs from the manifest: {len(found.changed)} changed, {len(found.missing)} missing.")
