"""The review store: nothing acknowledged is lost, nothing is ever rewritten, and the log alone decides."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import ConflictError, NoSurvivorError, WorkspaceError
from curate.reviewing import choices
from curate.reviewing.fold import Decision, fold
from curate.reviewing.migrations import MIGRATIONS
from curate.reviewing.store import LEASE_S, Choice, Item, QueueFilter, Store
from curate.schema import FINDINGS, Action

NOW = "2026-01-01T00:00:00Z"


def finding(path: str, kind: str = "blurry", **more: object) -> dict[str, object]:
    row: dict[str, object] = {
        "finding_id": f"{kind}:{path}",
        "category": "unsuitable",
        "kind": kind,
        "path": path,
        "label": path.split("/", 1)[0],
        "group_id": None,
        "role": "subject",
        "score": 0.5,
        "severity": "warning",
        "reason": f"{path} is {kind}.",
        "suggestion": "drop",
        "evidence": "{}",
        "scanner": "test",
        "scanner_version": 1,
    }
    return row | more


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=FINDINGS.names, dtype=object)


def images(findings: pd.DataFrame, **hashes: str) -> pd.DataFrame:
    paths = sorted(set(findings["path"]))
    return pd.DataFrame({"path": paths, "sha256": [hashes.get(path, f"sha-{path}") for path in paths]}, dtype=object)


GROUP = table(
    finding("a/big", "resized", group_id="g", role="keeper", category="duplicate", score=0.0),
    finding("a/small", "resized", group_id="g", role="copy", category="duplicate", score=0.9),
    finding("a/tiny", "resized", group_id="g", role="copy", category="duplicate", score=0.8),
    finding("a/tiny", "blurry"),
    finding("b/x", score=0.7),
    finding("b/y", score=0.6, severity="info"),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = Store(tmp_path / "review.sqlite")
    opened.sync(GROUP, images(GROUP))
    return opened


def ids(items: list[Item]) -> list[str]:
    return [item.item_id for item in items]


def test_the_queue_holds_groups_and_images_worst_first(store: Store) -> None:
    assert ids(store.find(limit=9)) == ["g", "b/x"]
    group = store.find()[0]
    assert group.is_group
    assert group.paths == ["a/big", "a/small", "a/tiny"]
    assert [row["kind"] for row in group.of("a/tiny")] == ["resized", "blurry"]
    assert store.progress().images == 3, "the keeper wants no decision"


def test_a_decided_item_leaves_the_queue_and_undo_brings_it_back(store: Store) -> None:
    item = store.find()[0]
    store.decide(choices.reject(item), reviewer="ana", now=NOW)
    assert ids(store.find(limit=9)) == ["b/x"]
    assert store.progress().images_done == 2
    assert store.undo(reviewer="ana", now=NOW) == "g"
    assert ids(store.find(limit=9)) == ["g", "b/x"]
    assert store.progress().images_done == 0


def test_undo_and_redo_walk_many_steps(store: Store) -> None:
    for item in store.find(limit=9):
        store.decide(choices.decide_all(item, Action.KEEP), reviewer="ana", now=NOW)
    assert [store.undo(reviewer="ana", now=NOW) for _ in range(3)] == ["b/x", "g", None]
    assert [store.redo(reviewer="ana", now=NOW) for _ in range(3)] == ["g", "b/x", None]
    assert store.find() == []
    assert store.undo(reviewer="ana", now=NOW) == "b/x"
    store.decide(choices.decide_all(store.find()[0], Action.DROP), reviewer="ana", now=NOW)
    assert store.redo(reviewer="ana", now=NOW) is None, "a new decision ends the redo"


def test_undo_takes_back_only_ones_own(store: Store) -> None:
    store.decide(choices.reject(store.find()[0]), reviewer="ana", now=NOW)
    assert store.undo(reviewer="rui", now=NOW) is None


def test_a_deferred_item_stays_undecided(store: Store) -> None:
    store.decide(choices.decide_all(store.find()[0], Action.DEFER), reviewer="ana", now=NOW)
    assert ids(store.find(limit=9)) == ["g", "b/x"]


def test_a_group_without_a_survivor_is_refused_unless_confirmed(store: Store) -> None:
    everything = choices.decide_all(store.find()[0], Action.DROP)
    with pytest.raises(NoSurvivorError, match="every copy"):
        store.decide(everything, reviewer="ana", now=NOW)
    assert store.log() == [], "a refused decision leaves no trace"
    store.decide(everything, reviewer="ana", now=NOW, allow_no_survivor=True)
    assert len(store.log()) == len(everything)


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
    assert ids(store.find(chosen, limit=9)) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE decision SET action = 'keep'",
        "DELETE FROM decision",
        "INSERT OR REPLACE INTO decision SELECT * FROM decision",
        "REPLACE INTO decision SELECT 1, 9, 'f', 'p', NULL, NULL, 'keep', NULL, 'eve', NULL, 'now', NULL",
    ],
)
def test_the_log_refuses_every_rewrite(store: Store, tmp_path: Path, statement: str) -> None:
    store.decide(choices.reject(store.find()[0]), reviewer="ana", now=NOW)
    before = store.log()
    with (
        sqlite3.connect(tmp_path / "review.sqlite") as other,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        other.execute(statement)
    other.close()
    assert store.log() == before


def test_a_decision_about_other_bytes_is_stale(store: Store) -> None:
    store.decide(choices.decide_all(store.find(after_rank=0)[0], Action.DROP), reviewer="ana", now=NOW)
    store.sync(GROUP, images(GROUP, **{"b/x": "changed"}))
    item = store.find(after_rank=0)[0]
    assert item.item_id == "b/x"
    assert item.findings[0]["stale"]


def test_not_a_duplicate_is_remembered_when_the_group_is_found_under_another_name(store: Store) -> None:
    store.decide(choices.decide_all(store.find()[0], Action.KEEP), reviewer="ana", now=NOW)
    renamed = GROUP.assign(
        finding_id=GROUP["finding_id"].str.replace("resized", "re_encoded"), group_id=GROUP["group_id"]
    )
    store.sync(renamed, images(renamed))
    assert ids(store.find(limit=9)) == ["b/x"]


# Two reviewers at once

QUEUE = table(*(finding(f"a/{index}") for index in range(4)))


@pytest.fixture
def shared(tmp_path: Path) -> Store:
    opened = Store(tmp_path / "review.sqlite")
    opened.sync(QUEUE, images(QUEUE))
    return opened


def test_two_screens_are_handed_different_items_and_keep_what_they_have(shared: Store) -> None:
    assert ids(shared.claim(holder="ana", now_s=0)) == ["a/0"]
    assert ids(shared.claim(holder="rui", now_s=1, limit=2)) == ["a/1", "a/2"]
    assert ids(shared.claim(holder="ana", now_s=2)) == ["a/0"]
    assert ids(shared.claim(holder="ana", now_s=3, after_rank=0)) == ["a/3"], "the next one that nobody has"
    assert ids(shared.claim(holder="eva", now_s=4)) == ["a/0"], "what ana let go is free again"
    assert shared.claim(holder="tom", now_s=5) == []
    assert shared.holders(now_s=5) == {"ana": 1, "eva": 1, "rui": 2}


def test_an_item_left_on_a_screen_is_handed_on_after_a_while(shared: Store) -> None:
    shared.claim(holder="ana", now_s=0, limit=4)
    assert shared.claim(holder="rui", now_s=LEASE_S - 1) == []
    assert ids(shared.claim(holder="rui", now_s=LEASE_S)) == ["a/0"]


def test_a_closed_screen_lets_go_at_once(shared: Store) -> None:
    shared.claim(holder="ana", now_s=0, limit=4)
    shared.release(["ana"])
    assert ids(shared.claim(holder="rui", now_s=1)) == ["a/0"]


def test_what_was_decided_after_it_was_shown_is_not_decided_again(shared: Store) -> None:
    (mine,), (theirs,) = shared.find(), shared.find()
    shared.decide(choices.decide_all(mine, Action.DROP), reviewer="ana", now=NOW)
    with pytest.raises(ConflictError, match="ana decided a/0 \\(drop\\) after it was shown") as caught:
        shared.decide(choices.decide_all(theirs, Action.KEEP), reviewer="rui", now=NOW)
    assert caught.value.paths == {"a/0"}
    assert [decision.reviewer for decision in shared.log()] == ["ana"]
    again = shared.item("a/0")
    assert again is not None
    shared.decide(choices.decide_all(again, Action.KEEP), reviewer="rui", now=NOW)
    assert [decision.reviewer for decision in shared.log()] == ["ana", "rui"], "having seen it, a person may differ"


def test_a_line_is_taken_back_only_once(shared: Store) -> None:
    (number,) = shared.decide(choices.decide_all(shared.find()[0], Action.DROP), reviewer="ana", now=NOW)
    assert shared.revert([number], reviewer="rui", now=NOW) == "a/0"
    assert shared.revert([number], reviewer="eva", now=NOW) is None
    assert [(line.decision.id, line.stands) for line in shared.lines()] == [(2, True), (1, False)]
    assert [line.decision.reviewer for line in shared.lines(text="RUI")] == ["rui"]
    assert shared.lines(before=1) == []


def test_second_looks_count_for_the_agreement_and_decide_nothing(shared: Store) -> None:
    for item, action in zip(shared.find(limit=3), (Action.DROP, Action.KEEP, Action.DROP), strict=True):
        shared.decide(choices.decide_all(item, action), reviewer="ana", now=NOW)
    sample = shared.second_look(reviewer="rui", size=2)
    assert len(sample) == 2
    assert shared.second_look(reviewer="ana", size=9) == [], "nobody is asked about a decision of their own"
    before = fold(shared.log()).standing
    shared.give_opinion(choices.decide_all(sample[0], Action.KEEP), reviewer="rui", now=NOW)
    assert ids(shared.second_look(reviewer="rui", size=2)) == [sample[1].item_id]
    assert fold(shared.log()).standing == before
    assert [rating.action for rating in shared.ratings() if rating.reviewer == "rui"] == [Action.KEEP]


def test_a_store_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "review.sqlite") as db:
        MIGRATIONS[0](db)
        db.execute("PRAGMA user_version = 1")
        row = "'f', 'a/0', 'sha-a/0', NULL, {}, NULL, 'ana', NULL, 'now', {}"
        db.execute(f"INSERT INTO decision VALUES (1, 1, {row.format(chr(39) + 'drop' + chr(39), 'NULL')})")
        db.execute(f"INSERT INTO decision VALUES (2, 2, {row.format(chr(39) + 'undo' + chr(39), '1')})")
    db.close()
    with Store(tmp_path / "review.sqlite") as store:
        assert [line.stands for line in store.lines()] == [True, False]
        assert store.progress().items == 0


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "review.sqlite").close()
    with sqlite3.connect(tmp_path / "review.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(WorkspaceError, match="newer curate"):
        Store(tmp_path / "review.sqlite")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "review.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(WorkspaceError, match="cannot be opened"):
        Store(tmp_path / "review.sqlite")


WRITER = """
import sys
from curate.schema import Action
from curate.store import Choice, Store
store = Store(__import__("pathlib").Path(sys.argv[1]))
for number in range(10_000):
    choice = Choice(finding_id="blurry:b/x", path="b/x", sha256="sha-b/x", action=Action.KEEP)
    store.decide([choice], reviewer=sys.argv[2], now=str(number))
    print(number, flush=True)
