"""How far a run has come, told truthfully: a bar on a terminal and in a notebook, plain lines in a log.

The rate is that of the last half minute, not of the whole run, so that the time left is believable when files
differ; before anything is known nothing is claimed. Problems are the files so far that did not decode
cleanly: what else there is to find shows when all are judged together.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from curate.auditing.steps import JUDGING, MEASURING, AuditProgress, Report
from curate.i18n import Translator, translator

WINDOW_S = 30.0
LINE_S = 10.0
"""A log gets a line after so long, and every so long from then on."""


def sentence(progress: AuditProgress, task: Task, words: Translator) -> str:
    """Say in one line for a log how far a step has come; `task` knows the pace."""
    if progress.step == JUDGING:
        files = words.counted("{n} file", "{n} files", progress.total)
        return f"{words.gettext(progress.step)} {files}"
    if progress.step != MEASURING:
        compared = words.gettext("{step}: {done} of {total}").format(
            step=words.gettext(progress.step), done=words.number(progress.done), total=words.number(progress.total)
        )
        return ", ".join([compared, *_pace(progress, task, words)])
    measured = words.gettext("measured {done} of {total} files").format(
        done=words.number(progress.done), total=words.number(progress.total)
    )
    problems = words.counted("{n} problem so far", "{n} problems so far", progress.problems)
    return ", ".join([measured, *_pace(progress, task, words), problems])


def _pace(progress: AuditProgress, task: Task, words: Translator) -> list[str]:
    """Write how fast a step goes, and how long it will take, once that is known."""
    if not task.speed:
        return []
    parts = [words.gettext("{rate} a second").format(rate=words.number(task.speed))]
    if progress.done < progress.total:
        parts.append(words.gettext("about {time} left").format(time=_span((task.remaining or 0) / task.speed)))
    return parts


@contextmanager
def shown(
    console: Console, words: Translator | None = None, *, clock: Callable[[], float] = time.monotonic
) -> Iterator[Report]:
    """Make what to hand to `audit(report=...)`: a bar on a terminal and in a notebook with ipywidgets, else lines."""
    words = words or translator()
    if console.is_terminal or (console.is_jupyter and find_spec("ipywidgets")):
        with _bar(console, words, clock) as report:
            yield report
    else:
        yield _lines(console, words, clock)


@contextmanager
def wanted(report: Report | bool | None) -> Iterator[Report | None]:
    """Make what an audit tells its progress: what was given; `shown` for True, and in a notebook for None."""
    if callable(report):
        yield report
    elif report or (report is None and "IPython" in sys.modules and Console().is_jupyter):
        with shown(Console(stderr=True)) as bar:
            yield bar
    else:
        yield None


@contextmanager
def _bar(console: Console, words: Translator, clock: Callable[[], float]) -> Iterator[Report]:
    columns = (
        TextColumn("{task.fields[step]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[problems]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True, speed_estimate_period=WINDOW_S, get_time=clock) as bar:
        task = bar.add_task("", total=None, step=words.gettext(MEASURING), rate="", problems="")

        step = MEASURING

        def report(progress: AuditProgress) -> None:
            nonlocal step
            if progress.step != step:
                step = progress.step
                bar.reset(task)  # the pace of one step says nothing about the next
            counts_files = step in (MEASURING, JUDGING)
            bar.update(
                task,
                total=progress.total,
                completed=progress.done,
                step=words.gettext(step),
                problems=words.counted("{n} problem", "{n} problems", progress.problems) if counts_files else "",
            )
            speed = bar.tasks[0].speed
            bar.update(task, rate=f"{words.number(speed)}/s" if speed else "")

        yield report


def _lines(console: Console, words: Translator, clock: Callable[[], float]) -> Report:
    # Never started, so nothing is drawn: it keeps the pace.
    bar = Bar(speed_estimate_period=WINDOW_S, get_time=clock)
    task = bar.add_task("", total=None)
    due = clock() + LINE_S
    has_printed, step = False, MEASURING

    def report(progress: AuditProgress) -> None:
        nonlocal due, has_printed, step
        if progress.step != step:
            step = progress.step
            bar.reset(task)  # the pace of one step says nothing about the next
            due = min(due, clock() + LINE_S)
        bar.update(task, total=progress.total, completed=progress.done)
        now = clock()
        if now >= due or (has_printed and progress.done == progress.total):
            console.print(sentence(progress, bar.tasks[0], words), markup=False)
            due, has_printed = now + LINE_S, True

    return report


def _span(seconds: float) -> str:
    """Write a length of time to two figures: 8 s, 4 min 10 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02} min"
