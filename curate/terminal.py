"""What the command line prints, in the reader's language. Data go to stdout, everything else to stderr.

Names that come from data (classes, paths) are text: they are printed as they are, never read as markup.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from curate.i18n import Translator
from curate.storage.names import first_of, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from curate.auditing.difference import Difference
    from curate.auditing.pipeline import Audit
    from curate.auditing.steps import Report
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


def status(state: WorkspaceStatus, words: Translator, *, as_json: bool, more: Mapping[str, Any] | None = None) -> None:
    """Print Table 1 and the state of the review; JSON with `more` of the same."""
    if as_json:
        print(json.dumps({**state.to_json(), **(more or {})}, indent=2, ensure_ascii=False))
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
        text = words.counted(
            "stale: {n} image changed since it was decided",
            "stale: {n} images changed since they were decided",
            len(state.stale),
        )
        say(f"{text}: {first_of(state.stale)}")
    spared(state.spared, words)
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


def spared(paths: Sequence[str], words: Translator) -> None:
    """Print which images stay as they are though somebody dropped them or gave them another class, if any do."""
    if paths:
        from curate.reviewing.fold import spared_note

        text = words.render(spared_note(len(paths)))
        say(f"{words.gettext('note: {text}').format(text=text)} ({first_of(paths)})")


def findings(result: Audit, words: Translator) -> None:
    """Print what an audit flags: images by kind, and the ten worst."""
    from rich.table import Table
    from rich.text import Text

    from curate.auditing.summary import by_kind, worst
    from curate.scanners import kinds

    if not len(worst(result.findings, 1)):
        return
    counted = Table(title=words.gettext("Flagged images by kind"), title_justify="left")
    counted.add_column(words.gettext("Kind"))
    counted.add_column(words.gettext("Images"), justify="right")
    for kind, images in by_kind(result.findings)[["kind", "images"]].itertuples(index=False):
        counted.add_row(words.gettext(kinds().title(kind)), words.number(images))
    shown = Table(title=words.gettext("The worst images"), title_justify="left")
    for heading in ("Image", "Kind", "Score"):
        shown.add_column(words.gettext(heading), justify="right" if heading == "Score" else "left")
    for path, kind, score in worst(result.findings)[["path", "kind", "score"]].itertuples(index=False):
        shown.add_row(Text(printable(path)), words.gettext(kinds().title(kind)), words.number(score, 2))
    for table in (counted, shown):
        _console().print(table)


def findings_json(result: Audit) -> dict[str, Any]:
    """Return what `findings` prints as plain values: `kinds` and `worst`."""
    from curate.auditing.summary import by_kind, worst

    columns = ["path", "label", "category", "kind", "severity", "score", "reason", "suggestion"]
    return {
        "kinds": by_kind(result.findings).to_dict("records"),
        "worst": worst(result.findings)[columns].to_dict("records"),
    }


def difference(found: Difference, words: Translator, *, as_json: bool) -> None:
    """Print what changed between two audits: images a line each, then tables."""
    if as_json:
        print(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
        return
    from rich.table import Table
    from rich.text import Text

    from curate.auditing.shortcuts import TITLES
    from curate.auditing.summary import UNLABELLED
    from curate.scanners import kinds

    for row in found.images.to_dict("records"):
        print(printable("\t".join(_cells_of(row))))
    labels = [words.gettext(label) if label == UNLABELLED else label for label in found.classes.index]
    tables = (
        (words.gettext("Images by class"), labels, found.classes),
        (
            words.gettext("Flagged images by kind"),
            [words.gettext(kinds().title(kind)) for _, kind in found.kinds.index],
            found.kinds,
        ),
    )
    for title, names, counts in tables:
        view = _before_and_after(Table(title=title, title_justify="left"), words)
        for name, before, after in zip(names, counts["before"], counts["after"], strict=True):
            view.add_row(Text(printable(name)), words.number(before), words.number(after))
        _console().print(view)
    view = _before_and_after(Table(title=words.gettext("Drift (medians)"), title_justify="left"), words)
    view.add_column(words.gettext("Distance, 0 to 1"), justify="right")
    for item in found.drift:
        medians = (words.number(value, 2) for value in (item.before, item.after))
        view.add_row(words.gettext(TITLES[item.name]), *medians, words.number(item.distance, 2))
    if found.embeddings is not None:
        view.add_row(words.gettext("Embeddings"), "", "", words.number(found.embeddings, 2))
    _console().print(view)
    if found.settings:
        text = words.gettext("note: the two were judged by different settings ({names}), so compare kinds with care")
        say(text.format(names=", ".join(found.settings)))
    counts = {name: words.number(count) for name, count in found.counts.items()}
    say(
        words.gettext(
            "{added} added, {gone} gone, {changed} changed, {moved} moved, {same} the same, {unknown} unreadable; "
            "{relabelled} of another class"
        ).format(**counts, relabelled=words.number(found.relabelled))
    )


def _cells_of(row: Mapping[str, Any]) -> list[str]:
    """Write what has become of an image as fields: the change, its path and class, and what these were if others."""
    fields = [row["change"], row["path"] or row["path_before"]]
    if row["path"] and row["path_before"] not in (None, row["path"]):
        fields.append(f"path: {row['path_before']} -> {row['path']}")
    if row["path"] and row["path_before"]:
        fields += [
            f"{name}: {row[f'{name}_before'] or '-'} -> {row[name] or '-'}"
            for name in ("label", "split")
            if row[name] != row[f"{name}_before"]
        ]
    return fields


def _before_and_after(view: Table, words: Translator) -> Table:
    view.add_column("")
    for heading in ("Before", "After"):
        view.add_column(words.gettext(heading), justify="right")
    return view


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
