"""What an audit has measured is taken over while it holds, and only then."""

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import curate
from curate import config
from curate.auditing import measurement
from curate.dataset import reuse
from curate.dataset.relocation import workspaces_near
from curate.errors import SourceError
from curate.sources import objects
from tests import sample_images
from tests.sources.test_sources import tar


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images each measuring since has read."""
    counts: list[int] = []
    real = measurement.measure

    def measure(*arguments: object) -> object:
        result = real(*arguments)  # type: ignore[arg-type]
        counts.append(result[0])
        return result

    monkeypatch.setattr(measurement, "measure", measure)
    return counts


def prepared(folder: Path, **settings: bool) -> Path:
    source = sample_images.dataset(folder / "source", each=4)
    chosen = config.override(config.Config(), "duplicates", **settings) if settings else None
    curate.audit(source, folder / "ws", configuration=chosen)
    curate.manifest(folder / "ws", folder / "m.csv", pending="keep")
    (folder / "r.toml").write_text('manifest = "m.csv"\n[split]\ntrain = 0.5\ntest = 0.5\n')
    return folder / "r.toml"


def test_a_build_reads_no_pixels_of_what_the_audit_beside_it_has_measured(tmp_path: Path, measured: list[int]) -> None:
    recipe = prepared(tmp_path)
    measured.clear()
    said: list[str] = []
    quick = curate.build(recipe, tmp_path / "quick", say=said.append).table
    assert measured == [0]
    assert said[0] == "looking for copies among 8 images of the manifest, 8 of them as the audit measured them"
    (tmp_path / "ws" / "audit.json").unlink()
    slow = curate.build(recipe, tmp_path / "slow", say=said.append).table
    assert measured == [0, 8]
    pd.testing.assert_frame_equal(quick.drop(columns="source"), slow.drop(columns="source"))


def test_what_has_another_time_is_measured_anew(tmp_path: Path, measured: list[int]) -> None:
    recipe = prepared(tmp_path)
    measured.clear()
    os.utime(tmp_path / "source" / "cats" / "001.jpg", ns=(1, 1))
    curate.build(recipe, tmp_path / "set")
    assert measured == [1]


def test_what_has_another_size_is_measured_anew_though_its_time_was_set_back(tmp_path: Path) -> None:
    recipe = prepared(tmp_path)
    image = tmp_path / "source" / "cats" / "001.jpg"
    stamp = image.stat().st_mtime_ns
    image.write_bytes(image.read_bytes() + b"more")
    os.utime(image, ns=(stamp, stamp))
    with pytest.raises(SourceError, match=r"001\.jpg is not the image in the manifest: it has changed since the scan"):
        curate.build(recipe, tmp_path / "set")


def test_nothing_is_as_measured_in_a_store_where_no_time_is_known(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"image")
    objects.put("memory://reused/1.png", b"image")
    for address, is_known in ((str(tmp_path / "1.png"), True), ("memory://reused/1.png", False)):
        entry = objects.stat(address)
        assert entry is not None
        assert reuse._is_as_measured(address, entry.size_bytes, entry.stamp) is is_known


def test_what_could_not_be_read_then_is_read_now(tmp_path: Path, measured: list[int]) -> None:
    recipe = prepared(tmp_path)
    part = next((tmp_path / "ws" / "features").glob("part-*.parquet"))
    table = pq.read_table(part)
    hashes = [None if path.endswith("001.jpg") else value
              for path, value in zip(table["path"].to_pylist(), table["sha256"].to_pylist(), strict=True)]  # fmt: skip
    unread = sum(value is None for value in hashes)
    column = table.schema.get_field_index("sha256")
    pq.write_table(table.set_column(column, table.schema.field(column), pa.array(hashes, pa.string())), part)
    measured.clear()
    assert len(curate.build(recipe, tmp_path / "set").table) == 8
    assert measured == [unread]
    assert unread > 0


def test_measurements_by_other_settings_are_no_measurements(tmp_path: Path, measured: list[int]) -> None:
    recipe = prepared(tmp_path, thorough=True)
    measured.clear()
    curate.build(recipe, tmp_path / "set")
    assert measured == [8]


def test_images_inside_a_tar_are_as_measured_while_the_tar_is(tmp_path: Path, measured: list[int]) -> None:
    members = {f"{label}/{n}.png": sample_images.encode(sample_images.photo(n + 10 * len(label)), "PNG")
               for label in ("cat", "birds") for n in range(3)}  # fmt: skip
    shard = tar(tmp_path / "s" / "0.tar", members)
    curate.audit(shard, tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="keep")
    (tmp_path / "r.toml").write_text('manifest = "m.csv"\n[split]\ntrain = 0.5\ntest = 0.5\n')
    measured.clear()
    curate.build(tmp_path / "r.toml", tmp_path / "one")
    os.utime(shard, ns=(1, 1))
    curate.build(tmp_path / "r.toml", tmp_path / "two")
    assert measured == [0, 6]


def test_workspaces_are_looked_for_where_the_manifest_lies_and_beside_it(tmp_path: Path) -> None:
    for name in ("ws", "a/deep/ws"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "audit.json").write_text("{}")
    assert [ws.root for ws in workspaces_near(tmp_path / "m.csv")] == [tmp_path / "ws"]
    assert [ws.root for ws in workspaces_near(tmp_path / "ws" / "manifest.parquet")] == [tmp_path / "ws"]
