"""Contents to files: one HTML page that needs nothing else, Markdown, and the tables as CSV.

Invariants: what comes from data is escaped by the machinery, not by remembering to (autoescape in HTML,
`finalize` in Markdown, `safecsv` in CSV); the page refers to nothing outside itself, and its content
security policy forbids it to; a file appears whole or not at all, and only the page may replace a file
that is not an earlier report.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

import curate
from curate.errors import CurateError, MissingExtraError
from curate.reports import benchmark_tables, contents, gallery, tables
from curate.reports.contents import Contents
from curate.reports.words import Language, Words, words
from curate.storage import safe_csv
from curate.storage.workspace import Workspace, atomic

TEMPLATES = Path(__file__).with_name("templates")
DECISIONS_OPEN = 50
DECISIONS_SHOWN = 500
LISTED = 100
"""Rows of an informational list, or of stale decisions, before the reader is sent to the CSV."""
MARKDOWN_DECISIONS = 50

_MARK = "<!-- curate report -->"
_FINDINGS_COLUMNS = [
    *("category", "kind", "path", "label", "role", "group_id", "score", "severity", "reason", "suggestion"),
    *(*tables.DECIDED, "finding_id", "scanner", "scanner_version", "evidence"),
]


def report(workspace: str | Path, output: str | Path | None = None, *, lang: str = "en") -> list[Path]:
    """Write the report of a workspace (to WS/report.html unless told otherwise); returns the files written.

    Beside the page stand the same in Markdown (`.md`), Table 1 (`.csv`), and all findings and decisions
    (`-findings.csv`, `-decisions.csv`). Raises `CurateError` for what the user can mend.
    """
    ws = Workspace(Path(workspace))
    target = Path(output) if output is not None else ws.root / "report.html"
    language = _language(lang)
    if target.suffix.lower() != ".html":
        raise CurateError(f"{target}: the name of a report ends in .html")
    _require_extra()
    found = contents.read(ws)
    _refuse_source(target, found.root)
    sheets = _sheets(found)
    beside = {"": target.with_suffix(".csv")} | {
        name: target.with_name(f"{target.stem}-{name}.csv") for name in sheets if name
    }
    markdown = target.with_suffix(".md")
    for name, path in beside.items():
        _refuse_foreign(path, ",".join(sheets[name].columns[:3]))
    _refuse_foreign(markdown, _MARK)
    page = _view(found, words(language), target)
    _write(_html(page, ws), target)
    _write(_markdown(page), markdown)
    for name, path in beside.items():
        safe_csv.write(sheets[name], path)
    return [target, markdown, *beside.values()]


def _language(lang: str) -> Language:
    for language in Language:
        if language.value.lower() == lang.lower():
            return language
    raise CurateError(f"{lang!r} is not a language of the report; there are {', '.join(Language)}")


def _require_extra() -> None:
    try:
        import jinja2  # noqa: F401
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("the report needs more packages: pip install 'imagecurate[report]'") from error


def _refuse_source(target: Path, root: Path) -> None:
    if target.resolve().is_relative_to(root.resolve()):
        raise CurateError(f"{target} lies inside the source {root}, which is only ever read; choose another place")


def _refuse_foreign(path: Path, first_line: str) -> None:
    """The files beside the page were not asked for by name, so they replace nothing but their predecessors."""
    try:
        with path.open("rb") as file:
            known = file.readline(4096).decode(errors="replace").strip().startswith(first_line)
    except FileNotFoundError:
        return
    if not known:
        raise CurateError(f"{path} is in the way and not an earlier report; choose another name with -o")


def _write(text: str, path: Path) -> None:
    with atomic(path) as file:
        file.write(text.encode(errors="backslashreplace"))


def _sheets(found: Contents) -> dict[str, pd.DataFrame]:
    """The CSV files by the ending of their name: data for programs, the same in every language."""
    return {
        "": tables.table1_view(found.table1),
        "findings": found.outcomes[_FINDINGS_COLUMNS],
        "decisions": found.decisions,
    }


def _view(found: Contents, w: Words, target: Path) -> dict[str, Any]:
    """What both templates show, as plain values."""
    stem = target.stem
    flagged = tables.by_kind(found.outcomes)
    return {
        "w": w,
        "c": found,
        "curate_version": curate.__version__,
        "files": {name: f"{stem}-{name}.csv" for name in ("findings", "decisions")},
        "commands": found.commands(target.name, w.lang.value),
        "categories": tables.shown_categories(found.table1),
        "table1": found.table1.reset_index().to_dict("records"),
        "totals": found.totals,
        "resolutions": tables.resolutions(found.images),
        "statuses": tables.statuses(found.images),
        "formats": tables.formats(found.images).to_dict("records"),
        "splits": _grid(tables.splits(found.images)),
        "kinds": flagged.to_dict("records"),
        "info": _informational(found),
        "counts": found.class_counts.reset_index().to_dict("records"),
        "benchmark": benchmark_tables.section(found.benchmark, w) if found.benchmark else None,
        "reviewers": tables.reviewers(found.decisions).to_dict("records"),
        "limits": {
            "open": DECISIONS_OPEN,
            "decisions": DECISIONS_SHOWN,
            "listed": LISTED,
            "markdown": MARKDOWN_DECISIONS,
        },
    }


def _grid(table: pd.DataFrame) -> dict[str, Any]:
    return {"columns": list(table.columns), "rows": [(name, list(row)) for name, row in table.iterrows()]}


def _informational(found: Contents) -> list[dict[str, Any]]:
    """Informational kinds, each with the first rows of its list."""
    info = found.outcomes[found.outcomes["severity"] == "info"]
    return [
        {**row, "rows": info[info["kind"] == row["kind"]].head(LISTED).to_dict("records")}
        for row in tables.informational(found.outcomes).to_dict("records")
    ]


# HTML


def _html(page: dict[str, Any], workspace: Workspace) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    from curate.reports import chart

    found: Contents = page["c"]
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    return environment.get_template("report.html.j2").render(
        page,
        css=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        chart=Markup(chart.before_after(found.class_counts, page["w"])),  # noqa: S704 - escapes its texts itself
        chart_limit=chart.LIMIT,
        curves=_curves(page["benchmark"]),
        gallery={row["kind"]: gallery.choose(found.outcomes, row["kind"]) for row in page["kinds"]},
        previews=gallery.Previews(workspace, found.root, found.images, found.outcomes),
    )


def _curves(section: benchmark_tables.Section | None) -> str:
    from markupsafe import Markup

    from curate.reports import chart

    if section is None:
        return ""
    svg = chart.curves(section.curves, section.curve_heads, section.curve_title, section.curve_description)
    return Markup(svg)  # noqa: S704 - escapes its texts itself


def breakable(path: str) -> str:
    """A path as HTML that may be broken into lines behind its separators."""
    from markupsafe import Markup

    return Markup("<wbr>").join(re.split(r"(?<=[/_])(?=.)", path))  # `join` escapes the pieces


# Markdown


def _markdown(page: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def finalize(value: object) -> object:
        return value if isinstance(value, Markup) else escape_markdown(str(value))

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,  # noqa: S701 - this is not HTML; `finalize` escapes what Markdown would read
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["code"] = lambda text: Markup(indented(text))  # noqa: S704 - as above
    return environment.get_template("report.md.j2").render(page, mark=Markup(_MARK))  # noqa: S704 - a constant


_MARKDOWN: dict[str, str] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"} | {sign: f"\\{sign}" for sign in "\\`*[]|~$#"}
_ESCAPED = re.compile("|".join([*map(re.escape, _MARKDOWN), r"(?<![^\W_])_|_(?![^\W_])"]))


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is, in a table cell too: on one line, with nothing to run or to follow.

    An underscore inside a word means nothing to Markdown and is left alone.
    """
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    replace: Callable[[re.Match[str]], str] = lambda match: _MARKDOWN.get(match.group(), f"\\{match.group()}")  # noqa: E731
    return _ESCAPED.sub(replace, line)


def indented(text: str) -> str:
    """A block of code that no content can end."""
    return "\n".join(f"    {line}" for line in text.splitlines())
