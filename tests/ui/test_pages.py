"""The queue without a browser: every button does what it says, no trouble is a traceback."""

import shutil
import sys
from pathlib import Path

import pytest

import curate
from curate.reviewing import choices
from curate.reviewing.store import Store
from curate.schema import Action
from tests import sample_images
from tests.conftest import Audited
from tests.ui.driving import APP, AppTest, log, press, text

PAGES = ("queue", "batch", "threshold", "agreement", "overview", "log", "export")

pytestmark = pytest.mark.usefixtures("introduced")


def test_the_queue_begins_with_the_label_conflict_and_gives_its_reasons(app: AppTest) -> None:
    assert not app.exception
    shown = text(app)
    assert "The same image stands in the classes cats and dogs." in shown
    assert "Suggested to stay" in shown
    assert "cats/001.jpg" in shown
    assert "dogs/small.jpg" in shown


def test_a_whole_pass_by_button_ends_with_nothing_left(app: AppTest, audited: Audited) -> None:
    for label in ("Drop copies", "Drop", "Drop", "Drop copies", "Keep"):
        press(app, label)
        assert not app.exception
    assert "Nothing left" in text(app)
    verdicts = curate.status(audited.workspace.root).verdicts
    assert verdicts == {"keep": 13, "drop": 4, "relabel": 0, "pending": 0}


def test_undo_shows_the_image_again_and_redo_does_it_again(app: AppTest, audited: Audited) -> None:
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
    assert "The same image stands in the classes" in first
    assert "The same image stands in the classes" in text(app)


def test_keeping_only_another_copy_drops_the_suggested_one(app: AppTest, audited: Audited) -> None:
    press(app, "Keep only 2")
    assert set(log(audited)) == {("cats/001.jpg", "drop"), ("dogs/small.jpg", "keep")}


def test_relabelling_to_a_new_class_with_a_note(app: AppTest, audited: Audited) -> None:
    app.text_input(key="note").set_value("both are foxes").run()
    choice = next(box for box in app.selectbox if box.label == "New class")
    choice.set_value("dogs").run()
    press(app, "Relabel")
    with Store(audited.workspace.review) as store:
        recorded = store.log.decisions()
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


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    """A shard of a class of clean images and a dark one, audited into `ws` beside it."""
    sample_images.dataset(tmp_path / "src", classes=("cats",))
    sample_images.save(sample_images.photo(1) // 8, tmp_path / "src" / "cats" / "night.jpg")
    packed = sample_images.tar(tmp_path / "src", tmp_path / "shards.tar")
    curate.audit(packed, tmp_path / "ws")
    return packed


def test_an_image_of_a_tar_is_shown(tar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tar.with_name("ws"))])
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert not app.exception
    assert "shards.tar/cats/night.jpg" in text(app)
    assert len(app.get("image")) == 5, "the image, and four others of its class"
    for _ in range(2):
        press(app, "View")
        assert not app.exception
        assert len(app.get("image")) == 5
    assert not app.warning


def test_an_image_of_a_tar_is_only_gone_where_the_tar_lacks_it(tar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tar.with_name("ws"))])
    tar.unlink()
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert "The file is gone since the scan." in text(app)
    (tar.with_name("src") / "cats" / "night.jpg").write_bytes(b"another file of that name")
    sample_images.tar(tar.with_name("src"), tar)
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert "The file is gone" not in text(app)
    assert "Nothing of this file can be shown as an image." in text(app)


def test_a_folder_that_is_no_workspace_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path)])
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert not app.exception
    assert "make one with: curate audit" in text(app)


def test_a_dataset_without_findings_has_nothing_left_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample_images.save(sample_images.photo(1), tmp_path / "src" / "cats" / "a.jpg")
    curate.audit(tmp_path / "src", tmp_path / "ws")
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path / "ws")])
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert "Nothing left" in text(app)


@pytest.mark.parametrize("page", ["overview_page", "log_page"])
def test_the_other_pages_draw(audited: Audited, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    with Store(audited.workspace.review) as store:
        item = store.queue.find()[0]
        store.log.decide(choices.decide_all(item, Action.KEEP), reviewer="ana", now="2026-01-01T00:00:00Z")
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root)])
    script = f"from curate.ui import session, {page}\nsession.prepare()\n{page}.draw()"
    app = AppTest.from_string(script, default_timeout=30).run()
    assert not app.exception
    if page == "log_page":
        press(app, "Take back 1")
        assert log(audited)[-1][1] == "undo"


def in_trouble(tmp_path: Path, trouble: str) -> Path:
    """A workspace with two flagged images, or whatever is left of it."""
    source, root = tmp_path / "src", tmp_path / "trouble"
    if trouble == "empty":
        source.mkdir()
        (source / "notes.txt").write_text("no image")
    elif trouble == "one image":
        sample_images.save(sample_images.photo(1) // 8, source / "cats" / "night.jpg")
    else:
        sample_images.save(sample_images.photo(1) // 8, source / "cats" / "night.jpg")
        sample_images.save(sample_images.photo(2), source / "cats" / "a.jpg")
        shutil.copy(source / "cats" / "a.jpg", source / "cats" / "b.jpg")
    curate.audit(source, root)
    if trouble == "source moved":
        source.rename(tmp_path / "elsewhere")
    elif trouble == "files deleted":
        for path in source.rglob("*.jpg"):
            path.unlink()
    return root


@pytest.mark.parametrize("trouble", ["empty", "one image", "source moved", "files deleted"])
def test_no_page_is_ever_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str) -> None:
    try:
        root = in_trouble(tmp_path, trouble)
    except curate.CurateError:
        assert trouble == "empty", "an audit of nothing is refused, and leaves nothing to review"
        root = tmp_path / "trouble"
    told = {"source moved": "Has it moved?", "files deleted": "The file is gone", "empty": "curate audit SOURCE"}
    monkeypatch.setattr(sys, "argv", ["app.py", str(root)])
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert not app.exception
    assert told.get(trouble, "Very dark") in text(app)
    if trouble == "empty":
        return
    for page in PAGES:
        shown = AppTest.from_string(
            f"from curate.ui import session, {page}_page\nsession.prepare()\n{page}_page.draw()", default_timeout=30
        ).run()
        assert not shown.exception, page


def test_an_export_from_a_moved_source_or_to_a_bad_place_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = in_trouble(tmp_path, "source moved")
    monkeypatch.setattr(sys, "argv", ["app.py", str(root)])
    script = "from curate.ui import session, export_page\nsession.prepare()\nexport_page.draw()"
    app = AppTest.from_string(script, default_timeout=30).run()
    app.radio(key="export_pending").set_value("keep").run()
    moved = "is not there any more; say where they are now with --source"
    for folder, why in ((tmp_path / "cleaned", moved), (root / "audit.json" / "x", "in the way")):
        app.text_input(key="export_folder").set_value(str(folder)).run()
        press(app, "Write the manifest and the folder")
        assert not app.exception
        assert why in text(app)
        if why == moved:
            (tmp_path / "elsewhere").rename(tmp_path / "src")


def test_a_workspace_that_loses_its_tables_is_explained(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    audited.workspace.images.unlink()
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root)])
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert not app.exception
    assert "run: curate audit" in text(app)


# Two reviewers
