"""A person in a real Chromium who clicks, or who has no mouse: buttons, links and fields beside the keys."""

from typing import TYPE_CHECKING

import pytest

from tests.browsing import Server, decided, painted, says
from tests.conftest import Audited
from tests.ui.driving import log

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def double_click(page: "Page", selector: str) -> None:
    """Click twice where something is now, though it may be gone or moved by the second click."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    page.mouse.dblclick(box["x"] + 5, box["y"] + 5, delay=20)


def test_a_double_click_decides_only_what_was_on_the_screen(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(server.address)
    painted(page)
    double_click(page, "[data-act=drop]")
    says(page, "Not taken: that was the second click of a double click.")
    decided(audited.workspace, 1)
    page.wait_for_timeout(400)
    painted(page)
    page.locator("[data-act=keep]").click()
    decided(audited.workspace, 2)


def test_a_double_click_confirms_nothing(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(server.address)
    painted(page)
    double_click(page, "[data-act=group]")
    says(page, "Not taken: that was the second click of a double click.")
    page.goto(f"{server.address}/queue?kind=dark")
    painted(page)
    page.keyboard.press("l")
    page.keyboard.type("foxes")
    double_click(page, ".picker .new")
    page.get_by_text("Enter again makes the new class foxes").wait_for()
    assert log(audited) == []


def test_a_double_click_on_a_button_of_the_grid_is_about_what_was_chosen(
    page: "Page", server: Server, audited: Audited
) -> None:
    page.goto(f"{server.address}/images")
    page.locator(".cell.seen").first.wait_for()
    cells = page.locator(".cell")
    chosen = cells.nth(0).get_attribute("data-id")
    cells.nth(0).click()
    cells.nth(2).click()
    page.wait_for_timeout(400)
    cells.nth(2).click()  # left out again: the cursor stands on it
    double_click(page, "[data-act=drop]")
    says(page, "Not taken: that was the second click of a double click.")
    page.wait_for_function("() => window.curate.selection.unanswered === 0")
    assert {path for path, _ in log(audited)} == {chosen}
