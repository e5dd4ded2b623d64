"""Opening a store: an old one is brought up to date, what is none is refused."""

import sqlite3
from pathlib import Path

import pytest

from curate.errors import WorkspaceError
from curate.reviewing.migrations import MIGRATIONS
from curate.reviewing.store import Store


def test_a_store_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "review.sqlite") as db:
        MIGRATIONS[0](db)
        db.execute("PRAGMA user_version = 1")
        row = "'f', 'a/0', 'sha-a/0', NULL, {}, NULL, 'ana', NULL, 'now', {}"
        db.execute(f"INSERT INTO decision VALUES (1, 1, {row.format(chr(39) + 'drop' + chr(39), 'NULL')})")
        db.execute(f"INSERT INTO decision VALUES (2, 2, {row.format(chr(39) + 'undo' + chr(39), '1')})")
    db.close()
    with Store(tmp_path / "review.sqlite") as store:
        assert [line.stands for line in store.log.lines()] == [True, False]
        assert store.queue.progress().items == 0


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
