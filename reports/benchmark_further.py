"""What a benchmark says of more: of more images of the same kind, and of everything at once, as sentences and tables.

Pure, as `benchmark_tables` is; a sentence says no more than its interval does.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from curate.i18n import N_, Translator
from curate.reports.benchmark_sentences import TESTS, points
from curate.reports.captioned import Table

STEPS = {
    "proposed (+ shrinking)": N_("proposed (+ shrinking)"),
    "all of the extension, fine-tuned": N_("all of the extension, fine-tuned"),
    "+ face crops": N_("+ face crops"),
    "+ approved images": N_("+ approved images"),
}
"""The models of the full protocol."""
FULL_TESTS = {**TESTS, "extension": N_("whole test part of the extension")}


# More images


def growth_sentences(found: Mapping[str, Any], t: Translator) -> list[str]:
    """Say whether twice the images would help, on which test images, and for which classes that is shown."""
    said = []
    for arm, of_arm in found["arms"].items():
        for test, title in TESTS.items():
            left = of_arm[test]["all"]["left"] if test in of_arm else None
            if left is None:
                continue
            values = {"model": t.gettext(arm), "left": _left(left, t), "test": t.gettext(title)}
            if _helps(left):
                sentence = t.gettext(
                    "Twice the images of {model} would leave {left} of its errors on the {test}: more of the same "
                    "help.",
                    **values,
                )
            else:
                sentence = t.gettext(
                    "Twice the images of {model} would leave {left} of its errors on the {test}, perhaps all of them: "
                    "more of the same are not shown to help.",
                    **values,
                )
            classes = [label for label, curve in of_arm[test]["classes"].items() if _helps(curve["left"])]
            if classes:
                sentence += " " + t.gettext("It is shown for {classes}.", classes=", ".join(classes))
            said.append(sentence)
    return said


def growth_table(found: Mapping[str, Any], t: Translator) -> Table:
    """Set accuracy by share of the training images, of all test images and of each class."""
    rows = []
    for arm, of_arm in found["arms"].items():
        for test, title in TESTS.items():
            if test not in of_arm:
                continue
            curves = {t.gettext("all classes"): of_arm[test]["all"], **of_arm[test]["classes"]}
            rows += [
                [
                    t.gettext("{model}, {test}: {classes}", model=t.gettext(arm), test=t.gettext(title), classes=name),
                    *(t.number(value, 2) for value in curve["accuracy"]),
                    "-" if curve["left"] is None else _left(curve["left"], t),
                ]
                for name, curve in curves.items()
                if curve["accuracy"] is not None
            ]
    caption = t.gettext(
        "Learning curves: accuracy by share of the training images, mean of all runs, and the share of the errors that "
        "would be left with twice the images, by a power law (95 % interval)."
    )
    head = [t.gettext("Model"), *(t.gettext("{share:.0%}", share=share) for share in found["shares"])]
    return Table(caption, [*head, t.gettext("Left of the errors")], rows)


def _helps(left: Mapping[str, float] | None) -> bool:
    return left is not None and left["high"] < 1


def _left(left: Mapping[str, float], t: Translator) -> str:
    return t.gettext("{value:.0%} ({low:.0%} to {high:.0%})", **left)


# Everything at once


def full_sentences(found: Mapping[str, Any], t: Translator) -> list[str]:
    """Say what the full protocol is, and what each of its steps gives on each test set."""
    steps = [row for row in found["differences"] if row["before"] != _first(found) or row["after"] != _last(found)]
    whole = [row for row in found["differences"] if row["before"] == _first(found) and row["after"] == _last(found)]
    said = [
        t.gettext(
            "Full protocol: one network is trained on all {images:,} training images of the extension, none of them a "
            "copy of a raw or a test image, as a whole and at {side} px; then it is shown faces cut out, and goes on "
            "with the approved images that are not tested on.",
            images=found["steps"][1]["trained_on"],
            side=found["recipe"]["preprocessing"]["input_px"],
        )
    ]
    return said + [_step(row, t) for row in (*steps, *whole)]


def _step(row: Mapping[str, Any], t: Translator) -> str:
    tests = [f"{t.gettext(title)} {points(row[name], t)}" for name, title in FULL_TESTS.items() if name in row]
    before, after = (t.gettext(title) for title in (STEPS[row["before"]], STEPS[row["after"]]))
    return t.gettext(
        "{after} against {before}: {outcomes} points.", before=before, after=after, outcomes="; ".join(tests)
    )


def full_table(found: Mapping[str, Any], t: Translator) -> Table:
    """Set the accuracy of every step on every test set, with its interval over duplicate groups."""
    tests = {name: title for name, title in FULL_TESTS.items() if name in found["tests"]}
    heads = [
        t.gettext("{test} ({images:,})", test=t.gettext(title), images=found["tests"][name])
        for name, title in tests.items()
    ]
    titles = [STEPS[step["name"]] for step in found["steps"]]
    rows = [
        [t.gettext(title), t.number(step["trained_on"]), *(_accuracy(step[name], t) for name in tests)]
        for title, step in zip(titles, found["steps"], strict=True)
    ]
    caption = t.gettext(
        "Full protocol, accuracy on the same images, with the 95 % interval (bootstrap over duplicate groups); in "
        "brackets how many test images."
    )
    return Table(caption, [t.gettext("Model"), t.gettext("Trained on"), *heads], rows)


def _first(found: Mapping[str, Any]) -> str:
    return str(found["steps"][0]["name"])


def _last(found: Mapping[str, Any]) -> str:
    return str(found["steps"][-1]["name"])


def _accuracy(figures: Mapping[str, float], t: Translator) -> str:
    parts: Sequence[str] = [t.number(figures[name], 3) for name in ("accuracy", "low", "high")]
    return t.gettext("{value} ({low} to {high})", value=parts[0], low=parts[1], high=parts[2])
