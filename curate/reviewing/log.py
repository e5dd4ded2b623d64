"""The log of decisions: appended to, never changed.

Invariants: a row of `decision` is never changed or removed (triggers refuse it); a decision is on disk before
`decide` returns; a row that takes another back bears its finding and path; a choice about something that was
decided after it was shown is refused, never applied on top; no answer that a key press waits for replays the log.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from curate.errors import ConflictError, NoSurvivorError, WorkspaceError
from curate.reviewing import derived
from curate.reviewing.database import Database
from curate.reviewing.derived import decision_of
from curate.reviewing.fold import Decision
from curate.reviewing.search import folded
from curate.schema import Action, Role


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision to record: about one finding on one image, bound to the bytes that were looked at.

    `as_of` is the last line of the log when the finding was shown; None for those who looked at no screen. A copy that
    is kept though its keeper goes is not kept `beside` it.
    """

    finding_id: str
    path: str
    sha256: str | None
    action: Action
    new_label: str | None = None
    as_of: int | None = None
    beside: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one key press wrote: one or more rows of the log, all taken back together.

    `stands` says whether any of them is still in force; `item_id` is the item of the queue that the first is about.
    For an undo `of` is the number of the step that it takes back, and `decisions` are what that had decided; `again`
    says that it took back an undo, so that they are in force once more.
    """

    number: int
    reviewer: str
    decided_at: str
    note: str | None
    decisions: tuple[Decision, ...]
    stands: bool
    item_id: str | None
    of: int | None = None
    again: bool = False


class Log:
    """The log of an open store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def decisions(self) -> list[Decision]:
        """Return all rows of the log, oldest first."""
        return [decision_of(row) for row in self._db.execute("SELECT * FROM decision ORDER BY id")]

    def steps(self, *, before: int | None = None, limit: int = 50, text: str = "") -> list[Step]:
        """Return steps ahead of number `before`, latest first; `text` is looked for, `folded`, in who, what and why."""
        rows = self._db.execute(
            "SELECT DISTINCT batch FROM decision WHERE batch < :before AND (:text = '' OR instr(folded(path), :text)"
            " OR instr(folded(reviewer), :text) OR instr(folded(coalesce(note, '')), :text) OR action = :text"
            " OR folded(coalesce(new_label, '')) = :text) ORDER BY batch DESC LIMIT :limit",
            {"before": before if before is not None else 1 << 62, "text": folded(text), "limit": limit},
        ).fetchall()
        return [self.step(row["batch"]) for row in rows]

    def step(self, number: int) -> Step:
        """Return one step by its number; raises `WorkspaceError` where the log has none such."""
        rows = self._rows_of(number)
        if not rows:
            raise WorkspaceError(f"the log has no step {number}")
        first = decision_of(rows[0])
        of, again, stands = None, True, any(row["stands"] for row in rows)
        while rows[0]["reverts"] is not None:  # an undo of an undo speaks of the decision at the end
            (batch,) = self._db.execute("SELECT batch FROM decision WHERE id = ?", (rows[0]["reverts"],)).fetchone()
            of, again = of or batch, not again
            rows = self._rows_of(batch)
        item = self._db.execute(
            "SELECT item_id FROM finding WHERE finding_id = ? AND path = ?", (rows[0]["finding_id"], rows[0]["path"])
        ).fetchone()
        return Step(
            number=number,
            reviewer=first.reviewer,
            decided_at=first.decided_at,
            note=first.note,
            decisions=tuple(map(decision_of, rows)),
            stands=stands,
            item_id=item[0] if item else None,
            of=of,
            again=of is not None and again,
        )

    def step_of(self, line: int) -> Step:
        """Return the step that wrote a line of the log."""
        row = self._db.execute("SELECT batch FROM decision WHERE id = ?", (line,)).fetchone()
        return self.step(row["batch"] if row else 0)

    def _rows_of(self, batch: int) -> list[sqlite3.Row]:
        return self._db.execute(
            "SELECT d.*, l.id IS NOT NULL AS stands FROM decision d LEFT JOIN live l ON l.id = d.id"
            " WHERE d.batch = ? ORDER BY d.id",
            (batch,),
        ).fetchall()

    def last_line(self) -> int:
        """Return the number of the latest line; 0 while the log is empty."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM decision").fetchone()[0])

    def overtaken(self, step: int) -> bool:
        """Say whether a decision stands about a finding of a step that takes back, made after what that takes back."""
        row = self._db.execute(
            "SELECT 1 FROM decision u JOIN decision d ON d.finding_id = u.finding_id AND d.path = u.path"
            " AND d.id > u.reverts JOIN live l ON l.id = d.id AND l.reverts IS NULL WHERE u.batch = ? LIMIT 1",
            (step,),
        ).fetchone()
        return row is not None

    def decide(
        self,
        choices: Sequence[Choice],
        *,
        reviewer: str,
        now: str,
        note: str | None = None,
        allow_no_survivor: bool = False,
    ) -> list[int]:
        """Append decisions as one step that one undo takes back; returns their ids once they are on disk.

        Raises `NoSurvivorError` where a group of duplicates would lose its last image, unless allowed, and
        `ConflictError` where somebody decided one of the findings after it was shown; nothing is then recorded.
        """
        with self._db.transaction():
            self._refuse_conflict(choices)
            step = _Step(self._next_batch(), reviewer, now, note)
            gone = {choice.sha256 for choice in choices if choice.action is Action.DROP}
            ids = [self._append(choice, step, gone=gone) for choice in choices]
            derived.refresh(self._db, {(choice.finding_id, choice.path) for choice in choices})
            if not allow_no_survivor:
                self._refuse_no_survivor(choice.path for choice in choices if choice.action is Action.DROP)
        return ids

    def undo(self, *, reviewer: str, now: str) -> Step | None:
        """Take back this reviewer's latest step that still stands; returns the step that does, None without one."""
        with self._db.transaction():
            batch = self._latest_batch(reviewer, depth=0)
            return self._revert(self._live(batch, depth=0), reviewer=reviewer, now=now)

    def redo(self, *, reviewer: str, now: str) -> Step | None:
        """Take back this reviewer's latest undo, unless they decided something since; returns the step, or None."""
        with self._db.transaction():
            batch = self._latest_batch(reviewer, depth=1)
            if batch < self._latest_batch(reviewer, depth=0):
                return None
            return self._revert(self._live(batch, depth=1), reviewer=reviewer, now=now)

    def revert(self, number: int, *, reviewer: str, now: str) -> Step | None:
        """Append rows that take back a whole step of the log (an undo: that is a redo), but for what is already.

        Returns the step that does; None if nothing of it was left.
        """
        with self._db.transaction():
            ids = [row["id"] for row in self._rows_of(number) if row["stands"]]
            return self._revert(ids, reviewer=reviewer, now=now)

    def _append(
        self, choice: Choice, step: "_Step", reverts: int | None = None, gone: Collection[str | None] = ()
    ) -> int:
        """Append one row; `gone` are the contents that the same step drops."""
        row = self._db.execute(
            "SELECT pair_sha256 FROM finding WHERE finding_id = ? AND path = ?", (choice.finding_id, choice.path)
        ).fetchone()
        pair = row[0] if row else None
        if choice.action is Action.KEEP and (pair in gone or not choice.beside):
            pair = None  # it stays instead of its keeper: the next copy of either is asked about
        cursor = self._db.execute(
            "INSERT INTO decision(batch, finding_id, path, sha256, pair_sha256, action, new_label, reviewer, note,"
            " decided_at, reverts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                step.batch,
                choice.finding_id,
                choice.path,
                choice.sha256,
                pair,
                choice.action,
                choice.new_label,
                step.reviewer,
                step.note,
                step.now,
                reverts,
            ),
        )
        return int(cursor.lastrowid or 0)

    def _revert(self, ids: Sequence[int], *, reviewer: str, now: str) -> Step | None:
        live = [
            decision_of(row)
            for number in ids
            for row in self._db.execute(
                "SELECT d.* FROM decision d JOIN live l ON l.id = d.id WHERE d.id = ?", (number,)
            )
        ]
        if not live:
            return None
        step = _Step(self._next_batch(), reviewer, now)
        for decision in live:
            choice = Choice(
                finding_id=decision.finding_id, path=decision.path, sha256=decision.sha256, action=Action.UNDO
            )
            self._append(choice, step, reverts=decision.id)
        derived.refresh(self._db, {(decision.finding_id, decision.path) for decision in live})
        return self.step(step.batch)

    def _latest_batch(self, reviewer: str, *, depth: int) -> int:
        """Return the latest batch of a reviewer with a live row of this depth; 0 if there is none."""
        row = self._db.execute(
            "SELECT coalesce(max(batch), 0) FROM live WHERE reviewer = ? AND depth = ?", (reviewer, depth)
        ).fetchone()
        return int(row[0])

    def _live(self, batch: int, *, depth: int) -> list[int]:
        """Return the ids of the live rows of a batch."""
        rows = self._db.execute("SELECT id FROM live WHERE batch = ? AND depth = ? ORDER BY id", (batch, depth))
        return [row[0] for row in rows]

    def _next_batch(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(batch), 0) + 1 FROM decision").fetchone()[0])

    def _refuse_conflict(self, choices: Sequence[Choice]) -> None:
        """Raise `ConflictError`, saying who was quicker: whether to decide otherwise is left to the person."""
        latest: dict[str, sqlite3.Row] = {}
        for choice in choices:
            if choice.as_of is None:
                continue
            row = self._db.execute(
                "SELECT reviewer, action FROM decision WHERE finding_id = ? AND path = ? AND id > ?"
                " ORDER BY id DESC LIMIT 1",
                (choice.finding_id, choice.path, choice.as_of),
            ).fetchone()
            if row is not None:
                latest[choice.path] = row
        if latest:
            path, row = next(iter(latest.items()))
            raise ConflictError(path, reviewer=row["reviewer"], action=row["action"], paths=frozenset(latest))

    def _refuse_no_survivor(self, dropped: Iterable[str]) -> None:
        """Raise `NoSurvivorError` where all images of a group of one of these paths are dropped.

        A group may go as a whole where every image of it has a finding of its own that suggests to drop it.
        """
        for path in dict.fromkeys(dropped):
            emptied = self._db.execute(
                "SELECT 1 FROM finding g WHERE g.path = :path AND g.group_id IS NOT NULL AND NOT EXISTS"
                " (SELECT 1 FROM finding m WHERE m.group_id = g.group_id AND NOT EXISTS"
                " (SELECT 1 FROM finding f JOIN standing s ON s.finding_id = f.finding_id AND s.path = f.path"
                " WHERE f.path = m.path AND s.action = :drop AND NOT s.stale)) AND EXISTS"
                " (SELECT 1 FROM finding m WHERE m.group_id = g.group_id AND NOT EXISTS"
                " (SELECT 1 FROM finding f WHERE f.path = m.path AND f.role = :own AND f.suggestion = :drop)) LIMIT 1",
                {"path": path, "drop": Action.DROP, "own": Role.SUBJECT},
            ).fetchone()
            if emptied is not None:
                raise NoSurvivorError(
                    f"that would drop every copy of {path}; keep one of the group, or confirm that none shall survive "
                    "(--allow-no-survivor, or allow_no_survivor=True)"
                )


@dataclass(frozen=True, slots=True)
class _Step:
    """What the rows of one step have in common: one key press, however many findings it decides."""

    batch: int
    reviewer: str
    now: str
    note: str | None = None
