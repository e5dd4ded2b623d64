"""Datasets given as objects of Python: written where they have no files of their own, named where they have."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

import curate
from curate.errors import SourceError
from tests import sample_images
from tests.sources.hub_files import IMAGE

JPEG = [sample_images.encode(sample_images.photo(index, 40, 30)) for index in range(4)]


@dataclass
class _Features:
    """The columns of a dataset, by name."""

    arrow_schema: pa.Schema

    def __iter__(self) -> Iterator[str]:
        yield from self.arrow_schema.names


@dataclass
class Dataset:
    """As much of `datasets.Dataset` as is asked of it: features, a choice of columns, Arrow tables by batches."""

    table: pa.Table

    @property
    def features(self) -> Any:
        return _Features(self.table.schema)

    def select_columns(self, names: list[str]) -> "Dataset":
        return Dataset(self.table.select(names))

    def with_format(self, name: str) -> "Dataset":
        assert name == "arrow"
        return self

    def iter(self, batch_size: int) -> Iterator[pa.Table]:
        yield from map(pa.Table.from_batches, ([batch] for batch in self.table.to_batches(batch_size)))

    def __len__(self) -> int:
        return int(self.table.num_rows)


def dataset(images: list[dict[str, Any]], labels: list[int]) -> Dataset:
    features = {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    table = pa.table({"image": pa.array(images, IMAGE), "label": pa.array(labels), "other": ["x"] * len(labels)})
    return Dataset(table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}))


def test_a_dataset_dict_is_written_once_with_the_splits_of_its_keys(tmp_path: Path) -> None:
    (tmp_path / "c.jpg").write_bytes(JPEG[2])
    train = [{"bytes": JPEG[0], "path": "a.jpg"}, {"bytes": JPEG[1], "path": None}]
    test = [{"bytes": None, "path": str(tmp_path / "c.jpg")}, {"bytes": None, "path": str(tmp_path / "gone.jpg")}]
    parts = {"train": dataset(train, [1, 0]), "validation": dataset(test, [0, 1])}
    audit = curate.audit(parts, tmp_path / "ws")
    rows = audit.images[["path", "split", "label", "status"]].itertuples(index=False, name=None)
    assert [tuple(row) for row in rows] == [
        ("train-00000-of-00001.parquet/000000/a.jpg", "train", "dog", "ok"),
        ("train-00000-of-00001.parquet/000001.jpg", "train", "cat", "ok"),
        ("validation-00000-of-00001.parquet/000000/c.jpg", "val", "cat", "ok"),
        ("validation-00000-of-00001.parquet/000001/gone.jpg", "val", "dog", "error"),
    ]
    assert curate.audit(parts, tmp_path / "ws").measured == 1  # the one that cannot be opened is tried again
    written = curate.status(tmp_path / "ws")
    assert written.progress is not None
    parts["train"] = dataset(train[:1], [1])
    assert len(curate.audit(parts, tmp_path / "ws").images) == 3
    assert len(list((tmp_path / "ws" / "given").iterdir())) == 1


def test_a_key_that_no_file_name_can_say_is_a_split_all_the_same(tmp_path: Path) -> None:
    keys = ["in-domain", "train-clean", "data", "a/b", "validation", "other"]
    audit = curate.audit({key: dataset([{"bytes": JPEG[0], "path": None}], [1]) for key in keys}, tmp_path / "ws")
    assert sorted(audit.images["split"]) == sorted(["in-domain", "train-clean", "data", "a/b", "val", "other"])
    assert curate.status(tmp_path / "ws").to_json()["notes"] == []


def test_a_dataset_alone_has_no_split_and_is_audited_again_from_where_it_was_written(tmp_path: Path) -> None:
    curate.audit(dataset([{"bytes": JPEG[0], "path": "a.jpg"}], [1]), tmp_path / "ws")
    (folder,) = (tmp_path / "ws" / "given").iterdir()
    audit = curate.audit(folder, tmp_path / "ws")
    assert audit.measured == 0
    assert audit.images[["split", "label"]].to_numpy().tolist() == [[None, "dog"]]


def image_folder(root: Path, *files: str) -> SimpleNamespace:
    classes = sorted({file.rpartition("/")[0] for file in files})
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(JPEG[0])
    samples = [(str(root / file), classes.index(file.rpartition("/")[0])) for file in files]
    return SimpleNamespace(root=str(root), classes=classes, samples=samples)


def test_an_image_folder_is_its_root(tmp_path: Path) -> None:
    given: Any = image_folder(tmp_path / "set", "cat/1.jpg", "dog/2.jpg")
    assert curate.audit(given, tmp_path / "ws").images["label"].tolist() == ["cat", "dog"]


def test_an_image_folder_whose_classes_are_splits_here_is_refused(tmp_path: Path) -> None:
    given: Any = image_folder(tmp_path / "set", "train/1.jpg", "test/2.jpg")
    with pytest.raises(SourceError, match="are not those of its folders"):
        curate.audit(given, tmp_path / "ws")


@pytest.mark.parametrize("given", [3, {}, {"train": 3}, ["a.jpg"], SimpleNamespace(features=None)])
def test_any_other_object_is_refused(tmp_path: Path, given: Any) -> None:
    with pytest.raises(SourceError, match="is no source of images"):
        curate.audit(given, tmp_path / "ws")


def test_a_dataset_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no column of images"):
        curate.audit(Dataset(pa.table({"text": ["a"]})), tmp_path / "ws")
