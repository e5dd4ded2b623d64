"""The queue: what wants a decision, in which order, and on whose screen it is.

Invariants: an item is an image with all its findings, or a group of duplicates; the order stays as it is until
the next `sync`; an item is on one screen at a time; no answer that a key press waits for scans the queue.
"""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from curate.reviewing import derived
from curate.reviewing.database import Database
from curate.reviewing.fold import queued
from curate.reviewing.log import Log
from curate.reviewing.migrations import FACETS
from curate.reviewing.search import folded
from curate.reviewing.sync import Report, sync, unreported
from curate.schema import Role

LEASE_S = 300.0
"""How long an item stays on one reviewer's screen, untouched, before it is handed to another."""


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
    """One thing to decide: an image with all its findings, or a group of duplicates.

    `findings` holds the rows of the findings table for every image of the item, with the action that stands
    for each as `action` (None while undecided), whether a decision is `stale`, and the image's `sha256`.
    `as_of` is the last line of the log when it was read.
    """

    item_id: str
    is_group: bool
    rank: int
    as_of: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """The images, the keeper first, in a stable order."""
        keepers = [row["path"] for row in self.findings if row["role"] == Role.KEEPER]
        return list(dict.fromkeys([*keepers, *(row["path"] for row in self.findings)]))

    def of(self, path: str) -> list[dict[str, Any]]:
        """Return the findings about one image."""
        return [row for row in self.findings if row["path"] == path]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewProgress:
    """How far the review has come, in items and in images that want a decision."""

    items: int
    items_done: int
    images: int
    images_done: int


