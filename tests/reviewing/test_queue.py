"""The queue: what waits, in which order, narrowed to what, and on whose screen."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.reviewing import choices, queue
from curate.reviewing.queue import LEASE_S, Queue, QueueFilter, ReviewProgress
from curate.reviewing.store import Store
from curate.schema import Action
from tests.reviewing.samples import GROUP, NOW, finding, ids, images, table

NAMES = ["a", "B", "é", "e\u0301", "\ufffd", "\U0001f600", "a/b", "a b", ""]
"""In an order that systems may see otherwise: those of Unicode beyond its first plane among them."""

# Items and their order


def test_the_queue_holds_groups_and_images_worst_first(store: Store) -> None:
    assert ids(store.queue.find(limit=9)) == ["g", "b/x"]
    group = store.queue.find()[0]
    assert group.is_group
    assert group.paths == ["a/big", "a/small", "a/tiny"]
    assert [row["kind"] for row in group.of("a/tiny")] == ["resized", "blurry"]
    assert store.queue.progress().images == 3, "the keeper wants no decision"


def test_an_item_has_all_that_the_findings_table_says_of_it_but_whose_finding_it_is(store: Store) -> None:
    (row,) = store.queue.find(after_rank=0)[0].findings
    said = {name: value for name, value in finding("b/x", score=0.7).items() if not name.startswith("scanner")}
    assert {name: row[name] for name in said} == said
    assert row["sha256"] == "sha-b/x"


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), unique=True), st.randoms())
def test_a_queue_knows_the_findings_that_it_was_filled_from_in_any_order(names: list[Any], random: Random) -> None:
    findings = table(*(finding(path, finding_id=finding_id) for finding_id, path in names))
    other = table(*(finding(path, finding_id=f"{finding_id}x") for finding_id, path in names[:1]))
    information = table(finding("c", severity="info"))
    random.shuffle(names)
    again = table(*(finding(path, finding_id=finding_id) for finding_id, path in names))
    with TemporaryDirectory() as folder, Store(Path(folder) / "review.sqlite") as store, store_in_parts(2):
        store.queue.sync(findings, images(findings))
        assert store.queue.is_of(pd.concat([again, information]))
        assert not store.queue.is_of(pd.concat([again, other])) or not names
        assert not names or not store.queue.is_of(pd.concat([again[1:], other]))
        assert not names or not store.queue.is_of(again[1:])


@contextmanager
def store_in_parts(names: int) -> Iterator[None]:
    """Let so many names of findings be compared at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, "_AT_A_TIME", names)
        yield


def test_conflicts_and_leaks_come_first_then_errors_then_the_higher_score(store: Store) -> None:
    findings = table(
        finding("a/5", score=0.9),
        finding("a/4", score=0.9),
        finding("a/3", score=0.2, severity="error"),
        finding("a/2", "split_leak", group_id="g", role="copy", score=0.1),
        finding("a/1", "split_leak", group_id="g", role="keeper", score=0.1),
        finding("a/0", score=0.1),
        finding("a/0", "dark", score=0.95),
    )
    store.queue.sync(findings, images(findings))
    assert ids(store.queue.find(limit=9)) == ["g", "a/3", "a/0", "a/4", "a/5"]


def test_the_keeper_comes_first_though_its_name_does_not(store: Store) -> None:
    findings = table(
        finding("a/0", "resized", group_id="g", role="copy"),
        finding("a/1", "resized", group_id="g", role="keeper"),
    )
    store.queue.sync(findings, images(findings))
    (group,) = store.queue.find()
    assert group.paths == ["a/1", "a/0"]
    assert [row["role"] for row in group.findings] == ["keeper", "copy"]


def test_an_item_is_found_by_its_id_or_by_what_comes_after_it(store: Store) -> None:
    group, single = store.queue.find(limit=9)
    assert store.queue.item("b/x") == single
    assert store.queue.item("b/nothing") is None
    assert store.queue.before(single.rank) == group
    assert store.queue.before(group.rank) is None
    assert store.queue.before(single.rank, QueueFilter(groups=False)) is None
    assert store.queue.before(99) == single, "the nearest ahead"


def test_a_deferred_item_stays_undecided(store: Store) -> None:
    store.log.decide(choices.decide_all(store.queue.find()[0], Action.DEFER), reviewer="ana", now=NOW)
    assert ids(store.queue.find(limit=9)) == ["g", "b/x"]


