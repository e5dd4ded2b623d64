"""What a page still says after it was left: an ASGI application around Streamlit's, which does not let it through.

A part of a page that is run by itself (a fragment) may speak just after a link was followed: a popover that closes, a
slider that has come to rest. Streamlit, which has let go of the fragment by then, runs nothing, tells the browser that
the page before was drawn, and the browser clears the screen: an empty page under the new address.
"""

from contextlib import suppress

from google.protobuf.message import DecodeError
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from curate.ui.guard import Application, Message, Receive, Scope, Send


class LeftPages:
    """The application, deaf to fragments of other pages than the one that was asked for or shown last.

    Where it is not known which that is, everything gets through.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        talk = _Talk()

        async def receiving() -> Message:
            message = await receive()
            while talk.is_late(message.get("bytes")):
                message = await receive()
            return message

        async def sending(message: Message) -> None:
            talk.shows(message.get("bytes"))
            await send(message)

        await self._app(scope, receiving, sending)


class _Talk:
    """One browser window's connection: which page it is about at present, by Streamlit's name of it."""

    def __init__(self) -> None:
        self._page = ""

    def is_late(self, data: bytes | None) -> bool:
        """Note what the browser asks for; say whether a page asks that was left."""
        said = BackMsg()
        with suppress(DecodeError):
            said.ParseFromString(data or b"")
        if not said.HasField("rerun_script"):
            return False
        asked = said.rerun_script
        if asked.fragment_id:
            return bool(self._page and asked.page_script_hash and asked.page_script_hash != self._page)
        self._page = asked.page_script_hash
        return False

    def shows(self, data: bytes | None) -> None:
        """Note which page the browser is told to show: one that the app has chosen by itself, too."""
        told = ForwardMsg()
        with suppress(DecodeError):
            told.ParseFromString(data or b"")
        if told.HasField("navigation"):
            self._page = told.navigation.page_script_hash
