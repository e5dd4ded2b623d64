"""The results report: tables of what was found and decided, as HTML, Markdown and CSV.

    reports.report("workspace", "report.html", lang="pt-BR")

`tables` is arithmetic and `wording` what is said in the reader's language; `contents` reads the workspace, `gallery`
and `chart` make what is seen, `render` writes. Invariant: the same workspace gives the same bytes.
"""

from curate.reports.render import report

__all__ = ["report"]
