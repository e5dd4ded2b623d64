"""A finished run beside the images it was trained on, and two datasets to train on."""

import shutil
from pathlib import Path

import pytest

from tests import sample_images
from tests.train.drawn import draw, fit


@pytest.fixture(scope="module")
def split_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the splits train, val and test, and a run on it beside it."""
    root = tmp_path_factory.mktemp("runs")
    fit(draw(root / "set", "train", "val", "test"), root / "run")
    return root


@pytest.fixture
def done(split_set: Path, tmp_path: Path) -> Path:
    """A copy of both."""
    shutil.copytree(split_set, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def two_sets(tmp_path: Path) -> tuple[Path, Path]:
    """A raw dataset in colour with copies, and an extension of small grey images."""
    for number, label in enumerate(("cats", "dogs")):
        for index in range(10):
            seed = 100 * number + index
            sample_images.save(
                sample_images.photo(seed, 120, 90) // 2 + 100 * number, tmp_path / "raw" / label / f"{index}.jpg"
            )
            grey = sample_images.photo(1000 + seed, 48, 48)[:, :, 0] // 2 + 100 * number
            sample_images.save(grey, tmp_path / "extra" / label / f"{index}.png")
    first = tmp_path / "raw" / "cats" / "0.jpg"
    (tmp_path / "raw" / "cats" / "copy.jpg").write_bytes(first.read_bytes())
    return tmp_path / "raw", tmp_path / "extra"
