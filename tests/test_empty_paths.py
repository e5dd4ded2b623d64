"""An empty path on the command line, as of a variable of the shell that is not set: refused by name, for every command.

It would be the current folder, which may be anything.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

import curate
from curate.commands import Commands, auditing, dataset, reviewing
from curate.errors import ConfigError
from curate.plugins import installed


def whole() -> typer.Typer:
    """Return the command line with the commands of every package, apart from the one that other tests call."""
    line = Commands(rich_markup_mode=None)
    for room in (auditing, reviewing, dataset):
        room.register(line)
    for entry in installed("curate.commands"):
        entry.load()(line)
    return line


LINE = whole()


def empty_paths() -> Iterator[Any]:
    """Yield a command line for each option and argument that takes a path, and gives it an empty one."""
    for words, command in _commands((), typer.main.get_command(LINE)):
        hints = get_type_hints(command.callback)
        arguments = [param for param in command.params if not param.opts[0].startswith("-")]
        for param in command.params:
            if not _is_path(hints.get(param.name)):
                continue
            if param in arguments:
                given = ["" if one is param else "x" for one in arguments]
                yield pytest.param([*words, *given], id=f"{' '.join(words)} {param.name}")
            else:
                for written in ([param.opts[-1], ""], [f"{param.opts[-1]}="]):
                    line = [*words, *("x" for _ in arguments), *written]
                    yield pytest.param(line, id=f"{' '.join(words)} {written[0]}")


def _commands(words: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(command, "commands"):
        yield words, command
    for name, one in getattr(command, "commands", {}).items():
        yield from _commands((*words, name), one)


def _is_path(hint: object) -> bool:
    return hint is Path or any(map(_is_path, get_args(hint)))


@pytest.mark.parametrize("line", list(empty_paths()))
def test_an_empty_path_is_refused_by_the_name_of_its_option(
    line: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(LINE, line, env={"COLUMNS": "200", "TERM": "dumb"})
    assert done.exit_code == 2
    assert "it is empty; give a path" in " ".join(done.output.split())
    assert not list(tmp_path.iterdir())


def test_an_empty_source_or_destination_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for call, said in (
        (lambda: curate.audit("", tmp_path / "ws"), "source is ''"),
        (lambda: curate.export("m.csv", ""), "destination is ''"),
        (lambda: curate.verify(""), "path is ''"),
    ):
        with pytest.raises(ConfigError, match=said):
            call()
    assert not list(tmp_path.iterdir())
