"""The chart of classes before and after, as an SVG that belongs into a page.

Invariants: the same table gives the same bytes, whatever the user's matplotlib settings; nothing in it
refers to anything outside; colours are CSS variables, so that the page's light and dark schemes hold here
as well; class names are text, never mathematics or markup.
"""

import io
import math
import re
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from curate.i18n import Translator
from curate.storage.names import printable

LIMIT = 30
"""Classes in the chart: more become unreadable, and the table has them all."""

_LABEL_LENGTH = 26
_NAME = {"#010101": "var(--ink)", "#020202": "var(--muted)", "#030303": "var(--before)", "#040404": "var(--after)"}
_INK, _MUTED, _BEFORE, _AFTER = _NAME
"""Colours that stand for CSS variables until the SVG is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One figure by epoch, of training or of testing, in the panel of a row and a column.

    `study` are published values at `study_epochs`, shown as points, joined where their epochs are next to one another.
    """

    row: int
    column: int
    training: bool
    values: Sequence[float]
    study: Sequence[float] = ()
    study_epochs: Sequence[int] = ()

    @property
    def epochs(self) -> range:
        return range(len(self.values))

    @property
    def study_line(self) -> list[tuple[int, float]]:
        """The published points in order, with one that is no number in every gap, where a line is broken."""
        pairs = sorted(zip(self.study_epochs, self.study, strict=True))
        line: list[tuple[int, float]] = []
        for epoch, value in pairs:
            if line and epoch > line[-1][0] + 1:
                line.append((epoch - 1, math.nan))
            line.append((epoch, value))
        return line


def before_after(counts: pd.DataFrame, t: Translator) -> str:
    """Draw horizontal bars of `tables.class_counts`, undecided images hatched; returns an `<svg>` element."""
    largest = sorted(range(len(counts)), key=counts["before"].tolist().__getitem__, reverse=True)[:LIMIT]
    shown = counts.iloc[sorted(largest)]
    size = (5.8, 0.55 + 0.52 * len(shown))
    svg = _draw(size, lambda figure: _bars(figure.add_subplot(), shown, t))
    title = t.gettext("Images per class before and after the review")
    description = t.gettext("Two bars for each class, images before and after. The table that follows has the numbers.")
    return _inline(svg, "chart", title, description)


def curves(
    lines: Sequence[Curve], rows: Sequence[str], columns: Sequence[str], title: str, description: str, t: Translator
) -> str:
    """Draw a panel for each row and column, measured curves over published points; returns an `<svg>` element."""
    svg = _draw((7.2, 2.3 * len(rows)), lambda figure: _panels(figure, lines, rows, columns, t))
    return _inline(svg, "curves", title, description)


def reliability(parts: Mapping[str, Sequence[Mapping[str, float]]], name: str, t: Translator) -> str:
    """Draw accuracy by confidence in the bins of each part of a run (DeGroot and Fienberg, 1983).

    Both are equal on the line; the larger a point, the more images. `name` is that of no other figure of the page.
    """
    svg = _draw((3.4 * max(1, len(parts)), 3.2), lambda figure: _reliability_panels(figure, parts, t))
    title = t.gettext("Reliability of the probabilities")
    description = t.gettext("Accuracy over confidence, a point for each of up to fifteen bins, by part.")
    return _inline(svg, name, title, description)


def _draw(size: tuple[float, float], draw: Callable[[Any], None]) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "curate",
        "text.parse_math": False,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "hatch.linewidth": 1.4,
        "hatch.color": _AFTER,
    }
    with warnings.catch_warnings(), mpl.rc_context():
        # A class name may hold letters that the measuring font lacks; the reader's own font will have them.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        mpl.rcdefaults()
        mpl.rcParams.update(settings)
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue()


def _bars(axes: Any, counts: pd.DataFrame, t: Translator) -> None:
    rows = range(len(counts))
    before, after, undecided = (counts[name].to_numpy(float) for name in ("before", "after", "undecided"))
    sure = (after - undecided).clip(min=0)
    axes.barh([row - 0.2 for row in rows], before, height=0.36, color=_BEFORE, label=t.gettext("Before"))
    axes.barh([row + 0.2 for row in rows], sure, height=0.36, color=_AFTER, label=t.gettext("After"))
    if undecided.any():
        axes.barh(
            [row + 0.2 for row in rows],
            after - sure,
            left=sure,
            height=0.36,
            facecolor="none",
            edgecolor=_AFTER,
            hatch="////",
            label=t.gettext("of which undecided"),
        )
    gap = max(before.max(), after.max(), 1) * 0.012
    for row in rows:
        for value, shift, colour in ((before[row], -0.2, _MUTED), (after[row], 0.2, _INK)):
            axes.text(value + gap, row + shift, t.number(value), va="center", color=colour, fontsize=8)
    axes.set_yticks(
        list(rows), [_short(label or t.gettext("(no class)")) for label in counts.index], color=_INK, fontsize=9
    )
    axes.set_xlim(0, max(before.max(), after.max(), 1) * 1.1)
    axes.set_ylim(len(counts) - 0.4, -0.6)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.figure.legend(loc="outside upper left", ncols=3, frameon=False, labelcolor=_INK, fontsize=8)


