"""The queue: what waits, in which order, narrowed to what, and on whose screen."""

import pytest

from curate.reviewing import choices
from curate.reviewing.queue import LEASE_S, QueueFilter
from curate.reviewing.store import Store
from curate.schema import Action
from tests.reviewing.samples import GROUP, NOW, ids, images


def test_the_queue_holds_groups_and_images_worst_first(store: Store) -> None:
    assert ids(store.queue.find(limit=9)) == ["g", "b/x"]
    group = store.queue.find()[0]
    assert group.is_group
    assert group.paths == ["a/big", "a/small", "a/tiny"]
    assert [row["kind"] for row in group.of("a/tiny")] == ["resized", "blurry"]
    assert store.queue.progress().images == 3, "the keeper wants no decision"


def test_a_deferred_item_stays_undecided(store: Store) -> None:
    store.log.decide(choices.decide_all(store.queue.find()[0], Action.DEFER), reviewer="ana", now=NOW)
    assert ids(store.queue.find(limit=9)) == ["g", "b/x"]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        pytest.param(QueueFilter(categories=frozenset({"duplicate"})), ["g"], id="category"),
        pytest.param(QueueFilter(kinds=frozenset({"blurry"})), ["g", "b/x"], id="kind"),
        pytest.param(QueueFilter(labels=frozenset({"b"})), ["b/x"], id="label"),
        pytest.param(QueueFilter(labels=frozenset({"b"}), kinds=frozenset({"resized"})), [], id="both on one finding"),
        pytest.param(QueueFilter(min_score=0.75), ["g"], id="score"),
        pytest.param(QueueFilter(text="TINY"), ["g"], id="text"),
        pytest.param(QueueFilter(text="100%_'"), [], id="text is no pattern"),
    ],
)
def test_filters(store: Store, chosen: QueueFilter, expected: list[str]) -> None:
    assert ids(store.queue.find(chosen, limit=9)) == expected


def test_a_decision_about_other_bytes_is_stale(store: Store) -> None:
    store.log.decide(choices.decide_all(store.queue.find(after_rank=0)[0], Action.DROP), reviewer="ana", now=NOW)
    store.queue.sync(GROUP, images(GROUP, **{"b/x": "changed"}))
    item = store.queue.find(after_rank=0)[0]
    assert item.item_id == "b/x"
    assert item.findings[0]["stale"]


def test_not_a_duplicate_is_remembered_when_the_group_is_found_under_another_name(store: Store) -> None:
    store.log.decide(choices.decide_all(store.queue.find()[0], Action.KEEP), reviewer="ana", now=NOW)
    renamed = GROUP.assign(
        finding_id=GROUP["finding_id"].str.replace("resized", "re_encoded"), group_id=GROUP["group_id"]
    )
    store.queue.sync(renamed, images(renamed))
    assert ids(store.queue.find(limit=9)) == ["b/x"]


def test_two_screens_are_handed_different_items_and_keep_what_they_have(shared: Store) -> None:
    assert ids(shared.queue.claim(holder="ana", now_s=0)) == ["a/0"]
    assert ids(shared.queue.claim(holder="rui", now_s=1, limit=2)) == ["a/1", "a/2"]
    assert ids(shared.queue.claim(holder="ana", now_s=2)) == ["a/0"]
    assert ids(shared.queue.claim(holder="ana", now_s=3, after_rank=0)) == ["a/3"], "the next one that nobody has"
    assert ids(shared.queue.claim(holder="eva", now_s=4)) == ["a/0"], "what ana let go is free again"
    assert shared.queue.claim(holder="tom", now_s=5) == []
    assert shared.queue.holders(now_s=5) == {"ana": 1, "eva": 1, "rui": 2}


def test_an_item_left_on_a_screen_is_handed_on_after_a_while(shared: Store) -> None:
    shared.queue.claim(holder="ana", now_s=0, limit=4)
    assert shared.queue.claim(holder="rui", now_s=LEASE_S - 1) == []
    assert ids(shared.queue.claim(holder="rui", now_s=LEASE_S)) == ["a/0"]


def test_a_closed_screen_lets_go_at_once(shared: Store) -> None:
    shared.queue.claim(holder="ana", now_s=0, limit=4)
    shared.queue.release(["ana"])
    assert ids(shared.queue.claim(holder="rui", now_s=1)) == ["a/0"]
