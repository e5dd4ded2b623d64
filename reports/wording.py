"""What HTML and Markdown say alike: headings and sentences in the reader's language, written once.

Short heads of columns stand in the templates; titles of kinds, categories and actions come from where these are
declared.
"""

from collections.abc import Mapping

from curate.i18n import Translator
from curate.reports import tables
from curate.reports.contents import Contents
from curate.reports.tables import Outcome, State


def headings(t: Translator) -> dict[str, str]:
    """Return the heading of each section, in their order, by the anchor of the section."""
    return {
        "table-1": t.gettext("Flagged and confirmed images"),
        "classes": t.gettext("Classes before and after"),
        "dataset": t.gettext("The dataset"),
        "kinds": t.gettext("Findings by kind"),
        "information": t.gettext("For information"),
        "decisions": t.gettext("Decisions"),
        "stale": t.gettext("Stale decisions"),
        "benchmark": t.gettext("Before and after"),
        "training": t.gettext("Trained networks"),
        "reproduce": t.gettext("How to reproduce this"),
    }


def outcome_titles(t: Translator) -> dict[str, str]:
    """Return what is said of one image, by `tables.Outcome`."""
    return {
        Outcome.DROPPED: t.pgettext("one image", "Dropped"),
        Outcome.RELABELLED: t.pgettext("one image", "Relabelled"),
        Outcome.KEPT: t.pgettext("one image", "Kept"),
        Outcome.UNDECIDED: t.pgettext("one image", "Undecided"),
    }


def count_titles(t: Translator) -> dict[str, str]:
    """Return the heads of columns and tiles that count images."""
    return {
        "images": t.gettext("Images"),
        "flagged": t.gettext("Flagged"),
        Outcome.DROPPED: t.gettext("Dropped"),
        Outcome.RELABELLED: t.gettext("Relabelled"),
        Outcome.KEPT: t.gettext("Kept"),
        Outcome.UNDECIDED: t.gettext("Undecided"),
    }


def class_count_titles(t: Translator) -> dict[str, str]:
    """Return the heads of the columns of `tables.class_counts`, in the order of the table."""
    return {
        "before": t.gettext("Before"),
        "dropped": t.gettext("Dropped"),
        "moved_out": t.gettext("Moved out"),
        "moved_in": t.gettext("Moved in"),
        "after": t.gettext("After"),
        "undecided": t.gettext("of which undecided"),
    }


def state_titles(t: Translator) -> dict[str, str]:
    """Return what has become of a line of the log, by `tables.State`."""
    return {
        State.IN_FORCE: t.gettext("In force"),
        State.SUPERSEDED: t.gettext("Superseded by a later one"),
        State.TAKEN_BACK: t.gettext("Taken back"),
        State.STALE: t.gettext("Stale: the file has changed"),
        State.TAKES_BACK: t.gettext("Takes an earlier one back"),
        State.NO_FINDING: t.gettext("No effect: nothing to decide is found there any more"),
    }


def absences(t: Translator) -> dict[str, str]:
    """Return why there is no preview, by `gallery.Absence`."""
    return {
        "not_opened": t.gettext("Not opened: the audit could not decode it safely"),
        "file_missing": t.gettext("The file is not in the source any more"),
        "nothing_left": t.gettext("Nothing to show: no image is left in it, or it has changed since the audit"),
    }


def sentences(t: Translator, c: Contents, files: Mapping[str, str], version: str) -> dict[str, str]:
    """Return the sentences of a report by name; `files` are the names of the CSV files beside it."""
    return {
        "title": t.gettext("{name}: image dataset report", name=c.name),
        "audited": t.gettext("Last audited on {date}", date=t.day(c.audited_on)) if c.audited_on else "",
        "intro": t.gettext(
            "This report shows what curate found in the {images:,} images of {name}, and what people decided about "
            "each of them. Scanners only flag; people decide, and nothing in the source has been changed or deleted.",
            images=c.totals["images"],
            name=c.name,
        ),
        "incomplete": t.gettext(
            "The last audit was interrupted: what follows may describe an earlier one. Run the audit again."
        ),
        "unfinished": t.counted(
            "The review is not finished: {n} flagged image still waits for a decision.",
            "The review is not finished: {n} flagged images still wait for a decision.",
            c.totals["undecided"],
        ),
        "not_flagged": t.counted(
            "{n} image that was dropped or relabelled is not among the flagged ones: it is one that was suggested to "
            "stay, or that a person found.",
            "{n} images that were dropped or relabelled are not among the flagged ones: they were suggested to stay, "
            "or a person found them.",
            c.totals["not_flagged"],
        ),
        "table1_caption": t.gettext("Table 1. Images flagged, and confirmed by review, in each class."),
        "table1_note": t.gettext(
            "Every image counts once, in the first category that applies, from left to right. Of a group of "
            "duplicates the redundant copies count, not the one that stays. Confirmed means that a person dropped "
            "it, or gave it another class where its class was in doubt."
        ),
        "counts_intro": t.gettext("What the decisions so far come to, in images per class."),
        "counts_undecided": t.counted(
            "{n} undecided image is counted as still there; in the chart it is hatched.",
            "{n} undecided images are counted as still there; in the chart they are hatched.",
            c.totals["undecided"],
        ),
        "spurious_intro": t.gettext(
            "A model can learn whatever tells the classes apart, not only what they show. Each property below was "
            "used alone to guess the class of images that were held back; far above chance is a warning."
        ),
        "kinds_intro": t.gettext(
            "An image may have findings of several kinds, so these numbers can add up to more than Table 1. Under "
            "each kind stand the clearest cases, taken from each class in turn; all others are listed below them, as "
            "far as a page of 5 MB has room. A click enlarges an image."
        ),
        "no_findings": t.gettext("Nothing was flagged."),
        "whole_list": t.gettext("The whole list is in {file}.", file=files["findings"]),
        "info_intro": t.gettext(
            "Things worth knowing that ask for no decision. They are not in Table 1 and not in the review queue."
        ),
        "no_info": t.gettext("There is nothing further to report."),
        "decisions_intro": t.counted(
            "The log holds {n} decision. It is never altered: a change of mind is a new row.",
            "The log holds {n} decisions, newest first. It is never altered: a change of mind is a new row.",
            len(tables.made(c.decisions)),
        ),
        "no_decisions": t.gettext("Nobody has decided anything yet."),
        "stale_intro": t.gettext(
            "These decisions were about files whose content has changed since. They are listed here and not applied; "
            "of these images those that are flagged wait in the review queue again."
        ),
        "no_stale": t.gettext("None: every decision that stands is about the bytes that were audited."),
        "reproduce_intro": t.gettext("Save the configuration below as curate.toml, then run:"),
        "reproduce_log": t.counted(
            "The commands bring back the findings, but not the {n} decision: it lives in review.sqlite in the "
            "workspace, so keep that file.",
            "The commands bring back the findings, but not the {n} decisions: those live in review.sqlite in the "
            "workspace, so keep that file.",
            len(tables.made(c.decisions)),
        ),
        "footer": t.gettext(
            "Made by curate {version}. Everything on this page is contained in this one file.", version=version
        ),
    }
