"""From measurements to findings: every scanner's judgement, what holds for all of them, and nothing else.

Pure: the same features and settings give the same findings, in the same order.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from curate.duplicates import kinds
from curate.findings import Finding, KindSpec
from curate.i18n import N_, Message
from curate.schema import FINDINGS, GROUP_KINDS, Category, Role, Severity
from curate.storage import memory

if TYPE_CHECKING:
    from curate.config import JudgeSettings
    from curate.scanners import Scanner

_PREVALENT = N_(
    "{title}: {count:,} of {images:,} images ({share:.0%}). That is a property of this dataset, so none of them is "
    "queued for it."
)
_PREVALENT_IN_CLASS = N_(
    "Class {label}: {title}: {count:,} of {images:,} images ({share:.0%}). That is a property of this class, so none "
    "of them is queued for it."
)


@dataclass(frozen=True, slots=True)
class DatasetProperty:
    """A check that hits so many images that it describes the dataset, or its class `label`, rather than any of them."""

    kind: str
    category: str
    images: int
    share: float
    message: Message
    label: str | None = None
    """The class that it holds for; None: the whole dataset."""

    @property
    def reason(self) -> str:
        """The message in English."""
        return str(self.message)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `audit.json`."""
        return {
            "kind": self.kind,
            "category": self.category,
            "images": self.images,
            "share": self.share,
            "label": self.label,
            "reason": self.reason,
            "message": self.message.to_json(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> DatasetProperty:
        """Read what `to_json` returned."""
        message = Message.from_json(stored["message"])
        label = stored.get("label")  # audits before there were properties of classes lack it
        return cls(stored["kind"], stored["category"], stored["images"], stored["share"], message, label)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The findings as a table (`schema.FINDINGS`), and the checks set aside as properties of the dataset or a class.

    `remarks` are what scanners say of the dataset as a whole.
    """

    findings: pd.DataFrame
    prevalent: list[DatasetProperty]
    remarks: list[Message]


def judge(frame: pd.DataFrame, scanners: Sequence[Scanner], settings: JudgeSettings) -> Judgement:
    """Let every scanner judge all images, and set aside what hits so many that it describes the dataset or a class."""
    from curate.measuring import features  # with all that a scanner needs: who only reads what was found does without

    found: list[tuple[Scanner, Finding]] = []
    for scanner in scanners:
        found += ((scanner, finding) for finding in scanner.judge(features.view(frame, scanner)))
        memory.give_back()
    required = frozenset[KindSpec]().union(*(scanner.required_kinds for scanner in scanners))
    labels = dict(zip(frame["path"], frame["label"], strict=True))
    prevalent = _prevalent(_hits([finding for _, finding in found]), labels, settings, required)
    aside = {(item.kind, item.label) for item in prevalent}

    def is_kept(finding: Finding) -> bool:
        of_all, of_class = (finding.kind.name, None), (finding.kind.name, labels[finding.path])
        return aside.isdisjoint((of_all, of_class)) or not _is_opinion(finding)

    remarks = [remark for scanner in scanners for remark in scanner.remarks]
    return Judgement(_table([pair for pair in found if is_kept(pair[1])], labels), prevalent, remarks)


def _hits(found: Sequence[Finding]) -> dict[KindSpec, set[str]]:
    """Collect by kind the images that opinions ask a person about: damage and exact copies are facts."""
    hit: dict[KindSpec, set[str]] = {}
    for finding in found:
        is_keeper = finding.role is Role.KEEPER and finding.kind.name not in GROUP_KINDS
        if _is_opinion(finding) and finding.severity is not Severity.INFO and not is_keeper:
            hit.setdefault(finding.kind, set()).add(finding.path)
    return hit


def _prevalent(
    hit: Mapping[KindSpec, Set[str]],
    labels: Mapping[str, str | None],
    settings: JudgeSettings,
    required: frozenset[KindSpec],
) -> list[DatasetProperty]:
    """Set aside checks that hit most images of the dataset, and those on content that hit most of a class.

    A class is not judged by its copies or doubtful labels: they tie images to others, in other classes too.
    """
    sizes = Counter(labels.values())
    properties = []
    for kind, paths in sorted(hit.items(), key=lambda item: item[0].name):
        limit = settings.prevalence_required if kind in required else settings.prevalence
        if _is_most(len(paths), len(labels), limit, settings):
            properties.append(_property(kind, len(paths), len(labels)))
        elif kind.category is Category.UNSUITABLE:
            in_class = Counter(labels[path] for path in paths)
            properties += [
                _property(kind, count, sizes[label], label)
                for label, count in sorted((label, count) for label, count in in_class.items() if label is not None)
                if _is_most(count, sizes[label], limit, settings)
            ]
    return properties


def _is_most(count: int, images: int, limit: float, settings: JudgeSettings) -> bool:
    """Say whether `count` of so many images is a property of them, and not of each."""
    return images >= settings.prevalence_min_images and count > limit * images


def _property(kind: KindSpec, count: int, images: int, label: str | None = None) -> DatasetProperty:
    share = count / images
    values = {"title": Message(kind.title), "count": count, "images": images, "share": share}
    message = Message(_PREVALENT, values) if label is None else Message(_PREVALENT_IN_CLASS, {"label": label, **values})
    return DatasetProperty(kind.name, str(kind.category), count, share, message, label)


def _is_opinion(finding: Finding) -> bool:
    """Return whether a finding may be mistaken: no damage, no exact copy, and nothing that follows from exact ones."""
    if finding.kind.category is Category.DUPLICATE:
        return finding.kind not in kinds.EXACT and not finding.evidence.get("exact", False)
    return finding.kind.category in (Category.UNSUITABLE, Category.LABEL)


def _table(findings: Sequence[tuple[Scanner, Finding]], labels: Mapping[str, str | None]) -> pd.DataFrame:
    """Make findings rows of `schema.FINDINGS`, sorted by id and path."""
    rows = [
        {
            "finding_id": finding.finding_id(scanner.name),
            "category": str(finding.kind.category),
            "kind": finding.kind.name,
            "path": finding.path,
            "label": labels[finding.path],
            "group_id": finding.group_id,
            "role": str(finding.role),
            "score": round(float(finding.score), 6),
            "severity": str(finding.severity),
            "reason": finding.reason,
            "suggestion": str(finding.suggestion),
            "evidence": json.dumps(finding.evidence, sort_keys=True, ensure_ascii=False),
            "scanner": scanner.name,
            "scanner_version": scanner.version,
            "message": finding.message.to_json(),
        }
        for scanner, finding in findings
    ]
    frame = pd.DataFrame(rows, columns=FINDINGS.names, dtype=object).astype(
        {"score": "float64", "scanner_version": "int64"}
    )
    return frame.sort_values(["finding_id", "path"], ignore_index=True)
