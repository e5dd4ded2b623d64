"""Filling the queue anew while people decide.

All that takes time happens beside the queue: tables of the same form are filled a batch at a time, and then change
places with those of the queue.

Invariants: the store is locked for a batch, or for the change, however many findings there are; a reader sees the
old queue or the new one; what was decided meanwhile counts in the new one; a sync that is killed leaves the queue as
it was.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import islice
from typing import Any

import pandas as pd

from curate.reviewing import catalogue, derived
from curate.reviewing.database import Database, Values
from curate.reviewing.fold import Folded, QueuedFinding, fold, queued, queued_findings
from curate.reviewing.migrations import FACETS
from curate.reviewing.search import folded
from curate.schema import FINDINGS, GROUP_KINDS, Role, Severity

BATCH = 2_000
"""So many rows are written at a time: about a tenth of a second."""
CACHE_KIB = 128 << 10
"""Memory for pages while a queue is filled: entries of an index lie all over it."""
_TABLES = ("finding", "item", "standing", "facet", "image")
_NEXT, _LAST = "next", "last"
"""What follows the name of a table that is being filled, and of one whose time is over."""
_ASKED = tuple(field.name for field in fields(QueuedFinding))
"""Of a finding, what deciding depends on."""

_Row = dict[str, Any]
Report = Callable[[int, int], None]
"""Told how many rows are written, and of how many."""


def unreported(done: int, total: int) -> None:
    """Tell nobody how many rows are written."""
    del done, total


def sync(db: Database, findings: pd.DataFrame, images: pd.DataFrame, report: Report = unreported) -> None:
    """Make the queue show these findings; decisions are untouched and find their findings again."""
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    _clear(db)
    rows = _rows(findings, images)
    log = [derived.decision_of(row) for row in db.execute("SELECT * FROM decision ORDER BY id").fetchall()]
    items: dict[str, list[QueuedFinding]] = {}
    for row in rows:
        finding = QueuedFinding(*(row[name] for name in _ASKED))
        items.setdefault(row["item_id"], []).append(finding)
    folded_log = fold(log)
    stands = derived.what_stands(items, folded_log)
    count_of = {item_id: (images, pending) for images, pending, item_id in stands.items}
    ranked = [(*item, *count_of[item[0]]) for item in _ranked(rows)]
    with db.transaction(durable=False):
        for table in _TABLES:
            _make_beside(db, table)
    rows.sort(key=lambda row: (row["finding_id"], row["path"]))  # as they lie in the table
    _fill(db, _INSERT_FINDING, rows)
    _fill(db, "INSERT INTO item_next(item_id, is_group, rank, images, pending) VALUES (?, ?, ?, ?, ?)", ranked)
    _fill(
        db,
        "INSERT INTO standing_next(finding_id, path, action, new_label, stale) VALUES (?, ?, ?, ?, ?)",
        stands.findings,
    )
    _fill(db, "INSERT INTO facet_next(name, value, images, flagged) VALUES (?, ?, ?, ?)", _facets(rows))
    _fill(
        db,
        "INSERT INTO image_next(path, label, sha256, item_id, score, searchable, state, new_label, reviewer)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        _told(_images(images, rows, stands, folded_log), len(images), report),
    )
    with db.transaction():
        for table in _TABLES:
            db.execute(f"ALTER TABLE {table} RENAME TO {table}_{_LAST}")
            db.execute(f"ALTER TABLE {table}_{_NEXT} RENAME TO {table}")
        db.execute("DELETE FROM total")
        db.execute("INSERT INTO total VALUES (?, ?, ?, ?)", _totals(stands.items))
        derived.refresh(db, _decided_since(db, log[-1].id if log else 0))
    _clear(db)


def _rows(findings: pd.DataFrame, images: pd.DataFrame) -> list[_Row]:
    """Return what the table of findings holds: findings of the queue with item, content, and the keeper's content."""
    about = queued(findings)
    are_flagged = images["path"].isin(about["path"])
    hashes = dict(zip(images["path"][are_flagged], images["sha256"][are_flagged], strict=True))
    rows = [{**row, "sha256": hashes.get(row["path"])} for row in about.to_dict("records")]
    group_of = {row["path"]: row["group_id"] for row in rows if row["group_id"]}
    names = ("finding_id", "path", "kind", "role", "group_id", "label", "sha256")
    paired = queued_findings([tuple(row[name] for name in names) for row in rows])
    pairs = {finding.key: finding.pair_sha256 for finding in paired}
    for row in rows:
        row["item_id"] = group_of.get(row["path"], row["path"])
        row["pair_sha256"] = pairs[row["finding_id"], row["path"]]
        row["searchable"] = folded(f"{row['path']} {row['reason']}")
    return rows


