"""How long a sync of the review queue keeps others from deciding (`pytest tests/benchmarks/test_sync.py -s`).

A second process writes decisions all the while, each as soon as the one before is on disk, and takes the time of each;
meanwhile a first process fills the queue with `CURATE_BENCH_FINDINGS` findings, a million by default, twice.
"""

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from curate.reviewing.database import Database
from curate.reviewing.store import Store
from curate.schema import FINDINGS

COUNT = int(os.environ.get("CURATE_BENCH_FINDINGS", "1000000"))
LONGEST_S = 1.0
"""So long may the lock of writers be held at a time."""

DECIDE = """
import json, sys, time
from pathlib import Path
from curate.reviewing.log import Choice
from curate.reviewing.store import Store
from curate.schema import Action
path, waits, number = Path(sys.argv[1]), [], 0
with Store(path / "review.sqlite") as store:
    while not (path / "end").exists():
        name = f"a/{number:07}.jpg"
        begun = time.monotonic()
        store.log.decide([Choice(f"f{number:07}", name, f"{number:064x}", Action.KEEP)], reviewer="ana", now="2026")
        waits.append(time.monotonic() - begun)
        number += 1
        time.sleep(0.005)
print(json.dumps(waits))
"""


def tables(count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw up findings, one an image, of which each third is a copy in a group of two, and the images."""
    numbers = np.arange(count)
    paths = [f"a/{number:07}.jpg" for number in range(count)]
    groups = [f"g{number // 3:07}" if number % 3 < 2 else None for number in range(count)]
    text = [f"Blurred: its blur effect is {number / count:.4f}, from 0 sharp to 1." for number in range(count)]
    columns = {
        "finding_id": [f"f{number:07}" for number in range(count)],
        "category": np.where(numbers % 3 < 2, "duplicate", "unsuitable"),
        "kind": np.where(numbers % 3 < 2, "resized", "blurry"),
        "path": paths,
        "label": "a",
        "group_id": groups,
        "role": np.choose(numbers % 3, ["keeper", "copy", "subject"]),
        "score": numbers / count,
        "severity": "warning",
        "reason": text,
        "suggestion": "drop",
        "evidence": "{}",
        "scanner": "bench",
        "scanner_version": 1,
        "message": [json.dumps({"text": one}) for one in text],
    }
    findings = pd.DataFrame({name: pd.Series(columns[name], range(count), dtype=object) for name in FINDINGS.names})
    images = pd.DataFrame({"path": paths, "label": "a", "sha256": [f"{number:064x}" for number in range(count)]})
    return findings, images.astype(object)


class Traced:
    """What a connection says of itself: for how long it held the lock of writers, each time."""

    def __init__(self, database: Database) -> None:
        self.held_s: list[float] = []
        database.connection.set_trace_callback(self._said)
        self._begun: float | None = None

    def _said(self, statement: str) -> None:
        if statement.startswith("BEGIN IMMEDIATE"):
            self._begun = time.monotonic()
        elif self._begun is not None and statement.startswith(("COMMIT", "ROLLBACK")):
            self.held_s.append(time.monotonic() - self._begun)
            self._begun = None


def test_a_sync_lets_others_decide(tmp_path: Path) -> None:
    findings, images = tables(COUNT)
    with Store(tmp_path / "review.sqlite") as store:
        begun = time.monotonic()
        store.queue.sync(findings, images)
        first_s = time.monotonic() - begun
        with subprocess.Popen([sys.executable, "-c", DECIDE, tmp_path], stdout=subprocess.PIPE, text=True) as other:
            while not store.log.decisions():
                time.sleep(0.05)
            traced = Traced(store.queue._db)
            begun = time.monotonic()
            store.queue.sync(findings, images)
            again_s = time.monotonic() - begun
            (tmp_path / "end").touch()
            waits = json.loads(other.communicate()[0])
        with closing(Database(tmp_path / "review.sqlite")) as db:
            assert db.execute("SELECT count(*) FROM finding").fetchone()[0] == COUNT
        print(
            f"\n{COUNT:,} findings: first {first_s:.0f} s, again {again_s:.0f} s, the lock held {len(traced.held_s):,} "
            f"times, {max(traced.held_s):.2f} s at most; meanwhile {len(waits):,} decisions of another process: "
            f"{np.median(waits) * 1e3:.0f} ms in the median, {np.quantile(waits, 0.99) * 1e3:.0f} at the 99th "
            f"percentile, {max(waits):.2f} s at most"
        )
        assert len(store.log.decisions()) == len(waits)
    assert max(traced.held_s) < LONGEST_S
