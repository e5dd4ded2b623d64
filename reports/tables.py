"""The tables of the report: pure functions from tables to tables, no files, no clock, no randomness.

Laws: in `by_kind` flagged = dropped + relabelled + kept + undecided; in `class_counts` after = before -
dropped - moved_out + moved_in, and moved_out and moved_in have the same sum; Table 1 is the one that
`curate status` prints, only narrowed to the columns that are shown.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from curate.reviewing.fold import Decision, Folded, Ruling, moved
from curate.scanners import kinds
from curate.schema import Action, Category, DecodeStatus, Role, Severity, Verdict

DECIDED = ["outcome", "new_label", "reviewer", "decided_at", "note"]
"""What `outcomes` adds to a finding."""


class Outcome(StrEnum):
    """What the review came to, seen from one finding."""

    DROPPED = "dropped"
    RELABELLED = "relabelled"
    KEPT = "kept"
    UNDECIDED = "undecided"


class State(StrEnum):
    """What has become of a row of the log."""

    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    TAKEN_BACK = "taken_back"
    STALE = "stale"
    NO_FINDING = "no_finding"
    TAKES_BACK = "takes_back"


# Table 1


def shown_categories(class_summary: pd.DataFrame) -> list[Category]:
    """Return the categories that Table 1 shows: always the first three, doubtful labels where there are any."""
    return [name for name in Category if name is not Category.LABEL or class_summary[f"{name}_flagged"].any()]


def class_summary_view(class_summary: pd.DataFrame) -> pd.DataFrame:
    """Return Table 1 with the class as a column, and only the categories that are shown."""
    columns = [f"{name}_{what}" for name in shown_categories(class_summary) for what in ("flagged", "confirmed")]
    return class_summary[["images", *columns]].reset_index()


# Findings


def outcomes(findings: pd.DataFrame, rulings: Mapping[str, Ruling]) -> pd.DataFrame:
    """Return the findings in the order of their kinds, each with what the review came to (`DECIDED`).

    All of it is None for what merely informs, and for a keeper that nobody has decided anything about.
    """
    rows = [
        {**dict.fromkeys(DECIDED), **_outcome(finding_id, role, severity, rulings.get(path))}
        for finding_id, path, role, severity in findings[["finding_id", "path", "role", "severity"]].itertuples(
            index=False
        )
    ]
    found = findings.assign(**pd.DataFrame(rows, index=findings.index, columns=DECIDED, dtype=object))
    named = zip(found["category"], found["kind"], strict=True)
    order = pd.Series([_order(category, kind) for category, kind in named], index=found.index, dtype=object)
    return found.assign(_order=order).sort_values(["_order", "path", "finding_id"], ignore_index=True)[
        [*findings.columns, *DECIDED]
    ]


def _outcome(finding_id: str, role: str, severity: str, ruling: Ruling | None) -> dict[str, Any]:
    if severity == Severity.INFO or ruling is None:
        return {}
    outcome, action = _verdict(finding_id, ruling)
    about_it = [decision for decision in ruling.decisions if decision.finding_id == finding_id]
    decided = [d for d in about_it if d.action is action] or [d for d in ruling.decisions if d.action is action]
    if role == Role.KEEPER and not decided:
        return {}
    latest = max(decided, key=lambda decision: decision.id, default=None)
    if latest is None:
        return {"outcome": str(outcome)}
    return {
        "outcome": str(outcome),
        "new_label": latest.new_label,
        "reviewer": latest.reviewer,
        "decided_at": latest.decided_at,
        "note": latest.note,
    }


def _verdict(finding_id: str, ruling: Ruling) -> tuple[Outcome, Action | None]:
    """Return what the image's ruling means for one of its findings, and the action that made it so."""
    own = {decision.action for decision in ruling.decisions if decision.finding_id == finding_id}
    if ruling.verdict is Verdict.DROP:
        return Outcome.DROPPED, Action.DROP
    if finding_id in ruling.waiting:
        return Outcome.UNDECIDED, None
    if ruling.verdict is Verdict.RELABEL or Action.RELABEL in own:
        return Outcome.RELABELLED, Action.RELABEL
    return Outcome.KEPT, Action.KEEP


def flagged(decided: pd.DataFrame) -> pd.DataFrame:
    """Select from `outcomes` the rows that ask for a decision: neither informative nor about a keeper."""
    return decided[(decided["severity"] != Severity.INFO) & (decided["role"] != Role.KEEPER)]


