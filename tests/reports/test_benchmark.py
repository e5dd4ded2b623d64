"""The chapter before and after: sentences say no more than their interval, printed figures stand by measured ones."""

import math
from typing import Any

import pytest

from curate.i18n import translator
from curate.reports import benchmark_sentences, benchmark_tables, chart
from tests.i18n import everything

EN = translator("en")


def told(**changes: Any) -> str:
    """All sentences about a benchmark whose third arm, or whose first difference on approved images, is changed."""
    found = everything.benchmark()
    found["published_protocol"]["again"].update(changes.get("again", {}))
    found["controlled_protocol"]["differences"][0].update(changes.get("headline", {}))
    for name in changes.get("without", ()):
        del found["controlled_protocol"]["differences"][0][name]
    return "\n".join(benchmark_sentences.sentences(found, EN))


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        pytest.param(0.001, 0.09, "Cleaning helps", id="all above zero"),
        pytest.param(0.0, 0.09, "no gain from cleaning alone", id="from zero on"),
        pytest.param(-0.02, 0.04, "no gain from cleaning alone", id="holds zero"),
        pytest.param(-0.09, 0.0, "no gain from cleaning alone", id="up to zero"),
        pytest.param(-0.09, -0.001, "Cleaning does harm here", id="all below zero"),
    ],
)
def test_the_headline_says_what_the_interval_says(low: float, high: float, says: str) -> None:
    headline = told(headline={"approved": {"difference": 0.03, "low": low, "high": high}}).split("\n")[1]
    assert says in headline
    assert f"+3.0 ({100 * low:+.1f} to {100 * high:+.1f}) points" in headline


def test_without_approved_test_images_the_headline_says_so() -> None:
    assert "what cleaning is worth was not measured" in told(without=["approved"])


def test_each_step_is_better_worse_or_not_told_apart_on_each_test_set() -> None:
    assert "cleaned against reference: raw test better, approved test not told apart, face test worse; " in told()


def test_an_interval_that_ends_at_zero_tells_nothing_apart() -> None:
    found = everything.benchmark()
    found["controlled_protocol"]["differences"][1]["raw"] = {"difference": 0.02, "low": 0.0, "high": 0.04}
    found["controlled_protocol"]["differences"][1]["faces"] = {"difference": -0.02, "low": -0.04, "high": 0.0}
    text = "\n".join(benchmark_sentences.sentences(found, EN))
    assert (
        "cleaned against reference: raw test not told apart, approved test not told apart, face test not told" in text
    )


def test_the_second_split_is_explained_as_a_hypothesis_with_the_images_that_were_seen() -> None:
    leak = {
        "seen_share": {"mean": 0.8, "half_width": None},
        "seen": {"mean": 0.99, "half_width": None},
        "unseen": {"mean": 0.52, "half_width": None},
    }
    text = told(again={"leak": leak})
    assert "80% of the new test images were training images in the first run" in text
    assert "gets 99% right, of the images that it has never seen 52%" in text
    assert "does not prove" in text
    assert "keep it in the manifest" in text


def test_the_second_split_is_told_by_first_epochs_and_means_here_and_as_printed() -> None:
    text = told()
    assert "test accuracy 0.85 after one epoch" in text
    assert "begins here at 0.50 and averages 0.75." in text
    assert "begins at 0.50 and averages 0.85 (printed: 0.88)" in text


def test_a_second_split_that_does_not_come_closer_to_the_printed_figures_explains_nothing() -> None:
    text = told(again={"mean_over_epochs": {"train_accuracy": 0.75, "test_accuracy": 0.74}})
    assert "does not explain the printed figures here" in text
    assert "begins at its final height" not in text


def test_images_that_are_all_seen_leave_the_other_number_out() -> None:
    leak = {name: {"mean": 1.0, "half_width": 0.0} for name in ("seen_share", "seen")}
    text = told(again={"leak": {**leak, "unseen": {"mean": None, "half_width": None}}})
    assert "Of the new test images 100% were training images in the first run." in text


