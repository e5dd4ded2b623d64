"""Limits that a dataset sets for itself."""

import numpy as np
import numpy.typing as npt

_TO_SIGMA = 1.4826
"""Turns a median absolute deviation into the standard deviation of a normal distribution."""


TAIL_FROM = 0.1
"""The share of the largest values that a tail is not fitted on: strangers to the rest are among them."""


def tail_limit(values: npt.ArrayLike, expected: float) -> tuple[float, float]:
    """Return (median, limit): the limit that a share `expected` of values passes by chance, far out in the upper tail.

    The tail is taken to fall off exponentially from the median to the largest tenth and on from there (a generalised
    Pareto tail of shape 0; Coles, "An Introduction to Statistical Modeling of Extreme Values", 2001, chapter 4).
    """
    middle, start = (float(value) for value in np.quantile(np.asarray(values, dtype=float), (0.5, 1 - TAIL_FROM)))
    scale = (start - middle) / np.log(0.5 / TAIL_FROM)
    return middle, start + float(scale * np.log(TAIL_FROM / expected))


def robust_limit(values: npt.ArrayLike, deviations: float) -> tuple[float, float]:
    """Return (median, limit): the limit lies `deviations` robust standard deviations (scaled MAD) from the median."""
    numbers = np.asarray(values, dtype=float)
    middle = float(np.median(numbers))
    return middle, middle + deviations * _TO_SIGMA * float(np.median(np.abs(numbers - middle)))
