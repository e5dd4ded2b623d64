"""What was decided just before a filter changed is saved, and gives no place among what is shown now."""

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit")

from curate.reviewing import choices
from curate.reviewing.catalogue import ImageFilter, Order
from curate.reviewing.store import Store
from curate.ui.grid_feed import Shown
from curate.ui.images import source_of
from curate.ui.payload import Painter
from tests.conftest import Audited
from tests.ui.driving import Screen, log, opened, told
from tests.ui.surface_modules import run

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.usefixtures("introduced")


@pytest.mark.browser
def test_what_has_no_answer_yet_is_not_asked_again_unless_it_could_not_be_saved(surface: "Page") -> None:
    assert run(
        surface,
        """
        return ["done", "changed"].map((result) => {
            const machine = begun("a", "b");
            machine.decide("drop");
            machine.asks.before = 0;
            machine.message();
            machine.receive({ ...queue("a", "c"), feed: "another" });
            const { feed, before, strokes } = machine.message({ again: true });
            const first = machine.current;
            shown(machine);
            machine.receive(answer({ items: [item("a", 0)], order: ["c"], feed: "another", heard: 2,
                answers: [{ number: 1, result }] }));
            return [first, feed, before ?? null, strokes.length, machine.lost, [...machine.upcoming]];
        });
        """,
    ) == [["c", "another", None, 1, 0, ["c"]], ["c", "another", None, 1, 0, ["c", "a"]]]


def test_a_message_from_before_counts_and_gives_no_place_in_the_other_queue(audited: Audited, app: "AppTest") -> None:
    screen = Screen(app, audited)
    items = screen.data["items"]
    night = screen.item("dogs/night.jpg")
    late = {"have": [item["id"] for item in items], "after": items[-1]["rank"], "open": items[0]["id"]}
    late |= {name: screen.data[name] for name in ("epoch", "feed")}
    next(one for one in app.multiselect if one.key == "filter_category").set_value(["duplicate"]).run()
    screen.data = told(app)
    narrowed = [item["id"] for item in screen.data["items"]]
    assert screen.data["order"] == narrowed != [item["id"] for item in items]
    answered = screen.send(screen.stroke("drop", night), **late)
    assert [answer["result"] for answer in answered["answers"]] == ["done"]
    assert [item["id"] for item in answered["items"]] == answered["order"] == narrowed
    assert answered["show"] is None
    assert log(audited) == [("dogs/night.jpg", "drop")]


def test_another_language_leaves_the_place_in_the_queue(audited: Audited, app: "AppTest") -> None:
    screen = Screen(app, audited)
    first, second = screen.data["items"][:2]
    screen.send(after=first["rank"], have=[first["id"], second["id"]])
    next(one for one in app.selectbox if one.key == "lang").set_value("pt_BR").run()
    assert told(app)["items"][0]["id"] == second["id"]


def test_a_second_look_counts_though_another_sample_was_asked_for_meanwhile(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(audited.workspace.review) as store:
        for item in store.queue.find(limit=9):
            store.log.decide(choices.reject(item), reviewer="rui", now="2026-01-01T00:00:00Z")
    app = opened(audited, monkeypatch, "agreement_page")
    screen = Screen(app, audited, "second_feed")
    late = {name: screen.data[name] for name in ("epoch", "feed")} | {"have": screen.data["order"]}
    first, *others = screen.data["items"]
    app.selectbox[0].set_value(20).run()
    screen.data = told(app)
    answered = screen.send(screen.stroke("drop", first), **late)
    assert [answer["result"] for answer in answered["answers"]] == ["done"]
    assert [item["id"] for item in answered["items"]] == [item["id"] for item in others]
    with Store(audited.workspace.review) as store:
        assert "ana" in {rating.reviewer for rating in store.second_looks.ratings()}


def test_a_grid_gives_no_page_after_an_image_of_another_filter(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(audited, monkeypatch, "images_page")
    screen = Screen(app, audited, "grid_feed")
    last = screen.data["tiles"][4]["id"]
    late = {name: screen.data[name] for name in ("epoch", "feed")} | {"after": last}
    next(one for one in app.radio if one.key == "images_order").set_value("name").run()
    screen.data = told(app)
    feed = app.session_state["grid_feed"]
    painter = Painter(audited.workspace, source_of(audited.workspace))
    with Store(audited.workspace.review) as store:
        pages = []
        for sent in (late, late | {"feed": screen.data["feed"], "number": 2}):
            feed.hear({"number": 1, **sent}, store)
            answer = feed.answer(store, painter, Shown(ImageFilter(), Order.NAME), feed=screen.data["feed"])
            pages.append([tile["id"] for tile in answer["tiles"]])
    assert pages[0] == []
    assert pages[1] == [tile["id"] for tile in screen.data["tiles"] if tile["id"] > last]
