"""The review store: the queue of findings and the append-only log of decisions. All SQL is here and in `store_schema`.

Invariants: a row of `decision` is never changed or removed (triggers refuse it); a decision is on disk
before `decide` returns; `standing`, `live` and `total` are nothing but the log folded and counted, kept up in
the same transaction and rebuilt by `sync`; a reader or writer in another process or thread never sees half a
batch; a choice about something that was decided after it was shown is refused, never applied on top.
No answer that a key press waits for scans the queue or replays the log.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from curate.errors import ConflictError, NoSurvivorError, WorkspaceError
from curate.reviewing.fold import Decision, fold
from curate.reviewing.migrations import FACETS, MIGRATIONS
from curate.schema import GROUP_KINDS, Action, Role, Severity

BUSY_TIMEOUT_S = 30
LEASE_S = 300.0
"""How long an item stays on one reviewer's screen, untouched, before it is handed to another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One decision to record: about one finding on one image, bound to the bytes that were looked at.

    `seen` is the last line of the log when the finding was shown; None for those who looked at no screen.
    """

    finding_id: str
    path: str
    sha256: str | None
    action: Action
    new_label: str | None = None
    seen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilter:
    """Which items of the queue; an empty set means all."""

    labels: frozenset[str | None] = frozenset()
    categories: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    min_score: float = 0.0
    text: str = ""
    groups: bool | None = None
    """Only groups, or only single images; None takes both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to decide: an image with all its findings, or a duplicate group.

    `findings` holds the rows of the findings table for every image of the item, with the standing
    action of each as `action` (None while undecided) and the image's `sha256`. `seen` is the last line
    of the log when it was read.
    """

    item_id: str
    is_group: bool
    rank: int
    seen: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """The images, keeper first, in a stable order."""
        keepers = [row["path"] for row in self.findings if row["role"] == Role.KEEPER]
        return list(dict.fromkeys([*keepers, *(row["path"] for row in self.findings)]))

    def of(self, path: str) -> list[dict[str, Any]]:
        """The findings about one image."""
        return [row for row in self.findings if row["path"] == path]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewProgress:
    """How far the review has come, in items and in images that want a decision."""

    items: int
    items_done: int
    images: int
    images_done: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log, and whether it still stands."""

    decision: Decision
    stands: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What one reviewer thinks of one finding on one image, decided or as a second look."""

    reviewer: str
    finding_id: str
    path: str
    action: Action


class Store:
    """An open review store. Not to be shared between threads: open one in each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
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
            self._db.execute("DELETE FROM facet")
            for name in FACETS:
                self._db.execute(f"INSERT INTO facet SELECT '{name}', {name} FROM finding GROUP BY {name}")
            self._refold_all()

    # Reading

    def find(
        self,
        chosen: QueueFilter = QueueFilter(),
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
        with self._reading():
            rows = self._db.execute(query, {**values, "after": after_rank, "limit": limit}).fetchall()
            return [self._item(row) for row in rows]

    def claim(
        self, chosen: QueueFilter = QueueFilter(), *, holder: str, now_s: float, after_rank: int = -1, limit: int = 1
    ) -> list[Item]:
        """The next undecided items that are on nobody else's screen, put on this one for `LEASE_S`.

        What the holder has already comes first; behind the end the queue begins again. What it had before is
        let go.
        """
        where, values = _where(chosen)
        condition = "".join(f" AND {part}" for part in where)
        mine = (
            "SELECT i.item_id, i.is_group, i.rank FROM claim c JOIN item i ON i.item_id = c.item_id"
            f" WHERE c.holder = :holder AND i.pending > 0 AND i.rank > :after{condition} ORDER BY i.rank LIMIT :limit"
        )
        free = (
            "SELECT i.item_id, i.is_group, i.rank FROM item i WHERE i.pending > 0 AND i.rank > :after"
            f" AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.item_id = i.item_id){condition}"
            " ORDER BY i.rank LIMIT :limit"
        )
        with self._transaction(durable=False):
            self._db.execute("DELETE FROM claim WHERE until_s <= ?", (now_s,))
            values |= {"holder": holder, "after": after_rank, "limit": limit}
            rows = self._db.execute(mine, values).fetchall()
            self._db.execute("DELETE FROM claim WHERE holder = ?", (holder,))
            for after in dict.fromkeys((after_rank, -1)):
                if len(rows) < limit and (after == after_rank or not rows):
                    have = {row["item_id"] for row in rows}
                    found = self._db.execute(free, values | {"after": after})
                    rows = sorted([*rows, *(row for row in found if row["item_id"] not in have)], key=_rank)[:limit]
            self._hold([row["item_id"] for row in rows], holder, now_s)
            return [self._item(row) for row in rows]

    def hold(self, item_id: str, *, holder: str, now_s: float) -> Item | None:
        """One item by its id, put on this screen alone unless somebody else has it; None if there is none such."""
        with self._transaction(durable=False):
            self._db.execute("DELETE FROM claim WHERE holder = ? OR until_s <= ?", (holder, now_s))
            self._hold([item_id], holder, now_s)
            return self.item(item_id)

    def release(self, holders: Iterable[str]) -> None:
        """Let go of everything that is on these screens: they have been closed."""
        with self._transaction(durable=False):
            self._db.executemany("DELETE FROM claim WHERE holder = ?", [(holder,) for holder in holders])

    def holders(self, *, now_s: float) -> dict[str, int]:
        """The screens that have items at present, and how many."""
        return dict(
            self._db.execute(
                "SELECT holder, count(*) FROM claim WHERE until_s > ? GROUP BY holder", (now_s,)
            ).fetchall()
        )

    def before(self, rank: int, chosen: QueueFilter = QueueFilter()) -> Item | None:
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

    def progress(self, chosen: QueueFilter = QueueFilter()) -> ReviewProgress:
        """Items and images that want a decision, and how many have it; of the whole queue without counting."""
        where, values = _where(chosen)
        if not where:
            row = self._db.execute("SELECT items, items_done, images, images_done FROM total").fetchone()
            return ReviewProgress(items=row[0], items_done=row[1], images=row[2], images_done=row[3])
        condition = "".join(f" AND {part}" for part in where)
        row = self._db.execute(
            "SELECT count(*), coalesce(sum(i.pending = 0), 0), coalesce(sum(i.images), 0),"
            f" coalesce(sum(i.images - i.pending), 0) FROM item i WHERE 1{condition}",
            values,
        ).fetchone()
        return ReviewProgress(items=row[0], items_done=row[1], images=row[2], images_done=row[3])

    def facets(self) -> dict[str, list[str | None]]:
        """The labels, categories and kinds that the queue holds."""
        found: dict[str, list[str | None]] = {name: [] for name in FACETS}
        for name, value in self._db.execute("SELECT name, value FROM facet ORDER BY name, value"):
            found[name].append(value)
        return found

    def log(self, *, limit: int | None = None) -> list[Decision]:
        """The decisions, oldest first (the last `limit` of them)."""
        rows = self._db.execute("SELECT * FROM decision ORDER BY id DESC LIMIT ?", (-1 if limit is None else limit,))
        return [_decision(row) for row in rows][::-1]

    def lines(self, *, before: int | None = None, limit: int = 50, text: str = "") -> list[Line]:
        """Lines of the log ahead of number `before`, latest first; `text` is looked for in who, what and why."""
        rows = self._db.execute(
            "SELECT d.*, l.id IS NOT NULL AS stands FROM decision d LEFT JOIN live l ON l.id = d.id"
            " WHERE d.id < :before AND (:text = '' OR instr(lower(d.path), :text) OR instr(lower(d.reviewer), :text)"
            " OR instr(lower(coalesce(d.note, '')), :text) OR d.action = :text) ORDER BY d.id DESC LIMIT :limit",
            {"before": before if before is not None else 1 << 62, "text": text.lower(), "limit": limit},
        )
        return [Line(_decision(row), bool(row["stands"])) for row in rows]

    def last_line(self) -> int:
        """The number of the latest line of the log; 0 while it is empty."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM decision").fetchone()[0])

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

        Raises `NoSurvivorError` where a duplicate group would lose its last image, unless allowed, and
        `ConflictError` where somebody decided one of the findings after it was shown; nothing is then recorded.
        """
        with self._transaction():
            self._refuse_conflict(choices)
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
        with self._transaction():
            batch = self._db.execute(
                "SELECT max(batch) FROM live WHERE reviewer = ? AND depth = 0", (reviewer,)
            ).fetchone()[0]
            rows = self._db.execute("SELECT id FROM live WHERE batch = ? AND depth = 0 ORDER BY id", (batch,))
            return self._revert([row[0] for row in rows.fetchall()], reviewer=reviewer, now=now)

    def redo(self, *, reviewer: str, now: str) -> str | None:
        """Take back this reviewer's latest undo, if nothing was decided since; returns the item."""
        with self._transaction():
            latest = self._db.execute(
                "SELECT max(batch), depth FROM (SELECT max(batch) batch, depth FROM live"
                " WHERE reviewer = :who AND depth = 0 UNION ALL SELECT max(batch), depth FROM live"
                " WHERE reviewer = :who AND depth = 1)",
                {"who": reviewer},
            ).fetchone()
            if latest["depth"] != 1:
                return None
            rows = self._db.execute("SELECT id FROM live WHERE batch = ? AND depth = 1 ORDER BY id", (latest[0],))
            return self._revert([row[0] for row in rows.fetchall()], reviewer=reviewer, now=now)

    def revert(self, ids: Sequence[int], *, reviewer: str, now: str) -> str | None:
        """Append rows that take back these rows of the log (an undo among them: that is a redo).

        A row that is taken back already is left alone. Returns the item of the first, None if none was left.
        """
        with self._transaction():
            return self._revert(ids, reviewer=reviewer, now=now)

    # Second looks

    def second_look(self, *, reviewer: str, size: int) -> list[Item]:
        """The shared sample: items decided by others, the same for everybody, without those this reviewer has rated.

        A sample by the digest of the item's name: independent of rank, score and time.
        """
        rows = self._db.execute(
            "SELECT i.item_id, i.is_group, i.rank FROM item i WHERE i.pending = 0 AND EXISTS (SELECT 1 FROM finding f"
            " JOIN standing s ON s.finding_id = f.finding_id AND s.path = f.path WHERE f.item_id = i.item_id)"
        ).fetchall()
        sample = sorted(rows, key=lambda row: hashlib.sha256(row["item_id"].encode()).digest())[:size]
        rated = {(rating.finding_id, rating.path) for rating in self.ratings() if rating.reviewer == reviewer}
        items = [self._item(row) for row in sample]
        return [item for item in items if not any((row["finding_id"], row["path"]) in rated for row in item.findings)]

    def give_opinion(self, choices: Sequence[Choice], *, reviewer: str, now: str) -> None:
        """Record what somebody else would have decided; it counts for the agreement and changes no verdict."""
        with self._transaction():
            self._db.executemany(
                "INSERT INTO opinion(finding_id, path, sha256, action, reviewer, decided_at) VALUES (?, ?, ?, ?, ?, ?)",
                [(c.finding_id, c.path, c.sha256, str(c.action), reviewer, now) for c in choices],
            )

    def ratings(self) -> list[Rating]:
        """What each reviewer last thought of each finding: decisions in force and second looks, in their order."""
        rows = self._db.execute(
            "SELECT d.reviewer, d.finding_id, d.path, d.action FROM live l JOIN decision d ON d.id = l.id"
            " WHERE l.depth = 0 AND d.action <> 'defer'"
            " UNION ALL SELECT reviewer, finding_id, path, action FROM opinion"
        )
        return [
            Rating(reviewer=row[0], finding_id=row[1], path=row[2], action=Action(row[3])) for row in rows.fetchall()
        ]

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
        number = int(cursor.lastrowid or 0)
        self._enter(number, batch, reviewer, reverts)
        return number

    def _enter(self, number: int, batch: int, reviewer: str, reverts: int | None) -> None:
        """A new line of the log is in force; what it takes back no longer is, which may restore what that took back."""
        depth = 0
        back = reverts
        while back is not None:
            depth += 1
            back = self._db.execute("SELECT reverts FROM decision WHERE id = ?", (back,)).fetchone()[0]
        self._db.execute("INSERT INTO live VALUES (?, ?, ?, ?, ?)", (number, batch, reviewer, depth, reverts))
        target, in_force = reverts, False
        while target is not None:
            row = self._db.execute(
                "SELECT d.batch, d.reviewer, d.reverts, EXISTS (SELECT 1 FROM live l WHERE l.reverts = d.id) reverted"
                " FROM decision d WHERE d.id = ?",
                (target,),
            ).fetchone()
            depth -= 1
            if in_force and row["reverted"]:
                return
            if in_force:
                self._db.execute(
                    "INSERT OR IGNORE INTO live VALUES (?, ?, ?, ?, ?)",
                    (target, row["batch"], row["reviewer"], depth, row["reverts"]),
                )
            else:
                self._db.execute("DELETE FROM live WHERE id = ?", (target,))
            target, in_force = row["reverts"], not in_force

    def _revert(self, ids: Sequence[int], *, reviewer: str, now: str) -> str | None:
        chosen = []
        for number in ids:
            row = self._db.execute(
                "SELECT d.* FROM decision d JOIN live l ON l.id = d.id WHERE d.id = ?", (number,)
            ).fetchone()
            if row is not None:
                chosen.append(_decision(row))
        if not chosen:
            return None
        batch = self._next_batch()
        for decision in chosen:
            choice = Choice(
                finding_id=decision.finding_id, path=decision.path, sha256=decision.sha256, action=Action.UNDO
            )
            self._append(choice, batch=batch, reviewer=reviewer, now=now, note=None, reverts=decision.id)
        self._refold({(decision.finding_id, decision.path) for decision in chosen})
        row = self._db.execute(
            "SELECT item_id FROM finding WHERE finding_id = ? AND path = ?", (chosen[0].finding_id, chosen[0].path)
        ).fetchone()
        return row[0] if row else None

    def _hold(self, item_ids: Iterable[str], holder: str, now_s: float) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO claim(item_id, holder, until_s) VALUES (?, ?, ?)",
            [(item_id, holder, now_s + LEASE_S) for item_id in item_ids],
        )

    def _refuse_conflict(self, choices: Sequence[Choice]) -> None:
        """Somebody was quicker: say who and what, and leave it to a person to change their mind."""
        paths: dict[str, sqlite3.Row] = {}
        for choice in choices:
            if choice.seen is None:
                continue
            row = self._db.execute(
                "SELECT reviewer, action FROM decision WHERE finding_id = ? AND path = ? AND id > ?"
                " ORDER BY id DESC LIMIT 1",
                (choice.finding_id, choice.path, choice.seen),
            ).fetchone()
            if row is not None:
                paths[choice.path] = row
        if paths:
            path, row = next(iter(paths.items()))
            raise ConflictError(path, reviewer=row["reviewer"], action=row["action"], paths=frozenset(paths))

    def _next_batch(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(batch), 0) + 1 FROM decision").fetchone()[0])

    def _refold_all(self) -> None:
        """Rebuild all that is derived: from the log, what is in force; from the findings, what waits."""
        folded = fold(self.log())
        self._rebuild_live(folded.live)
        self._stand(folded.standing.values())
        self._remember_pairs(folded.cleared)
        self._db.execute(_COUNT_ALL_PENDING)
        self._db.execute("DELETE FROM total")
        self._db.execute(f"INSERT INTO total {_TOTAL}")

    def _refold(self, keys: set[tuple[str, str]]) -> None:
        """Bring `standing`, the items' pending counts and the totals up to the log for some (finding, path)."""
        items = set()
        for finding_id, path in keys:
            rows = self._db.execute(
                "SELECT d.* FROM decision d JOIN live l ON l.id = d.id"
                " WHERE d.finding_id = ? AND d.path = ? AND l.depth = 0 ORDER BY d.id DESC LIMIT 1",
                (finding_id, path),
            ).fetchall()
            self._db.execute("DELETE FROM standing WHERE finding_id = ? AND path = ?", (finding_id, path))
            self._stand(_decision(row) for row in rows)
            found = self._db.execute(
                "SELECT item_id FROM finding WHERE finding_id = ? AND path = ?", (finding_id, path)
            ).fetchone()
            items |= {found[0]} if found else set()
        for item in items:
            before = self._db.execute("SELECT pending = 0, pending FROM item WHERE item_id = ?", (item,)).fetchone()
            self._db.execute(_COUNT_PENDING, (item, item))
            after = self._db.execute("SELECT pending = 0, pending FROM item WHERE item_id = ?", (item,)).fetchone()
            self._db.execute(
                "UPDATE total SET items_done = items_done + ?, images_done = images_done + ?",
                (after[0] - before[0], before[1] - after[1]),
            )

    def _stand(self, decisions: Iterable[Decision]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO standing(finding_id, path, sha256, action, new_label) VALUES (?, ?, ?, ?, ?)",
            [(d.finding_id, d.path, d.sha256, str(d.action), d.new_label) for d in decisions],
        )

    def _rebuild_live(self, rows: Iterable[Decision]) -> None:
        targets = dict(self._db.execute("SELECT id, reverts FROM decision WHERE reverts IS NOT NULL").fetchall())

        def depth(number: int) -> int:
            steps = 0
            while number in targets:
                number, steps = targets[number], steps + 1
            return steps

        self._db.execute("DELETE FROM live")
        self._db.executemany(
            "INSERT INTO live VALUES (?, ?, ?, ?, ?)",
            [(row.id, row.batch, row.reviewer, depth(row.id), row.reverts) for row in rows],
        )

    def _remember_pairs(self, cleared: Mapping[frozenset[str], Decision]) -> None:
        """Two images once judged not to be copies stay so, though the finding may now bear another name."""
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
        seen = self.last_line()  # first: what is decided while the rest is read counts as unseen
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
            seen=seen,
            findings=[dict(f) for f in findings],
        )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Several statements that see the same moment."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    @contextmanager
    def _transaction(self, *, durable: bool = True) -> Iterator[None]:
        """All or nothing; on disk when it ends, unless it is about something that may be lost with the power."""
        try:
            self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
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
            self._rebuild_live(fold(self.log()).live)
            self._db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _ranked(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int]]:
    """Items worst first: conflicts and leaks, then errors, then by score; ties by name."""
    worst: dict[str, tuple[Any, ...]] = {}
    for row in rows:
        across = row["kind"] in GROUP_KINDS
        key = (not across, row["severity"] != Severity.ERROR, -row["score"])
        worst[row["item_id"]] = min(worst.get(row["item_id"], key), key)
    groups = {row["item_id"] for row in rows if row["group_id"]}
    order = sorted(worst, key=lambda item: (worst[item], item))
    return [(item, int(item in groups), rank) for rank, item in enumerate(order)]


def _where(chosen: QueueFilter) -> tuple[list[str], dict[str, Any]]:
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


def _rank(row: sqlite3.Row) -> int:
    return int(row["rank"])


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
_TOTAL = (
    "SELECT count(*), coalesce(sum(pending = 0), 0), coalesce(sum(images), 0),"
    " coalesce(sum(images - pending), 0) FROM item"
)
_COUNT_PENDING = f"UPDATE item SET pending = ({_WAITING.format(item='?')}) WHERE item_id = ?"
_COUNT_ALL_PENDING = f"""
    UPDATE item SET pending = ({_WAITING.format(item="item.item_id")}),
    images = (SELECT count(DISTINCT f.path) FROM finding f WHERE f.item_id = item.item_id AND f.role <> 'keeper')
"""
