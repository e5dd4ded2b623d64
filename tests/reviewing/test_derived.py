"""What is derived from the log: kept up a decision at a time, it is what folding the whole log gives."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import curate
from curate.auditing import pipeline
from curate.dataset import manifest
from curate.reviewing import choices
from curate.reviewing.catalogue import ImageFilter
from curate.reviewing.fold import IMAGE, fold, rule
from curate.reviewing.log import Choice
from curate.reviewing.queue import Item
from curate.reviewing.store import Store
from curate.schema import Action, State, Verdict
from curate.storage.workspace import Workspace
from tests import sample_images
from tests.reviewing.samples import NOW, finding, table

# One truth: the queue, the status and the manifest, on a workspace with three files of the same bytes


@pytest.fixture
def alike(tmp_path: Path) -> Workspace:
    source = sample_images.dataset(tmp_path / "source", each=2)
    for name in ("first.jpg", "second.jpg"):
        shutil.copy(source / "dogs" / "000.jpg", source / "dogs" / name)
    curate.audit(source, tmp_path / "ws")
    return Workspace(tmp_path / "ws")


def pending(workspace: Workspace) -> int:
    """How many images wait, which queue, status and manifest must agree on."""
    frame, findings = workspace.read_images(), workspace.read_findings()
    with Store(workspace.review) as store:
        progress = store.queue.progress()
        waiting = len({path for item in store.queue.find(limit=9) for path in _undecided(item)})
        built = manifest.build(frame, findings, store.log.decisions(), source="s")
    counts = {
        "in the queue's count": progress.images - progress.images_done,
        "shown by the queue": waiting,
        "by status": curate.status(workspace.root).verdicts["pending"],
        "in the manifest": int((built["action"] == Verdict.PENDING).sum()),
    }
    assert len(set(counts.values())) == 1, counts
    return counts["by status"]


def _undecided(item: Item) -> list[str]:
    return [row["path"] for row in item.findings if row["role"] != "keeper" and row["action"] is None]


def of_copy(store: Store, number: int, action: Action) -> list[Choice]:
    """The choice about one of the two copies."""
    item = store.queue.item(store.queue.find(pending=None)[0].item_id)
    assert item is not None
    return [choice for choice in choices.decide_all(item, action) if choice.path == item.paths[number]]


def test_keeping_one_of_two_equal_copies_keeps_the_pair_everywhere(alike: Workspace) -> None:
    assert pending(alike) == 2
    with Store(alike.review) as store:
        store.log.decide(of_copy(store, 1, Action.KEEP), reviewer="ana", now=NOW)
    assert pending(alike) == 0, "the other copy is the same pair of contents"
    pipeline.judge(alike.root)
    assert pending(alike) == 0


def test_dropping_the_other_copy_and_taking_it_back_leaves_the_pair_kept(alike: Workspace) -> None:
    with Store(alike.review) as store:
        store.log.decide(of_copy(store, 1, Action.KEEP), reviewer="ana", now=NOW)
        store.log.decide(of_copy(store, 2, Action.DROP), reviewer="ana", now=NOW)
    assert pending(alike) == 0
    assert curate.status(alike.root).verdicts["drop"] == 1
    with Store(alike.review) as store:
        store.log.undo(reviewer="ana", now=NOW)
    assert pending(alike) == 0
    assert curate.status(alike.root).verdicts["drop"] == 0


def test_taking_back_what_kept_the_pair_lets_both_wait_again(alike: Workspace) -> None:
    with Store(alike.review) as store:
        store.log.decide(of_copy(store, 1, Action.KEEP), reviewer="ana", now=NOW)
        store.log.undo(reviewer="ana", now=NOW)
    assert pending(alike) == 2
    with Store(alike.review) as store:
        store.log.redo(reviewer="ana", now=NOW)
    assert pending(alike) == 0


def test_another_decision_about_what_kept_the_pair_no_longer_keeps_it(alike: Workspace) -> None:
    with Store(alike.review) as store:
        store.log.decide(of_copy(store, 1, Action.KEEP), reviewer="ana", now=NOW)
        store.log.decide(of_copy(store, 1, Action.DROP), reviewer="ana", now=NOW)
    assert pending(alike) == 1


def test_a_copy_that_stays_instead_of_its_keeper_is_not_kept_beside_it(alike: Workspace) -> None:
    """One of three equal files was to stay: a fourth is asked about, also after all have moved."""
    source = alike.root.parent / "source"
    with Store(alike.review) as store:
        (item,) = store.queue.find()
        kept = choices.keep_only(item, item.paths[1])
        store.log.decide(kept, reviewer="ana", now=NOW)
    assert pending(alike) == 0
    (source / "dogs").rename(source / "hounds")
    curate.audit(source, alike.root)
    assert pending(alike) == 0
    assert curate.status(alike.root).verdicts["drop"] == 2
    shutil.copy(source / "hounds" / "000.jpg", source / "hounds" / "third.jpg")
    curate.audit(source, alike.root)
    assert pending(alike) == 1


def test_a_keeper_that_was_dropped_stays_so_when_another_copy_goes(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "source", each=2)
    original = source / "dogs" / "000.jpg"
    shutil.copy(original, source / "dogs" / "same.jpg")
    with Image.open(original) as image:
        image.resize((image.width * 3 // 4, image.height * 3 // 4)).save(source / "dogs" / "small.jpg", quality=95)
    curate.audit(source, tmp_path / "ws")
    workspace = Workspace(tmp_path / "ws")
    with Store(workspace.review) as store:
        (item,) = store.queue.find()
        assert item.paths == ["dogs/000.jpg", "dogs/same.jpg", "dogs/small.jpg"]
        store.log.decide(choices.keep_only(item, "dogs/small.jpg"), reviewer="ana", now=NOW)
    (source / "dogs" / "same.jpg").unlink()
    curate.audit(source, tmp_path / "ws")
    assert pending(workspace) == 0
    table = curate.manifest(workspace.root).set_index("path")
    assert table.loc[["dogs/000.jpg", "dogs/small.jpg"], "action"].tolist() == ["drop", "keep"]


# The law, on small random queues

CONTENTS = st.sampled_from(["s0", "s1", "s2", None])


@st.composite
def queues(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Findings and images: groups that may share members and contents, findings across them, and single images.

    An image may have the class that others are given.
    """
    paths = [f"a/{index}" for index in range(5)]
    labels = {path: draw(st.sampled_from("ab")) for path in paths}
    rows = [
        finding(path, label=labels[path], severity=draw(st.sampled_from(["warning", "info"])))
        for path in draw(st.sets(st.sampled_from(paths)))
    ]
    for group in range(draw(st.integers(0, 2))):
        keeper, *copies = draw(st.lists(st.sampled_from(paths), min_size=2, max_size=4, unique=True))
        kinds = ["same_bytes", *draw(st.sets(st.sampled_from(["label_conflict", "split_leak"])))]
        for kind in kinds:
            for path in [keeper, *copies]:
                role = "keeper" if path == keeper else "copy"
                name = f"{kind}:{draw(st.integers(0, 1))}:{group}:{path}"  # a group may be told by other findings later
                more = {"label": labels[path], "role": role, "group_id": f"g{group}", "finding_id": name}
                rows.append(finding(path, kind, **more))
    hashes = {path: draw(CONTENTS) for path in paths}
    findings = table(*rows)
    frame = {"path": paths, "label": [*labels.values()], "sha256": [hashes[path] for path in paths]}
    return findings, pd.DataFrame(frame, dtype=object)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["keep", "keep", "drop", "relabel", "defer", "undo", "redo", "revert"]),
        st.sampled_from(["ana", "rui"]),
        st.sets(st.integers(0, 30), min_size=1, max_size=3),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
)


