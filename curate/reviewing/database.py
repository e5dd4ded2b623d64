"""The SQLite file of the review store: opening it, and what happens all at once or not at all.

Invariants: what a transaction wrote is on disk when it ends, unless it was begun as not durable; a failed one
leaves no trace; a reader or writer in another process or thread never sees half of one. A file that may not be
written is read as it is.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from curate.errors import DamagedError, WorkspaceError
from curate.reviewing.search import folded

BUSY_TIMEOUT_S = 30

Values = Sequence[Any] | Mapping[str, Any]
"""What is bound to the placeholders of a statement."""


class Database:
    """A connection to one file. Not to be shared between threads: open one in each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self._refused: sqlite3.Error | None = None
        try:
            self.connection = _writable(path)
        except sqlite3.OperationalError as error:
            if _code(error) not in {*_NOT_ALLOWED, sqlite3.SQLITE_IOERR} or not path.is_file():
                raise
            self._refused = error  # reading takes files beside it, which a full disk refuses too
            self.connection = self._readable()

    def _readable(self) -> sqlite3.Connection:
        """Open a file that may not be written: as it lies, or a copy of it with what is not yet merged into it."""
        log = self.path.with_name(f"{self.path.name}-wal")
        if not (log.is_file() and log.stat().st_size):
            return _connected(f"{self.path.absolute().as_uri()}?mode=ro&immutable=1", is_uri=True)
        self._copy = tempfile.TemporaryDirectory(prefix="curate-")
        for file in (self.path, log):
            shutil.copyfile(file, Path(self._copy.name) / file.name)
        connection = _connected(str(Path(self._copy.name) / self.path.name))
        connection.execute("PRAGMA query_only = ON")
        return connection

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
        if self._copy is not None:
            self._copy.cleanup()

    def execute(self, statement: str, values: Values = ()) -> sqlite3.Cursor:
        """Run one statement; its rows can be read by column name."""
        return self.connection.execute(statement, values)

    def each(self, query: str, rows: Iterable[Values]) -> Iterator[sqlite3.Row]:
        """Run one query for each of the rows of values, and yield what they all return."""
        for values in rows:
            yield from self.connection.execute(query, values)

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

        Raises `WorkspaceError` where that is refused (`refusal`).
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
        except sqlite3.DatabaseError as error:
            is_unwritable = self._refused is not None and _code(error) == sqlite3.SQLITE_READONLY
            raise refusal(self.path, self._refused if self._refused and is_unwritable else error) or error from error


def refusal(path: Path, error: sqlite3.Error) -> WorkspaceError | None:
    """Say in one line why SQLite would not read or write a file; None where that is a mistake of ours."""
    code = _code(error)
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return DamagedError(
            f"{path} is damaged ({error}); run the audit again: it sets the file aside, and keeps what can be read of "
            "the decisions"
        )
    full = f"the disk is full: {path} could not be written; free some space and run again"
    reasons = {
        sqlite3.SQLITE_FULL: full,
        sqlite3.SQLITE_IOERR: full if _is_full(path) else f"{path} cannot be read or written ({error}); run again",
        sqlite3.SQLITE_BUSY: f"{path} is in use by another program ({BUSY_TIMEOUT_S} s); close that and run again",
        sqlite3.SQLITE_LOCKED: f"{path} is in use by another program; close that and run again",
        **dict.fromkeys(
            _NOT_ALLOWED, f"no permission to write {path}; give yourself permission, or decide in a copy of its folder"
        ),
    }
    return WorkspaceError(reasons[code]) if code in reasons else None


_NOT_ALLOWED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})


def _is_full(path: Path) -> bool:
    """Say whether there is no room for what SQLite keeps beside a file, which it calls an I/O error."""
    try:
        return shutil.disk_usage(path.parent).free < _LEAST_ROOM
    except OSError:
        return False


_LEAST_ROOM = 1 << 20


def _code(error: sqlite3.Error) -> int:
    """Return the primary code of an error (https://sqlite.org/rescode.html), 0 where SQLite did not raise it."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _writable(path: Path) -> sqlite3.Connection:
    connection = _connected(str(path))
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _connected(name: str, *, is_uri: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(name, timeout=BUSY_TIMEOUT_S, isolation_level=None, uri=is_uri)
    connection.row_factory = sqlite3.Row
    connection.create_function("folded", 1, folded, deterministic=True)  # its own lower() knows ASCII alone
    connection.execute("PRAGMA foreign_keys = ON")
    # Without it INSERT OR REPLACE would delete a decision without firing the trigger that forbids it.
    connection.execute("PRAGMA recursive_triggers = ON")
    return connection
