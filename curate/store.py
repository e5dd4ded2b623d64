"""The review store: the queue of findings and the append-only log of decisions. The only file with SQL.

Invariants: a row of `decision` is never changed or removed (triggers refuse it); a decision is on disk
before `decide` returns; `standing` is nothing but the log folded, kept up in the same transaction and
rebuilt by `sync`; a reader or writer in another process or thread never sees half a batch.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from curate.errors import NoSurvivorError, WorkspaceError
from curate.fold import Decision, fold
from curate.schema import ACROSS, Action, Role, Severity

BUSY_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One decision to record: about one finding on one picture, bound to the bytes that were looked at."""

    finding_id: str
    path: str
    sha256: str | None
    action: Action
    new_label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which items of the queue; an empty set means all."""

    labels: frozenset[str | None] = frozenset()
    categories: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    min_score: float = 0.0
    text: str = ""
    groups: bool | None = None
    """Only groups, or only single pictures; None takes both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to decide: a picture with all its findings, or a duplicate group.

    `findings` holds the rows of the findings table for every picture of the item, with the standing
    action of each as `action` (None while undecided) and the picture's `sha256`.
    """

    item_id: str
    is_group: bool
    rank: int
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """The pictures, keeper first, in a stable order."""
        keepers = [row["path"] for row in self.findings if row["role"] == Role.KEEPER]
        return list(dict.fromkeys([*keepers, *(row["path"] for row in self.findings)]))

    def of(self, path: str) -> list[dict[str, Any]]:
        """The findings about one picture."""
        return [row for row in self.findings if row["path"] == path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the review has come, in items and in pictures that want a decision."""

    items: int
    items_done: int
    images: int
    images_done: int


