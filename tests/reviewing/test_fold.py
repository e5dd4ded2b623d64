"""The fold: what the log comes to for a finding and for an image, by itself."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.reviewing.fold import (
    IMAGE,
    Decision,
    Folded,
    QueuedFinding,
    Standing,
    fold,
    queued,
    queued_findings,
    rule,
    rule_image,
    spared,
)
from curate.schema import Action, Verdict
from tests.reviewing.samples import NOW, finding, table


def decision(number: int, action: str, **more: object) -> Decision:
    """A row of the log about finding f on p, which has the content s."""
    given: dict[str, object] = {
        "id": number,
        "batch": number,
        "finding_id": "f",
        "path": "p",
        "sha256": "s",
        "pair_sha256": None,
        "action": Action(action),
        "new_label": None,
        "reviewer": "ana",
        "note": None,
        "decided_at": NOW,
        "reverts": None,
    }
    return Decision(**(given | more))  # type: ignore[arg-type]


def images_of(*paths: str) -> pd.DataFrame:
    return pd.DataFrame({"path": paths, "label": "c", "sha256": "s"}, dtype=object)


def undo(number: int, target: Decision) -> Decision:
    return decision(number, "undo", finding_id=target.finding_id, path=target.path, reverts=target.id)


# What is in force


def test_reverting_an_undo_restores_the_decision() -> None:
    log = [decision(1, "keep"), decision(2, "drop"), decision(3, "undo", reverts=2), decision(4, "undo", reverts=3)]
    actions = [fold(log[:end]).standing["f", "p"].action for end in (1, 2, 3, 4)]
    assert actions == [Action.KEEP, Action.DROP, Action.KEEP, Action.DROP]
    assert [row.id for row in fold(log).live] == [1, 2, 4]


def test_an_undo_decides_nothing_itself() -> None:
    assert fold([decision(1, "keep"), decision(2, "undo", reverts=1)]).standing == {}


@st.composite
def logs(draw: st.DrawFn) -> list[Decision]:
    """Decisions about three findings, and undos of any row before them."""
    log: list[Decision] = []
    for number in range(1, draw(st.integers(1, 20)) + 1):
        if log and draw(st.booleans()):
            log.append(undo(number, draw(st.sampled_from(log))))
        else:
            action = draw(st.sampled_from(["keep", "drop", "defer"]))
            contents = st.sampled_from(["s", "t", None])
            log.append(
                decision(
                    number,
                    action,
                    finding_id=draw(st.sampled_from("abc")),
                    sha256=draw(contents),
                    pair_sha256=draw(contents),
                )
            )
    return log


@given(logs(), st.sets(st.sampled_from("abc")))
def test_the_rows_about_some_findings_can_be_folded_by_themselves(log: list[Decision], names: set[str]) -> None:
    whole, part = fold(log), fold([row for row in log if row.finding_id in names])
    assert part.live == [row for row in whole.live if row.finding_id in names]
    assert part.standing == {key: row for key, row in whole.standing.items() if row.finding_id in names}
    for pair, row in whole.cleared.items():
        if row.finding_id in names:
            assert part.cleared[pair] is row


# What stands for a finding


def folded(*log: Decision) -> Folded:
    return fold(log)


KEPT = decision(1, "keep", finding_id="other", path="q", sha256="s", pair_sha256="k")


@pytest.mark.parametrize(
    ("asked", "stands"),
    [
        pytest.param(QueuedFinding("f", "p", "copy", "c", "s", "k"), True, id="the same pair, by another finding"),
        pytest.param(QueuedFinding("f", "p", "copy", "c", "k", "s"), True, id="the keeper has become the copy"),
        pytest.param(QueuedFinding("f", "p", "copy", "c", "s", "t"), False, id="a copy of something else"),
        pytest.param(QueuedFinding("f", "p", "copy", "c", "t", "k"), False, id="something else a copy of it"),
        pytest.param(QueuedFinding("f", "p", "subject", "c", "s", None), False, id="no copy"),
        pytest.param(QueuedFinding("f", "p", "copy", "c", None, "k"), False, id="no content"),
    ],
)
def test_a_pair_kept_side_by_side_stays_kept(asked: QueuedFinding, stands: bool) -> None:
    assert folded(KEPT).on(asked) == (Standing(KEPT, is_stale=False) if stands else None)
    assert (asked.pair is None) is (None in {asked.sha256, asked.pair_sha256})


def test_equal_contents_are_a_pair_too() -> None:
    kept = decision(1, "keep", finding_id="other", pair_sha256="s")
    assert folded(kept).on(QueuedFinding("f", "p", "copy", "c", "s", "s")) == Standing(kept, is_stale=False)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(decision(1, "drop", finding_id="other", pair_sha256="k"), id="dropped"),
        pytest.param(decision(1, "defer", finding_id="other", pair_sha256="k"), id="deferred"),
        pytest.param(decision(1, "keep", finding_id="other"), id="kept, but called no copy"),
        pytest.param(decision(1, "keep", finding_id="other", sha256=None, pair_sha256="k"), id="without content"),
    ],
)
def test_what_was_not_kept_as_one_of_two_contents_keeps_no_pair(row: Decision) -> None:
    assert folded(row).cleared == {}


def test_of_several_that_keep_a_pair_the_latest_speaks() -> None:
    first = decision(1, "keep", finding_id="a", pair_sha256="k")
    second = decision(2, "keep", finding_id="b", sha256="k", pair_sha256="s")
    third = decision(3, "keep", finding_id="a", pair_sha256="k")
    assert folded(first, second).cleared == {frozenset("sk"): second}
    assert folded(first, second, third).cleared == {frozenset("sk"): third}


def test_its_own_decision_speaks_before_the_pair_even_when_it_is_stale() -> None:
    asked = QueuedFinding("f", "p", "copy", "c", "s", "k")
    own, stale = decision(2, "drop"), decision(2, "drop", sha256="earlier")
    assert folded(KEPT, own).on(asked) == Standing(own, is_stale=False)
    assert folded(KEPT, stale).on(asked) == Standing(stale, is_stale=True)
    assert folded(KEPT, own, undo(3, own)).on(asked) == Standing(KEPT, is_stale=False)


# What an image comes to

ABOUT_P = QueuedFinding("f", "p", "subject", "c", "s", None)
KEEPER = QueuedFinding("f", "p", "keeper", "c", "s", None)


def ruled(*stands: Standing | Decision | None, asked: QueuedFinding = ABOUT_P) -> tuple[str, str | None, int, int]:
    """Verdict, new label, how many findings wait and how many decisions are stale."""
    standing = [Standing(one, is_stale=False) if isinstance(one, Decision) else one for one in stands]
    ruling = rule_image([(asked, one) for one in standing])
    return str(ruling.verdict), ruling.new_label, len(ruling.waiting), len(ruling.stale)


KEEP, DROP, DEFER = decision(1, "keep"), decision(2, "drop"), decision(3, "defer")
TO_A, TO_B = decision(4, "relabel", new_label="a"), decision(5, "relabel", new_label="b")
STALE = Standing(DROP, is_stale=True)


@pytest.mark.parametrize(
    ("stands", "expected"),
    [
        pytest.param([None], ("pending", None, 1, 0), id="undecided"),
        pytest.param([KEEP], ("keep", None, 0, 0), id="kept"),
        pytest.param([KEEP, None], ("pending", None, 1, 0), id="one of two kept"),
        pytest.param([DROP, None], ("drop", None, 0, 0), id="dropped, so nothing else waits"),
        pytest.param([KEEP, DROP], ("drop", None, 0, 0), id="drop wins over keep"),
        pytest.param([DROP, TO_A], ("drop", None, 0, 0), id="drop wins over relabel"),
        pytest.param([KEEP, TO_A], ("relabel", "a", 0, 0), id="relabel wins over keep"),
        pytest.param([TO_B, TO_A], ("relabel", "b", 0, 0), id="the later of two labels"),
        pytest.param([TO_A, TO_B], ("relabel", "b", 0, 0), id="the later of two labels, in whatever order"),
        pytest.param([TO_A, None], ("pending", None, 1, 0), id="relabelled, but something waits"),
        pytest.param([DEFER], ("pending", None, 1, 0), id="to defer is to wait"),
        pytest.param([DEFER, DROP], ("drop", None, 0, 0), id="deferred and dropped"),
        pytest.param([STALE], ("pending", None, 1, 1), id="a stale decision decides nothing"),
        pytest.param([STALE, KEEP], ("pending", None, 1, 1), id="stale beside one that is not"),
        pytest.param([STALE, DROP], ("drop", None, 0, 1), id="stale, and dropped anew"),
    ],
)
def test_what_decisions_about_one_image_come_to(
    stands: Sequence[Standing | Decision | None], expected: tuple[str, str | None, int, int]
) -> None:
    assert ruled(*stands) == expected


@pytest.mark.parametrize(
    ("stands", "if_kept"),
    [
        pytest.param([KEEP, None], ("keep", None), id="one of two kept"),
        pytest.param([TO_A, None], ("relabel", "a"), id="relabelled, but something waits"),
        pytest.param([TO_B, TO_A, DEFER], ("relabel", "b"), id="the later of two labels, and put off"),
        pytest.param([STALE], ("keep", None), id="decided about other bytes"),
    ],
)
def test_what_waits_can_count_as_kept_or_dropped_and_what_was_decided_counts_on(
    stands: Sequence[Standing | Decision | None], if_kept: tuple[str, str | None]
) -> None:
    standing = [Standing(one, is_stale=False) if isinstance(one, Decision) else one for one in stands]
    ruling = rule_image([(ABOUT_P, one) for one in standing])
    kept, dropped = ruling.settled("keep"), ruling.settled("drop")
    assert (kept.verdict, kept.new_label) == if_kept
    assert (dropped.verdict, dropped.new_label) == ("drop", None)
    assert kept.settled("drop") == kept


@pytest.mark.parametrize(
    ("stands", "label", "expected", "if_kept"),
    [
        pytest.param([TO_A], "a", ("keep", None), ("keep", None), id="it is there"),
        pytest.param([TO_A, TO_B], "b", ("keep", None), ("keep", None), id="it is where the later of two puts it"),
        pytest.param([TO_A, TO_B], "a", ("relabel", "b"), ("relabel", "b"), id="it is where the earlier put it"),
        pytest.param([TO_A, None], "a", ("pending", None), ("keep", None), id="it is there, but something waits"),
        pytest.param([TO_A, DROP], "a", ("drop", None), ("drop", None), id="it is there, and dropped"),
    ],
)
def test_a_relabel_to_the_class_that_the_image_has_by_now_counts_as_a_keep(
    stands: Sequence[Decision | None], label: str, expected: tuple[str, str | None], if_kept: tuple[str, str | None]
) -> None:
    asked = replace(ABOUT_P, label=label)
    ruling = rule_image([(asked, one and Standing(one, is_stale=False)) for one in stands])
    kept = ruling.settled("keep")
    assert [(one.verdict, one.new_label) for one in (ruling, kept)] == [expected, if_kept]
    assert [one.id for one in ruling.decisions] == [one.id for one in stands if one]


@pytest.mark.parametrize(
    ("stands", "verdict"),
    [
        pytest.param(None, "keep", id="undecided"),
        pytest.param(DEFER, "keep", id="deferred"),
        pytest.param(STALE, "keep", id="decided about other bytes"),
        pytest.param(DROP, "drop", id="dropped"),
        pytest.param(TO_A, "relabel", id="relabelled"),
    ],
)
def test_a_keeper_never_waits_but_can_be_decided(stands: Standing | Decision | None, verdict: str) -> None:
    assert ruled(stands, asked=KEEPER)[:3] == (verdict, "a" if stands is TO_A else None, 0)


def test_a_ruling_names_what_was_applied_what_waits_and_what_is_stale() -> None:
    second = QueuedFinding("g", "p", "subject", "c", "s", None)
    third = QueuedFinding("h", "p", "subject", "c", "s", None)
    ruling = rule_image([(ABOUT_P, Standing(KEEP, is_stale=False)), (second, None), (third, STALE)])
    assert (ruling.decisions, ruling.waiting, ruling.stale) == ((KEEP,), ("g", "h"), (DROP,))


# The findings table


def test_only_a_copy_in_a_group_is_one_of_a_pair() -> None:
    rows = [
        ("1", "big", "resized", "keeper", "g", "c", "k"),
        ("2", "small", "resized", "copy", "g", "c", "s"),
        ("3", "small", "label_conflict", "copy", "g", "c", "s"),
        ("4", "small", "split_leak", "copy", "g", "c", "s"),
        ("5", "small", "blurry", "subject", None, "c", "s"),
        ("6", "left", "resized", "copy", "of another", "c", "t"),
    ]
    assert [(one.finding_id, one.pair_sha256) for one in queued_findings(rows)] == [
        ("1", None),
        ("2", "k"),
        ("3", None),
        ("4", None),
        ("5", None),
        ("6", None),
    ]


def test_what_merely_informs_is_not_ruled_on_and_images_come_in_the_order_of_their_paths() -> None:
    findings = table(
        finding("b/x"), finding("a/x"), finding("a/x", "dark"), finding("c/x", severity="info"), finding("a/x", "odd")
    )
    assert [*queued(findings)["path"]] == ["b/x", "a/x", "a/x", "a/x"]
    rulings = rule(findings, images_of("a/x", "b/x"), folded(decision(1, "keep", finding_id="dark:a/x", path="a/x")))
    assert [*rulings] == ["a/x", "b/x"]
    assert rulings["a/x"].waiting == ("blurry:a/x", "odd:a/x")
    assert rulings["b/x"].verdict is Verdict.PENDING


def test_an_image_decided_without_a_finding_is_ruled_on_while_it_is_there() -> None:
    about_image = decision(1, "drop", finding_id=IMAGE)
    rulings = rule(table(), images_of("p"), folded(about_image))
    assert {path: ruling.verdict for path, ruling in rulings.items()} == {"p": Verdict.DROP}
    assert rule(table(), images_of("another"), folded(about_image)) == {}


def test_a_decision_on_a_finding_that_is_no_longer_made_rules_on_nothing() -> None:
    assert rule(table(), images_of("p"), folded(DROP)) == {}


def test_each_decision_about_an_image_is_applied_once_with_a_finding_and_without() -> None:
    log = decision(1, "keep", finding_id="blurry:p"), decision(2, "keep", finding_id=IMAGE)
    assert rule(table(finding("p")), images_of("p"), folded(*log))["p"].decisions == log


# What nothing flags any more


@pytest.mark.parametrize(
    ("log", "found", "expected"),
    [
        pytest.param([decision(1, "drop")], [], ["p"], id="dropped"),
        pytest.param([decision(1, "relabel", new_label="d")], [], ["p"], id="given another class"),
        pytest.param([decision(1, "relabel", new_label="c")], [], [], id="given the class that it has"),
        pytest.param([decision(1, "keep")], [], [], id="kept"),
        pytest.param([decision(1, "defer")], [], [], id="put off"),
        pytest.param([decision(1, "drop"), undo(2, decision(1, "drop"))], [], [], id="taken back"),
        pytest.param([decision(1, "drop", sha256="old")], [], [], id="of other content"),
        pytest.param([decision(1, "drop", path="gone")], [], [], id="of an image that is gone"),
        pytest.param([decision(1, "drop")], ["f"], [], id="flagged, and dropped"),
        pytest.param([decision(1, "drop")], ["g"], [], id="flagged for something else, and waiting"),
        pytest.param(
            [decision(1, "drop"), decision(2, "drop", finding_id="g")], ["g"], [], id="dropped for that as well"
        ),
        pytest.param([decision(1, "drop"), decision(2, "keep", finding_id="g")], ["g"], [], id="kept in spite of that"),
        pytest.param([decision(1, "keep", finding_id="g"), decision(2, "drop")], ["g"], ["p"], id="kept before that"),
        pytest.param(
            [decision(1, "relabel", new_label="d", finding_id=IMAGE), decision(2, "drop")],
            [],
            ["p"],
            id="given another class before that",
        ),
        pytest.param(
            [decision(1, "relabel", new_label="d", finding_id=IMAGE), decision(2, "relabel", new_label="d")],
            [],
            [],
            id="given the same class before that",
        ),
        pytest.param([decision(1, "drop", finding_id=IMAGE)], [], [], id="dropped without being flagged"),
    ],
)
def test_what_a_person_changed_and_nothing_flags_any_more_is_named(
    log: list[Decision], found: list[str], expected: list[str]
) -> None:
    findings, images, folded = table(*(finding("p", finding_id=name) for name in found)), images_of("p"), fold(log)
    assert spared(findings, images, folded, rule(findings, images, folded)) == expected


def test_what_a_person_changed_is_named_where_only_another_pair_of_its_contents_was_kept() -> None:
    findings = table(
        finding("a", "same_bytes", group_id="g", role="keeper"),
        finding("p", "same_bytes", group_id="g", role="copy"),
        finding("q", "same_bytes", group_id="g", role="copy"),
    )
    images = pd.DataFrame({"path": ["a", "p", "q"], "label": "c", "sha256": "s"})
    relabel = decision(1, "relabel", new_label="d", finding_id="keeper:p")
    kept = decision(2, "keep", finding_id="earlier:q", path="q", pair_sha256="s")
    told = []
    for log in ([relabel], [relabel, kept], [relabel, kept, decision(3, "keep", finding_id="same_bytes:p")]):
        replayed = fold(log)
        told.append(spared(findings, images, replayed, rule(findings, images, replayed)))
    assert told == [[], ["p"], []], "it waits; it stays for the pair of another; it was kept itself"
