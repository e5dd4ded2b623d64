"""Batch, thresholds, agreement, overview, log and export without a browser, and the reviewer in Portuguese."""

import sys
import time
from pathlib import Path

import pytest

import curate
from curate import config
from curate.auditing import summary
from curate.dataset import manifest
from curate.reviewing import choices
from curate.reviewing.store import Store
from curate.schema import Action
from tests.conftest import Audited
from tests.ui.driving import APP, AppTest, log, opened, press, text

pytestmark = pytest.mark.usefixtures("introduced")


def test_a_batch_is_decided_without_the_image_left_out_and_undone_in_one_step(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(audited, monkeypatch, "batch_page")
    named = [box.label.replace("\\", "") for box in app.checkbox]
    assert sorted(name.split(" ")[1] for name in named) == ["cats/cut.jpg", "cats/empty.png", "dogs/night.jpg"]
    next(box for box in app.checkbox if "night" in box.label).uncheck().run()
    press(app, "Drop 2")
    assert set(log(audited)) == {("cats/cut.jpg", "drop"), ("cats/empty.png", "drop")}
    press(app, "Undo")
    assert curate.status(audited.workspace.root).verdicts["drop"] == 0


def test_choosing_none_leaves_nothing_to_decide(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(audited, monkeypatch, "batch_page")
    press(app, "Choose none")
    (button,) = [button for button in app.button if button.label == "Drop 0"]
    assert button.disabled


def test_export_refuses_undecided_images_as_the_command_line_does(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(audited, monkeypatch, "export_page")
    press(app, "Write the manifest")
    assert "undecided" in text(app)
    assert not audited.workspace.manifest.exists()


def test_export_writes_the_folder_and_hashes_it_again(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app = opened(audited, monkeypatch, "export_page")
    app.radio(key="export_pending").set_value("drop").run()
    app.text_input(key="export_folder").set_value(str(tmp_path / "cleaned")).run()
    press(app, "Write the manifest and the folder")
    assert "all as reviewed" in text(app)
    assert curate.verify(tmp_path / "cleaned").ok


# Every page in every kind of trouble


def test_a_second_browser_is_shown_another_item_and_a_late_decision_is_told(audited: Audited, app: AppTest) -> None:
    assert "cats/001.jpg" in text(app)
    with Store(audited.workspace.review) as store:
        (theirs,) = store.queue.claim(holder="elsewhere/1/other", now_s=time.time())
        assert "cats/001.jpg" not in theirs.paths
        mine = store.queue.find()[0]
        store.log.decide(choices.decide_all(mine, Action.KEEP), reviewer="rui", now="2026-01-01T00:00:00Z")
    press(app, "Drop copies")
    assert "rui decided" in text(app)
    assert "yours was not recorded" in text(app)
    assert set(log_reviewers(audited)) == {"rui"}


def log_reviewers(audited: Audited) -> list[str]:
    with Store(audited.workspace.review) as store:
        return [decision.reviewer for decision in store.log.decisions()]


def test_a_batch_leaves_out_what_another_decided_meanwhile(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(audited, monkeypatch, "batch_page")
    with Store(audited.workspace.review) as store:
        night = store.queue.item("dogs/night.jpg")
        assert night is not None
        store.log.decide(choices.decide_all(night, Action.KEEP), reviewer="rui", now="2026-01-01T00:00:00Z")
    press(app, "Drop 3")
    assert "1 was decided by others meanwhile" in text(app)
    assert sorted(log(audited)) == [("cats/cut.jpg", "drop"), ("cats/empty.png", "drop"), ("dogs/night.jpg", "keep")]


def test_a_batch_shows_the_filters_that_it_obeys(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(audited, monkeypatch, "batch_page")
    app.multiselect(key="filter_label").select("dogs").run()
    assert [box.label.replace("\\", "") for box in app.checkbox] == ["1. dogs/night.jpg"]
    press(app, "Clear the filters")
    assert len(app.checkbox) == 3


def test_a_range_of_a_batch_is_chosen(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(audited, monkeypatch, "batch_page")
    next(slider for slider in app.slider if slider.label == "Choose a range").set_value((2, 3)).run()
    assert [box.value for box in app.checkbox] == [False, True, True]


# The other pages


def test_the_name_is_asked_once(audited: Audited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root)])
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert "Who is reviewing?" in text(app)
    app.text_input(key="asked_name").set_value("Bia")
    press(app, "Begin")
    press(app, "Drop copies")
    assert set(log_reviewers(audited)) == {"Bia"}
    again = AppTest.from_file(APP, default_timeout=30).run()
    assert "Who is reviewing?" not in text(again)


def test_everything_is_there_in_portuguese(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root), "--lang", "pt-BR"])
    app = AppTest.from_file(APP, default_timeout=30).run()
    keys = {"Manter todas", "Descartar cópias", "Adiar", "Desfazer", "Refazer", "Próxima"}
    assert keys <= {button.label for button in app.button}
    assert "A mesma imagem está nas classes cats e dogs." in text(app)
    press(app, "Descartar cópias")
    assert "1 cópia de cats/001.jpg descartada." in text(app)
    app.selectbox(key="lang").set_value("en").run()
    assert "Later" in {button.label for button in app.button}


def test_a_threshold_moved_and_saved_changes_the_queue(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(audited, monkeypatch, "threshold_page")
    assert not app.exception
    assert {metric.label for metric in app.metric} == {"Suspected now", "Suspected then"}
    (slider,) = app.slider
    slider.set_value(0.05).run()
    press(app, "Save and judge again")
    assert not app.exception
    assert "Saved. The queue now holds" in text(app)
    assert config.read(audited.workspace.config).scan["quality"]["blurry"] == 0.05


def test_a_second_look_is_rated_and_shows_the_agreement(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(audited.workspace.review) as store:
        for item in store.queue.find(limit=9):
            store.log.decide(choices.reject(item), reviewer="rui", now="2026-01-01T00:00:00Z")
    app = opened(audited, monkeypatch, "agreement_page")
    for _ in range(5):
        drop = next(button for button in app.button if button.label.startswith("Drop"))
        drop.click().run()
        assert not app.exception
    assert "Nothing to look at a second time" in text(app)
    (table,) = app.dataframe
    pair = list(table.value.iloc[0])
    assert (pair[0], pair[2]) == ("ana / rui", "100%")
    assert set(log_reviewers(audited)) == {"rui"}, "a second look decides nothing"


def test_an_image_is_looked_at_by_its_pixels_and_a_group_by_its_difference(app: AppTest) -> None:
    for _ in range(3):
        press(app, "View")
        assert not app.exception
    assert "grey levels apart" in text(press(press(app, "View"), "View"))
    press(app, "Drop copies")
    for _ in range(3):
        press(app, "View")
        assert not app.exception


def test_help_lists_every_key(app: AppTest) -> None:
    shown = text(press(app, "Keys"))
    assert "undo and redo, as many steps as you like" in shown


def test_the_report_is_written_in_the_language_of_the_page(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    app = opened(audited, monkeypatch, "export_page")
    press(app, "Write the report")
    assert "report.html" in text(app)
    assert (audited.workspace.root / "report.html").is_file()


def test_what_is_left_and_the_balance_of_the_classes(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(audited.workspace.review) as store:
        for item in store.queue.find(limit=9):
            if "cats/cut.jpg" in item.paths:
                store.log.decide(choices.reject(item), reviewer="rui", now="2026-01-01T00:00:00Z")
    app = opened(audited, monkeypatch, "overview_page")
    assert not app.exception
    left = app.dataframe[-1].value
    assert dict(zip(left["Kind"], left["Images waiting"], strict=True))["Dark"] == 1
    images, findings = audited.workspace.read_images(), audited.workspace.read_findings()
    with Store(audited.workspace.review) as store:
        balance = summary.balance(manifest.build(images, findings, store.log.decisions(), source="s"))
    assert balance.loc["cats"].tolist() == [8, 7]
    assert balance.loc["dogs"].tolist() == [9, 9]
