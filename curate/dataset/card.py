"""The card of a built dataset: what it is made of and how, for whoever finds the folder later. Pure."""

from collections.abc import Mapping

import pandas as pd
import tomli_w

from curate._version import __version__
from curate.dataset.datacard import cell
from curate.dataset.recipe import BuildRecipe
from curate.dataset.shaping import REDUCING_GAP
from curate.i18n import counted
from curate.scanners.face_detector import SMALL_PX
from curate.scanners.faces import FacesSettings


def card(recipe: BuildRecipe, table: pd.DataFrame, refused: Mapping[str, int], faces: FacesSettings) -> str:
    """Write the card of a built set as Markdown; the same recipe and images give the same text.

    `table` has a row per image, `refused` counts what was left out by reason, `faces` says what counted as a face.
    """
    lines = [
        "# Dataset card",
        "",
        f"{counted(len(table), 'image')}, built by imagecurate {__version__} from an approved manifest.",
        "`manifest.csv` names the origin of every image, and the group of copies that it belongs to.",
        "",
        "## Images",
        "",
        *_counts(table, "split"),
        "",
        "## Origins",
        "",
        *_counts(table, "origin"),
        "",
        "## What was done to them",
        "",
        *(f"- {line}" for line in _steps(recipe, faces)),
        "",
        "## Left out",
        "",
        *([f"- {count:,} images {reason}" for reason, count in sorted(refused.items())] or ["- nothing"]),
        "",
        "## Recipe",
        "",
        "```toml",
        # Where files lie on one machine is no part of how a set is made.
        tomli_w.dumps(_without_folders(recipe)).strip(),
        "```",
        "",
    ]
    return "\n".join(lines)


def _counts(table: pd.DataFrame, by: str) -> list[str]:
    counts = pd.crosstab(table["label"], table[by])
    lines = [
        "| class | " + " | ".join(map(cell, counts.columns)) + " | all |",
        "|---|" + "---:|" * (len(counts.columns) + 1),
    ]
    for label, row in counts.iterrows():
        lines.append(f"| {cell(label)} | " + " | ".join(str(value) for value in row) + f" | {row.sum()} |")
    return lines


def _steps(recipe: BuildRecipe, faces: FacesSettings) -> list[str]:
    image, balance = recipe.image, recipe.balance
    steps = [f"extended with {item.name}, copies of what is there refused" for item in recipe.extend]
    if balance.method != "none":
        most = f", {balance.per_class} a class at most" if balance.per_class else ""
        steps.append(f"balanced: {balance.method}{most}")
    if image.crop == "face":
        steps.append(
            f"cropped to the largest face (YuNet, score of at least {faces.min_score:g}, under {SMALL_PX} px "
            f"{faces.min_score_small:g}) with a margin of {image.face_margin:g} of it; images in which none is found "
            "stay whole; the column crop says which part is shown: left top width height"
        )
    if image.grey:
        steps.append("grey: luma of ITU-R BT.601")
    if image.size_px:
        steps.append(
            f"resized to {image.size_px} x {image.size_px}, {image.filter} (Pillow, reducing_gap {REDUCING_GAP:g}), "
            f"shape: {image.shape}"
        )
    if recipe.split.keep:
        steps.append("split as the dataset itself is; what extends it is in train")
    else:
        shares = ", ".join(f"{name} {share:g}" for name, share in recipe.split.shares().items())
        steps.append(f"split with seed {recipe.seed}: {shares}; stratified by class, copies kept together")
    return steps


def _without_folders(recipe: BuildRecipe) -> dict[str, object]:
    values: dict[str, object] = recipe.model_dump(mode="json", exclude_none=True, exclude={"manifest"})
    values["extend"] = [
        {**item.model_dump(mode="json", exclude_none=True), "source": item.name} for item in recipe.extend
    ]
    return values
