"""The benchmark as tables: what was measured beside what the study printed, and where the two protocols part.

Pure: from the JSON that `curate benchmark` leaves in the workspace to captions, heads and rows of text in the reader's
language.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.auditing.summary import TOTAL
from curate.findings import CATEGORY_TITLES
from curate.i18n import N_, Translator
from curate.reports.chart import Curve
from curate.schema import Category

_MODELS = ("reference", "proposed")
_COLUMNS = (Category.CORRUPTED, Category.DUPLICATE, Category.UNSUITABLE)
_FIGURES = {
    "train_loss": N_("Train loss"),
    "train_accuracy": N_("Train accuracy"),
    "test_loss": N_("Test loss"),
    "test_accuracy": N_("Test accuracy"),
}
_ARMS = (N_("reference"), N_("cleaned"), N_("+ extension"), N_("+ balance"), N_("proposed (+ shrinking)"))
"""The models of the controlled protocol, in the order of what was done to their images."""
_STORED = (N_("proposed"), N_("a person's"), N_("the scanners' advice, followed without a person"))
"""What else the benchmark writes in English: the name of a model, and whose decisions it followed."""


@dataclass(frozen=True, slots=True)
class Table:
    """A caption, the heads of the columns, and rows of text whose first cell names the row."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """What the report says of the benchmark: sentences, tables, and the curves with their names."""

    sentences: Sequence[str]
    tables: Sequence[Table]
    curves: Sequence[Curve]
    curve_heads: tuple[str, str]
    curve_title: str
    curve_description: str


def section(found: Mapping[str, Any], t: Translator) -> Section:
    """Return everything the report shows of a benchmark."""
    published, arms = found["published_protocol"], _in_order(found["controlled_protocol"]["arms"])
    tests = {"raw": t.gettext("raw test"), "faces": t.gettext("face test")}
    return Section(
        sentences=[_intro(found, t), *_verdicts(found, t)],
        tables=[
            _class_summary(found["table1"], found["published"]["table1"], t),
            _means(published, found["published"], t),
            *(_epochs(name, published[name], found["published"][name], t) for name in _MODELS),
            _controlled(arms, tests, t),
            *(
                _confusion(found["classes"], t.gettext(arm), arms[arm][test]["confusion"], title, t)
                for arm in (_ARMS[0], _ARMS[-1])
                for test, title in tests.items()
            ),
        ],
        curves=_curves(published, found["published"], t),
        curve_heads=(t.gettext("Loss by epoch"), t.gettext("Accuracy by epoch")),
        curve_title=t.gettext("Learning curves"),
        curve_description=t.gettext(
            "Losses and accuracies by epoch, published protocol, mean of all runs; points are the study's. The tables "
            "below hold the numbers."
        ),
    )


def _in_order(arms: Mapping[str, Any]) -> dict[str, Any]:
    """Sort the models as they build on one another; JSON keeps them by name."""
    return {arm: arms[arm] for arm in _ARMS if arm in arms}


def _intro(found: Mapping[str, Any], t: Translator) -> str:
    whose = found["decisions"]
    return t.gettext(
        "EfficientNet-B0 with the weights {weights}, {seeds} runs of each model; decisions: {decisions}. "
        "Images: {raw:,} raw, {kept:,} kept, {extension:,} to extend with, {faces:,} faces to test on.",
        weights=found["weights"],
        seeds=found["seeds"],
        decisions=t.gettext(whose),
        **found["images"],
    )


def _curves(published: Mapping[str, Any], printed: Mapping[str, Any], t: Translator) -> list[Curve]:
    parts = {"train": t.gettext("train"), "test": t.gettext("test")}
    return [
        Curve(
            panel=panel,
            name=f"{t.gettext(model)}, {title}",
            after=model == "proposed",
            training=part == "train",
            values=[epoch[f"{part}_{figure}"] for epoch in published[model]["epochs"]],
            study=printed[model][f"{part}_{figure}"],
            study_epochs=printed[model]["epochs"],
        )
        for panel, figure in enumerate(("loss", "accuracy"))
        for model in _MODELS
        for part, title in parts.items()
    ]


def _class_summary(here: Sequence[Mapping[str, Any]], printed: Mapping[str, Sequence[int]], t: Translator) -> Table:
    """Set the study's classes beside ours of the same name, and its totals beside ours."""
    study = {name.casefold(): numbers for name, numbers in printed.items()}
    study[TOTAL.casefold()] = [sum(column) for column in zip(*printed.values(), strict=True)]
    rows = []
    for row in here:
        known = study.get(str(row["label"]).casefold())
        cells = [str(row[f"{category}_flagged"]) for category in _COLUMNS]
        if known:
            cells = [f"{cell} ({number})" for cell, number in zip(cells, known, strict=True)]
        rows.append([t.gettext("Total") if row["label"] == TOTAL else str(row["label"]), *cells])
    caption = t.gettext("Table 1: images flagged in the raw dataset; in brackets what the study removed from its own.")
    return Table(caption, [t.gettext("Classes"), *(t.gettext(CATEGORY_TITLES[name]) for name in _COLUMNS)], rows)


