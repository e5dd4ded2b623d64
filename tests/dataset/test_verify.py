"""An export is verified against what it says of itself: a folder by its sums, a list by its column."""

from pathlib import Path

import pytest

import curate
from curate.dataset.export import Verification
from curate.errors import SourceError
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


def test_a_list_of_members_of_a_shard_is_verified_inside_it(tmp_path: Path) -> None:
    data = b"a/1.png"
    tar(tmp_path / "source" / "s.tar", {"a/1.png": data})
    path = manifest(tmp_path, Row("s.tar/a/1.png", "a", data=data), write=False)
    curate.export(path, tmp_path / "list.csv")
    assert curate.verify(tmp_path / "list.csv").ok
    tar(tmp_path / "source" / "s.tar", {"a/1.png": b"other"})
    assert curate.verify(tmp_path / "list.csv").changed == [str(tmp_path / "source" / "s.tar" / "a" / "1.png")]
