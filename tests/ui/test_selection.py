"""What the grid's surface knows and decides, without a page: its selection, run in a Chromium."""

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit")

from tests.ui.surface_modules import run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_only_tiles_that_were_on_the_screen_are_decided(surface: "Page") -> None:
    assert run(
        surface,
        """
        const made = sheet("a", "b", "c");
        made.saw("a");
        made.all();
        const result = made.decide("drop");
        return [result.decided.map((tile) => tile.id), result.hidden, [...made.chosen], made.decide("drop")];
        """,
    ) == [["a"], 2, ["b", "c"], {"refused": "early"}]


def test_with_nothing_chosen_a_key_is_about_the_tile_under_the_cursor(surface: "Page") -> None:
    assert run(
        surface,
        """
        const made = sheet("a", "b", "c");
        ["a", "b", "c"].forEach((id) => made.saw(id));
        made.move(1);
        const one = made.decide("keep").taken.images;
        return [one, made.decide("keep"), sheet().decide("keep")];
        """,
    ) == [[["b", "seen b", 0]], {"refused": "nothing"}, {"refused": "nothing"}]


def test_a_range_is_chosen_or_left_out_as_its_anchor_is(surface: "Page") -> None:
    assert run(
        surface,
        """
        const made = sheet("a", "b", "c", "d");
        made.toggle(1);
        made.stretch(3);
        const chosen = [...made.chosen];
        made.toggle(2);
        made.stretch(0);
        return [chosen, [...made.chosen]];
        """,
    ) == [["b", "c", "d"], ["d"]]


def test_pages_are_asked_for_once_and_tiles_are_brought_up_to_date(surface: "Page") -> None:
    assert run(
        surface,
        """
        const made = new Selection();
        made.receive({ ...tiles("a", "b"), total: 3 });
        made.more();
        const first = made.message().after;
        made.more();
        const asks = made.asks.after;
        made.receive(answer({ heard: 1, total: 3, changed: [{ id: "a", seen: "new", as_of: 4 }],
            tiles: [{ id: "c", seen: "seen c", as_of: 0 }] }));
        made.more();
        return [first, asks ?? null, made.tiles.map((tile) => tile.id), made.tiles[0].seen, made.message()];
        """,
    ) == ["b", None, ["a", "b", "c"], "new", None]


def test_nothing_is_asked_for_behind_the_last_tile_although_there_were_more_once(surface: "Page") -> None:
    assert run(
        surface,
        """
        const made = new Selection();
        made.receive({ ...tiles("a", "b"), total: 3 });
        made.more();
        made.message();
        made.receive(answer({ heard: 1, last: true, total: 3, changed: [], tiles: [] }));
        made.more();
        const none = made.message();
        made.receive(answer({ heard: 1, last: false, total: 3, changed: [], tiles: [] }));
        return [none, made.total];
        """,
    ) == [None, 2]


def test_a_tile_on_its_way_is_not_decided_twice(surface: "Page") -> None:
    assert run(
        surface,
        """
        const made = sheet("a", "b");
        made.saw("a");
        made.decide("drop");
        const again = made.decide("drop");
        made.message();
        made.receive(answer({ heard: 1, answers: [{ number: 1, result: "done" }], tiles: [], changed: [], total: 2 }));
        return [again, Boolean(made.decide("keep").taken)];
        """,
    ) == [{"refused": "nothing"}, True]


def test_every_tile_that_was_decided_is_brought_up_to_date_however_many_there_are(surface: "Page") -> None:
    assert run(
        surface,
        """
        const made = sheet(...Array.from({ length: 6000 }, (_, place) => `${place}`));
        made.saw("5999");
        made.move(5999);
        made.decide("drop");
        const decided = made.message().paths;
        made.receive(answer({ heard: 1, answers: [{ number: 1, result: "done" }], tiles: [], changed: [] }));
        made.go_back("undo");
        return [decided, made.message().paths.length];
        """,
    ) == [["5999"], 6000]


def test_a_tile_that_shows_something_else_now_is_decided_only_after_that_was_painted(surface: "Page") -> None:
    assert run(
        surface,
        """
        const made = sheet("a", "b");
        made.saw("a");
        made.decide("drop");
        made.message();
        made.receive(answer({ heard: 1, answers: [{ number: 1, result: "changed" }], tiles: [], total: 2,
            changed: [{ id: "a", seen: "new", as_of: 0 }] }));
        const early = made.decide("drop");
        made.saw("a");
        return [early, Boolean(made.decide("drop").taken)];
        """,
    ) == [{"refused": "early"}, True]
