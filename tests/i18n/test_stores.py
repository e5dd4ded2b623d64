"""The queue keeps messages, and a queue from before there were any still says its reasons."""

import sqlite3
from pathlib import Path

import pandas as pd

from curate.i18n import msg, translator
from curate.reviewing.migrations import MIGRATIONS
from curate.reviewing.store import Store
from curate.schema import FINDINGS

ROW = {
    **dict.fromkeys(FINDINGS.names),
    "finding_id": "1",
    "category": "corrupted",
    "kind": "empty",
    "path": "a.jpg",
    "role": "subject",
    "score": 1.0,
    "severity": "error",
    "reason": "The file is empty (0 bytes).",
    "suggestion": "drop",
    "evidence": "{}",
}


def reason(store: Store) -> str:
    item = store.queue.item("a.jpg")
    assert item is not None
    return translator("pt-BR").reason(item.findings[0])


def test_a_reason_of_the_queue_is_said_in_the_language_of_its_reader(tmp_path: Path) -> None:
    row = ROW | {"message": msg("The file is empty (0 bytes).").to_json()}
    with Store(tmp_path / "review.sqlite") as store:
        store.queue.sync(pd.DataFrame([row]), pd.DataFrame([{"path": "a.jpg", "label": None, "sha256": None}]))
        assert reason(store) == "O arquivo está vazio (0 bytes)."


def test_a_queue_from_before_messages_says_the_english_sentence(tmp_path: Path) -> None:
    path = tmp_path / "review.sqlite"
    with sqlite3.connect(path) as db:
        for migrate in MIGRATIONS[:2]:
            migrate(db)
        db.execute("PRAGMA user_version = 2")
        names = [*FINDINGS.names[:12], "item_id"]
        values = {**ROW, "item_id": "a.jpg"}
        columns, gaps = ", ".join(names), ", ".join(f":{name}" for name in names)
        db.execute(f"INSERT INTO finding({columns}) VALUES ({gaps})", values)
        db.execute("INSERT INTO item(item_id, is_group, rank) VALUES ('a.jpg', 0, 0)")
    db.close()
    with Store(path) as store:
        assert reason(store) == "The file is empty (0 bytes)."
