"""Copies in several splits are brought together where that is asked for, and counted; nothing else moves."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import curate
from curate.dataset.splits import repaired
from curate.errors import CurateError
from curate.storage import safe_csv
from tests import sample_images


@pytest.mark.parametrize(
    ("groups", "splits", "result"),
    [
        pytest.param("aab", ["test", "train", "test"], ["train", "train", "test"], id="training wins"),
        pytest.param("aaa", ["test", "val", "test"], ["val", "val", "val"], id="validation before test"),
        pytest.param("aa", ["fold 2", "fold 1"], ["fold 1", "fold 1"], id="others by name"),
        pytest.param("aa", ["a", "test"], ["test", "test"], id="usual ones before others"),
        pytest.param("aab", [None, "test", None], [None, "test", None], id="no split stays none"),
        pytest.param("aa", ["fold 1", None], ["fold 1", None], id="no split beside one of another name"),
        pytest.param("", [], [], id="nothing"),
    ],
)
def test_a_group_goes_to_the_split_of_highest_priority(
    groups: str, splits: list[str | None], result: list[str | None]
) -> None:
    assert repaired(list(groups), splits) == result


@pytest.fixture
def leaking(tmp_path: Path) -> Path:
    """A manifest beside its workspace: an image of train stands in test as well, one of val in test in another size."""
    root = tmp_path / "set"
    for split, first in (("train", 0), ("val", 20), ("test", 40)):
        for index in range(3):
            sample_images.save(sample_images.photo(first + index), root / split / "cat" / f"{index}.jpg")
    shutil.copy(root / "train" / "cat" / "0.jpg", root / "test" / "cat" / "again.jpg")
    sample_images.save(sample_images.photo(20)[::2, ::2], root / "test" / "cat" / "small.jpg")
    curate.audit(root, tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="keep")
    return tmp_path / "m.csv"


def test_an_export_moves_copies_and_says_how_many(leaking: Path, tmp_path: Path) -> None:
    said: list[str] = []
    exported = curate.export(leaking, tmp_path / "out", repair_splits=True, say=said.append)
    assert said == [
        "moved from test to train, where a copy stands: 1 of the images",
        "moved from test to val, where a copy stands: 1 of the images",
    ]
    splits = dict(zip(exported["path"], exported["split"], strict=True))
    assert (splits["test/cat/again.jpg"], splits["test/cat/small.jpg"]) == ("train", "val")
    assert exported["split"].value_counts().to_dict() == {"train": 4, "val": 4, "test": 3}
    again = curate.audit(tmp_path / "out", tmp_path / "ws2")
    assert "split_leak" in set(curate.audit(tmp_path / "set", tmp_path / "ws").findings["kind"])
    assert "split_leak" not in set(again.findings["kind"])
    assert again.images["split"].value_counts().to_dict() == {"train": 4, "val": 4, "test": 3}


def test_images_of_two_sources_that_lie_alike_are_no_copies_of_one_another(tmp_path: Path) -> None:
    """Both have test/cat/0.jpg with a copy beside it; only that of the second stands in train as well."""
    tables = []
    for number, copy in enumerate(("test/cat/1.jpg", "train/cat/1.jpg")):
        root = tmp_path / f"set{number}"
        sample_images.save(sample_images.photo(10 * number), root / "test" / "cat" / "0.jpg")
        (root / copy).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / "test" / "cat" / "0.jpg", root / copy)
        curate.audit(root, tmp_path / f"ws{number}")
        tables.append(curate.manifest(tmp_path / f"ws{number}", pending="keep"))
    safe_csv.write(pd.concat(tables, ignore_index=True), tmp_path / "both.csv")
    said: list[str] = []
    exported = curate.export(tmp_path / "both.csv", tmp_path / "out", repair_splits=True, say=said.append)
    assert said == ["moved from test to train, where a copy stands: 1 of the images"]
    assert exported["split"].tolist() == ["test", "test", "train", "train"]


@pytest.mark.parametrize("changed", [False, True], ids=["as audited", "settings changed since"])
def test_copies_that_are_so_many_that_no_finding_tells_of_them_are_moved_too(tmp_path: Path, *, changed: bool) -> None:
    for number in range(6):
        photo = sample_images.photo(number, 320, 240)
        for copy, split in enumerate(("train", "test", "test", "test")):
            smaller = np.asarray(Image.fromarray(photo).resize((320 - 64 * copy, 240 - 48 * copy)))
            sample_images.save(smaller, tmp_path / "set" / split / "cat" / f"{number}-{copy}.png")
    audit = curate.audit(tmp_path / "set", tmp_path / "ws")
    assert "split_leak" not in set(audit.findings["kind"]), "a property of the dataset"
    curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="keep")
    if changed:
        settings = tmp_path / "ws" / "curate.toml"
        settings.write_text(settings.read_text().replace("thorough = false", "thorough = true"))
    said: list[str] = []
    exported = curate.export(tmp_path / "m.csv", tmp_path / "out", repair_splits=True, say=said.append)
    assert said == ["moved from test to train, where a copy stands: 18 of the images"]
    assert set(exported["split"]) == {"train"}


def test_without_asking_nothing_moves(leaking: Path, tmp_path: Path) -> None:
    exported = curate.export(leaking, tmp_path / "out")
    assert exported["split"].value_counts().to_dict() == {"train": 3, "val": 3, "test": 5}


def test_it_says_so_where_nothing_crosses(leaking: Path, tmp_path: Path) -> None:
    said: list[str] = []
    curate.export(leaking, tmp_path / "out", repair_splits=True)
    curate.audit(tmp_path / "out", tmp_path / "ws2")
    curate.manifest(tmp_path / "ws2", pending="keep")
    curate.export(tmp_path / "ws2" / "manifest.parquet", tmp_path / "out2", repair_splits=True, say=said.append)
    assert said == ["no copies stand in several splits: nothing is moved"]


def test_without_a_workspace_to_say_what_is_a_copy_it_is_refused(leaking: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(leaking, tmp_path / "elsewhere" / "m.csv")
    with pytest.raises(CurateError, match=r"no workspace lies with"):
        curate.export(tmp_path / "elsewhere" / "m.csv", tmp_path / "out", repair_splits=True)
    assert not (tmp_path / "out").exists()


def test_a_workspace_of_other_images_beside_it_does_not_say_that_there_are_no_copies(
    leaking: Path, tmp_path: Path
) -> None:
    sample_images.save(sample_images.photo(90), tmp_path / "elsewhere" / "other" / "cat" / "0.jpg")
    curate.audit(tmp_path / "elsewhere" / "other", tmp_path / "elsewhere" / "ws")
    shutil.copy(leaking, tmp_path / "elsewhere" / "m.csv")
    with pytest.raises(CurateError, match=r"that has audited them \(11 of the images\)"):
        curate.export(tmp_path / "elsewhere" / "m.csv", tmp_path / "out", repair_splits=True)


def test_a_build_moves_copies_of_the_splits_that_it_keeps(leaking: Path, tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "keep.toml").write_text("[split]\nkeep = true\n")
    made = curate.build(tmp_path / "keep.toml", tmp_path / "out", manifest=leaking, repair_splits=True, say=said.append)
    assert made.table["split"].value_counts().to_dict() == {"train": 4, "val": 4, "test": 3}
    assert "moved to the split of a copy: 2 of the images" in said
    assert not any("copies stand in several" in line for line in said)


def test_a_build_that_draws_its_splits_has_none_to_repair(leaking: Path, tmp_path: Path) -> None:
    (tmp_path / "draw.toml").write_text("seed = 1\n")
    with pytest.raises(CurateError, match=r"split.keep = true"):
        curate.build(tmp_path / "draw.toml", tmp_path / "out", manifest=leaking, repair_splits=True)
