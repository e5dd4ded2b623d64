"""Forms that are known by their look and not read: one line that names them and the way out; and what only looks so."""

from pathlib import Path

import pytest

from curate.errors import SourceError
from curate.sources import open_source
from tests.sources.test_annotations import folder, listed, where

BOX = b"0 0.5 0.5 0.1 0.1\n1 0.2 0.2 0.05 1e-2\n"
VOC = b"<annotation><object><name>cat</name></object></annotation>"


def put(root: Path, name: str, data: bytes) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(data)


@pytest.mark.parametrize(
    ("files", "named"),
    [
        pytest.param(
            {"JPEGImages/1.jpg": None, "Annotations/1.xml": VOC}, r"Annotations/1.xml is Pascal VOC", id="VOC"
        ),
        pytest.param({"images/train/1.jpg": None, "labels/train/1.txt": BOX}, "is YOLO detection", id="YOLO"),
        pytest.param(
            {"train/images/1.jpg": None, "train/labels/1.txt": BOX}, "is YOLO detection", id="Roboflow's YOLO"
        ),
        pytest.param(
            {"1.jpg": None, "2.jpg": None, "1.txt": b"", "2.txt": BOX}, "2.txt is YOLO detection", id="beside"
        ),
        pytest.param({"images/1.jpg": None, "annotations.xml": b"<annotations><image/>"}, "is CVAT", id="CVAT"),
        pytest.param({"train.tfrecord-00000-of-00002": b"x"}, "is TFRecord, which is not read", id="TFRecord"),
        pytest.param({"data.tfrecord": b"x"}, "is TFRecord", id="one TFRecord"),
        pytest.param({"data-00000-of-00001.arrow": b"x", "state.json": b"{}"}, r"to_parquet\(", id="Arrow"),
        pytest.param({"data.mdb": b"x", "lock.mdb": b"x"}, "is LMDB", id="LMDB"),
        pytest.param({"data_batch_1": b"x", "test_batch": b"x"}, "is CIFAR batches", id="CIFAR"),
        pytest.param({"train-images-idx3-ubyte": b"x"}, "is IDX", id="MNIST"),
        pytest.param({"x.h5": b"x"}, "is HDF5", id="HDF5"),
        pytest.param({"train.rec": b"x", "train.idx": b"x"}, "is MXNet RecordIO", id="RecordIO"),
        pytest.param({"x.beton": b"x"}, "is FFCV", id="FFCV"),
        pytest.param({"images.npz": b"x"}, "is NumPy arrays", id="NumPy"),
        pytest.param({"TRAIN.H5": b"x"}, "TRAIN.H5 is HDF5", id="a name in capitals"),
        pytest.param({"images/1.jpg": None, "Annotations.XML": b"<annotations>"}, "is CVAT", id="CVAT in capitals"),
    ],
)
def test_a_form_that_is_not_read_is_refused_by_name(tmp_path: Path, files: dict[str, bytes | None], named: str) -> None:
    for name, data in files.items():
        folder(tmp_path, name) if data is None else put(tmp_path, name, data)
    with pytest.raises(SourceError, match=named) as caught:
        listed(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"cat/1.txt": b"a cat on a mat"}, id="captions"),
        pytest.param({"cat/notes.txt": BOX}, id="numbers of another name"),
        pytest.param({"cat/1.txt": b"1 2 3\n"}, id="fewer numbers than a box has"),
        pytest.param({"cat/1.xml": b"<svg/>"}, id="other XML"),
        pytest.param({"annotations.xml": b"<html/>"}, id="XML of that name"),
        pytest.param({"cache.npy": b"x", "features.h5": b"x"}, id="arrays beside images"),
    ],
)
def test_what_only_looks_so_is_read_as_before(tmp_path: Path, files: dict[str, bytes]) -> None:
    folder(tmp_path, "cat/1.jpg", "dog/2.jpg")
    for name, data in files.items():
        put(tmp_path, name, data)
    assert where(listed(tmp_path)) == {"cat/1.jpg": (None, "cat"), "dog/2.jpg": (None, "dog")}


