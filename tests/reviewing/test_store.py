"""Opening a store: an old one is brought up to date, what is none is refused."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from curate.errors import WorkspaceError
from curate.reviewing.log import Choice
from curate.reviewing.migrations import MIGRATIONS
from curate.reviewing.store import Store
from curate.schema import Action
from tests.reviewing.samples import finding, images, table


def test_a_store_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "review.sqlite") as db:
        MIGRATIONS[0](db)
        db.execute("PRAGMA user_version = 1")
        row = "'f', 'a/0', 'sha-a/0', NULL, {}, NULL, 'ana', NULL, 'now', {}"
        db.execute(f"INSERT INTO decision VALUES (1, 1, {row.format(chr(39) + 'drop' + chr(39), 'NULL')})")
        db.execute(f"INSERT INTO decision VALUES (2, 2, {row.format(chr(39) + 'undo' + chr(39), '1')})")
    db.close()
    with Store(tmp_path / "review.sqlite") as store:
        assert [step.stands for step in store.log.steps()] == [True, False]
        assert store.queue.progress().items == 0


def test_a_store_of_the_second_version_learns_what_pairs_of_contents_are_kept(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "review.sqlite") as db:
        MIGRATIONS[0](db)
        MIGRATIONS[1](db)
        db.execute("PRAGMA user_version = 2")
        for name, role in (("0", "keeper"), ("1", "copy"), ("2", "copy")):
            db.execute(
                "INSERT INTO finding VALUES"
                " (?, ?, 'g', 'duplicate', 'same_bytes', 'a', 'g', ?, 1, 'warning', '', '', '{}', 's')",
                (name, f"a/{name}", role),
            )
        db.execute("INSERT INTO item VALUES ('g', 1, 0, 2, 1)")
        db.execute("INSERT INTO decision VALUES (1, 1, '1', 'a/1', 's', 's', 'keep', NULL, 'ana', NULL, 'now', NULL)")
        db.execute("INSERT INTO standing VALUES ('1', 'a/1', 's', 'keep', NULL)")
    db.close()
    with Store(tmp_path / "review.sqlite") as store:
        assert store.queue.progress().images_done == 2
        assert store.queue.facets()["kind"] == {"same_bytes": 2}, "and how many are flagged"
        assert store.catalogue.facets()["kind"] == {"same_bytes": 3}
        store.log.undo(reviewer="ana", now="now")
        assert store.queue.progress().images_done == 0


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "review.sqlite").close()
    with sqlite3.connect(tmp_path / "review.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(WorkspaceError, match="newer curate"):
        Store(tmp_path / "review.sqlite")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "review.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(WorkspaceError, match="is damaged"):
        Store(tmp_path / "review.sqlite")


def test_a_store_that_was_opened_before_is_as_it_was(tmp_path: Path) -> None:
    with Store(tmp_path / "review.sqlite") as store:
        findings = table(finding("a/0"))
        store.queue.sync(findings, images(findings))
        held = store.queue.claim(holder="ana", now_s=0)
    with Store(tmp_path / "review.sqlite") as store:
        assert store.queue.find() == held
        assert store.queue.holders(now_s=0) == {"ana": 1}


def test_a_failed_write_leaves_no_trace_and_the_store_can_be_used_on(tmp_path: Path) -> None:
    with Store(tmp_path / "review.sqlite") as store:
        nonsense = Choice(finding_id="f", path="p", sha256=None, action=Action.RELABEL)
        with pytest.raises(sqlite3.IntegrityError):
            store.log.decide([nonsense], reviewer="ana", now="now")
        assert store.log.decisions() == []
        store.log.decide([replace(nonsense, action=Action.KEEP)], reviewer="ana", now="now")
        assert store.log.last_line() == 1
