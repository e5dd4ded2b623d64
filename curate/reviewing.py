"""What a reviewer's key means, as choices for the store: no screen, no clock, no files."""

from collections.abc import Iterable

from curate.schema import Action
from curate.store import Choice, Item


def decide_all(item: Item, action: Action, new_label: str | None = None) -> list[Choice]:
    """The same action for every picture of the item.

    For a group, `keep` says that its pictures are no copies of one another; that is remembered.
    """
    return _choices(item, dict.fromkeys(item.paths, action), new_label)


def decide_one(item: Item, path: str, action: Action, new_label: str | None = None) -> list[Choice]:
    """An action for one picture of the item, all its findings together."""
    return _choices(item, {path: action}, new_label)


def keep_only(item: Item, path: str) -> list[Choice]:
    """Keep one picture of a duplicate group and drop the others."""
    return _choices(item, {other: Action.KEEP if other == path else Action.DROP for other in item.paths}, None)


def reject(item: Item) -> list[Choice]:
    """Drop a picture; of a duplicate group drop the copies and keep the suggested keeper."""
    return keep_only(item, item.paths[0]) if item.is_group else decide_all(item, Action.DROP)


def _choices(item: Item, actions: dict[str, Action], new_label: str | None) -> list[Choice]:
    return [
        Choice(
            finding_id=row["finding_id"],
            path=row["path"],
            sha256=row["sha256"],
            action=actions[row["path"]],
            new_label=new_label if actions[row["path"]] is Action.RELABEL else None,
            seen=item.seen,
        )
        for row in item.findings
        if row["path"] in actions
    ]


def labels_of(labels: Iterable[str | None]) -> list[str]:
    """The classes to choose from when relabelling."""
    return sorted({label for label in labels if label is not None})
