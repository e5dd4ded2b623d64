"""What is derived from the log: `live`, `standing`, `item.pending` and `total`.

Invariants: each of them is nothing but the log folded and counted; `refresh`, which looks at a few findings,
leaves what `rebuild`, which looks at all, would make. Both run within the caller's transaction.
"""

import sqlite3
from collections.abc import Iterable, Mapping

from curate.reviewing.database import Database
from curate.reviewing.fold import Decision, fold
from curate.schema import GROUP_KINDS, Action, Role


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
    """Work out everything derived, from the whole log and the whole queue."""
    folded = fold([decision_of(row) for row in db.execute("SELECT * FROM decision ORDER BY id")])
    _rebuild_live(db, folded.live)
    db.execute("DELETE FROM standing")
    _stand(db, folded.standing.values())
    _remember_pairs(db, folded.cleared)
    db.execute(_COUNT_ALL_PENDING)
    db.execute("DELETE FROM total")
    db.execute(f"INSERT INTO total {COUNT_ITEMS}")


def refresh(db: Database, keys: Iterable[tuple[str, str]]) -> None:
    """Bring `standing`, the items' pending counts and the totals up to the log for some (finding, path)."""
    items = set()
    for finding_id, path in keys:
        rows = db.execute(
            "SELECT d.* FROM decision d JOIN live l ON l.id = d.id"
            " WHERE d.finding_id = ? AND d.path = ? AND l.depth = 0 ORDER BY d.id DESC LIMIT 1",
            (finding_id, path),
        ).fetchall()
        db.execute("DELETE FROM standing WHERE finding_id = ? AND path = ?", (finding_id, path))
        _stand(db, [decision_of(row) for row in rows])
        found = db.execute("SELECT item_id FROM finding WHERE finding_id = ? AND path = ?", (finding_id, path))
        items |= {row[0] for row in found}
    for item in items:
        before = db.execute("SELECT pending = 0, pending FROM item WHERE item_id = ?", (item,)).fetchone()
        db.execute(_COUNT_PENDING, (item, item))
        after = db.execute("SELECT pending = 0, pending FROM item WHERE item_id = ?", (item,)).fetchone()
        db.execute(
            "UPDATE total SET items_done = items_done + ?, images_done = images_done + ?",
            (after[0] - before[0], before[1] - after[1]),
        )


def activate(db: Database, number: int) -> None:
    """Add the row to `live`, then walk its `reverts` chain, alternately deactivating and reactivating each ancestor."""
    row = db.execute("SELECT batch, reviewer, reverts FROM decision WHERE id = ?", (number,)).fetchone()
    depth, ancestor = 0, row["reverts"]
    while ancestor is not None:
        depth += 1
        ancestor = db.execute("SELECT reverts FROM decision WHERE id = ?", (ancestor,)).fetchone()[0]
    db.execute(
        "INSERT INTO live VALUES (?, ?, ?, ?, ?)", (number, row["batch"], row["reviewer"], depth, row["reverts"])
    )
    ancestor, in_force = row["reverts"], False
    while ancestor is not None:
        row = db.execute(
            "SELECT d.batch, d.reviewer, d.reverts, EXISTS (SELECT 1 FROM live l WHERE l.reverts = d.id) reverted"
            " FROM decision d WHERE d.id = ?",
            (ancestor,),
        ).fetchone()
        depth -= 1
        if in_force and row["reverted"]:
            return
        if in_force:
            db.execute(
                "INSERT OR IGNORE INTO live VALUES (?, ?, ?, ?, ?)",
                (ancestor, row["batch"], row["reviewer"], depth, row["reverts"]),
            )
        else:
            db.execute("DELETE FROM live WHERE id = ?", (ancestor,))
        ancestor, in_force = row["reverts"], not in_force


def _stand(db: Database, decisions: Iterable[Decision]) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO standing(finding_id, path, sha256, action, new_label) VALUES (?, ?, ?, ?, ?)",
        [(d.finding_id, d.path, d.sha256, d.action, d.new_label) for d in decisions],
    )


def _rebuild_live(db: Database, rows: Iterable[Decision]) -> None:
    targets = {row[0]: row[1] for row in db.execute("SELECT id, reverts FROM decision WHERE reverts IS NOT NULL")}

    def depth(number: int) -> int:
        steps = 0
        while number in targets:
            number, steps = targets[number], steps + 1
        return steps

    db.execute("DELETE FROM live")
    db.executemany(
        "INSERT INTO live VALUES (?, ?, ?, ?, ?)",
        [(row.id, row.batch, row.reviewer, depth(row.id), row.reverts) for row in rows],
    )


def _remember_pairs(db: Database, cleared: Mapping[frozenset[str], Decision]) -> None:
    """Let two images once judged not to be copies stay so, though the finding may now bear another name."""
    across = ", ".join(f"'{kind}'" for kind in sorted(GROUP_KINDS))
    rows = db.execute(
        "SELECT f.finding_id, f.path, f.sha256, k.sha256 keeper_sha256 FROM finding f JOIN finding k"
        f" ON k.group_id = f.group_id AND k.role = ? AND k.kind NOT IN ({across})"
        f" WHERE f.role = ? AND f.kind NOT IN ({across})"
        " AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.finding_id = f.finding_id AND s.path = f.path)",
        (Role.KEEPER, Role.COPY),
    ).fetchall()
    for row in rows:
        decision = cleared.get(frozenset((row["sha256"], row["keeper_sha256"])))
        if decision is not None:
            db.execute(
                "INSERT INTO standing(finding_id, path, sha256, action, new_label) VALUES (?, ?, ?, ?, NULL)",
                (row["finding_id"], row["path"], row["sha256"], Action.KEEP),
            )


COUNT_ITEMS = (
    "SELECT count(*), coalesce(sum(pending = 0), 0), coalesce(sum(images), 0),"
    " coalesce(sum(images - pending), 0) FROM item"
)
"""Items, those done, images, those done."""

# An image waits while any of its findings wants a decision and has none about its present bytes; one that
# is dropped waits for nothing. The keeper of a group wants no decision.
_WAITING = f"""
    SELECT count(DISTINCT f.path) FROM finding f
    LEFT JOIN standing s ON s.finding_id = f.finding_id AND s.path = f.path AND s.sha256 IS f.sha256
    WHERE f.item_id = {{item}} AND f.role <> '{Role.KEEPER}' AND coalesce(s.action, '{Action.DEFER}') = '{Action.DEFER}'
    AND NOT EXISTS (SELECT 1 FROM finding g JOIN standing d
        ON d.finding_id = g.finding_id AND d.path = g.path AND d.sha256 IS g.sha256
        WHERE g.path = f.path AND d.action = '{Action.DROP}')
"""
_COUNT_PENDING = f"UPDATE item SET pending = ({_WAITING.format(item='?')}) WHERE item_id = ?"
_COUNT_ALL_PENDING = f"""
    UPDATE item SET pending = ({_WAITING.format(item="item.item_id")}), images = (SELECT count(DISTINCT f.path)
    FROM finding f WHERE f.item_id = item.item_id AND f.role <> '{Role.KEEPER}')
"""
