"""Decisions without the app: by filter, or from a CSV; they go into the same log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd

from curate.errors import CurateError, SourceError
from curate.reviewing.log import Choice
from curate.reviewing.store import Store
from curate.schema import Action, Role, Severity, Verdict
from curate.storage import safe_csv
from curate.storage.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which findings to decide; an empty tuple means any. Keepers are left alone unless `keepers`."""

    categories: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    min_score: float = 0.0
    max_score: float = 1.0
    keepers: bool = False


def now_text() -> str:
    """The present time as decisions record it: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decide(  # noqa: PLR0913 - a decision has that many parts, and each is a command-line option
    workspace: str | Path,
    selection: Selection,
    action: Action | None,
    *,
    reviewer: str,
    new_label: str | None = None,
    note: str | None = None,
    allow_no_survivor: bool = False,
) -> int:
    """Decide all findings of a selection alike; with `action` None each as its scanner suggests.

    Returns the number of decisions. Raises `CurateError` where nothing matches.
    """
    if (action is Action.RELABEL) != (new_label is not None):
        raise CurateError("relabel needs a new label, and nothing else takes one: --action relabel --to LABEL")
    ws = Workspace(Path(workspace))
    findings = _queued(ws)
    chosen = findings[[_matches(row, selection) for row in findings.to_dict("records")]]
    if chosen.empty:
        raise CurateError("no finding in the queue matches; see what there is with: curate status")
    hashes = _hashes(ws)
    choices = [
        Choice(
            finding_id=row["finding_id"],
            path=row["path"],
            sha256=hashes.get(row["path"]),
            action=action or (Action.KEEP if row["suggestion"] == Verdict.KEEP else Action.DROP),
            new_label=new_label,
        )
        for row in chosen.to_dict("records")
    ]
    return _record(ws, choices, reviewer=reviewer, note=note, allow_no_survivor=allow_no_survivor)


def decide_from_csv(
    workspace: str | Path,
    table: str | Path,
    *,
    reviewer: str,
    note: str | None = None,
    allow_no_survivor: bool = False,
) -> int:
    """Decide as a CSV says: columns `path` and `action`, and `new_label`, `finding_id` where wanted.

    A row without `finding_id` decides every finding of that image. Nothing is recorded unless every
    row can be. Returns the number of decisions.
    """
    ws = Workspace(Path(workspace))
    findings = _queued(ws)
    rows = _read_csv(Path(table))
    by_path = {str(path): part for path, part in findings.groupby("path")}
    hashes = _hashes(ws)
    choices = []
    for number, row in enumerate(rows, start=2):
        choices += _choices(f"{table}, line {number}", row, by_path, hashes)
    return _record(ws, choices, reviewer=reviewer, note=note, allow_no_survivor=allow_no_survivor)


def _read_csv(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise SourceError(f"{path} does not exist")
    try:
        frame = safe_csv.read(path)
    except (ValueError, OSError) as error:
        raise SourceError(f"{path} cannot be read as CSV ({error})") from error
    lacking = [name for name in ("path", "action") if name not in frame]
    if lacking:
        raise SourceError(f"{path} has no column {lacking[0]!r}; it needs path and action")
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _choices(
    where: str, row: dict[str, Any], by_path: dict[str, pd.DataFrame], hashes: dict[str, str | None]
) -> list[Choice]:
    if row["path"] not in by_path:
        raise SourceError(f"{where}: {row['path']!r} is not in the review queue")
    try:
        action = Action(row["action"])
    except ValueError:
        action = Action.UNDO
    if action is Action.UNDO:
        raise SourceError(f"{where}: {row['action']!r} is no action; use keep, drop, relabel or defer")
    label = row.get("new_label") if action is Action.RELABEL else None
    if action is Action.RELABEL and not label:
        raise SourceError(f"{where}: relabel needs a new_label")
    found = by_path[row["path"]]
    if row.get("finding_id"):
        found = found[found["finding_id"] == row["finding_id"]]
        if found.empty:
            raise SourceError(f"{where}: {row['path']!r} has no finding {row['finding_id']!r}")
    return [
        Choice(
            finding_id=finding_id,
            path=row["path"],
            sha256=hashes.get(row["path"]),
            action=action,
            new_label=label,
        )
        for finding_id in found["finding_id"]
    ]


def _queued(workspace: Workspace) -> pd.DataFrame:
    findings = workspace.read_findings()
    return findings[findings["severity"] != Severity.INFO]


def _hashes(workspace: Workspace) -> dict[str, str | None]:
    images = workspace.read_images()
    return dict(zip(images["path"], images["sha256"], strict=True))


def _matches(row: dict[str, Any], selection: Selection) -> bool:
    return (
        (selection.keepers or row["role"] != Role.KEEPER)
        and (not selection.categories or row["category"] in selection.categories)
        and (not selection.kinds or row["kind"] in selection.kinds)
        and (not selection.labels or row["label"] in selection.labels)
        and (not selection.paths or any(fnmatchcase(row["path"], pattern) for pattern in selection.paths))
        and selection.min_score <= row["score"] <= selection.max_score
    )


def _record(
    workspace: Workspace, choices: Sequence[Choice], *, reviewer: str, note: str | None, allow_no_survivor: bool
) -> int:
    with Store(workspace.review) as store:
        store.log.decide(choices, reviewer=reviewer, now=now_text(), note=note, allow_no_survivor=allow_no_survivor)
    return len(choices)
