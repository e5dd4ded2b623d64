"""The card of a built set, line by line."""

import pandas as pd

from curate.dataset.card import card
from curate.dataset.recipe import BuildRecipe
from curate.scanners.faces import FacesSettings

TABLE = pd.DataFrame(
    [("cats", "train", "own"), ("cats", "test", "more"), ("dogs", "train", "own")], columns=["label", "split", "origin"]
)


def lines(recipe: BuildRecipe, refused: dict[str, int] | None = None, faces: FacesSettings | None = None) -> list[str]:
    return card(recipe, TABLE, refused or {}, faces or FacesSettings()).splitlines()


def test_images_are_counted_by_class_and_split_and_origin() -> None:
    found = lines(BuildRecipe())
    assert found[2].startswith("3 images, built by imagecurate ")
    assert found[found.index("## Images") + 2 :][:4] == [
        "| class | test | train | all |",
        "|---|---:|---:|---:|",
        "| cats | 1 | 1 | 2 |",
        "| dogs | 0 | 1 | 1 |",
    ]
    assert found[found.index("## Origins") + 2 :][:4] == [
        "| class | more | own | all |",
        "|---|---:|---:|---:|",
        "| cats | 1 | 1 | 2 |",
        "| dogs | 0 | 1 | 1 |",
    ]


def test_a_name_ends_no_cell_and_turns_no_text() -> None:
    table = TABLE.replace({"cats": "\u202estac|a"})
    assert "| \\u202estac\\|a | 1 | 1 | 2 |" in card(BuildRecipe(), table, {}, FacesSettings()).splitlines()


def test_a_name_that_is_markup_is_shown_as_it_is() -> None:
    lines = card(BuildRecipe(), TABLE.replace({"cats": "<unk> *a* b_c"}), {}, FacesSettings()).splitlines()
    assert "| &lt;unk&gt; \\*a\\* b_c | 1 | 1 | 2 |" in lines


def steps(recipe: BuildRecipe, faces: FacesSettings | None = None) -> list[str]:
    found = lines(recipe, faces=faces)
    return found[found.index("## What was done to them") + 2 : found.index("## Left out") - 1]


def test_a_plain_build_was_only_split() -> None:
    assert steps(BuildRecipe()) == [
        "- split with seed 0: train 0.8, test 0.2; stratified by class, copies kept together"
    ]
    assert steps(BuildRecipe.model_validate({"split": {"keep": True}})) == [
        "- split as the dataset itself is; what extends it is in train"
    ]


def test_every_step_is_told_with_its_numbers() -> None:
    recipe = BuildRecipe.model_validate(
        {
            "seed": 3,
            "extend": [{"source": "/data/more/"}],
            "balance": {"method": "fill", "per_class": 10},
            "image": {"crop": "face", "grey": True, "size_px": 48, "filter": "box", "shape": "centre"},
            "split": {"train": 0.5, "val": 0.25, "test": 0.25},
        }
    )
    assert steps(recipe, FacesSettings(min_score=0.7, min_score_small=0.5)) == [
        "- extended with more, copies of what is there refused",
        "- balanced: fill, 10 a class at most",
        (
            "- cropped to the largest face (YuNet, score of at least 0.7, under 100 px 0.5) with a margin of 0.25 of "
            "it; images in which none is found stay whole; the column crop says which part is shown: left top width "
            "height"
        ),
        "- grey: luma of ITU-R BT.601",
        "- resized to 48 x 48, box (Pillow, reducing_gap 3), shape: centre",
        "- split with seed 3: train 0.5, val 0.25, test 0.25; stratified by class, copies kept together",
    ]
    assert steps(BuildRecipe.model_validate({"balance": {"method": "weights"}}))[0] == "- balanced: weights"


def test_what_was_left_out_is_counted_by_reason() -> None:
    found = lines(BuildRecipe(), {"were too many": 1200, "are copies": 3})
    assert found[found.index("## Left out") + 2 :][:2] == ["- 3 images are copies", "- 1,200 images were too many"]
    found = lines(BuildRecipe())
    assert found[found.index("## Left out") + 2] == "- nothing"


def test_the_recipe_is_printed_without_the_folders_of_one_machine() -> None:
    recipe = BuildRecipe.model_validate({"manifest": "/home/ana/m.csv", "extend": [{"source": "/home/ana/more"}]})
    text = "\n".join(lines(recipe))
    assert "/home" not in text
    assert 'source = "more"' in text
    assert "seed = 0" in text
