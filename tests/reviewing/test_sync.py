"""A sync fills the queue while people decide: nobody waits for it, and nothing that they decide is lost."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from curate.reviewing import sync as syncing
from curate.reviewing.database import Database
from curate.reviewing.log import Choice
from curate.reviewing.store import Store
from curate.schema import Action
from tests.reviewing.samples import GROUP, NOW, finding, ids, images, table

MANY = table(*(finding(f"a/{number:05}") for number in range(4_000)))


def tables(path: Path) -> set[str]:
    with sqlite3.connect(path) as db:
        names = {str(row[0]) for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    db.close()
    return names


def test_nothing_but_the_queue_is_left_after_any_number_of_syncs(store: Store, tmp_path: Path) -> None:
    before = tables(tmp_path / "review.sqlite")
    for _ in range(3):
        store.queue.sync(GROUP, images(GROUP))
    assert tables(tmp_path / "review.sqlite") == before
    assert ids(store.queue.find(limit=9)) == ["g", "b/x"]


def test_a_queue_has_its_indexes_after_any_number_of_syncs(store: Store, tmp_path: Path) -> None:
    def indexes() -> set[str]:
        with sqlite3.connect(tmp_path / "review.sqlite") as db:
            names = {str(row[0]).removesuffix("_b") for row in db.execute("SELECT name FROM sqlite_master")}
        db.close()
        return {name for name in names if name.startswith(("finding_", "item_"))}

    before = indexes()
    for _ in range(3):
        store.queue.sync(GROUP, images(GROUP))
        assert indexes() == before


def test_a_decision_is_recorded_while_a_sync_runs_and_counts_in_the_new_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "review.sqlite"
    monkeypatch.setattr(syncing, "BATCH", 100)
    waits: list[float] = []

    def decide(count: int) -> None:
        with Store(path) as other:
            for number in range(count):
                choice = Choice(f"blurry:a/{number:05}", f"a/{number:05}", f"sha-a/{number:05}", Action.KEEP)
                begun = time.monotonic()
                other.log.decide([choice], reviewer="ana", now=NOW)
                waits.append(time.monotonic() - begun)

    hashes = images(MANY)
    with Store(path) as store:
        store.queue.sync(MANY, hashes)
        person = threading.Thread(target=decide, args=(25,))
        person.start()
        while len(waits) < 25:
            store.queue.sync(MANY, hashes)
        person.join()
        store.queue.sync(MANY, hashes)
        progress = store.queue.progress()
        assert (progress.items, progress.items_done, progress.images_done) == (4_000, 25, 25)
        assert len(store.log.decisions()) == 25


def test_what_is_decided_between_the_reading_of_the_log_and_the_change_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "review.sqlite"
    fill = syncing._fill

    def decide_then_fill(db: Database, statement: str, rows: list[object]) -> None:
        if "item_next" in statement:
            with Store(path) as other:
                choice = Choice(finding_id="blurry:b/x", path="b/x", sha256="sha-b/x", action=Action.DROP)
                other.log.decide([choice], reviewer="ben", now=NOW)
        fill(db, statement, rows)  # type: ignore[arg-type]

    with Store(path) as store:
        store.queue.sync(GROUP, images(GROUP))
        monkeypatch.setattr(syncing, "_fill", decide_then_fill)
        store.queue.sync(GROUP, images(GROUP))
        assert ids(store.queue.find(limit=9)) == ["g"]
        assert store.queue.progress().items_done == 1


def test_a_sync_that_is_stopped_leaves_the_queue_as_it_was(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = store.queue.find(limit=9)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(syncing, "_totals", stop)
        with pytest.raises(KeyboardInterrupt):
            store.queue.sync(MANY, images(MANY))
    assert store.queue.find(limit=9) == before
    store.queue.sync(MANY, images(MANY))
    assert store.queue.progress().items == 4_000
    assert not [name for name in tables(tmp_path / "review.sqlite") if name.endswith(("_next", "_last"))]
