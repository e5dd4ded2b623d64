"""The page of images without a browser: what the grid shows, and what becomes of the images chosen in it."""

import sys

import pytest

import curate
from curate.reviewing import choices
from curate.reviewing.catalogue import Order
from curate.reviewing.store import Store
from curate.schema import Action
from curate.ui import images_page
from curate.ui.grid_feed import Shown
from tests.conftest import Audited
from tests.ui.driving import AppTest, Screen, log, opened, text, told

pytestmark = pytest.mark.usefixtures("introduced")


def tiles(app: AppTest) -> list[str]:
    """The images of the grid, in their order."""
    return [tile["id"] for tile in told(app)["tiles"]]


def seen(screen: Screen, *paths: str) -> list[tuple[str, str, int]]:
    """Images of the grid as they are on the screen."""
    known = {tile["id"]: tile for tile in screen.data["tiles"]}
    return [(path, known[path]["seen"], known[path]["as_of"]) for path in paths]


def test_the_grid_shows_every_image_the_worst_first(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(audited, monkeypatch, "images_page")
    assert not app.exception
    assert len(tiles(app)) == told(app)["total"] == 17
    assert set(tiles(app)[:5]) == {
        "cats/cut.jpg", "cats/empty.png", "dogs/again.jpg", "dogs/night.jpg", "dogs/small.jpg",
    }  # fmt: skip
    clean = next(tile for tile in told(app)["tiles"] if tile["id"] == "cats/000.jpg")
    assert (clean["state"], clean["kinds"], clean["item"]) == ("clear", [], None)


def test_images_are_decided_together_and_undone_in_one_step(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(opened(audited, monkeypatch, "images_page"), audited, "grid_feed")
    chosen = ("cats/cut.jpg", "cats/empty.png", "cats/000.jpg")
    data = screen.send(screen.stroke("drop", images=seen(screen, *chosen)), paths=list(chosen))
    assert set(log(audited)) == {(path, "drop") for path in chosen}
    standing = {tile["id"]: tile["standing"] for tile in data["tiles"] if tile["id"] in chosen}
    assert standing == dict.fromkeys(chosen, "dropped (ana)")
    data = screen.send(screen.stroke("undo"), paths=list(chosen))
    assert data["answers"][0]["text"] == "Taken back: Drop cats/cut.jpg and 2 more images."
    assert curate.status(audited.workspace.root).verdicts["drop"] == 0


def test_an_image_that_nothing_flags_is_relabelled_dropped_and_restored(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen(opened(audited, monkeypatch, "images_page"), audited, "grid_feed")
    images = seen(screen, "cats/000.jpg")
    screen.send(screen.stroke("relabel", images=images, label="dogs"))
    assert curate.status(audited.workspace.root).verdicts["relabel"] == 1
    screen.send(screen.stroke("drop", images=images), screen.stroke("keep", images=images))
    assert curate.status(audited.workspace.root).verdicts == {"keep": 12, "drop": 0, "relabel": 0, "pending": 5}


def test_the_ready_made_views_hold_what_they_say(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(audited.workspace.review) as store:
        (night,) = store.catalogue.entries(["dogs/night.jpg"])
        store.log.decide(choices.decide_image(night, Action.DROP), reviewer="rui", now="2026-01-01T00:00:00Z")
    for view, held in {
        "copies": ["dogs/again.jpg"],
        "dropped": ["dogs/night.jpg"],
        "kept": [],
        "waiting": ["cats/cut.jpg", "cats/empty.png", "dogs/again.jpg", "dogs/small.jpg"],
    }.items():
        app = opened(audited, monkeypatch, "images_page")
        app.session_state["images_view"] = view
        assert sorted(tiles(app.run())) == held, view


def test_images_are_narrowed_and_sorted(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(audited, monkeypatch, "images_page")
    app.radio(key="images_order").set_value("name").run()
    assert tiles(app) == sorted(tiles(app))
    app.multiselect(key="images_label").select("dogs").run()
    app.text_input(key="images_text").set_value("NIGHT").run()
    assert tiles(app) == ["dogs/night.jpg"]
    assert told(app)["tiles"][0]["reasons"][0].startswith("Very dark")


@pytest.mark.parametrize("given", [None, ("dogs/small.jpg", "dogs/000.jpg", "cats/empty.png", "dogs/night.jpg")])
def test_a_page_of_the_grid_begins_behind_the_last_image_although_those_before_are_decided(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...] | None
) -> None:
    monkeypatch.setattr("curate.ui.grid_feed.PAGE", 1)
    shown = Shown(images_page.VIEWS["waiting"], Order.NAME, given)
    waiting = ["cats/cut.jpg", "cats/empty.png", "dogs/again.jpg", "dogs/night.jpg", "dogs/small.jpg"]
    found: list[str] = []
    with Store(audited.workspace.review) as store:
        while page := shown.page(store, found[-1] if found else None):
            found += [entry.path for entry in page]
            store.log.decide(choices.decide_image(page[0], Action.DROP), reviewer="rui", now="2026-01-01T00:00:00Z")
    assert found == ([path for path in given if path in waiting] if given else waiting)


def test_a_choice_that_no_image_is_like_any_more_stays_chosen(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    selection = curate.Selection(paths=("cats/000.jpg",))
    curate.decide(audited.workspace.root, selection, Action.DROP, reviewer="ana")
    app = opened(audited, monkeypatch, "images_page")
    app.multiselect(key="images_state").select("dropped (1)").run()
    assert tiles(app) == ["cats/000.jpg"]
    with Store(audited.workspace.review) as store:
        store.log.undo(reviewer="ana", now="2026-01-01T00:00:00+00:00")
    app.run()
    assert not app.exception
    assert tiles(app) == []
    assert "dropped (0)" in app.multiselect(key="images_state").options


def test_the_images_most_like_one_come_first(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root)])
    app = AppTest.from_string(
        "from curate.ui import session, images_page\nsession.prepare()\nimages_page.draw()", default_timeout=30
    )
    app.query_params["like"] = "dogs/000.jpg"
    app.run()
    assert tiles(app)[:2] == ["dogs/000.jpg", "dogs/again.jpg"]
    assert "Most like dogs/000.jpg, by their small grey tiles" in text(app)


def test_of_many_images_those_decided_by_others_meanwhile_are_left_out(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen(opened(audited, monkeypatch, "images_page"), audited, "grid_feed")
    with Store(audited.workspace.review) as store:
        night = store.queue.item("dogs/night.jpg")
        assert night is not None
        store.log.decide(choices.decide_all(night, Action.KEEP), reviewer="rui", now="2026-01-01T00:00:00Z")
    images = seen(screen, "cats/cut.jpg", "dogs/night.jpg")
    (answer,) = screen.send(screen.stroke("drop", images=images))["answers"]
    assert answer["text"] == "1 was decided by others meanwhile and left as it is."
    assert sorted(log(audited)) == [("cats/cut.jpg", "drop"), ("dogs/night.jpg", "keep")]
