"""Contents to files: one HTML page that needs nothing else, Markdown, and the tables as CSV.

Invariants: what comes from data is escaped by the machinery, not by remembering to (autoescape and `finalize` in HTML,
`finalize` in Markdown, `safe_csv` in CSV); the page refers to nothing outside itself, and its content
security policy forbids it to; a file appears whole or not at all, and only the page may replace a file
that is not an earlier report.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from curate._version import __version__
from curate.auditing import gallery
from curate.auditing.summary import UNLABELLED
from curate.errors import CurateError, MissingExtraError, path_of, several_of, text_of
from curate.findings import ACTION_TITLES, CATEGORY_TITLES
from curate.i18n import ENGLISH, Translator, translator
from curate.reports import album, benchmark_tables, contents, tables, training, wording
from curate.reports.contents import Contents
from curate.scanners import kinds
from curate.sources.address import on_this_machine, url
from curate.storage import safe_csv
from curate.storage.atomic import atomic, disk_refusals_explained
from curate.storage.markdown import escape_markdown
from curate.storage.names import printable
from curate.storage.owner import clear_away
from curate.storage.workspace import Workspace

TEMPLATES = Path(__file__).with_name("templates")
DECISIONS_OPEN = 50
DECISIONS_SHOWN = 500
LISTED = 100
"""Stale decisions before the reader is sent to the CSV."""
MARKDOWN_DECISIONS = 50
WHOLE = 25
"""Rows up to which a printed table is kept on one page."""
_ROW_MARKUP_BYTES = 130
"""Of a row of a list, without its path and its reason."""

_MARK = "<!-- curate report -->"
_FINDINGS_COLUMNS = [
    *("category", "kind", "path", "label", "role", "group_id", "score", "severity", "reason", "suggestion"),
    *(*tables.DECIDED, "finding_id", "scanner", "scanner_version", "evidence"),
]


@disk_refusals_explained()
def report(
    workspace: str | Path,
    output: str | Path | None = None,
    *,
    lang: str = ENGLISH,
    runs: str | Path | Sequence[str | Path] = (),
) -> list[Path]:
    """Write the report of a workspace (to WS/report.html unless another output is given); returns the files written.

    Beside the page stand the same in Markdown (`.md`), Table 1 (`.csv`), and all findings and decisions
    (`-findings.csv`, `-decisions.csv`). `lang` is one of `i18n.languages()`, in any spelling; `runs` are folders that
    `curate train fit` has written. Raises `CurateError` for what the user can mend.

    >>> [path.name for path in curate.report("ws", "report.html")]
    ['report.html', 'report.md', 'report.csv', 'report-findings.csv', 'report-decisions.csv']
    """
    ws = Workspace(path_of("workspace", workspace))
    target = on_this_machine(output, "a report", "output") if output is not None else ws.root / "report.html"
    t = translator(text_of("lang", lang))
    if target.suffix.lower() != ".html":
        raise CurateError(f"{target}: the name of a report ends in .html")
    _require_extra()
    found = contents.read(ws)
    trained = training.sections([path_of("run", one) for one in several_of("runs", runs)], t)
    _refuse_source(target, found.address)
    sheets = _sheets(found)
    beside = {"": target.with_suffix(".csv")} | {
        name: target.with_name(f"{target.stem}-{name}.csv") for name in sheets if name
    }
    markdown = target.with_suffix(".md")
    for name, path in beside.items():
        _refuse_foreign(path, ",".join(sheets[name].columns[:3]))
    _refuse_foreign(markdown, _MARK)
    clear_away(target.parent)
    page = {**_view(found, t, target, [run.name for run in trained]), "trained": trained}
    _write(_html(page, ws), target)
    _write(_markdown(page), markdown)
    for name, path in beside.items():
        safe_csv.write(sheets[name], path)
    return [target, markdown, *beside.values()]


def _require_extra() -> None:
    try:
        import jinja2  # noqa: F401
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise MissingExtraError('the report needs more packages: pip install "imagecurate[report]"') from error


def _refuse_source(target: Path, address: str) -> None:
    """Refuse to write into the source; around a list or a tar there may be anything, a workspace too."""
    if url(address) is None and target.resolve().is_relative_to(Path(address).resolve()):
        raise CurateError(f"{target} lies inside the source {address}, which is only ever read; choose another place")


def _refuse_foreign(path: Path, first_line: str) -> None:
    """Refuse to replace a file that is no earlier report: only the page itself was asked for by name."""
    try:
        with path.open("rb") as file:
            line = file.readline(4096).decode("utf-8-sig", errors="replace").strip()
    except FileNotFoundError:
        return
    if not line.replace('"', "").startswith(first_line):  # names of columns may stand in quotes
        raise CurateError(f"{path} is in the way and not an earlier report; choose another name with -o")


def _write(text: str, path: Path) -> None:
    with atomic(path) as file:
        file.write(text.encode(errors="backslashreplace"))


def _sheets(found: Contents) -> dict[str, pd.DataFrame]:
    """Return the CSV files by the ending of their name: data for programs, the same in every language."""
    return {
        "": tables.class_summary_view(found.class_summary),
        "findings": found.outcomes[_FINDINGS_COLUMNS],
        "decisions": found.decisions,
    }


def _view(found: Contents, t: Translator, target: Path, runs: Sequence[str]) -> dict[str, Any]:
    """Return what both templates show."""
    files = {name: f"{target.stem}-{name}.csv" for name in ("findings", "decisions")}
    return {
        "t": t,
        "c": found,
        "say": wording.sentences(t, found, files, __version__),
        "headings": wording.headings(t),
        "outcome_titles": wording.outcome_titles(t),
        "count_titles": wording.count_titles(t),
        "class_count_titles": wording.class_count_titles(t),
        "state_titles": wording.state_titles(t),
        "action_titles": ACTION_TITLES,
        "category_titles": CATEGORY_TITLES,
        "kind_title": lambda name: t.gettext(kinds().title(name)),
        "minute": minute,
        "counted": t.counted,
        "curate_version": __version__,
        "files": files,
        "commands": found.commands(target.name, t.language, runs),
        "unlabelled": UNLABELLED,
        "categories": tables.shown_categories(found.class_summary),
        "class_summary": found.class_summary.reset_index().to_dict("records"),
        "totals": found.totals,
        "resolutions": tables.resolutions(found.images),
        "statuses": tables.statuses(found.images),
        "formats": tables.formats(found.images).to_dict("records"),
        "splits": _grid(tables.splits(found.images)),
        "kinds": _by_category(tables.by_kind(found.outcomes), t),
        "tallied": ("flagged", *map(str, tables.Outcome)),
        "info": _informational(found, t),
        "classes": found.images["label"].nunique(),
        "counts": _class_counts(found.class_counts),
        "benchmark": _benchmark(found, t),
        "decisions_made": len(tables.made(found.decisions)),
        "reviewers": tables.reviewers(found.decisions).to_dict("records"),
        "limits": {
            "open": DECISIONS_OPEN,
            "decisions": DECISIONS_SHOWN,
            "listed": LISTED,
            "whole": WHOLE,
            "markdown": MARKDOWN_DECISIONS,
        },
    }


def _class_counts(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of `tables.class_counts`; None stays None, which a column of names would make a class `nan`."""
    return [{"label": label, **row} for label, row in zip(table.index, table.to_dict("records"), strict=True)]


