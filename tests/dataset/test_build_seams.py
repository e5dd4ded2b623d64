"""A built set between the audit and the training: nothing overwritten, splits and classes kept or said to be lost."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import curate
from curate.dataset import build
from curate.dataset.dedupe import Location
from curate.dataset.members import Member
from curate.dataset.recipe import BuildRecipe
from curate.errors import SourceError
from curate.storage import safe_csv
from tests import sample_images
from tests.dataset.handmade import DOCUMENTS, Row, looked_into_more_closely, manifest
from tests.dataset.test_build import handmade_set, plain, rows_of

HALVES = "[split]\ntrain = 0.5\ntest = 0.5\n"


def split_rows(each: int = 2) -> list[Row]:
    return [
        Row(f"{split}/{label}/{index}.png", label, split=split,
            data=sample_images.encode(sample_images.photo(100 * len(split) + 10 * len(label) + index, 40, 30), "PNG"))
        for split in ("train", "validation") for label in ("cat", "horse") for index in range(each)
    ]  # fmt: skip


def merged(folder: Path) -> Path:
    """Write one manifest of two sources that hold the same paths: other images, but for one."""
    tables = []
    for name in ("one", "two"):
        data = {path: content + (name.encode() if path != "cats/0.JPG" else b"")
                for path, content in handmade_set(folder).items()}  # fmt: skip
        tables.append(safe_csv.read(manifest(folder / name, *rows_of(data))))
    safe_csv.write(pd.concat(tables), folder / "m.csv")
    return folder / "m.csv"


def test_images_of_two_sources_with_the_same_names_all_survive(tmp_path: Path) -> None:
    built = curate.build(plain(tmp_path, HALVES), tmp_path / "set", manifest=merged(tmp_path))
    assert len(built.table) == 12
    assert built.table["path"].nunique() == 12
    for row in built.table.itertuples():
        assert (tmp_path / "set" / row.path).is_file()
    again = curate.build(plain(tmp_path, HALVES), tmp_path / "again", manifest=tmp_path / "m.csv")
    pd.testing.assert_frame_equal(built.table.drop(columns="source"), again.table.drop(columns="source"))
    exported = curate.export(tmp_path / "m.csv", tmp_path / "out")
    assert exported["exported_path"].nunique() == 12
    assert curate.verify(tmp_path / "out").checked == 12 + len(DOCUMENTS)


def test_names_are_told_apart_by_content_and_then_by_number() -> None:
    member = Member(location=Location("/src", "a/1.png"), label="a", origin="own", sha256="s")
    taken: set[str] = set()
    names = [build._free_name("train/a", member, ".png", taken) for _ in range(4)]
    assert len(set(names)) == 4
    assert len(taken) == 4
    assert names[0] == build._free_name("train/a", member, ".png", set())


def test_the_splits_of_the_dataset_are_kept_where_the_recipe_says_so(tmp_path: Path) -> None:
    path = manifest(tmp_path, *split_rows())
    for index in range(2):
        extra = sample_images.photo(900 + index, 40, 30)
        sample_images.save(extra, tmp_path / "more" / "test" / "cat" / f"{index}.png")
    recipe = plain(tmp_path, '[[extend]]\nsource = "more"\n[split]\nkeep = true\n')
    table = curate.build(recipe, tmp_path / "set", manifest=path).table
    own = table[table["origin"] == "own"]
    assert all(row.path.startswith(f"{row.split}/{row.label}/") for row in table.itertuples())
    assert dict(zip(own["origin_path"], own["split"], strict=True)) == {
        row.path: "val" if row.split == "validation" else row.split for row in split_rows()
    }
    assert set(table[table["origin"] == "more"]["split"]) == {"train"}
    assert "split as the dataset itself is" in (tmp_path / "set" / "CARD.md").read_text()
    images = curate.audit(tmp_path / "set", tmp_path / "ws").images
    assert Counter(images["split"]) == {"train": 6, "val": 4}


def test_splits_of_any_name_are_kept_by_folder_or_by_table(tmp_path: Path) -> None:
    rows = [row._replace(split="PublicTest" if row.split == "validation" else "Training") for row in split_rows()]
    table = curate.build(
        plain(tmp_path, "[split]\nkeep = true\n"), tmp_path / "set", manifest=manifest(tmp_path, *rows)
    ).table
    assert Counter(table["split"]) == {"train": 4, "PublicTest": 4}
    images = curate.audit(tmp_path / "set", tmp_path / "ws").images
    assert Counter(zip(images["label"], images["split"], strict=True)) == {
        ("cat", "train"): 2, ("horse", "train"): 2, ("cat", "PublicTest"): 2, ("horse", "PublicTest"): 2
    }  # fmt: skip


def test_a_set_that_folders_say_all_of_has_no_table(tmp_path: Path) -> None:
    curate.build(plain(tmp_path, HALVES), tmp_path / "set", manifest=manifest(tmp_path, *split_rows()))
    assert not list((tmp_path / "set").rglob("metadata.csv"))


def test_splits_that_are_given_up_and_copies_across_those_kept_are_told(tmp_path: Path) -> None:
    rows = split_rows()
    rows[0] = rows[0]._replace(data=rows[-1].data)
    path = manifest(tmp_path, *rows)
    said: list[str] = []
    curate.build(plain(tmp_path, HALVES), tmp_path / "drawn", manifest=path, say=said.append)
    assert any("drawn anew (images that have one: 8); split.keep = true" in line for line in said)
    said.clear()
    curate.build(plain(tmp_path, "[split]\nkeep = true\n"), tmp_path / "kept", manifest=path, say=said.append)
    assert "note: copies stand in several of the splits that were kept (groups: 1)" in said


def test_a_split_that_is_not_there_cannot_be_kept(tmp_path: Path) -> None:
    rows = split_rows()
    rows[3] = rows[3]._replace(split=None)
    with pytest.raises(SourceError, match=r"train/horse/1\.png has no split to keep"):
        curate.build(plain(tmp_path, "[split]\nkeep = true\n"), tmp_path / "set", manifest=manifest(tmp_path, *rows))


def test_no_note_is_made_of_splits_that_nobody_gave() -> None:
    member = Member(location=Location("/src", "1.png"), label="a", origin="own", sha256="s", group="g", split="train")
    assert build._split_notes([member], [member], BuildRecipe()) == []


def test_a_class_that_no_folder_can_be_called_by_keeps_its_name(tmp_path: Path) -> None:
    rows = [row._replace(final_label="T-shirt/top" if row.label == "cat" else None) for row in split_rows()]
    path = manifest(tmp_path, *rows)
    said: list[str] = []
    table = curate.build(plain(tmp_path, HALVES), tmp_path / "set", manifest=path, say=said.append).table
    assert set(table["label"]) == {"T-shirt/top", "horse"}
    assert all(path.split("/")[1] in ("T-shirt_top", "horse") for path in table["path"])
    tables = {path.relative_to(tmp_path / "set").as_posix() for path in (tmp_path / "set").rglob("metadata.csv")}
    assert tables == {"train/metadata.csv", "test/metadata.csv"}  # where Hugging Face looks for that of a split
    images = curate.audit(tmp_path / "set", tmp_path / "ws").images
    assert Counter(zip(images["label"], images["split"], strict=True)) == Counter(
        zip(table["label"], table["split"], strict=True)
    )


def test_classes_that_look_alike_are_told(tmp_path: Path) -> None:
    rows = [row._replace(final_label="Cat" if row.path.endswith("0.png") else "cat") for row in split_rows()]
    said: list[str] = []
    curate.build(plain(tmp_path, HALVES), tmp_path / "set", manifest=manifest(tmp_path, *rows), say=said.append)
    assert "note: the classes 'Cat', 'cat' look like spellings of one, but count as several" in said
    assert set(curate.audit(tmp_path / "set", tmp_path / "ws").images["label"]) == {"Cat", "cat"}


def test_a_source_that_has_moved_is_built_from_where_it_is(tmp_path: Path) -> None:
    path = manifest(tmp_path, *split_rows())
    (tmp_path / "source").rename(tmp_path / "now")
    with pytest.raises(SourceError, match="say where they are now with --source DIR"):
        curate.build(plain(tmp_path, HALVES), tmp_path / "set", manifest=path)
    table = curate.build(plain(tmp_path, HALVES), tmp_path / "set", manifest=path, source=tmp_path / "now").table
    assert len(table) == 8


def test_copies_that_only_the_audit_knows_stand_in_one_split_and_so_when_the_set_is_built_again(tmp_path: Path) -> None:
    approved = looked_into_more_closely(tmp_path)
    (tmp_path / "recipe.toml").write_text(HALVES)
    built = curate.build(tmp_path / "recipe.toml", tmp_path / "new" / "set", manifest=approved).table
    groups = built["origin_path"].map(lambda path: int(Path(path).stem) // 4)
    assert Counter(groups) == {0: 3, 1: 3, 2: 3, 3: 3}
    assert (built["split"].groupby(groups).nunique() == 1).all()
    assert (built["group"].groupby(groups).nunique() == 1).all()
    assert set(built["group"]) <= set(built["origin_sha256"])
    manifest_of_set = tmp_path / "new" / "set" / "manifest.csv"
    again = curate.build(tmp_path / "recipe.toml", tmp_path / "again", manifest=manifest_of_set).table
    groups = again["origin_sha256"].map(dict(zip(built["sha256"], groups, strict=True)))
    assert (again["split"].groupby(groups).nunique() == 1).all()
