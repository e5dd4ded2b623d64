"""How far reviewers agree: pure, on what each of them thinks of each finding."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from curate.reviewing.second_look import Rating
from curate.schema import Action


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
