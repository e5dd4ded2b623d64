"""Exports between the manifest and whoever reads them next: sums, links, clutter, classes and splits of odd names."""

import errno
import hashlib
import os
import subprocess
from pathlib import Path

import pytest

import curate
from curate.dataset.export import SUMS, Verification
from curate.errors import CurateError
from curate.storage import safe_csv
from tests import sample_images
from tests.dataset.handmade import DOCUMENTS, Row, manifest
from tests.dataset.test_export import exported


def test_what_a_file_browser_leaves_behind_is_no_change_and_what_anybody_adds_is(tmp_path: Path) -> None:
    exported(tmp_path, Row("a/1.png", "a"))
    for name in (".DS_Store", "a/._1.png", "a/Thumbs.db", "@eaDir/a/1.png", "a/2.png"):
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_bytes(b"x")
    result = curate.verify(tmp_path / "out")
    assert (result.changed, result.missing, result.extra) == ([], [], ["a/2.png"])


def test_an_image_whose_name_looks_like_clutter_is_still_looked_at(tmp_path: Path) -> None:
    exported(tmp_path, Row("a/1.png", "a"))
    sums = (tmp_path / "out" / SUMS).read_text().replace("a/1.png", "a/.1.png")
    (tmp_path / "out" / SUMS).write_text(sums)
    (tmp_path / "out" / "a" / "1.png").rename(tmp_path / "out" / "a" / ".1.png")
    assert curate.verify(tmp_path / "out").ok


def test_sums_escape_line_breaks_as_sha256sum_does(tmp_path: Path) -> None:
    names = ["a/x\ny.png", "a/x\ry.png", "a/x\\ny.png", "a/plain.png"]
    exported(tmp_path, *(Row(name, "a") for name in names[:2]), Row(names[3], "a"))
    (tmp_path / "out" / "a" / "x\\ny.png").write_bytes(b"z")
    with (tmp_path / "out" / SUMS).open("a") as file:
        file.write(f"\\{hashlib.sha256(b'z').hexdigest()}  a/x\\\\ny.png\n")
    done = subprocess.run(["sha256sum", "--quiet", "-c", SUMS], cwd=tmp_path / "out", check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert curate.verify(tmp_path / "out") == Verification(checked=4 + len(DOCUMENTS))


def test_links_across_file_systems_are_one_line_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(CurateError, match=r"cannot be hard-linked .* leave out --mode, or give --mode symlink"):
        curate.export(manifest(tmp_path, Row("a/1.png", "a")), tmp_path / "out", mode="hardlink")
    assert not (tmp_path / "out").exists()


def test_a_hard_link_to_a_link_is_one_to_the_file(tmp_path: Path) -> None:
    path = manifest(tmp_path, Row("a/1.png", "a"))
    (tmp_path / "source" / "a" / "1.png").rename(tmp_path / "real.png")
    (tmp_path / "source" / "a" / "1.png").symlink_to(tmp_path / "real.png")
    curate.export(path, tmp_path / "out", mode="hardlink")
    assert not (tmp_path / "out" / "a" / "1.png").is_symlink()
    assert (tmp_path / "out" / "a" / "1.png").samefile(tmp_path / "real.png")


def test_a_class_that_the_dataset_did_not_have_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    rows = (Row("a/1.png", "a"), Row("a/2.png", "a", "Sadd"), Row("b/3.png", "b", "a"))
    exported(tmp_path, *rows, say=said.append)
    assert said == ["note: a class that the dataset did not have, 'Sadd': 1 of the images"]


def test_classes_that_a_spreadsheet_has_made_numbers_of_are_told_where_the_audit_knows_better(tmp_path: Path) -> None:
    sample_images.dataset(tmp_path / "set", each=2, classes=("007", "1e5", "x"))
    curate.audit(tmp_path / "set", tmp_path / "ws")
    table = curate.manifest(tmp_path / "ws", tmp_path / "approved.csv", pending="keep")
    saved = {"007": "7", "1e5": "1.00E+05", "x": "x"}
    safe_csv.write(table.replace({"label": saved, "final_label": saved}), tmp_path / "approved.csv")
    said: list[str] = []
    curate.export(tmp_path / "approved.csv", tmp_path / "out", say=said.append)
    assert said == [
        f"note: a class that the dataset did not have, {label!r}: 2 of the images" for label in ("7", "1.00E+05")
    ]
    (tmp_path / "ws" / "images.parquet").write_bytes(b"damaged")
    curate.export(tmp_path / "approved.csv", tmp_path / "again", say=said.append)
    assert len(said) == 2


def test_a_class_whose_own_images_are_all_dropped_is_no_new_one(tmp_path: Path) -> None:
    said: list[str] = []
    exported(tmp_path, Row("a/1.png", "a", "b"), Row("b/2.png", "b", action="drop"), say=said.append)
    assert said == []


def test_splits_whose_shards_would_be_called_alike_are_kept_apart(tmp_path: Path) -> None:
    splits = (None, "data", "x/y", "x_y")
    data = [sample_images.encode(sample_images.photo(index, 20, 20), "PNG") for index in range(4)]
    rows = [Row(f"a/{index}.png", "a", split=split, data=data[index]) for index, split in enumerate(splits)]
    exported(tmp_path, *rows, layout="webdataset")
    assert {path.name for path in (tmp_path / "out").glob("*.tar")} == {
        "data-000000.tar", "data-000001.tar", "x_y-000000.tar", "x_y-000001.tar"
    }  # fmt: skip
    images = curate.audit(tmp_path / "out", tmp_path / "ws").images
    assert sorted(images["split"], key=str) == [None, "data", "x/y", "x_y"]


def test_shards_of_a_split_that_begins_as_another_is_called_come_back_as_theirs(tmp_path: Path) -> None:
    splits = ("test", "test_hard", "train1", "val-2", "dev.x")
    data = [sample_images.encode(sample_images.photo(index, 20, 20), "PNG") for index in range(len(splits))]
    rows = [Row(f"a/{index}.png", "a", split=split, data=data[index]) for index, split in enumerate(splits)]
    exported(tmp_path, *rows, layout="webdataset")
    assert {"test-000000.tar", "data-test_hard-000000.tar"} < {path.name for path in (tmp_path / "out").glob("*.tar")}
    images = curate.audit(tmp_path / "out", tmp_path / "ws").images
    assert sorted(images["split"]) == sorted(splits)
