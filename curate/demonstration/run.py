"""The whole way on a dataset drawn in code: audit, decisions, manifest, export, report.

The dataset has planted, known defects; nothing here but the drawing knows them. The audit finds what it
finds, and the truth lies in a file apart for whoever wants to compare.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.auditing import pipeline, summary
from curate.auditing.steps import Report
from curate.dataset.export import export
from curate.dataset.manifest import manifest
from curate.demonstration import dataset as drawing
from curate.errors import CurateError, MissingExtraError
from curate.plugins import installed
from curate.reviewing import bulk
from curate.storage import safe_csv
from curate.storage.atomic import atomic_folder, explained

REVIEWER = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """Where everything lies; `report` is None where the report's packages are not installed."""

    dataset: Path
    truth: Path
    workspace: Path
    manifest: Path
    cleaned: Path
    report: Path | None


def demo(folder: str | Path = "curate-demo", *, report: Report | None = None) -> Demo:
    """Draw the dataset and take it the whole way. An earlier demo in the same folder is made anew.

    Raises `CurateError` where the folder holds anything else.
    """
    root = Path(folder)
    made = Demo(
        dataset=root / "dataset",
        truth=root / "truth.csv",
        workspace=root / "workspace",
        manifest=root / "manifest.csv",
        cleaned=root / "cleaned",
        report=root / "report.html",
    )
    _clear(root, made)
    with atomic_folder(made.dataset) as drawn:  # the truth first: by it the next demo knows this one
        safe_csv.write(drawing.draw(drawn), made.truth)
    pipeline.audit(made.dataset, made.workspace, report=report)
    bulk.decide(
        made.workspace,
        bulk.Selection(),
        None,
        reviewer=REVIEWER,
        note="as the scanner suggests",
    )
    manifest(made.workspace, made.manifest)
    export(made.manifest, made.cleaned)
    written = _write_report(made.workspace, root / "report.html")
    return Demo(**{**{name: getattr(made, name) for name in Demo.__slots__}, "report": written})


def matches(found: summary.WorkspaceStatus, truth: Path) -> bool:
    """Say whether Table 1 as flagged equals the planted truth: for whoever asks afterwards, never for the audit."""
    planted = safe_csv.read(truth).groupby(["label", "category"]).size()
    flagged = found.class_summary.iloc[:-1]
    return all(
        int(flagged.loc[label, f"{category}_flagged"]) == int(planted.get((label, category), 0))
        for label in flagged.index
        for category in ("corrupted", "duplicate", "unsuitable")
    )


def _clear(root: Path, made: Demo) -> None:
    """Delete an earlier demo in the folder; raise `CurateError` where it holds anything else."""
    if root.exists() and (not root.is_dir() or (any(root.iterdir()) and not made.truth.is_file())):
        raise CurateError(f"{root} is in use by something else; give the demo a folder that does not exist yet")
    with explained(root):
        for child in (made.dataset, made.workspace, made.cleaned):
            shutil.rmtree(child, ignore_errors=True)
        root.mkdir(parents=True, exist_ok=True)


def _write_report(workspace: Path, output: Path) -> Path | None:
    """Write the report and return its path, or None where its packages are missing.

    It is found by the entry point that the report registers: this layer knows nothing of it.
    """
    for entry in installed("curate.report"):
        write: Callable[..., Any] = entry.load()
        try:
            write(workspace, output)
        except MissingExtraError:
            return None
        return output
    return None
