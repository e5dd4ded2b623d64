"""What memory an image may take: enough for what `max_pixels` allows, whatever was measured before it."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import curate
from curate.config import Config, DecodeLimits, EngineSettings
from curate.images.result import is_want_of_memory
from curate.measuring import shard
from curate.measuring.work import measure_shard
from curate.scanners.quality import Quality
from curate.sources import open_source
from tests import crashing
from tests.sample_images import photo, save

limits_memory = pytest.mark.skipif(sys.platform != "linux", reason="data segments are limited on Linux")


def audited(folder: Path, workspace: Path, memory_mib: int) -> curate.Audit:
    settings = Config(decode=DecodeLimits(memory_mib=memory_mib), engine=EngineSettings(workers=1))
    return curate.audit(folder, workspace, configuration=settings)


def test_by_default_memory_follows_from_the_pixels_that_are_allowed() -> None:
    deepest = 8  # bytes of a 16-bit pixel with colour and alpha
    for limits in (DecodeLimits(), DecodeLimits(max_pixels=10_000_000), DecodeLimits(max_pixels=1 << 30)):
        assert limits.allowed_memory_mib << 20 >= 4 * deepest * limits.max_pixels
    assert DecodeLimits(max_pixels=1).allowed_memory_mib == 1024
    assert DecodeLimits(memory_mib=300).allowed_memory_mib == 300


@limits_memory
def test_an_image_that_takes_too_much_memory_costs_one_row(tmp_path: Path) -> None:
    for index in range(4):
        save(photo(index), tmp_path / "in" / "a" / f"{index}.jpg")
    large = np.random.default_rng(0).integers(0, 255, (100, 100, 3), dtype=np.uint8)
    save(np.tile(large, (50, 60, 1)), tmp_path / "in" / "a" / "1large.png", compress_level=1)
    images = audited(tmp_path / "in", tmp_path / "ws", 90).images.set_index("path")
    assert images.loc[["a/0.jpg", "a/1.jpg", "a/2.jpg", "a/3.jpg"], "status"].tolist() == ["ok"] * 4
    assert images.loc["a/1large.png", "status"] == "error"
    assert "more than 90 MiB" in images.loc["a/1large.png", "error"]


@limits_memory
def test_what_an_image_may_take_does_not_depend_on_those_before_it(tmp_path: Path) -> None:
    for index in range(6):
        pixels = np.tile(photo(index, 100, 100), (30, 30, 1))
        save(pixels, tmp_path / "in" / "a" / f"{index}.png", compress_level=1)
    assert audited(tmp_path / "in", tmp_path / "ws", 250).images["status"].tolist() == ["ok"] * 6


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        pytest.param(MemoryError(), True, id="Python's"),
        pytest.param(cv2.error("Insufficient memory"), False, id="OpenCV's without its code"),
        pytest.param(ValueError("Insufficient memory (case 4)"), True, id="libjpeg's"),
        pytest.param(OSError("out of memory when reading image file"), True, id="Pillow's"),
        pytest.param(ValueError("memory"), False, id="another"),
    ],
)
def test_want_of_memory_is_told_from_other_errors(error: Exception, *, is_memory: bool) -> None:
    assert is_want_of_memory(error) is is_memory


def test_want_of_memory_in_opencv_is_known_by_its_code() -> None:
    error = cv2.error("anything")
    error.code = cv2.Error.StsNoMem
    assert is_want_of_memory(error)
    error.code = cv2.Error.StsBadArg
    assert not is_want_of_memory(error)


def test_a_scanner_that_wants_memory_costs_a_row(tmp_path: Path) -> None:
    _, (work,) = crashing.shards(tmp_path, 2, [60, crashing.HUNGRY_WIDTH])
    assert dict(measure_shard(work).statuses) == {"ok": 1, "error": 1}


@limits_memory
def test_measuring_leaves_the_limit_of_the_process_as_it_was(tmp_path: Path) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    save(photo(1), tmp_path / "in" / "a" / "0.jpg")
    source = open_source(tmp_path / "in")
    records = tuple(source.list().records)
    part = tmp_path / "part-0.parquet"
    measure_shard(shard.Shard(source=source, records=records, scanners=(), limits=DecodeLimits(), part=part))
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_a_new_version_of_the_decoder_makes_every_scanner_measure_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a scanner measured is what the decoder showed it."""
    scanner = Quality()
    before = json.loads(shard.part_schema([scanner], DecodeLimits()).metadata[shard.MEASURED])
    monkeypatch.setattr(shard, "FACTS_VERSION", shard.FACTS_VERSION + 1)
    after = json.loads(shard.part_schema([scanner], DecodeLimits()).metadata[shard.MEASURED])
    assert all(before[name] != after[name] for name in ("image", "quality"))
