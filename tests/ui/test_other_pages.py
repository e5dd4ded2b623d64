"""Map, thresholds, agreement, overview, log and export without a browser, and the reviewer in Portuguese."""

import shutil
import sys
import time
from pathlib import Path
from typing import get_args

import pytest

import curate
from curate import config
from curate.auditing import summary, thresholds
from curate.dataset import manifest
from curate.options import Layout
from curate.reviewing import choices
from curate.reviewing.queue import QueueFilter
from curate.reviewing.store import Store
from curate.scanners import Threshold
from curate.schema import Action
from curate.storage.workspace import Workspace
from curate.ui.feed import AHEAD
from tests.conftest import Audited
from tests.ui.driving import APP, AppTest, Screen, drawn, opened, press, text, told

pytestmark = pytest.mark.usefixtures("introduced")


def test_the_map_holds_every_image_that_can_be_read(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(audited, monkeypatch, "map_page")
    assert not app.exception
    data = told(app)
    assert len(data["paths"]) == len(data["points"]) == 16, "but for the empty file"
    assert data["names"] == ["cats", "dogs"]
    assert [data["names"][group] for group in data["groups"]] == [path.split("/")[0] for path in data["paths"]]
    assert max(abs(value) for point in data["points"] for value in point) <= 1


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


@pytest.mark.parametrize("layout", get_args(Layout))
def test_every_form_of_the_command_line_can_be_written(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, layout: Layout
) -> None:
    app = opened(audited, monkeypatch, "export_page")
    app.radio(key="export_pending").set_value("drop").run()
    assert app.selectbox(key="export_layout").value == "folder"
    app.selectbox(key="export_layout").set_value(layout).run()
    target = tmp_path / ("cleaned.csv" if layout == "list" else "cleaned")
    app.text_input(key="export_folder").set_value(str(target)).run()
    press(app, "Write the manifest and the list" if layout == "list" else "Write the manifest and the folder")
    assert "all as reviewed" in text(app)
    assert curate.verify(target).ok
    mark = {"list": "cleaned.csv", "webdataset": "*.tar", "parquet": "data/*.parquet", "fiftyone": "samples.json"}
    mark |= {"label-studio": "tasks.json", "imagefolder": "metadata.csv", "folder": "cats/000.jpg"}
    assert list((target if target.is_dir() else tmp_path).glob(mark[layout]))


def test_blanks_round_the_name_of_the_folder_are_none_of_it(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app = opened(audited, monkeypatch, "export_page")
    app.radio(key="export_pending").set_value("drop").run()
    assert app.text_input(key="export_folder").set_value("  ").run().button(key="export_copy").disabled
    app.text_input(key="export_folder").set_value(f" {tmp_path / 'cleaned'} ").run()
    press(app, "Write the manifest and the folder")
    assert curate.verify(tmp_path / "cleaned").ok


def test_what_nothing_flags_any_more_is_named_when_the_manifest_is_written(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    curate.decide(
        audited.workspace.root, curate.Selection(paths=("dogs/night.jpg",)), "relabel", reviewer="ana", new_label="cats"
    )
    thresholds.save(audited.workspace, {("quality", name): 0.0 for name in ("dark", "low_contrast")})
    app = opened(audited, monkeypatch, "export_page")
    app.radio(key="export_pending").set_value("keep").run()
    press(app, "Write the manifest")
    assert "1 image that was dropped or given another class is no longer flagged" in text(app)
    assert "dogs/night" in text(app)


def test_a_list_is_called_as_a_list(audited: Audited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app = opened(audited, monkeypatch, "export_page")
    app.radio(key="export_pending").set_value("drop").run()
    app.selectbox(key="export_layout").set_value("list").run()
    app.text_input(key="export_folder").set_value(str(tmp_path / "cleaned")).run()
    press(app, "Write the manifest and the list")
    assert "the name of a list ends in .csv, .jsonl or .parquet" in text(app)
    assert not (tmp_path / "cleaned").exists()


def test_a_second_browser_is_shown_another_item_and_a_late_decision_is_told(audited: Audited, app: AppTest) -> None:
    screen = Screen(app, audited)
    held = set(screen.data["order"])
    mine = screen.item("cats/001.jpg")
    with Store(audited.workspace.review) as store:
        theirs = store.queue.claim(holder="elsewhere/1/other", now_s=time.time())
        assert held.isdisjoint(item.item_id for item in theirs)
        first = store.queue.find()[0]
        store.log.decide(choices.decide_all(first, Action.KEEP), reviewer="rui", now="2026-01-01T00:00:00Z")
    (answer,) = screen.send(screen.stroke("reject", mine))["answers"]
    assert answer["text"] == "rui decided cats/001.jpg first (Keep); yours was not recorded."
    assert set(log_reviewers(audited)) == {"rui"}


def test_a_screen_leaves_half_of_what_is_left_to_others(audited: Audited, app: AppTest) -> None:
    screen = Screen(app, audited)
    with Store(audited.workspace.review) as store:
        waiting = [item.item_id for item in store.queue.find(limit=AHEAD)]
        theirs = store.queue.claim(holder="elsewhere/1/other", now_s=time.time(), limit=AHEAD)
    assert screen.data["order"] == waiting[: (len(waiting) + 1) // 2]
    assert [item.item_id for item in theirs] == waiting[len(screen.data["order"]) :]
    assert not screen.data["more"], "or the surface would ask without end"
    assert not screen.data["elsewhere"], "nor keep what it holds for somebody who is away"


def test_what_matches_the_filters_and_is_on_another_screen_is_not_said_to_be_decided(
    audited: Audited, app: AppTest
) -> None:
    dark = QueueFilter(kinds=frozenset({"dark"}))
    with Store(audited.workspace.review) as store:
        store.queue.release(store.queue.holders(now_s=time.time()))
        (theirs,) = store.queue.claim(dark, holder="elsewhere/1/other", now_s=time.time())
    app.multiselect(key="filter_kind").select("dark").run()
    data = told(app)
    assert data["order"] == []
    assert "is on other screens at present" in data["end"]["lines"][0]
    with Store(audited.workspace.review) as store:
        store.log.decide(choices.decide_all(theirs, Action.KEEP), reviewer="rui", now="2026-01-01T00:00:00Z")
    assert "Nothing undecided matches the filters" in told(app.run())["end"]["lines"][0]


def log_reviewers(audited: Audited) -> list[str]:
    with Store(audited.workspace.review) as store:
        return [decision.reviewer for decision in store.log.decisions()]


def test_the_log_has_a_row_a_step_and_takes_it_back_whole(audited: Audited, app: AppTest) -> None:
    screen = Screen(app, audited)
    screen.send(screen.stroke("reject", screen.item("cats/001.jpg")))
    shown = drawn("log_page")
    assert "Keep cats/001.jpg, 1 copy dropped" in text(shown)
    press(shown, "Take back 1")
    assert not shown.exception
    assert "Taken back: Keep cats/001.jpg, 1 copy dropped." in text(shown)
    assert curate.status(audited.workspace.root).verdicts["pending"] == 5
    press(shown, "Restore 1")
    assert "Done again" in text(shown)
    assert curate.status(audited.workspace.root).verdicts["drop"] == 1


# The other pages


def test_the_log_shows_the_image_that_was_decided_not_what_has_its_name_now(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = shutil.copytree(audited.source, tmp_path / "src")
    curate.audit(source, tmp_path / "own")
    with Store(Workspace(tmp_path / "own").review) as store:
        (night,) = store.catalogue.entries(["dogs/night.jpg"])
        store.log.decide(choices.decide_image(night, Action.DROP), reviewer="rui", now="2026-01-01T00:00:00Z")
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path / "own")])

    def shown() -> list[str]:
        return [url for image in drawn("log_page").get("image") for url in image.value]

    before = shown()
    assert len(before) == 1
    shutil.copy(source / "cats" / "000.jpg", source / "dogs" / "night.jpg")
    curate.audit(source, tmp_path / "own")
    assert shown() == before


def test_the_name_is_asked_once_in_each_browser(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    monkeypatch.setattr("curate.ui.session.name_in_browser", lambda: "")
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root)])
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert "Who is reviewing?" in text(app)
    app.text_input(key="asked_name").set_value("Bia")
    press(app, "Begin")
    assert told(app)["order"], "the queue is on hand"
    another = AppTest.from_file(APP, default_timeout=30).run()
    assert "Who is reviewing?" in text(another), "what one says holds for no other"
    assert another.text_input(key="asked_name").value == "Bia"
    monkeypatch.setattr("curate.ui.session.name_in_browser", lambda: "Bia")
    again = AppTest.from_file(APP, default_timeout=30).run()
    assert "Who is reviewing?" not in text(again)


def test_everything_is_there_in_portuguese(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root), "--lang", "pt-BR"])
    app = AppTest.from_file(APP, default_timeout=30).run()
    data = told(app)
    assert {"Manter todas", "Descartar cópias", "Adiar", "Desfazer", "Refazer", "Próxima"} <= set(
        data["texts"].values()
    )
    reasons = [finding["reason"] for finding in data["items"][0]["images"][1]["findings"]]
    assert "A mesma imagem está nas classes cats e dogs." in reasons
    screen = Screen(app, audited)
    screen.send(screen.stroke("reject", screen.item("cats/001.jpg")))
    (answer,) = screen.send(screen.stroke("undo"))["answers"]
    assert answer["text"] == "Desfeito: Manter cats/001.jpg, 1 cópia descartada."
    app.selectbox(key="lang").set_value("en").run()
    assert told(app)["texts"]["later"] == "Later"


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


