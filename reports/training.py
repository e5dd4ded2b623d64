"""A run of `curate train fit` in the report: by part and by class, how far its probabilities can be trusted, mistakes.

`read` takes what the run left in its folder; the rest is pure.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.errors import CurateError
from curate.i18n import Translator
from curate.reports.captioned import Table

NONE = "-"
"""In place of a figure of no images."""
QUALITY, MISTAKES, RECIPE = "quality.json", "mistakes.json", "recipe.toml"
MISSHAPEN = (ValueError, LookupError, TypeError, AttributeError)
"""What reading a file raises that is not what was expected."""
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedRun:
    """What a run left: its recipe, figures by part (`train.quality`), and its surest mistakes."""

    name: str
    recipe: Mapping[str, Any]
    quality: Mapping[str, Mapping[str, Any]]
    mistakes: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One image with the class it was given and the one it was taken for; `uri` is None where there is no picture."""

    path: str
    caption: str
    uri: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What the report shows of one run; `reliability` are the bins of each part, by its name."""

    name: str
    sentence: str
    tables: Sequence[Table]
    reliability: Mapping[str, Sequence[Mapping[str, float]]]
    mistakes: Sequence[Mistake]


def read(folder: Path) -> TrainedRun:
    """Read the folder of a run; raises `CurateError` where it is none, or none that has ended."""
    try:
        quality, mistakes = (json.loads((folder / name).read_text(encoding="utf-8")) for name in (QUALITY, MISTAKES))
        recipe = tomllib.loads((folder / RECIPE).read_text(encoding="utf-8"))["train"]
        return TrainedRun(
            name=folder.absolute().name, recipe=recipe, quality=dict(quality.items()), mistakes=mistakes["mistakes"]
        )
    except (OSError, *MISSHAPEN) as error:
        raise CurateError(
            f"{folder} holds no run of `curate train fit` that has ended; give the folder that -o named"
        ) from error


def sections(folders: Iterable[Path], t: Translator) -> list[Section]:
    """Read the folders of runs; raises `CurateError` for one that is none, or of a version that wrote other figures."""
    found = []
    for folder in folders:
        run = read(folder)
        try:
            found.append(section(run, t))
        except MISSHAPEN as error:
            raise CurateError(
                f"{folder} holds a run without all figures that a report shows, as older versions of curate left it; "
                "run `curate train fit` again with the same -o"
            ) from error
    return found


def section(run: TrainedRun, t: Translator) -> Section:
    """Return what the report shows of a run."""
    return Section(
        name=run.name,
        sentence=_sentence(run, t),
        tables=[
            _parts(run.quality, t),
            *(_classes(part, found, t) for part, found in run.quality.items()),
            *(_confusion(part, found, t) for part, found in run.quality.items()),
        ],
        reliability={part: found["reliability"] for part, found in run.quality.items()},
        mistakes=[_mistake(found, t) for found in run.mistakes],
    )


def _sentence(run: TrainedRun, t: Translator) -> str:
    recipe = run.recipe
    how = t.gettext("the whole network") if recipe["fine_tune"] else t.gettext("its top on a frozen trunk")
    return t.counted(
        "EfficientNet-B0 with the weights {weights}, {how} trained for {n} epoch at {side} px; the recipe is in "
        "recipe.toml beside the run.",
        "EfficientNet-B0 with the weights {weights}, {how} trained for up to {n} epochs at {side} px; the recipe is in "
        "recipe.toml beside the run.",
        recipe["epochs"],
        weights=Path(recipe["weights"]).name,
        how=how,
        side=recipe["input_px"],
    )


def _parts(quality: Mapping[str, Mapping[str, Any]], t: Translator) -> Table:
    rows = [
        [
            part,
            t.number(found["images"]),
            *(t.number(found[figure], 3) for figure in ("accuracy", "macro_f1", "calibration_error")),
        ]
        for part, found in quality.items()
    ]
    caption = t.gettext(
        "Accuracy, macro-F1 and calibration error by part: how far confidence is from accuracy, averaged over images "
        "(ECE)."
    )
    head = [t.gettext("Part"), t.gettext("Images"), t.gettext("Accuracy"), t.gettext("Macro-F1")]
    return Table(caption, [*head, t.gettext("Calibration error")], rows)


def _classes(part: str, found: Mapping[str, Any], t: Translator) -> Table:
    predicted = [sum(column) for column in zip(*found["confusion"], strict=True)]
    rows = []
    for row, taken in zip(found["classes"], predicted, strict=True):
        of = {"precision": taken, "recall": row["images"], "f1": taken + row["images"]}
        figures = [t.number(row[figure], 3) if images else NONE for figure, images in of.items()]
        rows.append([row["label"], t.number(row["images"]), *figures])
    head = [t.gettext("Classes"), t.gettext("Images"), t.gettext("Precision"), t.gettext("Recall"), "F1"]
    return Table(t.gettext("By class, {part}.", part=part), head, rows)


def _confusion(part: str, found: Mapping[str, Any], t: Translator) -> Table:
    classes = [row["label"] for row in found["classes"]]
    rows = [[name, *map(t.number, row)] for name, row in zip(classes, found["confusion"], strict=True)]
    return Table(t.gettext("Confusions, {part}: rows are the true classes.", part=part), ["", *classes], rows)


def _mistake(found: Mapping[str, Any], t: Translator) -> Mistake:
    """Describe a mistake; a picture that is no base64 is left out, since the file may be a stranger's."""
    preview = found.get("preview")
    is_sound = isinstance(preview, str) and _BASE64.fullmatch(preview) is not None
    return Mistake(
        path=str(found["path"]),
        caption=t.gettext(
            "{label}, taken for {predicted} ({confidence:.0%})",
            label=found["label"],
            predicted=found["predicted"],
            confidence=found["confidence"],
        ),
        uri=f"data:image/jpeg;base64,{preview}" if is_sound else None,
    )
