"""What a reviewer's key means, as choices for the store: no screen, no clock, no files."""

from curate.reviewing.log import Choice
from curate.reviewing.queue import Item
from curate.schema import Action


def decide_all(item: Item, action: Action, new_label: str | None = None) -> list[Choice]:
    """The same action for every image of the item.

    For a group, `keep` says that its images are no copies of one another; that is remembered.
    """
    return _choices(item, dict.fromkeys(item.paths, action), new_label)


def keep_only(item: Item, path: str) -> list[Choice]:
    """Keep one image of a duplicate group and drop the others."""
    return _choices(item, {other: Action.KEEP if other == path else Action.DROP for other in item.paths}, None)


def reject(item: Item) -> list[Choice]:
    """Drop an image; of a duplicate group drop the copies and keep the suggested keeper."""
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
