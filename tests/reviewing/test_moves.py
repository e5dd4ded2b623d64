"""Moved images keep their decisions: by content, scanner, kind and role, once, and with a note."""

from dataclasses import replace

import pandas as pd
import pytest

from curate.reviewing.fold import IMAGE, Decision, fold, moved, rule
from curate.reviewing.moves import carried
from curate.schema import Action, State
from tests.reviewing.samples import NOW, finding, table

BEFORE = table(finding("a/old"))
LOG = [
    Decision(
        id=1, batch=1, finding_id="blurry:a/old", path="a/old", sha256="s", pair_sha256=None, action=Action.DROP,
        new_label=None, reviewer="ana", note="out of focus", decided_at=NOW, reverts=None,
    )
]  # fmt: skip


def test_a_decision_goes_where_the_bytes_have_gone() -> None:
    (one,) = carried(LOG, BEFORE, table(finding("b/new")), {"b/new": "s"})
    assert (one.decision, one.finding_id, one.path) == (LOG[0], "blurry:b/new", "b/new")
    assert one.note == "out of focus (moved from a/old)"
    assert replace(one, decision=replace(LOG[0], note=None)).note == "moved from a/old"


def test_all_places_of_the_bytes_take_it_in_the_order_of_their_findings() -> None:
    after = table(finding("c/new"), finding("b/new"))
    assert [one.path for one in carried(LOG, BEFORE, after, {"b/new": "s", "c/new": "s"})] == ["b/new", "c/new"]


@pytest.mark.parametrize(
    ("after", "hashes"),
    [
        pytest.param(table(finding("b/new")), {"a/old": "t", "b/new": "s"}, id="the image is still at its path"),
        pytest.param(table(finding("b/new")), {"b/new": "t"}, id="other bytes"),
        pytest.param(table(finding("b/new")), {"b/new": None}, id="no bytes"),
        pytest.param(table(finding("b/new", "dark")), {"b/new": "s"}, id="another kind"),
        pytest.param(table(finding("b/new", role="copy")), {"b/new": "s"}, id="another role"),
        pytest.param(table(finding("b/new", scanner="another")), {"b/new": "s"}, id="another scanner"),
    ],
)
def test_nothing_else_takes_it(after: pd.DataFrame, hashes: dict[str, str | None]) -> None:
    assert carried(LOG, BEFORE, after, hashes) == []


def test_a_finding_with_a_decision_of_its_own_is_left_alone() -> None:
    own = Decision(
        id=2, batch=2, finding_id="blurry:b/new", path="b/new", sha256="s", pair_sha256=None, action=Action.KEEP,
        new_label=None, reviewer="rui", note=None, decided_at=NOW, reverts=None,
    )  # fmt: skip
    assert carried([*LOG, own], BEFORE, table(finding("b/new")), {"b/new": "s"}) == []


def test_of_two_that_left_the_same_bytes_the_first_decision_moves() -> None:
    second = Decision(
        id=2, batch=2, finding_id="blurry:a/twin", path="a/twin", sha256="s", pair_sha256=None, action=Action.KEEP,
        new_label=None, reviewer="rui", note=None, decided_at=NOW, reverts=None,
    )  # fmt: skip
    before = table(finding("a/twin"), finding("a/old"))
    (moved,) = carried([*LOG, second], before, table(finding("b/new")), {"b/new": "s"})
    assert moved.decision == LOG[0]


def test_of_several_that_left_the_same_bytes_each_goes_to_the_place_most_like_its_own() -> None:
    """As where the folder above all classes was renamed: which of equal copies stays is not drawn anew."""
    log = [
        replace(LOG[0], id=number, path=path, finding_id=f"blurry:{path}", action=action)
        for number, (path, action) in enumerate(
            [("old/cats/1.jpg", Action.DROP), ("old/dogs/1.jpg", Action.KEEP), ("old/dogs/2.jpg", Action.DROP)], 1
        )
    ]
    places = ["new/cats/1.jpg", "new/dogs/1.jpg", "new/dogs/2.jpg"]
    before, after = (table(*(finding(path) for path in paths)) for paths in ([row.path for row in log], places))
    moved = carried(log, before, after, dict.fromkeys(places, "s"))
    assert [(one.decision.path[3:], one.path[3:]) for one in moved] == [(path[3:], path[3:]) for path in places]
    itself = [replace(row, finding_id=IMAGE) for row in log]
    moved = carried(itself, before, table(), dict.fromkeys(places, "s"))
    assert [(one.decision.path[3:], one.path[3:]) for one in moved] == [(path[3:], path[3:]) for path in places]


