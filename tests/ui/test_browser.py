"""A person's whole pass in a real Chromium, by keyboard: decide, undo, reload, restart, until nothing is left."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

import curate
from curate.config import Config
from curate.reviewing.fold import fold
from curate.reviewing.store import Store
from curate.storage.workspace import Workspace
from tests.browsing import browsing, listens, opened, pressed, serving, stands_still
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
        page.get_by_text("The same image stands in the classes").first.wait_for()
        page.get_by_text("0 of 5 images decided").wait_for()
        page.get_by_role("button", name="Keep only 2").wait_for()
        pressed(page, "d", "Dropped 1 copy of cats/001.jpg.")
        page.get_by_text("1 of 5 images decided").wait_for()
        pressed(page, "u", "Taken back.")
        page.get_by_text("0 of 5 images decided").wait_for()
        pressed(page, "y", "Done again.")
        page.get_by_text("1 of 5 images decided").wait_for()
        page.reload()
        page.get_by_text("1 of 5 images decided").wait_for()
        pressed(page, "d", "Dropped cats/")
        page.get_by_text("2 of 5 images decided").wait_for()
    # The server was killed; another one goes on where the log ends.
    with serving(workspace) as server:
        page.goto(server.address)
        page.get_by_text("2 of 5 images decided").wait_for()
        pressed(page, "d", "Dropped cats/")
        page.get_by_text("3 of 5 images decided").wait_for()
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
            ("", "Suggested to stay"),
            ("/overview", "Table 1"),
            ("/log", "Nothing has been decided"),
        ):
            page.goto(server.address + path)
            page.get_by_text(expected).first.wait_for()
            assert page.get_by_text("Traceback").count() == 0
    assert foreign == []


def decided(workspace: Workspace, items: int) -> None:
    """Wait until so many items of the queue are decided, on disk."""
    deadline = monotonic() + 30
    with Store(workspace.review) as store:
        while store.queue.progress().items_done != items:
            assert monotonic() < deadline, f"{store.queue.progress().items_done} items decided, {items} expected"
            sleep(0.01)


def press(page: "Page", *keys: str) -> None:
    """Press keys one after another, each once the page listens."""
    for key in keys:
        page.evaluate("() => { window.stillSince = undefined; }")  # what was still before the last key says nothing
        listens(page, for_ms=120)
        page.keyboard.press(key)


def go_to(page: "Page", name: str) -> None:
    """Reach another page by Tab and Enter."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.innerText || ''").endswith(name):
            page.keyboard.press("Enter")
            stands_still(page)
            page.evaluate("() => document.activeElement.blur()")
            return
    raise AssertionError(f"{name} is not reached by Tab")


def enter(page: "Page") -> None:
    """Hand over what was typed, and wait for the page that answers it."""
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)  # until the page has heard of it, it stands still as well
    stands_still(page)


def filter_by_kind(page: "Page", typed: str) -> None:
    """Choose a kind by its name, without the mouse."""
    press(page, "f")
    page.wait_for_timeout(300)
    page.keyboard.type(typed)
    enter(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    stands_still(page)


@pytest.mark.shared
def test_two_hundred_items_of_a_real_audit_by_keyboard_alone(page: "Page", shared_data: Path, tmp_path: Path) -> None:
    configuration = Config(profile="faces")
    workspace = Workspace(tmp_path / "ws")
    curate.audit(shared_data / "web-emotions", workspace.root, configuration=configuration)
    done = 0
    with serving(workspace.root) as server:
        page.goto(server.address)
        page.get_by_text("Suggested to stay").first.wait_for()
        for number in range(70):  # copies dropped, another one kept, no copies after all; images dropped and kept
            listens(page)
            is_group = page.get_by_role("button", name="Keep only 2").count()
            press(page, "d2k"[number % 3] if is_group else "dk"[number % 2])
            done += 1
            decided(workspace, done)
        for _ in range(10):
            press(page, "u")
            done -= 1
            decided(workspace, done)
        for _ in range(10):
            press(page, "y")
            done += 1
            decided(workspace, done)
        page.reload()
        page.get_by_text("images decided").first.wait_for()
        filter_by_kind(page, "several faces")
        page.get_by_text("that match the filters").wait_for()
        for number in range(40):
            press(page, "dk"[number % 2])
            done += 1
            decided(workspace, done)
        press(page, "n")
        page.wait_for_timeout(300)  # nobody types within a frame of reaching the field
        page.keyboard.type("another class")
        enter(page)
        page.keyboard.press("Escape")
        press(page, "l")
        page.wait_for_timeout(300)
        page.keyboard.type("happy")
        enter(page)
        page.keyboard.press("Escape")
        press(page, "l")
        done += 1
        decided(workspace, done)
    with Store(workspace.review) as store:
        (latest,) = [line.decision for line in store.log.lines(limit=1)]
    assert (str(latest.action), latest.new_label, latest.note) == ("relabel", "happy", "another class")
    # The server was killed; another one goes on where the log ends.
    with serving(workspace.root) as server:
        page.goto(server.address)
        page.get_by_text("images decided").first.wait_for()
        go_to(page, "Batch")
        for number in range(8):
            press(page, "dk"[number % 2])
            done += 12
            decided(workspace, done)
        press(page, "u")
        decided(workspace, done - 12)
        press(page, "d")
        decided(workspace, done)
        go_to(page, "Log")
        page.get_by_text("Nothing is ever removed").first.wait_for()
    assert done >= 200
    with Store(workspace.review) as store:
        counted, standing = store.queue.progress(), fold(store.log.decisions()).standing
        store.queue.sync(workspace.read_findings(), workspace.read_images())
        assert store.queue.progress() == counted, "the log replays to what was seen"
    assert len({path for _, path in standing}) >= 200


def test_the_question_mark_shows_the_keys_and_escape_closes_them(page: "Page", audited: Audited) -> None:
    with serving(audited.workspace.root) as server:
        page.goto(server.address)
        page.get_by_text("Suggested to stay").first.wait_for()
        press(page, "?")
        page.get_by_role("dialog").get_by_text("undo and redo").wait_for()
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="detached")
        pressed(page, "d", "Dropped 1 copy of cats/001.jpg.")


def test_every_image_and_field_has_a_name_for_those_who_do_not_see_it(page: "Page", audited: Audited) -> None:
    nameless = """() => [
        ...[...document.querySelectorAll("[data-testid='stImage'] img")].filter((one) => !one.alt),
        ...[...document.querySelectorAll("button")].filter(
            (one) => one.offsetParent && !one.innerText.trim() && !one.getAttribute("aria-label") && !one.title),
        ...[...document.querySelectorAll("input")].filter((one) => one.offsetParent && one.type !== "checkbox"
            && !one.getAttribute("aria-label") && !one.labels?.length),
    ].map((one) => one.outerHTML.slice(0, 200))"""
    with serving(audited.workspace.root) as server:
        for path in ("", "/batch", "/thresholds", "/agreement", "/overview", "/log", "/export"):
            page.goto(server.address + path)
            stands_still(page)
            assert page.evaluate(nameless) == [], path
            assert page.get_by_text("Traceback").count() == 0
