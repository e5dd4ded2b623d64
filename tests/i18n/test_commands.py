"""`--lang` takes any spelling of a language there is, and refuses others in one line."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from curate.errors import ConfigError
from curate.reports import commands as reports
from curate.ui import commands as ui
from curate.ui import serving
from tests.browsing import free_port
from tests.conftest import Audited


def invoke(package: object, *arguments: str) -> Exception | None:
    app = typer.Typer()
    package.register(app)  # type: ignore[attr-defined]
    result = CliRunner().invoke(app, list(arguments))
    return result.exception if isinstance(result.exception, Exception) else None


def refused(workspace: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "curate", command, str(workspace), "--lang", "klingon"],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("spelling", ["pt-BR", "pt_br", "PT"])
def test_the_report_is_written_in_the_language_of_any_spelling(audited: Audited, spelling: str) -> None:
    assert invoke(reports, str(audited.workspace.root), "--lang", spelling) is None
    assert '<html lang="pt-BR">' in (audited.workspace.root / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("spelling", ["pt-BR", "pt_br", "PT"])
def test_the_reviewer_is_started_in_the_language_of_any_spelling(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    started: list[list[str]] = []

    def run(command: list[str], *_: object) -> int:
        started.append(command)
        return 0

    monkeypatch.setattr(serving, "_run", run)
    port = f"--port={free_port()}"
    invoke(ui, str(audited.workspace.root), "--lang", spelling, "--reviewer", "ana", port)
    assert started[0][-4:] == ["--lang", "pt-BR", "--reviewer", "ana"]


@pytest.mark.parametrize("package", [reports, ui])
def test_an_unknown_language_is_a_mistake_that_names_those_there_are(audited: Audited, package: object) -> None:
    error = invoke(package, str(audited.workspace.root), "--lang", "klingon")
    assert isinstance(error, ConfigError)
    assert str(error) == "'klingon' is not a language that curate knows; there are en, pt-BR"


@pytest.mark.parametrize("command", ["report", "review"])
def test_an_unknown_language_is_one_line_and_exit_2(audited: Audited, command: str) -> None:
    result = refused(audited.workspace.root, command)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "curate: 'klingon' is not a language that curate knows; there are en, pt-BR\n"