@pytest.mark.parametrize(
    ("action", "is_carried"), [(Action.DROP, True), (Action.RELABEL, True), (Action.KEEP, False), (Action.DEFER, False)]
)
def test_what_was_decided_of_a_keeper_holds_when_its_closest_copy_has_gone(action: Action, is_carried: bool) -> None:
    """The finding about a keeper bears the kind of its closest copy, and so another id when that copy goes or comes."""
    log = [replace(LOG[0], finding_id="same_bytes:a/old", action=action)]
    before = table(finding("a/old", "same_bytes", role="keeper"))
    after = table(finding("a/old", "resized", role="keeper"))
    moved = carried(log, before, after, {"a/old": "s", "b/same": "s"})
    found = [(one.finding_id, one.path, one.note) for one in moved]
    assert found == ([("resized:a/old", "a/old", "out of focus")] if is_carried else [])
    assert carried(log, before, before, {"a/old": "s"}) == [], "its finding is there"
    assert carried(log, before, after, {"a/old": "t"}) == [], "other bytes"
    across = table(finding("a/old", "label_conflict", role="keeper"))
    assert carried(log, before, across, {"a/old": "s"}) == [], "that says where copies stand"


@pytest.mark.parametrize(
    ("kind", "keeper", "contents", "is_carried"),
    [
        pytest.param("resized", "c/big", {"c/big": "k"}, True, id="its class was renamed"),
        pytest.param("label_conflict", "c/big", {"c/big": "k"}, True, id="what stands in several classes too"),
        pytest.param("resized", "c/big", {"c/big": "other"}, False, id="a copy of another image"),
        pytest.param("resized", "c/big", {"c/big": None}, False, id="nobody knows of what"),
        pytest.param("resized", "b/big", {"b/big": "k"}, False, id="its finding is there"),
    ],
)
def test_what_was_decided_of_a_copy_holds_when_the_image_that_stays_has_moved(
    kind: str, keeper: str, contents: dict[str, str | None], *, is_carried: bool
) -> None:
    """The finding about a copy has the path of its keeper in its id."""

    def group(keeper: str) -> pd.DataFrame:
        copy = finding("a/old", kind, role="copy", group_id=keeper, finding_id=f"copy of {keeper}")
        return table(copy, finding(keeper, kind, role="keeper", group_id=keeper))

    log = [replace(LOG[0], finding_id="copy of b/big")]
    moved = carried(log, group("b/big"), group(keeper), {"a/old": "s", **contents}, {"a/old": "s", "b/big": "k"})
    found = [(one.finding_id, one.path, one.note) for one in moved]
    assert found == ([(f"copy of {keeper}", "a/old", "out of focus")] if is_carried else [])


def _copies(keeper: str, *copies: str, kind: str = "same_bytes") -> pd.DataFrame:
    """Return the findings of a group, with ids as scanners make them: that of a copy holds its keeper."""
    group = {"group_id": keeper}
    first = finding(keeper, kind, role="keeper", finding_id=f"{kind}:{keeper}", **group)
    return table(
        first, *(finding(one, kind, role="copy", finding_id=f"{kind}:{one}:{keeper}", **group) for one in copies)
    )


def _decided(*choices: tuple[str, str, Action]) -> list[Decision]:
    return [
        replace(LOG[0], id=number, finding_id=finding_id, path=path, action=action)
        for number, (finding_id, path, action) in enumerate(choices, 1)
    ]


@pytest.mark.parametrize("kind", ["same_bytes", "label_conflict"])
def test_of_equal_images_the_one_that_moves_keeps_its_decision_and_no_other_takes_it(kind: str) -> None:
    """Which of equal images is suggested to stay follows from their names, and so turns round when one is renamed."""
    log = _decided((f"{kind}:a/1", "a/1", Action.DROP), (f"{kind}:b/1:a/1", "b/1", Action.KEEP))
    before, after = _copies("a/1", "b/1", kind=kind), _copies("b/1", "z/1", kind=kind)
    moved = carried(log, before, after, {"b/1": "s", "z/1": "s"}, {"a/1": "s", "b/1": "s"})
    assert [(one.decision.id, one.path) for one in moved] == [(1, "z/1")]