class Store:
    """An open review store. Not to be shared between threads: open one in each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            # Without it INSERT OR REPLACE would delete a decision without firing the trigger that forbids it.
            self._db.execute("PRAGMA recursive_triggers = ON")
            self._migrate()
        except sqlite3.DatabaseError as error:
            raise WorkspaceError(f"{path} cannot be opened as a review store ({error})") from error

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # Filling the queue

    def sync(self, findings: pd.DataFrame, images: pd.DataFrame) -> None:
        """Make the queue show these findings; decisions are untouched and find their findings again."""
        hashes = dict(zip(images["path"], images["sha256"], strict=True))
        rows = [
            {**row, "sha256": hashes.get(row["path"])}
            for row in findings.to_dict("records")
            if row["severity"] != Severity.INFO
        ]
        with self._transaction():
            self._db.execute("DELETE FROM finding")
            self._db.execute("DELETE FROM item")
            self._db.execute("DELETE FROM standing")
            groups = {row["path"]: row["group_id"] for row in rows if row["group_id"]}
            for row in rows:
                row["item_id"] = groups.get(row["path"], row["path"])
            self._db.executemany(_INSERT_FINDING, rows)
            self._db.executemany("INSERT INTO item(item_id, is_group, rank) VALUES (?, ?, ?)", _ranked(rows))
            self._refold(None)

    # Reading

    def find(
        self,
        chosen: Filter = Filter(),
        *,
        after_rank: int = -1,
        pending: bool | None = True,
        limit: int = 1,
    ) -> list[Item]:
        """Items in queue order behind `after_rank`; `pending` None takes decided ones too."""
        where, values = _where(chosen)
        if pending is not None:
            where.append("i.pending > 0" if pending else "i.pending = 0")
        query = (
            "SELECT i.item_id, i.is_group, i.rank FROM item i WHERE i.rank > :after"
            + "".join(f" AND {part}" for part in where)
            + " ORDER BY i.rank LIMIT :limit"
        )
        rows = self._db.execute(query, {**values, "after": after_rank, "limit": limit}).fetchall()
        return [self._item(row) for row in rows]

    def before(self, rank: int, chosen: Filter = Filter()) -> Item | None:
        """The item ahead of `rank` in the queue, decided or not."""
        where, values = _where(chosen)
        condition = "".join(f" AND {part}" for part in where)
        row = self._db.execute(
            f"SELECT i.item_id, i.is_group, i.rank FROM item i WHERE i.rank < :rank{condition}"
            " ORDER BY i.rank DESC LIMIT 1",
            {**values, "rank": rank},
        ).fetchone()
        return self._item(row) if row else None

    def item(self, item_id: str) -> Item | None:
        """One item by its id; None if the queue has none such."""
        row = self._db.execute("SELECT item_id, is_group, rank FROM item WHERE item_id = ?", (item_id,)).fetchone()
        return self._item(row) if row else None

    def progress(self, chosen: Filter = Filter()) -> Progress:
        """Items and pictures that want a decision, and how many have it."""
        where, values = _where(chosen)
        condition = "".join(f" AND {part}" for part in where)
        row = self._db.execute(
            "SELECT count(*), coalesce(sum(i.pending = 0), 0), coalesce(sum(i.images), 0),"
            f" coalesce(sum(i.images - i.pending), 0) FROM item i WHERE 1{condition}",
            values,
        ).fetchone()
        return Progress(items=row[0], items_done=row[1], images=row[2], images_done=row[3])

    def facets(self) -> dict[str, list[str | None]]:
        """The labels, categories and kinds that the queue holds."""
        return {
            column: [row[0] for row in self._db.execute(f"SELECT DISTINCT {column} FROM finding ORDER BY {column}")]
            for column in ("label", "category", "kind", "severity")
        }

    def log(self, *, limit: int | None = None) -> list[Decision]:
        """The decisions, oldest first (the last `limit` of them)."""
        rows = self._db.execute("SELECT * FROM decision ORDER BY id DESC LIMIT ?", (-1 if limit is None else limit,))
        return [_decision(row) for row in rows][::-1]

    # Deciding

    def decide(
        self,
        choices: Sequence[Choice],
        *,
        reviewer: str,
        now: str,
        note: str | None = None,
        allow_no_survivor: bool = False,
    ) -> list[int]:
        """Append decisions in one transaction; returns their ids once they are on disk.

        Raises `NoSurvivorError` where a duplicate group would lose its last picture, unless allowed.
        """
        with self._transaction():
            batch = self._next_batch()
            ids = [
                self._append(choice, batch=batch, reviewer=reviewer, now=now, note=note, reverts=None)
                for choice in choices
            ]
            self._refold({(choice.finding_id, choice.path) for choice in choices})
            if not allow_no_survivor:
                self._refuse_no_survivor({choice.path for choice in choices if choice.action is Action.DROP})
        return ids

    def undo(self, *, reviewer: str, now: str) -> str | None:
        """Take back this reviewer's latest batch that still stands; returns the item it was about."""
        standing = fold(self.log()).effective
        batches = [decision.batch for decision in standing if decision.reviewer == reviewer]
        if not batches:
            return None
        return self.revert([d.id for d in standing if d.batch == max(batches)], reviewer=reviewer, now=now)

    def redo(self, *, reviewer: str, now: str) -> str | None:
        """Take back this reviewer's latest undo, if nothing was decided since; returns the item."""
        log = self.log()
        by_id = {decision.id: decision for decision in log}
        live = {decision.id for decision in fold(log).live}
        for decision in reversed(log):
            if decision.reviewer != reviewer or decision.id not in live:
                continue
            if decision.reverts is None:
                return None
            if by_id[decision.reverts].action is not Action.UNDO:
                batch = [d.id for d in log if d.batch == decision.batch]
                return self.revert(batch, reviewer=reviewer, now=now)
        return None

    def revert(self, ids: Sequence[int], *, reviewer: str, now: str) -> str | None:
        """Append rows that take back these rows of the log (an undo among them: that is a redo)."""
        by_id = {decision.id: decision for decision in self.log()}
        chosen = [by_id[number] for number in ids if number in by_id]
        if not chosen:
            return None
        with self._transaction():
            batch = self._next_batch()
            for decision in chosen:
                choice = Choice(
                    finding_id=decision.finding_id,
                    path=decision.path,
                    sha256=decision.sha256,
                    action=Action.UNDO,
                )
                self._append(choice, batch=batch, reviewer=reviewer, now=now, note=None, reverts=decision.id)
            self._refold({(decision.finding_id, decision.path) for decision in chosen})
        row = self._db.execute(
            "SELECT item_id FROM finding WHERE finding_id = ? AND path = ?",
            (chosen[0].finding_id, chosen[0].path),
        ).fetchone()
        return row[0] if row else None

    # Inside

    def _append(
        self, choice: Choice, *, batch: int, reviewer: str, now: str, note: str | None, reverts: int | None
    ) -> int:
        pair = self._db.execute(
            "SELECT k.sha256 FROM finding f JOIN finding k ON k.group_id = f.group_id AND k.role = 'keeper'"
            " WHERE f.finding_id = ? AND f.path = ? AND f.role = 'copy'"
            " AND f.kind NOT IN ('label_conflict', 'split_leak') LIMIT 1",
            (choice.finding_id, choice.path),
        ).fetchone()
        cursor = self._db.execute(
            "INSERT INTO decision(batch, finding_id, path, sha256, pair_sha256, action, new_label, reviewer, note,"
            " decided_at, reverts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                batch,
                choice.finding_id,
                choice.path,
                choice.sha256,
                pair[0] if pair else None,
                str(choice.action),
                choice.new_label,
                reviewer,
                note,
                now,
                reverts,
            ),
        )
        return int(cursor.lastrowid or 0)

    def _next_batch(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(batch), 0) + 1 FROM decision").fetchone()[0])

    def _refold(self, keys: set[tuple[str, str]] | None) -> None:
        """Bring `standing` and the items' pending counts up to the log; for some (finding, path) keys, or for all."""
        if keys is None:
            log: Iterable[Decision] = self.log()
            items = {row[0] for row in self._db.execute("SELECT item_id FROM item")}
        else:
            log, items = [], set()
            for finding_id, path in keys:
                rows = self._db.execute(
                    "SELECT * FROM decision WHERE finding_id = ? AND path = ? ORDER BY id", (finding_id, path)
                )
                log += [_decision(row) for row in rows]
                self._db.execute("DELETE FROM standing WHERE finding_id = ? AND path = ?", (finding_id, path))
                items |= {
                    row[0]
                    for row in self._db.execute(
                        "SELECT item_id FROM finding WHERE finding_id = ? AND path = ?", (finding_id, path)
                    )
                }
        folded = fold(sorted(log, key=lambda decision: decision.id))
        self._db.executemany(
            "INSERT OR REPLACE INTO standing(finding_id, path, sha256, action, new_label) VALUES (?, ?, ?, ?, ?)",
            [(d.finding_id, d.path, d.sha256, str(d.action), d.new_label) for d in folded.standing.values()],
        )
        if keys is None:
            self._remember_pairs(folded.cleared)
        self._db.executemany(_COUNT_PENDING, [(item, item) for item in items] if keys is not None else [])
        if keys is None:
            self._db.execute(_COUNT_ALL_PENDING)

    def _remember_pairs(self, cleared: Mapping[frozenset[str], Decision]) -> None:
        """Two pictures once judged not to be copies stay so, though the finding may now bear another name."""
        rows = self._db.execute(
            "SELECT f.finding_id, f.path, f.sha256 mine, k.sha256 theirs FROM finding f JOIN finding k"
            " ON k.group_id = f.group_id AND k.role = 'keeper' AND k.kind NOT IN ('label_conflict', 'split_leak')"
            " WHERE f.role = 'copy' AND f.kind NOT IN ('label_conflict', 'split_leak')"
            " AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.finding_id = f.finding_id AND s.path = f.path)"
        ).fetchall()
        for row in rows:
            decision = cleared.get(frozenset((row["mine"], row["theirs"])))
            if decision is not None:
                self._db.execute(
                    "INSERT INTO standing(finding_id, path, sha256, action, new_label) VALUES (?, ?, ?, 'keep', NULL)",
                    (row["finding_id"], row["path"], row["mine"]),
                )

    def _refuse_no_survivor(self, dropped: set[str]) -> None:
        for path in dropped:
            row = self._db.execute(
                "SELECT f.group_id FROM finding f WHERE f.path = ? AND f.group_id IS NOT NULL LIMIT 1",
                (path,),
            ).fetchone()
            if row is None:
                continue
            left = self._db.execute(
                "SELECT count(DISTINCT f.path) FROM finding f WHERE f.group_id = ? AND NOT EXISTS"
                " (SELECT 1 FROM finding g"
                " JOIN standing s ON s.finding_id = g.finding_id AND s.path = g.path AND s.sha256 IS g.sha256"
                " WHERE g.path = f.path AND s.action = 'drop')",
                (row[0],),
            ).fetchone()[0]
            if left == 0:
                raise NoSurvivorError(
                    f"that would drop every copy of {path}; keep one of the group, or confirm that none shall survive"
                )

    def _item(self, row: sqlite3.Row) -> Item:
        findings = self._db.execute(
            "SELECT f.*, CASE WHEN s.sha256 IS f.sha256 THEN s.action END AS action,"
            " CASE WHEN s.sha256 IS f.sha256 THEN s.new_label END AS new_label,"
            " s.sha256 IS NOT NULL AND s.sha256 IS NOT f.sha256 AS stale FROM finding f"
            " LEFT JOIN standing s ON s.finding_id = f.finding_id AND s.path = f.path"
            " WHERE f.item_id = ? ORDER BY f.role = 'keeper' DESC, f.path, f.score DESC, f.kind",
            (row["item_id"],),
        ).fetchall()
        return Item(
            item_id=row["item_id"],
            is_group=bool(row["is_group"]),
            rank=row["rank"],
            findings=[dict(f) for f in findings],
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise WorkspaceError(f"the disk is full: {self._path} could not be written; free some space") from error
            if "readonly" in str(error):
                raise WorkspaceError(f"no permission to write {self._path}") from error
            raise

    def _migrate(self) -> None:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > len(MIGRATIONS):
            raise WorkspaceError(
                f"{self._path} was made by a newer curate (store version {version}, this one knows {len(MIGRATIONS)}); "
                "upgrade with: pip install -U imagecurate"
            )
        if version == len(MIGRATIONS):
            return
        with self._transaction():
            version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
            for step in range(version, len(MIGRATIONS)):
                MIGRATIONS[step](self._db)
            self._db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _ranked(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int]]:
    """Items worst first: conflicts and leaks, then errors, then by score; ties by name."""
    worst: dict[str, tuple[Any, ...]] = {}
    for row in rows:
        across = row["kind"] in ACROSS
        key = (not across, row["severity"] != Severity.ERROR, -row["score"])
        worst[row["item_id"]] = min(worst.get(row["item_id"], key), key)
    groups = {row["item_id"] for row in rows if row["group_id"]}
    order = sorted(worst, key=lambda item: (worst[item], item))
    return [(item, int(item in groups), rank) for rank, item in enumerate(order)]


