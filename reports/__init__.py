"""The results report: tables of what was found and decided, as HTML, Markdown and CSV.

    reports.report("workspace", "report.html", lang="pt-BR")

`tables` is arithmetic and `wording` what is said in the reader's language; `contents` reads the workspace, `chart`
draws, `render` writes. Invariant: the same workspace gives the same bytes.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.reports.render import report

__all__ = ["report"]


def __getattr__(name: str) -> Any:
    """Import what writes a report when it is asked for: listing the commands of this package takes none of it."""
    if name != "report":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from curate.reports.render import report

    return report
