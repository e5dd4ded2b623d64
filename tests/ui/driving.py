"""Pages of the reviewer driven without a browser: how tests open one, press its buttons and read it."""

import json
import sys
from pathlib import Path
from typing import Any

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
    """All that the page says, as a person reads it, but for what its surface says."""
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


def told(app: AppTest) -> dict[str, Any]:
    """What the surface on the page was told last."""
    (surface,) = app.get("bidi_component")
    found: dict[str, Any] = json.loads(surface.proto.json)
    return found


def log(audited: Audited) -> list[tuple[str, str]]:
    with Store(audited.workspace.review) as store:
        return [(decision.path, str(decision.action)) for decision in store.log.decisions()]


def opened(audited: Audited, monkeypatch: pytest.MonkeyPatch, page: str) -> AppTest:
    """One page by itself."""
    monkeypatch.setattr(sys, "argv", ["app.py", str(audited.workspace.root)])
    return drawn(page)


def drawn(page: str) -> AppTest:
    """One page by itself, of the workspace that the command line names."""
    script = f"from curate.ui import session, {page}\nsession.prepare()\n{page}.draw()"
    return AppTest.from_string(script, default_timeout=30).run()


class Screen:
    """A surface of the queue or the grid, as far as the server can tell one from a browser's."""

    def __init__(self, app: AppTest, audited: Audited, feed: str = "queue_feed") -> None:
        self.app, self.audited, self.name = app, audited, feed
        self.data = told(app)
        self.number = self.message = 0

    def item(self, path: str) -> dict[str, Any]:
        """The item that holds this image; asked for by its name where it is not on hand."""
        for _ in range(2):
            for item in self.data["items"]:
                if path in {image["path"] for image in item["images"]}:
                    return dict(item)
            with Store(self.audited.workspace.review) as store:
                self.send(open=next(item.item_id for item in store.queue.find(limit=99) if path in item.paths))
        raise AssertionError(f"{path} is not handed out")

    def stroke(self, act: str, item: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """A stroke about an item that was shown."""
        self.number += 1
        about = {"id": item["id"], "seen": item["seen"], "as_of": item["as_of"]} if item else {}
        return {"number": self.number, "act": act, **about, **more}

    def send(self, *strokes: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Send strokes, and return what the surface is told then."""
        self.message += 1
        about = {"epoch": self.data["epoch"], "feed": self.data["feed"]}
        sent = {**about, "number": self.message, "strokes": list(strokes), **more}
        with Store(self.audited.workspace.review) as store:
            self.app.session_state[self.name].hear(sent, store)
        self.data = told(self.app.run())
        return self.data
