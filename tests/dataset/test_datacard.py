"""What lies beside an export: a card that the Hub reads, and Croissant metadata that say what a record is."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import curate
from curate.dataset import datacard
from curate.options import Layout
from tests import sample_images
from tests.dataset.handmade import DOCUMENTS, Row, manifest

DATA = sample_images.encode(sample_images.photo(1, 40, 30))


def documents(tmp_path: Path, layout: Layout, *rows: Row) -> tuple[str, Any]:
    curate.export(manifest(tmp_path, *rows), tmp_path / "out", layout=layout)
    assert curate.verify(tmp_path / "out").ok
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    return card, json.loads((tmp_path / "out" / "croissant.json").read_text(encoding="utf-8"))


ROWS = (Row("train/cat/1.jpg", "cat", split="train"), Row("val/a|b/2.png", "a|b", split="val"))


def test_the_card_counts_images_by_class_and_split(tmp_path: Path) -> None:
    card, _ = documents(tmp_path, "folder", *ROWS, Row("val/cat/3.jpg", "cat", split="val"))
    assert "3 images of an approved manifest" in card
    assert "| class | train | val | all |\n|---|---:|---:|---:|\n| a\\|b | 0 | 1 | 1 |\n| cat | 1 | 1 | 2 |\n" in card
    front = ["pretty_name: Cleaned images", "task_categories:", "- image-classification", "size_categories:", "- n<1K"]
    assert card.startswith("\n".join(["---", *front, "---", ""]))


def test_images_without_a_class_or_a_split_are_counted_too(tmp_path: Path) -> None:
    card, _ = documents(tmp_path, "imagefolder", Row("1.jpg", None), Row("cat/2.jpg", "cat", split="train"))
    rows = ["| class | (no split) | train | all |", "|---|---:|---:|---:|"]
    assert "\n".join([*rows, "| (no class) | 1 | 0 | 1 |", "| cat | 0 | 1 | 1 |", ""]) in card


@pytest.mark.parametrize(
    ("count", "size"),
    [(999, "n<1K"), (1_000, "1K<n<10K"), (10_000, "10K<n<100K"), (100_000, "100K<n<1M")],
)
def test_the_hub_is_told_how_large_a_dataset_is_in_its_own_terms(count: int, size: str) -> None:
    images = pd.DataFrame({"exported_path": ["cat/1.jpg"] * count, "final_label": "cat", "split": "train"})
    assert f"size_categories:\n- {size}\n" in datacard.documents(images, "folder")[datacard.CARD]


def test_a_name_that_turns_text_is_an_escape_in_the_card(tmp_path: Path) -> None:
    card, _ = documents(tmp_path, "folder", Row("\u202estac/1.jpg", "\u202estac"))
    assert "| \\u202estac | 1 | 1 |" in card


def test_the_card_of_parquet_says_which_files_are_which_split(tmp_path: Path) -> None:
    card, _ = documents(tmp_path, "parquet", *ROWS)
    front = card.split("---\n")[1]
    assert front.endswith(
        "configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*.parquet\n"
        "  - split: validation\n    path: data/validation-*.parquet\n"
    )


@pytest.mark.parametrize(
    ("layout", "media", "includes", "fields"),
    [
        ("folder", ["image/jpeg", "image/png"], ["**/*.jpg", "**/*.png"], ["image", "path", "label"]),
        ("fiftyone", ["image/jpeg", "image/png"], ["**/*.jpg", "**/*.png"], ["image", "path"]),
        ("parquet", "application/x-parquet", "data/*.parquet", ["image", "label"]),
        ("webdataset", "application/x-tar", "*.tar", None),
    ],
)
def test_croissant_says_which_files_there_are_and_what_a_record_has(
    tmp_path: Path, layout: Layout, media: Any, includes: Any, fields: list[str] | None
) -> None:
    rows = [ROWS[0], Row("val/dog/2.png", "dog" if layout != "fiftyone" else "d/g", split="val")]
    _, croissant = documents(tmp_path, layout, *rows)
    assert croissant["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    (files,) = croissant["distribution"]
    assert (files["encodingFormat"], files["includes"]) == (media, includes)
    records = croissant["recordSet"]
    assert [field["name"] for field in records[0]["field"]] == fields if fields else records == []


def test_the_columns_of_a_record_are_those_of_the_parquet_file(tmp_path: Path) -> None:
    _, croissant = documents(tmp_path, "parquet", *ROWS)
    fields = [field["source"]["extract"]["column"] for field in croissant["recordSet"][0]["field"]]
    assert fields == pq.read_schema(next((tmp_path / "out" / "data").iterdir())).names == ["image", "label"]


def test_the_class_of_a_record_is_the_folder_that_its_image_lies_in(tmp_path: Path) -> None:
    _, croissant = documents(tmp_path, "folder", *ROWS[:1])
    image, path, label = (field["source"] for field in croissant["recordSet"][0]["field"])
    pattern = label["transform"]["regex"]
    assert [re.match(pattern, path)[1] for path in ("train/cat/1.jpg", "cat/1.jpg")] == ["cat", "cat"]  # type: ignore[index]
    assert [image["extract"], path["extract"]] == [{"fileProperty": "content"}, {"fileProperty": "fullpath"}]
    assert "transform" not in image | path


def test_an_image_of_that_name_is_not_written_over(tmp_path: Path) -> None:
    curate.export(manifest(tmp_path, Row("readme.md", None, data=DATA), Row("1.jpg", None)), tmp_path / "out")
    assert curate.verify(tmp_path / "out").ok
    assert (tmp_path / "out" / "readme.md").read_bytes() == DATA
    present = {path.name for path in (tmp_path / "out").iterdir()}
    assert present & {*DOCUMENTS, "readme.md"} == {"readme.md", "croissant.json"}


def test_a_built_set_has_both_and_its_card_leads_to_the_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("[split]\ntrain = 0.5\ntest = 0.5\n")
    names = [(label, number) for label in ("cat", "dog") for number in range(2)]
    drawn = [sample_images.encode(sample_images.photo(seed, 64, 48)) for seed in range(4)]
    rows = [Row(f"{label}/{n}.jpg", label, data=data) for (label, n), data in zip(names, drawn, strict=True)]
    curate.build(recipe, tmp_path / "set", manifest=manifest(tmp_path, *rows))
    card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\npretty_name: Training set\ntask_categories:\n- image-classification\n")
    assert "4 images, built by imagecurate" in card
    assert "| class | test | train | all |\n|---|---:|---:|---:|\n| cat | 1 | 1 | 2 |\n| dog | 1 | 1 | 2 |\n" in card
    assert "sha256sums" not in card
    croissant = json.loads((tmp_path / "set" / "croissant.json").read_text(encoding="utf-8"))
    assert croissant["name"] == "training-set"
    fields = croissant["recordSet"][0]["field"]
    assert [field["name"] for field in fields] == ["image", "path", "label"]
    again = curate.audit(tmp_path / "set", tmp_path / "ws", engine="serial")
    assert sorted(again.images["label"]) == ["cat", "cat", "dog", "dog"]
