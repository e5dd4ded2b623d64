"""Progress tells the truth: the pace of late, no promise without ground, plain lines in a log."""

import io
from collections.abc import Iterable

from rich.console import Console

from curate.auditing.progress import shown
from curate.auditing.steps import AuditProgress
from curate.i18n import translator


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def at(done: int, *, total: int = 10_000, problems: int = 0) -> AuditProgress:
    return AuditProgress(done=done, total=total, problems=problems)


def lines(reports: Iterable[tuple[float, AuditProgress]], language: str = "en") -> list[str]:
    """What a log holds after so much was reported at such times."""
    clock, out = Clock(), io.StringIO()
    with shown(Console(file=out, width=200), translator(language), clock=clock) as report:
        for clock.now, progress in reports:
            report(progress)
    return out.getvalue().splitlines()


def test_nothing_is_promised_before_anything_is_known() -> None:
    assert lines([(11.0, at(0))]) == ["measured 0 of 10,000 files, 0 problems so far"]


def test_the_rate_is_that_of_late() -> None:
    slower = [(float(s), at(100 * min(s, 50) + 10 * max(0, s - 50), problems=1)) for s in range(131)]
    assert lines(slower)[-1] == ("measured 5,800 of 10,000 files, 10 a second, about 7 min 00 s left, 1 problem so far")


def test_a_log_is_in_the_language_of_its_reader() -> None:
    assert lines([(11.0, at(0))], "pt-BR") == ["0 de 10.000 arquivos medidos, 0 problemas até agora"]


def test_a_log_gets_a_line_now_and_then_and_a_short_run_none() -> None:
    clock, out = Clock(), io.StringIO()
    with shown(Console(file=out, width=200), clock=clock) as report:
        for second in range(0, 200, 2):
            clock.now = float(second)
            report(at(50 * second))
        clock.now = 200.0
        report(at(10_000, problems=3))
    lines = out.getvalue().splitlines()
    assert len(lines) == 20
    assert lines[0] == "measured 500 of 10,000 files, 50 a second, about 3 min 10 s left, 0 problems so far"
    assert lines[-1] == "measured 10,000 of 10,000 files, 50 a second, 3 problems so far"
    short = io.StringIO()
    with shown(Console(file=short), clock=clock) as report:
        report(at(0))
        report(at(10_000))
    assert short.getvalue() == ""


def test_a_terminal_gets_a_bar_with_rate_and_time_left() -> None:
    clock, out = Clock(), io.StringIO()
    with shown(Console(file=out, force_terminal=True, width=120), clock=clock) as report:
        for clock.now, done in ((0.0, 0), (5.0, 2_500), (10.0, 5_000)):
            report(at(done, problems=7))
    text = out.getvalue()
    assert "5000/10000" in text
    assert "500/s" in text
    assert "7 problems" in text
    assert "0:00:10" in text


def within_judging(done: int, total: int = 4000) -> AuditProgress:
    return AuditProgress(done=done, total=total, problems=0, step="comparing parts of images")


def test_a_step_of_judging_tells_a_log_every_ten_seconds_how_long_it_will_take() -> None:
    measured = [(float(second), at(10_000 * second // 5, problems=1)) for second in range(6)]
    judged = [(5.0 + second, within_judging(40 * second)) for second in range(101)]
    found = lines([*measured, *judged])
    assert len(found) == 11
    assert found[1] == "comparing parts of images: 600 of 4,000, 40 a second, about 1 min 25 s left"
    assert found[-1] == "comparing parts of images: 4,000 of 4,000, 40 a second"


def test_a_bar_shows_the_step_of_judging_and_its_own_pace() -> None:
    clock, out = Clock(), io.StringIO()
    console = Console(file=out, width=160, force_terminal=True)
    with shown(console, translator("en"), clock=clock) as report:
        for second in range(5):
            clock.now = float(second)
            report(at(2500 * second))
        for second in range(5, 30):
            clock.now = float(second)
            report(within_judging(20 * (second - 5)))
    assert "comparing parts of images" in out.getvalue()
    assert "20/s" in out.getvalue()
