"""A Dask cluster of real processes gives the same bytes as this machine, and a killed worker costs no file."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import curate
from curate.auditing.steps import AuditProgress
from curate.config import Config, EngineSettings
from curate.duplicates import signing, verify
from curate.errors import ConfigError
from curate.measuring import dask, features, pool
from curate.measuring.shard import Tally
from curate.scanners import duplicates
from tests import crashing, sample_images
from tests.crashing import Crashing
from tests.measuring import test_mapped

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

SMALL = Config(engine=EngineSettings(shard_size=8))


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A scheduler with three workers, each a process under a nanny that starts it again."""
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None, scheduler_port=0
    ) as running:
        yield running.scheduler_address


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = sample_images.dataset(tmp_path / "set", each=40)
    (folder / "cats" / "cut.jpg").write_bytes(sample_images.encode(sample_images.photo(50))[:-900])
    shutil.copy(folder / "dogs" / "000.jpg", folder / "dogs" / "again.jpg")
    return folder


def test_a_cluster_gives_the_same_bytes_even_when_a_worker_is_killed_in_mid_run(
    source: Path, tmp_path: Path, scheduler: str
) -> None:
    here = curate.audit(source, tmp_path / "here", configuration=SMALL, engine="local:2")
    with distributed.Client(scheduler, set_as_default=False) as client:
        victims = list(client.run(os.getpid).values())
    killed: list[int] = []

    def kill_one(progress: AuditProgress) -> None:
        if 0 < progress.done < progress.total and not killed:
            killed.append(victims[0])
            os.kill(victims[0], signal.SIGKILL)

    there = curate.audit(source, tmp_path / "there", configuration=SMALL, engine=f"dask:{scheduler}", report=kill_one)
    assert killed, "the run was over before a worker could be killed"
    assert there.measured == here.measured == len(here.images) == 82
    assert there.images["status"].tolist() == here.images["status"].tolist()
    for name in ("images.parquet", "findings.parquet"):
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
    assert not list((tmp_path / "there" / "features").glob("*.journal*"))


def test_judging_is_spread_over_a_cluster_with_the_same_result(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sample_images.dataset(tmp_path / "set", each=20)
    sample_images.save(sample_images.photo(0) // 2, folder / "dogs" / "darker.png")
    here = curate.audit(folder, tmp_path / "here", configuration=SMALL, engine="local:2")
    for module in (duplicates, verify):
        monkeypatch.setattr(module, "WORTH_SPREADING", 2)
    monkeypatch.setattr(signing, "AT_A_TIME", 5)
    there = curate.audit(folder, tmp_path / "there", configuration=SMALL, engine=f"dask:{scheduler}")
    assert len(here.findings) == len(there.findings) > 1
    assert (tmp_path / "there/findings.parquet").read_bytes() == (tmp_path / "here/findings.parquet").read_bytes()


def test_results_of_a_cluster_come_in_order_and_its_errors_too(scheduler: str) -> None:
    assert list(dask.mapped(scheduler, abs, range(-40, 0))) == list(range(40, 0, -1))
    with pytest.raises(TypeError):
        list(dask.mapped(scheduler, abs, [1, "x"]))  # type: ignore[list-item]


def test_what_kills_workers_of_a_cluster_is_done_here(scheduler: str) -> None:
    arguments = [(os.getpid(), number) for number in range(4, 10)]
    assert list(dask.mapped(scheduler, test_mapped.lives_only_in, arguments)) == list(range(4, 10))


def test_a_crash_a_kill_and_a_hang_cost_one_image_each_on_a_cluster_too(tmp_path: Path, scheduler: str) -> None:
    records, shards = crashing.shards(tmp_path, 4)
    tallies: list[Tally] = []
    dask.run(scheduler, shards, tallies.append)
    table = features.load(records, features.parts(tmp_path / "parts", [Crashing()]), [Crashing()])
    assert sum(tally.files for tally in tallies) == len(records)
    assert table["status"].tolist() == ["ok", "error", "ok", "error", "ok", "ok", "error", "ok"]


def test_without_a_cluster_there_is_one_clear_line(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask, "CONNECT_S", 1)
    with pytest.raises(ConfigError, match="no Dask scheduler answers") as caught:
        curate.audit(source, tmp_path / "ws", engine="dask:tcp://127.0.0.1:9")
    assert "\n" not in str(caught.value)


def test_without_the_extra_there_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "distributed"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r'pip install "imagecurate\[dask\]"'):
        list(dask.mapped("tcp://127.0.0.1:9", abs, [1]))


def test_a_cluster_without_workers_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "CONNECT_S", 1)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as cluster,
        pytest.raises(ConfigError, match="has no workers; start some with"),
    ):
        list(dask.mapped(cluster.scheduler_address, abs, [1]))


@pytest.mark.parametrize("name", ["dask", "dask:", "local:x", "spark:local"])
def test_an_unknown_engine_is_one_clear_line(name: str) -> None:
    with pytest.raises(ConfigError, match="no engine"):
        pool.named(name)
