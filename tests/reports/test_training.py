"""A run of `curate train fit` in the report: its figures, its reliability, its mistakes, and folders that are none."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from curate.errors import CurateError
from curate.i18n import translator
from curate.reports import chart, report, training
from curate.storage.workspace import Workspace
from tests.i18n import everything

EN = translator("en")
BINS = [
    {"images": 6, "confidence": 0.55, "accuracy": 0.5},
    {"images": 2, "confidence": 0.95, "accuracy": 1.0},
]
QUALITY = {
    "images": 8,
    "accuracy": 0.625,
    "macro_f1": 0.6,
    "calibration_error": 0.05,
    "classes": [
        {"label": "cats | *dogs*", "images": 5, "precision": 0.75, "recall": 0.6, "f1": 2 / 3},
        {"label": "<b>birds</b>", "images": 3, "precision": 0.5, "recall": 2 / 3, "f1": 0.5714},
    ],
    "confusion": [[3, 2], [1, 2]],
    "reliability": BINS,
}
RECIPE = '[train]\nname = "own"\nweights = "/nets/mine.pt"\nepochs = 1200\nfine_tune = true\ninput_px = 112\n'


def run(folder: Path, **changes: Any) -> Path:
    folder.mkdir()
    mistake = {
        "path": "<i>/a.png",
        "label": "cats",
        "predicted": "birds",
        "confidence": 0.956,
        "preview": "/9j/4AAQmine",
    }
    stored = {
        "quality.json": {"test": QUALITY},
        "mistakes.json": {"mistakes": [mistake, {**mistake, "path": "b.png", "preview": '"><script>'}]},
    } | changes
    for name, value in stored.items():
        (folder / name).write_text(json.dumps(value))
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


def test_a_class_without_images_or_predictions_has_no_figures_of_them(tmp_path: Path) -> None:
    zeros = {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    right = {"label": "cats", "images": 4, "precision": 0.8, "recall": 1.0, "f1": 8 / 9}
    labels = [right, {"label": "dogs", "images": 0, **zeros}, {"label": "owls", "images": 1, **zeros}]
    changed = {**QUALITY, "classes": labels, "confusion": [[4, 0, 0], [0, 0, 0], [1, 0, 0]]}
    shown = training.section(training.read(run(tmp_path / "run", **{"quality.json": {"test": changed}})), EN)
    assert [list(row)[1:] for row in shown.tables[1].rows[1:]] == [["0", "-", "-", "-"], ["1", "-", "0.000", "0.000"]]


def test_a_class_predicted_as_often_as_it_is_there_has_its_figures(tmp_path: Path) -> None:
    halves = {"images": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5}
    changed = {**QUALITY, "classes": [{"label": label, **halves} for label in "ab"], "confusion": [[1, 1], [1, 1]]}
    shown = training.section(training.read(run(tmp_path / "run", **{"quality.json": {"test": changed}})), EN)
    assert [list(row) for row in shown.tables[1].rows] == [[label, "2", "0.500", "0.500", "0.500"] for label in "ab"]


def test_a_run_is_its_figures_by_part_and_by_class(tmp_path: Path) -> None:
    shown = training.section(training.read(run(tmp_path / "run")), EN)
    assert shown.name == "run"
    assert "weights mine.pt, the whole network trained for up to 1,200 epochs at 112 px" in shown.sentence
    parts, classes, confusion = shown.tables
    assert list(parts.rows[0]) == ["test", "8", "0.625", "0.600", "0.050"]
    assert list(classes.rows[0]) == ["cats | *dogs*", "5", "0.750", "0.600", "0.667"]
    assert list(confusion.head) == ["", "cats | *dogs*", "<b>birds</b>"]
    assert [list(row)[1:] for row in confusion.rows] == [["3", "2"], ["1", "2"]]
    assert [mistake.caption for mistake in shown.mistakes] == ["cats, taken for birds (96%)"] * 2
    assert [mistake.uri for mistake in shown.mistakes] == ["data:image/jpeg;base64,/9j/4AAQmine", None]


def test_one_epoch_is_one(tmp_path: Path) -> None:
    folder = run(tmp_path / "run")
    (folder / "recipe.toml").write_text(re.sub(r"epochs = \d+", "epochs = 1", RECIPE))
    assert "trained for 1 epoch at" in training.section(training.read(folder), EN).sentence
    assert "por 1 época a" in training.section(training.read(folder), translator("pt-BR")).sentence


def test_reliability_has_a_point_for_every_bin_and_a_panel_for_every_part() -> None:
    one, two = (chart.reliability(parts, "figure-1", EN) for parts in ({"test": BINS}, {"test": BINS, "val": BINS}))
    assert one.count("<use ") + 2 <= two.count("<use ")
    assert 'aria-labelledby="figure-1-title figure-1-desc"' in one
    assert ">test<" in one
    assert ">val<" not in one
    assert ">val<" in two


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
def test_the_report_shows_every_run_that_it_is_given(tmp_path: Path, lang: str) -> None:
    workspace = everything.make(tmp_path / "all")
    runs = [run(tmp_path / "first"), run(tmp_path / "second")]
    page, markdown, *_ = report(workspace.root, tmp_path / "report.html", lang=lang, runs=runs)
    html, text = page.read_text(encoding="utf-8"), markdown.read_text(encoding="utf-8")
    assert html.count('href="#training"') == 1
    assert html.count("data:image/jpeg;base64,/9j/4AAQmine") == 2
    assert "<script>" not in html.split('id="training"')[1]
    assert "&lt;b&gt;birds&lt;/b&gt;" in html
    assert html.count('id="reliability-0-title"') == html.count('id="reliability-1-title"') == 1
    assert "\n### first\n" in text
    assert f" -o report.html --lang {lang} --run first --run second\n" in text
    assert "\n| cats \\| \\*dogs\\* | 5 |" in text
    assert "\n|:--|--:|--:|--:|--:|\n" in text


def test_without_a_run_nothing_is_said_of_networks(tmp_path: Path) -> None:
    workspace = everything.make(tmp_path / "all")
    page, markdown, *_ = report(Workspace(workspace.root).root, tmp_path / "report.html")
    assert 'id="training"' not in page.read_text(encoding="utf-8")
    assert "#training" not in page.read_text(encoding="utf-8")
    assert "Trained networks" not in markdown.read_text(encoding="utf-8")


@pytest.mark.parametrize("missing", ["quality.json", "mistakes.json", "recipe.toml"])
def test_a_folder_that_is_no_ended_run_is_one_line(tmp_path: Path, missing: str) -> None:
    folder = run(tmp_path / "run")
    for text in (None, "[]", "no json"):
        (folder / missing).unlink(missing_ok=True)
        if text:
            (folder / missing).write_text(text)
        with pytest.raises(CurateError, match="run holds no run of `curate train fit` that has ended"):
            training.read(folder)


@pytest.mark.parametrize("without", ["reliability", "confusion", "macro_f1"])
def test_a_run_of_an_older_version_is_one_line(tmp_path: Path, without: str) -> None:
    older = {name: value for name, value in QUALITY.items() if name != without}
    folder = run(tmp_path / "run", **{"quality.json": {"test": older}})
    with pytest.raises(CurateError, match=r"run holds a run without all figures .* again with the same -o"):
        training.sections([folder], EN)


@pytest.mark.parametrize(
    ("text", "says"), [('{"seeds": 5}', "lacks figures"), ("{", "cannot be read"), ("[1]", "cannot be read")]
)
def test_a_benchmark_of_an_older_version_or_cut_short_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    workspace = everything.make(tmp_path / "all")
    (workspace.root / "runs" / "benchmark.json").write_text(text)
    with pytest.raises(CurateError, match=rf"benchmark\.json {says}.*; run `curate benchmark` again"):
        report(workspace.root, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()
