"""Frames of a fixed camera, each a copy of all others: what an audit costs, its workers counted, and how it grows.

`pytest tests/benchmarks/test_frames.py -s`; `CURATE_BENCH_FRAMES` makes the largest number smaller (2000).
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from tests import sample_images

MOST = int(os.environ.get("CURATE_BENCH_FRAMES", "2000"))
SIZE = (640, 480)


def draw(folder: Path, count: int) -> Path:
    """Draw a view with noise, and a thing that crosses it."""
    view = sample_images.photo(1, *SIZE).astype(np.float32)
    for index in range(count):
        frame = view + np.random.default_rng(index).normal(0, 3, view.shape)
        left = index * (SIZE[0] - 40) // count
        frame[200:280, left : left + 40] = (200, 20, 20)
        sample_images.save(np.clip(frame, 0, 255).astype(np.uint8), folder / "yard" / f"{index:05}.jpg")
    return folder


def cpu_s(source: Path, workspace: Path) -> float:
    """Audit in one process, so that nothing that it takes goes uncounted; return the seconds of CPU."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "curate", "audit", str(source), "-w", str(workspace), "--engine", "serial"]
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def test_frames_of_a_fixed_camera(tmp_path: Path) -> None:
    took = []
    for count in (MOST // 4, MOST // 2, MOST):
        took.append(cpu_s(draw(tmp_path / f"set{count}", count), tmp_path / f"ws{count}"))
        findings = pd.read_parquet(tmp_path / f"ws{count}" / "findings.parquet")
        groups = findings.loc[findings["category"] == "duplicate", "group_id"].nunique()
        print(f"\n{count:,} frames: {took[-1]:.1f} s of CPU, {groups} groups of copies")
    print(f"doubling: {took[1] / took[0]:.2f} and {took[2] / took[1]:.2f} times")
    assert took[2] / took[1] <= 2.3
