"""What becomes of workers whose audit is killed: they end with it, and leave the memory to others."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import sample_images

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")

AUDIT = """
import sys
import curate
from curate.measuring import pool
if sys.argv[3] == "pipes":
    pool._start_server = lambda: False
curate.audit(sys.argv[1], sys.argv[2], engine="local:2")
"""


def family(mark: str) -> list[int]:
    """Find every process that was started with a mark in its environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def within(seconds: float, is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.05)
    return is_so()


@pytest.mark.parametrize("how", ["forked", "pipes"])
def test_workers_end_with_an_audit_that_is_killed(tmp_path: Path, how: str) -> None:
    photo = sample_images.encode(sample_images.photo(1, 1600, 1200))
    for index in range(1200):
        (tmp_path / "src" / str(index % 2)).mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / str(index % 2) / f"{index}.jpg").write_bytes(photo + bytes([index % 256]))
    mark = f"CURATE_TEST_FAMILY={os.getpid()}-{how}"
    name, value = mark.split("=")
    audit = subprocess.Popen(
        [sys.executable, "-c", AUDIT, tmp_path / "src", tmp_path / "ws", how], env={**os.environ, name: value}
    )
    assert within(60, lambda: len(family(mark)) >= 3)
    time.sleep(1)
    audit.send_signal(signal.SIGKILL)
    audit.wait()
    assert within(20, lambda: not family(mark))
