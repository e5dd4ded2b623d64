"""What runs with several seeds come to: means with intervals, macro-F1, confusion, paired differences. Pure."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
"""(n,) class numbers."""


def mean_interval(values: Sequence[float]) -> dict[str, float | None]:
    """Average values, with the half-width of the mean's 95 % interval (Student's t); None for a single value."""
    from scipy.stats import t

    data = np.asarray(values, dtype=float)
    half_width = None
    if len(data) > 1:
        half_width = float(t.ppf(0.975, len(data) - 1) * data.std(ddof=1) / np.sqrt(len(data)))
    return {"mean": float(data.mean()), "half_width": half_width}


def confusion(truth: Ints, predicted: Ints, classes: int) -> list[list[int]]:
    """Count predictions as a (classes, classes) table: a row per true class, a column per predicted one."""
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (truth, predicted), 1)
    return [[int(count) for count in row] for row in table]


def macro_f1(truth: Ints, predicted: Ints, classes: int) -> float:
    """Average F1 = 2 TP / (2 TP + FP + FN) over the classes; 0 for one that is neither true nor predicted anywhere."""
    table = np.array(confusion(truth, predicted, classes))
    hits = np.diag(table)
    return float(np.mean(2 * hits / np.maximum(table.sum(0) + table.sum(1), 1)))


def paired_bootstrap(
    first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_], seed: int, rounds: int = 10_000
) -> dict[str, float]:
    """Estimate the difference second - first of accuracies on the same images, with a 95 % percentile interval.

    Both are (seeds, images) of right predictions; images are drawn with replacement (Efron and Tibshirani, 1993).
    """
    difference = second.mean(axis=0) - first.mean(axis=0)
    rng = np.random.default_rng(seed)
    draws = [difference[rng.integers(0, len(difference), len(difference))].mean() for _ in range(rounds)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return {"difference": float(difference.mean()), "low": float(low), "high": float(high)}
