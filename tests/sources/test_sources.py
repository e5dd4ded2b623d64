"""Lists, image-folder metadata and tar shards: the same images give the same tables, wherever they lie."""

import csv
import datetime
import io
import json
import tarfile
import unicodedata
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import curate
from curate.errors import SourceError
from curate.reviewing.previews import preview
from curate.sources import Listing, address, open_source, source_at
from curate.sources.columns import DISAGREE
from curate.storage import safe_csv
from curate.storage.workspace import Workspace
from tests import sample_images


def listed(source: Path | str, tmp_path: Path) -> Listing:
    return open_source(source, tmp_path / "unpacked").list()


def test_further_columns_of_a_list_are_carried_as_text_but_what_is_missing_or_no_plain_value(tmp_path: Path) -> None:
    for index in range(3):
        sample_images.save(sample_images.photo(index), tmp_path / f"{index}.png")
    rows = {
        "path": ["0.png", "1.png", "2.png"],
        "class": ["a", "b", "a"],
        "dose": [1.5, float("nan"), 2.0],
        "site": ["north", None, " "],
        "boxes": [[1], [2], [3]],
        "taken": [datetime.date(2024, 1, day) for day in (1, 2, 3)],
    }
    pq.write_table(pa.table(rows), tmp_path / "list.parquet")
    listing = open_source(tmp_path / "list.parquet", exclude=["2.png"]).list()
    assert [record.path for record in listing.records] == ["0.png", "1.png"]
    assert {name: dict(values) for name, values in listing.columns.items()} == {
        "dose": {"0.png": "1.5", "2.png": "2"},
        "site": {"0.png": "north"},
        "taken": {"0.png": "2024-01-01", "1.png": "2024-01-02", "2.png": "2024-01-03"},
    }
    (tmp_path / "list.parquet").unlink()
    assert open_source(tmp_path).list().columns == {}


def where(listing: Listing) -> dict[str, tuple[str | None, str | None]]:
    return {record.path: (record.split, record.label) for record in listing.records}


