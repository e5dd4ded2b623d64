"""From measurements to findings: every scanner's judgement, what holds for all of them, and nothing else.

Pure: the same features and settings give the same findings, in the same order.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from curate.config import JudgeSettings
from curate.measuring import features
from curate.scanners import Finding, Scanner
from curate.schema import CATEGORY_OF, Category, Kind, Severity


@dataclass(frozen=True, slots=True)
class Prevalent:
    """A check that hits so many images that it describes the dataset rather than any of them."""

    kind: Kind
    images: int
    share: float
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """The findings as a table (`schema.FINDINGS`), and the checks set aside as properties of the dataset."""

    findings: pd.DataFrame
    prevalent: list[Prevalent]


def judge(frame: pd.DataFrame, scanners: Sequence[Scanner], settings: JudgeSettings) -> Judgement:
    """Let every scanner judge all images, and set aside what hits so many that it describes the dataset."""
    found = [(scanner, finding) for scanner in scanners for finding in scanner.judge(features.view(frame, scanner))]
    asked = frozenset[Kind]().union(*(scanner.asked for scanner in scanners))
    prevalent = _prevalent([finding for _, finding in found], len(frame), settings, asked)
    aside = {item.kind for item in prevalent}
    table = _table([(scanner, finding) for scanner, finding in found if finding.kind not in aside])
    table["category"] = [str(CATEGORY_OF[Kind(kind)]) for kind in table["kind"]]
    labels = dict(zip(frame["path"], frame["label"], strict=True))
    table["label"] = pd.Series([labels[path] for path in table["path"]], dtype=object)
    return Judgement(table, prevalent)


def _prevalent(
    found: Sequence[Finding], images: int, settings: JudgeSettings, asked: frozenset[Kind]
) -> list[Prevalent]:
    """Only opinions about suitability and labels can be set aside; damage and copies are facts."""
    if images < settings.prevalence_min_images:
        return []
    hit: dict[Kind, set[str]] = {}
    for finding in found:
        if CATEGORY_OF[finding.kind] in (Category.UNSUITABLE, Category.LABEL) and finding.severity is not Severity.INFO:
            hit.setdefault(finding.kind, set()).add(finding.path)
    return [
        Prevalent(
            kind,
            len(paths),
            len(paths) / images,
            f"{len(paths):,} of {images:,} images ({len(paths) / images:.0%}) are {str(kind).replace('_', ' ')}: "
            "that is a property of this dataset, so none of them is queued for it.",
        )
        for kind, paths in sorted(hit.items())
        if len(paths) > images * (settings.prevalence_asked if kind in asked else settings.prevalence)
    ]


def _table(findings: Sequence[tuple[Scanner, Finding]]) -> pd.DataFrame:
    """Findings as rows of `schema.FINDINGS`, without labels; sorted by id and path."""
    rows = [
        {
            "finding_id": finding.finding_id(scanner.name),
            "kind": str(finding.kind),
            "path": finding.path,
            "group_id": finding.group_id,
            "role": str(finding.role),
            "score": round(float(finding.score), 6),
            "severity": str(finding.severity),
            "reason": finding.reason,
            "suggestion": str(finding.suggestion),
            "evidence": json.dumps(finding.evidence, sort_keys=True, ensure_ascii=False),
            "scanner": scanner.name,
            "scanner_version": scanner.version,
        }
        for scanner, finding in findings
    ]
    frame = pd.DataFrame(rows, columns=[*_COLUMNS], dtype=object).astype(
        {"score": "float64", "scanner_version": "int64"}
    )
    return frame.sort_values(["finding_id", "path"], ignore_index=True)


_COLUMNS = (
    "finding_id",
    "kind",
    "path",
    "group_id",
    "role",
    "score",
    "severity",
    "reason",
    "suggestion",
    "evidence",
    "scanner",
    "scanner_version",
)