class Queue:
    """The queue of an open store."""

    def __init__(self, db: Database, log: Log) -> None:
        self._db = db
        self._log = log

    def sync(self, findings: pd.DataFrame, images: pd.DataFrame, report: Report = unreported) -> None:
        """Make the queue show these findings; decisions are untouched and find their findings again.

        `report` is told how many rows are written, and of how many.
        """
        sync(self._db, findings, images, report)

    def is_of(self, findings: pd.DataFrame) -> bool:
        """Say whether the queue was filled from these findings; it was not where an older store was put back."""
        about = queued(findings)
        (count,) = self._db.execute("SELECT count(*) FROM finding").fetchone()
        if count != len(about):
            return False
        # Both lie in this order already; of a million, two sets of names would take seconds and gigabytes.
        wanted = sorted(zip(about["finding_id"].tolist(), about["path"].tolist(), strict=True))
        there = self._db.execute("SELECT finding_id, path FROM finding ORDER BY finding_id, path")
        there.row_factory = None  # plain tuples
        return all(there.fetchmany(_AT_A_TIME) == wanted[at : at + _AT_A_TIME] for at in range(0, count, _AT_A_TIME))

    def find(
        self,
        chosen: QueueFilter = QueueFilter(),
        *,
        after_rank: int = -1,
        pending: bool | None = True,
        limit: int = 1,
    ) -> list[Item]:
        """Return items behind `after_rank` in their order; `pending` None takes decided ones too."""
        with self._db.snapshot():
            condition, values = self._narrowed(chosen)
            if pending is not None:
                condition += " AND i.pending > 0" if pending else " AND i.pending = 0"
            query = f"{_SELECT_ITEM} WHERE i.rank > :after{condition} ORDER BY i.rank LIMIT :limit"
            rows = self._db.execute(query, {**values, "after": after_rank, "limit": limit}).fetchall()
            return [self._item(row) for row in rows]

    def before(self, rank: int, chosen: QueueFilter = QueueFilter()) -> Item | None:
        """Return the item ahead of `rank` in the queue, decided or not; None if there is none."""
        condition, values = self._narrowed(chosen)
        query = f"{_SELECT_ITEM} WHERE i.rank < :rank{condition} ORDER BY i.rank DESC LIMIT 1"
        row = self._db.execute(query, {**values, "rank": rank}).fetchone()
        return self._item(row) if row else None

    def item(self, item_id: str) -> Item | None:
        """Return one item by its id; None if the queue has none such."""
        row = self._db.execute(f"{_SELECT_ITEM} WHERE i.item_id = ?", (item_id,)).fetchone()
        return self._item(row) if row else None

    def progress(self, chosen: QueueFilter = QueueFilter()) -> ReviewProgress:
        """Return the items and images that want a decision, and how many have it; without counting the whole queue."""
        condition, values = _condition(chosen, every=True)
        if condition:
            query = f"{derived.COUNT_ITEMS} i WHERE 1{condition}"
        else:
            query = "SELECT items, items_done, images, images_done FROM total"
        items, items_done, images, images_done = self._db.execute(query, values).fetchone()
        return ReviewProgress(items=items, items_done=items_done, images=images, images_done=images_done)

    def facets(self) -> dict[str, dict[str | None, int]]:
        """Return what the queue can be narrowed to: labels, categories, kinds and severities, each with flagged images.

        Keepers are not counted, as in Table 1; of what is only said of keepers there are 0.
        """
        values: dict[str, dict[str | None, int]] = {name: {} for name in FACETS}
        for name, value, flagged in self._db.execute("SELECT name, value, flagged FROM facet ORDER BY name, value"):
            values[name][value] = flagged
        return values

    # Screens

    def claim(
        self,
        chosen: QueueFilter = QueueFilter(),
        *,
        holder: str,
        now_s: float,
        after_rank: int = -1,
        limit: int = 1,
        sharing: bool = False,
    ) -> list[Item]:
        """Return the next undecided items that are on nobody else's screen, and put them on this one for `LEASE_S`.

        What the holder has already comes first; behind the end the queue begins again. What it had before is
        let go. `sharing` leaves as many for other screens: near the end only half of what is left is taken.
        """
        wanted = 2 * limit if sharing else limit
        while True:
            with self._db.snapshot():  # a search may take long, and nobody can decide while the store is locked
                rows = self._claimable(chosen, holder=holder, now_s=now_s, after_rank=after_rank, limit=wanted)
            if sharing:
                rows = rows[: (len(rows) + 1) // 2]
            with self._db.transaction(durable=False):
                self._db.execute("DELETE FROM claim WHERE until_s <= ?", (now_s,))
                if not all(self._is_free(row["item_id"], holder) for row in rows):
                    continue  # somebody was quicker: look again
                self._db.execute("DELETE FROM claim WHERE holder = ?", (holder,))
                self._hold([row["item_id"] for row in rows], holder, now_s)
                return [self._item(row) for row in sorted(rows, key=lambda row: int(row["rank"]))]

    def _claimable(
        self, chosen: QueueFilter, *, holder: str, now_s: float, after_rank: int, limit: int
    ) -> list[sqlite3.Row]:
        """Find what `claim` could put on a screen now: first what is on it, each in the order of the queue."""
        condition, values = self._narrowed(chosen)
        held = (
            f"{_SELECT_ITEM} JOIN claim c ON c.item_id = i.item_id WHERE c.holder = :holder AND c.until_s > :now"
            f" AND i.pending > 0 AND i.rank > :after{condition} ORDER BY i.rank LIMIT :limit"
        )
        free = (
            f"{_SELECT_ITEM} WHERE i.pending > 0 AND i.rank > :after AND NOT EXISTS"
            " (SELECT 1 FROM claim c WHERE c.item_id = i.item_id AND c.until_s > :now AND c.holder != :not_counted)"
            f"{condition} ORDER BY i.rank LIMIT :limit"
        )
        values |= {"holder": holder, "after": after_rank, "limit": limit, "now": now_s, "not_counted": ""}
        rows = self._db.execute(held, values).fetchall()
        rows += self._db.execute(free, values | {"limit": limit - len(rows)}).fetchall()
        if not rows:
            rows = self._db.execute(free, values | {"after": -1, "not_counted": holder}).fetchall()
        return rows

    def _narrowed(self, chosen: QueueFilter) -> tuple[str, dict[str, Any]]:
        """Return SQL as `_condition` does, by the items themselves where only a few meet the filter.

        Else the whole queue would be gone through in order to find the next of them, or that there is none.
        """
        parts, values = _of_findings(chosen)
        if not parts:
            return _condition(chosen)
        # By the plus sign a text is looked for in the index of texts, not in that of items and from there in the table.
        item = "+f.item_id" if chosen.text else "f.item_id"
        query = f"SELECT DISTINCT {item} FROM finding f WHERE {' AND '.join(parts)} LIMIT {_FEW + 1}"
        found = [row[0] for row in self._db.execute(query, values)]
        return _condition(chosen, found if len(found) <= _FEW else None)

    def _is_free(self, item_id: str, holder: str) -> bool:
        """Say whether an item still waits for a decision, and is on nobody else's screen."""
        waits = self._db.execute("SELECT 1 FROM item WHERE item_id = ? AND pending > 0", (item_id,)).fetchone()
        taken = self._db.execute("SELECT 1 FROM claim WHERE item_id = ? AND holder != ?", (item_id, holder)).fetchone()
        return waits is not None and taken is None

    def hold(self, item_id: str, *, holder: str, now_s: float) -> Item | None:
        """Return one item by its id, put on this screen alone unless somebody else has it; None if there is none."""
        with self._db.transaction(durable=False):
            self._db.execute("DELETE FROM claim WHERE holder = ? OR until_s <= ?", (holder, now_s))
            item = self.item(item_id)
            if item is not None:
                self._hold([item_id], holder, now_s)
            return item

    def release(self, holders: Iterable[str]) -> None:
        """Let go of everything that is on these screens: they have been closed."""
        with self._db.transaction(durable=False):
            self._db.executemany("DELETE FROM claim WHERE holder = ?", [(holder,) for holder in holders])

    def holders(self, *, now_s: float) -> dict[str, int]:
        """Return the screens that have items at present, and how many each."""
        rows = self._db.execute("SELECT holder, count(*) FROM claim WHERE until_s > ? GROUP BY holder", (now_s,))
        return {row[0]: row[1] for row in rows}

    def _hold(self, item_ids: Iterable[str], holder: str, now_s: float) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO claim(item_id, holder, until_s) VALUES (?, ?, ?)",
            [(item_id, holder, now_s + LEASE_S) for item_id in item_ids],
        )

    def _item(self, row: sqlite3.Row) -> Item:
        as_of = self._log.last_line()  # first: what is decided while the rest is read counts as unseen
        findings = self._db.execute(_SELECT_FINDINGS, {"item_id": row["item_id"], "keeper": Role.KEEPER})
        return Item(
            item_id=row["item_id"],
            is_group=bool(row["is_group"]),
            rank=row["rank"],
            as_of=as_of,
            findings=[dict(finding) for finding in findings],
        )


