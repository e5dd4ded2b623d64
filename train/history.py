"""The history of a run: the figures of each epoch, and what follows from them.

It knows no network: which epoch a run keeps, when it has no more to gain, and whether it may go on are arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curate.train.loop import TrainConfig


@dataclass(slots=True, kw_only=True)
class Epoch:
    """The figures of one epoch; the train ones are those of the batches as they were trained on."""

    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    validation_loss: float | None = None

    @property
    def is_finite(self) -> bool:
        """Whether every loss is a number; a run that diverges has others."""
        return all(math.isfinite(loss) for loss in (self.train_loss, self.test_loss, self.validation_loss or 0.0))


def best_epoch(epochs: Sequence[Epoch]) -> int:
    """Return the number of the epoch that a recipe with patience keeps: the first of the lowest validation loss."""
    losses = [_loss(epoch) for epoch in epochs]
    return losses.index(min(losses))


def is_lowest(epoch: Epoch, before: Sequence[Epoch]) -> bool:
    """Say whether an epoch has a validation loss, below that of all before it."""
    return _loss(epoch) < min(map(_loss, before), default=math.inf)


def is_stalled(epochs: Sequence[Epoch], patience: int | None) -> bool:
    """Say whether the last `patience` epochs brought no lower validation loss than those before them."""
    losses = [epoch.validation_loss for epoch in epochs if epoch.validation_loss is not None]
    return patience is not None and len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience])


def may_go_on(epochs: int, config: TrainConfig) -> bool:
    """Say whether a run of so many epochs may go on to those of `config`, and end as one run of as many.

    A run with patience may not: what it leaves is its best epoch, not its last.
    """
    return epochs == config.epochs or (epochs < config.epochs and config.patience is None)


def _loss(epoch: Epoch) -> float:
    return math.inf if epoch.validation_loss is None else epoch.validation_loss
