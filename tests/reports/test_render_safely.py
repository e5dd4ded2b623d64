"""The report is text: nothing of a stranger runs in it, and it replaces nothing that is not its own."""

import re
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import curate
from curate import reports
from curate.errors import CurateError, MissingExtraError, WorkspaceError
from curate.reports.commands import register
from curate.storage import safe_csv
from curate.storage.workspace import Workspace
from tests import sample_images
from tests.conftest import Audited
from tests.reports.pages import SCRIPT, Page
from tests.storage.test_owner import of_a_dead_process


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
def test_names_and_notes_are_text_in_the_page(hostile_once: Workspace, lang: str, tmp_path: Path) -> None:
    html = reports.report(hostile_once.root, tmp_path / "r.html", lang=lang)[0].read_text(encoding="utf-8")
    page = Page(html)
    tags = {tag for tag, _ in page.tags}
    assert "script" not in tags
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
    assert page.unbalanced == []
    assert SCRIPT in page.text
    assert "$x_1$ <b>cats" in page.text


def test_names_and_notes_are_text_in_markdown(hostile_once: Workspace, tmp_path: Path) -> None:
    reports.report(hostile_once.root, tmp_path / "r.html")
    text = (tmp_path / "r.md").read_text(encoding="utf-8").removeprefix("<!-- curate report -->\n")
    prose = [line for line in text.splitlines() if not line.startswith("    ")]
    assert not re.search(r"(?<!\\)[<>`]", "\n".join(prose))
    assert "# no" not in prose
    tables = re.findall(r"(?m)(?:^\|.*\n)+", text)
    assert tables
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_no_cell_of_the_csv_files_is_a_formula(hostile_once: Workspace, tmp_path: Path) -> None:
    for path in reports.report(hostile_once.root, tmp_path / "r.html")[2:]:
        frame = safe_csv.pd.read_csv(path, dtype=object, keep_default_na=False)
        cells = [cell for column in frame for cell in frame[column]]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    notes = safe_csv.read(tmp_path / "r-decisions.csv")["note"]
    assert set(notes) == {f"+{SCRIPT} | `x`\n# no"}


def test_a_name_that_turns_text_is_an_escape_where_it_is_read_and_itself_in_the_tables(
    hostile_once: Workspace, tmp_path: Path
) -> None:
    html, markdown, *tables = reports.report(hostile_once.root, tmp_path / "r.html")
    assert r"\u202egnp" in Page(html.read_text(encoding="utf-8")).text.replace("\u200b", "")
    for file in (html, markdown):
        assert "\u202e" not in file.read_text(encoding="utf-8")
    assert [file for file in tables if "\u202egnp" in file.read_text(encoding="utf-8")]


# What it refuses


def test_the_name_must_end_in_html(audited: Audited, tmp_path: Path) -> None:
    with pytest.raises(CurateError, match=r"ends in \.html"):
        reports.report(audited.workspace.root, tmp_path / "report.pdf")


def test_nothing_is_written_into_the_source(audited: Audited) -> None:
    with pytest.raises(CurateError, match="only ever read"):
        reports.report(audited.workspace.root, audited.source / "report.html")


@pytest.mark.parametrize("name", ["README.md", "README.csv", "README-findings.csv"])
def test_a_file_that_is_not_a_report_is_not_replaced(audited: Audited, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("# Mine\n", encoding="utf-8")
    with pytest.raises(CurateError, match="not an earlier report"):
        reports.report(audited.workspace.root, tmp_path / "README.html")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [name]


def test_an_earlier_report_is_replaced(decided: Audited) -> None:
    reports.report(decided.workspace.root, lang="pt-BR")
    assert len(reports.report(decided.workspace.root)) == 5


def test_what_a_killed_one_left_beside_it_is_cleared_away(audited: Audited, tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / of_a_dead_process()).write_bytes(b"half")
    written = reports.report(audited.workspace.root, beside / "report.html")
    assert set(beside.iterdir()) == set(written)


def test_an_earlier_report_whose_tables_are_all_in_quotes_is_replaced(tmp_path: Path) -> None:
    sample_images.dataset(tmp_path / "data", each=1, classes=(" cats", "dogs"))
    curate.audit(tmp_path / "data", tmp_path / "ws")
    first, again = (reports.report(tmp_path / "ws", tmp_path / "report.html") for _ in range(2))
    assert first == again


def test_an_unknown_language_is_refused(audited: Audited) -> None:
    with pytest.raises(CurateError, match="en, pt-BR"):
        reports.report(audited.workspace.root, lang="de")


def test_no_workspace_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="is not a curate workspace"):
        reports.report(tmp_path)


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_package_is_named_with_its_cure(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r'pip install "imagecurate\[report\]"'):
        reports.report(audited.workspace.root)


# The command


def test_the_command_says_what_it_wrote(decided: Audited, tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    target = tmp_path / "r.html"
    result = CliRunner().invoke(app, [str(decided.workspace.root), "-o", str(target), "--lang", "pt-br"])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"wrote {tmp_path / name}" for name in ("r.html", "r.md", "r.csv", "r-findings.csv", "r-decisions.csv")
    ]
