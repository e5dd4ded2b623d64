"""A person's whole pass in a real Chromium, by keyboard: decide, undo, reload, restart, until nothing is left."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

import curate
from tests.browsing import browsing, opened, pressed, serving
from tests.conftest import Audited

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def page() -> Iterator["Page"]:
    with browsing() as browser:
        yield opened(browser)


def test_a_whole_pass_by_keyboard_with_undo_reload_and_restart(page: "Page", audited: Audited) -> None:
    workspace = audited.workspace.root
    with serving(workspace) as server:
        page.goto(server.address)
        page.get_by_text("The same picture stands in the classes").first.wait_for()
        page.get_by_text("0 of 5 pictures decided").wait_for()
        page.get_by_role("button", name="Keep only 2").wait_for()
        pressed(page, "d", "Dropped 1 copy of cats/001.jpg.")
        page.get_by_text("1 of 5 pictures decided").wait_for()
        pressed(page, "u", "Taken back.")
        page.get_by_text("0 of 5 pictures decided").wait_for()
        pressed(page, "y", "Done again.")
        page.get_by_text("1 of 5 pictures decided").wait_for()
        page.reload()
        page.get_by_text("1 of 5 pictures decided").wait_for()
        pressed(page, "d", "Dropped cats/")
        page.get_by_text("2 of 5 pictures decided").wait_for()
    # The server was killed; another one goes on where the log ends.
    with serving(workspace) as server:
        page.goto(server.address)
        page.get_by_text("2 of 5 pictures decided").wait_for()
        pressed(page, "d", "Dropped cats/")
        page.get_by_text("3 of 5 pictures decided").wait_for()
        pressed(page, "s", "for later.")
        page.get_by_text("dogs/night.jpg").first.wait_for()
        pressed(page, "k", "Kept dogs/night.jpg.")
        pressed(page, "1", "Kept dogs/000.jpg, dropped 1 copy.")
        page.get_by_role("heading", name="Nothing left").wait_for()
        page.reload()
        page.get_by_role("heading", name="Nothing left").wait_for()
    assert curate.status(workspace).verdicts == {"keep": 13, "drop": 4, "relabel": 0, "pending": 0}
    assert len(curate.manifest(workspace)) == 17


def test_every_page_shows_in_the_browser_and_nothing_is_fetched_from_elsewhere(page: "Page", audited: Audited) -> None:
    foreign: list[str] = []
    page.on(
        "request",
        lambda request: (
            None
            if "127.0.0.1" in request.url or request.url.startswith(("data:", "blob:"))
            else foreign.append(request.url)
        ),
    )
    with serving(audited.workspace.root) as server:
        for path, expected in (
            ("", "suggested to stay"),
            ("/overview", "Table 1"),
            ("/log", "Nothing has been decided"),
        ):
            page.goto(server.address + path)
            page.get_by_text(expected).first.wait_for()
            assert page.get_by_text("Traceback").count() == 0
    assert foreign == []
