"""Annotations in JSON: which image each of their names means, and the class that it is given."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.errors import SourceError
from curate.sources import Listing, open_source
from tests import sample_images

JPEG = sample_images.encode(sample_images.photo(1, 20, 20))


def folder(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(JPEG)
    return root


def write(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def listed(source: Path, *exclude: str) -> Listing:
    return open_source(source, None, exclude).list()


def where(listing: Listing) -> dict[str, tuple[str | None, str | None]]:
    return {record.path: (record.split, record.label) for record in listing.records}


def notes(listing: Listing) -> list[str]:
    return [str(note) for note in listing.notes]


def skipped(listing: Listing) -> dict[str, str]:
    return {item.path: item.reason for item in listing.skipped}


# FiftyOne


def test_class_numbers_of_a_column_with_a_gap_are_class_numbers_and_the_gap_is_none(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "data/a.jpg", "data/b.jpg", "data/c.jpg")
    write(root / "labels.json", {"classes": ["cat", "dog"], "labels": {"a": 1.0, "b": math.nan, "c": 0.5}})
    listing = listed(root)
    assert where(listing) == {"data/a.jpg": (None, "dog"), "data/b.jpg": (None, None), "data/c.jpg": (None, None)}
    assert notes(listing)[0].startswith("1 image in labels.json has a class number that names none of the 2 classes")


def test_a_fiftyone_classification_dataset_has_the_classes_that_labels_json_says(tmp_path: Path) -> None:
    root = folder(
        tmp_path / "set", "data/a.jpg", "data/b.png", "data/sub/c.jpg", "data/d.jpg", "data/e.jpg", "data/f.jpg"
    )
    labels = {"a": 1, "b": "cat", "sub/c": ["dog"], "d": None, "e": {"label": "dog", "confidence": 0.5}, "gone": 0}
    write(root / "labels.json", {"classes": ["cat", "dog"], "labels": labels})
    for source in (root, root / "labels.json"):
        listing = listed(source)
        expected = {
            "data/a.jpg": (None, "dog"),
            "data/b.png": (None, "cat"),
            "data/sub/c.jpg": (None, "dog"),
            "data/d.jpg": (None, None),
            "data/e.jpg": (None, "dog"),
            "data/gone": (None, "cat"),
        }
        if source == root:
            expected["data/f.jpg"] = (None, None)
            assert notes(listing) == [
                "1 image is not named by the annotations beside it, and counts as having no class."
            ]
            assert skipped(listing) == {"labels.json": "FiftyOne annotations: read for its labels"}
        prefix = "" if source == root else "data/"
        assert {path.removeprefix("data/"): told for path, told in where(listing).items()} == {
            path.removeprefix("data/"): told for path, told in expected.items()
        }, prefix


def test_class_numbers_out_of_range_and_several_classes_are_no_class_and_told(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "data/a.jpg", "data/b.jpg", "data/c.jpg")
    write(root / "labels.json", {"classes": ["cat"], "labels": {"a": 0, "b": 5, "c": ["cat", "dog"]}})
    listing = listed(root)
    assert [record.label for record in listing.records] == ["cat", None, None]
    assert notes(listing) == [
        "1 image in labels.json has a class number that names none of the 1 classes (5); it counts as having no class.",
        "1 image in labels.json is given several classes; one is read of each image, so it counts as having none.",
    ]


def test_names_as_windows_writes_them_mean_the_same_images(tmp_path: Path) -> None:
    root = folder(tmp_path / "coco", "images/a/1.jpg", "images/b/2.jpg")
    file = write(root / "instances.json", coco([r"a\1.jpg", r"b\2.jpg"], [(0, 1), (1, 2)]))
    assert [record.label for record in listed(root).records] == ["cat", "dog"]
    assert [record.label for record in listed(file).records] == ["cat", "dog"]
    root = folder(tmp_path / "fiftyone", "data/1.jpg", r"data/odd\2.jpg")
    write(root / "samples.json", {"samples": [sample(r"C:\Users\ana\data\1.jpg", "cat")]})
    assert where(listed(root)) == {"data/1.jpg": (None, "cat"), r"data/odd\2.jpg": (None, None)}


def test_a_name_without_ending_that_two_files_have_is_neither(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "data/a.jpg", "data/a.png", "data/b.jpg")
    write(root / "labels.json", {"classes": None, "labels": {"a": "cat", "b": "dog"}})
    assert where(listed(root)) == {
        "data/a": (None, "cat"),
        "data/a.jpg": (None, None),
        "data/a.png": (None, None),
        "data/b.jpg": (None, "dog"),
    }


def sample(path: str, label: str | None, *tags: str, **fields: Any) -> dict[str, Any]:
    field = {"_cls": "Classification", "label": label} if label else None
    return {"_id": {"$oid": "0"}, "filepath": path, "tags": list(tags), "ground_truth": field, **fields}


def test_a_fiftyone_dataset_has_the_classes_of_its_samples_and_the_splits_of_their_tags(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "data/a.jpg", "data/b.jpg", "data/c.jpg")
    guess = {"_cls": "Classification", "label": "dog"}
    size = {"_cls": "ImageMetadata", "width": 20}
    samples = [
        sample("data/a.jpg", "cat", "checked", "train", predictions=guess, metadata=size),
        sample("data/b.jpg", "dog", "validation"),
        sample("/somewhere/else/set/data/c.jpg", None),
    ]
    write(root / "samples.json", {"samples": samples})
    write(root / "metadata.json", {"name": "set"})
    listing = listed(root)
    assert where(listing)["data/a.jpg"] == ("train", "cat")
    assert where(listing)["data/b.jpg"] == ("val", "dog")
    assert curate.audit(root, tmp_path / "ws").images["label"].dropna().tolist() == ["cat", "dog"]


def test_a_field_of_several_classes_is_read_where_it_holds_one(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "data/a.jpg", "data/b.jpg")
    one, other = ({"_cls": "Classification", "label": label} for label in ("cat", "dog"))
    samples = [
        {"filepath": f"data/{name}.jpg", "what": {"_cls": "Classifications", "classifications": classes}}
        for name, classes in (("a", [one]), ("b", [one, other]))
    ]
    write(root / "samples.json", {"samples": samples})
    assert where(listed(root)) == {"data/a.jpg": (None, "cat"), "data/b.jpg": (None, None)}
    assert notes(listed(root))[0].startswith("1 image in samples.json is given several classes")


def test_annotations_of_each_split_lie_in_its_folder(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "train/data/a.jpg", "test/data/b.jpg")
    write(root / "train" / "samples.json", {"samples": [sample("data/a.jpg", "cat")]})
    write(root / "test" / "labels.json", {"classes": ["cat", "dog"], "labels": {"b": 1}})
    assert where(listed(root)) == {"train/data/a.jpg": ("train", "cat"), "test/data/b.jpg": ("test", "dog")}


def test_fields_that_could_all_be_the_class_are_named(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "data/a.jpg")
    field = {"_cls": "Classification", "label": "a"}
    write(root / "samples.json", {"samples": [{"filepath": "data/a.jpg", "one": field, "two": field}]})
    with pytest.raises(SourceError, match=r"several fields of classes \(one, two\); rename"):
        listed(root)


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("labels.json", {"classes": ["a"], "labels": {"a": [{"label": 0, "bounding_box": [0, 0, 1, 1]}]}}),
        ("samples.json", {"samples": [{"filepath": "data/a.jpg", "ground_truth": {"_cls": "Detections"}}]}),
    ],
)
def test_fiftyone_datasets_of_objects_are_refused_with_the_way_out(tmp_path: Path, name: str, document: Any) -> None:
    root = folder(tmp_path / "set", "data/a.jpg")
    write(root / name, document)
    with pytest.raises(SourceError, match=r"FiftyOne dataset of objects.*to_patches"):
        listed(root)


# COCO


def coco(names: list[str], categories: list[tuple[int, int]], classes: tuple[str, ...] = ("cat", "dog")) -> Any:
    return {
        "images": [{"id": number, "file_name": name} for number, name in enumerate(names)],
        "annotations": [{"image_id": image, "category_id": category} for image, category in categories],
        "categories": [{"id": number, "name": name} for number, name in enumerate(classes, start=1)],
    }


@pytest.mark.parametrize(
    ("images", "file"),
    [
        pytest.param("images", "annotations/instances_train.json", id="as CVAT exports it"),
        pytest.param("train2017", "annotations/instances_train2017.json", id="as COCO itself lies"),
        pytest.param("train", "train/_annotations.coco.json", id="as Roboflow exports it"),
        pytest.param("data", "labels.json", id="as FiftyOne exports it"),
        pytest.param("images", "result.json", id="as Label Studio exports it"),
    ],
)
def test_coco_of_one_category_an_image_is_read_wherever_its_images_lie(tmp_path: Path, images: str, file: str) -> None:
    root = folder(tmp_path / "set", *(f"{images}/{name}.jpg" for name in "abcd"))
    write(root / file, coco([f"{name}.jpg" for name in "abcd"], [(0, 1), (0, 1), (1, 2), (2, 7)]))
    split = "train" if "train" in file else None
    listing = listed(root)
    assert where(listing) == {
        f"{images}/a.jpg": (split, "cat"),
        f"{images}/b.jpg": (split, "dog"),
        f"{images}/c.jpg": (split, None),
        f"{images}/d.jpg": (split, None),
    }
    assert len(notes(listing)) == 1
    assert notes(listing)[0].startswith(f"1 image in {file} has a class number that names none of the 2 classes (7)")
    assert {label for _, label in where(listed(root / file)).values()} == {"cat", "dog", None}


def test_coco_numbers_may_be_text_in_one_part_and_annotations_of_images_that_it_does_not_list_are_told(
    tmp_path: Path,
) -> None:
    document = coco(["a.jpg", "b.jpg"], [(0, 1), (1, 2), (8, 1), (9, 1)])
    for item in document["images"]:
        item["id"] = str(item["id"])
    for item in document["annotations"]:
        item["category_id"] = float(item["category_id"])
    listing = listed(write(folder(tmp_path / "set", "a.jpg", "b.jpg") / "instances.json", document))
    assert [record.label for record in listing.records] == ["cat", "dog"]
    assert notes(listing) == [
        "instances.json has annotations of 2 images (such as 8) that it does not list; they are left out."
    ]


def test_coco_of_several_categories_an_image_is_refused_with_the_way_out(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "images/a.jpg")
    write(root / "annotations" / "instances.json", coco(["a.jpg"], [(0, 1), (0, 2)]))
    with pytest.raises(SourceError, match=r"several categories in an image \(a.jpg: cat, dog\).*cut the objects out"):
        listed(root)


def test_captions_are_refused(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "images/a.jpg")
    write(root / "annotations" / "captions.json", {**coco(["a.jpg"], []), "categories": []})
    with pytest.raises(SourceError, match="COCO without categories"):
        listed(root)


def test_coco_that_names_nothing_that_is_there_is_one_line(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "images/a.jpg")
    write(root / "instances.json", coco(["x.jpg"], [(0, 1)]))
    with pytest.raises(SourceError, match=r"names no image that lies with it.*--exclude instances.json"):
        listed(root)
    assert where(listed(root, "instances.json")) == {"images/a.jpg": (None, "images")}


def test_parts_of_coco_whose_images_are_elsewhere_are_left_out_and_told(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "val2017/a.jpg")
    write(root / "annotations" / "instances_train2017.json", coco(["x.jpg"], [(0, 1)]))
    write(root / "annotations" / "instances_val2017.json", coco(["a.jpg"], [(0, 1)]))
    listing = listed(root)
    assert where(listing) == {"val2017/a.jpg": ("val", "cat")}
    assert skipped(listing)["annotations/instances_train2017.json"] == "none of the images that it names is here"


def test_names_that_climb_out_of_the_folder_are_skipped_with_the_reason(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "images/a.jpg")
    folder(tmp_path, "b.jpg")
    write(root / "images" / "_annotations.coco.json", coco(["a.jpg", "../../b.jpg"], [(0, 1), (1, 2)]))
    listing = listed(root)
    assert where(listing) == {"images/a.jpg": (None, "cat")}
    assert skipped(listing)["../b.jpg"] == "annotations name a file outside the folder"


def test_two_annotations_that_disagree_are_told(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "images/a.jpg")
    write(root / "one.json", coco(["a.jpg"], [(0, 1)]))
    write(root / "two.json", coco(["a.jpg"], [(0, 2)]))
    listing = listed(root)
    assert where(listing) == {"images/a.jpg": (None, "cat")}
    assert skipped(listing)["images/a.jpg"] == "annotations give it two classes; the first counts"


# Label Studio


def task(image: str, *choices: list[str], **more: Any) -> dict[str, Any]:
    answers = [
        {"result": [{"from_name": "choice", "to_name": "image", "type": "choices", "value": {"choices": answer}}]}
        for answer in choices
    ]
    return {"id": 1, "data": {"image": image, **more}, "annotations": answers}


def test_label_studio_tasks_have_the_class_that_was_chosen(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", *(f"photos/{name}.jpg" for name in ("a", "b", "c", "d", "e f")))
    served = "/data/local-files/?d=work/set/photos/"
    skipped_answer = {**task("", ["cat"])["annotations"][0], "was_cancelled": True}
    tasks = [
        task(served + "a.jpg", ["cat"], split="training"),
        task(served + "b.jpg", ["dog"], ["dog"]),
        task(served + "c.jpg", ["dog"], ["cat"]),
        {**task(served + "d.jpg"), "annotations": [skipped_answer]},
        task(served + "e%20f.jpg", label="bird"),
    ]
    write(root / "p.json", tasks)
    for source in (root, root / "p.json"):
        listing = listed(source)
        found = {Path(path).name: told for path, told in where(listing).items()}
        assert found == {
            "a.jpg": ("train", "cat"),
            "b.jpg": (None, "dog"),
            "c.jpg": (None, None),
            "d.jpg": (None, None),
            "e f.jpg": (None, "bird"),
        }
        assert notes(listing) == [
            "1 image in p.json is given several classes; one is read of each image, so it counts as having none."
        ]


@pytest.mark.parametrize("folders", ["upload/7", "media/upload/7", "images", ""])
def test_uploads_are_found_where_an_export_puts_them(tmp_path: Path, folders: str) -> None:
    root = folder(tmp_path / "set", str(Path(folders, "1a2b-x.jpg")), str(Path(folders, "3c4d-y.jpg")))
    rows = [
        {"id": 1, "image": "/data/upload/7/1a2b-x.jpg", "choice": "cat", "annotator": 1, "lead_time": 2.0},
        {"id": 2, "image": "/data/upload/7/3c4d-y.jpg", "choice": {"choices": ["dog"]}, "annotator": 1},
    ]
    write(root / "min.json", rows)
    assert {Path(path).name: label for path, (_, label) in where(listed(root)).items()} == {
        "1a2b-x.jpg": "cat",
        "3c4d-y.jpg": "dog",
    }


def test_an_image_of_the_same_name_in_another_folder_is_not_taken_for_it(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "x/1.jpg", "x/2.jpg", "y/1.jpg")
    write(
        root / "p.json",
        [task(f"/data/local-files/?d=set/{name}", ["cat"]) for name in ("x/1.jpg", "x/2.jpg", "z/1.jpg")],
    )
    assert where(listed(root)) == {
        "x/1.jpg": (None, "cat"),
        "x/2.jpg": (None, "cat"),
        "y/1.jpg": (None, "y"),
        "z/1.jpg": (None, "cat"),
    }
    images = curate.audit(root, tmp_path / "ws").images.set_index("path")
    assert "cannot be opened" in images.loc["z/1.jpg", "error"]


def test_addresses_are_fetched_only_when_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "p.json", [task("https://example.org/a.jpg", ["cat"])])
    with pytest.raises(SourceError, match="--online"):
        listed(tmp_path / "p.json")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param([task("", ["a"]) | {"data": {"text": "hello"}}], "tasks without an image", id="texts"),
        pytest.param(
            [{"data": {"image": "a.jpg"}, "annotations": [{"result": [{"type": "rectanglelabels", "value": {}}]}]}],
            "of rectanglelabels, and of no choices", id="boxes",
        ),
        pytest.param(
            [{"data": {"image": "a.jpg"}, "annotations": [{"result": [
                {"from_name": name, "value": {"choices": ["a"]}} for name in ("who", "why")]}]}],
            r"several questions \(who, why\)", id="several questions",
        ),
        pytest.param({"a": 1}, "no annotations that curate knows", id="any other JSON"),
        pytest.param([], "no annotations that curate knows", id="nothing"),
        pytest.param({"samples": []}, "names no images", id="no samples"),
        pytest.param(coco(["gone.jpg"], []), "that do not lie with it", id="images elsewhere"),
        pytest.param({"labels": {"a": 1}, "classes": 7}, "do not lie with it", id="classes that are none"),
        pytest.param([{"data": {"image": "a"}, "annotations": [{"result": 3}]}], "not as its form has it", id="bent"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_as_annotations_is_one_line(tmp_path: Path, document: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        listed(write(tmp_path / "p.json", document))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe{", b"[" * 100_000])
def test_broken_json_is_one_line(tmp_path: Path, content: bytes) -> None:
    root = folder(tmp_path / "set", "data/a.jpg")
    (root / "labels.json").write_bytes(content)
    for source in (root, root / "labels.json"):
        with pytest.raises(SourceError, match="cannot be read as JSON"):
            listed(source)


def test_json_that_is_about_something_else_changes_nothing(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "cat/a.jpg", "dog/b.jpg")
    write(root / "config.json", {"labels": {"0": "cat"}})
    (root / "broken.json").write_bytes(b"{")
    write(root / "cat" / "a.json", {"labels": {"a": "dog"}})
    assert where(listed(root)) == {"cat/a.jpg": (None, "cat"), "dog/b.jpg": (None, "dog")}
