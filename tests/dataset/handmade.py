"""Manifests written by hand, for tests of what happens to their rows: files of a few bytes stand for images."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import pandas as pd

import curate
from curate.schema import FINDINGS
from curate.storage import safe_csv
from curate.storage.workspace import Workspace, write_table
from tests import sample_images
from tests.reviewing.samples import finding, table

DOCUMENTS = frozenset({"README.md", "croissant.json"})
"""What lies beside every export that is a folder."""


class Row(NamedTuple):
    """One image of a manifest: where it lies below the source, its bytes, and what the manifest says of it."""

    path: str
    label: str | None
    final_label: str | None = None
    split: str | None = None
    data: bytes | None = None
    action: str = "keep"
    format: str | None = "PNG"

    @property
    def content(self) -> bytes:
        return self.path.encode() if self.data is None else self.data


def manifest(folder: Path, *rows: Row, write: bool = True) -> Path:
    """Write FOLDER/manifest.csv and, below FOLDER/source, the images it names; no final label means the label."""
    source = folder / "source"
    for row in rows if write else ():
        (source / row.path).parent.mkdir(parents=True, exist_ok=True)
        (source / row.path).write_bytes(row.content)
    table = pd.DataFrame(
        [
            {
                "path": row.path,
                "label": row.label,
                "split": row.split,
                "format": row.format,
                "sha256": hashlib.sha256(row.content).hexdigest(),
                "action": row.action,
                "final_label": row.final_label or row.label,
                "source": str(source),
            }
            for row in rows
        ],
        dtype=object,
    )
    safe_csv.write(table, folder / "manifest.csv")
    return folder / "manifest.csv"


def looked_into_more_closely(folder: Path) -> Path:
    """Audit FOLDER/set, whose images 0 to 3, 4 to 7, ... are copies as far as the audit knows, but in nothing else.

    Write FOLDER/approved.csv, which keeps all but the first of each four.
    """
    paths = [f"a/{number:02}.png" for number in range(16)]
    for number, path in enumerate(paths):
        sample_images.save(sample_images.photo(number), folder / "set" / path)
    curate.audit(folder / "set", folder / "ws")
    found = [finding(path, "cropped", group_id=f"group {number // 4}") for number, path in enumerate(paths)]
    write_table(table(*found), FINDINGS, Workspace(folder / "ws").findings)
    curate.decide(folder / "ws", curate.Selection(), "keep", reviewer="ana")
    curate.decide(folder / "ws", curate.Selection(paths=paths[::4]), "drop", reviewer="ana")
    curate.manifest(folder / "ws", folder / "approved.csv")
    return folder / "approved.csv"


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
