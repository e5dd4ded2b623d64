"""What follows from the figures of epochs: which one is kept, when a run has no more to gain, whether it may go on."""

import math
from dataclasses import replace

import pytest

from curate.train.history import Epoch, best_epoch, is_lowest, is_stalled, may_go_on
from curate.train.loop import REFERENCE


def epochs(*validation_losses: float | None) -> list[Epoch]:
    return [
        Epoch(train_loss=1, train_accuracy=1, test_loss=1, test_accuracy=1, validation_loss=loss)
        for loss in validation_losses
    ]


@pytest.mark.parametrize(
    ("losses", "best"),
    [((0.5, 0.3, 0.4), 1), ((0.3, 0.3), 0), ((None, 0.9, None), 1), ((0.2,), 0)],
    ids=["the lowest", "the first of equals", "one without a loss is not kept", "the only one"],
)
def test_the_epoch_that_is_kept(losses: tuple[float | None, ...], best: int) -> None:
    assert best_epoch(epochs(*losses)) == best


@pytest.mark.parametrize(
    ("loss", "before", "lowest"),
    [(0.3, (0.5, 0.4), True), (0.4, (0.5, 0.4), False), (0.4, (), True), (0.4, (None,), True), (None, (), False)],
    ids=["below all", "equal to one", "the first", "no other has one", "without a loss"],
)
def test_a_new_lowest_validation_loss(loss: float | None, before: tuple[float | None, ...], lowest: bool) -> None:
    assert is_lowest(epochs(loss)[0], epochs(*before)) is lowest


@pytest.mark.parametrize(
    ("losses", "patience", "stalled"),
    [
        ((0.3, 0.4, 0.4), 2, True),
        ((0.3, 0.4, 0.2), 2, False),
        ((0.3, 0.4), 2, False),
        ((0.3, 0.3), 1, True),
        ((0.3, 0.4, 0.5, 0.6), None, False),
    ],
    ids=["two without gain", "the last gains", "too early to say", "equal is no gain", "without patience"],
)
def test_a_run_that_has_no_more_to_gain(losses: tuple[float, ...], patience: int | None, stalled: bool) -> None:
    assert is_stalled(epochs(*losses), patience) is stalled


@pytest.mark.parametrize(
    ("done", "wanted", "patience", "may"),
    [(3, 3, None, True), (2, 3, None, True), (4, 3, None, False), (3, 3, 1, True), (2, 3, 1, False)],
)
def test_whether_a_run_may_go_on(done: int, wanted: int, patience: int | None, may: bool) -> None:
    assert may_go_on(done, replace(REFERENCE, epochs=wanted, patience=patience)) is may


@pytest.mark.parametrize("name", ["train_loss", "test_loss", "validation_loss"])
@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_an_epoch_with_a_loss_that_is_no_number(name: str, loss: float) -> None:
    (epoch,) = epochs(0.5)
    assert epoch.is_finite
    assert epochs(None)[0].is_finite
    assert not replace(epoch, **{name: loss}).is_finite
