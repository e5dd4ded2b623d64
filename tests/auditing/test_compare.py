"""Copies between datasets, and of single files."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import curate
from curate.errors import SourceError
from tests import sample_images


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return sample_images.dataset(tmp_path / "mine", each=4)


@pytest.fixture
def theirs(tmp_path: Path, mine: Path) -> Path:
    """A stranger, a copy saved again, a mirrored copy, and two strangers that are copies of one another."""
    folder = tmp_path / "theirs"
    sample_images.save(sample_images.photo(77), folder / "stranger.jpg")
    sample_images.save(sample_images.photo(0), folder / "again.jpg", quality=40)
    sample_images.save(np.ascontiguousarray(sample_images.photo(1)[:, ::-1]), folder / "mirror.jpg")
    for name in ("one.jpg", "two.jpg"):
        sample_images.save(sample_images.photo(78), folder / name)
    return folder


def test_only_copies_that_cross_over_are_told(mine: Path, theirs: Path) -> None:
    found = curate.compare(mine, theirs)
    assert found[["path", "copy_of", "relation"]].values.tolist() == [
        ["again.jpg", "cats/000.jpg", "re_encoded"],
        ["mirror.jpg", "cats/001.jpg", "mirrored"],
    ]
    assert "cats/000.jpg (first set)" in found["reason"].iat[0]


def test_a_workspace_stands_for_its_dataset(mine: Path, theirs: Path, tmp_path: Path) -> None:
    curate.audit(mine, tmp_path / "ws")
    assert curate.compare(tmp_path / "ws", theirs).equals(curate.compare(mine, theirs))


def test_a_set_without_copies_gives_an_empty_table(mine: Path, tmp_path: Path) -> None:
    sample_images.save(sample_images.photo(500), tmp_path / "other" / "a.jpg")
    assert curate.compare(mine, tmp_path / "other").empty


def test_a_file_is_found_in_an_audited_dataset(mine: Path, theirs: Path, tmp_path: Path) -> None:
    curate.audit(mine, tmp_path / "ws")
    found = curate.find_copies(tmp_path / "ws", [theirs / "again.jpg", theirs / "stranger.jpg"])
    assert curate.find_copies(tmp_path / "ws", str(theirs / "again.jpg")).equals(found)
    assert found["copy_of"].tolist() == ["cats/000.jpg"]
    assert found["path"].tolist() == [str(theirs / "again.jpg")]


def test_a_file_is_called_as_it_was_given(
    mine: Path, theirs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curate.audit(mine, tmp_path / "ws")
    monkeypatch.chdir(tmp_path)
    found = curate.find_copies("ws", ["theirs/stranger.jpg", "theirs/again.jpg", "theirs/again.jpg"])
    assert found["path"].tolist() == ["theirs/again.jpg"]
    assert " set)" not in found["reason"].iat[0]


def test_a_relation_is_to_the_image_that_it_is_said_of(tmp_path: Path) -> None:
    """Both sets hold an image and smaller copies of it, which are copies of each other more plainly."""
    large, mine, theirs = tmp_path / "large.jpg", tmp_path / "mine", tmp_path / "theirs"
    small = cv2.resize(sample_images.photo(900, 640, 480), (320, 240), interpolation=cv2.INTER_AREA)
    sample_images.save(sample_images.photo(900, 640, 480), large)
    for name in ("mine/small.jpg", "theirs/one.jpg", "theirs/two.jpg"):
        sample_images.save(small, tmp_path / name)
    sample_images.save(small, theirs / "pixels.jpg", progressive=True)
    sample_images.save(small, mine / "a.jpg", quality=50)
    exact = [["one.jpg", "small.jpg", "same_bytes"], ["pixels.jpg", "small.jpg", "same_pixels"]]
    exact += [["two.jpg", "small.jpg", "same_bytes"]]
    columns = ["path", "copy_of", "relation"]

    shutil.copy(large, mine / "0.jpg")
    found = curate.compare(mine, theirs)
    assert found[columns].values.tolist() == exact
    assert found["reason"].str.contains("small.jpg").all()

    shutil.copy(large, theirs / "0.jpg")
    (mine / "0.jpg").unlink()
    found = curate.compare(mine, theirs)
    assert found[columns].values.tolist()[1:] == exact
    assert found[["path", "relation"]].values.tolist()[0] == ["0.jpg", "resized"]
    assert "0.jpg (second set)" in found["reason"].iat[0], "ours is the smaller one"

    (mine / "small.jpg").unlink()
    (mine / "a.jpg").unlink()
    shutil.copy(large, mine / "0.jpg")
    (theirs / "0.jpg").unlink()
    found = curate.compare(mine, theirs)
    assert found[columns].values.tolist() == [[f"{name}.jpg", "0.jpg", "resized"] for name in ("one", "pixels", "two")]
    assert found["reason"].str.contains("0.jpg").all()


def test_files_of_equal_bytes_are_copies_though_nothing_can_decode_them(
    mine: Path, theirs: Path, tmp_path: Path
) -> None:
    (mine / "cats" / "broken.jpg").write_bytes(b"\xff\xd8 no image")
    (theirs / "bad.jpg").write_bytes(b"\xff\xd8 no image")
    (theirs / "worse.jpg").write_bytes(b"\xff\xd8 another")
    for folder in (mine / "cats", theirs):
        (folder / "empty.jpg").write_bytes(b"")
    columns = ["path", "copy_of", "relation"]
    found = curate.compare(mine, theirs)[columns].values.tolist()
    assert [row[0] for row in found] == ["again.jpg", "bad.jpg", "mirror.jpg"]
    assert found[1] == ["bad.jpg", "cats/broken.jpg", "same_bytes"]
    curate.audit(mine, tmp_path / "ws")
    (told,) = curate.find_copies(tmp_path / "ws", [theirs / "bad.jpg", theirs / "worse.jpg"])[columns].values.tolist()
    assert told == [str(theirs / "bad.jpg"), "cats/broken.jpg", "same_bytes"]


def test_a_file_that_does_not_exist_is_a_mistake(mine: Path, tmp_path: Path) -> None:
    curate.audit(mine, tmp_path / "ws")
    with pytest.raises(SourceError, match="does not exist"):
        curate.find_copies(tmp_path / "ws", [tmp_path / "nothing.jpg"])