def test_arrays_beside_images_are_no_dataset_though_a_camera_named_these_in_capitals(tmp_path: Path) -> None:
    folder(tmp_path, "cat/DSC_1.JPG", "dog/DSC_2.JPG")
    put(tmp_path, "embeddings.npy", b"x")
    assert where(listed(tmp_path)) == {"cat/DSC_1.JPG": (None, "cat"), "dog/DSC_2.JPG": (None, "dog")}


def test_the_images_alone_are_read_where_the_rest_is_excluded(tmp_path: Path) -> None:
    folder(tmp_path, "JPEGImages/1.jpg")
    put(tmp_path, "Annotations/1.xml", VOC)
    assert where(listed(tmp_path, "*.xml")) == {"JPEGImages/1.jpg": (None, "JPEGImages")}


def test_forms_of_folders_that_need_no_reading_of_their_own(tmp_path: Path) -> None:
    folder(tmp_path / "yolo", "train/cat/1.jpg", "val/cat/2.jpg", "test/dog/3.jpg")
    put(tmp_path / "yolo", "data.yaml", b"names: [cat, dog]")
    assert where(listed(tmp_path / "yolo")) == {
        "test/dog/3.jpg": ("test", "dog"),
        "train/cat/1.jpg": ("train", "cat"),
        "val/cat/2.jpg": ("val", "cat"),
    }
    folder(tmp_path / "tree", "cat/1.jpg", "dog/2.jpg")
    assert where(open_source(tmp_path / "tree").list()) == {"cat/1.jpg": (None, "cat"), "dog/2.jpg": (None, "dog")}


@pytest.mark.parametrize(("with_boxes", "is_refused"), [(2, True), (1, False)])
def test_boxes_beside_half_of_the_images_are_what_the_dataset_is_about(
    tmp_path: Path, *, with_boxes: int, is_refused: bool
) -> None:
    folder(tmp_path, *(f"cat/{number}.jpg" for number in range(4)))
    for number in range(with_boxes):
        put(tmp_path, f"cat/{number}.txt", BOX)
    if is_refused:
        with pytest.raises(SourceError, match=r"is YOLO detection: .* --exclude '\*.txt'"):
            listed(tmp_path)
    else:
        assert len(where(listed(tmp_path))) == 4


@pytest.mark.parametrize("nothing", [b"", b"\n"])
def test_a_hundred_images_without_objects_before_the_first_box_hide_no_boxes(tmp_path: Path, nothing: bytes) -> None:
    folder(tmp_path, *(f"images/{number:03}.jpg" for number in range(121)))
    for number in range(120):
        put(tmp_path, f"labels/{number:03}.txt", nothing)
    put(tmp_path, "labels/120.txt", BOX)
    with pytest.raises(SourceError, match=r"labels/120.txt is YOLO detection"):
        listed(tmp_path)


@pytest.mark.parametrize(
    ("images", "files", "named"),
    [
        pytest.param("images/train/{}.jpg", {"labels/train/0.txt": BOX}, "is YOLO detection", id="Ultralytics"),
        pytest.param("train/images/{}.jpg", {"train/labels/0.txt": BOX}, "is YOLO detection", id="Roboflow"),
        pytest.param("all/{}.jpg", {"all/0.txt": BOX, "classes.txt": b"cat\n"}, "is YOLO detection", id="beside"),
        pytest.param("obj/{}.jpg", {"obj/0.txt": BOX, "obj.names": b"cat\n"}, "is YOLO detection", id="Darknet"),
        pytest.param("JPEGImages/{}.jpg", {"Annotations/0.xml": VOC}, "is Pascal VOC", id="VOC"),
    ],
)
def test_images_without_objects_have_no_file_of_boxes_and_are_most_of_some_datasets(
    tmp_path: Path, images: str, files: dict[str, bytes], named: str
) -> None:
    folder(tmp_path, *(images.format(number) for number in range(9)))
    for name, data in files.items():
        put(tmp_path, name, data)
    with pytest.raises(SourceError, match=named):
        listed(tmp_path)


