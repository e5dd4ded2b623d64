"""Second looks: what other reviewers would have decided, for their agreement.

Invariants: a second look (`opinion`) decides nothing; it is never changed or removed (triggers refuse it);
everybody is given the same sample, whatever the rank, score or time of its items.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from curate.reviewing.database import Database
from curate.reviewing.fold import DECIDING
from curate.reviewing.log import Choice
from curate.reviewing.queue import Item, Queue
from curate.schema import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What one reviewer thinks of one finding on one image, decided or as a second look; `sha256` is what they saw."""

    reviewer: str
    finding_id: str
    path: str
    sha256: str | None
    action: Action


class SecondLooks:
    """The second looks of an open store."""

    def __init__(self, db: Database, queue: Queue) -> None:
        self._db = db
        self._queue = queue

    def sample(self, *, reviewer: str, size: int) -> list[Item]:
        """Return the decided items that all reviewers are asked about, without those this reviewer has rated.

        The sample is drawn by the digest of the item's id: independent of rank, score and time.
        """
        rows = self._db.execute(
            "SELECT i.item_id FROM item i WHERE i.pending = 0 AND EXISTS (SELECT 1 FROM finding f"
            " JOIN standing s ON s.finding_id = f.finding_id AND s.path = f.path WHERE f.item_id = i.item_id)"
        )
        item_ids = sorted((row["item_id"] for row in rows), key=lambda item: hashlib.sha256(item.encode()).digest())
        rated = {(one.finding_id, one.path, one.sha256) for one in self.ratings() if one.reviewer == reviewer}
        items = [item for item_id in item_ids[:size] if (item := self._queue.item(item_id))]
        return [
            item
            for item in items
            if not any((row["finding_id"], row["path"], row["sha256"]) in rated for row in item.findings)
        ]

    def give_opinion(self, choices: Sequence[Choice], *, reviewer: str, now: str) -> None:
        """Record what somebody else would have decided; it counts for the agreement and changes no verdict."""
        with self._db.transaction():
            self._db.executemany(
                "INSERT INTO opinion(finding_id, path, sha256, action, reviewer, decided_at) VALUES (?, ?, ?, ?, ?, ?)",
                [(c.finding_id, c.path, c.sha256, c.action, reviewer, now) for c in choices],
            )

    def ratings(self) -> list[Rating]:
        """Return what reviewers think of findings, each in their order: decisions in force, then second looks."""
        decided = self._db.execute(
            "SELECT d.reviewer, d.finding_id, d.path, d.sha256, d.action FROM live l JOIN decision d ON d.id = l.id"
            " ORDER BY d.id"
        ).fetchall()
        opinions = self._db.execute(
            "SELECT reviewer, finding_id, path, sha256, action FROM opinion ORDER BY id"
        ).fetchall()
        return [
            Rating(reviewer=who, finding_id=finding_id, path=path, sha256=sha256, action=Action(action))
            for who, finding_id, path, sha256, action in [*decided, *opinions]
            if action in DECIDING
        ]