def _facets(rows: Sequence[_Row]) -> list[tuple[str, Any, int, int]]:
    """Return what the queue can be narrowed to, each with the number of its images, and of those without keepers."""
    paths: dict[tuple[str, Any], set[str]] = {}
    flagged: dict[tuple[str, Any], set[str]] = {}
    for row in rows:
        for name in FACETS:
            key = name, row[name]
            paths.setdefault(key, set()).add(row["path"])
            if row["role"] != Role.KEEPER:
                flagged.setdefault(key, set()).add(row["path"])
    return [(*key, len(found), len(flagged.get(key, ()))) for key, found in sorted(paths.items(), key=str)]


def _images(
    images: pd.DataFrame, rows: Sequence[_Row], stands: derived.Standings, folded_log: Folded
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `image`, in the order of their paths."""
    states = {path: state for *state, path in stands.images}
    by_path = images if images["path"].is_monotonic_increasing else images.sort_values("path")
    for row in catalogue.rows(by_path, rows):
        path, label, sha256, *_ = row
        state = states.get(path) or derived.state_of_unflagged(path, label, sha256, folded_log)[:-1]
        yield *row, *state


def _told(rows: Iterable[Values], total: int, report: Report) -> Iterator[Values]:
    for done, row in enumerate(rows, 1):
        yield row
        if done % BATCH == 0 or done == total:
            report(done, total)


def _fill(db: Database, statement: str, rows: Iterable[Values]) -> None:
    """Write rows a batch at a time, so that nobody waits for long; what is not in place yet may be lost."""
    waiting = iter(rows)
    while batch := [*islice(waiting, BATCH)]:
        with db.transaction(durable=False):
            db.executemany(statement, batch)


def _make_beside(db: Database, table: str) -> None:
    """Make an empty table of the same form, with its indexes."""
    query = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC"
    for (statement,) in db.execute(query, (table,)).fetchall():
        beside = re.sub(rf'^(CREATE TABLE|.* ON) "?{table}"?(?=[ (])', rf'\1 "{table}_{_NEXT}"', statement, count=1)
        db.execute(re.sub(r'^CREATE INDEX "?(\w+)"?', lambda found: f"CREATE INDEX {_other(found[1])}", beside))


def _other(index: str) -> str:
    """Name an index so that it can lie beside the one of that name: SQLite can rename tables, not indexes."""
    return index.removesuffix("_b") if index.endswith("_b") else f"{index}_b"


def _totals(counts: Sequence[tuple[int, int, str]]) -> tuple[int, int, int, int]:
    """Return items, those done, images, those done."""
    images = sum(images for images, _, _ in counts)
    return (
        len(counts),
        sum(pending == 0 for _, pending, _ in counts),
        images,
        images - sum(pending for _, pending, _ in counts),
    )


def _decided_since(db: Database, last: int) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in db.execute("SELECT finding_id, path FROM decision WHERE id > ?", (last,))]


def _clear(db: Database) -> None:
    """Remove tables whose time is over, or that a killed sync did not finish: index by index, table by table."""
    query = "SELECT type, name FROM sqlite_master WHERE tbl_name LIKE ? ESCAPE '!' AND sql IS NOT NULL ORDER BY type"
    for end in (_NEXT, _LAST):
        for kind, name in db.execute(query, (f"%!_{end}",)).fetchall():
            if kind == "table":
                _empty(db, name)
            with db.transaction(durable=False):
                db.execute(f"DROP {kind} {name}")


def _empty(db: Database, table: str) -> None:
    """Delete all rows, some at a time: to drop a large table takes as long as to read it."""
    keys = ", ".join(row["name"] for row in db.execute(f"PRAGMA table_info({table})") if row["pk"]) or "rowid"
    some = f"DELETE FROM {table} WHERE ({keys}) IN (SELECT {keys} FROM {table} LIMIT {10 * BATCH})"
    while db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():
        with db.transaction(durable=False):
            db.execute(some)


def _ranked(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int]]:
    """Return (item, is it a group, rank), worst first: conflicts and leaks, then errors, then by score, then by id."""
    worst: dict[str, tuple[bool, bool, float]] = {}
    for row in rows:
        key = (row["kind"] not in GROUP_KINDS, row["severity"] != Severity.ERROR, -row["score"])
        worst[row["item_id"]] = min(worst.get(row["item_id"], key), key)
    groups = {row["item_id"] for row in rows if row["group_id"]}
    order = sorted(worst, key=lambda item: (worst[item], item))
    return [(item, int(item in groups), rank) for rank, item in enumerate(order)]


_COLUMNS = (
    "item_id",
    "sha256",
    "pair_sha256",
    "searchable",
    *(name for name in FINDINGS.names if not name.startswith("scanner")),
)
"""Of a finding, what a person is shown or can narrow the queue by, its item, the image's content and its keeper's."""

_INSERT_FINDING = (
    f"INSERT INTO finding_next({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + name for name in _COLUMNS)})"
)
