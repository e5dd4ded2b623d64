"""`curate review`: start the reviewer on this machine, for this machine."""

from pathlib import Path
from typing import Annotated

import typer

from curate.i18n import languages


def register(app: typer.Typer) -> None:
    """Hang `review` on the command line."""
    app.command()(review)


def review(
    workspace: Annotated[Path, typer.Argument(metavar="WS", help="The workspace folder that `curate audit` made.")],
    port: Annotated[
        int | None, typer.Option(metavar="N", help="The port to listen on; the first free one from 8501 on.")
    ] = None,
    address: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Who may connect: this machine only, unless told otherwise.")
    ] = "127.0.0.1",
    host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another name that browsers know this machine by; may be repeated."),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser.")] = False,
    lang: Annotated[
        str, typer.Option(metavar="|".join(languages()), help="The language; the one used last unless given.")
    ] = "",
    reviewer: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The name for the log, whoever comes; each browser is asked once unless given."
        ),
    ] = "",
) -> None:
    """Work through the review queue in the browser."""
    from curate.ui import serving

    status = serving.review(
        workspace,
        port=port,
        address=address,
        hosts=host or (),
        open_browser=open_browser,
        lang=lang,
        reviewer=reviewer,
        say=lambda line: typer.echo(line, err=True),
    )
    raise typer.Exit(status)
