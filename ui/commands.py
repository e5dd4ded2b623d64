"""`curate review`: start the reviewer on this machine, for this machine."""

import os
import secrets
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from curate.errors import MissingExtraError
from curate.i18n import languages, translator
from curate.storage.workspace import Workspace

_GRACE_S = 3


def register(app: typer.Typer) -> None:
    """Hang `review` on the command line."""
    app.command()(review)


def review(
    workspace: Annotated[Path, typer.Argument(metavar="WS", help="The workspace folder that `curate audit` made.")],
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8501,
    address: Annotated[
        str, typer.Option(help="Who may connect: this machine only, unless told otherwise.")
    ] = "127.0.0.1",
    host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another name that browsers know this machine by; may be repeated."),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser.")] = False,
    lang: Annotated[
        str, typer.Option(metavar="|".join(languages()), help="The language; the one used last unless given.")
    ] = "",
    reviewer: Annotated[str, typer.Option(help="The name for the log; asked once and remembered unless given.")] = "",
) -> None:
    """Work through the review queue in the browser."""
    from curate.ui import server

    arguments = ["--lang", translator(lang).language] if lang else []
    arguments += ["--reviewer", reviewer] if reviewer else []
    Workspace(workspace).read_images()
    if find_spec("streamlit") is None:
        raise MissingExtraError("the reviewer needs one more package: pip install 'imagecurate[ui]'")
    server.refuse_taken(address, port)
    secret = secrets.token_urlsafe(24)
    shown = f"http://{f'[{address}]' if ':' in address else address}:{port}/"
    if server.is_local(address):
        keys = {server.KEY: secret}
        shown += f"?key={secret}"
        typer.echo(f"reviewing {workspace} on {shown} - stop with Ctrl-C", err=True)
    else:
        password = os.environ.get(server.PASSWORD) or secrets.token_urlsafe(9)
        keys = {server.KEY: secret, server.PASSWORD: password}
        typer.echo(
            f"warning: others can connect to {address}, and what you send is not encrypted; safer is "
            f"--address 127.0.0.1 and: ssh -L {port}:127.0.0.1:{port}",
            err=True,
        )
        typer.echo(f"reviewing {workspace} on {shown} - password: {password} - stop with Ctrl-C", err=True)
    full = command(workspace, port=port, address=address, names=host or (), arguments=arguments)
    raise typer.Exit(_run(full, keys, shown if open_browser else None))


def command(
    workspace: Path, *, port: int, address: str, names: Sequence[str] = (), arguments: Sequence[str] = ()
) -> list[str]:
    """Return the server's command line, `arguments` being those of the app.

    Nothing is sent anywhere, nothing outside the workspace is served. The key that lets a browser in is handed on in
    the environment (`server.KEY`).
    """
    options = ["--port", str(port), "--address", address, *(f"--name={name}" for name in names)]
    return [sys.executable, "-m", "curate.ui.server", *options, str(workspace.absolute()), "--", *arguments]


def _run(full: Sequence[str], keys: Mapping[str, str], shown: str | None) -> int:
    """Run the server until it ends, or this process is asked to; it never outlives this one."""
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
