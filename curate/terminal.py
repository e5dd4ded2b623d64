"""What the command line prints, in the reader's language. Data go to stdout, everything else to stderr.

Names that come from data (classes, paths) are text: they are printed as they are, never read as markup.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from curate.i18n import Translator
from curate.storage.names import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from curate.auditing.pipeline import Audit, Report
    from curate.auditing.summary import WorkspaceStatus
    from curate.scanners import Scanner


def _console(*, stderr: bool = False) -> Console:
    """Make what prints; its library takes longer to import than a line of help takes altogether."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def say(line: str) -> None:
    """Print a message for a person; names in it are printed as text, whatever their bytes."""
    _console(stderr=True).print(printable(line), markup=False)


def progress(words: Translator) -> AbstractContextManager[Report]:
    """Make what to hand to `audit(report=...)`: a bar or lines on stderr."""
    from curate.auditing import progress as bars

    return bars.shown(_console(stderr=True), words)


def status(state: WorkspaceStatus, words: Translator, *, as_json: bool) -> None:
    """Print Table 1 and the state of the review."""
    if as_json:
        print(json.dumps(state.to_json(), indent=2, ensure_ascii=False))
        return
    _console().print(class_summary_view(state.class_summary, words))
    for message in [*state.notes, *(item.message for item in state.prevalent)]:
        say(words.gettext("note: {text}").format(text=words.render(message)))
    for guess in state.spurious:
        if guess.is_telling:
            say(
                words.gettext(
                    "note: the class can be guessed from one property ({property}): right for {share} of the images of "
                    "a class, {chance} by chance. {remedy}"
                ).format(
                    property=words.render(guess.title),
                    remedy=words.gettext(guess.remedy),
                    share=words.percent(guess.accuracy),
                    chance=words.percent(guess.chance),
                )
            )
    if state.stale:
        names = ", ".join(state.stale[:5]) + (", ..." if len(state.stale) > 5 else "")
        text = words.counted(
            "stale: {n} image changed since it was decided",
            "stale: {n} images changed since they were decided",
            len(state.stale),
        )
        say(f"{text}: {names}")
    review = state.progress
    say(
        words.gettext(
            "review: {decided} of {flagged} flagged images decided; {dropped} dropped, {relabelled} relabelled"
        ).format(
            decided=words.number(review.images_done),
            flagged=words.number(review.images),
            dropped=words.number(state.verdicts["drop"]),
            relabelled=words.number(state.verdicts["relabel"]),
        )
    )


def class_summary_view(summary: pd.DataFrame, words: Translator) -> Table:
    """Lay out Table 1 for the terminal; `flagged / confirmed` in one cell."""
    from rich.table import Table
    from rich.text import Text

    from curate.auditing.summary import UNLABELLED
    from curate.findings import CATEGORY_TITLES
    from curate.schema import Category

    shown = [name for name in Category if name is not Category.LABEL or summary[f"{name}_flagged"].any()]
    view = Table(title=words.gettext("Table 1: images flagged / confirmed by review"), title_justify="left")
    view.add_column(words.gettext("Class"))
    for heading in ("Images", *(CATEGORY_TITLES[name] for name in shown)):
        view.add_column(words.gettext(heading), justify="right")
    last = len(summary) - 1
    for number, (label, row) in enumerate(summary.iterrows()):
        cells = [f"{words.number(row[f'{name}_flagged'])} / {words.number(row[f'{name}_confirmed'])}" for name in shown]
        name = words.gettext(str(label)) if number == last or label == UNLABELLED else printable(str(label))
        view.add_row(Text(name), words.number(row["images"]), *cells, style="bold" if number == last else None)
    return view


def skipped(files: Sequence[Mapping[str, str]], words: Translator) -> None:
    """Print how many files were left out, by reason; `files` are those of `audit.json`."""
    counts = Counter(words.reason(file) for file in files)
    for reason, count in counts.most_common():
        files_skipped = words.counted("skipped {n} file", "skipped {n} files", count)
        say(f"{files_skipped}: {reason}")


def cost(result: Audit, words: Translator) -> None:
    """Print what each step cost per image."""
    if not result.measured:
        say(words.gettext("nothing had to be measured"))
        return
    for name, seconds in sorted(result.seconds.items(), key=lambda item: -item[1]):
        say(
            words.gettext("{step}: {time} ms an image").format(
                step=f"{name:>12}", time=words.number(1000 * seconds / result.measured, 3)
            )
        )


def copies(table: pd.DataFrame, words: Translator, *, as_json: bool) -> None:
    """Print copies found between datasets, a line each."""
    if as_json:
        print(table.drop(columns="message").to_json(orient="records", force_ascii=False))
        return
    for row in table.to_dict("records"):
        print(printable(f"{row['path']}\t{row['relation']}\t{row['copy_of']}\t{words.reason(row)}"))
    say(words.counted("{n} copy found", "{n} copies found", len(table)))


def scanners(installed: Sequence[Scanner], words: Translator, *, as_json: bool) -> None:
    """Print what is installed: scanners with their kinds, and their settings with what they mean."""
    described = [_described(scanner, words) for scanner in installed]
    if as_json:
        print(json.dumps(described, indent=2, ensure_ascii=False))
        return
    for scanner in described:
        print(f"{scanner['name']} ({scanner['version']})")
        for kind in scanner["kinds"]:
            print(f"  {kind['name']:<20} {kind['category']:<11} {kind['title']}: {kind['meaning']}")
        for setting in scanner["settings"]:
            print(f"    [scan.{scanner['name']}] {setting['name']} = {setting['value']}    {setting['meaning']}")


def _described(scanner: Scanner, words: Translator) -> dict[str, Any]:
    fields = type(scanner.settings).model_fields
    return {
        "name": scanner.name,
        "version": scanner.version,
        "kinds": [
            {
                "name": kind.name,
                "category": str(kind.category),
                "severity": str(kind.severity),
                "title": words.gettext(kind.title),
                "meaning": words.gettext(kind.meaning),
            }
            for kind in scanner.kinds
        ],
        "settings": [
            {
                "name": name,
                "value": getattr(scanner.settings, name),
                "meaning": words.gettext(str(field.description)),
            }
            for name, field in fields.items()
        ],
    }
