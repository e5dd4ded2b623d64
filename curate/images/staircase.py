"""A shift that begins at one coded block of a JPEG and never ends: a staircase of two treads, one row of blocks high.

Brightness and colour are coded as differences from block to block, so one wrong difference shifts everything after
it: a step along the upper edge of one row of blocks from some block on, and along its lower edge before that block.

A page or a screen may happen to have an edge of that shape on the grid of blocks, so this is one sign of damage, and
no proof (`containers.codes` looks for one).
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from curate.images.image import Pixels

MIN_BLOCKS = 3
"""A staircase needs so many blocks on either tread, or it is just an edge."""


@dataclass(frozen=True, slots=True)
class Clearness:
    """How clear a staircase must be.

    `step` is its height in levels (smaller ones pass for blocking artefacts), `t` that height over its standard error,
    `elsewhere` the share of it that may be seen along the parts of both edges that are not the staircase, and `even`
    the share of the blocks that must agree, on the staircase and off it.
    """

    step: float
    t: float
    elsewhere: float
    even: float


PLAIN = Clearness(step=5.0, t=8.0, elsewhere=0.35, even=0.85)
"""No scene has one that is so clear; a drawing may."""
FAINT = Clearness(step=5.0, t=7.0, elsewhere=0.4, even=0.8)
"""Enough to look for a proof: of 2,400 clean photos none has one."""


@dataclass(frozen=True, slots=True)
class Staircase:
    """Where a shift begins, in pixels of the image as decoded, and how high it is, in levels."""

    row: int
    column: int
    step: float


def staircase(rgb: Pixels, block_height: int, block_width: int, least: Clearness = PLAIN) -> Staircase | None:
    """Find the clearest staircase along the edges of (block_height x block_width) blocks, in brightness or colour."""
    rows, columns = rgb.shape[0] // block_height, rgb.shape[1] // block_width
    if rows < 3 or columns < 2 * MIN_BLOCKS or block_height < 4:
        return None
    found = [_clearest(steps, block_height, block_width, least) for steps in _steps(rgb, block_height, block_width)]
    return max((one for one in found if one), key=lambda one: abs(one.step), default=None)


def _steps(rgb: Pixels, height: int, width: int) -> list[npt.NDArray[np.float32]]:
    """Return the mean step at each edge between two rows of blocks, per column of blocks.

    One array (edges, columns) for brightness (green) and, of a colour image, one for colour (red less blue).
    """
    columns = rgb.shape[1] // width
    over = rgb[height::height, : columns * width]
    under = rgb[height - 1 : -1 : height, : columns * width][: len(over)]
    difference = cv2.subtract(over, under, dtype=cv2.CV_32F)
    step = np.asarray(cv2.resize(difference, (columns, len(over)), interpolation=cv2.INTER_AREA), dtype=np.float32)
    return [step] if step.ndim == 2 else [step[:, :, 1].copy(), step[:, :, 0] - step[:, :, 2]]


def _clearest(steps: npt.NDArray[np.float32], height: int, width: int, least: Clearness) -> Staircase | None:
    """Return the staircase of the largest t among all that begin in a row of blocks `k` at a column of blocks `c`.

    The tread of the staircase is the upper edge of row `k` from `c` on, and its lower edge before `c`.
    """
    columns = steps.shape[1]
    rows = _possible(steps, least)
    if not rows.size:
        return None
    upper, lower = steps[rows], steps[rows + 1]
    left, from_here = np.cumsum(lower, axis=1), _from_here(upper)
    begin = slice(MIN_BLOCKS, columns - MIN_BLOCKS + 1)
    before = slice(MIN_BLOCKS - 1, columns - MIN_BLOCKS)
    total = left[:, before] + from_here[:, begin]
    mean = total / columns
    other = (left[:, -1:] - left[:, before] + from_here[:, :1] - from_here[:, begin]) / columns
    height_of = np.abs(mean)
    is_none = (height_of < least.step) | (np.abs(other) > least.elsewhere * height_of)
    if is_none.all():
        return None
    squares = np.cumsum(lower**2, axis=1)[:, before] + _from_here(upper**2)[:, begin]
    spread = np.sqrt(np.maximum(squares / columns - mean**2, 0.25))
    t = height_of / spread * np.sqrt(columns)
    left_mean = left[:, before] / np.arange(MIN_BLOCKS, columns - MIN_BLOCKS + 1)
    right_mean = from_here[:, begin] / np.arange(columns - MIN_BLOCKS, MIN_BLOCKS - 1, -1)
    both = np.minimum(left_mean * np.sign(mean), right_mean * np.sign(mean)) >= 0.6 * height_of
    t[~both | is_none] = 0
    k, c = np.unravel_index(int(t.argmax()), t.shape)
    row = int(rows[k])
    if t[k, c] < least.t or _evenness(steps[row : row + 2], int(c) + MIN_BLOCKS, float(mean[k, c])) < least.even:
        return None
    return Staircase(row=(row + 1) * height, column=int(c + MIN_BLOCKS) * width, step=float(mean[k, c]))


def _possible(steps: npt.NDArray[np.float32], least: Clearness) -> npt.NDArray[np.intp]:
    """Select, for the sake of speed, the edges that, with the next one, have a step of one sign in enough columns."""
    _, up = cv2.threshold(cv2.max(steps[1:], steps[:-1]), least.step / 2, 1.0, cv2.THRESH_BINARY)
    _, down = cv2.threshold(cv2.min(steps[1:], steps[:-1]), -least.step / 2, 1.0, cv2.THRESH_BINARY_INV)
    counts = [cv2.reduce(one, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[:, 0] for one in (up, down)]
    return np.flatnonzero(np.maximum(*counts) >= least.even * steps.shape[1])


def _evenness(edges: npt.NDArray[np.float32], begin: int, step: float) -> float:
    """Return the share of blocks that have that step on the staircase, or that have none of it off it: the lesser one.

    A shift is the same everywhere; the edges of captions and furniture, which come near to one, are not.
    """
    on = np.concatenate([edges[1, :begin], edges[0, begin:]]) / step
    off = np.concatenate([edges[0, :begin], edges[1, begin:]]) / step
    return float(min(((on > 0.5) & (on < 1.5)).mean(), (np.abs(off) < 0.5).mean()))


def _from_here(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Sum each row from every column to the last."""
    return np.cumsum(values[:, ::-1], axis=1)[:, ::-1]
