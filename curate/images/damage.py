"""Damage that a decoder does not report, seen in the pixels.

A JPEG whose bits have changed may still decode to the end. Brightness and colour are coded as differences
from block to block, so one wrong difference shifts everything after it: a step that runs along the edge
of one row of blocks up to some block, and along the edge of the row above from there on. No scene has such
a staircase. An image that was once cut and then saved again is grey from some row down. And where pixels
are stored as they are, foreign bytes look like noise.

Each detector answers with the place in pixels of the full image; the false-alarm rates on clean photos
are in the benchmark of planted damage.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from curate.findings import Box
from curate.i18n import Message, msg
from curate.images.image import Pixels, coloured

MIN_BLOCKS = 3
"""A staircase needs so many blocks on either tread, or it is just an edge."""
MIN_STEP = 5.0
"""Height of a step, in levels; smaller ones pass for blocking artefacts."""
MIN_T = 8.0
"""Height of a step over its standard error."""
MAX_ELSEWHERE = 0.35
"""Share of the step that may be seen along the parts of both edges that are not the staircase."""
EVEN_SHARE = 0.85
"""Share of the blocks that must agree, on the staircase and off it."""
GREY = 128
"""What libjpeg puts where data are missing."""
GREY_TOLERANCE = 2
MIN_GREY_SHARE = 0.02
MIN_GREY_ROWS = 4


NOISE_RUN_PX = 32
MIN_NOISE = 55.0
"""Mean step between neighbouring pixels; independent random bytes give 85."""
MIN_NOISE_BYTES = 2048
MAX_UNEVEN = 6.0
"""Chi-square per degree of freedom; 1 for random bytes, 3 if all three channels have them, textures 50 and more."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Damage, in words, and its place."""

    message: Message
    box: Box


def in_jpeg(pixels: Pixels, full_size: tuple[int, int], block: tuple[int, int]) -> Seen | None:
    """Find damage in a decoded JPEG (rows, columns[, 3]) of that full size and coded blocks, (rows, columns) each."""
    rows, columns = full_size
    scale = pixels.shape[0] / rows
    grey = rows_missing(pixels, (GREY,))
    if grey is not None:
        return _missing(round(grey / scale), rows, columns)
    height, width = block[0] * scale, block[1] * scale
    if not (height.is_integer() and width.is_integer()):
        return None
    found = staircase(pixels, int(height), int(width))
    if found is None:
        return None
    row, column = round(found.row / scale), round(found.column / scale)
    return Seen(
        msg(
            "From row {row:,}, column {column:,} on the whole rest is shifted by {step:.0f} levels: bits of "
            "the coded data have changed there.",
            row=row,
            column=column,
            step=abs(found.step),
        ),
        Box(left=0, top=row, width=columns, height=rows - row, what="damage"),
    )


def in_pixels(pixels: Pixels, *, is_raw: bool, is_cut: bool) -> Seen | None:
    """Find damage in an image of any other format; `is_cut` where a decoder has filled what is missing with black."""
    rows, columns = pixels.shape[:2]
    missing = rows_missing(pixels, (GREY, 0) if is_cut else (GREY,))
    if missing is not None:
        return _missing(missing, rows, columns)
    noisy = noise(coloured(pixels)) if is_raw else None
    if noisy is None:
        return None
    first, last = noisy
    return Seen(
        msg(
            "Rows {first:,} to {last:,} hold noise that belongs to no image: their bytes have been overwritten.",
            first=first,
            last=last,
        ),
        Box(left=0, top=first, width=columns, height=last - first + 1, what="damage"),
    )


def _missing(row: int, rows: int, columns: int) -> Seen:
    return Seen(
        msg(
            "From row {row:,} of {rows:,} on there is only the even tone that decoders put where data are "
            "missing ({share:.0%} of the image).",
            row=row,
            rows=rows,
            share=1 - row / rows,
        ),
        Box(left=0, top=row, width=columns, height=rows - row, what="damage"),
    )


@dataclass(frozen=True, slots=True)
class Staircase:
    """Where a shift begins, in pixels of the image as decoded, and how high it is, in levels."""

    row: int
    column: int
    step: float


def staircase(rgb: Pixels, block_height: int, block_width: int) -> Staircase | None:
    """Find the clearest staircase along the edges of (block_height x block_width) blocks, in brightness or colour."""
    rows, columns = rgb.shape[0] // block_height, rgb.shape[1] // block_width
    if rows < 3 or columns < 2 * MIN_BLOCKS or block_height < 4:
        return None
    found = [_clearest(steps, block_height, block_width) for steps in _steps(rgb, block_height, block_width)]
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


