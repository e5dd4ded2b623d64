"""What the pages say is what the code does."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import curate
from curate import scanners
from curate.commands import auditing, dataset, reviewing
from curate.plugins import installed
from tests import sample_images

ROOT = Path(__file__).parents[1]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_a_page_has_a_row_for_every_kind_under_its_category_and_for_no_other() -> None:
    table = read("docs/what-it-finds.md").partition("# What it finds")[2].partition("\n\n\n")[0]
    shown: dict[str, str] = {}
    category = ""
    for row in re.findall(r"^\| *(\w*) *\|([^|]*)\|", table, re.MULTILINE)[1:]:
        category = row[0] or category
        for kind in re.findall(r"`(\w+)`", row[1].partition(", and ")[0]):
            assert kind not in shown, f"{kind} has two rows"
            shown[kind] = category
    assert shown == {kind.name: str(kind.category) for kind in scanners.kinds().values()}


def test_the_recipe_for_snakemake_sees_new_images_and_new_decisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (recipe,) = re.findall(r"## Snakemake\n+```python\n(.*?)```", read("docs/pipelines.md"), re.DOTALL)
    prelude, _, rules = recipe.partition("rule all:")
    names: dict[str, Any] = {}
    exec(prelude, names)
    params = dict(re.findall(r"params: (\w+)=(state\(.*\))", rules))
    monkeypatch.chdir(tmp_path)
    sample_images.dataset(Path("data/photos"), each=2)
    curate.audit("data/photos", "ws")

    def states() -> tuple[Any, Any]:
        return eval(params["images"], names), eval(params["decisions"], names)

    images, decisions = states()
    assert states() == (images, decisions)
    curate.decide("ws", curate.Selection(paths=("cats/000.jpg",)), "drop", reviewer="ana")
    assert states()[0] == images
    assert states()[1] != decisions
    sample_images.save(sample_images.photo(50), Path("data/photos/cats/new.jpg"))
    assert states()[0] != images


def test_the_guide_for_contributors_is_the_plug_in_of_the_tests() -> None:
    blocks = re.findall(r"```(?:python|toml)\n(.*?)```", read("CONTRIBUTING.md"), re.DOTALL)
    assert read("tests/plugin/glare/__init__.py") in blocks
    points = read("tests/plugin/glare-1.0.dist-info/entry_points.txt")
    for group in ("curate.scanners", "curate.locales"):
        (name, value), *_ = re.findall(r"(\w+) = (\S+)", points.partition(f"[{group}]")[2])
        assert f'[project.entry-points."{group}"]\n{name} = "{value}"\n' in blocks


def test_every_room_is_in_the_architecture() -> None:
    page = read("docs/ARCHITECTURE.md")
    rooms = [path.parent.name for path in sorted((ROOT / "curate").glob("*/__init__.py"))]
    assert len(rooms) > 10
    for room in rooms:
        assert f"`{room}`" in page, room


def test_every_decision_record_bears_its_number() -> None:
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        number = re.match(r"# 0*(\d+)[.:] ", path.read_text(encoding="utf-8"))
        assert number, path.name
        assert int(path.name[:3]) == int(number[1])


def test_every_link_between_pages_leads_to_a_file_of_the_repository() -> None:
    """They are read on code hosts too, where pages that only the site has are dead links."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/**/*.md"))]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))]
    here = [(page, link) for page, link in links if not link.startswith(("http", "mailto:"))]
    assert len(here) > 30
    assert [f"{page.name}: {link}" for page, link in here if not (page.parent / link).exists()] == []


@pytest.fixture
def whole() -> typer.Typer:
    """The command line with the sub-commands of every package, apart from the one that other tests call."""
    line = typer.Typer(rich_markup_mode=None)
    for room in (auditing, reviewing, dataset):
        room.register(line)
    for entry in installed("curate.commands"):
        entry.load()(line)
    return line


def commands(group: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """Yield what is typed for a command, and it, for each that there is."""
    for name, command in group.commands.items():
        yield " ".join([*names, name]), command
        if hasattr(command, "commands"):
            yield from commands(command, *names, name)


def test_every_option_of_every_command_has_a_help_text_and_says_what_it_takes(whole: typer.Typer) -> None:
    seen = dict(commands(typer.main.get_command(whole)))
    assert {"audit", "decide", "benchmark", "train fit", "report", "review"} <= set(seen)
    for name, command in seen.items():
        for parameter in command.params:
            assert parameter.name == "help" or parameter.help, (name, parameter.name)
        said = CliRunner().invoke(whole, [*name.split(), "--help"]).output
        assert not re.findall(r"^ +-.*<(?:list|str|int|float|path)", said, re.MULTILINE), name


@pytest.mark.parametrize("group", ["", "train"])
def test_no_command_is_described_in_half_a_sentence(whole: typer.Typer, group: str) -> None:
    said = CliRunner().invoke(whole, [*group.split(), "--help"], env={"COLUMNS": "80"}).output.partition("Commands:")[2]
    assert len(said.splitlines()) > 5
    assert "..." not in said
