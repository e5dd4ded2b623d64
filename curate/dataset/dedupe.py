"""Which images, from wherever they come, are copies of each other: the duplicate scanner on links to them.

Invariant: whatever the number of images and of copies among them, every copy is found: here a check that
hits most images is no reason to be silent about it.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from curate.auditing import pipeline
from curate.config import Config, JudgeSettings
from curate.errors import SourceError
from curate.schema import Category, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """One file to look at."""

    file: Path
    label: str


def groups(staged: Sequence[Staged], scratch: Path) -> pd.DataFrame:
    """A row per file, in order: `sha256`, `status`, and `group`, the same for all copies of one image.

    `scratch` is a folder to work in; it is removed. Raises `SourceError` naming a file that is not there.
    """
    labels = {label: f"c{index}" for index, label in enumerate(sorted({item.label for item in staged}))}
    folder = scratch / "images"
    paths = []
    for index, item in enumerate(staged):
        if not os.access(item.file, os.R_OK):
            raise SourceError(
                f"{item.file} cannot be read; has the source moved since the scan, or is the manifest of another "
                "dataset?"
            )
        path = Path(labels[item.label]) / f"{index:08}{item.file.suffix}"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(item.file.resolve())
        paths.append(path.as_posix())
    every_hit = Config(judge=JudgeSettings(prevalence=1.0))
    audit = pipeline.audit(folder, scratch / "ws", configuration=every_hit)
    shutil.rmtree(scratch)
    images = audit.images.set_index("path").reindex(paths)
    return pd.DataFrame(
        {
            "sha256": images["sha256"].tolist(),
            "status": images["status"].tolist(),
            "group": _joined(paths, images["sha256"].tolist(), audit.findings),
        },
        dtype=object,
    )


def _joined(paths: Sequence[str], hashes: Sequence[str | None], findings: pd.DataFrame) -> list[str]:
    """Findings that share an image make one group, which bears the smallest hash of its members."""
    leader = {path: path for path in paths}

    def find(path: str) -> str:
        while leader[path] != path:
            leader[path] = leader[leader[path]]
            path = leader[path]
        return path

    copies = findings[(findings["category"] == Category.DUPLICATE) & (findings["severity"] != Severity.INFO)]
    for _, rows in copies.groupby("group_id"):
        first, *rest = rows["path"]
        for other in rest:
            leader[find(other)] = find(first)
    name: dict[str, str] = {}
    for path, sha256 in zip(paths, hashes, strict=True):
        key = sha256 or path
        top = find(path)
        name[top] = min(name.get(top, key), key)
    return [name[find(path)] for path in paths]
