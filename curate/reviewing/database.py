"""The SQLite file of the review store: opening it, and what happens all at once or not at all.

Invariants: what a transaction wrote is on disk when it ends, unless it was begun as not durable; a failed one
leaves no trace; a reader or writer in another process or thread never sees half of one.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from curate.errors import WorkspaceError

BUSY_TIMEOUT_S = 30

Values = Sequence[Any] | Mapping[str, Any]
"""What is bound to the placeholders of a statement."""


class Database:
    """A connection to one file. Not to be shared between threads: open one in each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        try:
            self.execute("PRAGMA journal_mode = WAL")
            self.execute("PRAGMA foreign_keys = ON")
            # Without it INSERT OR REPLACE would delete a decision without firing the trigger that forbids it.
            self.execute("PRAGMA recursive_triggers = ON")
        except sqlite3.DatabaseError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def execute(self, statement: str, values: Values = ()) -> sqlite3.Cursor:
        """Run one statement; its rows can be read by column name."""
        return self.connection.execute(statement, values)

    def executemany(self, statement: str, rows: Iterable[Values]) -> None:
        """Run one statement for each of the rows."""
        self.connection.executemany(statement, rows)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let several statements see the same moment."""
        self.execute("BEGIN")
        try:
            yield
        finally:
            self.execute("COMMIT")

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """Write all or nothing; not `durable` is what may be lost with the power, such as who looks at what.

        Raises `WorkspaceError` where the disk is full or the file may not be written.
        """
        try:
            self.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.execute("ROLLBACK")
                raise
            self.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise WorkspaceError(f"the disk is full: {self.path} could not be written; free some space") from error
            if "readonly" in str(error):
                raise WorkspaceError(f"no permission to write {self.path}") from error
            raise
