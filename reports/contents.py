"""Everything the report says, read from the workspace once: the same state gives the same contents."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from curate import config
from curate.auditing import settings, summary
from curate.auditing.judge import DatasetProperty
from curate.auditing.shortcuts import Guess
from curate.errors import WorkspaceError
from curate.i18n import Message
from curate.reports import tables
from curate.reviewing.fold import Ruling, fold, rule
from curate.reviewing.store import Store
from curate.schema import Verdict
from curate.shell import typed
from curate.sources import Source, source_at
from curate.storage.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a workspace holds, as the tables of `reports.tables` and a few facts.

    `outcomes` and `decisions` are whole; how much of them is shown is for the page to say.
    """

    name: str
    audited_on: date | None
    """The day (UTC) of the last audit, where the audit has noted it."""
    complete: bool
    address: str
    """What a person named as the source."""
    source: Source
    version: str
    workspace: str
    configuration: str
    findings_sha256: str
    remarks: tuple[Message, ...]
    """What is true of the dataset as a whole: of its classes and names, and checks that hit most of it."""
    spurious: tuple[Guess, ...]
    """How well the class can be guessed from what should say nothing about it."""
    skipped: pd.DataFrame

    images: pd.DataFrame
    class_summary: pd.DataFrame
    outcomes: pd.DataFrame
    decisions: pd.DataFrame
    stale: pd.DataFrame
    class_counts: pd.DataFrame
    benchmark: dict[str, Any] | None
    """What `curate benchmark` left in the workspace, if it ran."""
    totals: dict[str, int]
    """Images: all, flagged, and what became of them (a dropped keeper is dropped without being flagged)."""

    def commands(self, output: str, lang: str, runs: Sequence[str] = ()) -> list[str]:
        """Return the commands that lead here from the source, the configuration and folders of trained networks."""
        shown = [word for run in runs for word in ("--run", run)]
        return [
            typed("curate", "audit", self.address, "-w", self.workspace, "--config", "curate.toml"),
            typed("curate", "review", self.workspace),
            typed("curate", "manifest", self.workspace),
            typed("curate", "report", self.workspace, "-o", output, "--lang", lang, *shown),
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
    rulings = rule(findings, images, folded)
    decisions = tables.decisions(log, folded, rulings, findings)
    return Contents(
        name=_name(facts["source"]),
        audited_on=_audited_on(facts),
        complete=bool(facts.get("complete", True)),
        address=str(facts["source"]),
        source=source_at(facts["root"]),
        version=str(facts.get("curate", "")),
        workspace=workspace.root.absolute().name,
        configuration=_configuration(workspace, facts),
        findings_sha256=hashlib.sha256(workspace.findings.read_bytes()).hexdigest(),
        remarks=(
            *(Message.from_json(note) for name in ("notes", "remarks") for note in facts.get(name, [])),
            *(DatasetProperty.from_json(item).message for item in facts.get("prevalent", [])),
        ),
        spurious=tuple(Guess(**item) for item in facts.get("spurious", [])),
        skipped=tables.skipped(facts.get("skipped", [])),
        images=images,
        class_summary=summary.class_summary(images, findings, rulings),
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
        "not_flagged": sum(
            ruling.verdict in (Verdict.DROP, Verdict.RELABEL) and path not in flagged
            for path, ruling in rulings.items()
        ),
    }


def _name(source: str) -> str:
    """Return what people call the dataset: the name of its folder, or of its archive without the ending."""
    path = Path(source)
    return (path.stem if path.suffix.lower() in (".zip", ".tar") else path.name) or source


def _audited_on(facts: Mapping[str, Any]) -> date | None:
    try:
        return datetime.fromisoformat(facts["audited_at"]).date()
    except (KeyError, TypeError, ValueError):
        return None


def _configuration(workspace: Workspace, facts: Mapping[str, Any]) -> str:
    """Write the settings that the findings came from; the file may have been edited since, and not judged."""
    judged_by = settings.kept(facts)
    if judged_by is not None:
        return config.dump(judged_by)
    return workspace.config.read_text(encoding="utf-8") if workspace.config.is_file() else ""


def _benchmark(workspace: Workspace) -> dict[str, Any] | None:
    path = workspace.root / "runs" / "benchmark.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None
    except (OSError, ValueError, TypeError) as error:
        raise WorkspaceError(f"{path} cannot be read; run `curate benchmark` again, or remove it") from error
