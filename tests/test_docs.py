"""What the pages say is what the code does."""

import re
from pathlib import Path

from curate import scanners
from curate.cli import app

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


def test_every_option_of_every_command_has_a_help_text() -> None:
    import typer

    def silent(command: object, name: str) -> list[str]:
        found = [
            f"{name} {parameter.name}"
            for parameter in command.params  # type: ignore[attr-defined]
            if not getattr(parameter, "help", None) and parameter.name != "help"
        ]
        for child, below in getattr(command, "commands", {}).items():
            found += silent(below, f"{name} {child}")
        return found

    assert silent(typer.main.get_command(app), "curate") == []
