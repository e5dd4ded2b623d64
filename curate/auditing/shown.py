"""An audit as text and as HTML for notebooks: a summary, and galleries of what is flagged.

Every name and reason that comes from data is escaped; images are small previews within the page, so that a notebook
that is sent to somebody shows them too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from curate.auditing import gallery
from curate.auditing import summary as counting
from curate.errors import ConfigError, suggestion, text_of
from curate.i18n import counted
from curate.scanners import kinds
from curate.schema import Category
from curate.sources import source_at
from curate.storage.names import printable
from curate.storage.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from curate.auditing.gallery import Group, Previews, Row


class Audited(Protocol):
    """What is shown: the tables of an audit, and its workspace."""

    @property
    def workspace(self) -> Path: ...
    @property
    def images(self) -> pd.DataFrame: ...
    @property
    def findings(self) -> pd.DataFrame: ...


ABSENCES = {
    "not_opened": "not opened: a decoder failed on it",
    "file_missing": "the file is gone",
    "nothing_left": "no image is left in it, or it has changed",
}


@dataclass(frozen=True, slots=True, repr=False)
class Gallery:
    """Some flagged images, in groups that stand side by side; a notebook shows their previews."""

    title: str
    groups: Sequence[Group]
    previews: Previews

    @property
    def paths(self) -> list[str]:
        """The images that it shows, in their order."""
        return [row["path"] for group in self.groups for row in _rows(group)]

    def __repr__(self) -> str:
        return f"<Gallery: {self.title}: {', '.join(map(printable, self.paths)) or 'no image is flagged'}>"

    def _repr_html_(self) -> str:
        figures = "".join(f'<div style="{_GROUP}">{"".join(self._figures(group))}</div>' for group in self.groups)
        return f'<p><b>{_text(self.title)}</b></p><div style="{_ROW}">{figures or "no image is flagged"}</div>'

    def _figures(self, group: Group) -> Iterator[str]:
        for row in _rows(group):
            uri = self.previews.uri(row["path"])
            seen = (
                f'<img src="{uri}" style="max-width: 160px">' if uri else ABSENCES[self.previews.absence(row["path"])]
            )
            yield (
                f'<figure style="margin: 4px; width: 170px">{seen}<figcaption style="font-size: 80%">'
                f"<b>{_text(row['path'])}</b><br>{_text(row['reason'])}</figcaption></figure>"
            )
        if group.more:
            yield f"<p>and {group.more:,} more</p>"


_ROW = "display: flex; flex-wrap: wrap; align-items: flex-start"
_GROUP = "display: flex; flex-wrap: wrap; border: 1px solid #8884; margin: 4px"


def _rows(group: Group) -> list[Row]:
    return [*([group.keeper] if group.keeper is not None else []), *group.members]


def _text(value: object) -> str:
    return escape(printable(str(value)))


def worst(audit: Audited, kind: str | None, count: int) -> Gallery:
    """Choose the worst images of a kind, as the report does, or of all; raises `ConfigError` for an unknown kind."""
    count = _count(count)
    if kind is None:
        rows = counting.worst(audit.findings, count).to_dict("records")
        return Gallery("the worst", [gallery.Group(members=[row]) for row in rows], _previews(audit))
    known = {*kinds(), *audit.findings["kind"]}
    if text_of("kind", kind) not in known:
        meant = suggestion(kind, known) or f"there are {', '.join(sorted(known))}"
        raise ConfigError(f"{kind!r} is no kind of finding; {meant}")
    return Gallery(kind, gallery.choose(audit.findings, kind, count), _previews(audit))


def groups(audit: Audited, count: int) -> Gallery:
    """Choose the largest groups of duplicates."""
    return Gallery("groups of duplicates", gallery.largest(audit.findings, _count(count)), _previews(audit))


def _count(given: object) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < 0:
        raise ConfigError(f"n is {given!r}; give a number of images or groups")
    return given


def _previews(audit: Audited) -> Previews:
    workspace = Workspace(audit.workspace)
    source = source_at(workspace.read_audit()["root"])
    return gallery.Previews(workspace, source, audit.images, audit.findings)


def summary(audit: Audited) -> str:
    """Say how many images of how many classes were audited, and how many were flagged, by category."""
    first = list(counting.first_category(audit.findings).values())
    by_category = ", ".join(f"{first.count(name):,} {name}" for name in Category if name in first)
    classes = audit.images["label"].nunique()
    flagged = f"{len(first):,} flagged ({by_category})" if first else "none flagged"
    return f"{counted(len(audit.images), 'image')} in {counted(classes, 'class', 'classes')}: {flagged}"


def audit_html(audit: Audited) -> str:
    """Write the summary of an audit and its flagged images by kind as HTML."""
    table = counting.by_kind(audit.findings).to_html(index=False, border=0)
    return f"<p><b>Audit</b> of {_text(summary(audit))}; workspace {_text(audit.workspace)}</p>{table}"
