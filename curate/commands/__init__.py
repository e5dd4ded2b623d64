"""The commands of the core, a module for each stretch of the way; `ui`, `train` and `reports` bring their own.

A function's parameters are its options. Data go to stdout, everything else to stderr. Each imports what it needs, so
that none waits for the tables and networks of the others.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import typer
from typer.core import TyperCommand

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


class Command(TyperCommand):
    """A command whose paths are never empty, as where a variable of a shell is not set: that would be this folder."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Raise the usage error of an option or argument that takes a path and was given none."""
        if any(not arg or arg.endswith("=") for arg in args):
            given, *_ = self.make_parser(ctx).parse_args(args=list(args))
            hints = get_type_hints(self.callback)
            params: list[Any] = list(self.get_params(ctx))
            for param in params:
                value = given.get(param.name or "")
                is_empty = "" in value if isinstance(value, list | tuple) else value == ""
                if is_empty and _is_path(hints.get(param.name or "")):
                    raise typer.BadParameter("it is empty; give a path", ctx=ctx, param=param)
        return super().parse_args(ctx, args)


def _is_path(hint: object) -> bool:
    return hint is Path or any(map(_is_path, get_args(hint)))


_Function = TypeVar("_Function", bound=Callable[..., Any])


class Commands(typer.Typer):
    """A `Typer` whose commands are of the class `Command`."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[_Function], _Function]:
        """Return what hangs a function on the command line."""
        return super().command(name, **{"cls": Command, **settings})
