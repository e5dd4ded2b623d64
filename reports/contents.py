"""Everything the report says, read from the workspace once: the same state gives the same contents."""

import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from curate.auditing import summary
from curate.auditing.shortcuts import Guess
from curate.reports import tables
from curate.reviewing.fold import Ruling, fold, rule
from curate.reviewing.store import Store
from curate.schema import Verdict
from curate.storage.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a workspace holds, as the tables of `reports.tables` and a few facts.

    `outcomes` and `decisions` are whole; how much of them is shown is for the page to say.
    """

    name: str
    audited_on: date
    complete: bool
    source: str
    root: Path
    version: str
    workspace: str
    configuration: str
    findings_sha256: str
    prevalent: tuple[str, ...]
    spurious: tuple[Guess, ...]
    """How well the class can be guessed from what should say nothing about it."""
    skipped: pd.DataFrame

    images: pd.DataFrame
    table1: pd.DataFrame
    outcomes: pd.DataFrame
    decisions: pd.DataFrame
    stale: pd.DataFrame
    class_counts: pd.DataFrame
    benchmark: dict[str, Any] | None
    """What `curate benchmark` left in the workspace, if it ran."""
    totals: dict[str, int]
    """Images: all, flagged, and what became of them (a dropped keeper is dropped without being flagged)."""

    def commands(self, output: str, lang: str) -> list[str]:
        """The commands that lead here from the source and the configuration."""
        place = shlex.quote(self.workspace)
        return [
            f"curate audit {shlex.quote(self.source)} -w {place} --config curate.toml",
            f"curate review {place}",
            f"curate manifest {place}",
            f"curate report {place} -o {shlex.quote(output)} --lang {lang}",
        ]


def read(workspace: Workspace) -> Contents:
    """Read a workspace.

    Raises `WorkspaceError` where there is none, or it cannot be read.
    """
    facts = workspace.read_audit()
    images, findings = workspace.read_images(), workspace.read_findings()
    with Store(workspace.review) as store:
        log = store.log.decisions()
    folded = fold(log)
    rulings = rule(findings, dict(zip(images["path"], images["sha256"], strict=True)), folded)
    decisions = tables.decisions(log, folded, rulings, findings)
    return Contents(
        name=_name(facts["source"]),
        audited_on=_audited_on(facts, workspace),
        complete=bool(facts.get("complete", True)),
        source=str(facts["source"]),
        root=Path(facts["root"]),
        version=str(facts.get("curate", "")),
        workspace=workspace.root.absolute().name,
        configuration=workspace.config.read_text(encoding="utf-8") if workspace.config.is_file() else "",
        findings_sha256=hashlib.sha256(workspace.findings.read_bytes()).hexdigest(),
        prevalent=tuple(item["reason"] for item in facts.get("prevalent", [])),
        spurious=tuple(Guess(**item) for item in facts.get("spurious", [])),
        skipped=tables.skipped(facts.get("skipped", [])),
        images=images,
        table1=summary.table1(images, findings, rulings),
        outcomes=tables.outcomes(findings, rulings),
        decisions=decisions,
        stale=decisions[decisions["state"] == tables.State.STALE],
        class_counts=tables.class_counts(images, rulings),
        benchmark=_benchmark(workspace),
        totals=_totals(images, findings, rulings),
    )


def _totals(images: pd.DataFrame, findings: pd.DataFrame, rulings: Mapping[str, Ruling]) -> dict[str, int]:
    flagged = summary.first_category(findings)
    verdicts = Counter(ruling.verdict for ruling in rulings.values())
    return {
        "images": len(images),
        "flagged": len(flagged),
        "dropped": verdicts[Verdict.DROP],
        "relabelled": verdicts[Verdict.RELABEL],
        "kept": sum(rulings[path].verdict is Verdict.KEEP for path in flagged),
        "undecided": verdicts[Verdict.PENDING],
    }


def _name(source: str) -> str:
    """What people call the dataset: the name of its folder, or of its archive without the ending."""
    path = Path(source)
    return (path.stem if path.suffix.lower() == ".zip" else path.name) or source


def _audited_on(facts: dict[str, Any], workspace: Workspace) -> date:
    """The day (UTC) of the last audit: as it was noted, or else when its facts were written down."""
    noted = facts.get("audited_at")
    if isinstance(noted, str):
        return datetime.fromisoformat(noted).date()
    return datetime.fromtimestamp(workspace.audit.stat().st_mtime, UTC).date()


def _benchmark(workspace: Workspace) -> dict[str, Any] | None:
    path = workspace.root / "runs" / "benchmark.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
