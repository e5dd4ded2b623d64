"""How far a run has come, told truthfully: a bar on a terminal and in a notebook, plain lines in a log.

The rate is that of the last half minute, not of the whole run, so that the time left is believable when files
differ; before anything is known nothing is claimed. Problems are the files so far that did not decode
cleanly: what else there is to find shows when all are judged together.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from curate.auditing.pipeline import AuditProgress, Report

WINDOW_S = 30.0
FIRST_LINE_S, LINE_S = 10.0, 60.0
"""A log gets its first line after so long, then one every minute."""


@dataclass(slots=True)
class Pace:
    """Files a second over the last `WINDOW_S`, and the seconds left at that pace."""

    clock: Callable[[], float] = time.monotonic
    _seen: deque[tuple[float, int]] = field(default_factory=deque)

    def note(self, done: int) -> None:
        """So many files are done by now."""
        now = self.clock()
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] >= WINDOW_S:
            self._seen.popleft()

    @property
    def per_second(self) -> float | None:
        """None as long as nothing is known."""
        if len(self._seen) < 2:
            return None
        (start, before), (end, after) = self._seen[0], self._seen[-1]
        return (after - before) / (end - start) if end > start and after > before else None

    def left_s(self, progress: AuditProgress) -> float | None:
        """Seconds for what is not done yet; None as long as that cannot be said."""
        rate = self.per_second
        return None if rate is None else (progress.total - progress.done) / rate


def sentence(progress: AuditProgress, pace: Pace) -> str:
    """One line for a log."""
    if progress.step != "measuring":
        return f"{progress.step} {progress.total:,} files"
    parts = [f"measured {progress.done:,} of {progress.total:,} files"]
    rate, left = pace.per_second, pace.left_s(progress)
    if rate is not None:
        parts.append(f"{rate:,.0f} a second")
    if left is not None and progress.done < progress.total:
        parts.append(f"about {_span(left)} left")
    parts.append(f"{progress.problems:,} {'problem' if progress.problems == 1 else 'problems'} so far")
    return ", ".join(parts)


@contextmanager
def shown(console: Console, *, clock: Callable[[], float] = time.monotonic) -> Iterator[Report]:
    """What to hand to `audit(report=...)`; `Console()` draws a bar in a notebook, too."""
    if console.is_terminal or console.is_jupyter:
        with _bar(console, clock) as report:
            yield report
    else:
        yield _lines(console, clock)


@contextmanager
def _bar(console: Console, clock: Callable[[], float]) -> Iterator[Report]:
    columns = (
        TextColumn("{task.fields[step]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[problems]} problems"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    pace = Pace(clock)
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, step="measuring", rate="", left="", problems=0)

        def report(progress: AuditProgress) -> None:
            pace.note(progress.done)
            rate, left = pace.per_second, pace.left_s(progress)
            bar.update(
                task,
                total=progress.total,
                completed=progress.done,
                step=progress.step,
                problems=f"{progress.problems:,}",
                rate=f"{rate:,.0f}/s" if rate is not None else "",
                left=f"{_span(left)} left" if left else "",
            )

        yield report


def _lines(console: Console, clock: Callable[[], float]) -> Report:
    pace = Pace(clock)
    start = clock()
    due = start + FIRST_LINE_S
    told = False

    def report(progress: AuditProgress) -> None:
        nonlocal due, told
        pace.note(progress.done)
        now = clock()
        if now >= due or (told and progress.done == progress.total):
            console.print(sentence(progress, pace), markup=False)
            due, told = now + LINE_S, True

    return report


def _span(seconds: float) -> str:
    """A length of time to two figures: 8 s, 4 min 10 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02} min"
