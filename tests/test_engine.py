"""A worker that dies or hangs costs one picture, not the run."""

import subprocess
import sys
from pathlib import Path

from curate import engine, features
from curate.config import DecodeLimits
from curate.ingest import Record
from curate.measure import Shard, Tally
from tests import crashing, pictures
from tests.crashing import Crashing


def test_a_crash_a_kill_and_a_hang_cost_one_picture_each(tmp_path: Path) -> None:
    widths = [60, crashing.SEGFAULT_WIDTH, 61, crashing.KILLED_WIDTH, 62, 63, crashing.HANGING_WIDTH, 64]
    records = []
    for index, width in enumerate(widths):
        path = pictures.save(pictures.photo(index, width, 40), tmp_path / "src" / f"{index}.png")
        records.append(Record(path.name, None, None, path.stat().st_size, path.stat().st_mtime_ns))
    (tmp_path / "parts").mkdir()
    shards = [
        Shard(
            root=tmp_path / "src",
            records=tuple(records[start : start + 2]),
            scanners=(Crashing(),),
            limits=DecodeLimits(timeout_s=2),
            part=tmp_path / "parts" / f"part-{start:07}.parquet",
        )
        for start in range(0, len(records), 2)
    ]
    tallies: list[Tally] = []
    engine.run(shards, 2, tallies.append)
    table = features.load(records, features.parts(tmp_path / "parts", [Crashing()]), [Crashing()])
    assert sum(tally.files for tally in tallies) == len(records)
    assert table["status"].tolist() == ["ok", "error", "ok", "error", "ok", "ok", "error", "ok"]
    reasons = table["error"].dropna().tolist()
    assert "Segmentation fault" in reasons[0]
    assert "killed" in reasons[1]
    assert "took longer than 2 seconds" in reasons[2]
    assert not list((tmp_path / "parts").glob("*.journal"))


def test_a_script_without_a_main_guard_can_audit(tmp_path: Path) -> None:
    pictures.dataset(tmp_path / "set", each=2)
    script = tmp_path / "script.py"
    script.write_text("import curate\nprint(len(curate.audit('set', 'ws').images))\n")
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "4\n"