def test_what_was_decided_of_one_of_equal_images_goes_with_it_when_it_is_deleted() -> None:
    now, earlier = dict.fromkeys(["b/1", "c/1"], "s"), dict.fromkeys(["a/1", "b/1", "c/1"], "s")
    before = _copies("a/1", "b/1", "c/1")
    keeper = _decided(("same_bytes:a/1", "a/1", Action.DROP))
    assert carried(keeper, before, _copies("b/1", "c/1"), now, earlier) == []
    copy = _decided(("same_bytes:b/1:a/1", "b/1", Action.DROP))
    now = dict.fromkeys(["a/1", "c/1"], "s")
    assert carried(copy, before, _copies("a/1", "c/1"), now, earlier) == []
    itself = _decided((IMAGE, "b/1", Action.DROP))
    assert carried(itself, before, _copies("a/1", "c/1"), now, earlier) == []


@pytest.mark.parametrize("action", [Action.DROP, Action.RELABEL, Action.KEEP])
def test_a_keeper_that_was_dropped_is_so_when_another_is_to_stay(action: Action) -> None:
    """The pair was kept side by side, as the copy was decided: that would keep it in silence."""
    log = _decided(("same_bytes:a/2", "a/2", action), ("same_bytes:b/1:a/2", "b/1", Action.KEEP))
    before, after = _copies("a/2", "b/1"), _copies("a/1", "a/2", "b/1")
    earlier = dict.fromkeys(["a/2", "b/1"], "s")
    moved = carried(log, before, after, {**earlier, "a/1": "s"}, earlier)
    kept = [(2, "b/1")]
    assert [(one.decision.id, one.path) for one in moved] == ([(1, "a/2"), *kept] if action is Action.DROP else kept)


@pytest.mark.parametrize(
    ("now", "is_carried"),
    [
        pytest.param(["b/1", "c/1", "z/1"], True, id="the one that stays is called otherwise"),
        pytest.param(["b/1", "c/1"], False, id="the one that stays has gone"),
    ],
)
def test_a_copy_that_was_dropped_is_so_when_it_is_the_one_to_stay(now: list[str], *, is_carried: bool) -> None:
    """Unless the one that it was dropped for has gone: no image is lost that nobody meant to lose."""
    log = _decided(("same_bytes:b/1:a/1", "b/1", Action.DROP), ("same_bytes:c/1:a/1", "c/1", Action.DROP))
    earlier = dict.fromkeys(["a/1", "b/1", "c/1"], "s")
    moved = carried(log, _copies("a/1", "b/1", "c/1"), _copies(*now), dict.fromkeys(now, "s"), earlier)
    assert [(one.decision.id, one.path) for one in moved] == ([(1, "b/1")] if is_carried else []) + [(2, "c/1")]


def test_of_equal_images_that_move_together_each_takes_what_was_decided_of_it() -> None:
    log = _decided(("same_bytes:a/2:a/1", "a/2", Action.DROP))
    now = ["b/1", "b/2", "b/3", "b/new"]
    earlier = dict.fromkeys(["a/1", "a/2", "a/3"], "s")
    moved = carried(log, _copies("a/1", "a/2", "a/3"), _copies(*now), dict.fromkeys(now, "s"), earlier)
    assert [(one.decision.id, one.path) for one in moved] == [(1, "b/2")]


def test_a_decision_whose_finding_nobody_knows_stays_where_it_was() -> None:
    assert carried(LOG, table(finding("a/other")), table(finding("b/new")), {"b/new": "s"}) == []


def test_a_decision_about_an_image_that_nobody_flagged_moves_with_the_image() -> None:
    log = [replace(LOG[0], finding_id=IMAGE)]
    after = {"b/new": "s", "c/new": "s", "d/other": "t"}
    assert [(one.finding_id, one.path) for one in carried(log, BEFORE, table(), after)] == [
        (IMAGE, "b/new"), (IMAGE, "c/new")
    ]  # fmt: skip
    decided = [*log, replace(LOG[0], id=2, finding_id=IMAGE, path="b/new")]
    assert [one.path for one in carried(decided, BEFORE, table(), after)] == ["c/new"]
    assert carried(log, BEFORE, table(), {"a/old": "t", "b/new": "s"}) == []
    back = carried(log, BEFORE, table(), {"b/new": "s", "c/other": "t"}, {"c/other": "t"})
    assert [one.path for one in back] == ["b/new"], "it was away at the last audit"
    unread = [replace(log[0], sha256=None)]
    assert carried(unread, BEFORE, table(), {"b/new": None}) == [], "of what nobody could read none is the same image"


