"""What `--fail-on` and filters by kind name: checked when they are given, and looked for when an audit is done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curate.errors import ConfigError, suggestion

if TYPE_CHECKING:
    from curate.auditing.pipeline import Audit


def check_kinds(names: list[str]) -> None:
    """Raise `ConfigError` where one of the names is neither a kind nor a category."""
    if not names:
        return
    from curate.scanners import kinds
    from curate.schema import Category

    known = {*kinds(), *map(str, Category)}
    for name in names:
        if name not in known:
            meant = suggestion(name, known) or f"there are {', '.join(sorted(known))}. "
            raise ConfigError(f"{name!r} is neither a kind nor a category; {meant}What they mean: curate scanners")


def hits(result: Audit, names: Collection[str]) -> bool:
    """Say whether anything of these kinds or categories is left, as `left` lists it."""
    return bool(names) and any(item.kind in names or item.category in names for item in left(result))


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is left of a kind: a finding about the image at `path`, or a property of the dataset, which has none."""

    kind: str
    category: str
    severity: str
    reason: str
    path: str | None = None
    finding_id: str | None = None


def left(result: Audit) -> list[Left]:
    """List the findings that wait for a decision, by path, and then what is a property of the dataset.

    What people have decided is not left: neither what they kept, nor the other findings of an image that they dropped.
    """
    from curate.auditing.summary import OF_STATUS, flagged, rulings_of
    from curate.schema import Severity
    from curate.storage.workspace import Workspace

    columns = ["kind", "category", "severity", "reason", "path", "finding_id"]
    workspace = Workspace(result.workspace)
    rulings = rulings_of(workspace, workspace.read_images(OF_STATUS), result.findings)
    rows = flagged(result.findings).sort_values(["path", "kind", "finding_id"], kind="stable")[columns]
    found = [Left(**{str(name): value for name, value in row.items()}) for row in rows.to_dict("records")]
    return [item for item in found if item.path is None or item.finding_id in rulings[item.path].waiting] + [
        Left(kind=item.kind, category=item.category, severity=str(Severity.WARNING), reason=item.reason)
        for item in result.prevalent
    ]
