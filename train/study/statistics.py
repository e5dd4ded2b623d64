"""What runs with several seeds come to: means with intervals, macro-F1, confusion, paired differences."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def mean_interval(values: Sequence[float]) -> dict[str, float | None]:
    """Mean with the half-width of its 95 % interval (Student's t over seeds); None for a single value."""
    from scipy.stats import t

    data = np.asarray(values, dtype=float)
    half = None
    if len(data) > 1:
        half = float(t.ppf(0.975, len(data) - 1) * data.std(ddof=1) / np.sqrt(len(data)))
    return {"mean": float(data.mean()), "half_width": half}


def confusion(truth: Ints, predicted: Ints, classes: int) -> list[list[int]]:
    """Rows are the true classes, columns the predicted ones."""
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (truth, predicted), 1)
    return [[int(count) for count in row] for row in table]


def macro_f1(truth: Ints, predicted: Ints, classes: int) -> float:
    """The mean over classes of 2 TP / (2 TP + FP + FN); 0 for a class neither there nor predicted."""
    table = np.array(confusion(truth, predicted, classes))
    hits = np.diag(table)
    return float(np.mean(2 * hits / np.maximum(table.sum(0) + table.sum(1), 1)))


def paired_bootstrap(
    first: npt.NDArray[Any], second: npt.NDArray[Any], seed: int, rounds: int = 10_000
) -> dict[str, float]:
    """The difference second - first of accuracies on the same images, with a 95 % percentile interval.

    Both are (seeds, images) of right answers; images are drawn with replacement (Efron and Tibshirani, 1993).
    """
    difference = second.mean(axis=0) - first.mean(axis=0)
    rng = np.random.default_rng(seed)
    draws = [difference[rng.integers(0, len(difference), len(difference))].mean() for _ in range(rounds)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return {"difference": float(difference.mean()), "low": float(low), "high": float(high)}
