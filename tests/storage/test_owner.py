"""Temporary files bear the name of their owner, and only what the dead have left is cleared away."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curate.errors import WorkspaceError
from curate.storage import owner
from curate.storage.atomic import atomic, atomic_folder
from curate.storage.lock import locked
from curate.storage.workspace import create

HOLD = """
import sys, time
from pathlib import Path
from curate.storage.atomic import atomic_folder
with atomic_folder(Path(sys.argv[1])) as partial:
    (partial / 'one').write_bytes(b'1')
    print('ready', flush=True)
    time.sleep(60)
"""


def of_a_dead_process() -> str:
    made = "from curate.storage.owner import temporary_name; print(temporary_name())"
    return subprocess.run([sys.executable, "-c", made], capture_output=True, text=True, check=True).stdout.strip()


def test_what_a_dead_process_left_goes_and_what_a_living_one_writes_stays(tmp_path: Path) -> None:
    (tmp_path / of_a_dead_process()).write_bytes(b"half")
    (tmp_path / of_a_dead_process()).mkdir()
    (tmp_path / ".tmp-0123456789abcdef").write_bytes(b"of an earlier version")
    machine, process, started, end = of_a_dead_process().removeprefix(owner.PREFIX).split("-")
    elsewhere = tmp_path / f"{owner.PREFIX}{int(machine, 16) ^ 1:08x}-{process}-{started}-{end}"
    elsewhere.write_bytes(b"another machine's")
    mine = tmp_path / owner.temporary_name()
    mine.write_bytes(b"mine")
    owner.clear_away(tmp_path)
    assert set(tmp_path.iterdir()) == {mine, elsewhere}


@pytest.mark.skipif(sys.platform != "linux", reason="when a process started is told by /proc")
def test_a_later_process_of_the_same_number_is_another(tmp_path: Path) -> None:
    machine, process, started, end = owner.temporary_name().removeprefix(owner.PREFIX).split("-")
    left = tmp_path / f"{owner.PREFIX}{machine}-{process}-{int(started) - 1}-{end}"
    left.write_bytes(b"")
    owner.clear_away(tmp_path)
    assert not left.exists()


def test_a_workspace_is_opened_while_something_is_written_into_it(tmp_path: Path) -> None:
    create(tmp_path / "ws", "nowhere")
    with atomic(tmp_path / "ws" / "manifest.parquet") as file:
        file.write(b"x")
        create(tmp_path / "ws", "nowhere")
    assert (tmp_path / "ws" / "manifest.parquet").read_bytes() == b"x"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_writer_of_a_folder_leaves_nothing(tmp_path: Path, sent: signal.Signals) -> None:
    command = [sys.executable, "-c", HOLD, tmp_path / "out"]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert writer.stdout is not None
    writer.stdout.readline()
    assert len([*tmp_path.iterdir()]) == 1
    writer.send_signal(sent)
    writer.wait()
    writer.stdout.close()
    deadline = time.monotonic() + 2
    while [*tmp_path.iterdir()] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [*tmp_path.iterdir()] == []


def test_the_next_writer_clears_away_what_a_killed_one_left(tmp_path: Path) -> None:
    (tmp_path / of_a_dead_process()).mkdir()
    with atomic_folder(tmp_path / "out") as partial:
        (partial / "one").write_bytes(b"1")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_lock_says_who_has_it_and_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "audit.lock"
    hold = "import sys, time; from pathlib import Path; from curate.storage.lock import locked\n"
    hold += "with locked(Path(sys.argv[1])):\n    print('ready', flush=True)\n    time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", hold, path], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(WorkspaceError, match=f"process {holder.pid} on") as caught, locked(path):
        pass
    assert "\n" not in str(caught.value)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert path.exists(), "what a killed process leaves is a file, and no lock"
    with locked(path):
        assert f"process {os.getpid()}" in path.read_text()
    assert not path.exists()