def tar(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as packed:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            packed.addfile(entry, io.BytesIO(data))
    return path


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.mark.parametrize("name", ["list.csv", "list.tsv", "list.jsonl", "list.parquet"])
def test_a_list_names_images_labels_and_splits(tmp_path: Path, name: str) -> None:
    sample_images.dataset(tmp_path / "data", each=2)
    rows = [
        {"Path": "data/dogs/000.jpg", "Label": "dog, big", "Split": "Training"},
        {"Path": str(tmp_path / "data/cats/001.jpg"), "Label": "cat", "Split": "val"},
        {"Path": "data/cats/000.jpg", "Label": "", "Split": ""},
    ]
    listing = listed(write(tmp_path / name, rows), tmp_path)
    assert listing.root == str(tmp_path)
    assert where(listing) == {
        "data/cats/000.jpg": (None, None),
        "data/cats/001.jpg": ("val", "cat"),
        "data/dogs/000.jpg": ("train", "dog, big"),
    }


def test_a_list_may_lie_elsewhere_than_its_images(tmp_path: Path) -> None:
    sample_images.dataset(tmp_path / "data", each=1)
    (tmp_path / "lists").mkdir()
    rows = [{"file": "../data/cats/000.jpg", "class": "c"}, {"file": "../data/dogs/000.jpg", "class": "d"}]
    listing = listed(write(tmp_path / "lists" / "l.csv", rows), tmp_path)
    assert listing.root == str(tmp_path / "data")
    assert where(listing) == {"cats/000.jpg": (None, "c"), "dogs/000.jpg": (None, "d")}


@pytest.mark.parametrize("name", ["list.jsonl", "list.parquet"])
def test_a_class_that_is_not_a_number_is_missing_and_not_called_nan(tmp_path: Path, name: str) -> None:
    sample_images.dataset(tmp_path / "data", each=3, classes=("x",))
    labels = {"data/x/000.jpg": 7.0, "data/x/001.jpg": float("nan"), "data/x/002.jpg": None}
    table = pa.table({"path": list(labels), "label": pa.array(labels.values())})
    if name.endswith(".parquet"):
        pq.write_table(table, tmp_path / name)
    else:
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    assert [record.label for record in listed(tmp_path / name, tmp_path).records] == ["7", None, None]


def test_paths_as_windows_writes_them_name_the_same_images_in_lists_and_metadata(tmp_path: Path) -> None:
    sample_images.dataset(tmp_path / "data", each=1)
    sample_images.save(sample_images.photo(1), tmp_path / "data" / "odd\\name.jpg")
    rows = [{"file_name": "dogs\\000.jpg", "label": "d"}, {"file_name": "odd\\name.jpg", "label": "o"}]
    labels = {"dogs/000.jpg": "d", "odd\\name.jpg": "o"}
    records = listed(write(tmp_path / "data" / "list.csv", rows), tmp_path).records
    assert {record.path: record.label for record in records} == labels
    write(tmp_path / "data" / "metadata.csv", rows)
    found = {record.path: record.label for record in listed(tmp_path / "data", tmp_path).records}
    assert found == {"cats/000.jpg": "cats", **labels}


def test_paths_in_the_other_unicode_form_name_the_same_images_in_lists_and_metadata(tmp_path: Path) -> None:
    there, written = (unicodedata.normalize(form, "açaí/maçã.jpg") for form in ("NFD", "NFC"))
    both = [unicodedata.normalize(form, "é.jpg") for form in ("NFC", "NFD")]
    for number, name in enumerate((there, *both)):
        sample_images.save(sample_images.photo(number), tmp_path / "data" / name)
    rows = [{"file_name": written, "label": "apple"}, *({"file_name": name, "label": str(len(name))} for name in both)]
    labels = {there: "apple", both[0]: "5", both[1]: "6"}
    records = listed(write(tmp_path / "data" / "list.csv", rows), tmp_path).records
    assert {record.path: record.label for record in records} == labels
    write(tmp_path / "data" / "metadata.csv", rows)
    assert {record.path: record.label for record in listed(tmp_path / "data", tmp_path).records} == labels


def test_a_path_that_is_missing_is_an_empty_one_however_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "list.jsonl").write_text('{"path": NaN}\n{"path": null}\n{"path": "a.jpg"}\n')
    listing = listed(tmp_path / "list.jsonl", tmp_path)
    assert [record.path for record in listing.records] == ["a.jpg"]
    assert [(item.path, item.reason) for item in listing.skipped] == [
        ("row 1", "its path is empty"), ("row 2", "its path is empty")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("again", "disagrees"),
    [
        pytest.param({"label": "d", "split": "train"}, True, id="another class"),
        pytest.param({"label": "c", "split": "test"}, True, id="another split"),
        pytest.param({"label": "c", "split": "Training"}, False, id="the same"),
    ],
)
def test_where_rows_disagree_about_an_image_the_first_counts_and_it_is_told(
    tmp_path: Path, again: dict[str, str], *, disagrees: bool
) -> None:
    sample_images.dataset(tmp_path / "data", each=1, classes=("cats",))
    rows = [{"file_name": "cats/000.jpg", "label": "c", "split": "train"}, {"file_name": "cats/000.jpg", **again}]
    for_the_same = {"list.csv": ["the list names it twice; the first row counts"], "metadata.csv": []}
    for name, reasons in for_the_same.items():
        table = write(tmp_path / "data" / name, rows)
        listing = listed(table if name == "list.csv" else table.parent, tmp_path)
        assert where(listing) == {"cats/000.jpg": ("train", "c")}
        told = [item.reason for item in listing.skipped if item.path == "cats/000.jpg"]
        assert told == ([str(DISAGREE)] if disagrees else reasons)
        table.unlink()