def test_decided_items_are_found_when_asked_for_with_what_was_decided(store: Store) -> None:
    store.log.decide(
        choices.decide_all(store.queue.find(after_rank=0)[0], Action.RELABEL, "c"), reviewer="ana", now=NOW
    )
    assert ids(store.queue.find(pending=False, limit=9)) == ["b/x"]
    assert ids(store.queue.find(pending=None, limit=9)) == ["g", "b/x"]
    assert store.queue.find(QueueFilter(groups=True), pending=False) == []
    (row,) = store.queue.find(pending=False)[0].findings
    assert (row["action"], row["new_label"], row["stale"]) == ("relabel", "c", 0)
    assert {(row["action"], row["new_label"], row["stale"]) for row in store.queue.find()[0].findings} == {
        (None, None, 0)
    }


def test_a_decision_about_other_bytes_is_stale(store: Store) -> None:
    store.log.decide(
        choices.decide_all(store.queue.find(after_rank=0)[0], Action.RELABEL, "c"), reviewer="ana", now=NOW
    )
    store.queue.sync(GROUP, images(GROUP, **{"b/x": "changed"}))
    item = store.queue.find(after_rank=0)[0]
    assert item.item_id == "b/x"
    (row,) = item.findings
    assert (row["action"], row["new_label"], row["stale"]) == (None, None, 1)


def test_not_a_duplicate_is_remembered_when_the_group_is_found_under_another_name(store: Store) -> None:
    store.log.decide(choices.decide_all(store.queue.find()[0], Action.KEEP), reviewer="ana", now=NOW)
    renamed = GROUP.assign(
        finding_id=GROUP["finding_id"].str.replace("resized", "re_encoded"), group_id=GROUP["group_id"]
    )
    store.queue.sync(renamed, images(renamed))
    assert ids(store.queue.find(limit=9)) == ["b/x"]


def test_a_relabel_to_the_class_that_an_image_has_by_now_is_shown_as_the_keep_that_it_counts_as(store: Store) -> None:
    (_, item) = store.queue.find(limit=2)
    store.log.decide(choices.decide_all(item, Action.RELABEL, "a"), reviewer="ana", now=NOW)

    def shown(label: str) -> list[tuple[str, str | None]]:
        findings = GROUP.assign(label=GROUP["label"].where(GROUP["path"] != "b/x", label))
        store.queue.sync(findings, images(findings))
        (again,) = [one for one in store.queue.find(pending=None, limit=2) if one.paths == ["b/x"]]
        return [(row["action"], row["new_label"]) for row in again.findings]

    assert shown("b") == [("relabel", "a")]
    assert shown("a") == [("keep", None)]
    assert shown("b") == [("relabel", "a")]


