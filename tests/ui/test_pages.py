"""The queue without a browser: every button does what it says, no trouble is a traceback."""

import os
import re
import shutil
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import curate
from curate.reviewing.store import Store
from curate.storage.workspace import Workspace
from curate.ui.markdown import plain
from tests import sample_images
from tests.conftest import Audited
from tests.ui.driving import APP, AppTest, Screen, drawn, log, press, text, told

PAGES = ("queue", "images", "map", "threshold", "agreement", "overview", "log", "export")

QUEUE = "from curate.ui import session, queue_page\nsession.prepare()\nqueue_page.draw()"

pytestmark = pytest.mark.usefixtures("introduced")


@pytest.fixture
def screen(app: AppTest, audited: Audited) -> Screen:
    """The queue at its first item, before anything is decided."""
    return Screen(app, audited)


def test_the_queue_begins_with_the_label_conflict_and_gives_its_reasons(screen: Screen) -> None:
    assert not screen.app.exception
    first = screen.data["items"][0]
    assert screen.data["order"][0] == first["id"]
    assert [image["path"] for image in first["images"]] == ["cats/001.jpg", "dogs/small.jpg"]
    reasons = [finding["reason"] for finding in first["images"][1]["findings"]]
    assert "The same image stands in the classes cats and dogs." in reasons
    assert (first["group"], first["survivor"], first["decided"]) == (True, 0, "")


def test_an_image_comes_with_what_is_known_of_it_and_others_of_its_class(screen: Screen) -> None:
    night = screen.item("dogs/night.jpg")
    (image,) = night["images"]
    facts = dict(image["facts"])
    assert image["src"].startswith("data:image/jpeg;base64,")
    assert (facts["Format"], facts["Decoder"], facts["Class"]) == ("JPEG", "sound", "dogs")
    assert image["alt"] == "dogs/night.jpg, class dogs"
    assert len(night["others"]) == 4
    flagged = {"dogs/night.jpg", "dogs/again.jpg", "dogs/small.jpg"}
    assert flagged.isdisjoint(other["path"] for other in night["others"]), "examples are images that are fine"


def test_a_whole_pass_by_strokes_ends_with_nothing_left(screen: Screen, audited: Audited) -> None:
    while screen.data["order"]:
        item = next(item for item in screen.data["items"] if item["id"] == screen.data["order"][0])
        act = "keep" if item["images"][0]["path"] == "dogs/night.jpg" else "reject" if item["group"] else "drop"
        answered = screen.send(screen.stroke(act, item))["answers"]
        assert [answer["result"] for answer in answered] == ["done"]
    assert screen.data["end"]["lines"][0] == "Every flagged image is decided."
    assert "curate report" in screen.data["end"]["code"]
    verdicts = curate.status(audited.workspace.root).verdicts
    assert verdicts == {"keep": 13, "drop": 4, "relabel": 0, "pending": 0}


def test_undo_shows_the_item_again_and_says_what_it_took_back(screen: Screen, audited: Audited) -> None:
    first = screen.data["items"][0]
    screen.send(screen.stroke("reject", first))
    (answer,) = screen.send(screen.stroke("undo"))["answers"]
    assert (answer["item"], answer["text"]) == (first["id"], "Taken back: Keep cats/001.jpg, 1 copy dropped.")
    (again,) = [item for item in screen.data["items"] if item["id"] == first["id"]]
    assert again["decided"] == ""
    (answer,) = screen.send(screen.stroke("redo"))["answers"]
    assert answer["text"] == "Done again: Keep cats/001.jpg, 1 copy dropped."
    assert curate.status(audited.workspace.root).verdicts["drop"] == 1
    (answer,) = screen.send(screen.stroke("redo"))["answers"]
    assert answer["text"] == "There is nothing to do again."


def test_what_was_shown_to_one_reviewer_is_logged_under_that_name_whoever_reviews_by_now(
    screen: Screen, audited: Audited
) -> None:
    """Two runs of one session may overlap: one hears a message while the other has a new name already."""
    app, shown = screen.app, screen.data
    feed = app.session_state["queue_feed"]
    app.session_state["reviewer"] = "bo"
    sent = {
        "epoch": shown["epoch"],
        "feed": shown["feed"],
        "number": 1,
        "strokes": [screen.stroke("keep", shown["items"][0])],
    }
    with Store(audited.workspace.review) as store:
        feed.hear(sent, store)
    app.run()
    assert told(app)["epoch"] != shown["epoch"], "bo begins anew"
    assert feed is not app.session_state["queue_feed"]
    theirs = Screen(app, audited)
    theirs.send(theirs.stroke("drop", theirs.data["items"][0]))
    with Store(audited.workspace.review) as store:
        assert {(one.reviewer, str(one.action)) for one in store.log.decisions()} == {("ana", "keep"), ("bo", "drop")}


