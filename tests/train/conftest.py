"""A finished run beside the images it was trained on."""

import shutil
from pathlib import Path

import pytest

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
