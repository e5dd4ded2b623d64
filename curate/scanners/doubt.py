"""What a doubt about a label is worth on this very dataset: estimated by labels made wrong on purpose.

The margin of an image is by how much another class is likelier than the one it is labelled with. Were an image that is
believed labelled otherwise, its margin would be known: nobody that judges an image has seen its own label. So for every
threshold t the share `found(t)` of wrong labels at random that would be doubted is known, and so is the number
`doubted(t)` of labels that are. No more than doubted(t) / (n found(t)) of n labels can be wrong at random, whatever t;
with the least of these bounds as their share, noise * n * found(t) / doubted(t) of the doubts at t are right.

The bound is no more than that: where classes overlap, an image that is hard to tell looks like a wrong label, and the
strictest thresholds, where few do, bound from a handful. So a good share of what is wrong has to be found before any
doubt is believed.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST_DOUBTED = 5
"""Doubts below which their number says nothing about the share of wrong labels."""
LEAST_FOUND = 0.2
"""Share of wrong labels to be found from which on a threshold bounds their number: thin tails are a matter of luck."""
SCALE = 0.1
"""A neighbour whose cosine is lower by this counts 1/e as much."""


@dataclass(frozen=True, slots=True)
class Trust:
    """From which margin on doubts are worth a look: `threshold`, infinite where none are.

    `precision` is the share of doubts there that are expected to be right, `found` the share of wrong labels that are
    expected to be among them; with no threshold, those at the largest precision that comes near. `noise` is the share
    of labels taken to be wrong.
    """

    threshold: float
    precision: float
    found: float
    noise: float

    @property
    def is_known(self) -> bool:
        """Whether any doubt is worth a look."""
        return bool(np.isfinite(self.threshold))


def trust(probabilities: Floats, margins: Floats, *, min_precision: float, min_found: float) -> Trust:
    """Find the lowest margin from which on doubts are right often enough, and find enough of what is wrong.

    `probabilities` is (n, classes); `margins` is (n,), 0 where the likeliest class is the one given.
    """
    count, classes = probabilities.shape
    nothing = Trust(np.inf, 0.0, 0.0, 0.0)
    thresholds = np.unique(margins[margins > 0])[::-1]
    if not len(thresholds) or classes < 2:
        return nothing
    believed = np.sort(probabilities[margins <= 0], axis=1)
    # Of an image that is believed: the margin under each other label. One likelier class has the margin 0: that is it.
    tried = np.sort((believed[:, -1:] - believed[:, :-1]).ravel())
    found = (len(tried) - np.searchsorted(tried, thresholds)) / (count * (classes - 1))
    doubted = len(margins) - np.searchsorted(np.sort(margins), thresholds)
    bounds = doubted / np.maximum(count * found, 1e-9)
    telling = (doubted >= LEAST_DOUBTED) & (found >= LEAST_FOUND)
    if not telling.any():
        return nothing
    noise = float(bounds[telling].min())
    precision = np.minimum(1.0, noise / np.maximum(bounds, 1e-9))
    precise = np.flatnonzero(precision >= min_precision)
    if not len(precise):
        best = int(np.where(telling, precision, 0).argmax())
        return Trust(np.inf, float(precision[best]), float(found[best]), noise)
    last = int(precise[-1])
    threshold = float(thresholds[last]) if found[last] >= min_found else np.inf
    return Trust(threshold, float(precision[last]), float(found[last]), noise)


def votes(
    cosines: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], given: npt.NDArray[np.intp], classes: int
) -> Floats:
    """Return the share of each class among (n, k) neighbours, as (n, classes); near ones count more."""
    counted = np.zeros((len(rows), classes))
    np.add.at(counted, (np.arange(len(rows))[:, None], given[rows]), np.exp((cosines.astype(np.float64) - 1) / SCALE))
    return np.asarray(counted / counted.sum(axis=1, keepdims=True))
