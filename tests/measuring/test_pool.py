"""A worker that dies or hangs costs one image, not the run."""

import gc
import operator
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from curate.config import DecodeLimits
from curate.images import kinds
from curate.measuring import features, journal, pool
from curate.measuring.pipes import PipePool
from curate.measuring.shard import Tally, tally_of
from curate.measuring.work import measure_shard
from tests import crashing, sample_images
from tests.crashing import Crashing


@pytest.mark.parametrize("how", ["forked", "pipes"])
def test_a_crash_a_kill_and_a_hang_cost_one_image_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "pipes":
        monkeypatch.setattr(pool, "_start_server", lambda: False)
    records, shards = crashing.shards(tmp_path, 2)
    tallies: list[Tally] = []
    pool.run(shards, 2, tallies.append)
    table = features.load(records, features.parts(tmp_path / "parts", [Crashing()]), [Crashing()])
    assert sum(tally.files for tally in tallies) == len(records)
    assert table["status"].tolist() == ["ok", "error", "ok", "error", "ok", "ok", "error", "ok"]
    reasons = table["error"].dropna().tolist()
    assert "Segmentation fault" in reasons[0]
    assert "killed" in reasons[1]
    assert "took longer than 2 seconds" in reasons[2]
    assert not list((tmp_path / "parts").glob("*.journal"))


def test_a_script_without_a_main_guard_can_audit(tmp_path: Path) -> None:
    sample_images.dataset(tmp_path / "set", each=2)
    script = tmp_path / "script.py"
    script.write_text("import curate\nprint(len(curate.audit('set', 'ws').images))\n")
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "4\n"


def test_a_worker_starts_without_pandas_and_may_still_import_it() -> None:
    program = (
        "import sys\n"
        "import os\n"
        "from curate import config, scanners; from curate.measuring import worker\n"
        "scanners.load(config.Config())\n"
        "worker.start(config.DecodeLimits(memory_mib=4096), os.environ.copy(), os.getppid())\n"
        "assert 'pandas' not in sys.modules, 'half a second of every worker'\n"
        "import pandas\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_worker_looks_for_garbage_but_not_among_what_its_server_imported() -> None:
    is_enabled, frozen = pool.mapped(operator.call, [gc.isenabled, gc.get_freeze_count], 1)
    assert is_enabled
    assert frozen > 10_000


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")
def test_what_workers_are_forked_from_has_one_thread_so_that_none_holds_a_lock_for_ever() -> None:
    (server,) = pool.mapped(operator.call, [os.getppid], 1)
    assert server != os.getpid()
    assert len(list(Path(f"/proc/{server}/task").iterdir())) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="what is blocked is read in /proc")
@pytest.mark.parametrize("how", ["forked", "pipes"])
def test_no_interrupt_reaches_what_has_just_been_started(how: str) -> None:
    def start() -> Iterator[int]:
        if how == "forked":
            yield from pool.mapped(operator.call, [os.getppid], 1)
        else:
            with PipePool(1, DecodeLimits()) as pipes:
                yield pipes.submit(operator.call, os.getpid).result()

    for process in start():
        assert _blocks_interrupts(process)
        assert not _blocks_interrupts(os.getpid())


def _blocks_interrupts(process: int) -> bool:
    (mask,) = re.findall(r"SigBlk:\s*(\w+)", Path(f"/proc/{process}/status").read_text())
    return bool(int(mask, 16) >> signal.SIGINT - 1 & 1)


def test_an_interrupt_that_leaves_an_import_unfinished_ends_the_command(tmp_path: Path) -> None:
    sample_images.dataset(tmp_path / "set", each=1)
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, threading, curate\n"
        "from importlib.abc import MetaPathFinder\n"
        "from curate.measuring.pool import Engine\n"
        "begun = threading.Event()\n"
        "class Stuck(MetaPathFinder):\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'curate.auditing.results':\n"
        "            begun.set()\n"
        "            threading.Event().wait()\n"
        "def interrupted(*_):\n"
        "    begun.wait()\n"
        "    raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stuck())\n"
        "Engine.run = interrupted\n"
        "try:\n"
        "    curate.audit('set', 'ws')\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "interrupted\n"


def test_a_shard_whose_worker_died_after_its_part_was_written_is_counted(tmp_path: Path) -> None:
    _, (shard, *_) = crashing.shards(tmp_path, 1)
    told = measure_shard(shard)
    assert tally_of(shard) == Tally(files=told.files, statuses=told.statuses)
    assert told.files == 1


def test_a_journal_names_the_image_in_hand_and_nothing_before_the_first(tmp_path: Path) -> None:
    with journal.Watch(tmp_path / "a.journal", DecodeLimits(timeout_s=60)) as watch:
        assert journal.read_crash_report(tmp_path / "a.journal") is None
        for index in (3, 12_345, 7):
            watch.enter(index)
            assert journal.read_crash_report(tmp_path / "a.journal") == journal.CrashReport(index, kinds.CRASHED, None)
    assert not (tmp_path / "a.journal").exists()
    assert journal.read_crash_report(tmp_path / "a.journal") is None
