"""What a reviewer's key means, as choices for the store: no screen, no clock, no files."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from curate.reviewing.store import Choice, Item, Rating
from curate.schema import Action


def decide_all(item: Item, action: Action, new_label: str | None = None) -> list[Choice]:
    """The same action for every image of the item.

    For a group, `keep` says that its images are no copies of one another; that is remembered.
    """
    return _choices(item, dict.fromkeys(item.paths, action), new_label)


def decide_one(item: Item, path: str, action: Action, new_label: str | None = None) -> list[Choice]:
    """An action for one image of the item, all its findings together."""
    return _choices(item, {path: action}, new_label)


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


def labels_of(labels: Iterable[str | None]) -> list[str]:
    """The classes to choose from when relabelling."""
    return sorted({label for label in labels if label is not None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two reviewers agree on the findings that both have rated.

    `kappa` is Cohen's: agreement beyond what chance would give (J. Cohen, "A coefficient of agreement for
    nominal scales", Educational and Psychological Measurement 20, 1960). None where both always say the same
    one thing: chance alone would give full agreement then.
    """

    first: str
    second: str
    shared: int
    agreed: int
    kappa: float | None


def agreement(ratings: Iterable[Rating]) -> list[Agreement]:
    """Every pair of reviewers with findings in common; of several ratings by one person the last counts."""
    said: dict[str, dict[tuple[str, str], Action]] = {}
    for rating in ratings:
        said.setdefault(rating.reviewer, {})[rating.finding_id, rating.path] = rating.action
    found = []
    for first, second in combinations(sorted(said), 2):
        both = sorted(said[first].keys() & said[second].keys())
        if both:
            pairs = [(said[first][key], said[second][key]) for key in both]
            agreed = sum(one == other for one, other in pairs)
            found.append(
                Agreement(first=first, second=second, shared=len(both), agreed=agreed, kappa=_kappa(pairs, agreed))
            )
    return found


def _kappa(pairs: list[tuple[Action, Action]], agreed: int) -> float | None:
    size = len(pairs)
    ones, others = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    by_chance = sum(ones[action] * others[action] for action in ones) / size**2
    return None if by_chance == 1 else (agreed / size - by_chance) / (1 - by_chance)
