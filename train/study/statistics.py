"""What runs with several seeds come to: means with intervals, macro-F1, confusion, paired differences. Pure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
"""(n,) class numbers."""
_AT_ONCE = 500
"""Draws of a bootstrap that are in memory at a time."""


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
    """Average F1 = 2 TP / (2 TP + FP + FN) over the classes that are true or predicted anywhere; others have none."""
    table = np.array(confusion(truth, predicted, classes))
    hits, either = np.diag(table), table.sum(0) + table.sum(1)
    return float(np.mean(2 * hits[either > 0] / either[either > 0]))


def summary(runs: Sequence[tuple[Ints, Ints]], classes: int) -> dict[str, Any]:
    """Sum up (truth, predicted) of every run: accuracy and macro-F1 over runs, the confusions added up."""
    tables = [confusion(truth, predicted, classes) for truth, predicted in runs]
    return {
        "accuracy": mean_interval([float((truth == predicted).mean()) for truth, predicted in runs]),
        "macro_f1": mean_interval([macro_f1(truth, predicted, classes) for truth, predicted in runs]),
        "confusion": np.sum(tables, axis=0).tolist(),
    }


def bootstrap(right: npt.NDArray[Any], groups: Sequence[str]) -> dict[str, float]:
    """Average (runs, images) of right predictions as `paired_bootstrap` does: `accuracy`, with its 95 % interval."""
    found = paired_bootstrap(np.zeros_like(right), right, 0, groups=groups)
    return {"accuracy": found["difference"], "low": found["low"], "high": found["high"]}


def paired_bootstrap(
    first: npt.NDArray[Any],
    second: npt.NDArray[Any],
    seed: int,
    rounds: int = 10_000,
    groups: Sequence[str] | None = None,
) -> dict[str, float]:
    """Estimate the difference second - first of accuracies on the same images, with a 95 % percentile interval.

    Both are (runs, images) of right predictions, 0 or 1, or not a number where a run was not tested on an image; each
    image is averaged over its runs first. Images are drawn with replacement (Efron and Tibshirani, 1993), those of one
    of the `groups` (one for each image) together, since duplicates are no further evidence.
    """
    difference = np.nanmean(second.astype(float), axis=0) - np.nanmean(first.astype(float), axis=0)
    group_of = np.unique(groups, return_inverse=True)[1] if groups is not None else np.arange(len(difference))
    sums, sizes = np.bincount(group_of, difference), np.bincount(group_of)
    rng = np.random.default_rng(seed)
    draws = []
    for start in range(0, rounds, _AT_ONCE):
        drawn = rng.integers(0, len(sums), (min(_AT_ONCE, rounds - start), len(sums)))
        draws.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    low, high = np.percentile(np.concatenate(draws), [2.5, 97.5])
    return {"difference": float(difference.mean()), "low": float(low), "high": float(high)}
