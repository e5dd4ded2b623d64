"""The benchmark as tables: what was measured beside what the study printed, and what each step gives.

Pure: from the JSON that `curate benchmark` leaves in the workspace to captions, heads and rows of text in the reader's
language.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.auditing.summary import TOTAL
from curate.findings import CATEGORY_TITLES
from curate.i18n import N_, Translator
from curate.reports import benchmark_further as further
from curate.reports.benchmark_sentences import ARMS, TESTS, points, sentences
from curate.reports.captioned import Table
from curate.reports.chart import Curve
from curate.schema import Category

_MODELS = {
    "reference": N_("reference"),
    "proposed": N_("proposed"),
    "again": N_("proposed, trained again on a new split"),
}
"""The models of the published protocol."""
_PRINTED = {"reference": "reference", "proposed": "proposed", "again": "proposed"}
"""Whose printed figures stand beside those of a model."""
_COLUMNS = (Category.CORRUPTED, Category.DUPLICATE, Category.UNSUITABLE)
_FIGURES = {
    "train_loss": N_("Train loss"),
    "train_accuracy": N_("Train accuracy"),
    "test_loss": N_("Test loss"),
    "test_accuracy": N_("Test accuracy"),
}
_STORED = (
    N_("a person's"),
    N_("the scanners' advice, followed without a person"),
    N_("a person's, and the scanners' advice on what nobody has decided"),
)
"""What else the benchmark writes in English: whose decisions it followed."""


@dataclass(frozen=True, slots=True)
class Section:
    """What the report says of the benchmark: sentences, tables, and the curves, a column of panels for each model."""

    sentences: Sequence[str]
    tables: Sequence[Table]
    curves: Sequence[Curve]
    curve_rows: Sequence[str]
    curve_columns: Sequence[str]
    curve_title: str
    curve_description: str


def section(found: Mapping[str, Any], t: Translator) -> Section:
    """Return everything the report shows of a benchmark."""
    published, controlled = found["published_protocol"], found["controlled_protocol"]
    arms = _in_order(controlled["arms"])
    tests = {name: t.gettext(title) for name, title in TESTS.items() if name in controlled["tests"]}
    full = found["full_protocol"]
    return Section(
        sentences=[
            *sentences(found, t),
            *further.growth_sentences(found["learning_curves"], t),
            *(further.full_sentences(full, t) if full else ()),
        ],
        tables=[
            _class_summary(found["table1"], found["published"]["table1"], t),
            _means(published, found["published"], t),
            *(_epochs(name, published[name], found["published"][_PRINTED[name]], t) for name in _MODELS),
            _controlled(arms, controlled["tests"], tests, "accuracy", t),
            _differences(controlled["differences"], tests, t),
            _controlled(arms, controlled["tests"], tests, "macro_f1", t),
            further.growth_table(found["learning_curves"], t),
            *([further.full_table(full, t)] if full else []),
            *(
                _confusion(found["classes"], t.gettext(arm), arms[arm][test]["confusion"], title, t)
                for arm in (ARMS[0], ARMS[-1])
                for test, title in tests.items()
            ),
        ],
        curves=_curves(published, found["published"]),
        curve_rows=(t.gettext("Loss by epoch"), t.gettext("Accuracy by epoch")),
        curve_columns=[t.gettext(title) for title in _MODELS.values()],
        curve_title=t.gettext("Learning curves"),
        curve_description=t.gettext(
            "Losses and accuracies by epoch, published protocol: lines are the mean of all runs here, points are what "
            "the study printed. The last two columns show the same printed points. The tables below hold the numbers "
            "of the printed epochs."
        ),
    )


def _in_order(arms: Mapping[str, Any]) -> dict[str, Any]:
    """Sort the models as they build on one another; JSON keeps them by name."""
    return {arm: arms[arm] for arm in ARMS if arm in arms}


def _curves(published: Mapping[str, Any], printed: Mapping[str, Any]) -> list[Curve]:
    return [
        Curve(
            row=row,
            column=column,
            training=part == "train",
            values=[epoch[f"{part}_{figure}"] for epoch in published[model]["epochs"]],
            study=printed[_PRINTED[model]][f"{part}_{figure}"],
            study_epochs=printed[_PRINTED[model]]["epochs"],
        )
        for row, figure in enumerate(("loss", "accuracy"))
        for column, model in enumerate(_MODELS)
        for part in ("train", "test")
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


def _means(published: Mapping[str, Any], printed: Mapping[str, Any], t: Translator) -> Table:
    head = [
        t.gettext("Model"),
        *(t.gettext("Train (study)"), t.gettext("Train (here)"), t.gettext("Test (study)"), t.gettext("Test (here)")),
    ]
    rows = []
    for name, title in _MODELS.items():
        here = published[name]["mean_over_epochs"]
        values = [
            value
            for part in ("train", "test")
            for value in (printed[_PRINTED[name]][f"mean_{part}_accuracy"], here[f"{part}_accuracy"])
        ]
        rows.append([t.gettext(title), *(t.number(value, 2) for value in values)])
    reference = printed["reference"]
    caption = t.gettext(
        "Mean accuracy over the epochs, published protocol: each model on a test set of its own. "
        "The study prints {printed:.2f} as the reference's training mean; its printed epochs average {average:.3f}.",
        printed=reference["mean_train_accuracy"],
        average=sum(reference["train_accuracy"]) / len(reference["train_accuracy"]),
    )
    return Table(caption, head, rows)


def _epochs(name: str, here: Mapping[str, Any], printed: Mapping[str, Any], t: Translator) -> Table:
    """Set the epochs that the study printed beside its figures."""
    rows = []
    for index, number in enumerate(printed["epochs"]):
        if number >= len(here["epochs"]):
            break
        cells = []
        for figure in _FIGURES:
            digits = 3 if figure.endswith("loss") else 2
            measured, published = here["epochs"][number][figure], printed[figure][index]
            cells.append(f"{t.number(measured, digits)} ({t.number(published, digits)})")
        rows.append([str(number), *cells])
    caption = t.gettext(
        "Epochs that the study printed, {model}, published protocol: mean of all runs; the study's figures in "
        "brackets.",
        model=t.gettext(_MODELS[name]),
    )
    return Table(caption, [t.gettext("Epoch"), *(t.gettext(title) for title in _FIGURES.values())], rows)


def _controlled(
    arms: Mapping[str, Any], sizes: Mapping[str, int], tests: Mapping[str, str], figure: str, t: Translator
) -> Table:
    """Set a figure of every model on every test set, after the last epoch."""
    heads = [t.gettext("{test} ({images:,})", test=title, images=sizes[name]) for name, title in tests.items()]
    rows = [
        [t.gettext(arm), t.number(found["trained_on"]), *(_interval(found[test][figure], t) for test in tests)]
        for arm, found in arms.items()
    ]
    captions = {
        "accuracy": t.gettext(
            "Controlled protocol, accuracy: mean ± half the 95 % interval over runs; in brackets how many test images. "
            "The models share their test images, so the differences below tell them apart better than these intervals."
        ),
        "macro_f1": t.gettext("Controlled protocol, macro-F1: mean ± half the 95 % interval over runs."),
    }
    return Table(captions[figure], [t.gettext("Model"), t.gettext("Trained on"), *heads], rows)


def _differences(differences: Sequence[Mapping[str, Any]], tests: Mapping[str, str], t: Translator) -> Table:
    rows = [
        [
            t.gettext("{after} against {before}", before=t.gettext(before), after=t.gettext(after)),
            *(points(row[test], t) for test in tests),
        ]
        for row in differences
        for before, after in [(row["before"], row["after"])]
    ]
    caption = t.gettext(
        "What each step gives: differences of accuracy on the same images, in percentage points, with the 95 % "
        "interval (bootstrap over duplicate groups). An interval that holds zero tells the two models not apart."
    )
    return Table(caption, [t.gettext("Models"), *tests.values()], rows)


def _interval(value: Mapping[str, float | None], t: Translator) -> str:
    mean, half = value["mean"] or 0.0, value["half_width"]
    return t.number(mean, 3) if half is None else f"{t.number(mean, 3)} ± {t.number(half, 3)}"


def _confusion(classes: Sequence[str], model: str, counts: Sequence[Sequence[int]], test: str, t: Translator) -> Table:
    rows = [[name, *map(t.number, row)] for name, row in zip(classes, counts, strict=True)]
    caption = t.gettext(
        "Confusions on the {test}, {model}, all runs added up: rows are the true classes.", test=test, model=model
    )
    return Table(caption, ["", *classes], rows)
