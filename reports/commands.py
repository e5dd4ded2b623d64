"""`curate report`: what was found and decided, as a page that can be sent to anybody."""

from pathlib import Path
from typing import Annotated

import typer

from curate.i18n import ENGLISH, languages


def register(app: typer.Typer) -> None:
    """Hang `report` on the command line."""
    app.command(name="report")(report)


def report(
    workspace: Annotated[Path, typer.Argument(metavar="WS", help="The workspace folder that `curate audit` made.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="FILE.html; WS/report.html unless given."),
    ] = None,
    runs: Annotated[
        list[Path] | None,
        typer.Option("--run", metavar="DIR", help="Show a run of `curate train fit` too; may be given again."),
    ] = None,
    lang: Annotated[str, typer.Option(metavar="|".join(languages()), help="The language of the report.")] = ENGLISH,
) -> None:
    """Write the results report. One HTML file, with Markdown and CSV tables beside it."""
    from curate.reports.render import report as write

    for path in write(workspace, output, lang=lang, runs=runs or ()):
        typer.echo(f"wrote {path}", err=True)