def _verdicts(found: Mapping[str, Any], t: Translator) -> list[str]:
    raw, faces = (found["controlled_protocol"]["difference"][test] for test in ("raw", "faces"))
    published = found["published_protocol"]
    own = published["proposed"]["accuracy"]["mean"] - published["reference"]["accuracy"]["mean"]
    losses = [epoch["test_loss"] for epoch in published["reference"]["epochs"]]
    return [
        t.gettext(
            "On raw images the proposed model is {points:+.1f} points from the reference (95 % interval {low:+.1f} to "
            "{high:+.1f}), on faces {face_points:+.1f} ({face_low:+.1f} to {face_high:+.1f}).",
            points=100 * raw["difference"],
            low=100 * raw["low"],
            high=100 * raw["high"],
            face_points=100 * faces["difference"],
            face_low=100 * faces["low"],
            face_high=100 * faces["high"],
        ),
        _own_tests(100 * own, 100 * raw["difference"], t),
        _pattern(t, overfits=losses[-1] > min(losses), higher=own > 0),
    ]


def _own_tests(own: float, raw: float, t: Translator) -> str:
    """Say what part of the difference is owed to the test set that each model has of its own, in points."""
    if own > raw:
        return t.gettext(
            "On test sets of their own the difference is {own:+.1f} points: {part:+.1f} points more than on the same "
            "raw images. That part is owed to the easier test set, not to the better model.",
            own=own,
            part=own - raw,
        )
    return t.gettext(
        "On test sets of their own the difference is {own:+.1f} points, on the same raw images {raw:+.1f}: here the "
        "proposed model's own test set is not the easier one.",
        own=own,
        raw=raw,
    )


def _pattern(t: Translator, *, overfits: bool, higher: bool) -> str:
    if overfits and higher:
        return t.gettext(
            "As in the study, the reference over-fits (its test loss ends above its minimum) and the proposed model "
            "scores higher on its own test."
        )
    answers = {True: t.gettext("yes"), False: t.gettext("no")}
    return t.gettext(
        "The study's pattern does not appear whole: reference over-fits: {overfits}; proposed higher on its own test: "
        "{higher}.",
        overfits=answers[overfits],
        higher=answers[higher],
    )


def _means(published: Mapping[str, Any], printed: Mapping[str, Any], t: Translator) -> Table:
    head = [
        t.gettext("Model"),
        *(t.gettext("Train (study)"), t.gettext("Train (here)"), t.gettext("Test (study)"), t.gettext("Test (here)")),
    ]
    rows = []
    for name in _MODELS:
        here = published[name]["mean_over_epochs"]
        values = [
            value
            for part in ("train", "test")
            for value in (printed[name][f"mean_{part}_accuracy"], here[f"{part}_accuracy"])
        ]
        rows.append([t.gettext(name), *(t.number(value, 2) for value in values)])
    reference = printed["reference"]
    caption = t.gettext(
        "Mean accuracy over the epochs, published protocol: each model on a test set of its own. "
        "The study prints {printed:.2f} as the reference's training mean; its printed epochs average {average:.3f}.",
        printed=reference["mean_train_accuracy"],
        average=sum(reference["train_accuracy"]) / len(reference["train_accuracy"]),
    )
    return Table(caption, head, rows)


def _epochs(name: str, here: Mapping[str, Any], printed: Mapping[str, Any], t: Translator) -> Table:
    rows = []
    for number, epoch in enumerate(here["epochs"]):
        known = printed["epochs"].index(number) if number in printed["epochs"] else None
        cells = []
        for figure in _FIGURES:
            digits = 3 if figure.endswith("loss") else 2
            text = t.number(epoch[figure], digits)
            cells.append(text if known is None else f"{text} ({t.number(printed[figure][known], digits)})")
        rows.append([str(number), *cells])
    caption = t.gettext(
        "Epochs of the {model} model, published protocol, mean of all runs; the study's figures in brackets.",
        model=t.gettext(name),
    )
    return Table(caption, [t.gettext("Epoch"), *(t.gettext(title) for title in _FIGURES.values())], rows)


def _controlled(arms: Mapping[str, Any], tests: Mapping[str, str], t: Translator) -> Table:
    heads = [head for title in tests.values() for head in (title, f"{title}, F1")]
    rows = [
        [
            t.gettext(arm),
            t.number(found["trained_on"]),
            *(_interval(found[test][figure], t) for test in tests for figure in ("accuracy", "macro_f1")),
        ]
        for arm, found in arms.items()
    ]
    caption = t.gettext(
        "Controlled protocol: the same test images for every model. Accuracy and macro-F1 after the last epoch, mean "
        "± half the 95 % interval over runs."
    )
    return Table(caption, [t.gettext("Model"), t.gettext("Trained on"), *heads], rows)


def _interval(value: Mapping[str, float | None], t: Translator) -> str:
    mean, half = value["mean"] or 0.0, value["half_width"]
    return t.number(mean, 3) if half is None else f"{t.number(mean, 3)} ± {t.number(half, 3)}"


def _confusion(classes: Sequence[str], model: str, counts: Sequence[Sequence[int]], test: str, t: Translator) -> Table:
    rows = [[name, *map(t.number, row)] for name, row in zip(classes, counts, strict=True)]
    caption = t.gettext(
        "Confusions on the {test}, {model}, all runs added up: rows are the true classes.", test=test, model=model
    )
    return Table(caption, ["", *classes], rows)
