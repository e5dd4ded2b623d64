"""A server that goes away under the reviewer, and comes back: nothing is taken meanwhile, and nothing lost."""

import time
from typing import TYPE_CHECKING

import pytest

from tests.browsing import decided, painted, press, says, serving
from tests.conftest import Audited
from tests.ui.driving import log

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_lost_connection_stops_the_keys_says_so_and_loses_nothing(page: "Page", audited: Audited) -> None:
    with serving(audited.workspace.root) as server:
        page.goto(server.address)
        painted(page)
        press(page, "d", "Kept cats/001.jpg")
        decided(audited.workspace, 1)
        page.wait_for_function("() => window.curate.machine.unanswered === 0")
        server.stop()
        says(page, "No connection to the reviewer.")
        press(page, "d", "Not taken: no connection to the reviewer.", shown=False)
        assert page.get_by_text("Are you connected to the internet").count() == 0
        server.start()
        says(page, "Connected again", timeout_ms=60_000)
        painted(page)
        press(page, "d", "Dropped cats/")
        decided(audited.workspace, 2)


def test_what_a_killed_server_had_not_heard_is_shown_again(page: "Page", audited: Audited) -> None:
    with serving(audited.workspace.root) as server:
        page.goto(server.address)
        painted(page)
        server.freeze()
        page.keyboard.press("d")
        says(page, "1 not saved yet")
        server.stop()
        server.start()
        says(page, "Not confirmed: 1.", timeout_ms=60_000)
        assert log(audited) == []
        # A busy machine may have connected twice: then the screen that was given up holds it until it is closed.
        deadline = time.monotonic() + 60
        while not (is_shown := "cats/001.jpg" in shown_on_the_way(page)) and time.monotonic() < deadline:
            page.goto(server.address)
        assert is_shown, "what was not saved is shown again"


def shown_on_the_way(page: "Page") -> set[str]:
    """Go from item to item, as the address may say to go on elsewhere, and name the images that are shown."""
    paths: set[str] = set()
    for _ in range(12):
        painted(page)
        paths |= set(page.locator(".tile .name").all_inner_texts())
        if "cats/001.jpg" in paths:
            break
        page.keyboard.press("ArrowRight")
    return paths