def test_both_proposed_models_stand_beside_the_printed_proposed_one() -> None:
    found = everything.benchmark()
    shown = benchmark_tables.section(found, EN)
    epochs = [table for table in shown.tables if table.caption.startswith("Epochs that the study printed")]
    assert [table.rows[0][4] for table in epochs] == ["0.50 (0.56)", "0.50 (0.85)", "0.50 (0.85)"]
    (means,) = [table for table in shown.tables if table.caption.startswith("Mean accuracy")]
    assert means.rows[1] == ["proposed", "0.98", "0.75", "0.88", "0.75"]
    assert means.rows[2] == ["proposed, trained again on a new split", "0.98", "0.95", "0.88", "0.85"]
    printed = found["published"]["proposed"]["test_accuracy"]
    assert [curve.study for curve in shown.curves if (curve.row, curve.training) == (1, False)][1:] == [
        printed,
        printed,
    ]


def test_table_1_has_what_was_flagged_here_and_in_brackets_what_the_study_removed() -> None:
    found = everything.benchmark()
    found["table1"].insert(1, {**found["table1"][0], "label": "Bored"})  # a class that the study does not have
    table = benchmark_tables.section(found, EN).tables[0]
    assert table.rows == [
        ["Angry", "1 (6)", "2 (4)", "3 (2)"],
        ["Bored", "1", "2", "3"],
        ["Total", "1 (12)", "2 (10)", "3 (20)"],
    ]


def test_the_printed_training_mean_stands_beside_the_mean_of_the_printed_epochs() -> None:
    captions = [table.caption for table in benchmark_tables.section(everything.benchmark(), EN).tables]
    assert any("prints 0.79 as the reference's training mean; its printed epochs average 0.803." in c for c in captions)


def test_every_model_of_the_controlled_protocol_has_its_own_figures() -> None:
    found = everything.benchmark()
    arms = found["controlled_protocol"]["arms"]
    alone = {"mean": 0.25, "half_width": None}
    arms["cleaned"] |= {"trained_on": 7, "faces": {**arms["cleaned"]["faces"], "macro_f1": alone}}
    arms["+ balance"]["raw"] = {**arms["+ balance"]["raw"], "accuracy": {"mean": 0.625, "half_width": 0.05}}
    tables = benchmark_tables.section(found, EN).tables
    accuracy, macro_f1 = (table for table in tables if table.caption.startswith("Controlled protocol, "))
    assert accuracy.head == ["Model", "Trained on", "raw test (8)", "approved test (8)", "face test (8)"]
    assert accuracy.rows[2] == ["cleaned", "7", "0.750 ± 0.010", "0.750 ± 0.010", "0.750 ± 0.010"]
    assert accuracy.rows[4] == ["+ balance", "8", "0.625 ± 0.050", "0.750 ± 0.010", "0.750 ± 0.010"]
    assert macro_f1.rows[2] == ["cleaned", "7", "0.750 ± 0.010", "0.750 ± 0.010", "0.250"]


def test_confusions_are_those_of_the_first_and_the_last_model() -> None:
    found = everything.benchmark()
    found["controlled_protocol"]["arms"]["proposed (+ shrinking)"]["faces"] = {
        **found["controlled_protocol"]["arms"]["reference"]["faces"],
        "confusion": [[2, 0], [1, 1000]],
    }
    tables = [t for t in benchmark_tables.section(found, EN).tables if t.caption.startswith("Confusions")]
    assert [t.caption.split(",")[:2] for t in tables] == [
        [f"Confusions on the {test} test", f" {model}"]
        for model in ("reference", "proposed (+ shrinking)")
        for test in ("raw", "approved", "face")
    ]
    assert [row[1:] for row in tables[2].rows] == [["3", "1"], ["0", "4"]]
    assert [row[1:] for row in tables[5].rows] == [["2", "0"], ["1", "1,000"]]


def test_differences_are_points_with_their_interval_on_every_test_set() -> None:
    tables = benchmark_tables.section(everything.benchmark(), EN).tables
    (steps,) = [table for table in tables if table.caption.startswith("What each step gives")]
    assert steps.head == ["Models", "raw test", "approved test", "face test"]
    assert steps.rows[0] == [
        "cleaned against random removal",
        "+2.0 (+1.0 to +3.0)",
        "+1.0 (-2.0 to +4.0)",
        "-2.0 (-3.0 to -1.0)",
    ]


