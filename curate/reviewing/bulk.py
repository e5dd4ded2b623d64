"""Decisions without the app: by filter, or from a CSV.

Invariant: they go into the same log under the same rules, all of one call or none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd

from curate.errors import CurateError, SourceError
from curate.reviewing.fold import queued
from curate.reviewing.log import Choice
from curate.reviewing.store import Store
from curate.schema import Action, Role, Verdict
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


CHOSEN = frozenset({Action.KEEP, Action.DROP, Action.RELABEL, Action.DEFER})
"""Actions that a person chooses; an undo names a row of the log and is no choice about a finding."""


def now_text() -> str:
    """Return the present time as decisions record it: UTC, to the second."""
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
    """Decide all queued findings of a selection alike; with `action` None each as its scanner suggests.

    Returns the number of decisions. Raises `CurateError` where nothing matches, or the action is none to choose.
    """
    if (action is Action.RELABEL) != (new_label is not None):
        raise CurateError("relabel needs a new label, and nothing else takes one: --action relabel --to LABEL")
    if action is not None and action not in CHOSEN:
        raise CurateError(f"{action} is no decision; use keep, drop, relabel or defer")
    ws = Workspace(Path(workspace))
    findings = queued(ws.read_findings())
    chosen = findings[[_matches(row, selection) for row in findings.to_dict("records")]]
    if chosen.empty:
        raise CurateError("no finding in the queue matches; see what there is with: curate status")
    hashes = _hashes(ws)
    choices = [
        Choice(
            finding_id=row["finding_id"],
            path=row["path"],
            sha256=hashes.get(row["path"]),
            action=action or _suggested(row),
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
    findings = queued(ws.read_findings())
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
    if row["action"] not in CHOSEN:
        raise SourceError(f"{where}: {row['action']!r} is no action; use keep, drop, relabel or defer")
    action = Action(row["action"])
    label = row.get("new_label") if action is Action.RELABEL else None
    if action is Action.RELABEL and not label:
        raise SourceError(f"{where}: relabel needs a new_label")
    findings = by_path[row["path"]]
    if row.get("finding_id"):
        findings = findings[findings["finding_id"] == row["finding_id"]]
        if findings.empty:
            raise SourceError(f"{where}: {row['path']!r} has no finding {row['finding_id']!r}")
    return [
        Choice(
            finding_id=finding_id,
            path=row["path"],
            sha256=hashes.get(row["path"]),
            action=action,
            new_label=label,
        )
        for finding_id in findings["finding_id"]
    ]


def _suggested(row: dict[str, Any]) -> Action:
    """Return the action that a scanner suggests with a finding; it can suggest to keep or to drop."""
    if row["suggestion"] not in {Verdict.KEEP, Verdict.DROP}:
        raise CurateError(f"{row['path']}: {row['suggestion']!r} is no suggestion to follow; decide it with --action")
    return Action(row["suggestion"])


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
