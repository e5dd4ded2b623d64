"""The command line: which commands there are, and what a mistake, an interruption and an end come to.

A user's mistake is one line and exit 2; findings are not an error unless `--fail-on` says so (exit 1).
"""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

import curate
from curate import terminal
from curate.commands import Commands, auditing, dataset, reviewing
from curate.errors import CurateError
from curate.plugins import installed
from curate.storage.atomic import disk_refusals_explained
from curate.storage.names import printable

UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""What Typer raises for options and commands that there are not; it exports only this heir of it."""

_INTERRUPTED = 130
_COLLECT_AFTER = 50_000
"""New objects after which Python looks for unreachable ones, else 700 to 2,000: what a command imports is none."""
_SPIN_FOR = "20"
"""How long a thread of OpenBLAS waits for work before it sleeps: 2 to this many cycles, in place of 26 (0.03 s)."""

app = Commands(
    help=curate.__doc__.splitlines()[0] if curate.__doc__ else None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(asked: bool) -> None:
    if asked:
        print(curate.__version__)
        raise typer.Exit


@app.callback()
def _curate(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


@app.command()
def version() -> None:
    """Print the version."""
    print(curate.__version__)


for _room in (auditing, reviewing, dataset):
    _room.register(app)


def main() -> None:
    """Run the command line, with every package's sub-commands hung on it where one of them may be meant."""
    ours = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    meant = sys.argv[1] if len(sys.argv) > 1 else ""
    others = () if meant in ours else installed("curate.commands")
    for entry in others:
        register: Callable[[typer.Typer], None] = entry.load()
        register(app)
    signal.signal(signal.SIGTERM, _end)
    try:
        with _process_tuned(), disk_refusals_explained():
            status = app(prog_name="curate", standalone_mode=False)
    except UsageError as error:
        typer.echo(printable(_usage(error)), err=True)
        sys.exit(2)
    except CurateError as error:
        terminal.say(f"curate: {error}")
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
    if status == _INTERRUPTED:
        terminal.say("curate: interrupted; run the same command again to go on from here")
    sys.exit(status)


@contextmanager
def _process_tuned() -> Iterator[None]:
    """Spare a process that is ours alone work that nobody needs, and its last look at all that was imported.

    Once pandas is imported, looking for unreachable objects costs 0.05 s on the way and 0.07 s at the end; threads
    that OpenBLAS starts take another 0.05 s of a core from others while they wait for work; pydantic reads what every
    installed package says of itself, 0.01 s or more, to look for plugins that would watch it.

    No Python that is started from here looks for modules in the current folder, as `python -c` and `-m` would: people
    stand in the dataset that they audit, and a file of it called numpy.py would be run.
    """
    os.environ["PYTHONSAFEPATH"] = "1"
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", _SPIN_FOR)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.set_threshold(_COLLECT_AFTER)
    try:
        yield
    finally:
        gc.freeze()


def _usage(error: Any) -> str:
    """Say in one line what is wrong with the options; the help itself where nothing was asked for."""
    message = error.format_message().rstrip().replace("Value error, ", "")
    if "\n" in message:
        return str(message)
    end = "" if message.endswith((".", "?", "!")) else "."
    return f"curate: {message}{end} See: {error.ctx.command_path if error.ctx else 'curate'} --help"


def _end(number: int, frame: object) -> None:
    """End as after Ctrl-C when the system asks for it, so that nothing half done is left behind."""
    del frame
    sys.exit(128 + number)


__all__ = ["app", "main"]