def test_thresholds_are_shown_on_what_is_measured_with_the_settings_that_were_written_since(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(audited, monkeypatch, "threshold_page")
    measured = Threshold.values
    monkeypatch.setattr(Threshold, "values", lambda *given: measured(*given) * float("nan"))
    app.run()
    assert app.slider, "kept while nothing changes"
    audited.workspace.config.touch()
    app.run()
    assert not app.slider


def test_it_is_said_that_a_dropped_image_stays_once_nothing_flags_it(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    thresholds.save(audited.workspace, {("quality", "low_contrast"): 0.0, ("quality", "blurry"): 1.0})
    dark = curate.Selection(paths=("dogs/night.jpg",))
    curate.decide(audited.workspace.root, dark, "drop", reviewer="ana")
    app = opened(audited, monkeypatch, "threshold_page")
    app.selectbox(key="threshold_cut").set_value(("quality", "dark")).run()
    for at, is_told in ((0.02, True), (0.01, False)):
        (slider,) = app.slider
        slider.set_value(at).run()
        press(app, "Save and judge again")
        assert ("1 image that was dropped or given another class is no longer flagged" in text(app)) is is_told
    assert curate.status(audited.workspace.root).verdicts["drop"] == 0


def test_a_second_look_is_rated_and_shows_the_agreement(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(audited.workspace.review) as store:
        for item in store.queue.find(limit=9):
            store.log.decide(choices.reject(item), reviewer="rui", now="2026-01-01T00:00:00Z")
    screen = Screen(opened(audited, monkeypatch, "agreement_page"), audited, "second_feed")
    assert all(item["decided"] == "" for item in screen.data["items"]), "what the other decided is not shown"
    first = screen.data["items"][0]
    for refused in (
        screen.stroke("undo"),
        screen.stroke("later", first),
        screen.stroke("drop", first | {"seen": "old"}),
    ):
        (answer,) = screen.send(refused)["answers"]
        assert answer["result"] != "done"
    with Store(audited.workspace.review) as store:
        assert {rating.reviewer for rating in store.second_looks.ratings()} == {"rui"}
    for item in screen.data["items"]:
        screen.send(screen.stroke("reject" if item["group"] else "drop", item))
        assert not screen.app.exception
    assert "Nothing to look at a second time" in screen.data["end"]["lines"][0]
    (table,) = screen.app.dataframe
    pair = list(table.value.iloc[0])
    assert (pair[0], pair[2]) == ("ana / rui", "100%")
    assert set(log_reviewers(audited)) == {"rui"}, "a second look decides nothing"


def test_help_lists_every_key(app: AppTest) -> None:
    data = told(app)
    listed = {key for keys, _ in data["help"] for key in keys}
    assert {
        "K",
        "D",
        "X",
        "S",
        "L",
        "U",
        "Y",
        "←",
        "→",
        "Z",
        "B",
        "P",
        "W",
        "M",
        "N",
        "F",
        "/",
        "H",
        "?",
        "1-9",
    } <= listed


def test_the_export_page_says_what_will_go_before_anything_is_written(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(audited.workspace.review) as store:
        (night,) = store.catalogue.entries(["dogs/night.jpg"])
        store.log.decide(choices.decide_image(night, Action.DROP), reviewer="rui", now="2026-01-01T00:00:00Z")
    app = opened(audited, monkeypatch, "export_page")
    for pending, stay, go in ((None, "12", "1"), ("keep", "16", "1"), ("drop", "12", "5")):
        app.radio(key="export_pending").set_value(pending).run()
        assert {metric.label: metric.value for metric in app.metric} == {
            "Stay": stay, "Of them relabelled": "0", "Go": go, "Undecided": "4",
        }, pending  # fmt: skip


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


TELLING = """
import streamlit as st
from curate.ui import session
session.prepare()
with session.telling():
    if st.session_state.pop("broken_off", False):
        st.stop()
    if st.session_state.pop("said_meanwhile", False):
        st.session_state.message = ("error", "something else")
"""


def test_what_a_button_did_is_said_again_until_the_page_was_drawn_whole() -> None:
    app = AppTest.from_string(TELLING, default_timeout=30).run()
    app.session_state["message"] = ("success", "saved")
    app.session_state["broken_off"] = True
    assert [[one.value for one in app.run().success] for _ in range(3)] == [["saved"], ["saved"], []]
    app.session_state["message"] = ("info", "saved")
    app.session_state["said_meanwhile"] = True
    assert [one.value for one in app.run().info] == ["saved"]
    assert [one.value for one in app.run().error] == ["something else"]
    assert not app.run().error
