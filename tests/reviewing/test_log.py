"""The log: nothing acknowledged is lost, nothing is ever rewritten, and nobody decides on top of another unseen."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curate.errors import ConflictError, NoSurvivorError, WorkspaceError
from curate.reviewing import choices
from curate.reviewing.fold import IMAGE
from curate.reviewing.log import Choice, Step
from curate.reviewing.store import Store
from curate.schema import Action
from tests.reviewing.samples import GROUP, NOW, finding, ids, images, table


def item_of(step: Step | None) -> str | None:
    """The item that a step was about; None where there was none to take back."""
    return step.item_id if step else None


def test_a_decided_item_leaves_the_queue_and_undo_brings_it_back(store: Store) -> None:
    item = store.queue.find()[0]
    store.log.decide(choices.reject(item), reviewer="ana", now=NOW)
    assert ids(store.queue.find(limit=9)) == ["b/x"]
    assert store.queue.progress().images_done == 2
    assert item_of(store.log.undo(reviewer="ana", now=NOW)) == "g"
    assert ids(store.queue.find(limit=9)) == ["g", "b/x"]
    assert store.queue.progress().images_done == 0


def test_undo_and_redo_walk_many_steps(store: Store) -> None:
    for item in store.queue.find(limit=9):
        store.log.decide(choices.decide_all(item, Action.KEEP), reviewer="ana", now=NOW)
    assert [item_of(store.log.undo(reviewer="ana", now=NOW)) for _ in range(3)] == ["b/x", "g", None]
    assert [item_of(store.log.redo(reviewer="ana", now=NOW)) for _ in range(3)] == ["g", "b/x", None]
    assert store.queue.find() == []
    assert item_of(store.log.undo(reviewer="ana", now=NOW)) == "b/x"
    store.log.decide(choices.decide_all(store.queue.find()[0], Action.DROP), reviewer="ana", now=NOW)
    assert store.log.redo(reviewer="ana", now=NOW) is None, "a new decision ends the redo"


def test_undo_takes_back_only_ones_own(store: Store) -> None:
    store.log.decide(choices.reject(store.queue.find()[0]), reviewer="ana", now=NOW)
    assert store.log.undo(reviewer="rui", now=NOW) is None


def test_redo_takes_back_ones_own_undo_only_and_that_of_another_step_by_its_number(shared: Store) -> None:
    first, second = shared.queue.find(limit=2)
    shared.log.decide(choices.decide_all(first, Action.KEEP), reviewer="ana", now=NOW)
    shared.log.decide(choices.decide_all(second, Action.KEEP), reviewer="rui", now=NOW)
    shared.log.undo(reviewer="ana", now=NOW)
    assert shared.log.redo(reviewer="rui", now=NOW) is None
    assert item_of(shared.log.revert(2, reviewer="rui", now=NOW)) == second.item_id
    redone = item_of(shared.log.redo(reviewer="ana", now=NOW))
    assert redone == first.item_id, "what others did since does not end the redo"
    assert [step.number for step in shared.log.steps() if step.stands] == [5, 4, 1]


def test_one_undo_takes_back_all_of_a_step(store: Store) -> None:
    both = [choice for item in store.queue.find(limit=2) for choice in choices.decide_all(item, Action.KEEP)]
    numbers = store.log.decide(both, reviewer="ana", now=NOW, note="all fine")
    assert numbers == [1, 2, 3, 4, 5]
    assert {(decision.batch, decision.note) for decision in store.log.decisions()} == {(1, "all fine")}
    store.log.undo(reviewer="ana", now=NOW)
    assert [(d.batch, str(d.action), d.reverts) for d in store.log.decisions()[5:]] == [
        (2, "undo", number) for number in range(1, 6)
    ]
    assert store.queue.progress().images_done == 0


def test_a_copy_is_decided_with_the_content_of_its_keeper(store: Store) -> None:
    store.log.decide(choices.reject(store.queue.find()[0]), reviewer="ana", now=NOW)
    assert [(d.finding_id, d.sha256, d.pair_sha256) for d in store.log.decisions()] == [
        ("resized:a/big", "sha-a/big", None),
        ("resized:a/small", "sha-a/small", "sha-a/big"),
        ("resized:a/tiny", "sha-a/tiny", "sha-a/big"),
        ("blurry:a/tiny", "sha-a/tiny", None),
    ]


def test_a_copy_that_stays_instead_of_its_keeper_is_decided_without_it(store: Store) -> None:
    store.log.decide(choices.keep_only(store.queue.find()[0], "a/small"), reviewer="ana", now=NOW)
    assert [(d.path, d.action, d.pair_sha256) for d in store.log.decisions()] == [
        ("a/big", Action.DROP, None),
        ("a/small", Action.KEEP, None),
        ("a/tiny", Action.DROP, "sha-a/big"),
        ("a/tiny", Action.DROP, None),
    ]


def test_a_group_without_a_survivor_is_refused_unless_confirmed(store: Store) -> None:
    everything = choices.decide_all(store.queue.find()[0], Action.DROP)
    with pytest.raises(NoSurvivorError, match="every copy"):
        store.log.decide(everything, reviewer="ana", now=NOW)
    assert store.log.decisions() == [], "a refused decision leaves no trace"
    store.log.decide(everything, reviewer="ana", now=NOW, allow_no_survivor=True)
    assert len(store.log.decisions()) == len(everything)


def test_the_last_of_a_group_cannot_be_dropped_later_either(store: Store) -> None:
    (group,) = store.queue.find()
    store.log.decide(choices.keep_only(group, "a/small"), reviewer="ana", now=NOW)
    again = store.queue.item("g")
    assert again is not None
    last = [choice for choice in choices.decide_all(again, Action.DROP) if choice.path == "a/small"]
    with pytest.raises(NoSurvivorError, match="every copy of a/small"):
        store.log.decide(last, reviewer="ana", now=NOW)
    store.log.decide(choices.decide_all(store.queue.find()[0], Action.DROP), reviewer="ana", now=NOW)
    assert len(store.log.decisions()) == len(again.findings) + 1, "an image without a group is dropped as it is"


def test_every_group_of_a_dropped_image_keeps_a_survivor(store: Store) -> None:
    """Two scanners can call the same image a copy of different ones."""
    findings = table(
        *(finding(f"a/{name}", "resized", group_id="g", role=role) for name, role in (("0", "keeper"), ("1", "copy"))),
        *(finding(f"a/{name}", "edited", group_id="h", role=role) for name, role in (("2", "keeper"), ("1", "copy"))),
    )
    store.queue.sync(findings, images(findings))
    for path, refused in (("a/0", False), ("a/1", True)):
        dropped = [
            Choice(finding_id=row["finding_id"], path=path, sha256=f"sha-{path}", action=Action.DROP)
            for row in findings.to_dict("records")
            if row["path"] == path
        ]
        if refused:
            with pytest.raises(NoSurvivorError):
                store.log.decide(dropped, reviewer="ana", now=NOW)
        else:
            store.log.decide(dropped, reviewer="ana", now=NOW)


def test_a_drop_of_other_bytes_leaves_a_survivor(store: Store) -> None:
    (group,) = store.queue.find()
    store.log.decide(choices.keep_only(group, "a/small"), reviewer="ana", now=NOW)
    changed = images(GROUP, **{"a/big": "another"})
    store.queue.sync(GROUP, changed)
    again = store.queue.item("g")
    assert again is not None
    store.log.decide(
        [choice for choice in choices.decide_all(again, Action.DROP) if choice.path == "a/small"],
        reviewer="ana",
        now=NOW,
    )
    assert len(store.log.decisions()) == len(group.findings) + 1


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


def test_of_several_conflicts_all_are_named(store: Store) -> None:
    (group,) = store.queue.find()
    small = [choice for choice in choices.decide_all(group, Action.KEEP) if choice.path != "a/big"]
    store.log.decide(small, reviewer="ana", now=NOW)
    with pytest.raises(ConflictError) as caught:
        store.log.decide(choices.reject(group), reviewer="rui", now=NOW)
    assert caught.value.paths == {"a/small", "a/tiny"}
    assert (caught.value.reviewer, caught.value.action) == ("ana", "keep")


def test_of_several_decisions_since_the_latest_is_named(shared: Store) -> None:
    (shown,) = shared.queue.find()
    shared.log.decide(choices.decide_all(shown, Action.DROP), reviewer="ana", now=NOW)
    (again,) = shared.queue.find(pending=False)
    shared.log.decide(choices.decide_all(again, Action.KEEP), reviewer="eva", now=NOW)
    with pytest.raises(ConflictError, match="eva decided a/0 \\(keep\\)"):
        shared.log.decide(choices.decide_all(shown, Action.DROP), reviewer="rui", now=NOW)


def test_a_finding_about_several_images_is_decided_image_by_image(store: Store) -> None:
    """The key of a decision is finding and path together; either alone names more."""
    findings = table(
        finding("a/0", "resized", group_id="g", role="keeper"),
        finding("a/1", "resized", group_id="g", role="copy", finding_id="shared"),
        finding("a/2", "edited", group_id="h", role="keeper"),
        finding("a/3", "edited", group_id="h", role="copy", finding_id="shared"),
        finding("a/3", "a first one by its name"),
    )
    store.queue.sync(findings, images(findings))
    for path, keeper, item in (("a/3", "sha-a/2", "h"), ("a/1", "sha-a/0", "g")):
        choice = Choice(finding_id="shared", path=path, sha256=f"sha-{path}", action=Action.DROP)
        store.log.decide([choice], reviewer="ana", now=NOW)
        assert store.log.decisions()[-1].pair_sha256 == keeper
        assert item_of(store.log.undo(reviewer="ana", now=NOW)) == item
    dropped = Choice(finding_id="shared", path="a/1", sha256="sha-a/1", action=Action.DROP)
    store.log.decide([dropped], reviewer="ana", now=NOW)
    other = [Choice(finding_id="edited:a/2", path="a/2", sha256="sha-a/2", action=Action.DROP)]
    store.log.decide(other, reviewer="ana", now=NOW)
    assert store.queue.progress().images_done == 1, "a/3 is neither dropped nor decided"


def test_who_saw_no_screen_is_refused_nothing(shared: Store) -> None:
    choice = Choice(finding_id="blurry:a/0", path="a/0", sha256="sha-a/0", action=Action.DROP)
    shared.log.decide([choice], reviewer="ana", now=NOW)
    shared.log.decide([choice], reviewer="rui", now=NOW)
    assert shared.log.last_line() == 2


def test_steps_are_searched_by_path_person_note_action_and_class(shared: Store) -> None:
    first, second, third = shared.queue.find(limit=3)
    shared.log.decide(choices.decide_all(first, Action.DROP), reviewer="Ana", now=NOW, note="Out of focus")
    shared.log.decide(choices.decide_all(second, Action.KEEP), reviewer="Rui", now=NOW)
    shared.log.decide(choices.decide_all(third, Action.RELABEL, "Birds"), reviewer="Rui", now=NOW)
    for text, numbers in (
        ("", [3, 2, 1]), ("A/0", [1]), ("ana", [1]), ("FOCUS", [1]), ("keep", [2]), ("kee", []), ("%", []),
        ("birds", [3]),
    ):  # fmt: skip
        assert [step.number for step in shared.log.steps(text=text)] == numbers, text
    assert [step.number for step in shared.log.steps(limit=1)] == [3]
    assert [step.number for step in shared.log.steps(before=3)] == [2, 1]


@pytest.mark.parametrize("text", ["Álvaro", "álvaro", "ALVARO", "FUNDO É", "pássaros", "passaros", "Ação", "açao"])
def test_a_search_of_the_log_knows_no_case_and_no_accents_in_any_alphabet(tmp_path: Path, text: str) -> None:
    findings = table(finding("Ação/1"))
    with Store(tmp_path / "other.sqlite") as store:
        store.queue.sync(findings, images(findings))
        (item,) = store.queue.find()
        made = choices.decide_all(item, Action.RELABEL, "Pássaros")
        store.log.decide(made, reviewer="Álvaro", now=NOW, note="O fundo é claro")
        assert [step.number for step in store.log.steps(text=text)] == [1]
        assert store.log.steps(text="Água") == []


def test_a_step_is_taken_back_whole_and_only_once(store: Store) -> None:
    (group,) = store.queue.find()
    store.log.decide(choices.reject(group), reviewer="ana", now=NOW)
    taken_back = store.log.revert(1, reviewer="rui", now=NOW)
    assert taken_back is not None
    assert not taken_back.again
    assert (taken_back.of, {decision.path for decision in taken_back.decisions}) == (1, set(group.paths))
    assert store.log.revert(1, reviewer="eva", now=NOW) is None
    assert [(step.number, step.stands, step.of) for step in store.log.steps()] == [(2, True, 1), (1, False, None)]
    assert not store.log.step(1).again
    assert [step.reviewer for step in store.log.steps(text="RUI")] == ["rui"]
    assert store.log.steps(before=1) == []
    assert store.queue.progress().images_done == 0, "every finding of the step waits again"


def test_an_undo_of_an_undo_speaks_of_the_decision(shared: Store) -> None:
    shared.log.decide(choices.decide_all(shared.queue.find()[0], Action.DROP), reviewer="ana", now=NOW)
    shared.log.undo(reviewer="ana", now=NOW)
    again = shared.log.redo(reviewer="ana", now=NOW)
    assert again is not None
    assert again.again
    assert (again.of, [str(decision.action) for decision in again.decisions]) == (2, ["drop"])
    taken_back = shared.log.revert(again.number, reviewer="ana", now=NOW)
    assert taken_back is not None
    assert (taken_back.of, taken_back.again) == (3, False)


def test_a_step_about_an_image_without_a_finding_is_taken_back_too(shared: Store) -> None:
    choice = Choice(finding_id=IMAGE, path="z/clean", sha256="sha", action=Action.DROP)
    shared.log.decide([choice], reviewer="ana", now=NOW)
    step = shared.log.undo(reviewer="ana", now=NOW)
    assert step is not None
    assert (step.item_id, step.decisions[0].path) == (None, "z/clean")


def test_a_step_that_the_log_does_not_have_is_an_error(shared: Store) -> None:
    with pytest.raises(WorkspaceError, match="no step 7"):
        shared.log.step(7)
    with pytest.raises(WorkspaceError, match="the log has no step"):
        shared.log.step_of(7)


def test_a_group_goes_as_a_whole_where_every_image_is_to_go_for_a_reason_of_its_own(store: Store) -> None:
    pair = [finding(f"a/{name}", "resized", group_id="g", role=role) for name, role in (("0", "keeper"), ("1", "copy"))]
    findings = table(*pair, finding("a/0", "no_face"), finding("a/1", "no_face"))
    store.queue.sync(findings, images(findings))
    (group,) = store.queue.find()
    assert choices.survivor(group) is None
    store.log.decide(choices.reject(group), reviewer="ana", now=NOW)
    assert {str(decision.action) for decision in store.log.decisions()} == {"drop"}


def test_the_copy_that_is_fine_stays_where_the_keeper_is_to_go(store: Store) -> None:
    pair = [finding(f"a/{name}", "resized", group_id="g", role=role) for name, role in (("0", "keeper"), ("1", "copy"))]
    findings = table(*pair, finding("a/0", "no_face"), finding("a/1", "odd_size", suggestion="keep"))
    store.queue.sync(findings, images(findings))
    (group,) = store.queue.find()
    store.log.decide(choices.reject(group), reviewer="ana", now=NOW)
    assert {(d.path, str(d.action)) for d in store.log.decisions()} == {("a/0", "drop"), ("a/1", "keep")}
    assert choices.survivor(group) == "a/1"


WRITER = """
import sys
from curate.schema import Action
from curate.reviewing.fold import IMAGE
from curate.reviewing.log import Choice, Step
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
