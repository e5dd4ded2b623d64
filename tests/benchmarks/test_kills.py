"""Plugs pulled at random moments: `pytest tests/benchmarks/test_kills.py -s`.

`kill -9` of audits, exports and of what decides (`CURATE_BENCH_AUDITS`, `_EXPORTS`, `_STORES` say how many). Counted
are processes still there after two seconds, files left behind once the same command has run to its end, and whatever
differs from a run that nobody disturbed.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import curate
from curate.reviewing.store import Store
from curate.storage.workspace import Workspace
from tests import sample_images

AUDITS, EXPORTS, STORES = (
    int(os.environ.get(f"CURATE_BENCH_{name}", count))
    for name, count in (("AUDITS", 100), ("EXPORTS", 30), ("STORES", 100))
)
GONE_S = 2.0


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_images.dataset(tmp_path_factory.mktemp("kills") / "source", each=150)


def killed(arguments: list[str], after_s: float, mark: str) -> bool:
    """Start `curate` with these arguments and kill it, alone, after a while; say whether it was still at work."""
    environment = os.environ | {"CURATE_KILL_MARK": mark}
    process = subprocess.Popen(
        [sys.executable, "-m", "curate", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def left_over(mark: str) -> list[int]:
    """The processes that descend from one started with this mark, and are there after two seconds."""
    until = time.monotonic() + GONE_S
    while True:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    if f"CURATE_KILL_MARK={mark}".encode() in (entry / "environ").read_bytes():
                        found.append(int(entry.name))
                except OSError:
                    continue
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.05)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def pull(count: int, longest_s: float, run: Callable[[int], list[str]]) -> tuple[int, int]:
    """Kill so many runs at random moments; return how many were at work, and how many left a process behind."""
    rng, at_work, behind = random.Random(5), 0, 0
    for number in range(count):
        mark = f"{os.getpid()}-{number}-{rng.random()}"
        at_work += killed(run(number), rng.uniform(0.05, longest_s), mark)
        behind += bool(left_over(mark))
    return at_work, behind


def test_audits(source: Path, tmp_path: Path) -> None:
    calm = tmp_path / "calm"
    curate.audit(source, calm)
    ws = tmp_path / "ws"
    at_work, behind = pull(AUDITS, 2.5, lambda _: ["audit", str(source), "-w", str(ws)])
    curate.audit(source, ws)
    same = Workspace(ws).findings.read_bytes() == Workspace(calm).findings.read_bytes()
    extra = files(ws) - files(calm)
    print(
        f"\n{AUDITS} audits, {at_work} killed at work: {behind} left a process, findings the same: {same}, "
        f"files left: {sorted(extra)}"
    )
    assert (behind, same, extra) == (0, True, set())


def test_exports(source: Path, tmp_path: Path) -> None:
    ws, manifest = tmp_path / "ws", tmp_path / "m.parquet"
    curate.audit(source, ws)
    curate.manifest(ws, manifest, pending="keep")
    (tmp_path / "out").mkdir()
    at_work, behind = pull(EXPORTS, 2.0, lambda number: ["export", str(manifest), str(tmp_path / "out" / f"{number}")])
    whole = sorted(path for path in (tmp_path / "out").iterdir() if path.name.isdecimal())
    assert all(curate.verify(path).ok for path in whole), "what bears the name is whole"
    for number in range(EXPORTS):
        if not (tmp_path / "out" / f"{number}").exists():
            curate.export(manifest, tmp_path / "out" / f"{number}")
    parts = [path.name for path in (tmp_path / "out").iterdir() if not path.name.isdecimal()]
    print(
        f"\n{EXPORTS} exports, {at_work} killed at work: {behind} left a process, {len(whole)} were whole, "
        f"left: {parts}"
    )
    assert (behind, parts) == (0, [])
    assert all(curate.verify(tmp_path / "out" / f"{number}").ok for number in range(EXPORTS))


def test_stores(source: Path, tmp_path: Path) -> None:
    """Decisions are said on stdout once they are on disk; what has been said must be there after a kill."""
    ws = tmp_path / "ws"
    images = curate.audit(source, ws).images["path"].tolist()
    code = (
        "import sys\nfrom pathlib import Path\nfrom curate.reviewing.bulk import Selection, decide\n"
        "from curate.schema import Action\nfor path in sys.argv[2:]:\n"
        "    decide(Path(sys.argv[1]), Selection(paths=(path,)), Action.KEEP, reviewer='ana')\n"
        "    print(path, flush=True)\n"
    )
    rng, said, cut = random.Random(7), [], 0
    for number in range(STORES):
        todo = rng.sample(images, 40)
        with subprocess.Popen(
            [sys.executable, "-c", code, str(ws), *todo], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            heard = [process.stdout.readline().strip() for _ in range(rng.randrange(1, 12))]
            time.sleep(rng.uniform(0, 0.05))
            cut += process.poll() is None
            process.kill()
            heard += process.stdout.read().split()
        said += [path for path in heard if path]
        with Store(Workspace(ws).review) as store:
            known = [decision.path for decision in store.log.decisions()]
        assert pd.Series(said).isin(known).all(), f"kill {number}: what was said is on disk"
    print(f"\n{STORES} writers, {cut} killed at work: {len(said)} decisions said, {len(known)} on disk, none lost")
    assert len(known) >= len(said)
