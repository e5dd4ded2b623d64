"""Pages of the reviewer driven without a browser: how tests open one, press its buttons and read it."""

import sys
from pathlib import Path

import pytest

from curate.reviewing.store import Store
from tests.conftest import Audited

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).parents[2] / "ui" / "app.py")


def press(app: AppTest, label: str) -> AppTest:
    """Press the button of this name."""
    (button,) = [button for button in app.button if button.label == label]
    return button.click().run()


def text(app: AppTest) -> str:
    """All that the page says, as a person reads it."""
    elements = [
        *app.markdown,
        *app.header,
        *app.subheader,
        *app.success,
        *app.info,
        *app.warning,
        *app.error,
        *app.caption,
    ]
    return "\n".join(element.value.replace("\\", "") for element in elements)


def log(audited: Audited) -> list[tuple[str, str]]:
    with Store(audited.workspace.review) as store:
        return [(decision.path, str(decision.action)) for decision in store.log.decisions()]


def opened(audited: Audited, monkeypatch: pytest.MonkeyPatch, page: str) -> AppTest:
    """One page by itself."""
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root)])
    script = f"from curate.ui import session, {page}\nsession.prepare()\n{page}.draw()"
    return AppTest.from_string(script, default_timeout=30).run()
