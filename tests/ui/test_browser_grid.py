"""A person in a real Chromium at the grid: who chooses images, decides them together and narrows what is shown."""

from typing import TYPE_CHECKING

import pytest

from tests.browsing import Server, press, says, stands_still
from tests.conftest import Audited
from tests.ui.driving import log

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_images_are_chosen_and_decided_in_the_grid_by_mouse_and_keys(
    page: "Page", server: Server, audited: Audited
) -> None:
    page.goto(f"{server.address}/images")
    page.locator(".cell.seen").first.wait_for()
    cells = page.locator(".cell")
    names = [cells.nth(place).get_attribute("data-id") for place in range(17)]
    cells.nth(1).click()
    cells.nth(3).click(modifiers=["Shift"])
    says(page, "3 chosen")
    page.keyboard.press("d")
    says(page, "Dropped: 3.")
    cells.nth(1).locator(".state", has_text="dropped (ana)").wait_for()
    assert {path for path, _ in log(audited)} == set(names[1:4])
    page.keyboard.press("u")
    says(page, "Taken back: Drop")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    says(page, "1 chosen")
    page.keyboard.press("Escape")
    says(page, "0 chosen")


def test_what_was_never_scrolled_to_is_not_dropped(page: "Page", server: Server, audited: Audited) -> None:
    page.set_viewport_size({"width": 800, "height": 420})
    page.goto(f"{server.address}/images")
    page.locator(".cell.seen").first.wait_for()
    page.wait_for_timeout(500)
    page.keyboard.press("a")
    says(page, "17 chosen")
    page.keyboard.press("d")
    says(page, "Not yet on the screen, and left as they are")
    page.locator(".status .unsaved", has_text="not saved").wait_for(state="detached")
    stands_still(page)
    dropped = {path for path, _ in log(audited)}
    assert 0 < len(dropped) < 17
    page.locator(".cell").last.scroll_into_view_if_needed()
    assert f"{17 - len(dropped)} chosen" in page.locator(".status").inner_text()


def test_what_was_chosen_of_the_images_is_kept_until_others_are_asked_for(page: "Page", server: Server) -> None:
    def shown(number: int) -> None:
        page.wait_for_function("(number) => window.curate?.selection?.tiles.length === number", arg=number)

    def visit(name: str) -> None:
        page.get_by_role("link", name=name, exact=True).click()
        stands_still(page)

    page.goto(f"{server.address}/images")
    shown(17)
    page.get_by_text("Undecided", exact=True).click()
    page.get_by_role("button", name="Filter and sort").click()
    page.get_by_label("Search in names and reasons").fill("dogs/")
    page.keyboard.press("Enter")
    shown(3)
    page.keyboard.press("Escape")
    page.locator(".tiles").focus()
    page.locator(".cell.at.seen").wait_for()
    page.keyboard.press("d")
    page.wait_for_function("() => window.curate.selection.tiles[0].state === 'dropped'")
    visit("Overview")
    visit("Images")
    shown(2)
    page.get_by_role("button", name="Filter and sort (1)").wait_for()
    visit("Export")
    page.get_by_role("button", name="Look at the 1 image that goes").click()
    shown(1)
    visit("Queue")
    press(page, "m")
    page.wait_for_function("() => window.curate.selection?.tiles.length > 10")


def test_images_that_stay_when_the_grid_is_drawn_anew_can_be_decided(
    page: "Page", server: Server, audited: Audited
) -> None:
    page.goto(f"{server.address}/images")
    page.locator(".cell.seen").first.wait_for()
    page.get_by_role("button", name="Filter and sort").click()
    page.get_by_label("Search in names and reasons").fill("s/")  # all of them
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Filter and sort (1)").wait_for()
    stands_still(page)
    page.keyboard.press("Escape")
    page.locator(".tiles").focus()
    page.locator(".cell.at.seen").wait_for()
    page.keyboard.press("d")
    says(page, "Dropped: 1.")
    page.wait_for_function("() => window.curate.selection.tiles[0].state === 'dropped'")
    assert log(audited) == [("cats/cut.jpg", "drop")]


def test_the_filter_opens_with_what_was_decided_since_and_leaves_the_grid_as_it_is(
    page: "Page", server: Server
) -> None:
    page.goto(f"{server.address}/images")
    page.locator(".cell.seen").first.wait_for()
    page.keyboard.press("d")
    says(page, "Dropped: 1.")
    page.wait_for_function("() => window.curate.selection.tiles[0].state === 'dropped'")
    page.locator(".cell").nth(2).click()
    says(page, "1 chosen")
    page.get_by_role("button", name="Filter and sort").click()
    page.get_by_label("Decision").click()
    page.get_by_role("option", name="dropped (1)").wait_for()
    page.keyboard.press("Escape")
    stands_still(page)
    says(page, "1 chosen")
    assert page.locator(".cell.chosen").count() == 1


def test_a_filter_stays_in_force_when_its_number_changes(page: "Page", server: Server) -> None:
    def shown(number: int) -> None:
        page.wait_for_function("(number) => window.curate?.selection?.tiles.length === number", arg=number)

    page.goto(f"{server.address}/images")
    shown(17)
    page.locator(".cell.seen").nth(1).wait_for()
    page.locator(".cell").nth(0).click()
    page.locator(".cell").nth(1).click()
    page.keyboard.press("d")
    page.wait_for_function("() => window.curate.selection.tiles.filter((one) => one.state === 'dropped').length === 2")
    page.get_by_role("button", name="Filter and sort").click()
    page.get_by_label("Decision").click()
    page.get_by_role("option", name="dropped (2)").click()
    shown(2)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator(".tiles").focus()
    page.locator(".cell.at.seen").wait_for()
    page.keyboard.press("k")
    page.wait_for_function("() => window.curate.selection.tiles[0].state === 'kept'")
    page.get_by_role("button", name="Filter and sort").click()
    page.get_by_text("dropped (1)").first.wait_for()
    page.get_by_label("Search in names and reasons").fill("s/")  # all of them
    page.keyboard.press("Enter")
    shown(1)


@pytest.mark.parametrize("leave", ["a link", "Back"])
def test_another_page_waits_until_what_the_grid_decided_is_on_disk(
    page: "Page", server: Server, audited: Audited, leave: str
) -> None:
    page.goto(f"{server.address}/log")
    page.get_by_role("link", name="Images").click()
    page.locator(".cell.seen").nth(6).wait_for()
    stands_still(page)
    server.freeze()
    for key in ("d", "ArrowRight", "d"):
        page.keyboard.press(key)
    says(page, "2 not saved yet")
    if leave == "Back":
        page.evaluate("history.back()")
        page.wait_for_timeout(500)
    else:
        page.get_by_role("link", name="Log").click()
    assert "/images" in page.url
    server.thaw()
    page.wait_for_url("**/log*")
    page.locator(".surface").wait_for(state="detached")
    assert {action for _, action in log(audited)} == {"drop"}
    assert len(log(audited)) == 2
