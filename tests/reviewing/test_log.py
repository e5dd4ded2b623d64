"""The log: nothing acknowledged is lost, nothing is ever rewritten, and nobody decides on top of another unseen."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curate.errors import ConflictError, NoSurvivorError
from curate.reviewing import choices
from curate.reviewing.store import Store
from curate.schema import Action
from tests.reviewing.samples import NOW, ids


def test_a_decided_item_leaves_the_queue_and_undo_brings_it_back(store: Store) -> None:
    item = store.queue.find()[0]
    store.log.decide(choices.reject(item), reviewer="ana", now=NOW)
    assert ids(store.queue.find(limit=9)) == ["b/x"]
    assert store.queue.progress().images_done == 2
    assert store.log.undo(reviewer="ana", now=NOW) == "g"
    assert ids(store.queue.find(limit=9)) == ["g", "b/x"]
    assert store.queue.progress().images_done == 0


def test_undo_and_redo_walk_many_steps(store: Store) -> None:
    for item in store.queue.find(limit=9):
        store.log.decide(choices.decide_all(item, Action.KEEP), reviewer="ana", now=NOW)
    assert [store.log.undo(reviewer="ana", now=NOW) for _ in range(3)] == ["b/x", "g", None]
    assert [store.log.redo(reviewer="ana", now=NOW) for _ in range(3)] == ["g", "b/x", None]
    assert store.queue.find() == []
    assert store.log.undo(reviewer="ana", now=NOW) == "b/x"
    store.log.decide(choices.decide_all(store.queue.find()[0], Action.DROP), reviewer="ana", now=NOW)
    assert store.log.redo(reviewer="ana", now=NOW) is None, "a new decision ends the redo"


def test_undo_takes_back_only_ones_own(store: Store) -> None:
    store.log.decide(choices.reject(store.queue.find()[0]), reviewer="ana", now=NOW)
    assert store.log.undo(reviewer="rui", now=NOW) is None


def test_a_group_without_a_survivor_is_refused_unless_confirmed(store: Store) -> None:
    everything = choices.decide_all(store.queue.find()[0], Action.DROP)
    with pytest.raises(NoSurvivorError, match="every copy"):
        store.log.decide(everything, reviewer="ana", now=NOW)
    assert store.log.decisions() == [], "a refused decision leaves no trace"
    store.log.decide(everything, reviewer="ana", now=NOW, allow_no_survivor=True)
    assert len(store.log.decisions()) == len(everything)


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
    store.log.decide(choices.reject(store.queue.find()[0]), reviewer="ana", now=NOW)
    before = store.log.decisions()
    with (
        sqlite3.connect(tmp_path / "review.sqlite") as other,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        other.execute(statement)
    other.close()
    assert store.log.decisions() == before


def test_what_was_decided_after_it_was_shown_is_not_decided_again(shared: Store) -> None:
    (mine,), (theirs,) = shared.queue.find(), shared.queue.find()
    shared.log.decide(choices.decide_all(mine, Action.DROP), reviewer="ana", now=NOW)
    with pytest.raises(ConflictError, match="ana decided a/0 \\(drop\\) after it was shown") as caught:
        shared.log.decide(choices.decide_all(theirs, Action.KEEP), reviewer="rui", now=NOW)
    assert caught.value.paths == {"a/0"}
    assert [decision.reviewer for decision in shared.log.decisions()] == ["ana"]
    again = shared.queue.item("a/0")
    assert again is not None
    shared.log.decide(choices.decide_all(again, Action.KEEP), reviewer="rui", now=NOW)
    assert [decision.reviewer for decision in shared.log.decisions()] == ["ana", "rui"], (
        "having seen it, a person may differ"
    )


def test_a_line_is_taken_back_only_once(shared: Store) -> None:
    (number,) = shared.log.decide(choices.decide_all(shared.queue.find()[0], Action.DROP), reviewer="ana", now=NOW)
    assert shared.log.revert([number], reviewer="rui", now=NOW) == "a/0"
    assert shared.log.revert([number], reviewer="eva", now=NOW) is None
    assert [(line.decision.id, line.stands) for line in shared.log.lines()] == [(2, True), (1, False)]
    assert [line.decision.reviewer for line in shared.log.lines(text="RUI")] == ["rui"]
    assert shared.log.lines(before=1) == []


WRITER = """
import sys
from curate.schema import Action
from curate.reviewing.log import Choice
from curate.reviewing.store import Store
store = Store(__import__("pathlib").Path(sys.argv[1]))
for number in range(10_000):
    choice = Choice(finding_id="blurry:b/x", path="b/x", sha256="sha-b/x", action=Action.KEEP)
    store.log.decide([choice], reviewer=sys.argv[2], now=str(number))
    print(number, flush=True)
"""


def test_kill_9_loses_no_acknowledged_decision(store: Store, tmp_path: Path) -> None:
    for attempt in range(3):
        already = len(store.log.decisions())
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
        written = [decision.decided_at for decision in store.log.decisions()[already:]]
        confirmed = [line.strip() for line in acknowledged if line.endswith("\n")]
        assert len(confirmed) >= 20 + attempt, "the writer did not come to write"
        assert written[: len(confirmed)] == confirmed
        assert len(written) <= len(confirmed) + 1


def test_two_writers_at_once_lose_nothing(store: Store, tmp_path: Path) -> None:
    script = WRITER.replace("10_000", "100")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "review.sqlite"), who], stdout=subprocess.DEVNULL
        )
        for who in ("ana", "rui")
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    log = store.log.decisions()
    assert sorted((d.reviewer, int(d.decided_at)) for d in log) == [
        (who, n) for who in ("ana", "rui") for n in range(100)
    ]
