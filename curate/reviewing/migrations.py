"""The tables of the review store, as migrations: each takes a store one version further, in one transaction.

Invariant: a migration that has been released is never edited; what comes later is a function of its own. The indexes of
the queue's tables bear their names or those with `_b` behind (`sync`): drop both, if they exist.
"""

import sqlite3
from collections.abc import Callable

from curate.reviewing.search import folded


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


def _derive(db: sqlite3.Connection) -> None:
    """What makes a queue of 100,000 answer at once, and what lets two people share it.

    `live`, `total` and `facet` are derived from the log and the findings; `claim` says which item is on whose
    screen; `opinion` holds second looks, append-only like the log, and decides nothing.
    """
    for statement in (
        """CREATE TABLE live (
            id INTEGER PRIMARY KEY,
            batch INTEGER NOT NULL,
            reviewer TEXT NOT NULL,
            depth INTEGER NOT NULL,
            reverts INTEGER
        )""",
        "CREATE INDEX live_latest ON live(reviewer, depth, batch)",
        "CREATE INDEX live_reverts ON live(reverts)",
        """CREATE TABLE total (
            items INTEGER NOT NULL, items_done INTEGER NOT NULL, images INTEGER NOT NULL, images_done INTEGER NOT NULL
        )""",
        """INSERT INTO total SELECT count(*), coalesce(sum(pending = 0), 0), coalesce(sum(images), 0),
            coalesce(sum(images - pending), 0) FROM item""",
        "CREATE TABLE facet (name TEXT NOT NULL, value TEXT)",
        *(
            f"INSERT INTO facet SELECT '{name}', {name} FROM finding GROUP BY {name}"  # noqa: S608 - names from below
            for name in FACETS
        ),
        "DROP INDEX finding_item",
        "CREATE INDEX finding_item ON finding(item_id, category, kind, label, severity, score)",
        """CREATE TABLE claim (
            item_id TEXT PRIMARY KEY, holder TEXT NOT NULL, until_s REAL NOT NULL
        ) WITHOUT ROWID""",
        "CREATE INDEX claim_holder ON claim(holder)",
        """CREATE TABLE opinion (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            finding_id TEXT NOT NULL,
            path TEXT NOT NULL,
            sha256 TEXT,
            action TEXT NOT NULL CHECK (action IN ('keep', 'drop', 'relabel')),
            reviewer TEXT NOT NULL,
            decided_at TEXT NOT NULL
        )""",
        "CREATE INDEX opinion_key ON opinion(finding_id, path)",
        """CREATE TRIGGER opinion_is_final BEFORE UPDATE ON opinion
            BEGIN SELECT raise(ABORT, 'opinions are append-only'); END""",
        """CREATE TRIGGER opinion_stays BEFORE DELETE ON opinion
            BEGIN SELECT raise(ABORT, 'opinions are append-only'); END""",
    ):
        db.execute(statement)


def _fold(db: sqlite3.Connection) -> None:
    """What stands is what the fold says, of pairs of contents too, a decision at a time.

    A finding on a copy bears the content of its keeper, and every finding its message, from which the reason is made in
    any language. Whoever runs migrations rebuilds what is derived.
    """
    for statement in (
        "ALTER TABLE finding ADD COLUMN pair_sha256 TEXT",
        "ALTER TABLE finding ADD COLUMN message TEXT",
        "CREATE INDEX finding_pair ON finding(sha256, pair_sha256) WHERE pair_sha256 IS NOT NULL",
        "CREATE INDEX decision_pair ON decision(sha256, pair_sha256) WHERE pair_sha256 IS NOT NULL",
        "DROP TABLE standing",
        """CREATE TABLE standing (
            finding_id TEXT NOT NULL,
            path TEXT NOT NULL,
            action TEXT NOT NULL,
            new_label TEXT,
            stale INTEGER NOT NULL,
            PRIMARY KEY (finding_id, path)
        ) WITHOUT ROWID""",
    ):
        db.execute(statement)


def _catalogue(db: sqlite3.Connection) -> None:
    """Every image of the audit, flagged or not, with where it stands; and what a search compares, without accents.

    Filled by the next `sync`; only the findings that are there already are made searchable here.
    """
    for statement in (
        "ALTER TABLE finding ADD COLUMN searchable TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX finding_search ON finding(searchable, item_id)",
        "DROP TABLE facet",
        "CREATE TABLE facet (name TEXT NOT NULL, value TEXT, images INTEGER NOT NULL)",
        *(
            f"INSERT INTO facet SELECT '{name}', {name}, count(DISTINCT path) FROM finding GROUP BY {name}"  # noqa: S608
            for name in FACETS
        ),
        """CREATE TABLE image (
            path TEXT PRIMARY KEY,
            label TEXT,
            sha256 TEXT,
            item_id TEXT,
            score REAL NOT NULL,
            searchable TEXT NOT NULL,
            state TEXT NOT NULL,
            new_label TEXT,
            reviewer TEXT
        ) WITHOUT ROWID""",
        "CREATE INDEX image_score ON image(score DESC, path)",
        "CREATE INDEX image_label ON image(label, path)",
        "CREATE INDEX image_state ON image(state, path)",
    ):
        db.execute(statement)
    found = db.execute("SELECT finding_id, path, reason FROM finding").fetchall()
    db.executemany(
        "UPDATE finding SET searchable = ? WHERE finding_id = ? AND path = ?",
        [(folded(f"{path} {reason}"), finding_id, path) for finding_id, path, reason in found],
    )


def _narrow(db: sqlite3.Connection) -> None:
    """What a store of a million images can be narrowed to, without reading all of them."""
    for name in ("new_label", "reviewer"):
        db.execute(f"CREATE INDEX image_{name} ON image({name}) WHERE {name} IS NOT NULL")


def _flagged(db: sqlite3.Connection) -> None:
    """Of what the queue can be narrowed to, the flagged images beside all: a keeper wants no decision."""
    for statement in (
        "ALTER TABLE facet ADD COLUMN flagged INTEGER NOT NULL DEFAULT 0",
        "DELETE FROM facet",
        *(
            f"INSERT INTO facet SELECT '{name}', {name}, count(DISTINCT path),"  # noqa: S608
            f" count(DISTINCT CASE WHEN role != 'keeper' THEN path END) FROM finding GROUP BY {name}"
            for name in FACETS
        ),
    ):
        db.execute(statement)


FACETS = ("label", "category", "kind", "severity")
"""What the queue can be narrowed by."""

MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_create, _derive, _fold, _catalogue, _narrow, _flagged)
