"""What a page still says once it was left: nothing of it is drawn over the page that is there now."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from curate.ui.guard import Receive, Scope, Send
from curate.ui.left_pages import LeftPages
from tests.browsing import Server, stands_still

if TYPE_CHECKING:
    from playwright.sync_api import Page, WebSocketRoute


def asks(page: str, fragment: str = "") -> bytes:
    """What a browser sends to have a page, or a part of it, drawn."""
    said = BackMsg()
    said.rerun_script.page_script_hash = page
    said.rerun_script.fragment_id = fragment
    return said.SerializeToString()


def shows(page: str) -> bytes:
    """What a browser is sent once a page is about to be drawn."""
    told = ForwardMsg()
    told.navigation.page_script_hash = page
    return told.SerializeToString()


def heard(*talk: tuple[str, bytes]) -> list[bytes]:
    """What of a talk the application hears: `<` came from the browser, `>` was sent to it before that."""
    came: list[bytes] = []
    left = list(talk)

    async def receive() -> dict[str, Any]:
        if not left:
            return {"type": "websocket.disconnect"}
        return {"type": "websocket.receive", "bytes": left.pop(0)[1]}

    async def app(scope: Scope, receiving: Receive, sending: Send) -> None:
        while True:
            while left and left[0][0] == ">":
                await sending({"type": "websocket.send", "bytes": left.pop(0)[1]})
            message = await receiving()
            if message["type"] == "websocket.disconnect":
                return
            came.append(message["bytes"])

    async def send(message: Any) -> None:
        sent.append(message["bytes"])

    sent: list[bytes] = []
    asyncio.run(LeftPages(app)({"type": "websocket"}, receive, send))
    assert sent == [data for way, data in talk if way == ">"]
    return came


@pytest.mark.parametrize(
    "leads", [("<", asks("log")), (">", shows("log"))], ids=["a link was followed", "the app has chosen"]
)
def test_a_part_of_a_page_that_was_left_is_not_heard(leads: tuple[str, bytes]) -> None:
    here = [("<", asks("images", "grid")), leads]
    late = ("<", asks("images", "filter"))
    after = [("<", asks("log", "part")), ("<", asks("images"))]
    expected = [data for way, data in [*here, *after] if way == "<"]
    assert heard((">", shows("images")), *here, late, late, *after) == expected
    assert heard((">", shows("images")), *here, *after, late) == [*expected, late[1]]  # one is there again


def test_every_part_is_heard_while_nobody_knows_which_page_is_there() -> None:
    parts = [
        asks("images", "grid"),
        asks("", "grid"),
        b"\xff no such message",
        BackMsg(stop_script=True).SerializeToString(),
    ]
    assert heard(*(("<", part) for part in parts)) == parts
    assert heard(("<", asks("")), *(("<", part) for part in parts)) == [asks(""), *parts]
    assert heard((">", shows("images")), ("<", asks("", "grid"))) == [asks("", "grid")]


def test_what_asks_for_no_page_does_not_change_which_is_there() -> None:
    beat = BackMsg(app_heartbeat=True).SerializeToString()
    assert heard(("<", asks("log")), ("<", beat), ("<", asks("images", "filter"))) == [asks("log"), beat]


def test_each_window_has_a_page_of_its_own() -> None:
    app = LeftPages(lambda scope, receive, send: read(receive))
    came: list[bytes] = []

    async def read(receive: Receive) -> None:
        while (message := await receive())["type"] != "websocket.disconnect":
            came.append(message["bytes"])

    async def window(*said: bytes) -> None:
        left = [{"type": "websocket.receive", "bytes": data} for data in said]
        await app({"type": "websocket"}, lambda: _next(left), _send)

    async def _next(left: list[Any]) -> Any:
        return left.pop(0) if left else {"type": "websocket.disconnect"}

    async def _send(message: Any) -> None:
        raise AssertionError("nothing is sent")

    async def both() -> None:
        await window(asks("log"))
        await window(asks("images", "grid"))

    asyncio.run(both())
    assert came == [asks("log"), asks("images", "grid")]


@pytest.mark.browser
@pytest.mark.slow
def test_a_popover_that_closes_once_its_page_was_left_leaves_no_empty_page(page: "Page", server: Server) -> None:
    """Its message comes right after the link's, as it may by itself."""
    late: list[bytes] = []

    def route(browser: "WebSocketRoute") -> None:
        reviewer = browser.connect_to_server()

        def on_message(data: "str | bytes") -> None:
            assert isinstance(data, bytes)
            said = BackMsg.FromString(data).rerun_script
            reviewer.send(data)
            if said.fragment_id:
                late[:] = [data]
            elif late:
                reviewer.send(late[0])

        browser.on_message(on_message)

    page.route_web_socket("**/_stcore/stream", route)
    page.goto(f"{server.address}/images")
    page.locator(".cell.seen").first.wait_for()
    page.get_by_text("Filter and sort").click()
    page.get_by_text("Sort by").wait_for()
    stands_still(page)  # a popover that is closed before the server has heard that it is open opens again
    page.keyboard.press("Escape")
    page.get_by_text("Sort by").wait_for(state="detached")
    page.get_by_role("link", name="Log").click()
    page.get_by_text("Nothing has been decided").wait_for()
    page.wait_for_timeout(1000)
    assert late
    assert page.get_by_text("Nothing has been decided").is_visible()
