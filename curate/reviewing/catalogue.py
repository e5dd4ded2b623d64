"""Every image of the audit, flagged or not: where each stands in the review, to be looked through and decided.

Invariants: `sync` writes it, and what is derived from the log keeps it up; no answer loads the whole dataset.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from curate.reviewing.database import Database
from curate.reviewing.fold import IMAGE
from curate.reviewing.search import folded
from curate.schema import Role, State


class Order(StrEnum):
    """What images are sorted by."""

    SCORE = "score"
    NAME = "name"
    CLASS = "class"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFilter:
    """Which images; an empty set means all."""

    labels: frozenset[str | None] = frozenset()
    states: frozenset[State] = frozenset()
    reviewers: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    copies: bool = False
    """Of duplicate groups only the copies: a finding of the kinds must call the image one."""
    min_score: float = 0.0
    """What one of its findings must have; where kinds are named, one of these."""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An image of the audit. `item_id` is its item of the queue, if it is flagged; `as_of` the log's line when read.

    `findings` are those of the queue about it, as an `Item` holds them.
    """

    path: str
    label: str | None
    sha256: str | None
    item_id: str | None
    state: State
    new_label: str | None
    reviewer: str | None
    as_of: int
    findings: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Outline:
    """An image in a word: its class and where it stands."""

    path: str
    label: str | None
    state: State


class Catalogue:
    """The images of an open store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def count(self, chosen: ImageFilter = ImageFilter()) -> int:
        """Count images."""
        condition, values = _condition(chosen)
        return int(self._db.execute(f"SELECT count(*) FROM image m WHERE {condition}", values).fetchone()[0])

    def find(
        self,
        chosen: ImageFilter = ImageFilter(),
        *,
        order: Order = Order.NAME,
        start: int = 0,
        after: str | None = None,
        limit: int = 100,
    ) -> list[Entry]:
        """Return images in an order, from number `start` on; if an image is named, of those that come `after` it.

        That one need not fit the filter: a decision may have put it elsewhere since it was found.
        """
        condition, values = _condition(chosen)
        if after is not None:
            place = self._db.execute(_SELECT_PLACE, (after,)).fetchone()
            if place is None:
                return []
            condition += f" AND {_BEHIND[order]}"
            values |= dict(place)
        query = f"{_SELECT} WHERE {condition} ORDER BY {_ORDERS[order]} LIMIT :limit OFFSET :start"
        with self._db.snapshot():
            return self._entries(self._db.execute(query, values | {"limit": limit, "start": start}).fetchall())

    def entries(self, paths: Iterable[str]) -> list[Entry]:
        """Return images by their paths, in that order; those that the audit does not know are left out."""
        with self._db.snapshot():
            return self._entries(list(self._db.each(f"{_SELECT} WHERE m.path = ?", [(path,) for path in paths])))

    def paths(self, chosen: ImageFilter = ImageFilter()) -> set[str]:
        """Return the paths of images."""
        condition, values = _condition(chosen)
        return {row[0] for row in self._db.execute(f"SELECT m.path FROM image m WHERE {condition}", values)}

    def outline(self) -> list[Outline]:
        """Return of every image where it stands: for an overview of all at once."""
        rows = self._db.execute("SELECT path, label, state FROM image")
        return [Outline(path, label, State(state)) for path, label, state in rows]

    def kinds(self) -> list[tuple[str, str]]:
        """Return path and kind of every finding that is queued."""
        return [(row[0], row[1]) for row in self._db.execute("SELECT path, kind FROM finding WHERE role != 'keeper'")]

    def facets(self) -> dict[str, dict[str | None, int]]:
        """Return what images can be narrowed to, each with the number of images: states, labels, reviewers, kinds.

        Keepers of a kind count: they are shown, too.
        """
        return {
            name: {row[0]: row[1] for row in self._db.execute(query)}
            for name, query in {
                "state": "SELECT state, count(*) FROM image GROUP BY state",
                "label": "SELECT label, count(*) FROM image GROUP BY label",
                "reviewer": "SELECT reviewer, count(*) FROM image WHERE reviewer IS NOT NULL GROUP BY reviewer",
                "kind": "SELECT value, images FROM facet WHERE name = 'kind' ORDER BY value",
            }.items()
        }

    def classes(self) -> set[str]:
        """Return the classes of the dataset and those that decisions have made."""
        rows = self._db.execute(f"{_LABELS} UNION SELECT new_label FROM image WHERE new_label IS NOT NULL")
        return {row[0] for row in rows if row[0] is not None}

    def _entries(self, rows: Sequence[sqlite3.Row]) -> list[Entry]:
        as_of = int(self._db.execute("SELECT coalesce(max(id), 0) FROM decision").fetchone()[0])
        return [
            Entry(
                path=row["path"],
                label=row["label"],
                sha256=row["sha256"],
                item_id=row["item_id"],
                state=State(row["state"]),
                new_label=row["new_label"],
                reviewer=row["reviewer"],
                as_of=as_of,
                findings=[dict(one) for one in self._db.execute(_SELECT_FINDINGS, (row["path"],))],
            )
            for row in rows
        ]


def rows(images: pd.DataFrame, queued: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield all images of an audit, with the worst score of what is queued about each; where they stand comes behind.

    The columns are path, label, sha256, item_id, score, searchable.
    """
    about: dict[str, list[Mapping[str, Any]]] = {}
    for row in queued:
        about.setdefault(row["path"], []).append(row)
    for path, label, sha256 in zip(images["path"], images["label"], images["sha256"], strict=True):
        own = about.get(path, [])
        score = max((row["score"] for row in own if row["role"] != Role.KEEPER), default=0.0)
        searchable = folded(" ".join([path, *(row["reason"] for row in own)]))
        yield path, label, sha256, own[0]["item_id"] if own else None, score, searchable


