"""How far reviewers agree, on examples worked out by hand."""

import pytest

from curate.reviewing.agreement import agreement
from curate.reviewing.second_look import Rating
from curate.schema import Action


def ratings(who: str, said: str) -> list[Rating]:
    """One letter for each image: k, d, r, or - for none."""
    actions = {"k": Action.KEEP, "d": Action.DROP, "r": Action.RELABEL}
    return [
        Rating(reviewer=who, finding_id=f"f{n}", path=f"p{n}", sha256="s", action=actions[letter])
        for n, letter in enumerate(said)
        if letter in actions
    ]


@pytest.mark.parametrize(
    ("first", "second", "shared", "agreed", "kappa"),
    [
        pytest.param("kkdd", "kkdd", 4, 4, 1.0, id="full agreement"),
        pytest.param("kkdd", "ddkk", 4, 0, -1.0, id="full disagreement"),
        pytest.param("kkdd", "kdkd", 4, 2, 0.0, id="what chance would give"),
        pytest.param("k" * 25 + "d" * 25, "k" * 20 + "d" * 20 + "k" * 10, 50, 35, 0.4, id="20, 5, 10 and 15"),
        pytest.param("kkkk", "kkkk", 4, 4, None, id="chance alone gives full agreement"),
        pytest.param("kd--", "kdkd", 2, 2, 1.0, id="only what both have rated"),
    ],
)
def test_kappa(first: str, second: str, shared: int, agreed: int, kappa: float | None) -> None:
    (found,) = agreement([*ratings("ana", first), *ratings("rui", second)])
    assert (found.first, found.second, found.shared, found.agreed) == ("ana", "rui", shared, agreed)
    assert found.kappa == (None if kappa is None else pytest.approx(kappa))


def test_a_change_of_mind_counts_and_nothing_in_common_is_no_agreement() -> None:
    assert agreement([*ratings("ana", "k-"), *ratings("rui", "-k")]) == []
    (found,) = agreement([*ratings("ana", "kk"), *ratings("rui", "kd"), *ratings("rui", "-k")])
    assert found.agreed == 2


def one(who: str, finding_id: str, path: str, action: Action, sha256: str = "s") -> Rating:
    return Rating(reviewer=who, finding_id=finding_id, path=path, sha256=sha256, action=action)


def test_an_image_counts_once_however_many_findings_there_are_about_it() -> None:
    of_one = [
        one(who, finding, "a.jpg", Action.DROP) for who in ("ana", "rui") for finding in ("dark", "blurry", "odd")
    ]
    of_other = [one("ana", "dark", "b.jpg", Action.KEEP), one("rui", "dark", "b.jpg", Action.DROP)]
    (found,) = agreement([*of_one, *of_other])
    assert (found.shared, found.agreed) == (2, 1)


def test_an_image_is_rated_by_what_both_have_rated_as_its_verdict_is_made() -> None:
    dark, blurry = "dark", "blurry"
    rated = [
        one("ana", dark, "a.jpg", Action.KEEP),
        one("ana", blurry, "a.jpg", Action.DROP),
        one("rui", dark, "a.jpg", Action.RELABEL),
        one("rui", blurry, "a.jpg", Action.DROP),
    ]
    (found,) = agreement(rated)
    assert (found.shared, found.agreed) == (1, 1)
    (found,) = agreement([rating for rating in rated if rating.finding_id == dark])
    assert (found.shared, found.agreed) == (1, 0)
    assert agreement([rated[0], rated[3]]) == []


def test_what_two_people_thought_of_different_contents_is_not_compared() -> None:
    before = [one("ana", "dark", "a.jpg", Action.DROP, "old")]
    assert agreement([*before, one("rui", "dark", "a.jpg", Action.KEEP, "new")]) == []
    both = [one("rui", "dark", "a.jpg", Action.DROP, "old"), one("rui", "dark", "a.jpg", Action.KEEP, "new")]
    (found,) = agreement([*before, *both, one("ana", "dark", "a.jpg", Action.DROP, "new")])
    assert (found.shared, found.agreed) == (2, 1)
