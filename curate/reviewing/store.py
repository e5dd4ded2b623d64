"""The review store: one SQLite file with the queue of findings, the catalogue of images, the log of
decisions, and second looks.

Invariants: a store that is open has the tables of this version, and what is derived from the log was rebuilt
when they changed; no other room speaks SQL.
"""

import sqlite3
from pathlib import Path

from curate.errors import WorkspaceError
from curate.reviewing import derived
from curate.reviewing.catalogue import Catalogue
from curate.reviewing.database import Database, refusal
from curate.reviewing.log import Log
from curate.reviewing.migrations import MIGRATIONS
from curate.reviewing.queue import Queue
from curate.reviewing.second_look import SecondLooks


class Store:
    """An open review store. Not to be shared between threads: open one in each.

    Raises `WorkspaceError` where the file is no store, or was made by a newer version; as a context also for what
    SQLite refuses within it (`database.refusal`).
    """

    def __init__(self, path: Path) -> None:
        try:
            self._db = _open(path)
        except sqlite3.DatabaseError as error:
            why = refusal(path, error) or WorkspaceError(f"{path} cannot be opened as a review store ({error})")
            raise why from error
        self._path = path
        self.log = Log(self._db)
        self.queue = Queue(self._db, self.log)
        self.catalogue = Catalogue(self._db)
        self.second_looks = SecondLooks(self._db, self.queue)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.close()
        why = refusal(self._path, error) if isinstance(error, sqlite3.DatabaseError) else None
        if why is not None:
            raise why from error


def _open(path: Path) -> Database:
    db = Database(path)
    try:
        _migrate(db)
    except BaseException:
        db.close()
        raise
    return db


def _migrate(db: Database) -> None:
    if _version(db) == len(MIGRATIONS):
        return
    with db.transaction():
        version = _version(db)  # again: another process may have migrated it meanwhile
        for migrate in MIGRATIONS[version:]:
            migrate(db.connection)
        derived.rebuild(db)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _version(db: Database) -> int:
    """Return how many migrations were run on the file; raise `WorkspaceError` for more than there are."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise WorkspaceError(
            f"{db.path} was made by a newer curate (store version {version}, this one knows {len(MIGRATIONS)}); "
            "upgrade with: pip install -U imagecurate"
        )
    return version
