"""What is derived from the log: `live`, `standing`, the counts of `item`, `total`, the pairs of `finding`, and where
each `image` stands.

Invariants: all of it is what `fold` says, written down; `refresh`, which looks at a few findings, leaves what
`rebuild`, which looks at all, would make; no other module writes it. Both run within the caller's transaction.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from curate.reviewing.database import Database
from curate.reviewing.fold import (
    IMAGE,
    Decision,
    Folded,
    Key,
    QueuedFinding,
    Ruling,
    Standing,
    fold,
    queued_findings,
    rule_image,
    unflagged,
)
from curate.schema import Action, State, Verdict

COUNT_ITEMS = (
    "SELECT count(*), coalesce(sum(pending = 0), 0), coalesce(sum(images), 0),"
    " coalesce(sum(images - pending), 0) FROM item"
)
"""Items, those done, images, those done."""

_Items = Mapping[str, Sequence[QueuedFinding]]
"""Items by their id, each with all its findings. All findings of an image are in one item."""


def decision_of(row: sqlite3.Row) -> Decision:
    """Return a row of the log as a value."""
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


def rebuild(db: Database) -> None:
    """Write down what the whole log comes to for the whole queue."""
    _write_pairs(db)
    log = [decision_of(row) for row in db.execute("SELECT * FROM decision ORDER BY id")]
    folded = fold(log)
    for table in ("live", "standing", "total"):
        db.execute(f"DELETE FROM {table}")
    _write_live(db, log, folded.live)
    _write_items(db, _items(db.execute(_SELECT_FINDING)), folded)
    db.execute(f"INSERT INTO total {COUNT_ITEMS}")
    db.execute("UPDATE image SET state = ?, new_label = NULL, reviewer = NULL WHERE item_id IS NULL", (State.CLEAR,))
    _write_unflagged(db, [path for finding_id, path in folded.standing if finding_id == IMAGE], folded)


def refresh(db: Database, keys: Iterable[Key]) -> None:
    """Write down what the log comes to after rows about these keys were appended.

    This may concern other findings: keeping a copy settles every finding about the same two contents. Read are
    the items with such findings and the rows of the log about them, never the whole of either.
    """
    changed = set(keys)
    items = _touched(db, changed)
    findings = [finding for item in items.values() for finding in item]
    themselves = {(IMAGE, finding.path) for finding in findings}
    log = _about(db, changed | {finding.key for finding in findings} | themselves | _keys_of_pairs(db, findings))
    folded = fold(log)
    db.executemany("DELETE FROM live WHERE id = ?", [(row.id,) for row in log if row.key in changed])
    db.executemany("DELETE FROM standing WHERE finding_id = ? AND path = ?", [finding.key for finding in findings])
    _write_live(db, log, [row for row in folded.live if row.key in changed])
    items_before, images_before = _done(db, items)
    _write_items(db, items, folded)
    _write_unflagged(db, [path for finding_id, path in changed if finding_id == IMAGE], folded)
    items_after, images_after = _done(db, items)
    db.execute(
        "UPDATE total SET items_done = items_done + ?, images_done = images_done + ?",
        (items_after - items_before, images_after - images_before),
    )


def _touched(db: Database, keys: Iterable[Key]) -> _Items:
    """Return the items with these findings, or with findings about a pair of contents decided on with one of them."""
    own = db.each("SELECT item_id FROM finding WHERE finding_id = ? AND path = ?", keys)
    themselves = [(path,) for finding_id, path in keys if finding_id == IMAGE]
    item_ids = {row["item_id"] for row in [*own, *db.each("SELECT item_id FROM finding WHERE path = ?", themselves)]}
    decided = db.each("SELECT sha256, pair_sha256 FROM decision WHERE finding_id = ? AND path = ?", keys)
    pairs = _both_ways((row["sha256"], row["pair_sha256"]) for row in decided)
    same = db.each("SELECT item_id FROM finding WHERE sha256 = ? AND pair_sha256 = ?", pairs)
    item_ids |= {row["item_id"] for row in same}
    return _items(db.each(f"{_SELECT_FINDING} WHERE item_id = ?", [(item_id,) for item_id in sorted(item_ids)]))


def _about(db: Database, keys: Iterable[Key]) -> list[Decision]:
    """Return all rows of the log about these keys, in the order of their ids."""
    rows = db.each("SELECT * FROM decision WHERE finding_id = ? AND path = ?", keys)
    return sorted(map(decision_of, rows), key=lambda decision: decision.id)


def _keys_of_pairs(db: Database, findings: Iterable[QueuedFinding]) -> set[Key]:
    """Return the keys of all decisions about the pairs of contents that these findings call copies."""
    pairs = _both_ways((finding.sha256, finding.pair_sha256) for finding in findings)
    rows = db.each("SELECT finding_id, path FROM decision WHERE sha256 = ? AND pair_sha256 = ?", pairs)
    return {(row["finding_id"], row["path"]) for row in rows}


def _both_ways(pairs: Iterable[tuple[str | None, str | None]]) -> set[tuple[str, str]]:
    """Return pairs of contents in either order: what was the keeper then may be the copy now."""
    known = {(one, other) for one, other in pairs if one and other}
    return known | {(other, one) for one, other in known}


def _items(rows: Iterable[sqlite3.Row]) -> _Items:
    """Return items from rows of `_SELECT_FINDING`."""
    items: dict[str, list[QueuedFinding]] = {}
    for item_id, *finding in rows:
        items.setdefault(item_id, []).append(QueuedFinding(*finding))
    return items


def _done(db: Database, item_ids: Iterable[str]) -> tuple[int, int]:
    """Return how many of these items are done, and how many of their images."""
    rows = [*db.each("SELECT images, pending FROM item WHERE item_id = ?", [(item_id,) for item_id in item_ids])]
    return sum(row["pending"] == 0 for row in rows), sum(row["images"] - row["pending"] for row in rows)


def _write_pairs(db: Database) -> None:
    """Write to each finding that calls an image a copy the content of its keeper."""
    rows = db.execute("SELECT finding_id, path, kind, role, group_id, label, sha256 FROM finding").fetchall()
    findings = queued_findings([tuple(row) for row in rows])
    db.execute("UPDATE finding SET pair_sha256 = NULL WHERE pair_sha256 IS NOT NULL")
    db.executemany(
        "UPDATE finding SET pair_sha256 = ? WHERE finding_id = ? AND path = ?",
        [(finding.pair_sha256, *finding.key) for finding in findings if finding.pair_sha256],
    )


def _write_live(db: Database, log: Sequence[Decision], live: Iterable[Decision]) -> None:
    """Write the rows in force, a decision with depth 0, its undo with 1; `log` holds what they take back, too."""
    depth: dict[int, int] = {}
    for row in log:
        depth[row.id] = 0 if row.reverts is None else depth[row.reverts] + 1
    db.executemany(
        "INSERT INTO live(id, batch, reviewer, depth, reverts) VALUES (?, ?, ?, ?, ?)",
        [(row.id, row.batch, row.reviewer, depth[row.id], row.reverts) for row in live],
    )


@dataclass(frozen=True, slots=True)
class Standings:
    """What the log comes to for some items, as rows: of `standing`; (images, those that wait, item); of `image`.

    A decision stands as what it counts as: a relabel to the class that an image has by now, as a keep.
    """

    findings: list[tuple[str, str, Action, str | None, bool]]
    items: list[tuple[int, int, str]]
    images: list[tuple[str, str | None, str | None, str]]


def what_stands(items: _Items, folded: Folded) -> Standings:
    """Return what stands for each finding of these items, how many of their images wait, and where those stand."""
    standing, counts, images = [], [], []
    for item_id, findings in items.items():
        by_path: dict[str, list[tuple[QueuedFinding, Standing | None]]] = {}
        for finding in findings:
            by_path.setdefault(finding.path, []).append((finding, folded.on(finding)))
        for path, about in by_path.items():
            itself = unflagged(path, about[0][0].label, about[0][0].sha256)
            about.append((itself, folded.on(itself)))
        rulings = {path: rule_image(about) for path, about in by_path.items()}
        for path, about in by_path.items():
            counted = {decision.id: decision for decision in rulings[path].decisions}
            for finding, stands in about:
                if stands is not None and finding.finding_id != IMAGE:
                    decision = counted.get(stands.decision.id, stands.decision)
                    standing.append((*finding.key, decision.action, decision.new_label, stands.is_stale))
        waiting = len({finding.path for finding in findings if finding.wants_decision})
        counts.append((waiting, sum(ruling.verdict is Verdict.PENDING for ruling in rulings.values()), item_id))
        images += [_state(path, ruling) for path, ruling in rulings.items()]
    return Standings(standing, counts, images)


def _write_items(db: Database, items: _Items, folded: Folded) -> None:
    """Write what stands for each finding of these items, where their images stand, and how many of them wait."""
    stands = what_stands(items, folded)
    db.executemany(
        "INSERT INTO standing(finding_id, path, action, new_label, stale) VALUES (?, ?, ?, ?, ?)", stands.findings
    )
    db.executemany("UPDATE item SET images = ?, pending = ? WHERE item_id = ?", stands.items)
    db.executemany(_UPDATE_IMAGE, stands.images)


def _write_unflagged(db: Database, paths: Iterable[str], folded: Folded) -> None:
    """Write where images stand that no scanner flagged; those it did were written with their items."""
    rows = db.each(
        "SELECT path, label, sha256 FROM image WHERE path = ? AND item_id IS NULL", [(path,) for path in paths]
    )
    db.executemany(
        _UPDATE_IMAGE, [state_of_unflagged(row["path"], row["label"], row["sha256"], folded) for row in [*rows]]
    )


def state_of_unflagged(
    path: str, label: str | None, sha256: str | None, folded: Folded
) -> tuple[str, str | None, str | None, str]:
    """Return where an image stands that no scanner flagged, as the values of `_UPDATE_IMAGE`."""
    itself = unflagged(path, label, sha256)
    if itself.key not in folded.standing:  # as of most of a dataset
        return State.CLEAR, None, None, path
    return _state(path, rule_image([(itself, folded.on(itself))]))


def _state(path: str, ruling: Ruling) -> tuple[str, str | None, str | None, str]:
    """Return the values of `_UPDATE_IMAGE`: state, new class, who decided last, path."""
    latest = max(ruling.decisions, key=lambda decision: decision.id, default=None)
    return ruling.state, ruling.new_label, latest.reviewer if latest else None, path


_UPDATE_IMAGE = "UPDATE image SET state = ?, new_label = ?, reviewer = ? WHERE path = ?"
_SELECT_FINDING = "SELECT item_id, finding_id, path, role, label, sha256, pair_sha256 FROM finding"
