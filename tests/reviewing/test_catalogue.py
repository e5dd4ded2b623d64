"""Every image, flagged or not: found by where it stands, and in the order asked for."""

import pandas as pd
import pytest

from curate.reviewing import choices
from curate.reviewing.catalogue import ImageFilter, Order
from curate.reviewing.fold import IMAGE
from curate.reviewing.store import Store
from curate.schema import Action, State
from tests.reviewing.samples import GROUP, NOW, images


@pytest.fixture
def filled(store: Store) -> Store:
    """The group and the image of the queue, and one that nothing flags."""
    frame = images(GROUP)
    clean = pd.DataFrame([("b/clean", "b", "sha-clean")], columns=["path", "label", "sha256"], dtype=object)
    store.queue.sync(GROUP, pd.concat([frame, clean], ignore_index=True))
    return store


def paths(store: Store, *, order: Order = Order.NAME, **chosen: object) -> list[str]:
    return [entry.path for entry in store.catalogue.find(ImageFilter(**chosen), order=order)]  # type: ignore[arg-type]


def decide(store: Store, path: str, action: Action, label: str | None = None, *, reviewer: str = "ana") -> None:
    (entry,) = store.catalogue.entries([path])
    store.log.decide(choices.decide_image(entry, action, label), reviewer=reviewer, now=NOW)


def test_images_come_in_the_order_asked_for(filled: Store) -> None:
    assert paths(filled, order=Order.NAME) == ["a/big", "a/small", "a/tiny", "b/clean", "b/x", "b/y"]
    assert paths(filled, order=Order.SCORE) == ["a/small", "a/tiny", "b/x", "a/big", "b/clean", "b/y"]
    assert paths(filled, order=Order.CLASS)[:3] == ["a/big", "a/small", "a/tiny"]
    assert [e.path for e in filled.catalogue.find(start=2, limit=2)] == ["a/tiny", "b/clean"]


@pytest.mark.parametrize("order", Order)
def test_what_comes_after_an_image_leaves_none_out_that_waits_whatever_was_decided_before(
    store: Store, order: Order
) -> None:
    frame = images(GROUP)
    unlabelled = pd.DataFrame([("c/0", None, "sha-0"), ("c/1", None, "sha-1")], columns=["path", "label", "sha256"])
    store.queue.sync(GROUP, pd.concat([frame, unlabelled], ignore_index=True))
    waiting = ImageFilter(states=frozenset({State.CLEAR, State.UNDECIDED}))
    there = paths(store, order=order)
    passed: list[str] = []
    while page := store.catalogue.find(waiting, order=order, after=passed[-1] if passed else None, limit=2):
        passed += [entry.path for entry in page]
        for path in passed[-2:]:
            decide(store, path, Action.DEFER)
    assert passed == there
    assert store.catalogue.find(order=order, after="of another audit") == []


def test_images_are_found_by_where_they_stand_and_by_whom(filled: Store) -> None:
    decide(filled, "b/x", Action.RELABEL, "a", reviewer="rui")
    decide(filled, "b/clean", Action.DROP)
    decide(filled, "a/small", Action.DEFER)
    assert paths(filled, states=frozenset({State.RELABELLED})) == ["b/x"]
    assert paths(filled, states=frozenset({State.DROPPED})) == ["b/clean"]
    assert paths(filled, states=frozenset({State.LATER})) == ["a/small"]
    assert paths(filled, states=frozenset({State.UNDECIDED})) == ["a/tiny"]
    assert paths(filled, states=frozenset({State.CLEAR})) == ["a/big", "b/y"]
    assert paths(filled, reviewers=frozenset({"rui"})) == ["b/x"]
    assert paths(filled, labels=frozenset({"b"}), text="CLEAN") == ["b/clean"]
    assert paths(filled, kinds=frozenset({"blurry"})) == ["a/tiny", "b/x"]
    assert paths(filled, min_score=0.9) == ["a/small"]
    assert filled.catalogue.facets() == {
        "state": {"clear": 2, "dropped": 1, "later": 1, "relabelled": 1, "undecided": 1},
        "label": {"a": 3, "b": 3},
        "reviewer": {"ana": 1, "rui": 1},
        "kind": {"blurry": 2, "resized": 3},
    }
    assert len(paths(filled, kinds=frozenset({"resized"}))) == 3, "with the keeper, as is counted"


def test_a_score_is_asked_of_the_kinds_that_are_asked_for(filled: Store) -> None:
    """As in the queue and by `curate decide`: what is bad for another reason is not decided for this one."""
    assert paths(filled, kinds={"blurry"}, min_score=0.6) == ["b/x"]
    assert paths(filled, kinds={"blurry", "resized"}, min_score=0.6) == ["a/small", "a/tiny", "b/x"]
    assert paths(filled, kinds={"blurry"}, min_score=0.5) == ["a/tiny", "b/x"]
    assert filled.catalogue.count(ImageFilter(kinds=frozenset({"blurry"}), min_score=0.6)) == 1


def test_an_image_that_nothing_flags_is_decided_and_restored(filled: Store) -> None:
    decide(filled, "b/clean", Action.DROP)
    (entry,) = filled.catalogue.entries(["b/clean"])
    assert (entry.state, entry.reviewer, entry.item_id) == (State.DROPPED, "ana", None)
    decide(filled, "b/clean", Action.KEEP)
    assert filled.catalogue.entries(["b/clean"])[0].state == State.KEPT
    filled.log.undo(reviewer="ana", now=NOW)
    filled.log.undo(reviewer="ana", now=NOW)
    assert filled.catalogue.entries(["b/clean"])[0].state == State.CLEAR
    assert {decision.finding_id for decision in filled.log.decisions()} == {IMAGE}


def test_a_decision_about_other_bytes_does_not_stand(filled: Store) -> None:
    decide(filled, "b/x", Action.DROP)
    filled.queue.sync(GROUP, images(GROUP, **{"b/x": "another"}))
    assert filled.catalogue.entries(["b/x"])[0].state == State.UNDECIDED


def test_classes_are_those_of_the_dataset_and_those_decided(filled: Store) -> None:
    assert filled.catalogue.classes() == {"a", "b"}
    decide(filled, "b/x", Action.RELABEL, "birds")
    assert filled.catalogue.classes() == {"a", "b", "birds"}
