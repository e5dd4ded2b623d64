"""What a person sees of an image at a glance: its tones, how sharp it is, and the shapes on an even ground."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from curate.images.image import Pixels

ENOUGH_PX = 20_000
"""Above this tones are counted in every second row and column."""
FLAT_LEVELS = 9
"""Width, in grey levels, of the window that holds the flat part of an image."""
DETAIL_LEVELS = 64
"""A detail is so many grey levels off the tone of its ground."""
SHAPES = 3
"""One to three connected shapes are a subject (an icon, the letter "i"); a line of text or specks of dust are more."""
SUBJECT_SIDE = 0.25
"""Least longer side of the box round a subject, over that of the image: anything smaller is a speck."""
SUBJECT_FILL = 0.15
"""Least share of that box that a subject covers."""
ONE_WAY = 0.05
"""Share of the steps of one direction below which those of the other are noise, as along stripes."""
_PERCENTS = (1, 5, 99)
_LEVELS = np.stack([np.arange(256.0), np.arange(256.0) ** 2], axis=1)


class Tones(NamedTuple):
    """The tones of an image, brightness from 0 to 1: that below which 1, 5 and 99 % of it lie; its contrast, the
    standard deviation in grey levels; and where, a grey level, and how large, a share, its flat part is."""

    levels: tuple[float, float, float]
    contrast: float
    ground: int
    flat_share: float


def tones(greys: Pixels) -> list[Tones]:
    """Measure the tones of images of one shape, (images, rows, columns).

    Counts and sums are of whole numbers, so exact: an image measures the same whatever stands beside it.
    """
    # Of tens of thousands of pixels, every fourth tells the same in a third of the time.
    sample = np.ascontiguousarray(greys[:, ::2, ::2]) if greys[0].size > ENOUGH_PX else greys
    size = sample[0].size
    counted = [cv2.calcHist([each], [0], None, [256], [0, 256]) for each in sample]
    counts = np.concatenate(counted).reshape(-1, 256).astype(np.float64)
    below = np.zeros((len(sample), 256 + FLAT_LEVELS))
    from_zero = below[:, FLAT_LEVELS // 2 + 1 : -(FLAT_LEVELS // 2)]
    counts.cumsum(axis=1, out=from_zero)
    below[:, -(FLAT_LEVELS // 2) :] = size
    flat = below[:, FLAT_LEVELS:] - below[:, :-FLAT_LEVELS]
    levels = ((from_zero >= percent * size / 100).argmax(axis=1) / 255 for percent in _PERCENTS)
    total, squares = (counts @ _LEVELS).T
    contrast = np.sqrt(size * squares - total**2) / size
    columns = (contrast, flat.argmax(axis=1), flat.max(axis=1) / size)
    by_image = zip(*(level.tolist() for level in levels), strict=True)
    return list(map(Tones, by_image, *(column.tolist() for column in columns)))


def count_details(grey: np.ndarray, ground: int) -> int:
    """Count the shapes of two pixels or more, joined by sides or corners, on an even ground: letters, stars."""
    drawn = (cv2.absdiff(grey, np.full_like(grey, ground)) > DETAIL_LEVELS).astype(np.uint8)
    shapes = cv2.connectedComponentsWithAlgorithm(drawn, 8, cv2.CV_32S, cv2.CCL_GRANA)[0] - 1
    # A pixel alone is no shape. Counting these takes a tenth of the time of measuring every shape.
    around = cv2.boxFilter(drawn, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return int(shapes - np.count_nonzero(drawn & (around == 1)))


def has_subject(grey: np.ndarray, tone: int) -> bool:
    """Say whether what differs from an even ground is a shape: a thin glyph or an icon is not empty."""
    drawn = (np.abs(grey.astype(np.int16) - tone) > 2 * FLAT_LEVELS).astype(np.uint8)
    _, _, boxes, _ = cv2.connectedComponentsWithStats(drawn, connectivity=8)
    shapes = boxes[1:][boxes[1:, cv2.CC_STAT_AREA] >= 4]
    if not 1 <= len(shapes) <= SHAPES:
        return False
    left, top = shapes[:, cv2.CC_STAT_LEFT], shapes[:, cv2.CC_STAT_TOP]
    width = int((left + shapes[:, cv2.CC_STAT_WIDTH]).max() - left.min())
    height = int((top + shapes[:, cv2.CC_STAT_HEIGHT]).max() - top.min())
    fill = int(shapes[:, cv2.CC_STAT_AREA].sum()) / (width * height)
    return max(width, height) >= SUBJECT_SIDE * max(grey.shape) and fill >= SUBJECT_FILL


def blur_effects(greys: Pixels) -> list[float]:
    """Measure how little images change when they are blurred once more: 0 sharp, 1 blurred or flat.

    `greys` are images of one shape, (images, rows, columns). After Crete, Dolmiere, Ladret and Nicolas, "The blur
    effect: perception and estimation with a new no-reference perceptual blur metric", SPIE 6492 (2007), with their
    9-tap mean; independent of contrast. The worse of both directions counts, but none along which there is next to
    nothing: stripes are sharp.
    """
    count, rows, columns = greys.shape
    if min(rows, columns) < 2:  # a line has no neighbours to one side
        return [1.0] * count
    # Laid beside each other for steps down and below each other for steps across, no image reaches into the next.
    beside, below = greys.transpose(1, 0, 2).reshape(rows, -1), greys.reshape(-1, columns)
    down = _steps(beside, _DOWN, [np.s_[:, at : at + columns] for at in range(0, count * columns, columns)])
    across = _steps(below, _ACROSS, [np.s_[at : at + rows] for at in range(0, count * rows, rows)])
    return list(map(_worse, down, across))


def _steps(laid: Pixels, axis: _Axis, places: Sequence[Any]) -> list[tuple[float, float]]:
    """Return the sum of the steps between the neighbours of each image, and the share that is left after a blur."""
    before = cv2.absdiff(laid[axis.later], laid[axis.earlier])
    # The step between two sums of nine neighbours is that between the one that enters and the one that leaves.
    wide = cv2.copyMakeBorder(laid, *axis.border, cv2.BORDER_REFLECT_101)
    softened = cv2.absdiff(wide[axis.entering], wide[axis.leaving])
    lost = cv2.subtract(before.astype(np.uint16) * 9, softened.astype(np.uint16))  # never below 0 in this type
    sums = [(9 * cv2.sumElems(before[place])[0], cv2.sumElems(lost[place])[0]) for place in places]
    return [(total, 1 - gone / max(total, 1)) for total, gone in sums]


def _worse(*ways: tuple[float, float]) -> float:
    least = ONE_WAY * max(total for total, _ in ways)
    return max((blur for total, blur in ways if total > least), default=1.0)


class _Axis(NamedTuple):
    later: Any
    earlier: Any
    entering: Any
    leaving: Any
    border: tuple[int, int, int, int]


_DOWN = _Axis(np.s_[1:], np.s_[:-1], np.s_[9:], np.s_[:-9], (4, 4, 0, 0))
_ACROSS = _Axis(np.s_[:, 1:], np.s_[:, :-1], np.s_[:, 9:], np.s_[:, :-9], (0, 0, 4, 4))
