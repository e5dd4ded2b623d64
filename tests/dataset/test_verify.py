"""An export is verified against what it says of itself: a folder by its sums, a list by its column."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import curate
from curate.dataset.export import Verification
from curate.errors import SourceError
from tests import sample_images
from tests.dataset.handmade import Row, manifest
from tests.sources.test_sources import tar


def test_a_changed_shard_is_noticed(tmp_path: Path) -> None:
    curate.export(manifest(tmp_path, Row("a/1.png", "a", data=bytes(3000))), tmp_path / "out", layout="webdataset")
    with (tmp_path / "out" / "data-000000.tar").open("r+b") as file:
        file.seek(2000)
        file.write(b"changed")
    assert curate.verify(tmp_path / "out").changed == ["data-000000.tar"]


def test_every_image_that_a_list_names_is_read(tmp_path: Path) -> None:
    rows = (Row("a/1.png", "a"), Row("a/2.png", "a"), Row("a/3.png", "a"))
    curate.export(manifest(tmp_path, *rows), tmp_path / "list.csv")
    assert curate.verify(tmp_path / "list.csv") == Verification(checked=3)
    (tmp_path / "source" / "a" / "1.png").write_bytes(b"x")
    (tmp_path / "source" / "a" / "2.png").unlink()
    result = curate.verify(tmp_path / "list.csv")
    assert result.changed == [str(tmp_path / "source" / "a" / "1.png")]
    assert result.missing == [str(tmp_path / "source" / "a" / "2.png")]
    assert (result.checked, result.extra, result.ok) == (3, [], False)


@pytest.mark.parametrize(("field", "ok"), [("changed", False), ("missing", False), ("extra", False), ("checked", True)])
def test_anything_that_differs_is_not_ok(field: str, ok: bool) -> None:
    result = Verification(**{"checked": 0, field: 1 if field == "checked" else ["x"]})
    assert result.ok is ok


def test_what_no_export_has_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has no sha256sums\.txt; give a folder made by: curate export"):
        curate.verify(tmp_path)
    for text in ("path,label\nx,y\n", "sha256,label\nx,y\n"):
        (tmp_path / "list.csv").write_text(text)
        with pytest.raises(SourceError, match="has no columns path and sha256"):
            curate.verify(tmp_path / "list.csv")


@pytest.mark.parametrize("member", ["a/1.png", "000001.png"])
def test_a_list_of_members_of_a_shard_is_verified_inside_it(tmp_path: Path, member: str) -> None:
    data = b"the image"
    tar(tmp_path / "source" / "s.tar", {member: data})
    path = manifest(tmp_path, Row(f"s.tar/{member}", "a", data=data), write=False)
    curate.export(path, tmp_path / "list.csv")
    assert curate.verify(tmp_path / "list.csv").ok
    tar(tmp_path / "source" / "s.tar", {member: b"other"})
    assert curate.verify(tmp_path / "list.csv").changed == [str(tmp_path / "source" / "s.tar" / member)]


def test_a_list_of_rows_of_a_parquet_file_is_verified_inside_it(tmp_path: Path) -> None:
    data = sample_images.encode(sample_images.photo(1, 20, 20), "PNG")
    table = pa.table({"image": pa.array([{"bytes": data, "path": None}])})
    (tmp_path / "source").mkdir()
    pq.write_table(table, tmp_path / "source" / "s.parquet")
    path = manifest(tmp_path, Row("s.parquet/000000.png", "a", data=data), write=False)
    curate.export(path, tmp_path / "list.csv")
    assert curate.verify(tmp_path / "list.csv").ok
