"""A function over arguments in other processes: in their order, not far ahead, and a death is told."""

import os
from concurrent.futures.process import BrokenProcessPool

import pytest

from curate.measuring import pool


def test_results_come_in_the_order_of_the_arguments() -> None:
    assert list(pool.mapped(len, ["a" * number for number in range(20)], workers=2)) == list(range(20))


def test_nothing_is_asked_without_arguments() -> None:
    assert list(pool.mapped(len, [])) == []


def test_a_worker_that_dies_is_told_after_what_came_before_it() -> None:
    found = pool.mapped(os.path.basename, ["x/a", "x/b"], workers=1)
    assert list(found) == ["a", "b"]
    with pytest.raises(BrokenProcessPool):
        list(pool.mapped(os._exit, [3]))


def test_an_error_of_the_function_is_raised_where_the_results_are_taken() -> None:
    results = pool.mapped(len, ["ab", 5, "c"], workers=1)  # type: ignore[list-item]
    assert next(results) == 2
    with pytest.raises(TypeError):
        next(results)


def test_no_more_is_computed_ahead_than_the_workers_need() -> None:
    asked: list[int] = []

    class Arguments(list[str]):
        def __iter__(self):  # type: ignore[no-untyped-def]
            for number in range(100):
                asked.append(number)
                yield str(number)

    results = pool.mapped(len, Arguments([""] * 100), workers=2)
    next(results)
    assert len(asked) == 5
    results.close()  # type: ignore[attr-defined]


def lives_only_in(argument: tuple[int, int]) -> int:
    home, number = argument
    if number == 7 and os.getpid() != home:
        os._exit(9)
    return number


def test_an_engine_gets_through_all_the_same_where_a_worker_dies(caplog: pytest.LogCaptureFixture) -> None:
    arguments = [(os.getpid(), number) for number in range(30)]
    for given in (arguments, iter(arguments)):
        assert list(pool.Engine(workers=2).map(lives_only_in, given)) == list(range(30))
    assert "has died" in caplog.text