def test_a_few_boxes_that_nothing_else_speaks_of_are_noted(tmp_path: Path) -> None:
    folder(tmp_path, *(f"{label}/{number}.jpg" for label in ("cat", "dog") for number in range(4)))
    put(tmp_path, "cat/0.txt", BOX)
    listing = open_source(tmp_path).list()
    assert {record.label for record in listing.records} == {"cat", "dog"}
    assert [str(note).partition(",")[0] for note in listing.notes] == ["cat/0.txt looks like YOLO detection"]


@pytest.mark.parametrize(
    ("images", "files"),
    [
        pytest.param("images/train/{}.jpg", ["labels/train/0.txt", "labels/train/1.txt"], id="Ultralytics"),
        pytest.param("train/images/{}.jpg", ["train/labels/0.txt"], id="Roboflow"),
        pytest.param("all/{}.jpg", ["all/0.txt", "all/1.txt", "classes.txt"], id="beside"),
    ],
)
def test_boxes_of_images_without_any_object_are_files_without_a_word(
    tmp_path: Path, images: str, files: list[str]
) -> None:
    folder(tmp_path, *(images.format(number) for number in range(2)))
    for name in files:
        put(tmp_path, name, b"cat\n" if name == "classes.txt" else b"")
    with pytest.raises(SourceError, match=r"0.txt is YOLO detection"):
        listed(tmp_path)
    assert len(where(listed(tmp_path, "*.txt"))) == 2


def test_empty_texts_beside_images_of_classes_are_no_boxes(tmp_path: Path) -> None:
    folder(tmp_path, "cat/1.jpg", "dog/2.jpg")
    put(tmp_path, "cat/1.txt", b"")
    put(tmp_path, "dog/2.txt", b" \n")
    assert where(listed(tmp_path)) == {"cat/1.jpg": (None, "cat"), "dog/2.jpg": (None, "dog")}


PATHS = ("images/cat/1.jpg", "images/cat/2.jpg", "images/dog/my dog.jpg", "images/dog/3.jpg")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("train.txt", "cat/1.jpg\ndog/3.jpg\n", id="paths"),
        pytest.param("meta/test.txt", "cat/1\r\ndog/my dog\r\n", id="without extensions, as Food-101"),
        pytest.param("labels/val1.txt", "./images/cat/2.jpg 0\n./images/dog/3.jpg 1\n", id="with classes, by number"),
        pytest.param("train_list.lst", "dog\\3.jpg\n", id="as Windows writes them"),
        pytest.param("Train.csv", 'image,label\n"1.jpg",cat\n3.jpg,dog\n', id="a table"),
        pytest.param("valid.txt", "cat/1.jpg\n" * 1000, id="longer than is looked at"),
    ],
)
def test_lists_of_splits_are_noted_since_no_image_has_a_split_then(tmp_path: Path, name: str, text: str) -> None:
    folder(tmp_path, *PATHS)
    put(tmp_path, name, text.encode())
    (note,) = listed(tmp_path).notes
    assert str(note).startswith(f"Splits seem to be listed in {name}; such files are not read")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("train.txt", "a text about the training\n", id="a text"),
        pytest.param("train.txt", "", id="empty"),
        pytest.param("classes.txt", "cat/1.jpg\n", id="another name"),
        pytest.param("train.md", "cat/1.jpg\n", id="another extension"),
    ],
)
def test_what_names_no_images_of_a_split_is_not_noted(tmp_path: Path, name: str, text: str) -> None:
    folder(tmp_path, *PATHS)
    put(tmp_path, name, text.encode())
    assert listed(tmp_path).notes == []


def test_lists_of_splits_beside_folders_of_splits_are_not_noted(tmp_path: Path) -> None:
    folder(tmp_path, "train/cat/1.jpg", "test/cat/2.jpg")
    put(tmp_path, "train.txt", b"cat/1.jpg\n")
    assert listed(tmp_path).notes == []
