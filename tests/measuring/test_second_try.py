"""What is said of a file depends on the file: none is blamed for its neighbours, a signal or a moment of bad luck."""

import faulthandler
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pyarrow as pa
import pytest

import curate
from curate.auditing.steps import AuditProgress
from curate.config import Config, DecodeLimits, EngineSettings
from curate.errors import ConfigError, WorkspaceError
from curate.images.image import DecodedImage
from curate.measuring import features, pool
from curate.measuring.shard import Shard
from curate.measuring.work import measure_shard
from curate.sources import Record
from tests import crashing, sample_images
from tests.crashing import Crashing


def measured(shards: list[Shard], records: list[Record]) -> pd.DataFrame:
    pool.run(shards, 1, lambda tally: None)
    return features.load(records, features.parts(shards[0].part.parent, [Crashing()]), [Crashing()])


def test_an_image_is_blamed_only_if_it_kills_a_second_worker_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRASHING_MARK", str(tmp_path / "mark"))
    records, shards = crashing.shards(tmp_path, 3, [60, crashing.KILLED_ONCE_WIDTH, 61])
    assert measured(shards, records)["status"].tolist() == ["ok"] * 3
    assert (tmp_path / "mark").exists(), "no worker was killed"


def test_a_scanner_that_raises_costs_its_own_columns_of_one_row(tmp_path: Path) -> None:
    records, shards = crashing.shards(tmp_path, 3, [60, crashing.FAILING_WIDTH, 61])
    table = measured(shards, records)
    assert table["status"].tolist() == ["ok", "warning", "ok"]
    assert table["crashing.seen"].tolist() == [True, None, True]
    assert table["sha256"].notna().all()
    assert "check crashing failed" in table["error"][1]
    assert " at 0x" not in table["error"][1], "where an object lies in memory is another place in every run"


@pytest.mark.parametrize("value", ["text", [1], 2**70])
def test_a_scanner_that_measures_what_it_does_not_declare_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: object
) -> None:
    class Careless(Crashing):
        columns: ClassVar[Mapping[str, pa.DataType]] = {"seen": pa.int32()}

        def measure(self, image: DecodedImage) -> Mapping[str, Any]:
            del image
            return {"seen": value}

    _, (work,) = crashing.shards(tmp_path, 2, [60, 61])
    stop, stopped = faulthandler.cancel_dump_traceback_later, []
    monkeypatch.setattr(faulthandler, "cancel_dump_traceback_later", lambda: stopped.append(stop()))
    with pytest.raises(ConfigError, match="the scanner crashing measured a 'seen' that is no int32: "):
        measure_shard(replace(work, scanners=(Careless(),)))
    assert len(stopped) == 2, "at rest, and again: a deadline that goes on would end this process"


def test_a_source_that_raises_costs_one_row(tmp_path: Path) -> None:
    _, (shard,) = crashing.shards(tmp_path, 2, [60, 61])

    class Broken(type(shard.source)):  # type: ignore[misc]  # whichever it is
        def read(self, path: str, **where: Any) -> bytes | None:
            if path == "1.png":
                raise RuntimeError("not what a reader should raise")
            return bytes(super().read(path, **where))

    shard.source.__class__ = Broken
    assert dict(measure_shard(shard).statuses) == {"ok": 1, "error": 1}


def test_a_stopped_audit_that_goes_on_blames_nobody(tmp_path: Path) -> None:
    """Ctrl-Z stops workers, and the time goes on."""
    source = sample_images.dataset(tmp_path / "set", each=40)
    settings = tmp_path / "c.toml"
    settings.write_text("[decode]\ntimeout_s = 1\n[engine]\nworkers = 1\n")
    command = [sys.executable, "-m", "curate", "audit", source, "-w", tmp_path / "ws", "--config", settings]
    audit = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 30
    while not [*tmp_path.glob("ws/features/*.journal")] and time.monotonic() < deadline:
        time.sleep(0.005)
    os.killpg(audit.pid, signal.SIGSTOP)
    time.sleep(2.5)
    os.killpg(audit.pid, signal.SIGCONT)
    assert audit.wait(timeout=60) == 0
    images = pd.read_parquet(tmp_path / "ws" / "images.parquet")
    assert images["status"].tolist() == ["ok"] * 80


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return sample_images.dataset(tmp_path / "set", each=4)