def _condition(chosen: QueueFilter, few: list[str] | None = None, *, every: bool = False) -> tuple[str, dict[str, Any]]:
    """Return SQL on `item i` that follows a WHERE, and its values: one finding of the item must meet all of the filter.

    Empty where the filter takes every item. `few` are all items with such a finding, where they are known; `every` one
    is wanted where they are counted, else the first in the order of the queue.
    """
    parts, values = _of_findings(chosen)
    condition = "" if chosen.groups is None else f" AND i.is_group = {int(chosen.groups)}"
    if few is not None:
        return f"{condition} AND i.item_id IN (SELECT value FROM json_each(:few))", {"few": json.dumps(few)}
    if parts and (every or chosen.text):
        # The other way round every item of the queue would be looked up where few or none match.
        condition += f" AND i.item_id IN (SELECT f.item_id FROM finding f WHERE {' AND '.join(parts)})"
    elif parts:
        condition += f" AND EXISTS (SELECT 1 FROM finding f WHERE f.item_id = i.item_id AND {' AND '.join(parts)})"
    return condition, values


def _of_findings(chosen: QueueFilter) -> tuple[list[str], dict[str, Any]]:
    """Return what a finding `f` must meet, as SQL, and the values in it."""
    parts: list[str] = []
    values: dict[str, Any] = {}
    for column, wanted in (
        ("label", chosen.labels),
        ("category", chosen.categories),
        ("kind", chosen.kinds),
        ("severity", chosen.severities),
    ):
        if wanted:
            named = {f"{column}{index}": value for index, value in enumerate(sorted(wanted, key=str))}
            parts.append(f"({' OR '.join(f'f.{column} IS :{name}' for name in named)})")
            values |= named
    if chosen.min_score > 0:
        parts.append("f.score >= :min_score")
        values["min_score"] = chosen.min_score
    if chosen.text:
        values["text"] = folded(chosen.text)
        parts.insert(0, "instr(f.searchable, :text)")
    return parts, values


_AT_A_TIME = 65_536
"""Names of findings that are compared at once."""
_FEW = 2_000
"""Items that are looked at one by one rather than looked for in the queue."""
_SELECT_ITEM = "SELECT i.item_id, i.is_group, i.rank FROM item i"
_SELECT_FINDINGS = """
    SELECT f.*, coalesce(s.stale, 0) AS stale,
        CASE WHEN NOT s.stale THEN s.action END AS action, CASE WHEN NOT s.stale THEN s.new_label END AS new_label
    FROM finding f LEFT JOIN standing s ON s.finding_id = f.finding_id AND s.path = f.path
    WHERE f.item_id = :item_id ORDER BY f.role = :keeper DESC, f.path, f.score DESC, f.kind
"""
