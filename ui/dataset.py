"""The image table, held once for all sessions, for looking up single images without reading the file again."""

import hashlib
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import streamlit as st

from curate.errors import WorkspaceError
from curate.storage.workspace import Workspace

COLUMNS = (
    "path", "label", "split", "sha256", "size_bytes", "format", "width", "height", "mode", "frames", "status",
)  # fmt: skip
SAMPLED = 64


def row(workspace: Workspace, path: str) -> dict[str, Any]:
    """Return what the audit knows of one image; empty where it knows nothing."""
    table = _table(workspace)
    found = table.filter(pc.equal(table["path"], path)).to_pylist()
    return dict(found[0]) if found else {}


def longer_side(workspace: Workspace, path: str) -> int | None:
    """Return the longer side of an image in pixels, if it has one."""
    known = row(workspace, path)
    return max(known["width"], known["height"]) if known.get("width") and known.get("height") else None


def count(workspace: Workspace) -> int:
    """Count the images."""
    return int(_table(workspace).num_rows)


def classes(workspace: Workspace) -> list[str]:
    """Return the classes to choose from when relabelling."""
    return sorted(value for value in pc.unique(_table(workspace)["label"]).to_pylist() if value is not None)


def others(workspace: Workspace, label: str | None, path: str, number: int) -> list[tuple[str, str]]:
    """Return path and sha256 of some sound images of a class, the same ones each time, to compare another with."""
    sample = _sample(str(workspace.root), _stamp(workspace), label)
    return [(name, sha256) for name, sha256 in sample if name != path][:number]


def _table(workspace: Workspace) -> pa.Table:
    return _read(str(workspace.root), _stamp(workspace))


def _stamp(workspace: Workspace) -> int:
    try:
        return workspace.images.stat().st_mtime_ns
    except OSError as error:
        raise WorkspaceError(f"{workspace.images} is missing; run: curate audit SOURCE -w {workspace.root}") from error


@st.cache_resource(max_entries=2, show_spinner=False)
def _read(root: str, stamp: int) -> pa.Table:
    path = f"{root}/images.parquet"
    try:
        return pq.read_table(path, columns=list(COLUMNS))
    except (OSError, pa.ArrowException) as error:
        raise WorkspaceError(f"{path} is damaged ({error}); run the audit again") from error


@st.cache_data(max_entries=256, show_spinner=False)
def _sample(root: str, stamp: int, label: str | None) -> list[tuple[str, str]]:
    table = _read(root, stamp)
    same = pc.is_null(table["label"]) if label is None else pc.equal(table["label"], label)
    sound = table.filter(pc.and_(pc.fill_null(same, False), pc.equal(table["status"], "ok"))).select(["path", "sha256"])
    step = max(1, sound.num_rows // SAMPLED)
    rows = sound.take(pa.array(range(0, sound.num_rows, step))).to_pylist()
    rows.sort(key=lambda item: hashlib.sha256(item["path"].encode()).digest())
    return [(item["path"], item["sha256"]) for item in rows[:SAMPLED] if item["sha256"]]
