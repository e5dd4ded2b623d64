"""The reviewer as a process of its own, which never outlives the one that started it.

Nothing is sent anywhere, nothing outside the workspace is served.
"""

import os
import secrets
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from curate.errors import ConfigError, MissingExtraError, flag_of, path_of, refuse_uncallable, several_of, text_of
from curate.i18n import msg, translator
from curate.shell import typed
from curate.storage.workspace import Workspace
from curate.ui import server

PORT = 8501
_TRIED = 20
"""Ports that are tried, from the usual one on, where none is asked for."""
_GRACE_S = 3


def review(
    workspace: str | Path,
    *,
    port: int | None = None,
    address: str = "127.0.0.1",
    hosts: Sequence[str] = (),
    open_browser: bool = False,
    lang: str = "",
    reviewer: str = "",
    say: Callable[[str], None] = print,
) -> int:
    """Let the review queue of a workspace be worked through in the browser; returns the exit status once that ends.

    Without a `port` the first free one from 8501 on is taken. `say` is told the address to open, with its key. Raises
    `CurateError` where there is no such workspace, or nothing can listen there.

    >>> curate.review("ws", open_browser=True)  # doctest: +SKIP
    reviewing ws on http://127.0.0.1:8501/?key=... - stop with Ctrl-C
    """
    ws = Workspace(path_of("workspace", workspace))
    ws.read_images()
    text_of("address", address)
    names = [text_of("hosts", name) for name in several_of("hosts", hosts)]
    flag_of("open_browser", open_browser)
    refuse_uncallable("say", say)
    text_of("lang", lang)
    text_of("reviewer", reviewer)
    arguments = ["--lang", translator(lang).language] if lang else []
    arguments += ["--reviewer", reviewer] if reviewer else []
    if find_spec("streamlit") is None:
        raise MissingExtraError('the reviewer needs one more package: pip install "imagecurate[ui]"')
    _warn_of_other_queue(ws, say)
    chosen = free_port(address, port, say)
    secret = secrets.token_urlsafe(24)
    shown = f"http://{f'[{address}]' if ':' in address else address}:{chosen}/"
    if server.is_local(address):
        keys = {server.KEY: secret}
        shown += f"?key={secret}"
        say(f"reviewing {workspace} on {shown} - stop with Ctrl-C")
    else:
        password = os.environ.get(server.PASSWORD) or secrets.token_urlsafe(9)
        keys = {server.KEY: secret, server.PASSWORD: password}
        say(
            f"warning: others can connect to {address}, and what you send is not encrypted; safer is "
            f"--address 127.0.0.1 and: ssh -L {chosen}:127.0.0.1:{chosen}"
        )
        say(f"reviewing {workspace} on {shown} - password: {password} - stop with Ctrl-C")
    full = command(Path(workspace), port=chosen, address=address, names=names, arguments=arguments)
    return _run(full, keys, shown if open_browser else None)


def _warn_of_other_queue(workspace: Workspace, say: Callable[[str], None]) -> None:
    """Say that the queue is of other findings than the last audit's, since nobody sees what it lacks."""
    from curate.auditing.summary import OTHER_QUEUE
    from curate.reviewing.store import Store

    with Store(workspace.review) as store:
        is_of_audit = store.queue.is_of(workspace.read_findings())
    if not is_of_audit:
        say(f"note: {msg(OTHER_QUEUE, again=typed('curate', 'judge', workspace.root))}")


def free_port(address: str, port: int | None, say: Callable[[str], None]) -> int:
    """Return the port to listen on: the one that is asked for, or the first free one from the usual one on.

    Raises `ConfigError` where nothing can listen there.
    """
    if port is not None:
        server.refuse_taken(address, port)
        return port
    for tried in range(PORT, PORT + _TRIED):
        with suppress(ConfigError):
            server.refuse_taken(address, tried)
            if tried != PORT:
                say(f"port {PORT} is taken, so the reviewer listens on {tried}")
            return tried
    server.refuse_taken(address, PORT)
    return PORT


def command(
    workspace: Path, *, port: int, address: str, names: Sequence[str] = (), arguments: Sequence[str] = ()
) -> list[str]:
    """Return the server's command line, `arguments` being those of the app.

    The key that lets a browser in is handed on in the environment (`server.KEY`). Nothing is imported from the current
    folder, as `-m` alone would have it.
    """
    options = ["--port", str(port), "--address", address, *(f"--name={name}" for name in names)]
    return [sys.executable, "-P", "-m", "curate.ui.server", *options, str(workspace.absolute()), "--", *arguments]


def _run(full: Sequence[str], keys: Mapping[str, str], shown: str | None) -> int:
    """Run the server until it ends, or this process is asked to."""
    running = subprocess.Popen(full, env=os.environ | keys)
    try:
        if shown is not None:
            webbrowser.open(shown)
        return running.wait()
    except KeyboardInterrupt:
        return 130
    finally:
        with suppress(ProcessLookupError):
            running.send_signal(signal.SIGTERM)
        try:
            running.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
