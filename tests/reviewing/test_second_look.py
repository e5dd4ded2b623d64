"""Second looks: asked of everybody but who decided, counted, and deciding nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from curate.reviewing import choices
from curate.reviewing.agreement import agreement
from curate.reviewing.fold import fold
from curate.reviewing.store import Store
from curate.schema import Action
from tests.reviewing.samples import NOW, QUEUE, finding, ids, images, table


def test_second_looks_count_for_the_agreement_and_decide_nothing(shared: Store) -> None:
    for item, action in zip(shared.queue.find(limit=3), (Action.DROP, Action.KEEP, Action.DROP), strict=True):
        shared.log.decide(choices.decide_all(item, action), reviewer="ana", now=NOW)
    sample = shared.second_looks.sample(reviewer="rui", size=2)
    assert len(sample) == 2
    assert shared.second_looks.sample(reviewer="ana", size=9) == [], "nobody is asked about a decision of their own"
    before = fold(shared.log.decisions()).standing
    shared.second_looks.give_opinion(choices.decide_all(sample[0], Action.KEEP), reviewer="rui", now=NOW)
    assert ids(shared.second_looks.sample(reviewer="rui", size=2)) == [sample[1].item_id]
    assert fold(shared.log.decisions()).standing == before
    assert [rating.action for rating in shared.second_looks.ratings() if rating.reviewer == "rui"] == [Action.KEEP]


def test_only_what_is_decided_is_looked_at_again_and_the_sample_is_the_same_for_everybody(shared: Store) -> None:
    kept, deferred, dropped, _ = shared.queue.find(limit=4)
    for item, action in ((kept, Action.KEEP), (deferred, Action.DEFER), (dropped, Action.DROP)):
        shared.log.decide(choices.decide_all(item, action), reviewer="ana", now=NOW)
    samples = [ids(shared.second_looks.sample(reviewer=who, size=9)) for who in ("rui", "eva")]
    assert samples[0] == samples[1]
    assert set(samples[0]) == {kept.item_id, dropped.item_id}
    assert ids(shared.second_looks.sample(reviewer="rui", size=1)) == samples[0][:1]


def test_a_sample_is_of_all_the_dataset_and_the_same_whatever_the_scores(store: Store) -> None:
    def sampled(*scores: float) -> list[str]:
        findings = table(*(finding(f"{label}/{n}", score=s) for label in "ab" for n, s in enumerate(scores)))
        store.queue.sync(findings, images(findings))
        for item in store.queue.find(limit=99):
            store.log.decide(choices.decide_all(item, Action.KEEP), reviewer="ana", now=NOW)
        return ids(store.second_looks.sample(reviewer="rui", size=8))

    rising = [0.01 * number for number in range(20)]
    sample = sampled(*rising)
    assert {name.partition("/")[0] for name in sample} == {"a", "b"}, "not the first by name"
    assert sampled(*reversed(rising)) == sample


def test_nobody_is_asked_about_an_item_that_they_decided_in_part(store: Store) -> None:
    (group,) = store.queue.find()
    chosen = choices.reject(group)
    for who, path in (("ana", "a/small"), ("rui", "a/tiny")):
        store.log.decide([choice for choice in chosen if choice.path == path], reviewer=who, now=NOW)
    assert store.queue.progress().items_done == 1
    samples = {who: ids(store.second_looks.sample(reviewer=who, size=9)) for who in ("ana", "rui", "eva")}
    assert samples == {"ana": [], "rui": [], "eva": ["g"]}


def test_an_image_that_has_changed_is_looked_at_a_second_time_again(shared: Store) -> None:
    (item,) = shared.queue.find()
    shared.log.decide(choices.decide_all(item, Action.DROP), reviewer="ana", now=NOW)
    shared.second_looks.give_opinion(choices.decide_all(item, Action.DROP), reviewer="rui", now=NOW)
    shared.queue.sync(QUEUE, images(QUEUE, **{"a/0": "other"}))
    changed = shared.queue.item(item.item_id)
    assert changed is not None
    assert shared.second_looks.sample(reviewer="rui", size=9) == [], "nobody has decided it yet"
    shared.log.decide(choices.decide_all(changed, Action.KEEP), reviewer="ana", now=NOW)
    assert shared.second_looks.sample(reviewer="rui", size=9) == [shared.queue.item(item.item_id)]
    assert shared.second_looks.sample(reviewer="ana", size=9) == []
    (found,) = agreement(shared.second_looks.ratings())
    assert (found.shared, found.agreed) == (1, 1)


def test_ratings_are_decisions_in_force_before_second_looks(shared: Store) -> None:
    first, second, third = shared.queue.find(limit=3)
    shared.log.decide(choices.decide_all(third, Action.DEFER), reviewer="ana", now=NOW)
    shared.log.decide(choices.decide_all(first, Action.KEEP), reviewer="ana", now=NOW)
    shared.log.decide(choices.decide_all(second, Action.DROP), reviewer="ana", now=NOW)
    shared.log.undo(reviewer="ana", now=NOW)
    shared.second_looks.give_opinion(choices.decide_all(first, Action.DROP), reviewer="ana", now=NOW)
    assert [(one.reviewer, one.finding_id, one.path, one.action) for one in shared.second_looks.ratings()] == [
        ("ana", "blurry:a/0", "a/0", Action.KEEP),
        ("ana", "blurry:a/0", "a/0", Action.DROP),
    ]


@pytest.mark.parametrize("statement", ["UPDATE opinion SET action = 'keep'", "DELETE FROM opinion"])
def test_second_looks_are_never_rewritten(shared: Store, tmp_path: Path, statement: str) -> None:
    (item,) = shared.queue.find()
    shared.second_looks.give_opinion(choices.decide_all(item, Action.DROP), reviewer="rui", now=NOW)
    with (
        closing(sqlite3.connect(tmp_path / "review.sqlite")) as other,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        other.execute(statement)
