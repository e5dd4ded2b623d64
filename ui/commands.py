"""`curate review`: start the reviewer on this machine, for this machine."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from subprocess import run
from typing import Annotated

import typer

from curate.errors import MissingExtraError
from curate.i18n import languages, translator
from curate.storage.workspace import Workspace

APP = Path(__file__).with_name("app.py")


def register(app: typer.Typer) -> None:
    """Hang `review` on the command line."""
    app.command()(review)


def review(
    workspace: Annotated[Path, typer.Argument(metavar="WS", help="The workspace folder that `curate audit` made.")],
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8501,
    address: Annotated[
        str, typer.Option(help="Who may connect: this machine only, unless told otherwise.")
    ] = "127.0.0.1",
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser.")] = False,
    lang: Annotated[
        str, typer.Option(metavar="|".join(languages()), help="The language; the one used last unless given.")
    ] = "",
    reviewer: Annotated[str, typer.Option(help="The name for the log; asked once and remembered unless given.")] = "",
) -> None:
    """Work through the review queue in the browser."""
    arguments = ["--lang", translator(lang).language] if lang else []
    arguments += ["--reviewer", reviewer] if reviewer else []
    Workspace(workspace).read_images()
    if find_spec("streamlit") is None:
        raise MissingExtraError("the reviewer needs one more package: pip install 'imagecurate[ui]'")
    typer.echo(f"reviewing {workspace} on http://{address}:{port} - stop with Ctrl-C", err=True)
    full = command(workspace, port=port, address=address, open_browser=open_browser, arguments=arguments)
    raise typer.Exit(run(full, check=False).returncode)


def command(
    workspace: Path, *, port: int, address: str, open_browser: bool = False, arguments: Sequence[str] = ()
) -> list[str]:
    """Return the server's command line, `arguments` being those of the app.

    Nothing is sent anywhere, nothing outside the workspace is served.
    """
    options = {
        "server.port": port,
        "server.address": address,
        "server.headless": str(not open_browser).lower(),
        "server.fileWatcherType": "none",
        "server.runOnSave": "false",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "streamlit", "run", str(APP), *flags, "--", str(workspace.absolute()), *arguments]
