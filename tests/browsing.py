"""A real Chromium and the reviewer as `curate review` starts it, for tests and benchmarks."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import pytest

from curate.reviewing.store import Store
from curate.storage.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WAIT_MS = 20_000
KEY_FOR_TESTS = "only-for-tests"
PORTS: set[int] = set()
"""Those of the reviewers that have run."""
STANDS_STILL = """(ms) => {
    const app = document.querySelector('[data-testid="stApp"]');
    const still = app && app.dataset.testScriptState === "notRunning" && !document.querySelector("[data-stale='true']");
    window.stillSince = still ? (window.stillSince ?? performance.now()) : undefined;
    return still && performance.now() - window.stillSince > ms;
}"""
"""The script has ended and its page has been shown for a moment."""


class Server:
    """A reviewer as `curate review` starts it, which can be frozen, killed and started again on the same port."""

    def __init__(self, workspace: Path, arguments: Sequence[str], settings: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        PORTS.add(self.port)
        self._workspace, self._arguments, self._settings = workspace, arguments, settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that serves at present."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        from curate.ui.server import KEY
        from curate.ui.serving import command

        self._process = subprocess.Popen(
            command(self._workspace, port=self.port, address="127.0.0.1", arguments=self._arguments),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"XDG_CONFIG_HOME": str(self._settings), KEY: KEY_FOR_TESTS},
        )
        deadline = monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.address}/_stcore/health").close()
                break
            except (urllib.error.URLError, ConnectionError):
                assert monotonic() < deadline, "the reviewer does not start"
                assert self._process.poll() is None, "the reviewer has stopped"
                sleep(0.05)

    def freeze(self) -> None:
        """Stop it from answering, as a suspended machine would."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Kill it at once, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def resident_mb(self) -> float:
        """Memory that it holds at present."""
        (line,) = [
            line for line in Path(f"/proc/{self.pid}/status").read_text().splitlines() if line.startswith("VmRSS")
        ]
        return int(line.split()[1]) / 1024


NO_BROWSER = "no Chromium is installed"


def chromium() -> str | None:
    """The browser of the system, or Playwright's own; None where there is neither."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None) or _playwrights_own()


def _playwrights_own() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as driver:
        path = driver.chromium.executable_path
    return path if Path(path).is_file() else None


def required() -> str:
    """Return the browser; where there is none the test is skipped, or fails if a browser is required."""
    found = chromium()
    if found is None and os.environ.get("CURATE_REQUIRE_BROWSER"):
        pytest.fail(NO_BROWSER)
    return found or pytest.skip(NO_BROWSER)


@contextmanager
def browsing() -> Iterator["Browser"]:
    """A headless Chromium that asks nobody for anything."""
    executable = required()
    api = pytest.importorskip("playwright.sync_api")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, headless=True, args=flags)
        yield browser
        browser.close()


def opened(browser: "Browser") -> "Page":
    """A window of a person of its own, as large as a small laptop, that has the key of whichever reviewer it asks."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    goto = page.goto

    def with_keys(url: str, **how: Any) -> Any:
        where = {"value": KEY_FOR_TESTS, "domain": "127.0.0.1", "path": "/"}
        context.add_cookies([{"name": f"curate-{port}", **where} for port in PORTS])
        return goto(url, **how)

    page.goto = with_keys  # type: ignore[method-assign]
    page.set_default_timeout(WAIT_MS)
    return page


@contextmanager
def serving(
    workspace: Path, arguments: Sequence[str] = ("--reviewer", "ana"), settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """The reviewer, with files of a user's own settings; killed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (settings or {}).items():
            (Path(folder) / "curate").mkdir(exist_ok=True)
            (Path(folder) / "curate" / name).write_text(content)
        server = Server(workspace, arguments, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stands_still(page: "Page", for_ms: int = 250) -> None:
    """Wait until the page is drawn and nothing runs."""
    page.wait_for_function(STANDS_STILL, arg=for_ms)


def painted(page: "Page") -> None:
    """Wait until the item on the screen has been painted, so that keys are about it."""
    page.locator(".view[data-painted]").wait_for()


KNOWN = """() => JSON.stringify(window.curate?.machine, (name, value) => (value instanceof Map ? value.size : value))"""
"""What the queue's surface knows, for a test that fails."""


def says(page: "Page", text: str, *, timeout_ms: int = WAIT_MS) -> None:
    """Wait until the line below the image says something; where it does not, tell what is said and known instead."""
    from playwright.sync_api import TimeoutError as WaitedTooLong

    try:
        page.locator(".status", has_text=text).wait_for(timeout=timeout_ms)
    except WaitedTooLong as error:
        said, known = page.locator(".status").all_inner_texts(), page.evaluate(KNOWN)
        raise AssertionError(f"{text!r} is not said, but {said}; the page knows {known}") from error


def press(page: "Page", key: str, expected: str = "", *, shown: bool = True) -> None:
    """Press a key about what has been painted, and wait for what it says it did."""
    if shown:
        painted(page)
    page.keyboard.press(key)
    if expected:
        says(page, expected)


def decided(workspace: Workspace, items: int) -> None:
    """Wait until so many items of the queue are decided, on disk."""
    deadline = monotonic() + 30
    with Store(workspace.review) as store:
        while store.queue.progress().items_done != items:
            assert monotonic() < deadline, f"{store.queue.progress().items_done} items decided, {items} expected"
            sleep(0.01)


if __name__ == "__main__":  # `make test` asks before it runs anything
    sys.exit(chromium() is None)
