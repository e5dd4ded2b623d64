"""Damaged, odd and changing files: the same findings whoever measures them, and however often."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import curate
from curate.config import Config, EngineSettings
from curate.storage.workspace import Workspace
from tests import hostile

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, scheduler_port=0
    ) as running:
        yield running.scheduler_address


def is_the_same_every_time(source: Path, folder: Path, scheduler: str, images: int) -> None:
    """Audit a source by every engine, twice by most; the shards differ too, so each file follows others each time."""
    results = set()
    for number, (engine, shard_size) in enumerate(
        [("local:1", 256), ("local:2", 256), ("local:2", 16), (f"dask:{scheduler}", 256), (f"dask:{scheduler}", 16)]
    ):
        configuration = Config(engine=EngineSettings(shard_size=shard_size))
        workspace = Workspace(folder / f"ws{number}")
        audit = curate.audit(source, workspace.root, configuration=configuration, engine=engine)
        assert len(audit.images) == images
        assert audit.images["error"].notna().equals(audit.images["status"] != "ok"), "what is wrong has a reason"
        results.add((workspace.images.read_bytes(), workspace.findings.read_bytes()))
    assert len(results) == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_damaged_files_by_every_engine(tmp_path: Path, scheduler: str) -> None:
    source = hostile.dataset(tmp_path / "source", each=12)
    is_the_same_every_time(source, tmp_path, scheduler, images=13 * len(hostile.SORTS))


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.filterwarnings("default")
def test_test_images_of_decoders_by_every_engine(shared_data: Path, tmp_path: Path, scheduler: str) -> None:
    is_the_same_every_time(shared_data / "hostile.zip", tmp_path, scheduler, images=1467)
