"""What any two images of a dataset share: how alike a pair must be before it is more than that.

Two digits, two pages or two screens of one application agree in what half of the datasets of photos would call a copy.
So where hashes bring many together, a sample of all pairs is compared, nearly all of which are strangers. How often
strangers come within a distance grows as a power of it (the dimension of what varies between them), and from how near
the fourth and the twentieth nearest of an image are (Hill's estimator) follows how near three images in a thousand
have a stranger. A copy must be nearer. The nearest few themselves are not looked at: they may be copies.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from curate.duplicates import tiles
from curate.duplicates.tiles import Floats
from curate.duplicates.whole import NEARLY, Wholes

CROWD = 1.0
"""Candidate pairs per image from which on hashes tell little, and strangers have to be looked at."""
FEWEST = 100
"""Images below which the copies of one may be most of what there is."""
NEAR, FAR = 4, 20
"""Which neighbours of an image the law is read from: beyond its copies, and near enough."""
FALSE_ALARMS = 0.003
"""Share of images that may have a stranger within a bound."""
RAREST = 1e-4
"""Share of pairs below which a sample says nothing."""
MOST_ALIKE = 0.95
"""Correlation without which no whole is a copy, however unlike strangers are."""
SAMPLE, BLOCK_SAMPLE = 400, 200
"""Tiles, all pairs of which are compared as wholes and by blocks."""
_PAIRS_AT_A_TIME = 2048
MIN_TEXTURED, VIEW_TEXTURED = 4, 16
"""Textured blocks without which their share says nothing, and of a view; a form filled in sparsely has fewer."""


@dataclass(frozen=True, slots=True)
class Strangers:
    """Bounds that a pair must be within to be more than strangers.

    `alike` and `close` are the shares of blocks that must be exceeded (`tiles.Comparison`), and `usual` the share that
    agrees with some neighbours of nearly any image; `wholes` are distances (`whole.Distances`). `sample` holds the rows
    they were read from, and `are_small` says that most images are so small that they are judged at their own scale.
    """

    alike: float
    close: float
    usual: float
    wholes: tuple[float, float] = (0.0, 0.0)
    sample: npt.NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))
    are_small: bool = False


def are_wanted(candidates: int, images: int) -> bool:
    """Return whether so many candidate pairs of so many images are too many to be copies alone."""
    return images >= FEWEST and candidates >= CROWD * images


def sampled(images: int) -> npt.NDArray[np.intp]:
    """Choose which of so many images to take as strangers."""
    return np.sort(np.random.default_rng(0).permutation(images)[:SAMPLE])


def rank_in_sample(sample: int, images: int) -> int:
    """Return which neighbour of an image in a sample is about its `FAR`th in all, and no copy of it."""
    return min(max(2, round(FAR * sample / images)), sample - 1)


def by_blocks(pixels: Floats, images: int) -> Strangers:
    """Compare all pairs of (n, 64, 64) tiles, a sample of so many images no two of which are equal, block by block."""
    few = np.random.default_rng(1).permutation(len(pixels))[:BLOCK_SAMPLE]
    left, right = np.triu_indices(len(few), 1)
    textured, *shares = _compared(tiles.prepare(pixels[few]), left, right)
    alike, close = (np.where(textured >= MIN_TEXTURED, 1 - share, 1) for share in shares)
    views = np.where(textured >= VIEW_TEXTURED, alike, 1)
    usual = 1 - float(np.quantile(views, min(NEAR / images, 1), method="lower"))
    return Strangers(alike=1 - bound(alike, images), close=1 - bound(close, images), usual=usual)


def _compared(
    prepared: tiles.Prepared, left: npt.NDArray[np.intp], right: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """Return of each pair `textured`, `alike` and `close`, some pairs at a time: together they take 4 KB each."""
    parts = [slice(at, at + _PAIRS_AT_A_TIME) for at in range(0, len(left), _PAIRS_AT_A_TIME)]
    found = [tiles.compare(prepared, left[part], right[part]) for part in parts]
    return (
        np.concatenate([some.textured for some in found]),
        np.concatenate([some.alike for some in found]),
        np.concatenate([some.close for some in found]),
    )


def as_wholes(pixels: Floats, images: int) -> tuple[float, float]:
    """Compare all pairs of a sample as wholes; return the bounds of their distances."""
    wholes = Wholes(len(pixels))
    wholes.add(np.arange(len(pixels)), pixels)
    left, right = np.triu_indices(len(pixels), 1)
    hard = wholes.distances(left, right)
    nearest = min(2 * FAR / images, 1.0)
    placed, centred = (float(np.quantile(side, nearest)) / NEARLY for side in hard)
    found = wholes.distances(left, right, worth=(placed, centred))
    return min(bound(found.placed, images), 1 - MOST_ALIKE), min(bound(found.centred, images), 1 - MOST_ALIKE)


def bound(distances: npt.NDArray[np.floating], images: int) -> float:
    """Return the distance within which `FALSE_ALARMS` of so many images have a stranger, from those of a sample."""
    shares = np.maximum(np.array([NEAR, FAR]) / images, np.array([RAREST, RAREST * FAR / NEAR]))
    near, far = np.quantile(distances, np.minimum(shares, 1), method="lower")
    if near <= 0:
        return 0.0
    growth = np.log(max(far / near, 1 + 1e-6)) / np.log(FAR / NEAR)  # one by the dimension
    return float(near * (FALSE_ALARMS / images / shares[0]) ** growth)