def test_a_message_that_is_sent_again_decides_nothing_twice(screen: Screen, audited: Audited) -> None:
    stroke = screen.stroke("drop", screen.item("dogs/night.jpg"))
    screen.send(stroke)
    answers = screen.send(stroke)["answers"]
    assert [(answer["number"], answer["result"]) for answer in answers] == [(1, "done")]
    assert log(audited) == [("dogs/night.jpg", "drop")]
    assert screen.data["heard"] == screen.message


def test_a_message_of_another_life_or_of_no_sense_decides_nothing(screen: Screen, audited: Audited) -> None:
    night = screen.item("dogs/night.jpg")
    for wrong in ({"epoch": "another"}, {"number": 0}, {"strokes": [{"act": "burn", "number": 1}]}, {"more": "fields"}):
        screen.send(screen.stroke("drop", night), **wrong)
    assert log(audited) == []


def test_what_the_surface_has_is_not_sent_again_unless_the_page_is_drawn_anew(app: AppTest) -> None:
    feed = app.session_state["queue_feed"]
    have = [item["id"] for item in told(app)["items"]]
    feed.last = feed.last.model_copy(update={"have": have})
    feed.draw_anew()
    assert feed.last.have == []
    assert [item["id"] for item in told(app.run())["items"]] == have


def test_the_item_of_an_address_is_shown_and_an_unknown_one_is_not(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root)])
    for given, shown in (("dogs/night.jpg", "dogs/night.jpg"), ("no such item", None)):
        app = AppTest.from_string(QUEUE, default_timeout=30)
        app.query_params["item"] = given
        assert told(app.run())["show"] == shown


def test_an_item_before_another_is_handed_out_decided_or_not(screen: Screen) -> None:
    first, second = screen.data["order"][:2]
    rank = {item["id"]: item["rank"] for item in screen.data["items"]}
    screen.send(screen.stroke("reject", screen.data["items"][0]), have=[second])
    data = screen.send(before=rank[second])
    assert (data["show"], data["earlier"]) == (first, True)
    (shown,) = [item for item in data["items"] if item["id"] == first]
    assert shown["decided"] == "decided: Keep: 1; Drop: 2"


def test_relabelling_names_the_class_and_carries_the_note(screen: Screen, audited: Audited) -> None:
    stroke = screen.stroke("relabel", screen.item("dogs/night.jpg"), label="cats", note="a cat in the dark")
    screen.send(stroke)
    with Store(audited.workspace.review) as store:
        (recorded,) = store.log.decisions()
    assert (str(recorded.action), recorded.new_label, recorded.note) == ("relabel", "cats", "a cat in the dark")
    (answer,) = screen.send(screen.stroke("relabel", screen.item("cats/cut.jpg"), label="Cats"))["answers"]
    assert (answer["result"], answer["tone"]) == ("new_class", "warning")
    data = screen.send(screen.stroke("relabel", screen.item("cats/cut.jpg"), label="foxes", new_class=True))
    assert data["classes"] == ["cats", "dogs", "foxes"]


def test_a_class_of_any_length_that_the_dataset_has_is_given(screen: Screen, audited: Audited) -> None:
    caption = "a cat that sits on a wall, " * 20 + "and sleeps"
    screen.send(screen.stroke("relabel", screen.item("cats/cut.jpg"), label=caption, new_class=True))
    (answer,) = screen.send(screen.stroke("relabel", screen.item("dogs/night.jpg"), label=caption))["answers"]
    assert answer["result"] == "done"
    assert {path for path, _ in log(audited)} == {"cats/cut.jpg", "dogs/night.jpg"}


def test_filters_narrow_the_queue_and_stand_in_the_address(app: AppTest) -> None:
    feed = told(app)["feed"]
    app.multiselect(key="filter_category").select("unsuitable").run()
    data = told(app)
    assert [item["id"] for item in data["items"]] == ["dogs/night.jpg"]
    assert data["feed"] != feed
    assert app.query_params["category"] == "unsuitable"
    assert data["progress"]["matching"] == {"done": 0, "images": 1}
    app.text_input(key="filter_text").set_value("no such name").run()
    assert "Nothing undecided matches the filters" in told(app)["end"]["lines"][0]
    press(app, "Clear the filters")
    assert told(app)["feed"] == feed
    assert "category" not in app.query_params


def test_a_filter_of_an_address_is_taken_and_what_means_nothing_is_left_out(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root)])
    app = AppTest.from_string(QUEUE, default_timeout=30)
    for name, value in {"kind": ["dark", "no such kind"], "score": "much", "text": "NIGHT"}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert app.multiselect(key="filter_kind").value == ["dark"]
    assert [item["id"] for item in told(app)["items"]] == ["dogs/night.jpg"]


def test_options_of_the_filters_say_how_many_images_they_are_true_of(app: AppTest) -> None:
    assert "Dark (1)" in app.multiselect(key="filter_kind").options
    assert "dogs (3)" in app.multiselect(key="filter_label").options, "flagged, without the dog that a group keeps"
    assert "decided ones too" in text(app)