def _where(chosen: Filter) -> tuple[list[str], dict[str, Any]]:
    """SQL conditions on `item i`: one of its findings must meet all of the filter."""
    parts: list[str] = []
    values: dict[str, Any] = {}
    whole = [] if chosen.groups is None else [f"i.is_group = {int(chosen.groups)}"]
    for column, wanted in (
        ("label", chosen.labels),
        ("category", chosen.categories),
        ("kind", chosen.kinds),
        ("severity", chosen.severities),
    ):
        if wanted:
            names = []
            for index, value in enumerate(sorted(wanted, key=str)):
                values[f"{column}{index}"] = value
                names.append(f"f.{column} IS :{column}{index}")
            parts.append(f"({' OR '.join(names)})")
    if chosen.min_score > 0:
        parts.append("f.score >= :min_score")
        values["min_score"] = chosen.min_score
    if chosen.text:
        parts.append("(instr(lower(f.path), :text) OR instr(lower(f.reason), :text))")
        values["text"] = chosen.text.lower()
    if not parts:
        return whole, values
    return [*whole, f"EXISTS (SELECT 1 FROM finding f WHERE f.item_id = i.item_id AND {' AND '.join(parts)})"], values


def _decision(row: sqlite3.Row) -> Decision:
    return Decision(
        id=row["id"],
        batch=row["batch"],
        finding_id=row["finding_id"],
        path=row["path"],
        sha256=row["sha256"],
        pair_sha256=row["pair_sha256"],
        action=Action(row["action"]),
        new_label=row["new_label"],
        reviewer=row["reviewer"],
        note=row["note"],
        decided_at=row["decided_at"],
        reverts=row["reverts"],
    )


