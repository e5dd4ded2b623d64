"""A report as its reader sees it: the page parsed, its texts, tables and images."""

from html.parser import HTMLParser

from curate import reports
from curate.storage.workspace import Workspace

SCRIPT = "<script>alert(1)</script>"
VOID = {"meta", "img", "wbr", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """What a browser would make of the report: its tables, texts and attributes; ill-nested tags are noted."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.captions: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.unbalanced: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "caption":
            self.captions.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self._open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data
        if {"td", "th"} & set(self._open) and "table" in self._open:
            self.tables[-1][-1][-1] += data
        if "caption" in self._open:
            self.captions[-1] += data.strip()

    def table(self, caption: str) -> list[list[str]]:
        """The rows of the table whose caption begins so."""
        found = next(rows for rows, text in zip(self.tables, self.captions, strict=True) if text.startswith(caption))
        return [[" ".join(cell.split()) for cell in row] for row in found]


def page_of(workspace: Workspace, lang: str = "en") -> Page:
    written = reports.report(workspace.root, lang=lang)
    return Page(written[0].read_text(encoding="utf-8"))