def _benchmark(found: Contents, t: Translator) -> benchmark_tables.Section | None:
    try:
        return benchmark_tables.section(found.benchmark, t) if found.benchmark else None
    except training.MISSHAPEN as error:
        raise CurateError(
            f"{found.workspace}/runs/benchmark.json lacks figures that a report shows, as older versions of curate "
            "left it; run `curate benchmark` again, or remove it"
        ) from error


def minute(moment: str | None) -> str:
    """Cut a moment of the log to the minute; columns say that it is UTC."""
    return (moment or "")[:16].replace("T", " ")


def _by_category(by_kind: pd.DataFrame, t: Translator) -> list[tuple[str, list[dict[str, Any]]]]:
    """Group the rows of `tables.by_kind`, each with what its kind is called and means."""
    rows = [_named(row, t) for row in by_kind.to_dict("records")]
    return [(category, list(group)) for category, group in groupby(rows, key=lambda row: str(row["category"]))]


def _named(row: dict[str, Any], t: Translator) -> dict[str, Any]:
    kind = kinds().described(row["kind"], row["category"])
    return {**row, "title": t.gettext(kind.title), "meaning": t.gettext(kind.meaning)}


def _grid(table: pd.DataFrame) -> dict[str, Any]:
    return {"columns": list(table.columns), "rows": [(name, list(row)) for name, row in table.iterrows()]}