def take(
    store: Store, findings: pd.DataFrame, hashes: dict[str, str | None], step: tuple[str, str, set[int], bool, bool]
) -> None:
    what, who, numbers, stale, itself = step
    if what == "undo":
        store.log.undo(reviewer=who, now=NOW)
    elif what == "redo":
        store.log.redo(reviewer=who, now=NOW)
    elif what == "revert":
        latest = next((step.number for step in store.log.steps(limit=1)), 0)
        for number in numbers:
            store.log.revert(max(0, latest - number), reviewer=who, now=NOW)
    elif itself:
        paths = sorted(hashes)
        chosen_paths = {paths[number % len(paths)] for number in numbers}
        label = "b" if what == "relabel" else None
        made = [
            Choice(IMAGE, path, "old" if stale else hashes[path], Action(what), label) for path in sorted(chosen_paths)
        ]
        store.log.decide(made, reviewer=who, now=NOW, allow_no_survivor=True)
    elif len(findings):
        chosen = [findings.iloc[number % len(findings)] for number in sorted(numbers)]
        made = [
            Choice(
                finding_id=row["finding_id"],
                path=row["path"],
                sha256="old" if stale else hashes[row["path"]],
                action=Action(what),
                new_label="b" if what == "relabel" else None,
            )
            for row in chosen
        ]
        store.log.decide(made, reviewer=who, now=NOW, allow_no_survivor=True)


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """All that is derived, as it is on disk."""
    with closing(sqlite3.connect(path)) as db:
        return {
            name: sorted(db.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for name in ("live", "standing", "item", "total", "finding", "image")
        }


def agree(store: Store, findings: pd.DataFrame, frame: pd.DataFrame) -> None:
    """The queue says what folding the log and ruling on it say."""
    log = store.log.decisions()
    folded = fold(log)
    rulings = rule(findings, frame, folded)
    waiting = {path for path, ruling in rulings.items() if ruling.verdict is Verdict.PENDING}
    progress = store.queue.progress()
    assert progress.images - progress.images_done == len(waiting)
    assert {path for item in store.queue.find(limit=99) for path in item.paths if path in waiting} == waiting
    assert all(waiting & set(item.paths) for item in store.queue.find(limit=99))
    for item in store.queue.find(pending=None, limit=99):
        for path in item.paths:
            ruling = rulings[path]
            assert {row["finding_id"] for row in item.of(path) if row["stale"]} == {
                d.finding_id for d in ruling.stale
            } - {IMAGE}
            shown = [row["action"] for row in item.of(path) if row["action"] not in {None, "defer"}]
            assert sorted(shown) == sorted(d.action for d in ruling.decisions if d.finding_id != IMAGE)
    live = {decision.batch for decision in folded.live}
    assert {step.number for step in store.log.steps(limit=999) if step.stands} == live
    for entry in store.catalogue.find(limit=99):
        ruling = rulings.get(entry.path)
        assert entry.state == (ruling.state if ruling else State.CLEAR)
        assert entry.new_label == (ruling.new_label if ruling else None)
    counted = {state: store.catalogue.count(ImageFilter(states=frozenset({State(state)}))) for state in State}
    assert {state: n for state, n in counted.items() if n} == store.catalogue.facets()["state"]


@settings(max_examples=150, deadline=None)
@given(queues(), queues(), STEPS, STEPS)
def test_what_the_queue_says_is_the_log_folded(
    tmp_path_factory: pytest.TempPathFactory,
    before: tuple[pd.DataFrame, pd.DataFrame],
    after: tuple[pd.DataFrame, pd.DataFrame],
    first: list[tuple[str, str, set[int], bool, bool]],
    second: list[tuple[str, str, set[int], bool, bool]],
) -> None:
    path = tmp_path_factory.mktemp("derived") / "review.sqlite"
    with Store(path) as store:
        for (findings, frame), steps in ((before, first), (after, second)):
            hashes = dict(zip(frame["path"], frame["sha256"], strict=True))
            store.queue.sync(findings, frame)
            agree(store, findings, frame)
            for step in steps:
                take(store, findings, hashes, step)
                agree(store, findings, frame)
            kept_up = tables(path)
            store.queue.sync(findings, frame)
            assert tables(path) == kept_up