"""


def test_kill_9_loses_no_acknowledged_decision(store: Store, tmp_path: Path) -> None:
    for attempt in range(3):
        already = len(store.log())
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "review.sqlite"), f"w{attempt}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline() for _ in range(20 + attempt)]
        time.sleep(0.01 * attempt)
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += writer.stdout.readlines()
        writer.wait()
        writer.stdout.close()
        written = [decision.decided_at for decision in store.log()[already:]]
        told = [line.strip() for line in acknowledged if line.endswith("\n")]
        assert written[: len(told)] == told
        assert len(written) <= len(told) + 1


def test_two_writers_at_once_lose_nothing(store: Store, tmp_path: Path) -> None:
    script = WRITER.replace("10_000", "100")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "review.sqlite"), who], stdout=subprocess.DEVNULL
        )
        for who in ("ana", "rui")
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    log = store.log()
    assert sorted((d.reviewer, int(d.decided_at)) for d in log) == [
        (who, n) for who in ("ana", "rui") for n in range(100)
    ]


# The fold as a law

steps = st.lists(
    st.tuples(
        st.sampled_from(["ana", "rui"]),
        st.sampled_from(["keep", "drop", "relabel", "defer", "undo", "redo", "revert"]),
        st.integers(0, 3),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_what_stands_is_the_log_replayed(
    tmp_path_factory: pytest.TempPathFactory, taken: list[tuple[str, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("fold")
    findings = table(*(finding(f"a/{index}") for index in range(4)))
    with Store(folder / "review.sqlite") as store:
        store.sync(findings, images(findings))
        for who, what, index in taken:
            if what == "undo":
                store.undo(reviewer=who, now=NOW)
            elif what == "redo":
                store.redo(reviewer=who, now=NOW)
            elif what == "revert":
                store.revert([max(1, len(store.log()) - index)], reviewer=who, now=NOW)
            else:
                choice = Choice(
                    finding_id=f"blurry:a/{index}",
                    path=f"a/{index}",
                    sha256=f"sha-a/{index}",
                    action=Action(what),
                    new_label="b" if what == "relabel" else None,
                )
                store.decide([choice], reviewer=who, now=NOW)
        kept_up = {item.item_id: item.findings[0]["action"] for item in store.find(pending=None, limit=9)}
        left = ids(store.find(limit=9))
        assert {line.decision.id for line in store.lines() if line.stands} == {d.id for d in fold(store.log()).live}
        counted = store.progress()
        store.sync(findings, images(findings))
        rebuilt = {item.item_id: item.findings[0]["action"] for item in store.find(pending=None, limit=9)}
        replayed = {path: str(d.action) for (_, path), d in fold(store.log()).standing.items()}
        assert kept_up == rebuilt
        assert {path: action for path, action in kept_up.items() if action} == replayed
        assert left == ids(store.find(limit=9))
        assert counted == store.progress()


def test_reverting_an_undo_restores_the_decision() -> None:
    def row(number: int, action: str, reverts: int | None = None) -> Decision:
        return Decision(
            id=number, batch=number, finding_id="f", path="p", sha256="s", pair_sha256=None, action=Action(action),
            new_label=None, reviewer="ana", note=None, decided_at=NOW, reverts=reverts,
        )  # fmt: skip

    log = [row(1, "keep"), row(2, "drop"), row(3, "undo", 2), row(4, "undo", 3)]
    actions = [fold(log[:end]).standing["f", "p"].action for end in (1, 2, 3, 4)]
    assert actions == [Action.KEEP, Action.DROP, Action.KEEP, Action.DROP]
