"""A person's whole pass in a real Chromium, by keyboard: decide, undo, reload, restart, until nothing is left."""

import os
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

import curate
from tests.conftest import Audited

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WAIT_MS = 20_000
STANDS_STILL = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    const still = app && app.dataset.testScriptState === "notRunning" && !document.querySelector("[data-stale='true']");
    window.stillSince = still ? (window.stillSince ?? performance.now()) : undefined;
    return still && performance.now() - window.stillSince > 250;
}"""
"""The script has ended and its page has been shown for a moment: keys are listened to."""


def chromium() -> str:
    """The browser of the system; where it is required, its absence is a failure."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CURATE_REQUIRE_BROWSER"):
            pytest.fail("no Chromium is installed")
        pytest.skip("no Chromium is installed")
    return found


@pytest.fixture
def page() -> Iterator["Page"]:
    browser = chromium()
    api = pytest.importorskip("playwright.sync_api")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with tempfile.TemporaryDirectory() as profile, api.sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            profile, executable_path=browser, headless=True, args=flags, viewport={"width": 1280, "height": 720}
        )
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        yield page
        context.close()


@contextmanager
def serving(workspace: Path, port: int) -> Iterator[str]:
    """The reviewer as `curate review` starts it."""
    from ui.commands import command

    server = subprocess.Popen(
        command(workspace, port=port, address="127.0.0.1", told=["--reviewer", "ana"]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{address}/_stcore/health").close()
                break
            except (urllib.error.URLError, ConnectionError):
                assert monotonic() < deadline, "the reviewer does not start"
                assert server.poll() is None, "the reviewer has stopped"
                sleep(0.1)
        yield address
    finally:
        server.kill()
        server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pressed(page: "Page", key: str, expected: str) -> None:
    """Press a key once the page stands still, and wait for what it says it did."""
    page.wait_for_function(STANDS_STILL)
    page.keyboard.press(key)
    page.get_by_text(expected).first.wait_for()


def test_a_whole_pass_by_keyboard_with_undo_reload_and_restart(page: "Page", audited: Audited) -> None:
    workspace, port = audited.workspace.root, free_port()
    with serving(workspace, port) as address:
        page.goto(address)
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
    with serving(workspace, port) as address:
        page.goto(address)
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
    with serving(audited.workspace.root, free_port()) as address:
        for path, expected in (
            ("", "suggested to stay"),
            ("/overview", "Table 1"),
            ("/log", "Nothing has been decided"),
        ):
            page.goto(address + path)
            page.get_by_text(expected).first.wait_for()
            assert page.get_by_text("Traceback").count() == 0
    assert foreign == []