def itself(entry: Entry) -> dict[str, Any]:
    """Return what stands for a finding where an image is decided that no scanner flagged."""
    return {"finding_id": IMAGE, "path": entry.path, "sha256": entry.sha256, "role": Role.KEEPER, "label": entry.label}


def _condition(chosen: ImageFilter) -> tuple[str, dict[str, Any]]:
    """Return SQL on `image m`, and its values."""
    parts: list[str] = ["1"]
    values: dict[str, Any] = {}
    for column, wanted in (("label", chosen.labels), ("state", chosen.states), ("reviewer", chosen.reviewers)):
        if wanted:
            named = {f"{column}{index}": value for index, value in enumerate(sorted(wanted, key=str))}
            parts.append(f"({' OR '.join(f'm.{column} IS :{name}' for name in named)})")
            values |= named
    if chosen.kinds:
        named = {f"kind{index}": value for index, value in enumerate(sorted(chosen.kinds))}
        kinds = ", ".join(f":{name}" for name in named)
        role = " AND f.role = 'copy'" if chosen.copies else ""
        role += " AND f.score >= :min_score" if chosen.min_score > 0 else ""
        parts.append(f"EXISTS (SELECT 1 FROM finding f WHERE f.path = m.path AND f.kind IN ({kinds}){role})")
        values |= named
    if chosen.min_score > 0:
        parts.append("m.score >= :min_score")
        values["min_score"] = chosen.min_score
    if chosen.text:
        parts.append("instr(m.searchable, :text)")
        values["text"] = folded(chosen.text)
    return " AND ".join(parts), values


_ORDERS = {Order.SCORE: "m.score DESC, m.path", Order.NAME: "m.path", Order.CLASS: "m.label, m.path"}
_SELECT_PLACE = "SELECT path AS last_path, score AS last_score, label AS last_label FROM image WHERE path = ?"
_BEHIND = {
    Order.SCORE: "m.score <= :last_score AND (m.score < :last_score OR m.path > :last_path)",
    Order.NAME: "m.path > :last_path",
    Order.CLASS: """(m.label IS :last_label AND m.path > :last_path
        OR m.label > :last_label OR :last_label IS NULL AND m.label IS NOT NULL)""",
}
"""What comes after an image in an order, in which those without a class are first."""
_LABELS = """
    WITH RECURSIVE known(label) AS (
        SELECT min(label) FROM image
        UNION ALL SELECT (SELECT min(label) FROM image WHERE label > known.label) FROM known WHERE label IS NOT NULL
    ) SELECT label FROM known
"""
"""One after another by the index: as many steps as there are classes, however many images they have."""
_SELECT = "SELECT m.path, m.label, m.sha256, m.item_id, m.state, m.new_label, m.reviewer FROM image m"
_SELECT_FINDINGS = """
    SELECT f.*, coalesce(s.stale, 0) AS stale, CASE WHEN NOT s.stale THEN s.action END AS action
    FROM finding f LEFT JOIN standing s ON s.finding_id = f.finding_id AND s.path = f.path
    WHERE f.path = ? ORDER BY f.score DESC, f.kind
"""