def _panels(figure: Any, lines: Sequence[Curve], rows: Sequence[str], columns: Sequence[str], t: Translator) -> None:
    grid = figure.subplots(len(rows), len(columns), sharey="row", squeeze=False)
    titles = {
        True: (t.gettext("training, here"), t.gettext("training, printed")),
        False: (t.gettext("test, here"), t.gettext("test, printed")),
    }
    for line in lines:
        axes = grid[line.row][line.column]
        here, printed = titles[line.training]
        colour, marker = (_MUTED, "s") if line.training else (_AFTER, "o")
        axes.plot(
            line.epochs, line.values, color=colour, linestyle="--" if line.training else "-", linewidth=1.6, label=here
        )
        if line.study:
            epochs, values = zip(*line.study_line, strict=True)
            axes.plot(epochs, values, color=colour, marker=marker, markersize=3.2, linewidth=0.7, label=printed)
    for row, cells in zip(rows, grid, strict=True):
        for axes in cells:
            axes.tick_params(colors=_MUTED, labelcolor=_INK, labelsize=8)
            axes.spines[["top", "right"]].set_visible(False)
            axes.spines[["left", "bottom"]].set_color(_MUTED)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.yaxis.set_major_formatter(lambda value, _position: t.number(value, 2))
        cells[0].set_ylabel(row, color=_INK, fontsize=9)
    for column, axes in zip(columns, grid[0], strict=True):
        axes.set_title(textwrap.fill(column, 24), color=_INK, fontsize=9, loc="left")
    handles, names = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=4, frameon=False, labelcolor=_INK, fontsize=8)


def _reliability_panels(figure: Any, parts: Mapping[str, Sequence[Mapping[str, float]]], t: Translator) -> None:
    panels = figure.subplots(1, len(parts), sharey=True, squeeze=False)[0]
    for axes, (part, bins) in zip(panels, parts.items(), strict=True):
        most = max((found["images"] for found in bins), default=1)
        axes.plot([0, 1], [0, 1], color=_MUTED, linewidth=0.8, linestyle=":")
        confidence, accuracy = ([found[figure_] for found in bins] for figure_ in ("confidence", "accuracy"))
        axes.plot(confidence, accuracy, color=_AFTER, linewidth=1.2)
        axes.scatter(confidence, accuracy, [12 + 60 * found["images"] / most for found in bins], color=_AFTER)
        axes.set(xlim=(0, 1.05), ylim=(0, 1.05))
        axes.tick_params(colors=_MUTED, labelcolor=_INK, labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(_MUTED)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _position: t.number(value, 1))
        axes.set_title(_short(part), color=_INK, fontsize=9, loc="left")
        axes.set_xlabel(t.gettext("Confidence"), color=_INK, fontsize=9)
    panels[0].set_ylabel(t.gettext("Accuracy"), color=_INK, fontsize=9)


def _short(label: str) -> str:
    label = printable(label)
    return label if len(label) <= _LABEL_LENGTH else f"{label[: _LABEL_LENGTH - 1]}…"


def _inline(svg: str, name: str, title: str, description: str) -> str:
    """Cut an SVG down to its element: no prologue and metadata, a name, a description, and the page's colours."""
    body = re.sub(r"<(metadata|style)\b.*?</\1>\s*", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    head, rest = body.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)
    # Text is escaped, so what looks like a tag is one.
    rest = re.sub(r"<[^>]*>", lambda tag: _in_page(tag.group()), rest).strip()
    return (
        f'<svg {box.group() if box else ""} role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>{rest}'
    )


def _in_page(tag: str) -> str:
    for colour, name in _NAME.items():
        tag = tag.replace(colour, name)
    return tag.replace("'DejaVu Sans'", "system-ui").replace("xlink:href", "href")