def audited(source: Path, workspace: Path, **limits: Any) -> curate.Audit:
    settings = Config(decode=DecodeLimits(**limits), engine=EngineSettings(workers=1))
    return curate.audit(source, workspace, configuration=settings)


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are files of Unix")
def test_what_could_not_be_read_is_read_once_it_can_be(source: Path, tmp_path: Path) -> None:
    """A named pipe stands for a disk that fails: nothing can be read of it, and size and time do not tell."""
    file = source / "cats" / "000.jpg"
    status, kept = file.stat(), file.read_bytes()
    table = tmp_path / "list.csv"
    table.write_text("path\n" + "".join(f"{path}\n" for path in sorted(source.rglob("*.jpg"))))
    file.unlink()
    os.mkfifo(file)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert audited(table, tmp_path / "ws").images["status"].value_counts().to_dict() == {"ok": 7, "error": 1}
    assert len(judge_again(tmp_path / "ws")) == 1, "judging reads no image, so it does not want to"
    file.unlink()
    file.write_bytes(kept)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    again = audited(table, tmp_path / "ws")
    assert again.images["status"].tolist() == ["ok"] * 8
    assert audited(table, tmp_path / "ws").measured == 0


def judge_again(workspace: Path) -> pd.DataFrame:
    findings = curate.judge(workspace)
    return findings[findings["category"] == "corrupted"]


def test_what_cannot_be_read_again_and_again_leaves_one_part(source: Path, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text("path\nset/cats/000.jpg\nset/cats/gone.jpg\n")
    for _ in range(4):
        assert audited(table, tmp_path / "ws").images["status"].tolist() == ["ok", "error"]
    assert len([*(tmp_path / "ws" / "features").glob("part-*")]) == 2


def test_a_raised_limit_reads_what_was_above_it_and_nothing_else(source: Path, tmp_path: Path) -> None:
    sample_images.save(sample_images.photo(99, 400, 300), source / "cats" / "large.png")
    low = audited(source, tmp_path / "ws", max_pixels=60_000)
    assert low.images.set_index("path")["status"]["cats/large.png"] == "error"
    high = audited(source, tmp_path / "ws", max_pixels=200_000)
    assert high.measured == 1
    assert high.images["status"].tolist() == ["ok"] * 9
    assert audited(source, tmp_path / "ws", max_pixels=200_000).measured == 0


def test_a_lowered_limit_refuses_what_is_above_it(source: Path, tmp_path: Path) -> None:
    shutil.copy(source / "cats" / "000.jpg", source / "cats" / "again.jpg")
    audited(source, tmp_path / "ws")
    assert audited(source, tmp_path / "ws", max_pixels=100).images["status"].tolist() == ["error"] * 9


def test_measurements_that_are_gone_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="run the audit again"):
        features.load([], features.parts(tmp_path, [Crashing()]), [Crashing()])


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are files of Unix")
@pytest.mark.parametrize("engine", ["serial", "local:2"])
def test_a_named_pipe_that_takes_the_place_of_an_image_in_mid_run_costs_that_image(tmp_path: Path, engine: str) -> None:
    source = sample_images.dataset(tmp_path / "set", each=60)
    replaced: list[Path] = []

    def replace_those_to_come(progress: AuditProgress) -> None:
        if not replaced and 0 < progress.done < progress.total:
            for file in sorted((source / "dogs").iterdir())[-20:]:
                file.unlink()
                os.mkfifo(file)
                replaced.append(file)

    configuration = Config(engine=EngineSettings(shard_size=4))
    audit = curate.audit(
        source, tmp_path / "ws", configuration=configuration, engine=engine, report=replace_those_to_come
    )
    assert len(replaced) == 20
    broken = audit.images[audit.images["status"] == "error"]
    assert len(audit.images) == 120
    assert 1 <= len(broken) <= 20
    assert set(broken["path"]) <= {file.relative_to(source).as_posix() for file in replaced}
    assert all("regular file" in reason for reason in broken["error"])
