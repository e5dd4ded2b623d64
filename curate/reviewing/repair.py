"""A review store that SQLite calls damaged: set aside as it is, and what can be read of its log kept in a new one.

Invariants: the damaged file stays, byte by byte, beside the new one; the new one takes its place whole or not at all;
what is kept keeps its numbers, so that later rows never get those of lost ones.
"""

import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from curate.errors import DamagedError
from curate.i18n import Message, nmsg
from curate.reviewing import derived
from curate.reviewing.database import Database, refusal
from curate.reviewing.store import Store
from curate.storage.atomic import explained
from curate.storage.owner import temporary_name

_NEEDED = {"decision": 1, "finding": 1, "item": 1, "opinion": 2}
"""Tables of a store, each with the version that made it."""
_BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a file."""


@dataclass(frozen=True, slots=True)
class Salvage:
    """Where a damaged store went, and how many rows of its log could be read."""

    aside: Path
    decisions: int

    @property
    def message(self) -> Message:
        """Say so to a person."""
        return nmsg(
            "The review store was damaged. It is kept as {aside}; {n} decision could be read and is kept.",
            "The review store was damaged. It is kept as {aside}; {n} decisions could be read and are kept.",
            self.decisions,
            aside=self.aside.name,
        )


def set_aside_if_damaged(path: Path) -> Salvage | None:
    """Put a new store in the place of a damaged one, with what can be read of the log; None where there is none."""
    if not path.is_file() or not _is_damaged(path):
        return None
    with explained(path):
        log = _Log.read(path)
        aside = _kept_aside(path)
        fresh = path.with_name(temporary_name())
        log.write(fresh)
        for suffix in _BESIDE:  # they belong to the old file, and SQLite would take them for the new one's
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        fresh.replace(path)
    return Salvage(aside, len(log.decisions))


def _is_damaged(path: Path) -> bool:
    try:
        with closing(Database(path)) as db:
            return db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok" or not _is_complete(db)
    except sqlite3.DatabaseError as error:
        why = refusal(path, error)
        if why is None or isinstance(why, DamagedError):
            return True
        raise why from error


def _is_complete(db: Database) -> bool:
    """Say whether a store that was ever brought up to date has its tables."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    needed = {name for name, since in _NEEDED.items() if since <= version}
    return {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} >= needed


def _kept_aside(path: Path) -> Path:
    """Copy a damaged file, and what SQLite keeps beside it, to names that are free."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("", _BESIDE[0]):
        with suppress(FileNotFoundError):
            shutil.copy2(path.with_name(path.name + suffix), aside.with_name(aside.name + suffix))
    return aside


@dataclass(frozen=True, slots=True)
class _Log:
    """The rows of a damaged log that could be read, by column, in the order of their numbers."""

    decisions: list[dict[str, object]]
    opinions: list[dict[str, object]]

    @classmethod
    def read(cls, path: Path) -> "_Log":
        """Read a copy, since SQLite writes to what it opens."""
        with tempfile.TemporaryDirectory(prefix="curate-") as folder:
            for suffix in ("", _BESIDE[0]):
                with suppress(FileNotFoundError):
                    shutil.copyfile(path.with_name(path.name + suffix), Path(folder) / f"copy{suffix}")
            with closing(sqlite3.connect(Path(folder) / "copy", isolation_level=None)) as db:
                db.row_factory = sqlite3.Row
                with suppress(sqlite3.DatabaseError):
                    db.execute("PRAGMA writable_schema = ON")  # else a file that is cut is not read at all
                return cls([*_rows(db, "decision")], [*_rows(db, "opinion")])

    def write(self, path: Path) -> None:
        """Write a new store with these rows; an undo of a row that is lost is lost too."""
        with Store(path):
            pass  # makes its tables
        database = Database(path)
        try:
            with database.transaction():
                known: set[object] = {None}
                for row in self.decisions:
                    if row.get("reverts") in known and _inserted(database, "decision", row):
                        known.add(row["id"])
                for row in self.opinions:
                    _inserted(database, "opinion", row)
                derived.rebuild(database)
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            database.close()


def _inserted(db: Database, table: str, row: dict[str, object]) -> bool:
    """Insert a row; False where it breaks a rule of the table, so is not what was written."""
    names = ", ".join(row)
    holes = ", ".join(f":{name}" for name in row)
    try:
        db.execute(f"INSERT INTO {table}({names}) VALUES ({holes})", row)  # noqa: S608 - names of our own columns
    except sqlite3.IntegrityError:
        return False
    return True


def _rows(db: sqlite3.Connection, table: str) -> Iterator[dict[str, object]]:
    """Yield the rows of a table that can be read, around pages that cannot."""
    found: dict[int, dict[str, object]] = {}
    for direction in ("ASC", "DESC"):
        with suppress(sqlite3.DatabaseError):
            for row in db.execute(f"SELECT * FROM {table} ORDER BY id {direction}"):  # noqa: S608 - one of two names
                found.setdefault(row["id"], dict(row))
    numbers = [0, *sorted(found), _last(db, table, max(found, default=0)) + 1]
    for before, after in itertools.pairwise(numbers):
        for row in _between(db, table, before + 1, after - 1):
            found[int(str(row["id"]))] = row
    yield from (found[number] for number in sorted(found))


def _last(db: sqlite3.Connection, table: str, known: int) -> int:
    """Return the highest number that a row may have: the last before an error is lost with it, so one above `known`."""
    with suppress(sqlite3.DatabaseError):
        return max(known + 1, db.execute(f"SELECT max(id) FROM {table}").fetchone()[0] or 0)  # noqa: S608 - as above
    return known + 1


def _between(db: sqlite3.Connection, table: str, first: int, last: int) -> Iterator[dict[str, object]]:
    """Yield the rows numbered `first` to `last` that can be read, halving what cannot."""
    if first > last:
        return
    query = f"SELECT * FROM {table} WHERE id BETWEEN ? AND ?"  # noqa: S608 - one of two names
    try:
        yield from [dict(row) for row in db.execute(query, (first, last))]
    except sqlite3.DatabaseError:
        if first < last:
            middle = (first + last) // 2
            yield from _between(db, table, first, middle)
            yield from _between(db, table, middle + 1, last)