def _clearest(steps: npt.NDArray[np.float32], height: int, width: int) -> Staircase | None:
    """Return the staircase of the largest t among all that begin in a row of blocks `k` at a column of blocks `c`.

    The tread of the staircase is the upper edge of row `k` from `c` on, and its lower edge before `c`.
    """
    columns = steps.shape[1]
    rows = _possible(steps, EVEN_SHARE * columns)
    if not rows.size:
        return None
    upper, lower = steps[rows], steps[rows + 1]
    left, from_here = np.cumsum(lower, axis=1), _from_here(upper)
    begin = slice(MIN_BLOCKS, columns - MIN_BLOCKS + 1)
    before = slice(MIN_BLOCKS - 1, columns - MIN_BLOCKS)
    total = left[:, before] + from_here[:, begin]
    mean = total / columns
    other = (left[:, -1:] - left[:, before] + from_here[:, :1] - from_here[:, begin]) / columns
    if np.abs(mean).max() < MIN_STEP:
        return None
    squares = np.cumsum(lower**2, axis=1)[:, before] + _from_here(upper**2)[:, begin]
    spread = np.sqrt(np.maximum(squares / columns - mean**2, 0.25))
    t = np.abs(mean) / spread * np.sqrt(columns)
    left_mean = left[:, before] / np.arange(MIN_BLOCKS, columns - MIN_BLOCKS + 1)
    right_mean = from_here[:, begin] / np.arange(columns - MIN_BLOCKS, MIN_BLOCKS - 1, -1)
    both = np.minimum(left_mean * np.sign(mean), right_mean * np.sign(mean)) >= 0.6 * np.abs(mean)
    t[~both | (np.abs(mean) < MIN_STEP) | (np.abs(other) > MAX_ELSEWHERE * np.abs(mean))] = 0
    k, c = np.unravel_index(int(t.argmax()), t.shape)
    row = int(rows[k])
    if t[k, c] < MIN_T or not _is_even(steps[row : row + 2], int(c) + MIN_BLOCKS, float(mean[k, c])):
        return None
    return Staircase(row=(row + 1) * height, column=int(c + MIN_BLOCKS) * width, step=float(mean[k, c]))


def _possible(steps: npt.NDArray[np.float32], blocks: float) -> npt.NDArray[np.intp]:
    """Select, for the sake of speed, the edges that, with the next one, have a step of one sign in enough columns."""
    _, up = cv2.threshold(cv2.max(steps[1:], steps[:-1]), MIN_STEP / 2, 1.0, cv2.THRESH_BINARY)
    _, down = cv2.threshold(cv2.min(steps[1:], steps[:-1]), -MIN_STEP / 2, 1.0, cv2.THRESH_BINARY_INV)
    counts = [cv2.reduce(one, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[:, 0] for one in (up, down)]
    return np.flatnonzero(np.maximum(*counts) >= blocks)


def _is_even(edges: npt.NDArray[np.float32], begin: int, step: float) -> bool:
    """Say whether nearly every block of the staircase has that step, and nearly no block off it has any of it.

    A shift is the same everywhere; the edges of captions and furniture, which come near to one, are not.
    """
    on = np.concatenate([edges[1, :begin], edges[0, begin:]]) / step
    off = np.concatenate([edges[0, :begin], edges[1, begin:]]) / step
    return bool(((on > 0.5) & (on < 1.5)).mean() >= EVEN_SHARE and (np.abs(off) < 0.5).mean() >= EVEN_SHARE)


def _from_here(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Sum each row from every column to the last."""
    return np.cumsum(values[:, ::-1], axis=1)[:, ::-1]


def rows_missing(pixels: Pixels, fills: tuple[int, ...]) -> int | None:
    """Find the row from which on everything is a tone that decoders fill with; None if there is no such lower part."""
    rows = pixels.shape[0]
    least = max(MIN_GREY_ROWS, round(MIN_GREY_SHARE * rows))
    if rows <= 2 * least:
        return None
    for fill in fills:
        if _is_filled(pixels[-1], fill) and _is_filled(pixels[-least:], fill):
            first = rows - least
            while first > 0 and _is_filled(pixels[first - 1], fill):
                first -= 1
            return first or None
    return None


def _is_filled(pixels: Pixels, fill: int) -> bool:
    return bool(pixels.min() >= max(fill - GREY_TOLERANCE, 0) and pixels.max() <= fill + GREY_TOLERANCE)


def noise(rgb: Pixels) -> tuple[int, int] | None:
    """Find the first and last row of the longest run, in reading order, of pixels unrelated to their neighbours."""
    rows, columns = rgb.shape[:2]
    runs = (columns - 1) // NOISE_RUN_PX
    if runs < 1 or rows < 2:
        return None
    width = runs * NOISE_RUN_PX
    steps = np.asarray(cv2.absdiff(rgb[:, 1 : width + 1], rgb[:, :width]), dtype=np.uint8)
    noisy = (_run_means(steps, runs) > MIN_NOISE).ravel()
    edges = np.flatnonzero(np.diff(noisy, prepend=False, append=False))
    if not edges.size:
        return None
    lengths = edges[1::2] - edges[::2]
    longest = int(lengths.argmax())
    first, last = int(edges[2 * longest]), int(edges[2 * longest + 1])
    samples = rgb[:, :width].reshape(rows * runs, -1)[first:last].ravel()
    if samples.size < MIN_NOISE_BYTES or not _is_uniform(samples):
        return None
    return first // runs, (last - 1) // runs


def _run_means(values: Pixels, runs: int) -> npt.NDArray[np.float32]:
    return np.asarray(values.reshape(len(values), runs, -1).mean(axis=2, dtype=np.float32))


def _is_uniform(samples: Pixels) -> bool:
    """Say whether all tones are equally frequent, as in random bytes and in no texture (chi-square over 16 bins)."""
    counts = np.bincount(samples >> 4, minlength=16)
    expected = samples.size / 16
    return float(((counts - expected) ** 2).sum() / expected) / 15 < MAX_UNEVEN
