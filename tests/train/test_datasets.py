"""A manifest as a dataset of torch."""

import pickle
import shutil
from pathlib import Path

import pandas as pd
import pytest

import curate
from curate.errors import SourceError, UndecidedError
from tests import sample_images

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def approved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two splits of two classes; one image is dropped, and one made a dog."""
    root = tmp_path_factory.mktemp("approved")
    for split in ("train", "test"):
        sample_images.dataset(root / "src" / split, each=2)
        shutil.move(root / "src" / split / "cats" / "001.jpg", root / "src" / split / "cats" / f"{split}.jpg")
    curate.audit(root / "src", root / "ws", engine="serial")
    curate.manifest(root / "ws", root / "all.csv", pending="keep")
    table = pd.read_csv(root / "all.csv", dtype=object)
    table.loc[table["path"] == "test/dogs/001.jpg", "action"] = "drop"
    table.loc[table["path"] == "train/cats/train.jpg", ["action", "final_label"]] = ["relabel", "dogs"]
    table.to_csv(root / "approved.csv", index=False)
    return root / "approved.csv"


def test_kept_images_come_with_the_index_of_their_final_class(approved: Path) -> None:
    images = curate.torch_dataset(approved)
    assert isinstance(images, torch.utils.data.Dataset)
    assert [sample.path for sample in images.samples] == [
        "test/cats/000.jpg", "test/cats/test.jpg", "test/dogs/000.jpg",
        "train/cats/000.jpg", "train/cats/train.jpg", "train/dogs/000.jpg", "train/dogs/001.jpg",
    ]  # fmt: skip
    assert images.targets == [0, 0, 1, 0, 1, 1, 1]
    assert (images.classes, images.class_to_idx) == (["cats", "dogs"], {"cats": 0, "dogs": 1})
    image, index = images[4]
    assert (image.mode, image.size, index) == ("RGB", (160, 120), 1)


def test_a_split_is_chosen_and_a_transform_applied(approved: Path) -> None:
    images = curate.torch_dataset(approved, lambda image: image.size, split="test")
    assert list(images) == [((160, 120), 0), ((160, 120), 0), ((160, 120), 1)]
    with pytest.raises(SourceError, match="of the split 'tets'; there are test, train"):
        curate.torch_dataset(approved, split="tets")


def test_it_travels_to_the_workers_of_a_loader(approved: Path) -> None:
    images = pickle.loads(pickle.dumps(curate.torch_dataset(approved)))
    assert images[0][1] == 0


def test_what_cannot_be_trained_on_is_refused(approved: Path, tmp_path: Path) -> None:
    table = pd.read_csv(approved, dtype=object)
    table.assign(label=None, final_label=None, action="keep").to_csv(tmp_path / "bare.csv", index=False)
    with pytest.raises(SourceError, match="keeps images without a class: 8"):
        curate.torch_dataset(tmp_path / "bare.csv")
    table.assign(action="pending").to_csv(tmp_path / "open.csv", index=False)
    with pytest.raises(UndecidedError):
        curate.torch_dataset(tmp_path / "open.csv")
    table.assign(action="drop").to_csv(tmp_path / "none.csv", index=False)
    with pytest.raises(SourceError, match=r"keeps no image$"):
        curate.torch_dataset(tmp_path / "none.csv")


def test_an_image_that_is_gone_is_an_error_that_names_it(approved: Path, tmp_path: Path) -> None:
    table = pd.read_csv(approved, dtype=object)
    moved = shutil.copytree(approved.parent / "src", tmp_path / "src")
    table.assign(source=str(moved)).to_csv(tmp_path / "m.csv", index=False)
    images = curate.torch_dataset(tmp_path / "m.csv")
    (moved / "test" / "cats" / "000.jpg").unlink()
    with pytest.raises(SourceError, match=r"test/cats/000\.jpg: The file cannot be read"):
        images[0]
    (moved / "test" / "cats" / "test.jpg").write_bytes(b"")
    with pytest.raises(SourceError, match=r"test/cats/test\.jpg: "):
        images[1]


def test_an_image_that_has_changed_is_not_taken_for_the_one_in_the_manifest(approved: Path, tmp_path: Path) -> None:
    table = pd.read_csv(approved, dtype=object)
    moved = shutil.copytree(approved.parent / "src", tmp_path / "src")
    table.assign(source=str(moved)).to_csv(tmp_path / "m.csv", index=False)
    shutil.copy(moved / "test" / "dogs" / "000.jpg", moved / "test" / "cats" / "000.jpg")
    with pytest.raises(SourceError, match=r"cats/000\.jpg: The file has changed since its hash was taken\. Run"):
        curate.torch_dataset(tmp_path / "m.csv")[0]
