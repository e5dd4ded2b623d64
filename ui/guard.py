"""Who may talk to the reviewer: an ASGI application around another, which lets through what its own pages ask.

Decisions are made over a websocket, which browsers let any page open, and pages of strangers can give a name of theirs
the address of this machine (DNS rebinding) or show the reviewer in a frame under what they want clicked.

Invariants: a request reaches the reviewer only under a name of its own host, from a page of its own or from none, and
with the key that is in the address the command line prints, or the password; no page shows it in a frame; its pages
load from and send to nowhere else, and whom it lets in it keeps here.
"""

import hmac
import html
import ipaddress
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HEALTH = "/_stcore/health"
"""Says that the server is up, and nothing else: whoever starts it may ask without the key."""
LOCAL = ("127.0.0.1", "localhost", "::1")
_KEY, _PASSWORD = "key", "password"
_MAX_FORM_BYTES = 4096
_OWN_PAGES_ONLY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; worker-src 'self' blob:; "
    "connect-src 'self' data: blob: {websocket}; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-src 'self' blob:; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Access:
    """What lets somebody in: `names` that the host goes by, and the `key`, which a `password` gives where there is one.

    Without a password the key itself may stand in the address.
    """

    names: frozenset[str]
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    password: str = field(default="", repr=False)

    def knows(self, host: str) -> bool:
        """Say whether a Host header names this host: by a name, or where it listens to all, by any plain address."""
        name = host_name(host)
        return name in self.names or ("*" in self.names and _is_address(name))


class Guard:
    """The application behind `Access`; sits in front of everything, websockets too."""

    def __init__(self, app: Application, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = headers.get("host", ""), headers.get("origin")
        is_websocket = scope["type"] == "websocket"
        if not self._access.knows(host) or not _is_own(origin, host, required=is_websocket):
            await _refuse(scope, receive, send, HTTPStatus.FORBIDDEN, "This page was not asked for from here.")
            return
        cookie = f"curate-{scope['server'][1] if scope.get('server') else 0}"
        if _same(_cookie(headers, cookie), self._access.key) or (not is_websocket and scope["path"] == HEALTH):
            await self._app(scope, receive, _with_headers(send, host))
        elif is_websocket:
            await _refuse(scope, receive, send, HTTPStatus.FORBIDDEN, "")
        else:
            await self._let_in(scope, receive, _with_headers(send, host), cookie)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send, cookie: str) -> None:
        """Answer one who has no key yet: with the key for the key in the address or the password, else with how to."""
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        wanted = self._access.password
        if wanted:
            given = await _form(receive) if scope["method"] == "POST" else {}
            is_right = _same(given.get(_PASSWORD, ""), wanted)
        else:
            is_right = _same("".join(asked.get(_KEY, [])), self._access.key)
        if is_right:
            kept = f"{cookie}={self._access.key}; HttpOnly; SameSite=Lax; Path=/"
            # Without the key in it: an address is copied, and shown to others.
            rest = [(name, value) for name, values in asked.items() if name != _KEY for value in values]
            await _answer(send, HTTPStatus.SEE_OTHER, "", {"Location": _here(scope["path"], rest), "Set-Cookie": kept})
        elif wanted:
            await _answer(send, HTTPStatus.UNAUTHORIZED, _ASK)
        else:
            said = "Open the address that <code>curate review</code> has printed: it holds the key to this page."
            await _answer(send, HTTPStatus.UNAUTHORIZED, f"<p>{said}</p>")


def _here(path: str, query: Sequence[tuple[str, str]]) -> str:
    """Return an address on this server: a path that begins with two slashes, or with backslashes, names another."""
    return "/" + quote(path.lstrip("/\\")) + (f"?{urlencode(query)}" if query else "")


def host_name(host: str) -> str:
    """Return the name in a Host header, without port, brackets or a dot at its end; empty where it is none."""
    try:
        parsed = urlsplit(f"//{host}")
        _ = parsed.port
    except ValueError:
        return ""
    is_plain = not (parsed.username or parsed.password or parsed.path or parsed.query or parsed.fragment)
    return (parsed.hostname or "").rstrip(".").lower() if is_plain else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_own(origin: str | None, host: str, *, required: bool) -> bool:
    """Say whether a page of this very server, port included, asks; what is no browser sends no origin."""
    if origin is None:
        return not required
    return urlsplit(origin).scheme in {"http", "https"} and urlsplit(origin).netloc.lower() == host.lower()


def _same(given: str, expected: str) -> bool:
    """Compare without telling by the time how much of it was right."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _cookie(headers: Mapping[str, str], name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


async def _form(receive: Receive) -> dict[str, str]:
    """Read a small form that was sent; nothing of a larger one."""
    body, more = b"", True
    while more and len(body) <= _MAX_FORM_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = bool(message.get("more_body"))
    if more or len(body) > _MAX_FORM_BYTES:
        return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _with_headers(send: Send, host: str) -> Send:
    """Add to every answer what keeps its page by itself."""
    policy = _OWN_PAGES_ONLY.format(websocket=f"ws://{host} wss://{host}")
    ours = {**_HEADERS, "Content-Security-Policy": policy}

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower().encode() for name in ours}
            others = [pair for pair in message.get("headers", []) if pair[0].lower() not in names]
            message["headers"] = [*others, *((name.encode(), value.encode("latin-1")) for name, value in ours.items())]
        await send(message)

    return sending


async def _refuse(scope: Scope, receive: Receive, send: Send, status: HTTPStatus, text: str) -> None:
    if scope["type"] == "websocket":
        await receive()  # the request to connect, which is answered by a refusal
        await send({"type": "websocket.close", "code": 1008})
        return
    await _answer(send, status, html.escape(text))


async def _answer(send: Send, status: HTTPStatus, body: str, headers: Mapping[str, str] | None = None) -> None:
    data = _PAGE.format(body=body).encode() if body else b""
    sent: Collection[tuple[bytes, bytes]] = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(data)).encode()),
        (b"cache-control", b"no-store"),
        *((name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()),
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": [*sent]})
    await send({"type": "http.response.body", "body": data})


_PAGE = "<!doctype html><meta charset=utf-8><title>curate</title><body style='font-family: sans-serif'>{body}"
_ASK = (
    "<form method=post><label>Password <input type=password name=password autofocus></label> "
    "<button>Begin</button></form>"
)