def by_kind(decided: pd.DataFrame) -> pd.DataFrame:
    """Count per kind the images flagged, and how many of them were dropped, relabelled, kept or are undecided."""
    columns = ["category", "kind", "flagged", *map(str, Outcome)]
    rows = [
        {"category": category, "kind": kind, "flagged": len(images), **_counts(images)}
        for (category, kind), part in _by_kind(flagged(decided))
        if len(images := _one_each(part)) > 0
    ]
    return pd.DataFrame(rows, columns=columns)


def _one_each(part: pd.DataFrame) -> pd.Series:
    """Choose one outcome per image, though it have several findings of the kind: the least settled one."""
    rank = {Outcome.DROPPED: 0, Outcome.UNDECIDED: 1, Outcome.RELABELLED: 2, Outcome.KEPT: 3}
    order = part["outcome"].map(lambda outcome: rank[Outcome(outcome)])
    return part.loc[order.sort_values(kind="stable").index].drop_duplicates("path")["outcome"]


def _counts(images: pd.Series) -> dict[str, int]:
    return {str(outcome): int((images == outcome).sum()) for outcome in Outcome}


def informational(findings: pd.DataFrame) -> pd.DataFrame:
    """Count per kind the images about which there is something to know, but nothing to decide."""
    rows = [
        {"category": category, "kind": kind, "images": part["path"].nunique()}
        for (category, kind), part in _by_kind(findings[findings["severity"] == Severity.INFO])
    ]
    return pd.DataFrame(rows, columns=["category", "kind", "images"])


