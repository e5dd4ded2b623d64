"""What the tests of the pages share."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from curate.reviewing import reviewer
from curate.reviewing.reviewer import Person
from tests.browsing import Server, browsing, opened, serving
from tests.conftest import Audited

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from streamlit.testing.v1 import AppTest


@pytest.fixture
def introduced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reviewer whose name is known already, and a server that takes the time it needs on a busy machine."""
    monkeypatch.setattr("curate.ui.feed.BUDGET_S", 60.0)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    reviewer.remember(Person(name="ana", lang="en"))
    monkeypatch.setattr("curate.ui.session.name_in_browser", lambda: "ana")


@pytest.fixture
def app(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> "AppTest":
    """The reviewer on an audited dataset, at the first item of its queue."""
    from tests.ui.driving import APP, AppTest

    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root)])
    return AppTest.from_file(APP, default_timeout=30).run()


@pytest.fixture
def page() -> Iterator["Page"]:
    """An empty page of a real Chromium."""
    with browsing() as browser:
        yield opened(browser)


@pytest.fixture(scope="module")
def surface() -> Iterator["Page"]:
    """A page without the app that knows the modules of the surfaces."""
    from tests.ui.surface_modules import modules

    with modules() as shown:
        yield shown


@pytest.fixture
def server(audited: Audited) -> Iterator[Server]:
    """A reviewer that serves the audited dataset."""
    with serving(audited.workspace.root) as running:
        yield running