_FINDING_COLUMNS = (
    "finding_id",
    "path",
    "item_id",
    "category",
    "kind",
    "label",
    "group_id",
    "role",
    "score",
    "severity",
    "reason",
    "suggestion",
    "evidence",
    "sha256",
)
_INSERT_FINDING = (
    f"INSERT INTO finding({', '.join(_FINDING_COLUMNS)}) VALUES ({', '.join(':' + name for name in _FINDING_COLUMNS)})"
)

# An image waits while any of its findings wants a decision and has none about its present bytes; one that
# is dropped waits for nothing. The keeper of a group wants no decision.
_WAITING = """
    SELECT count(DISTINCT f.path) FROM finding f
    LEFT JOIN standing s ON s.finding_id = f.finding_id AND s.path = f.path AND s.sha256 IS f.sha256
    WHERE f.item_id = {item} AND f.role <> 'keeper' AND coalesce(s.action, 'defer') = 'defer'
    AND NOT EXISTS (SELECT 1 FROM finding g JOIN standing d
        ON d.finding_id = g.finding_id AND d.path = g.path AND d.sha256 IS g.sha256
        WHERE g.path = f.path AND d.action = 'drop')
"""
_COUNT_PENDING = f"UPDATE item SET pending = ({_WAITING.format(item='?')}) WHERE item_id = ?"
_COUNT_ALL_PENDING = f"""
    UPDATE item SET pending = ({_WAITING.format(item="item.item_id")}),
    images = (SELECT count(DISTINCT f.path) FROM finding f WHERE f.item_id = item.item_id AND f.role <> 'keeper')
"""


