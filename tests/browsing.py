"""A real Chromium and the reviewer as `curate review` starts it, for tests and benchmarks."""

import os
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WAIT_MS = 20_000
_KEY = "only-for-tests"
_PORTS: set[int] = set()
"""Those of the reviewers that run."""
STANDS_STILL = """(ms) => {
    const app = document.querySelector('[data-testid="stApp"]');
    const still = app && app.dataset.testScriptState === "notRunning" && !document.querySelector("[data-stale='true']");
    window.stillSince = still ? (window.stillSince ?? performance.now()) : undefined;
    return still && performance.now() - window.stillSince > ms;
}"""
"""The script has ended and its page has been shown for a moment."""


@dataclass(frozen=True)
class Server:
    """A reviewer that is running."""

    address: str
    pid: int

    def resident_mb(self) -> float:
        """Memory that it holds at present."""
        (line,) = [
            line for line in Path(f"/proc/{self.pid}/status").read_text().splitlines() if line.startswith("VmRSS")
        ]
        return int(line.split()[1]) / 1024


def chromium() -> str:
    """The browser of the system; where it is required, its absence is a failure."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CURATE_REQUIRE_BROWSER"):
            pytest.fail("no Chromium is installed")
        pytest.skip("no Chromium is installed")
    return found


@contextmanager
def browsing() -> Iterator["Browser"]:
    """A headless Chromium that asks nobody for anything."""
    executable = chromium()
    api = pytest.importorskip("playwright.sync_api")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
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
        where = {"value": _KEY, "domain": "127.0.0.1", "path": "/"}
        context.add_cookies([{"name": f"curate-{port}", **where} for port in _PORTS])
        return goto(url, **how)

    page.goto = with_keys  # type: ignore[method-assign]
    page.set_default_timeout(WAIT_MS)
    return page


@contextmanager
def serving(workspace: Path, arguments: Sequence[str] = ("--reviewer", "ana")) -> Iterator[Server]:
    """The reviewer as `curate review` starts it; killed at the end."""
    from curate.ui.commands import command
    from curate.ui.server import KEY

    port = free_port()
    with tempfile.TemporaryDirectory() as settings:
        server = subprocess.Popen(
            command(workspace, port=port, address="127.0.0.1", arguments=arguments),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"XDG_CONFIG_HOME": settings, KEY: _KEY},
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
            _PORTS.add(port)
            yield Server(address, server.pid)
        finally:
            _PORTS.discard(port)
            server.kill()
            server.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stands_still(page: "Page", for_ms: int = 250) -> None:
    """Wait until the page is drawn and nothing runs."""
    page.wait_for_function(STANDS_STILL, arg=for_ms)


def listens(page: "Page", for_ms: int = 250) -> None:
    """Wait until the page stands still and its own listener for keys is there; the script that brings it comes last."""
    page.wait_for_function("() => window.curateListens === true")
    stands_still(page, for_ms)


def pressed(page: "Page", key: str, expected: str) -> None:
    """Press a key once the page listens, and wait for what it says it did."""
    listens(page)
    page.keyboard.press(key)
    page.get_by_text(expected).first.wait_for()