def test_a_deleted_file_and_a_moved_source_are_explained(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = shutil.copytree(audited.source, tmp_path / "src")
    curate.audit(source, tmp_path / "own")
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path / "own")])
    (source / "dogs" / "small.jpg").unlink()
    assert "The file is gone since the scan." in why(drawn("queue_page"), "dogs/small.jpg")
    shutil.rmtree(source)
    app = drawn("queue_page")
    assert not app.exception
    assert "Has it moved?" in why(app, "dogs/small.jpg")


def test_what_became_of_a_file_whose_preview_is_kept_is_said(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = shutil.copytree(audited.source, tmp_path / "src")
    curate.audit(source, tmp_path / "own")
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path / "own")])

    def since() -> dict[str, str]:
        items = Screen(drawn("queue_page"), Audited(source, Workspace(tmp_path / "own"), audited.audit))
        return {path: str(items.item(path)["since"]) for path in ("dogs/night.jpg", "dogs/small.jpg", "cats/cut.jpg")}

    assert set(since().values()) == {""}, "and every preview is kept now"
    with (source / "dogs" / "night.jpg").open("ab") as file:
        file.write(b"!")
    cut = (source / "cats" / "cut.jpg").stat()
    os.utime(source / "cats" / "cut.jpg", (cut.st_atime, cut.st_mtime + 3600))
    (source / "dogs" / "small.jpg").unlink()
    found = since()
    assert found["dogs/night.jpg"] == found["cats/cut.jpg"]
    assert found["cats/cut.jpg"].startswith("The file was written since the audit")
    assert re.match(r"\d\. The file is gone since the scan\.", found["dogs/small.jpg"])


def test_files_of_a_tar_are_not_asked_for_one_by_one(tar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tar.with_name("ws"))])
    drawn("queue_page")
    tar.unlink()
    (item,) = told(drawn("queue_page"))["items"]
    assert (bool(item["images"][0]["src"]), item["since"]) == (True, "")


def why(app: AppTest, path: str) -> str:
    """Why an image is not shown; empty where it is."""
    images = [image for item in told(app)["items"] for image in item["images"]]
    return str(next(image["why"] for image in images if image["path"].endswith(path)))


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
    (item,) = told(drawn("queue_page"))["items"]
    assert item["id"] == "shards.tar/cats/night.jpg"
    assert item["images"][0]["src"]
    assert len(item["others"]) == 4


def test_an_image_of_a_tar_is_only_gone_where_the_tar_lacks_it(tar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tar.with_name("ws"))])
    tar.unlink()
    assert "The file is gone since the scan." in why(drawn("queue_page"), "night.jpg")
    (tar.with_name("src") / "cats" / "night.jpg").write_bytes(b"another file of that name")
    sample_images.tar(tar.with_name("src"), tar)
    assert why(drawn("queue_page"), "night.jpg") == "Nothing of this file can be shown as an image."


def test_a_folder_that_is_no_workspace_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path)])
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert not app.exception
    assert "make one with: curate audit" in text(app)


def test_a_mistake_within_a_fragment_is_shown_as_it_is() -> None:
    mistake = "there is no /data/a*b*_c_$x$.csv"
    script = f"""
        from curate.errors import CurateError
        from curate.ui import session
        with session.explained():
            raise CurateError({mistake!r})
    """
    (error,) = AppTest.from_string(dedent(script)).run().error
    assert error.value == plain(mistake) != mistake


def test_a_dataset_without_findings_has_nothing_left_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample_images.save(sample_images.photo(1), tmp_path / "src" / "cats" / "a.jpg")
    curate.audit(tmp_path / "src", tmp_path / "ws")
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path / "ws")])
    assert "there is nothing to decide in this 1 image" in told(drawn("queue_page"))["end"]["lines"][0]


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
    explained = {"source moved": "Has it moved?", "files deleted": "The file is gone"}.get(trouble, "")
    monkeypatch.setattr(sys, "argv", ["app.py", str(root)])
    app = AppTest.from_file(APP, default_timeout=30).run()
    assert not app.exception
    if trouble == "empty":
        assert "curate audit SOURCE" in text(app)
        return
    about = [image for item in told(app)["items"] for image in item["images"]]
    assert explained in about[-1]["why"]
    assert bool(about[-1]["src"]) == (not explained)
    for page in PAGES:
        assert not drawn(f"{page}_page").exception, page


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


@pytest.mark.parametrize("page", ["queue", "images", "agreement", "map"])
def test_a_message_of_a_page_that_has_been_left_is_let_go(page: str) -> None:
    """As where a browser sends one before it hears of the switch to another page."""
    module = f"{page}_page"
    hear = "_look" if page == "map" else "_hear"
    late = f"from curate.ui import session, {module} as page\n"
    app = AppTest.from_string(late + f"page.{hear}()\nsession.ask_to_go(page.KEY)").run()
    assert not app.exception
    assert "go" not in app.session_state
