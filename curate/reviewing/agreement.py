"""How far reviewers agree: pure arithmetic on what each of them thinks of each image.

One stroke rates all findings about an image, so that a finding is no unit: an image with three would count three times.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from curate.reviewing.second_look import Rating
from curate.schema import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two reviewers agree on the images that both have rated: `agreed` of those that are `shared`.

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
    """Return the agreement of each two reviewers with images in common; the last rating by a person counts.

    Of an image count the findings that both have rated, the strongest action of each: drop over relabel over keep, as
    in the verdict. A file that has changed is another image.
    """
    actions: dict[str, dict[tuple[str, str | None], dict[str, Action]]] = {}
    for rating in ratings:
        image = rating.path, rating.sha256
        actions.setdefault(rating.reviewer, {}).setdefault(image, {})[rating.finding_id] = rating.action
    agreements = []
    for first, second in combinations(sorted(actions), 2):
        images = actions[first].keys() & actions[second].keys()
        both = [_on_both(actions[first][image], actions[second][image]) for image in images]
        if pairs := [pair for pair in both if pair is not None]:
            agreed = sum(one == other for one, other in pairs)
            kappa = _kappa(pairs, agreed)
            agreements.append(Agreement(first=first, second=second, shared=len(pairs), agreed=agreed, kappa=kappa))
    return agreements


_STRONGEST_FIRST = (Action.DROP, Action.RELABEL, Action.KEEP)


def _on_both(first: Mapping[str, Action], second: Mapping[str, Action]) -> tuple[Action, Action] | None:
    """Return what two people think of an image, by the findings that both have rated; None where there is none."""
    common = first.keys() & second.keys()
    if not common:
        return None
    of_first, of_second = ({given[finding_id] for finding_id in common} for given in (first, second))
    return _strongest(of_first), _strongest(of_second)


def _strongest(actions: Collection[Action]) -> Action:
    return next(action for action in _STRONGEST_FIRST if action in actions)


def _kappa(pairs: list[tuple[Action, Action]], agreed: int) -> float | None:
    size = len(pairs)
    ones, others = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    by_chance = sum(ones[action] * others[action] for action in ones) / size**2
    return None if by_chance == 1 else (agreed / size - by_chance) / (1 - by_chance)
