"""What a reviewer's key means, as choices for the log: pure, no screen, no clock, no files."""

from collections.abc import Iterable, Mapping
from typing import Any

from curate.reviewing.catalogue import Entry, itself
from curate.reviewing.fold import is_class
from curate.reviewing.log import Choice
from curate.reviewing.queue import Item
from curate.schema import Action, Role, Verdict


def decide_all(item: Item, action: Action, new_label: str | None = None) -> list[Choice]:
    """Choose the same action for every image of an item.

    For a group, `keep` says that its images are no copies of one another; that is remembered.
    """
    return _choices(item, dict.fromkeys(item.paths, action), new_label)


def keep_only(item: Item, path: str, new_label: str | None = None) -> list[Choice]:
    """Keep one image of a group of duplicates, under another class where one is given, and drop the others."""
    kept = Action.RELABEL if new_label is not None else Action.KEEP
    return _choices(item, {other: kept if other == path else Action.DROP for other in item.paths}, new_label)


def reject(item: Item) -> list[Choice]:
    """Drop an image; of a group of duplicates drop all but its `survivor`, or all where it has none."""
    if item.is_group and (kept := survivor(item)) is not None:
        return keep_only(item, kept)
    return decide_all(item, Action.DROP)


def survivor(item: Item) -> str | None:
    """Return the image of a group that is suggested to stay: the first that is not to go for a reason of its own.

    The keeper is the first of all. None where every image is to go.
    """
    return next((path for path in item.paths if not faults(item.of(path))), None)


def faults(findings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the findings about an image that suggest to drop it whether or not it is a copy."""
    return [row for row in findings if row["role"] == Role.SUBJECT and row["suggestion"] == Verdict.DROP]


def decide_image(entry: Entry, action: Action, new_label: str | None = None) -> list[Choice]:
    """Choose an action for one image by itself: for every finding about it, or for the image where it has none."""
    rows = entry.findings or [itself(entry)]
    return [_choice(row, action, new_label, entry.as_of) for row in rows]


def _choices(item: Item, actions: Mapping[str, Action], new_label: str | None) -> list[Choice]:
    return [_choice(row, actions[row["path"]], new_label, item.as_of) for row in item.findings]


def _choice(row: Mapping[str, Any], action: Action, new_label: str | None, as_of: int) -> Choice:
    if is_class(action, new_label, row["label"]):
        action = Action.KEEP
    return Choice(
        finding_id=row["finding_id"],
        path=row["path"],
        sha256=row["sha256"],
        action=action,
        new_label=new_label if action is Action.RELABEL else None,
        as_of=as_of,
    )
