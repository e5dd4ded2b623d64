"""A full disk is one line in every command, loses nothing, and the same command goes on when there is room."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests import sample_images

DISK_MB = 8
IN_A_SPACE_OF_ITS_OWN = ("unshare", "--map-root-user", "--mount")
"""A mount that nobody else sees, and that ends with the processes which do."""


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    mount = [*IN_A_SPACE_OF_ITS_OWN, "mount", "-t", "tmpfs", "x", "/mnt"]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0


pytestmark = [pytest.mark.slow, pytest.mark.skipif(not can_mount(), reason="takes a small disk of its own")]


@dataclass(frozen=True)
class Disk:
    """A small disk at `root`, for a script that is run where it is mounted; `source` lies elsewhere."""

    root: Path
    source: Path

    def run(self, script: str, size_mb: int = DISK_MB) -> str:
        """Run Python on the disk; returns what it prints."""
        mounted = f'mount -t tmpfs -o size={size_mb}m small {self.root} && exec {sys.executable} -c "$SCRIPT"'
        done = subprocess.run(
            [*IN_A_SPACE_OF_ITS_OWN, "sh", "-c", mounted],
            env=os.environ | {"SCRIPT": PRELUDE.format(root=str(self.root), source=str(self.source)) + script},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


PRELUDE = """
import os, subprocess, sys
from pathlib import Path
DISK, SOURCE = Path({root!r}), Path({source!r})
BESIDE = SOURCE.parent

def curate(*arguments, **environment):
    line = [sys.executable, '-m', 'curate', *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, env=os.environ | environment)

def sound(*arguments):
    done = curate(*arguments)
    assert done.returncode == 0, (arguments, done.stderr)

def fill(left):
    with (DISK / 'filler').open('wb', buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
        file.truncate(max(0, file.tell() - left))

def make_room():
    (DISK / 'filler').unlink()

def refused(*arguments, **environment):
    done = curate(*arguments, **environment)
    lines = [line for line in done.stderr.splitlines() if line.startswith('curate:')]
    assert done.returncode == 2 and len(lines) == 1, (arguments, done.returncode, done.stderr)
    assert 'Traceback' not in done.stderr and 'disk is full' in lines[0], done.stderr

def left_over():
    return [str(path) for path in DISK.rglob('.tmp-*')]

def state():
    done = curate('status', DISK / 'ws', '--json')
    assert done.returncode == 0, done.stderr
    return done.stdout
"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Disk:
    folder = tmp_path_factory.mktemp("disk")
    source = sample_images.dataset(folder / "set", each=30)
    noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    for name in ("cats", "dogs"):
        sample_images.save(noise, source / name / "large.png")
    (source / "cats" / "bad.jpg").write_bytes(b"")
    (folder / "small").mkdir()
    return Disk(folder / "small", source)


@pytest.mark.parametrize("left_kb", [0, 12, 60, 200])
def test_an_audit(disk: Disk, left_kb: int) -> None:
    disk.run(f"""
fill({left_kb} << 10)
refused('audit', SOURCE, '-w', DISK / 'ws')
assert not left_over(), left_over()
make_room()
sound('audit', SOURCE, '-w', DISK / 'ws')
""")


def test_an_audit_whose_temporary_folder_is_full(disk: Disk) -> None:
    disk.run("""
fill(8 << 10)
refused('audit', SOURCE, '-w', BESIDE / 'ws-elsewhere', TMPDIR=str(DISK))
sound('audit', SOURCE, '-w', BESIDE / 'ws-elsewhere')
""")


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("decide", "{ws}", "--action", "drop", "--note", "x" * 20_000), id="decide"),
        pytest.param(("manifest", "{ws}", "--pending", "keep"), id="manifest"),
        pytest.param(("report", "{ws}"), id="report"),
        pytest.param(("audit", "{source}", "-w", "{ws}", "--exclude", "large.png"), id="audit again"),
    ],
)
def test_a_command_that_writes_into_the_workspace(disk: Disk, command: Sequence[str]) -> None:
    disk.run(f"""
sound('audit', SOURCE, '-w', DISK / 'ws')
before = state()
fill(0)
command = [part.format(ws=DISK / 'ws', source=SOURCE) for part in {list(command)!r}]
refused(*command)
assert not left_over(), left_over()
assert state() == before, 'the workspace is as it was'
make_room()
sound(*command)
""")


@pytest.mark.parametrize("left_kb", [0, 40])
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("export", "{beside}/m.csv", "{disk}/out"), id="export"),
        *(
            pytest.param(("export", "{beside}/m.csv", "{disk}/out", "--as", form), id=f"export {form}")
            for form in ("imagefolder", "webdataset", "parquet", "fiftyone", "label-studio")
        ),
        pytest.param(("export", "{beside}/m.csv", "{disk}/out.csv"), id="export list"),
        pytest.param(("manifest", "{beside}/ws", "-o", "{disk}/out.jsonl", "--pending", "keep"), id="manifest"),
        pytest.param(("build", "{beside}/r.toml", "{disk}/out"), id="build"),
    ],
)
def test_a_command_that_writes_elsewhere(disk: Disk, command: Sequence[str], left_kb: int) -> None:
    if left_kb and command[-1].endswith((".csv", "keep")):
        pytest.skip("it fits")
    disk.run(f"""
{MANIFEST}
fill({left_kb} << 10)
command = [part.format(beside=BESIDE, disk=DISK) for part in {list(command)!r}]
refused(*command)
assert [path.name for path in DISK.iterdir()] == ['filler'], [*DISK.iterdir()]
make_room()
sound(*command)
""")


MANIFEST = """
if not (BESIDE / 'm.csv').exists():
    sound('audit', SOURCE, '-w', BESIDE / 'ws')
    sound('manifest', BESIDE / 'ws', '-o', BESIDE / 'm.csv', '--pending', 'drop')
    (BESIDE / 'r.toml').write_text('manifest = "m.csv"\\n')
"""


@pytest.mark.parametrize("left_mb", [0, 2, 10])
def test_a_training_run(disk: Disk, left_mb: int) -> None:
    """Its checkpoint takes 16 MB; another run on the disk stays as it is."""
    pytest.importorskip("torch")
    disk.run(
        f"""
{MANIFEST}
fit = ['train', 'fit', BESIDE / 'm.csv', '--epochs', '1', '--weights', 'none', '--input-px', '32', '-o']
(DISK / 'other').write_text('as it was')
fill({left_mb} << 20)
refused(*fit, DISK / 'out')
assert not (DISK / 'out' / 'checkpoint.pt').exists() and not left_over(), left_over()
assert (DISK / 'other').read_text() == 'as it was'
make_room()
sound(*fit, DISK / 'out')
assert (DISK / 'out' / 'checkpoint.pt').stat().st_size > 10 << 20
""",
        size_mb=64,
    )
