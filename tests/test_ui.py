"""The reviewer without a browser: every page draws, every button does what it says, no trouble is a traceback."""

import shutil
import sys
from pathlib import Path

import pytest

import curate
from curate import people, reviewing
from curate.people import Person
from curate.schema import Action
from curate.store import Store
from tests import pictures
from tests.conftest import Audited

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).parents[1] / "ui" / "app.py")


@pytest.fixture(autouse=True)
def introduced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reviewer whose name is known already."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    people.remember(Person(name="ana", lang="en"))


@pytest.fixture
def app(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root)])
    return AppTest.from_file(APP, default_timeout=30).run()


def press(app: AppTest, label: str) -> AppTest:
    """Press the button of this name."""
    (button,) = [button for button in app.button if button.label == label]
    return button.click().run()


def text(app: AppTest) -> str:
    """All that the page says, as a person reads it."""
    elements = [
        *app.markdown,
        *app.header,
        *app.subheader,
        *app.success,
        *app.info,
        *app.warning,
        *app.error,
        *app.caption,
    ]
    return "\n".join(element.value.replace("\\", "") for element in elements)


def log(audited: Audited) -> list[tuple[str, str]]:
    with Store(audited.workspace.review) as store:
        return [(decision.path, str(decision.action)) for decision in store.log()]


def test_the_queue_begins_with_the_label_conflict_and_gives_its_reasons(app: AppTest) -> None:
    assert not app.exception
    shown = text(app)
    assert "The same picture stands in the classes cats and dogs." in shown
    assert "suggested to stay" in shown
    assert "cats/001.jpg" in shown
    assert "dogs/small.jpg" in shown


def test_a_whole_pass_by_button_ends_with_nothing_left(app: AppTest, audited: Audited) -> None:
    for label in ("Drop copies", "Drop", "Drop", "Drop copies", "Keep"):
        press(app, label)
        assert not app.exception
    assert "Nothing left" in text(app)
    verdicts = curate.status(audited.workspace.root).verdicts
    assert verdicts == {"keep": 13, "drop": 4, "relabel": 0, "pending": 0}


def test_undo_shows_the_picture_again_and_redo_does_it_again(app: AppTest, audited: Audited) -> None:
    press(app, "Drop copies")
    assert "cats/001.jpg" not in text(app).split("Dropped")[0]
    press(app, "Undo")
    assert "Taken back." in text(app)
    assert "dogs/small.jpg" in text(app)
    press(app, "Redo")
    assert curate.status(audited.workspace.root).verdicts["drop"] == 1


def test_later_moves_on_and_comes_round_again(app: AppTest) -> None:
    first = text(app)
    for _ in range(5):
        (later,) = [button for button in app.button if button.label == "Later"]
        later.click().run()
    assert "The same picture stands in the classes" in first
    assert "The same picture stands in the classes" in text(app)


def test_keeping_only_another_copy_drops_the_suggested_one(app: AppTest, audited: Audited) -> None:
    press(app, "Keep only 2")
    assert set(log(audited)) == {("cats/001.jpg", "drop"), ("dogs/small.jpg", "keep")}


def test_relabelling_to_a_new_class_with_a_note(app: AppTest, audited: Audited) -> None:
    app.text_input(key="note").set_value("both are foxes").run()
    choice = next(box for box in app.selectbox if box.label == "New class")
    choice.set_value("dogs").run()
    press(app, "Relabel")
    with Store(audited.workspace.review) as store:
        recorded = store.log()
    assert {(str(d.action), d.new_label, d.note) for d in recorded} == {("relabel", "dogs", "both are foxes")}


def test_filters_narrow_the_queue_and_an_empty_result_says_so(app: AppTest) -> None:
    app.multiselect(key="filter_category").select("unsuitable").run()
    assert "dogs/night.jpg" in text(app)
    app.text_input(key="filter_text").set_value("no such name").run()
    assert "Nothing undecided matches the filters" in text(app)


def test_a_deleted_file_and_a_moved_source_are_explained(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = shutil.copytree(audited.source, tmp_path / "src")
    curate.audit(source, tmp_path / "own")
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path / "own")])
    (source / "dogs" / "small.jpg").unlink()
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert "The file is gone since the scan." in text(app)
    shutil.rmtree(source)
    app = AppTest.from_file(APP, default_timeout=30).run()
    press(app, "Next")
    assert "Has it moved?" in text(app)
    assert not app.exception


def test_a_folder_that_is_no_workspace_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path)])
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert not app.exception
    assert "make one with: curate audit" in text(app)


def test_a_dataset_without_findings_has_nothing_left_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures.save(pictures.photo(1), tmp_path / "src" / "cats" / "a.jpg")
    curate.audit(tmp_path / "src", tmp_path / "ws")
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path / "ws")])
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert "Nothing left" in text(app)


@pytest.mark.parametrize("page", ["overview_page", "log_page"])
def test_the_other_pages_draw(audited: Audited, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    with Store(audited.workspace.review) as store:
        item = store.find()[0]
        store.decide(reviewing.decide_all(item, Action.KEEP), reviewer="ana", now="2026-01-01T00:00:00Z")
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root)])
    script = f"from ui import session, {page}\nsession.prepare()\n{page}.draw()"
    app = AppTest.from_string(script, default_timeout=30).run()
    assert not app.exception
    if page == "log_page":
        press(app, "Take back line 1")
        assert log(audited)[-1][1] == "undo"


def opened(audited: Audited, monkeypatch: pytest.MonkeyPatch, page: str) -> AppTest:
    """One page by itself."""
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root)])
    script = f"from ui import session, {page}\nsession.prepare()\n{page}.draw()"
    return AppTest.from_string(script, default_timeout=30).run()


def test_a_batch_is_decided_without_the_picture_left_out_and_undone_in_one_step(
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


def test_export_refuses_undecided_pictures_as_the_command_line_does(
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
