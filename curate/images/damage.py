"""Damage that a decoder does not report, seen in the pixels, and the second sign that makes it certain.

A JPEG whose bits have changed may still decode to the end, shifted in brightness from one block on (`staircase`). An
image that was once cut and then saved again is grey from some row down. And where pixels are stored as they are,
foreign bytes look like noise.

Pixels alone prove nothing: pages, screens and frames are drawn in every shape. So each suspicion wants a second sign
that no sound image has: of a shift, codes that no encoder writes; of missing rows, that they begin in the middle of a
row of blocks, and end an image with the texture of a photo; of noise, that it begins or ends in the middle of a row
and is nowhere else. What lacks it is told for information.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from curate.findings import Box
from curate.i18n import Message, msg
from curate.images.containers import codes
from curate.images.image import Pixels, luma
from curate.images.staircase import FAINT, PLAIN, staircase

GREY = 128
"""What libjpeg puts where data are missing."""
GREY_TOLERANCE = 2
MIN_GREY_SHARE = 0.02
MIN_GREY_ROWS = 4
EVEN_SHARE = 0.97
"""Share of a row or column that must have the tone: saving again leaves a ripple."""
BLOCK_PX = 8
"""Decoders fill whole blocks, of 8 or of 16 rows."""
MIN_TEXTURE = 0.6
"""Share of neighbouring pixels that differ by two levels in a photo, where paper and panels are even."""
NOISE_RUN_PX = 32
EDGE_PX = 8
MIN_NOISE = 55.0
"""Mean step between neighbouring pixels; independent random bytes give 85."""
MAX_QUIET = 30.0
"""The same where there is no noise: so few steps of random bytes never mean so little."""
MIN_NOISE_BYTES = 2048
MAX_UNEVEN = 6.0
"""Chi-square per degree of freedom; 1 for random bytes, 3 if all three channels have them, textures 50 and more."""


MAX_SECOND = 0.8
"""Length of the second run over the first: foreign bytes lie in one place, drawn noise in each row of a rectangle."""
_ROWS_AT_ONCE = 1 << 21


@dataclass(frozen=True, slots=True)
class Seen:
    """Damage, in words, its place, and whether a second sign makes it certain."""

    message: Message
    box: Box
    is_certain: bool


def in_jpeg(pixels: Pixels, full_size: tuple[int, int], block: tuple[int, int], data: bytes) -> Seen | None:
    """Find damage in a decoded JPEG (rows, columns[, 3]) of that full size and coded blocks, (rows, columns) each."""
    rows, columns = full_size
    scale = pixels.shape[0] / rows
    grey = rows_missing(pixels, (GREY,))
    if grey is not None:
        return _missing(round(grey / scale), rows, columns, is_certain=scale == 1 and is_cut_off(pixels))
    height, width = block[0] * scale, block[1] * scale
    if not (height.is_integer() and width.is_integer()):
        return None
    found = staircase(pixels, int(height), int(width), FAINT)
    is_certain = found is not None and codes.are_impossible(data)
    if found is not None and not is_certain:
        found = staircase(pixels, int(height), int(width), PLAIN)
    if found is None:
        return None
    row, column = round(found.row / scale), round(found.column / scale)
    shifted = msg(
        "From row {row:,}, column {column:,} on the whole rest is shifted by {step:.0f} levels",
        row=row,
        column=column,
        step=abs(found.step),
    )
    message = (
        msg("{shifted}, and its codes are such as no encoder writes: bits of them have changed.", shifted=shifted)
        if is_certain
        else msg("{shifted}, as after a changed bit; it may as well be drawn so.", shifted=shifted)
    )
    return Seen(message, Box(left=0, top=row, width=columns, height=rows - row, what="damage"), is_certain)


def in_pixels(pixels: Pixels, *, is_raw: bool, is_cut: bool) -> Seen | None:
    """Find damage in an image of any other format; `is_cut` where a decoder has filled what is missing with black."""
    rows, columns = pixels.shape[:2]
    missing = rows_missing(pixels, (GREY, 0) if is_cut else (GREY,))
    if missing is not None:
        return _missing(missing, rows, columns, is_certain=is_cut_off(pixels))
    found = noise(pixels) if is_raw else None
    if found is None:
        return None
    box = Box(left=0, top=found.first, width=columns, height=found.last - found.first + 1, what="damage")
    rows_hold = msg("Rows {first:,} to {last:,} hold noise", first=found.first, last=found.last)
    if found.is_one_stretch:
        return Seen(
            msg("{rows_hold} that belongs to no image: their bytes have been overwritten.", rows_hold=rows_hold),
            box,
            is_certain=True,
        )
    return Seen(
        msg("{rows_hold}, as overwritten bytes do; it may as well be the image.", rows_hold=rows_hold),
        box,
        is_certain=False,
    )


def turned(found: Seen, turn: Callable[[npt.NDArray[Any]], npt.NDArray[Any]] | None, rows: int, columns: int) -> Seen:
    """Move a box in an image of (rows, columns) as stored to where it lies in the upright one; None: it is upright."""
    if turn is None:
        return found
    box = found.box
    top, left = round(box.top), round(box.left)
    mask = np.zeros((rows, columns), dtype=bool)
    mask[top : top + round(box.height), left : left + round(box.width)] = True
    upright = turn(mask)
    down, across = np.flatnonzero(upright.any(axis=1)), np.flatnonzero(upright.any(axis=0))
    moved = replace(
        box, left=int(across[0]), top=int(down[0]), width=int(np.ptp(across)) + 1, height=int(np.ptp(down)) + 1
    )
    return replace(found, box=moved)


def _missing(row: int, rows: int, columns: int, *, is_certain: bool) -> Seen:
    numbers = {"row": row, "rows": rows, "share": 1 - row / rows}
    message = (
        msg(
            "From row {row:,} of {rows:,} on there is only the even tone that decoders put where data are "
            "missing ({share:.0%} of the image).",
            **numbers,
        )
        if is_certain
        else msg(
            "From row {row:,} of {rows:,} on there is only an even tone ({share:.0%} of the image): a frame, or what "
            "decoders put where data are missing.",
            **numbers,
        )
    )
    return Seen(message, Box(left=0, top=row, width=columns, height=rows - row, what="damage"), is_certain)


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


def is_cut_off(pixels: Pixels) -> bool:
    """Say whether the even tone at the end begins further up, at a block in the middle of a row of blocks.

    Data end anywhere; what is drawn has straight edges, or paper above it. So the rows above the tone must hold it from
    some block to the right, and the image above those blocks must have the texture of a photo. Brightness is asked,
    since decoders smooth colours over the edges of blocks.
    """
    grey = luma(pixels).astype(np.int16)
    tone = np.abs(grey - int(grey[-1, -1])) <= GREY_TOLERANCE
    even_rows = tone.mean(axis=1) >= EVEN_SHARE
    first = len(grey) - int(np.argmin(even_rows[::-1])) if not even_rows.all() else 0
    if first % BLOCK_PX:
        return False
    for height in (BLOCK_PX, 2 * BLOCK_PX):
        top = first - height
        if top < BLOCK_PX:
            continue
        others = np.flatnonzero(tone[top:first].mean(axis=0) < EVEN_SHARE)
        begin = int(others[-1]) + 1 if others.size else 0
        has_room = begin > 0 and begin % BLOCK_PX == 0 and grey.shape[1] - begin >= BLOCK_PX
        if has_room and _is_textured(grey[top - BLOCK_PX : top, begin:]):
            return True
    return False


def _is_textured(grey: npt.NDArray[np.int16]) -> bool:
    steps = np.abs(np.diff(grey, axis=1))
    return bool((steps >= 2).mean() >= MIN_TEXTURE)


@dataclass(frozen=True, slots=True)
class Noise:
    """Rows that hold noise, first and last, and whether it is one stretch of the file and no rectangle."""

    first: int
    last: int
    is_one_stretch: bool


def noise(pixels: Pixels) -> Noise | None:
    """Find the longest run, in the order of the file, of pixels unrelated to their neighbours.

    Rows are stored downwards or, in most BMPs, upwards; the order in which the run is longer is believed.
    """
    rows, columns = pixels.shape[:2]
    runs = (columns - 1) // NOISE_RUN_PX
    if runs < 1 or rows < 2:
        return None
    noisy = np.concatenate([_noisy(pixels[part], runs) for part in _parts(rows, columns)])
    downwards, upwards = _longest(noisy.ravel()), _longest(noisy[::-1].ravel())
    first, last, second = max(downwards, upwards, key=lambda run: run[1] - run[0])
    if first == last:
        return None
    lines = slice(first // runs, (last - 1) // runs + 1)
    stored = pixels if (first, last, second) == downwards else pixels[::-1]
    within = slice(first - lines.start * runs, last - lines.start * runs)
    samples = stored[lines, : runs * NOISE_RUN_PX].reshape((lines.stop - lines.start) * runs, -1)[within].ravel()
    if samples.size < MIN_NOISE_BYTES or not _is_uniform(samples):
        return None
    is_one_stretch = second <= MAX_SECOND * (last - first) and (
        first % runs != 0
        or last % runs != 0
        or _goes_on(stored, lines.start - 1, _RIGHT)
        or _goes_on(stored, lines.stop, _LEFT)
        or _stops_short(stored[lines], runs * NOISE_RUN_PX)
    )
    top, bottom = lines.start, lines.stop - 1
    if stored is not pixels:
        top, bottom = rows - 1 - bottom, rows - 1 - top
    return Noise(top, bottom, is_one_stretch)


_LEFT, _RIGHT = slice(EDGE_PX), slice(-EDGE_PX, None)


def _goes_on(stored: Pixels, row: int, end: slice) -> bool:
    """Say whether there is noise at one end of a row, where it does not fill a run."""
    if not 0 <= row < len(stored):
        return False
    steps = np.diff(stored[row, end].astype(np.int16), axis=0)
    return bool(np.abs(steps).mean() > MIN_NOISE)


def _stops_short(lines: Pixels, width: int) -> bool:
    """Say whether the noise ends in the last row behind column `width`, where no whole run is left to tell."""
    if lines.shape[1] - width < EDGE_PX or len(lines) < 2:
        return False
    rest = np.abs(np.diff(lines[-2:, width:].astype(np.int16), axis=1)).reshape(2, -1).mean(axis=1)
    return bool(rest[0] > MIN_NOISE and rest[1] < MAX_QUIET)


def _longest(noisy: npt.NDArray[np.bool_]) -> tuple[int, int, int]:
    """Return the longest stretch of true values, (first, behind the last), and the length of the second longest."""
    edges = np.flatnonzero(np.diff(noisy, prepend=False, append=False))
    if not edges.size:
        return 0, 0, 0
    lengths = edges[1::2] - edges[::2]
    longest = int(lengths.argmax())
    others = np.delete(lengths, longest)
    return int(edges[2 * longest]), int(edges[2 * longest + 1]), int(others.max(initial=0))


def _parts(rows: int, columns: int) -> Iterator[slice]:
    at_once = max(1, _ROWS_AT_ONCE // columns)
    return (slice(first, first + at_once) for first in range(0, rows, at_once))


def _noisy(pixels: Pixels, runs: int) -> npt.NDArray[np.bool_]:
    """Say for each run of pixels, (rows, runs), whether their steps are as large as those of random bytes."""
    width = runs * NOISE_RUN_PX
    steps = np.asarray(cv2.absdiff(pixels[:, 1 : width + 1], pixels[:, :width]), dtype=np.uint8)
    means = steps.reshape(len(steps), runs, -1).mean(axis=2, dtype=np.float32)
    return np.asarray(means > MIN_NOISE)


def _is_uniform(samples: Pixels) -> bool:
    """Say whether all tones are equally frequent, as in random bytes and in no texture (chi-square over 16 bins)."""
    counts = np.bincount(samples >> 4, minlength=16)
    expected = samples.size / 16
    return float(((counts - expected) ** 2).sum() / expected) / 15 < MAX_UNEVEN