def test_a_row_without_an_image_is_a_row_with_a_reason(tmp_path: Path) -> None:
    sample_images.dataset(tmp_path / "data", each=1)
    named = ("data/cats/000.jpg", "data/cats/gone.jpg", "", "data/cats/000.jpg")
    rows = [{"path": path, "label": "cats"} for path in named]
    audit = curate.audit(write(tmp_path / "list.csv", rows), tmp_path / "ws")
    assert dict(zip(audit.images["path"], audit.images["status"], strict=True)) == {
        "data/cats/000.jpg": "ok",
        "data/cats/gone.jpg": "error",
    }
    assert "cannot be opened" in str(audit.images["error"].dropna().iloc[0])
    assert dict(audit.skipped.itertuples(index=False, name=None)) == {
        "data/cats/000.jpg": "the list names it twice; the first row counts",
        "row 3": "its path is empty",
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param([{"colour": "red"}], "no column of paths", id="no column of paths"),
        pytest.param([{"path": "a.jpg"}, {"path": "memory://b.jpg"}], "--online", id="local paths and URLs"),
        pytest.param(
            [{"path": "a.jpg", "label": "a", "action": "Relabel", "final_label": "b"}],
            "is a manifest, which drops or relabels images.* curate export",
            id="a manifest",
        ),
    ],
)
def test_a_list_that_cannot_be_used_is_one_clear_line(tmp_path: Path, rows: list[dict[str, str]], message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        listed(write(tmp_path / "list.csv", rows), tmp_path)
    assert "\n" not in str(caught.value)


def test_images_that_a_list_gives_several_classes_have_none_and_are_told(tmp_path: Path) -> None:
    labels = (["cat"], ["cat", "dog"], ["dog", "dog"], [], "dog", None)
    rows = [{"path": f"{number}.png", "label": label} for number, label in enumerate(labels)]
    (tmp_path / "list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = listed(tmp_path / "list.jsonl", tmp_path)
    assert [record.label for record in found.records] == ["cat", None, "dog", None, "dog", None]
    assert [str(note) for note in found.notes] == [
        "1 image in list.jsonl is given several classes; one is read of each image, so it counts as having none."
    ]


def test_images_that_metadata_give_several_classes_have_none_and_are_told(tmp_path: Path) -> None:
    labels = (["cat", "dog"], ["cat"], "dog")
    for number, label in enumerate(labels):
        image = sample_images.save(sample_images.photo(number), tmp_path / "set" / "any" / f"{number}.jpg")
        with (image.parent / "metadata.jsonl").open("a") as file:
            file.write(json.dumps({"file_name": image.name, "label": label}) + "\n")
    found = listed(tmp_path / "set", tmp_path)
    assert [record.label for record in found.records] == [None, "cat", "dog"]
    assert [str(note) for note in found.notes] == [
        "1 image in metadata.jsonl is given several classes; one is read of each image, so it counts as having none."
    ]


def test_a_manifest_that_keeps_all_is_a_list_of_the_images_beside_it(tmp_path: Path) -> None:
    for name in ("-1/000.jpg", "@home/000.jpg"):
        sample_images.save(sample_images.photo(len(name)), tmp_path / "data" / name)
    curate.audit(tmp_path / "data", tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / "approved.csv", pending="keep")
    with pytest.raises(SourceError, match=r"is a manifest of images in .*data; write the list .* curate export"):
        listed(tmp_path / "approved.csv", tmp_path)
    table = safe_csv.read(tmp_path / "approved.csv")
    safe_csv.write(table, tmp_path / "data" / "approved.csv")
    found = listed(tmp_path / "data" / "approved.csv", tmp_path).records
    assert [(record.path, record.label) for record in found] == [("-1/000.jpg", "-1"), ("@home/000.jpg", "@home")]
    safe_csv.write(table.assign(final_label="other"), tmp_path / "data" / "approved.csv")
    with pytest.raises(SourceError, match="is a manifest, which drops or relabels images"):
        listed(tmp_path / "data" / "approved.csv", tmp_path)


@pytest.mark.parametrize("column", ["action", "final_label"])
def test_a_list_with_one_column_that_manifests_have_too_is_no_manifest(tmp_path: Path, column: str) -> None:
    """As of an action that an image shows: nothing in it is dropped or relabelled."""
    for name in ("a.png", "b.png"):
        sample_images.save(sample_images.photo(1), tmp_path / name)
    (tmp_path / "list.csv").write_text(f"path,label,{column}\na.png,cats,drop\nb.png,dogs,jump\n")
    found = open_source(tmp_path / "list.csv").list()
    assert [(record.path, record.label) for record in found.records] == [("a.png", "cats"), ("b.png", "dogs")]
    assert found.columns == {column: {"a.png": "drop", "b.png": "jump"}}


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl", "metadata.parquet"])
def test_image_folder_metadata_give_the_labels(tmp_path: Path, name: str) -> None:
    for split in ("train", "test"):
        sample_images.save(sample_images.photo(1), tmp_path / "set" / split / "1.jpg")
        sample_images.save(sample_images.photo(2), tmp_path / "set" / split / "deep" / "2.jpg")
        write(
            tmp_path / "set" / split / name,
            [{"file_name": "1.jpg", "label": "cat"}, {"file_name": "deep/2.jpg", "label": "dog"}],
        )
    listing = listed(tmp_path / "set", tmp_path)
    assert where(listing) == {
        "test/1.jpg": ("test", "cat"),
        "test/deep/2.jpg": ("test", "dog"),
        "train/1.jpg": ("train", "cat"),
        "train/deep/2.jpg": ("train", "dog"),
    }
    assert {item.reason for item in listing.skipped} == {"image-folder metadata: read for its labels"}


def test_metadata_without_labels_leave_those_of_the_folders(tmp_path: Path) -> None:
    sample_images.dataset(tmp_path / "set", each=1)
    write(tmp_path / "set" / "metadata.csv", [{"file_name": "cats/000.jpg", "text": "a cat"}])
    assert where(listed(tmp_path / "set", tmp_path)) == {
        "cats/000.jpg": (None, "cats"),
        "dogs/000.jpg": (None, "dogs"),
    }


def test_tar_shards_are_read_in_place_with_labels_of_every_form(tmp_path: Path) -> None:
    jpeg = sample_images.encode(sample_images.photo(1))
    tar(
        tmp_path / "shards" / "train-0000.tar",
        {
            "a/1.jpg": jpeg,
            "a/1.cls": b"cat\n",
            "2.seg.png": jpeg,
            "2.jpg": jpeg,
            "2.json": b'{"label": 3, "text": "x"}',
            "3.jpg": jpeg,
            "3.txt": b"dog",
            "folder/4.jpg": jpeg,
            "5.cls": b"cat",
        },
    )
    tar(tmp_path / "shards" / "test-0000.tar", {"1.jpg": jpeg, "1.cls": b"cat"})
    listing = listed(tmp_path / "shards", tmp_path)
    assert where(listing) == {
        "test-0000.tar/1.jpg": ("test", "cat"),
        "train-0000.tar/2.jpg": ("train", "3"),
        "train-0000.tar/2.seg.png": ("train", "3"),
        "train-0000.tar/3.jpg": ("train", "dog"),
        "train-0000.tar/a/1.jpg": ("train", "cat"),
        "train-0000.tar/folder/4.jpg": ("train", "folder"),
    }
    assert [item.path for item in listing.skipped] == ["train-0000.tar/5"]
    for record in listing.records:
        by_index = source_at(listing.root).read(record.path)
        assert (
            by_index == source_at(listing.root).read(record.path, offset=record.offset, size=record.size_bytes) == jpeg
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shards"], "nothing is unpacked"


def test_captions_are_not_classes(tmp_path: Path) -> None:
    jpeg = sample_images.encode(sample_images.photo(1))
    members = {}
    for index in range(30):
        members |= {f"{index}.jpg": jpeg, f"{index}.txt": f"an image of {index}".encode()}
    listing = listed(tar(tmp_path / "s.tar", members), tmp_path)
    assert {record.label for record in listing.records} == {None}


def test_a_compressed_tar_is_one_clear_line(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "s.tar", "w:gz") as packed:
        packed.addfile(tarfile.TarInfo("x.jpg"))
    with pytest.raises(SourceError, match="not compressed"):
        listed(tmp_path / "s.tar", tmp_path)


def test_a_folder_and_its_shard_are_audited_alike(tmp_path: Path) -> None:
    folder = sample_images.dataset(tmp_path / "set", each=4)
    (folder / "cats" / "cut.jpg").write_bytes(sample_images.encode(sample_images.photo(50))[:-900])
    (folder / "dogs" / "again.jpg").write_bytes((folder / "dogs" / "000.jpg").read_bytes())
    members = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.jpg"))}
    tar(tmp_path / "s.tar", members)
    plain = curate.audit(folder, tmp_path / "ws1")
    packed = curate.audit(tmp_path / "s.tar", tmp_path / "ws2")
    pd.testing.assert_frame_equal(
        packed.images.assign(path=packed.images["path"].str.removeprefix("s.tar/")), plain.images
    )
    assert sorted(packed.findings["kind"]) == sorted(plain.findings["kind"])
    assert curate.audit(tmp_path / "s.tar", tmp_path / "ws2").measured == 0
    workspace = Workspace(tmp_path / "ws2")
    row = packed.images.iloc[0]
    assert (
        preview(workspace, source_at(workspace.read_audit()["root"]), str(row["path"]), str(row["sha256"])) is not None
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("s3://bucket/a b", "s3://bucket/a b"),
        (Path("s3://bucket/a"), "s3://bucket/a"),
        ("S3://bucket", "s3://bucket"),
        ("folder/x.jpg", None),
        ("/abs/x:/y", None),
        ("C:/images", None),
    ],
)
def test_what_is_a_url(given: str | Path, expected: str | None) -> None:
    assert address.url(given) == expected
