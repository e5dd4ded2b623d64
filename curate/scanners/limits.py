"""Limits that a dataset sets for itself."""

import numpy as np
import numpy.typing as npt

_TO_SIGMA = 1.4826
"""Turns a median absolute deviation into the standard deviation of a normal distribution."""


def robust_limit(values: npt.ArrayLike, deviations: float) -> tuple[float, float]:
    """Return (median, limit): the limit lies `deviations` robust standard deviations (scaled MAD) from the median."""
    numbers = np.asarray(values, dtype=float)
    middle = float(np.median(numbers))
    return middle, middle + deviations * _TO_SIGMA * float(np.median(np.abs(numbers - middle)))
