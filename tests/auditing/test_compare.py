"""Copies between datasets, and of single files."""

from pathlib import Path

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
    assert "cats/000.jpg" in found["reason"].iat[0]


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
    assert found["path"].iat[0].endswith("theirs/again.jpg")


def test_a_file_that_does_not_exist_is_a_mistake(mine: Path, tmp_path: Path) -> None:
    curate.audit(mine, tmp_path / "ws")
    with pytest.raises(SourceError, match="does not exist"):
        curate.find_copies(tmp_path / "ws", [tmp_path / "nothing.jpg"])