def _by_kind(rows: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    groups = [((str(category), str(kind)), part) for (category, kind), part in rows.groupby(["category", "kind"])]
    return sorted(groups, key=lambda group: _order(*group[0]))


def _order(category: str, kind: str) -> tuple[int, int, str]:
    """Sort by category, then as scanners declare their kinds; those of a scanner that is gone come last."""
    return (list(Category).index(Category(category)), *kinds().rank(kind))


# Decisions


def decisions(
    log: Sequence[Decision], folded: Folded, rulings: Mapping[str, Ruling], findings: pd.DataFrame
) -> pd.DataFrame:
    """Return the log, newest first, each row with the finding it was about and what has become of it."""
    columns = ["finding_id", "path", "kind", "label", "severity"]
    about = {(row.finding_id, row.path): row for row in findings[columns].itertuples()}
    applied = {decision.id for ruling in rulings.values() for decision in ruling.decisions}
    stale = {decision.id for ruling in rulings.values() for decision in ruling.stale}
    live = {decision.id for decision in folded.live}
    followed = {decision.id for decision in moved(folded.live, log)}
    rows = []
    for decision in sorted(log, key=lambda decision: -decision.id):
        finding = about.get((decision.finding_id, decision.path))
        if decision.id not in live:
            state = State.TAKEN_BACK
        elif decision.id in stale:
            state = State.STALE
        elif decision.action is Action.UNDO:
            state = State.TAKES_BACK
        elif decision.id in applied:
            state = State.IN_FORCE
        elif decision.id in followed or folded.standing.get((decision.finding_id, decision.path)) is not decision:
            state = State.SUPERSEDED
        else:
            waits = finding is not None and finding.severity != Severity.INFO  # put off: what informs is not ruled on
            state = State.IN_FORCE if waits else State.NO_FINDING
        rows.append(
            {
                "id": decision.id,
                "decided_at": decision.decided_at,
                "reviewer": decision.reviewer,
                "action": str(decision.action),
                "new_label": decision.new_label,
                "path": decision.path,
                "label": finding.label if finding is not None else None,
                "kind": finding.kind if finding is not None else None,
                "note": decision.note,
                "state": str(state),
                "batch": decision.batch,
                "finding_id": decision.finding_id,
                "sha256": decision.sha256,
                "reverts": decision.reverts,
            }
        )
    columns = ["id", "decided_at", "reviewer", "action", "new_label", "path", "label", "kind", "note", "state"]
    return pd.DataFrame(rows, columns=[*columns, "batch", "finding_id", "sha256", "reverts"], dtype=object)


def made(decided: pd.DataFrame) -> pd.DataFrame:
    """Select from `decisions` the rows that decide something; the others take one of them back."""
    return decided[decided["action"] != Action.UNDO]


def reviewers(decided: pd.DataFrame) -> pd.DataFrame:
    """Count in `decisions` how many each reviewer made, and say when the first and the last row was written."""
    rows = [
        {
            "reviewer": name,
            "decisions": len(made(part)),
            "first": min(part["decided_at"]),
            "last": max(part["decided_at"]),
        }
        for name, part in decided.groupby("reviewer", sort=True)
    ]
    return pd.DataFrame(rows, columns=["reviewer", "decisions", "first", "last"])


def class_counts(images: pd.DataFrame, rulings: Mapping[str, Ruling]) -> pd.DataFrame:
    """Count images per class before and after the review.

    The index is the class (None sorts last). An image with anything undecided counts as still there, in its own class;
    a manifest with `--pending keep` gives it the class that a person gave it already.
    """
    moves = [_move(label, rulings.get(path)) for path, label in zip(images["path"], images["label"], strict=True)]
    labels = {move.before for move in moves} | {move.after for move in moves}
    index = pd.Index(sorted(labels, key=lambda label: (label is None, label or "")), name="label", dtype=object)
    parts = {
        "before": Counter(move.before for move in moves),
        "dropped": Counter(move.before for move in moves if not move.stays),
        "moved_out": Counter(move.before for move in moves if move.stays and move.before != move.after),
        "moved_in": Counter(move.after for move in moves if move.stays and move.before != move.after),
        "undecided": Counter(move.before for move in moves if move.undecided),
        "after": Counter(move.after for move in moves if move.stays),
    }
    return pd.DataFrame({name: [count[label] for label in index] for name, count in parts.items()}, index=index)


@dataclass(frozen=True, slots=True)
class _Move:
    """Where one image stands before and after."""

    before: str | None
    after: str | None
    stays: bool
    undecided: bool


def _move(label: str | None, ruling: Ruling | None) -> _Move:
    if ruling is None:
        return _Move(label, label, stays=True, undecided=False)
    return _Move(
        label,
        ruling.new_label or label,
        stays=ruling.verdict is not Verdict.DROP,
        undecided=ruling.verdict is Verdict.PENDING,
    )


# The files


def formats(images: pd.DataFrame) -> pd.DataFrame:
    """Sum up per file format the images, their bytes, and the smallest, median and largest resolution."""
    names = images["format"].fillna("")
    rows = [
        {"format": str(name), "images": len(part), "size_bytes": int(part["size_bytes"].sum()), **resolutions(part)}
        for name, part in images.groupby(names, sort=True)
    ]
    columns = ["format", "images", "size_bytes", "smallest", "median", "largest"]
    table = pd.DataFrame(rows, columns=columns, dtype=object)
    return table.sort_values(["images", "format"], ascending=[False, True], ignore_index=True)


def resolutions(images: pd.DataFrame) -> dict[str, str | None]:
    """Find the smallest, median and largest image by number of pixels, as width by height; None where there is none.

    Only images that could be decoded: what the header of a broken file claims is not a size.
    """
    known = images[(images["status"] != DecodeStatus.ERROR) & images["width"].notna() & images["height"].notna()]
    sizes = sorted(zip(known["width"].astype(int), known["height"].astype(int), strict=True), key=_pixels)
    if not sizes:
        return {"smallest": None, "median": None, "largest": None}
    picked = {"smallest": sizes[0], "median": sizes[(len(sizes) - 1) // 2], "largest": sizes[-1]}
    return {name: f"{width} × {height}" for name, (width, height) in picked.items()}  # noqa: RUF001 - the sign for "by"


def _pixels(size: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    return size[0] * size[1], size


def splits(images: pd.DataFrame) -> pd.DataFrame:
    """Count images by class (rows) and split (columns, "" for none); empty where the dataset has no splits."""
    if images["split"].isna().all():
        return pd.DataFrame()
    return pd.crosstab(images["label"].fillna(""), images["split"].fillna(""))


def statuses(images: pd.DataFrame) -> dict[str, int]:
    """Count the files that decoded cleanly, with damage, and not at all."""
    return {str(status): int((images["status"] == status).sum()) for status in DecodeStatus}


def skipped(files: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Count the files left out of the dataset, by reason (and its `message`), the most frequent first."""
    counts = Counter((item["reason"], item.get("message")) for item in files)
    rows = [(reason, message, count) for (reason, message), count in counts.items()]
    rows.sort(key=lambda row: (-row[2], row[0]))
    return pd.DataFrame(rows, columns=["reason", "message", "files"])
