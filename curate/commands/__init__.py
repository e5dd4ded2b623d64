"""The commands of the core, a module for each stretch of the way; `ui`, `train` and `reports` bring their own.

A function's parameters are its options. Data go to stdout, everything else to stderr. Each imports what it needs, so
that none waits for the tables and networks of the others.
"""

from pathlib import Path
from typing import Annotated

import typer

from curate.i18n import Translator, preferred, translator

WorkspaceArg = Annotated[Path, typer.Argument(metavar="WS", help="The workspace folder that `curate audit` made.")]
EngineOption = Annotated[
    str | None,
    typer.Option(metavar="serial|local:N|dask:ADDRESS", help="Where the work is done; same result."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
LangOption = Annotated[
    str | None, typer.Option(metavar="en|pt-BR", help="The language; that of the environment unless given.")
]


def words_in(language: str | None) -> Translator:
    """Return the translator of the language that was asked for, or else of the environment's."""
    return translator(language or preferred())