# Filters


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        pytest.param(QueueFilter(), ["g", "b/x"], id="everything"),
        pytest.param(QueueFilter(categories=frozenset({"duplicate"})), ["g"], id="category"),
        pytest.param(QueueFilter(kinds=frozenset({"blurry"})), ["g", "b/x"], id="kind"),
        pytest.param(QueueFilter(labels=frozenset({"b"})), ["b/x"], id="label"),
        pytest.param(QueueFilter(labels=frozenset({"a", "b", None})), ["g", "b/x"], id="any of several labels"),
        pytest.param(QueueFilter(labels=frozenset({"b"}), kinds=frozenset({"resized"})), [], id="both on one finding"),
        pytest.param(QueueFilter(severities=frozenset({"error"})), [], id="severity"),
        pytest.param(QueueFilter(min_score=0.75), ["g"], id="score"),
        pytest.param(QueueFilter(min_score=0.9), ["g"], id="at least that score"),
        pytest.param(QueueFilter(text="TINY"), ["g"], id="text in the path"),
        pytest.param(QueueFilter(text="x is Blurry"), ["b/x"], id="text in the reason"),
        pytest.param(QueueFilter(text="100%_'"), [], id="text is no pattern"),
        pytest.param(QueueFilter(text="blurry", labels=frozenset({"b"})), ["b/x"], id="text and label"),
        pytest.param(QueueFilter(groups=True), ["g"], id="groups only"),
        pytest.param(QueueFilter(groups=False), ["b/x"], id="single images only"),
        pytest.param(QueueFilter(groups=True, labels=frozenset({"b"})), [], id="groups of a label"),
    ],
)
@pytest.mark.parametrize("few", [0, 1, 2_000], ids=["looked for in the queue", "or not", "one by one"])
def test_filters(
    store: Store, chosen: QueueFilter, expected: list[str], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_FEW", few)
    assert ids(store.queue.find(chosen, limit=9)) == expected
    assert store.queue.progress(chosen).items == len(expected)


def test_an_image_without_a_class_is_found_by_that(store: Store) -> None:
    findings = table(finding("a/0", label=None), finding("a/1"))
    store.queue.sync(findings, images(findings))
    assert ids(store.queue.find(QueueFilter(labels=frozenset({None})), limit=9)) == ["a/0"]
    assert store.queue.facets()["label"] == {None: 1, "a": 1}


def test_what_the_queue_can_be_narrowed_to_and_how_many_images_wait_there_without_keepers(store: Store) -> None:
    assert store.queue.facets() == {
        "label": {"a": 2, "b": 1},
        "category": {"duplicate": 2, "unsuitable": 2},
        "kind": {"blurry": 2, "resized": 2},
        "severity": {"warning": 3},
    }


def test_a_class_of_keepers_alone_can_be_looked_for_though_nothing_in_it_is_flagged(store: Store) -> None:
    keeper = finding("c/big", "resized", label="c", group_id="g", role="keeper", category="duplicate", score=0.0)
    copy = finding("a/small", "resized", label="a", group_id="g", role="copy", category="duplicate")
    findings = table(keeper, copy)
    store.queue.sync(findings, images(findings))
    assert store.queue.facets()["label"] == {"a": 1, "c": 0}
    assert ids(store.queue.find(QueueFilter(labels=frozenset({"c"})))) == ["g"]


def test_progress_counts_items_and_images_of_the_whole_and_of_a_part(store: Store) -> None:
    whole, part = QueueFilter(), QueueFilter(kinds=frozenset({"resized"}))
    assert store.queue.progress(whole) == ReviewProgress(items=2, items_done=0, images=3, images_done=0)
    assert store.queue.progress(part) == ReviewProgress(items=1, items_done=0, images=2, images_done=0)
    small = [c for c in choices.decide_all(store.queue.find()[0], Action.DROP) if c.path == "a/small"]
    store.log.decide(small, reviewer="ana", now=NOW)
    assert store.queue.progress(whole) == ReviewProgress(items=2, items_done=0, images=3, images_done=1)
    assert store.queue.progress(part) == ReviewProgress(items=1, items_done=0, images=2, images_done=1)
    store.log.decide(choices.reject(store.queue.find()[0]), reviewer="ana", now=NOW)
    assert store.queue.progress(whole) == ReviewProgress(items=2, items_done=1, images=3, images_done=2)
    assert store.queue.progress(part) == ReviewProgress(items=1, items_done=1, images=2, images_done=2)


# Screens


def test_two_screens_are_handed_different_items_and_keep_what_they_have(shared: Store) -> None:
    assert ids(shared.queue.claim(holder="ana", now_s=0)) == ["a/0"]
    assert ids(shared.queue.claim(holder="rui", now_s=1, limit=2)) == ["a/1", "a/2"]
    assert ids(shared.queue.claim(holder="ana", now_s=2)) == ["a/0"]
    assert ids(shared.queue.claim(holder="ana", now_s=3, after_rank=0)) == ["a/3"], "the next one that nobody has"
    assert ids(shared.queue.claim(holder="eva", now_s=4)) == ["a/0"], "what ana let go is free again"
    assert shared.queue.claim(holder="tom", now_s=5) == []
    assert shared.queue.holders(now_s=5) == {"ana": 1, "eva": 1, "rui": 2}


def test_a_screen_keeps_what_it_has_and_is_filled_up_in_the_order_of_the_queue(shared: Store) -> None:
    shared.queue.claim(holder="rui", now_s=0, limit=1)
    assert ids(shared.queue.claim(holder="ana", now_s=0, limit=2)) == ["a/1", "a/2"]
    shared.queue.release(["rui"])
    assert ids(shared.queue.claim(holder="ana", now_s=1, limit=2)) == ["a/1", "a/2"], "though another is free now"
    assert ids(shared.queue.claim(holder="ana", now_s=1, limit=3)) == ["a/0", "a/1", "a/2"]
    assert ids(shared.queue.claim(holder="ana", now_s=1, limit=1)) == ["a/0"]
    assert shared.queue.holders(now_s=1) == {"ana": 1}


def test_screens_that_share_halve_what_is_left_down_to_the_last(shared: Store) -> None:
    def claimed(holder: str) -> list[str]:
        return ids(shared.queue.claim(holder=holder, now_s=0, limit=4, sharing=True))

    assert claimed("ana") == ["a/0", "a/1"]
    assert claimed("rui") == ["a/2"]
    assert claimed("eva") == ["a/3"], "the last one is somebody's"
    assert claimed("tom") == []
    assert claimed("ana") == ["a/0"], "as much as there is for others"
    assert claimed("tom") == ["a/1"]
    assert ids(shared.queue.claim(holder="rui", now_s=0, limit=1, sharing=True)) == ["a/2"]
    shared.queue.release(["ana", "eva", "tom"])
    assert ids(shared.queue.claim(holder="ana", now_s=0, limit=1, sharing=True)) == ["a/0"], "no half of enough"


def test_behind_the_end_the_queue_begins_again_with_ones_own(shared: Store) -> None:
    assert ids(shared.queue.claim(holder="ana", now_s=0, after_rank=2)) == ["a/3"]
    assert ids(shared.queue.claim(holder="ana", now_s=0, after_rank=3, limit=4)) == ["a/0", "a/1", "a/2", "a/3"]
    assert ids(shared.queue.claim(holder="ana", now_s=0, after_rank=2, limit=4)) == ["a/3"], "not while there is more"


def test_what_is_decided_is_on_no_screen(shared: Store) -> None:
    (first,) = shared.queue.claim(holder="ana", now_s=0)
    shared.log.decide(choices.decide_all(first, Action.KEEP), reviewer="ana", now=NOW)
    assert ids(shared.queue.claim(holder="ana", now_s=1)) == ["a/1"]
    assert ids(shared.queue.claim(QueueFilter(text="a/0"), holder="ana", now_s=1)) == []


def test_an_item_left_on_a_screen_is_handed_on_after_a_while(shared: Store) -> None:
    shared.queue.claim(holder="ana", now_s=0, limit=4)
    assert shared.queue.claim(holder="rui", now_s=LEASE_S - 1) == []
    assert shared.queue.holders(now_s=LEASE_S) == {}
    assert ids(shared.queue.claim(holder="rui", now_s=LEASE_S)) == ["a/0"]


def test_a_closed_screen_lets_go_at_once(shared: Store) -> None:
    shared.queue.claim(holder="ana", now_s=0, limit=4)
    shared.queue.release(["ana"])
    assert ids(shared.queue.claim(holder="rui", now_s=1)) == ["a/0"]


def test_one_item_is_held_alone_unless_somebody_else_has_it(shared: Store) -> None:
    shared.queue.claim(holder="ana", now_s=0, limit=2)
    held = shared.queue.hold("a/3", holder="ana", now_s=0)
    assert held == shared.queue.item("a/3")
    assert ids(shared.queue.claim(holder="rui", now_s=0, limit=9)) == ["a/0", "a/1", "a/2"], "only a/3 is ana's"
    assert shared.queue.hold("a/1", holder="ana", now_s=1) is not None, "it is shown, all the same"
    assert shared.queue.holders(now_s=1) == {"rui": 3}
    shared.queue.hold("a/1", holder="ana", now_s=LEASE_S)
    assert shared.queue.holders(now_s=LEASE_S) == {"ana": 1}
    assert shared.queue.hold("nothing", holder="ana", now_s=LEASE_S) is None
    assert shared.queue.holders(now_s=LEASE_S) == {}, "what does not exist is on no screen"


def test_others_decide_while_a_search_runs_and_what_they_take_meanwhile_is_theirs(
    shared: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = Queue._claimable
    quicker: list[list[str]] = []

    def searched(queue: Queue, *given: Any, **asked: Any) -> Any:
        found = search(queue, *given, **asked)
        if asked["holder"] == "ana" and not quicker:
            with Store(tmp_path / "review.sqlite") as other:  # would wait for half a minute, were the store locked
                quicker.append(ids(other.queue.claim(holder="rui", now_s=0)))
        return found

    monkeypatch.setattr(Queue, "_claimable", searched)
    assert ids(shared.queue.claim(holder="ana", now_s=0)) == ["a/1"]
    assert quicker == [["a/0"]]