@pytest.mark.parametrize("finding_id", [IMAGE, None])
def test_decisions_follow_images_that_are_numbered_anew(finding_id: str | None) -> None:
    """Where the first of 1, 2, 3 has gone, the names of two are those of others, which decisions were about too."""
    names = ["a/1", "a/2", "a/3"]
    log = [
        replace(LOG[0], id=number, path=path, finding_id=finding_id or f"blurry:{path}", sha256=f"s{number}", note=None)
        for number, path in enumerate(names, 1)
    ]
    before, after = table(*map(finding, names)), table(*map(finding, names[:2]))
    earlier = {"a/1": "s1", "a/2": "s2", "a/3": "s3"}
    now = {"a/1": "s2", "a/2": "s3"}
    moved = carried(log, before, after, now, earlier)
    assert [(one.decision.id, one.path, one.note) for one in moved] == [
        (2, "a/1", "moved from a/2"),
        (3, "a/2", "moved from a/3"),
    ]
    log += [
        replace(one.decision, id=3 + number, path=one.path, finding_id=one.finding_id)
        for number, one in enumerate(moved, 1)
    ]
    assert carried(log, after, after, now, now) == [], "once"
    assert carried(log, after, after, now, earlier) == []


def test_what_was_written_anew_at_its_path_has_not_moved() -> None:
    after = table(finding("b/new"))
    assert carried(LOG, BEFORE, after, {"a/old": "t", "b/new": "s"}, {"a/old": "s", "b/new": "u"}) == []
    assert carried(LOG, BEFORE, after, {"a/old": None, "b/new": "s"}, {"a/old": "s", "b/new": None}) == []
    assert carried(LOG, BEFORE, after, {"a/old": "t", "b/new": "s"}, {"a/old": "t", "b/new": "t"}) == []


def test_what_was_taken_back_after_a_move_does_not_come_again() -> None:
    moved = replace(LOG[0], id=2, path="b/new", finding_id=IMAGE)
    undo = replace(moved, id=3, action=Action.UNDO, reverts=2)
    log = [replace(LOG[0], finding_id=IMAGE), moved, undo]
    assert carried(log, BEFORE, table(), {"b/new": "s"}) == []


@pytest.mark.parametrize(
    ("change", "is_listed"),
    [
        pytest.param({}, False, id="it followed its image"),
        pytest.param({"sha256": "other"}, True, id="another image"),
        pytest.param({"note": "moved from a/old"}, True, id="another note"),
        pytest.param({"action": Action.KEEP}, True, id="another decision"),
        pytest.param({"reviewer": "rui"}, True, id="somebody else's"),
        pytest.param({"decided_at": "2031-01-01T00:00:00Z"}, True, id="of another time"),
        pytest.param({"new_label": "b"}, True, id="into another class"),
    ],
)
def test_a_decision_that_has_followed_its_image_is_not_listed_as_of_one_that_changed(
    change: dict[str, str], *, is_listed: bool
) -> None:
    (one,) = carried(LOG, BEFORE, table(finding("b/new")), {"b/new": "s", "a/old": "t"}, {"a/old": "s", "c": "t"})
    there = replace(LOG[0], id=2, batch=2, finding_id=one.finding_id, path=one.path, note=one.note)
    findings = table(finding("a/old"), finding("b/new"))
    images = pd.DataFrame({"path": ["a/old", "b/new"], "label": ["a", "b"], "sha256": ["t", "s"]})
    rulings = rule(findings, images, fold([*LOG, replace(there, **change)]))
    assert rulings["a/old"].stale == (tuple(LOG) if is_listed else ())
    assert rulings["a/old"].state is State.UNDECIDED, "what stands there now wants a decision of its own"
    assert moved([*LOG, replace(there, **change)], LOG) == (set() if is_listed else set(LOG))


def test_an_image_that_was_copied_elsewhere_has_not_left_its_path() -> None:
    both = {"a/old": "s", "b/new": "s"}
    assert carried(LOG, BEFORE, table(finding("a/old"), finding("b/new")), both, {"a/old": "s"}) == []
    keeper = [replace(LOG[0], finding_id="same_bytes:a/old")]
    before, after = (
        table(finding(path, kind, role="keeper")) for path, kind in (("a/old", "same_bytes"), ("b/new", "resized"))
    )
    assert carried(keeper, before, after, both, {"a/old": "s"}) == [], "the group is led by another place of its bytes"
