"""How much sooner a cluster of several workers has judged; the table of docs/SCALE.md.

    pytest tests/benchmarks/test_cluster.py -s

Images are drawn, measured once, and judged as a command by clusters of one worker, then more, all on this machine.
`CURATE_SCALE_JUDGED` and `CURATE_SCALE_WORKERS` choose how many of each.
"""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curate.measuring.pool import cores
from tests.benchmarks.test_scale import draw

distributed = pytest.importorskip("distributed")

IMAGES = int(os.environ.get("CURATE_SCALE_JUDGED", "50000"))
WORKERS = [int(count) for count in os.environ.get("CURATE_SCALE_WORKERS", "1,2,4").split(",")]
KEEP_FREED_MEMORY = 1 << 28
"""See docs/how-to/cluster.md: what workers are told before they start."""


def command(*arguments: object) -> float:
    """Run one of our commands; returns how long it took, in seconds."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "curate", *map(str, arguments)], check=True, capture_output=True)
    return time.perf_counter() - start


def digest(workspace: Path) -> str:
    return hashlib.sha256((workspace / "findings.parquet").read_bytes()).hexdigest()


def test_judging_by_clusters_of_several_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dask

    source, ws = tmp_path / "source", tmp_path / "ws"
    for label in "ab":
        (source / label).mkdir(parents=True)
    draw(source, 0, IMAGES)
    command("audit", source, "-w", ws)
    print(f"\n{cores()} cores, load {os.getloadavg()[0]:.1f}; {IMAGES:,} drawn 48 x 48 PNG\n")
    print("| judged by | s |\n|---|--:|")
    print(f"| `serial` | {command('judge', ws, '--engine', 'serial'):.1f} |", flush=True)
    expected = digest(ws)
    print(f"| `local:{cores()}` | {command('judge', ws, '--engine', f'local:{cores()}'):.1f} |", flush=True)
    assert digest(ws) == expected
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", str(KEEP_FREED_MEMORY >> 2))
    told = {"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": KEEP_FREED_MEMORY}
    for count in WORKERS:
        with (
            dask.config.set(told),
            distributed.LocalCluster(
                n_workers=count, threads_per_worker=1, dashboard_address=None, scheduler_port=0
            ) as cluster,
        ):
            seconds = command("judge", ws, "--engine", f"dask:{cluster.scheduler_address}")
        print(f"| a cluster of {count} | {seconds:.1f} |", flush=True)
        assert digest(ws) == expected
