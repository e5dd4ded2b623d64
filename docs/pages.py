"""Pages of the site that the code writes: checks with examples, commands, settings, a report, and the decision records.

A hook of MkDocs: they are made anew with every build, so they cannot say anything else than the code does.
"""

import functools
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation, Section
from pydantic import BaseModel

from curate import scanners
from curate.cli import app
from curate.config import Config
from curate.findings import CATEGORY_TITLES, KindSpec
from curate.plugins import installed
from curate.schema import Severity

sys.path.insert(0, str(Path(__file__).parent))
import examples
from examples import Example

EXAMPLES = "examples"
OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+((?!how-to/|decisions/)[A-Z][\w./-]*)(?:#[\w-]*)?\)")
"""Links of the pages to files at the top of the repository, which are none of the site."""
WRITTEN_HERE = re.compile(r"\*\*([^*]+)\*\*<!-- ([\w.-]+) -->")
"""What is a link on the site alone, to a page that only it has; whoever reads the file elsewhere sees no dead one."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are written here."""
    drawn, report = _drawn()
    written: dict[str, str | bytes] = {
        "checks.md": checks(drawn),
        "commands.md": commands(),
        "settings.md": settings(),
        "example-report.html": report,
    }
    for kind, example in drawn.items():
        written |= {f"{EXAMPLES}/{kind}-{name}.jpg": image for name, image in _images(example).items()}
    for name, content in written.items():
        files.append(File.generated(config, name, content=content))
    return files


@functools.cache
def _drawn() -> tuple[dict[str, Example], str]:
    with tempfile.TemporaryDirectory() as folder:
        return examples.draw(Path(folder)), examples.report(Path(folder))


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Put the decision records below what is about the inside."""
    records = sorted((file for file in files if file.src_uri.startswith("decisions/")), key=lambda file: file.src_uri)
    from mkdocs.structure.pages import Page

    pages = [file.page or Page(None, file, config) for file in records]
    section = Section("Decision records", pages)
    next(item for item in nav.items if item.title == "Inside").children.append(section)
    for page in pages:
        page.parent = section
    nav.pages.extend(pages)
    return nav


# Checks


def checks(drawn: Mapping[str, Example]) -> str:
    """Write every kind of finding under its category: what it is called, means and weighs, and an example of it."""
    lines = [
        "# Checks",
        "",
        "What an image can be flagged for. An *error* leaves nothing usable, a *warning* wants your eye, what is",
        "*for information* is only reported. [How right they are](MEASURED.md) is measured on images of others.",
    ]
    for category, group in groupby(scanners.kinds().values(), key=lambda kind: kind.category):
        kinds = list(group)
        lines += ["", f"## {CATEGORY_TITLES[category]}", "", "| kind | called | means | |", "|---|---|---|---|"]
        lines += [f"| `{kind.name}` | {kind.title} | {kind.meaning} | {_weight(kind)} |" for kind in kinds]
        for kind in kinds:
            lines += ["", *_example(kind, drawn.get(kind.name))]
    return "\n".join(lines) + "\n"


def _example(kind: KindSpec, example: Example | None) -> list[str]:
    """Write the example of a kind: what is flagged, of a copy what it is one of, and what is not."""
    title = [f"### {kind.title} (`{kind.name}`)", ""]
    if example is None:
        return [*title, "No example is drawn: it takes a file that harms its reader."]
    said = {"of": "suggested to stay", "flagged": "flagged", "sound": "not flagged"}
    cells = {name: f"![{text}: {kind.title}]({EXAMPLES}/{kind.name}-{name}.jpg)" for name, text in said.items()}
    shown = [name for name in said if name == "flagged" or name in _images(example)]
    images = [cells[name] if name in _images(example) else "*nothing to show*" for name in shown]
    heads = [said[name] for name in shown]
    rows = (heads, ["---"] * len(shown), images)
    return [*title, f"> {example.reason}", "", *("| " + " | ".join(row) + " |" for row in rows)]


def _images(example: Example) -> dict[str, bytes]:
    images = {"of": example.of, "flagged": example.flagged, "sound": example.sound}
    return {name: image for name, image in images.items() if image is not None}


def _weight(kind: KindSpec) -> str:
    return {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "for information"}[kind.severity]


# Commands


def commands() -> str:
    """Write every command with its arguments and options, as `--help` has them."""
    for entry in installed("curate.commands"):
        entry.load()(app)
    whole = typer.main.get_command(app)
    lines = [
        "# Commands",
        "",
        "Data go to stdout, everything else to stderr. A mistake of yours is one line and exit code 2; findings are",
        "none, unless `--fail-on` names them (exit code 1); 130 is Ctrl-C, and the same command goes on from there.",
    ]
    for name, command in _commands(whole, "curate"):
        lines += ["", f"## `{name}`", "", str(command.help or "").strip(), "", "| | |", "|---|---|"]
        context = command.context_class(command, info_name=name)
        lines += [_row(parameter, context) for parameter in command.params if parameter.get_help_record(context)]
    return "\n".join(lines) + "\n"


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for child in sorted(below):
        yield from _commands(below[child], f"{name} {child}")


def _row(parameter: Any, context: Any) -> str:
    """Write one argument or option as `--help` has it."""
    written, said = parameter.get_help_record(context)
    return f"| `{_cell(written)}` | {_cell(said).replace('<', '&lt;')} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


# Settings


def settings() -> str:
    """Write every table of `curate.toml` with its keys, defaults and what they mean."""
    lines = [
        "# Settings",
        "",
        "`WS/curate.toml` holds every setting in force. Edit one and run `curate judge WS`: the queue is made again,",
        "and no image is read. A misspelt key is refused. A new audit starts from a file of yours with `--config`.",
    ]
    for name, table in _tables(Config(), ""):
        lines += ["", f"## `[{name}]`" if name else "## At the top", "", "| key | default | |", "|---|---|---|"]
        for key, field in type(table).model_fields.items():
            value = getattr(table, key)
            if not isinstance(value, BaseModel | dict):
                lines.append(f"| `{key}` | `{_toml(value)}` | {field.description or ''} |".replace("\n", " "))
    return "\n".join(lines) + "\n"


def _tables(table: BaseModel, name: str) -> Iterator[tuple[str, BaseModel]]:
    """Yield a table of settings and those below it, the settings of each scanner among them."""
    yield name, table
    for key in type(table).model_fields:
        value = getattr(table, key)
        if isinstance(value, BaseModel):
            yield from _tables(value, f"{name}.{key}".strip("."))
    if not name:
        for scanner in scanners.load(Config()):
            if type(scanner.settings).model_fields:
                yield f"scan.{scanner.name}", scanner.settings


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(str, value)) + "]"
    return "" if value is None else str(value).replace("|", "\\|")


# Links


def on_page_markdown(markdown: str, **_: object) -> str:
    """Turn links to files of the repository, none of the site, into their names, and link to what is written here."""
    markdown = WRITTEN_HERE.sub(r"[\1](\2)", markdown)
    markdown = OUTSIDE.sub(lambda link: f"{link[1]} (`{link[2]}`)" if not _is_page(link[2]) else link[0], markdown)
    return markdown.replace("](decisions)", "](decisions/001-strict-jpeg.md)")


def _is_page(name: str) -> bool:
    return (Path(__file__).parent / name).is_file()
