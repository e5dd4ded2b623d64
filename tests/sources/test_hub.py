"""Parquet files of images as the Hugging Face Hub keeps them: classes, splits, names, and rows of every sort."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import curate
from curate.errors import SourceError
from curate.sources import Listing, open_source, parquet, source_at
from curate.sources.hub import split_of
from tests import sample_images
from tests.sources.hub_files import IMAGE, hub_parquet

JPEG = [sample_images.encode(sample_images.photo(index, 40, 30)) for index in range(8)]
PNG = sample_images.encode(sample_images.photo(9, 40, 30), "PNG")


def image(data: bytes | None, path: str | None = None) -> dict[str, Any]:
    return {"bytes": data, "path": path}


def listed(source: Path, *exclude: str) -> Listing:
    return open_source(source, None, exclude).list()


def where(listing: Listing) -> dict[str, tuple[str | None, str | None]]:
    return {record.path: (record.split, record.label) for record in listing.records}


def notes(listing: Listing) -> list[str]:
    return [str(note) for note in listing.notes]


def test_files_of_a_dataset_give_classes_by_name_and_splits_by_file(tmp_path: Path) -> None:
    data = tmp_path / "set" / "data"
    hub_parquet(
        data / "train-00000-of-00002.parquet", [image(JPEG[0], "a.jpg"), image(JPEG[1])], [1, 0], ["sad", "joy"]
    )
    hub_parquet(data / "train-00001-of-00002.parquet", [image(PNG)], [0], ["sad", "joy"])
    hub_parquet(data / "validation-00000-of-00001.parquet", [image(JPEG[2], "x/b.jpg")], [None], ["sad", "joy"])
    hub_parquet(data / "extra-00000-of-00001.parquet", [image(JPEG[3], "c")], [-1], ["sad", "joy"])
    listing = listed(tmp_path / "set")
    assert where(listing) == {
        "data/extra-00000-of-00001.parquet/000000/c": ("extra", None),
        "data/train-00000-of-00002.parquet/000000/a.jpg": ("train", "joy"),
        "data/train-00000-of-00002.parquet/000001.jpg": ("train", "sad"),
        "data/train-00001-of-00002.parquet/000000.png": ("train", "sad"),
        "data/validation-00000-of-00001.parquet/000000/x/b.jpg": ("val", None),
    }
    assert notes(listing) == []
    source = source_at(listing.root)
    assert [source.read(record.path) for record in listing.records] == [JPEG[3], JPEG[0], JPEG[1], PNG, JPEG[2]]
    assert [record.size_bytes for record in listing.records] == [
        len(JPEG[3]),
        len(JPEG[0]),
        len(JPEG[1]),
        len(PNG),
        len(JPEG[2]),
    ]


@pytest.mark.parametrize(
    ("file", "split"),
    [
        ("data/train-00000-of-00001.parquet", "train"),
        ("validation-00000-of-00001.parquet", "val"),
        ("test2-00000-of-00001.parquet", "test2"),
        ("test/data-00000-of-00001.parquet", "test"),
        ("default/train/0000.parquet", "train"),
        ("data/data-00000-of-00001.parquet", None),
        ("default-00000-of-00001.parquet", None),
        ("train.parquet", "train"),
        ("faces.parquet", None),
        ("trainer-0.parquet", None),
    ],
)
def test_the_name_of_a_file_says_its_split(file: str, split: str | None) -> None:
    assert split_of(file) == split


def test_a_file_alone_is_a_source_and_its_audit_finds_the_images_whole(tmp_path: Path) -> None:
    images = [image(data) for data in JPEG]
    file = hub_parquet(tmp_path / "faces.parquet", images, ["a"] * 4 + ["b"] * 4)
    audit = curate.audit(file, tmp_path / "ws")
    assert set(audit.images["status"]) == {"ok"}
    assert audit.images["label"].value_counts().to_dict() == {"a": 4, "b": 4}
    assert audit.images["split"].isna().all()
    assert curate.audit(file, tmp_path / "ws").measured == 0


@pytest.mark.parametrize(("number", "group"), [(0, 3), (7, 3), (40, 7), (99, 100), (50, 1)])
def test_a_row_is_read_by_its_number_in_any_order(tmp_path: Path, number: int, group: int) -> None:
    contents = [b"image %d" % index for index in range(100)]
    file = hub_parquet(tmp_path / "x.parquet", [image(data) for data in contents], None, row_group_size=group)
    for row in (number, 99 - number, number):
        assert parquet.read(str(file), f"{row:06}.jpg", 100) == contents[row]
    assert parquet.read(str(file), "000000.jpg", len(contents[0]) - 1) is None
    assert parquet.has(str(file), "000099/a.jpg")
    assert not parquet.has(str(file), "000100/a.jpg")
    with pytest.raises(OSError, match="no row 100"):
        parquet.read(str(file), "000100/a.jpg", 100)


def test_a_file_that_is_written_anew_is_read_anew(tmp_path: Path) -> None:
    file = hub_parquet(tmp_path / "x.parquet", [image(b"before")], None)
    assert source_at(tmp_path).read("x.parquet/000000") == b"before"
    hub_parquet(file, [image(b"after")], None)
    assert source_at(tmp_path).read("x.parquet/000000") == b"after"


def test_a_row_without_bytes_is_the_file_that_it_names_or_a_row_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "set" / "img").mkdir(parents=True)
    (tmp_path / "set" / "img" / "a.jpg").write_bytes(JPEG[0])
    (tmp_path / "set" / "img" / "unnamed.jpg").write_bytes(JPEG[5])
    (tmp_path / "outside.jpg").write_bytes(JPEG[1])
    rows = [image(None, "img/a.jpg"), image(None, "img/gone.jpg"), image(None, "../outside.jpg"), None, image(JPEG[2])]
    hub_parquet(tmp_path / "set" / "x.parquet", [*rows, image(b"")], ["a"] * 6)
    audit = curate.audit(tmp_path / "set", tmp_path / "ws")
    assert dict(zip(audit.images["path"], audit.images["status"], strict=True)) == {
        "img/a.jpg": "ok",
        "x.parquet/000001/img/gone.jpg": "error",
        "x.parquet/000002/outside.jpg": "error",
        "x.parquet/000003": "error",
        "x.parquet/000004.jpg": "ok",
        "x.parquet/000005": "error",
    }
    assert set(audit.images["label"]) == {"a"}
    errors = audit.images.set_index("path")["error"]
    assert "holds no bytes" in errors["x.parquet/000003"]
    assert dict(audit.skipped.itertuples(index=False, name=None)) == {
        "img/unnamed.jpg": "no row of the Parquet files names it"
    }


def test_files_that_hold_paths_alone_and_no_image_that_is_there_are_one_line(tmp_path: Path) -> None:
    file = hub_parquet(tmp_path / "x.parquet", [image(None, "/elsewhere/a.jpg"), image(None, "b.jpg")], ["a", "b"])
    with pytest.raises(SourceError, match=r"name images, such as /elsewhere/a.jpg, and hold none.*with their bytes"):
        listed(file)


def test_names_that_climb_or_repeat_stay_apart_below_their_row(tmp_path: Path) -> None:
    names = ["../../etc/a.jpg", "/root/.cache/a.jpg", "C:\\pics\\a.jpg", "a.jpg", "a.jpg", "..", "s3://b/a.jpg"]
    file = hub_parquet(
        tmp_path / "x.parquet", [image(data, name) for data, name in zip(JPEG, names, strict=False)], None
    )
    assert [record.path for record in listed(file).records] == [
        "x.parquet/000000/a.jpg",
        "x.parquet/000001/a.jpg",
        "x.parquet/000002/C:/pics/a.jpg",
        "x.parquet/000003/a.jpg",
        "x.parquet/000004/a.jpg",
        "x.parquet/000005.jpg",
        "x.parquet/000006/a.jpg",
    ]


def test_a_class_number_without_a_name_is_no_class_and_told(tmp_path: Path) -> None:
    file = hub_parquet(tmp_path / "x.parquet", [image(data) for data in JPEG[:4]], [0, 2, 7, 1], ["a/b", "c"])
    listing = listed(file)
    assert [record.label for record in listing.records] == ["a/b", None, None, "c"]
    told = (
        "2 images in x.parquet have a class number that names none of the 2 classes (such as 2); they count as having"
    )
    assert notes(listing) == [f"{told} no class."]


def test_lists_of_classes_are_read_where_they_hold_one(tmp_path: Path) -> None:
    file = hub_parquet(tmp_path / "x.parquet", [image(data) for data in JPEG[:3]], [["a"], ["a", "b"], []])
    listing = listed(file)
    assert [record.label for record in listing.records] == ["a", None, None]
    assert notes(listing) == [
        "1 image in x.parquet is given several classes; one is read of each image, so it counts as having none."
    ]


@pytest.mark.parametrize(
    ("labels", "classes"), [([3, 4], ["3", "4"]), (["x", ""], ["x", None]), ([1.0, None], ["1", None])]
)
def test_classes_without_names_are_what_they_are(tmp_path: Path, labels: list[Any], classes: list[Any]) -> None:
    file = hub_parquet(tmp_path / "x.parquet", [image(JPEG[0]), image(JPEG[1])], labels)
    assert [record.label for record in listed(file).records] == classes


def test_a_column_of_bytes_called_image_holds_images_too(tmp_path: Path) -> None:
    pq.write_table(pa.table({"img": pa.array([JPEG[0]], pa.large_binary()), "class": ["a"]}), tmp_path / "x.parquet")
    listing = listed(tmp_path / "x.parquet")
    assert where(listing) == {"x.parquet/000000.jpg": (None, "a")}
    assert source_at(tmp_path).read("x.parquet/000000.jpg") == JPEG[0]


def test_a_column_of_splits_says_more_than_the_name_of_the_file(tmp_path: Path) -> None:
    columns = {"image": pa.array([image(data) for data in JPEG[:3]], IMAGE), "split": ["Test", None, "fold 3"]}
    pq.write_table(pa.table(columns), tmp_path / "train.parquet")
    assert [record.split for record in listed(tmp_path / "train.parquet").records] == ["test", None, "fold 3"]


def test_a_column_that_the_hub_calls_an_image_is_one_whatever_its_name(tmp_path: Path) -> None:
    features = {"scan": {"_type": "Image"}, "mask": {"_type": "Value", "dtype": "binary"}}
    table = pa.table({"mask": [b"x"], "scan": [JPEG[0]]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, tmp_path / "x.parquet")
    listed(tmp_path / "x.parquet")
    assert source_at(tmp_path).read("x.parquet/000000.jpg") == JPEG[0]


def test_a_structure_that_holds_no_bytes_of_that_name_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG[0])
    extra = pa.array([{"bytes": "text", "thumb": b"x"}])
    pq.write_table(pa.table({"path": ["a.jpg"], "extra": extra}), tmp_path / "list.parquet")
    assert where(listed(tmp_path / "list.parquet")) == {"a.jpg": (None, None)}


def test_a_list_of_paths_in_parquet_stays_a_list(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG[0])
    pq.write_table(pa.table({"path": ["a.jpg"], "label": ["a"]}), tmp_path / "list.parquet")
    assert where(listed(tmp_path / "list.parquet")) == {"a.jpg": (None, "a")}


def test_a_damaged_file_is_one_line_alone_and_among_others(tmp_path: Path) -> None:
    good = hub_parquet(tmp_path / "set" / "train-00000-of-00002.parquet", [image(JPEG[0])], ["a"])
    bad = good.with_name("train-00001-of-00002.parquet")
    bad.write_bytes(good.read_bytes()[:-20])
    for source in (tmp_path / "set", bad):
        with pytest.raises(SourceError, match=r"train-00001-of-00002.parquet is damaged.*fetch it again") as caught:
            listed(source)
        assert "\n" not in str(caught.value)
    assert len(listed(tmp_path / "set", bad.name).records) == 1


def test_damage_within_a_file_is_one_line(tmp_path: Path) -> None:
    file = hub_parquet(tmp_path / "x.parquet", [image(data) for data in JPEG], None, compression="snappy")
    data = bytearray(file.read_bytes())
    data[40:4000] = bytes(3960)
    file.write_bytes(data)
    with pytest.raises(SourceError, match="damaged"):
        listed(file)


def test_a_name_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    file = hub_parquet(tmp_path / "x.parquet", [image(JPEG[0], "name.jpg")], None, compression="none")
    file.write_bytes(file.read_bytes().replace(b"name.jpg", b"nam\xe9.jpg"))
    with pytest.raises(SourceError, match=r"x.parquet is damaged"):
        listed(file)


def test_an_empty_file_holds_no_images(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no images"):
        listed(hub_parquet(tmp_path / "x.parquet", [], None))


@pytest.mark.parametrize("columns", [["image", "image"], ["left", "right"]])
def test_columns_that_could_all_be_meant_are_named(tmp_path: Path, columns: list[str]) -> None:
    labels = ["fine", "coarse"] if columns[0] == columns[1] else ["label"]
    features = {name: {"names": ["a"], "_type": "ClassLabel"} for name in labels}
    arrays: dict[str, Any] = {name: pa.array([image(JPEG[0])], type=IMAGE) for name in columns}
    arrays |= {name: pa.array([0]) for name in labels}
    table = pa.table(arrays).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(SourceError, match=r"several columns of (classes \(fine, coarse|images \(left, right)"):
        listed(tmp_path / "x.parquet")


def test_parts_of_different_datasets_are_not_read_as_one(tmp_path: Path) -> None:
    hub_parquet(tmp_path / "fine" / "train-00000-of-00001.parquet", [image(JPEG[0])], [0], ["cat"])
    hub_parquet(tmp_path / "coarse" / "train-00000-of-00001.parquet", [image(JPEG[0])], [0], ["animal"])
    with pytest.raises(SourceError, match="name different classes"):
        listed(tmp_path)


def test_what_is_audited_in_parquet_is_exported_as_a_folder(tmp_path: Path) -> None:
    data = [image(JPEG[0], "a.jpg"), image(JPEG[1], "a.jpg"), image(JPEG[2])]
    hub_parquet(tmp_path / "set" / "test-00000-of-00001.parquet", data, [0, 1, 1], ["cat", "dog"])
    curate.audit(tmp_path / "set", tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="keep")
    exported = curate.export(tmp_path / "m.csv", tmp_path / "out")
    assert sorted(exported["exported_path"]) == ["test/cat/a.jpg", "test/dog/000002.jpg", "test/dog/a.jpg"]
    assert (tmp_path / "out" / "test" / "dog" / "a.jpg").read_bytes() == JPEG[1]


def test_further_columns_are_carried_but_prose_lists_images_and_the_class_again(tmp_path: Path) -> None:
    images = [{"bytes": sample_images.encode(sample_images.photo(index)), "path": f"{index}.jpg"} for index in range(3)]
    table = pa.table(
        {
            "image": pa.array(images, IMAGE),
            "mask": pa.array(images, IMAGE),
            "label": ["a", "b", "a"],
            "label_id": [0, 1, 0],
            "coarse_label": [0, 1, 0],
            "split": ["train"] * 3,
            "site": pa.array(["north", None, "south"]).dictionary_encode(),
            "dose": [1.5, 2.0, None],
            "flash": [True, False, True],
            "caption": ["short", "x" * 101, "short"],
            "boxes": [[1], [2], [3]],
        }
    )
    features = {"info": {"features": {"image": {"_type": "Image"}}}}
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(features)}), tmp_path / "data.parquet")
    listing = open_source(tmp_path).list()
    first, second, third = (record.path for record in listing.records)
    assert {name: dict(values) for name, values in listing.columns.items()} == {
        "site": {first: "north", third: "south"},
        "dose": {first: "1.5", second: "2"},
        "flash": {first: "True", second: "False", third: "True"},
    }


def test_a_column_of_parquet_that_gives_the_class_away_is_told(tmp_path: Path) -> None:
    photos = [sample_images.photo(index, 64, 48) for index in range(50)]
    images = [{"bytes": sample_images.encode(photo), "path": None} for photo in photos]
    columns = {"image": pa.array(images, IMAGE), "label": ["a", "b"] * 25, "camera": ["left", "right"] * 25}
    pq.write_table(pa.table(columns), tmp_path / "data.parquet")
    curate.audit(tmp_path / "data.parquet", tmp_path / "ws", engine="serial")
    (camera,) = [guess for guess in curate.status(tmp_path / "ws").spurious if guess.trait == "list.camera"]
    assert (camera.accuracy, camera.is_telling) == (1.0, True)


def test_a_row_that_names_its_image_as_if_in_a_tar_is_read(tmp_path: Path) -> None:
    """`datasets` keeps the path that an image had, and a class may be called so."""
    file = hub_parquet(tmp_path / "set.parquet", [image(JPEG[0], "photos.tar/1.jpg")], None)
    (record,) = listed(file).records
    assert source_at(tmp_path).read(record.path) == JPEG[0]


@pytest.mark.parametrize(
    ("cells", "splits", "further"),
    [
        pytest.param(("train", "holdout"), ["train", "holdout"], [], id="one file holds the name of a split"),
        pytest.param(("holdout", "train"), ["holdout", "train"], [], id="another does"),
        pytest.param(("1", "2"), [None, None], ["set"], id="none does"),
    ],
)
def test_what_says_splits_in_one_file_says_them_in_all(
    cells: tuple[str, str], splits: list[str | None], further: list[str], tmp_path: Path
) -> None:
    for number, cell in enumerate(cells):
        table = pa.table({"image": pa.array([image(JPEG[number])], type=IMAGE), "set": [cell]})
        pq.write_table(table, tmp_path / f"{number}.parquet")
    listing = listed(tmp_path)
    assert [record.split for record in listing.records] == splits
    assert list(listing.columns) == further


@pytest.mark.parametrize(("column", "file", "wanted"), [
    ("fold", "train-00000-of-00001.parquet", "train"),
    ("set", "test/0000.parquet", "test"),
    ("split", "train-00000-of-00001.parquet", "val"),
    ("fold", "images.parquet", "val"),
])  # fmt: skip
def test_folds_within_the_file_of_a_split_leave_it_its_split(
    column: str, file: str, wanted: str, tmp_path: Path
) -> None:
    table = pa.table({"image": pa.array([image(JPEG[0])], type=IMAGE), column: ["valid"]})
    (tmp_path / file).parent.mkdir(exist_ok=True)
    pq.write_table(table, tmp_path / file)
    assert [record.split for record in listed(tmp_path).records] == [wanted]