def _create(db: sqlite3.Connection) -> None:
    for statement in (
        """CREATE TABLE decision (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            batch INTEGER NOT NULL,
            finding_id TEXT NOT NULL,
            path TEXT NOT NULL,
            sha256 TEXT,
            pair_sha256 TEXT,
            action TEXT NOT NULL CHECK (action IN ('keep', 'drop', 'relabel', 'defer', 'undo')),
            new_label TEXT CHECK ((action = 'relabel') = (new_label IS NOT NULL)),
            reviewer TEXT NOT NULL,
            note TEXT,
            decided_at TEXT NOT NULL,
            reverts INTEGER REFERENCES decision(id) CHECK ((action = 'undo') = (reverts IS NOT NULL))
        )""",
        "CREATE INDEX decision_key ON decision(finding_id, path)",
        "CREATE INDEX decision_batch ON decision(batch)",
        """CREATE TRIGGER decision_is_final BEFORE UPDATE ON decision
            BEGIN SELECT raise(ABORT, 'the decision log is append-only'); END""",
        """CREATE TRIGGER decision_stays BEFORE DELETE ON decision
            BEGIN SELECT raise(ABORT, 'the decision log is append-only'); END""",
        """CREATE TRIGGER decision_is_new BEFORE INSERT ON decision
            WHEN EXISTS (SELECT 1 FROM decision WHERE id = NEW.id)
            BEGIN SELECT raise(ABORT, 'the decision log is append-only'); END""",
        """CREATE TABLE finding (
            finding_id TEXT NOT NULL,
            path TEXT NOT NULL,
            item_id TEXT NOT NULL,
            category TEXT NOT NULL,
            kind TEXT NOT NULL,
            label TEXT,
            group_id TEXT,
            role TEXT NOT NULL,
            score REAL NOT NULL,
            severity TEXT NOT NULL,
            reason TEXT NOT NULL,
            suggestion TEXT NOT NULL,
            evidence TEXT NOT NULL,
            sha256 TEXT,
            PRIMARY KEY (finding_id, path)
        ) WITHOUT ROWID""",
        "CREATE INDEX finding_item ON finding(item_id)",
        "CREATE INDEX finding_path ON finding(path)",
        "CREATE INDEX finding_group ON finding(group_id)",
        "CREATE INDEX finding_facet ON finding(category, kind, label)",
        """CREATE TABLE item (
            item_id TEXT PRIMARY KEY,
            is_group INTEGER NOT NULL,
            rank INTEGER NOT NULL UNIQUE,
            images INTEGER NOT NULL DEFAULT 0,
            pending INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID""",
        "CREATE INDEX item_pending ON item(pending > 0, rank)",
        """CREATE TABLE standing (
            finding_id TEXT NOT NULL,
            path TEXT NOT NULL,
            sha256 TEXT,
            action TEXT NOT NULL,
            new_label TEXT,
            PRIMARY KEY (finding_id, path)
        ) WITHOUT ROWID""",
    ):
        db.execute(statement)


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_create,)
"""Each takes the store from one version to the next; applied with its version in one transaction."""