def _informational(found: Contents, t: Translator) -> list[dict[str, Any]]:
    """Return the informational kinds, each with what it is called and means."""
    return [_named(row, t) for row in tables.informational(found.outcomes).to_dict("records")]


def _environment(t: Translator, **options: Any) -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - each caller says how it escapes
        loader=FileSystemLoader(TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    # Installed by the extension: `_`, `gettext`, `ngettext` and `pgettext`, which fill gaps as everywhere else.
    environment.install_gettext_callables(t.gettext, t.ngettext, newstyle=False, pgettext=t.pgettext)  # type: ignore[attr-defined]
    return environment


# HTML


def _html(page: dict[str, Any], workspace: Workspace) -> str:
    from markupsafe import Markup

    from curate.reports import chart

    found: Contents = page["c"]
    t: Translator = page["t"]
    environment = _environment(t, autoescape=True, finalize=_harmless)
    environment.filters["breakable"] = breakable
    template = environment.get_template("report.html.j2")
    previews = gallery.Previews(workspace, found.source, found.images, found.outcomes)
    fixed = dict(
        page,
        css=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        chart=Markup(chart.before_after(found.class_counts, t)),  # noqa: S704 - escapes its texts itself
        chart_limit=chart.LIMIT,
        curves=_curves(page["benchmark"], t),
        reliability=lambda number: _reliability(page["trained"][number], f"reliability-{number}", t),
        previews=previews,
        absences=wording.absences(t),
    )
    bare = album.bare(found.outcomes, [row["kind"] for _, rows in page["kinds"] for row in rows])
    room = album.PAGE_BYTES - len(template.render(fixed, album=bare).encode())
    return str(template.render(fixed, album=album.filled(bare, found.outcomes, previews, room, _cost(t))))


def _harmless(value: object) -> object:
    """Escape in a text from data what would turn the direction of the sentence that it stands in."""
    from markupsafe import Markup

    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _cost(t: Translator) -> album.Cost:
    """Return what a row of a list takes on the page: its path and reason as written, and what is round them."""
    from markupsafe import escape

    def cost(row: Mapping[str, Any]) -> int:
        texts = (breakable(row["path"]), escape(printable(t.reason(row))), escape(printable(row["new_label"] or "")))
        return _ROW_MARKUP_BYTES + sum(len(text.encode(errors="backslashreplace")) for text in texts)

    return cost


def _curves(section: benchmark_tables.Section | None, t: Translator) -> str:
    from markupsafe import Markup

    from curate.reports import chart

    if section is None:
        return ""
    svg = chart.curves(
        section.curves,
        section.curve_rows,
        section.curve_columns,
        section.curve_title,
        section.curve_description,
        t,
    )
    return Markup(svg)  # noqa: S704 - escapes its texts itself


def _reliability(section: training.Section, name: str, t: Translator) -> str:
    from markupsafe import Markup

    from curate.reports import chart

    return Markup(chart.reliability(section.reliability, name, t))  # noqa: S704 - escapes its texts itself


def breakable(path: str) -> str:
    """Return a path as HTML that may be broken into lines behind its separators."""
    from markupsafe import Markup

    return Markup("<wbr>").join(re.split(r"(?<=[/_])(?=.)", printable(path)))  # `join` escapes the pieces


# Markdown


def _markdown(page: dict[str, Any]) -> str:
    from markupsafe import Markup

    def finalize(value: object) -> object:
        return value if isinstance(value, Markup) else escape_markdown(str(value))

    # This is not HTML; `finalize` escapes what Markdown would read.
    environment = _environment(page["t"], autoescape=False, finalize=finalize, keep_trailing_newline=True)
    environment.filters["code"] = lambda text: Markup(indented(text))  # noqa: S704 - as above
    return str(environment.get_template("report.md.j2").render(page, mark=Markup(_MARK)))  # noqa: S704 - a constant


def indented(text: str) -> str:
    """Indent a block of code, so that no content can end it."""
    return "\n".join(f"    {line}" for line in text.splitlines())