def test_printed_points_are_joined_within_a_stretch_of_epochs_and_not_across_a_gap() -> None:
    line = chart.Curve(row=0, column=0, training=True, values=[], study=[3.0, 1.0, 2.0], study_epochs=[14, 0, 1])
    epochs, values = zip(*line.study_line, strict=True)
    assert epochs == (0, 1, 13, 14)
    assert values[:2] + values[3:] == (1.0, 2.0, 3.0)
    assert math.isnan(values[2])


def test_the_chart_has_a_panel_for_every_model_and_figure() -> None:
    shown = benchmark_tables.section(everything.benchmark(), EN)
    svg = chart.curves(shown.curves, shown.curve_rows, shown.curve_columns, "Title", "Text", EN)
    assert svg.count('id="axes_') == 6
    for text in ("Loss by epoch", "Accuracy by epoch", "training, printed", "test, here"):
        assert svg.count(f">{text}<") == 1, text


# More images, and everything at once


def further(**left: float) -> str:
    """The sentences where the reference's interval on raw images is changed."""
    found = everything.benchmark()
    found["learning_curves"]["arms"]["reference"]["raw"]["all"]["left"] |= left
    return "\n".join(benchmark_tables.section(found, EN).sentences)


def test_twice_the_images_help_where_the_interval_leaves_less_than_all_errors() -> None:
    shown = "Twice the images of reference would leave 90% (80% to 95%) of its errors on the raw test: more of the same"
    assert f"{shown} help. It is shown for cats, dogs." in further()
    assert "(80% to 100%) of its errors on the raw test, perhaps all of them: more of the same are not" in further(
        high=1.0
    )
    assert "90% (80% to 105%) of its errors on the face test, perhaps all" in further()
    assert "face test, perhaps all of them: more of the same are not shown to help. It is shown for cats." in further()
    assert "Twice the images of proposed" not in further()  # nothing is known of it


def test_learning_curves_have_a_row_for_every_class_that_is_tested() -> None:
    table = next(
        t for t in benchmark_tables.section(everything.benchmark(), EN).tables if t.caption.startswith("Learning")
    )
    assert table.head == ["Model", "25%", "50%", "75%", "100%", "Left of the errors"]
    assert list(table.rows[0]) == [
        "reference, raw test: all classes",
        "0.25",
        "0.50",
        "0.60",
        "0.75",
        "90% (80% to 95%)",
    ]
    assert list(table.rows[1])[-1] == "70% (60% to 80%)"
    assert len(table.rows) == 9
    assert table.rows[-1][-1] == "-"


def test_the_full_protocol_shows_each_step_and_what_all_of_them_give() -> None:
    shown = benchmark_tables.section(everything.benchmark(), EN)
    table = next(t for t in shown.tables if t.caption.startswith("Full"))
    assert table.head[2:] == [
        "raw test (8)",
        "approved test (8)",
        "face test (8)",
        "whole test part of the extension (9)",
    ]
    assert list(table.rows[3]) == ["+ approved images", "1,234", *["0.750 (0.500 to 0.875)"] * 4]
    told = [sentence for sentence in shown.sentences if sentence.endswith("points.")]
    assert [sentence.split(":")[0] for sentence in told] == [
        "all of the extension, fine-tuned against proposed (+ shrinking)",
        "+ face crops against all of the extension, fine-tuned",
        "+ approved images against + face crops",
        "+ approved images against proposed (+ shrinking)",
    ]
    assert "raw test +2.0 (+1.0 to +3.0); approved test +1.0 (-2.0 to +4.0); face test -2.0" in told[3]
    assert any("all 1,234 training images of the extension" in sentence for sentence in shown.sentences)


def test_without_the_full_protocol_nothing_is_said_of_it() -> None:
    shown = benchmark_tables.section(everything.benchmark() | {"full_protocol": None}, EN)
    assert not any("Full protocol" in text for text in (*shown.sentences, *(t.caption for t in shown.tables)))
