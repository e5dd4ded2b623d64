"""The image table, held once for all sessions, for looking up single images without reading the file again."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import streamlit as st

from curate.errors import WorkspaceError
from curate.shell import typed
from curate.storage.workspace import Workspace

COLUMNS = (
    "path", "label", "split", "sha256", "size_bytes", "format", "width", "height", "mode", "frames", "status",
)  # fmt: skip


def rows(workspace: Workspace, paths: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what the audit knows of several images, by path."""
    table = _table(workspace)
    found = table.filter(pc.is_in(table["path"], pa.array(paths, pa.string()))).to_pylist()
    return {known["path"]: known for known in found}


def count(workspace: Workspace) -> int:
    """Count the images."""
    return int(_table(workspace).num_rows)


def _table(workspace: Workspace) -> pa.Table:
    return _read(str(workspace.root), _stamp(workspace))


def _stamp(workspace: Workspace) -> int:
    try:
        return workspace.images.stat().st_mtime_ns
    except OSError as error:
        again = typed("curate", "audit", "SOURCE", "-w", workspace.root)
        raise WorkspaceError(f"{workspace.images} is missing; run: {again}") from error


@st.cache_resource(max_entries=2, show_spinner=False)
def _read(root: str, stamp: int) -> pa.Table:
    path = f"{root}/images.parquet"
    try:
        return pq.read_table(path, columns=list(COLUMNS))
    except (OSError, pa.ArrowException) as error:
        raise WorkspaceError(f"{path} is damaged ({error}); run the audit again") from error
