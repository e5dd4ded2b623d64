"""Splits that a file says: which are none, and what is told where a folder says another."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.sources.columns import column_of_splits, split_names
from tests.sources.test_annotations import JPEG, folder, listed, notes, sample, task, where, write


@pytest.mark.parametrize("form", ["fiftyone", "label-studio"])
def test_classes_called_as_splits_are_no_splits_where_annotations_have_a_place_for_these(
    tmp_path: Path, form: str
) -> None:
    files = folder(tmp_path / "set", "data/train/a.jpg", "data/test/b.jpg")
    found = {"data/train/a.jpg": "train", "data/test/b.jpg": "test"}
    if form == "fiftyone":
        write(files / "samples.json", {"samples": [sample(name, found[name], split=None) for name in found]})
    else:
        write(files / "tasks.json", [task(name, [found[name]], split=None) for name in found])
    assert where(listed(files)) == {name: (None, label) for name, label in found.items()}


@pytest.mark.parametrize(
    ("column", "of_train", "split", "is_noted"),
    [
        pytest.param("fold", "0", "train", False, id="a number says no split"),
        pytest.param("set", "sony", "train", False, id="nor does a set of cameras"),
        pytest.param("set", "train", "train", False, id="agreement"),
        pytest.param("set", "test", "test", True, id="a set that is a split"),
        pytest.param("split", "test", "test", True, id="a split"),
        pytest.param("split", "fold 3", "fold 3", True, id="a split of another name"),
    ],
)
def test_a_table_and_a_folder_that_disagree_about_a_split_are_told(
    tmp_path: Path, column: str, of_train: str, split: str, *, is_noted: bool
) -> None:
    root = folder(tmp_path / "set", "train/cat/a.jpg", "test/cat/b.jpg")
    (root / "metadata.csv").write_text(f"file_name,{column}\ntrain/cat/a.jpg,{of_train}\n")
    listing = listed(root)
    assert where(listing) == {"train/cat/a.jpg": (split, "cat"), "test/cat/b.jpg": ("test", "cat")}
    said = f"metadata.csv says another (train/cat/a.jpg: train and {split}); it counts as {split}."
    assert [note.partition("but ")[2] for note in notes(listing)] == ([said] if is_noted else [])
    assert (column in listing.columns) == (of_train in ("0", "sony"))


def test_annotations_and_a_folder_that_disagree_about_a_split_are_told(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "train/cat/a.jpg", "test/cat/b.jpg")
    write(root / "samples.json", {"samples": [sample("train/cat/a.jpg", "cat", split="val")]})
    assert "(train/cat/a.jpg: train and val); it counts as val." in notes(listed(root))[0]


def test_a_number_that_pandas_has_made_a_fraction_is_the_split_that_it_was(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "a.jpg", "b.jpg")
    (root / "list.csv").write_text("path,label,split\na.jpg,cat,1.0\nb.jpg,cat,\n")
    assert where(listed(root / "list.csv")) == {"a.jpg": ("1", "cat"), "b.jpg": (None, "cat")}


FOLDS = [str(number) for number in range(5)]


def with_column(root: Path, form: str, column: str, values: list[str]) -> Path:
    """Write a dataset whose images have one more column, in a form of source."""
    names = [f"{number}.jpg" for number in range(len(values))]
    if form == "parquet":
        table = {"image": pa.array([{"bytes": JPEG, "path": None}] * len(names)), "label": ["cat"] * len(names)}
        root.mkdir()
        cells = list(map(int, values)) if "".join(values).isdigit() else values
        pq.write_table(pa.table({**table, column: cells}), root / "a.parquet")
        return root
    folder(root, *names)
    rows = "".join(f"{name},cat,{value}\n" for name, value in zip(names, values, strict=True))
    if form == "list":
        (root / "list.csv").write_text(f"path,label,{column}\n{rows}")
        return root / "list.csv"
    if form == "metadata":
        (root / "metadata.csv").write_text(f"file_name,label,{column}\n{rows}")
    elif form == "fiftyone":
        cells = zip(names, values, strict=True)
        write(root / "samples.json", {"samples": [{**sample(name, "cat"), column: value} for name, value in cells]})
    else:
        cells = zip(names, values, strict=True)
        write(root / "tasks.json", [task(name, ["cat"], **{column: value}) for name, value in cells])
    return root


@pytest.mark.parametrize("form", ["list", "metadata", "parquet", "fiftyone", "label-studio"])
@pytest.mark.parametrize(
    ("column", "values", "splits"),
    [
        pytest.param("fold", FOLDS, [None] * 5, id="folds of a cross-validation"),
        pytest.param("Set", ["sony", "canon"], [None] * 2, id="a set of cameras"),
        pytest.param("fold", ["0", "holdout", "test "], ["0", "holdout", "test"], id="one value is a split"),
        pytest.param("split", FOLDS, FOLDS, id="the column is called split"),
    ],
)
def test_one_rule_says_in_every_form_whether_a_column_holds_splits(
    tmp_path: Path, form: str, column: str, values: list[str], splits: list[str | None]
) -> None:
    listing = listed(with_column(tmp_path / "set", form, column, values))
    assert [record.split for record in listing.records] == splits
    has_columns = form in ("list", "metadata", "parquet")
    further = {column: values} if has_columns and splits[0] is None else {}
    assert {name: list(cells.values()) for name, cells in listing.columns.items()} == further


def test_a_column_of_splits_is_found_behind_one_that_only_could_be_of_some(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", "a.jpg", "b.jpg")
    (root / "list.csv").write_text("path,subset,fold\na.jpg,sony,train\nb.jpg,canon,test\n")
    assert [record.split for record in listed(root / "list.csv").records] == ["train", "test"]


def test_folds_within_the_file_of_a_split_are_a_column_like_others(tmp_path: Path) -> None:
    with_column(tmp_path / "set", "parquet", "fold", FOLDS).joinpath("a.parquet").rename(tmp_path / "train.parquet")
    listing = listed(tmp_path / "train.parquet")
    assert {record.split for record in listing.records} == {"train"}
    assert list(listing.columns["fold"].values()) == FOLDS


@pytest.mark.parametrize("first", ["a", "b"])
def test_what_says_splits_in_the_metadata_of_one_folder_says_them_in_that_of_another(
    first: str, tmp_path: Path
) -> None:
    folder(tmp_path, "a/1.jpg", "b/1.jpg")
    for name in "ab":
        value = "train" if name == first else "holdout"
        (tmp_path / name / "metadata.csv").write_text(f"file_name,label,set\n1.jpg,cat,{value}\n")
    listing = listed(tmp_path)
    assert {record.path[0]: record.split for record in listing.records} == {
        name: "train" if name == first else "holdout" for name in "ab"
    }
    assert "set" not in listing.columns


def test_a_column_called_split_leaves_the_others_of_its_file_what_they_are_and_they_come_in_their_order() -> None:
    cells = {"split": ["1"], "set": ["train"], "fold": ["test"], "usage": ["val"]}
    assert split_names([(["split", "set"], cells.__getitem__)]) == {"split"}
    found = split_names([(["fold", "usage"], cells.__getitem__), (["set"], lambda _: ["2"])])
    assert found == {"split", "fold", "usage"}
    assert column_of_splits(["set", "fold", "usage"], found) == "usage"
    assert column_of_splits(["set", "Fold "], found) == "Fold "
    assert column_of_splits(["set"], found) is None
