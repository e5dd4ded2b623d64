"""What is judged again: whatever the judge goes by, of any image."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curate.auditing import results
from curate.auditing.run import Run
from curate.config import Config
from curate.measuring.pool import Engine
from curate.sources import Record, Records, source_at
from curate.storage.workspace import Workspace

RECORDS = [
    Record("a/1.jpg", "a", "train", 10, 1),
    Record("a/2.jpg", None, None, 20, 2),
    Record("b.jpg", "b", "", 30, 3),
]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"path": "a/3.jpg"}, id="path"),
        pytest.param({"label": "None"}, id="a class called None in place of none"),
        pytest.param({"split": "test"}, id="split"),
        pytest.param({"size_bytes": 21}, id="size"),
        pytest.param({"mtime_ns": 3}, id="time"),
    ],
)
def test_a_change_of_one_record_is_noticed(
    other: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "_AT_A_TIME", 2)
    run = Run(
        workspace=Workspace(tmp_path), source=source_at(str(tmp_path)), scanners=(), config=Config(), engine=Engine()
    )
    known = results.judge_fingerprint(run, RECORDS)
    assert results.judge_fingerprint(run, Records.of(RECORDS)) == known
    assert results.judge_fingerprint(run, [RECORDS[0], replace(RECORDS[1], **other), RECORDS[2]]) != known
    assert results.judge_fingerprint(run, RECORDS[:2]) != known
