"""The verdict on pixels: whether two images with near hashes are the same image, and what has changed.

Two 64 x 64 grey tiles are compared block by block. A copy agrees with its original in nearly every block that
has any texture, whatever was done to brightness, size or compression; a watermark or a caption spoils only
the blocks it covers. Images that merely look alike (a motorbike on white, an aeroplane in the sky) agree in
their outline and in few blocks. Burnt-out blocks have no say, unless what is burnt in one is dark in the other, which
no light explains; nor have the edges of a frame that both images stand in: every image in such a frame has them.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from curate.duplicates.hamming import popcount
from curate.i18n import N_

TILE_PX = 64
BLOCK_PX = 8
SMOOTHING = 1.0
"""Standard deviation, in tile pixels, of the blur that makes a quarter-size copy as sharp as its original."""
TEXTURE = 5.0
"""Standard deviation of grey levels from which on a block has texture."""
BURNT = 250
BURNT_PX = BLOCK_PX**2 // 4
"""Grey level from which on a pixel is burnt, and how many of them make a burnt block: more than these."""
DARK = 128
"""Grey level below which a pixel is none that more light would have burnt."""
FRAME_SPREAD, FRAME_STEP, FRAME_LENGTH = 12.0, 24.0, 0.6
"""Grey levels within which a frame is plain and beyond which its inner edge is a step, and how long that must be."""
_AT_A_TIME = 32
TONE_STEP = 8.0
ALIKE, CLOSE = 0.95, 0.9
"""Correlation of two blocks that are the same, and of two that may be."""

Floats = npt.NDArray[np.float32]

TRANSFORMS = {
    N_("mirrored"): (True, 0),
    N_("turned by 90 degrees"): (False, 1),
    N_("turned by 180 degrees"): (False, 2),
    N_("turned by 270 degrees"): (False, 3),
    N_("mirrored top to bottom"): (True, 2),
    N_("mirrored and turned by 90 degrees"): (True, 1),
    N_("mirrored and turned by 270 degrees"): (True, 3),
}
"""Every way an image can lie but the upright one, as (mirrored left to right?, then quarter turns clockwise)."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a comparison needs of each of n tiles: (n, blocks) but for `centred`, (n, blocks, pixels of a block).

    `burnt` and `dark` have a bit for every pixel of a block.
    """

    centred: Floats
    mean: Floats
    spread: Floats
    burnt: npt.NDArray[np.uint64]
    dark: npt.NDArray[np.uint64]
    frame: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One entry per pair.

    `correlation` of the whole tiles; `textured` blocks; `alike` and `close`, the shares of these that agree well
    and fairly; `closeness`, the median correlation of the fair ones; `gain` and `offset` that turn b into a
    (grey levels).
    """

    correlation: Floats
    textured: npt.NDArray[np.int64]
    alike: Floats
    close: Floats
    closeness: Floats
    gain: Floats
    offset: Floats


def transformed(tiles: Floats, transform: str) -> Floats:
    """Apply a transform to (n, side, side) tiles."""
    mirrored, quarters = TRANSFORMS[transform]
    tiles = tiles[:, :, ::-1] if mirrored else tiles
    return np.ascontiguousarray(np.rot90(tiles, -quarters, axes=(1, 2)))


def prepare(tiles: Floats) -> Prepared:
    """Compute what comparing needs of (n, 64, 64) grey tiles, 0..255, before it is known what with."""
    blocks = _blocks(_smooth(tiles))
    mean = blocks.mean(axis=2)
    burnt, dark = (np.packbits(side, axis=2).view(np.uint64)[:, :, 0] for side in (blocks >= BURNT, blocks < DARK))
    blocks -= mean[:, :, None]
    spread = np.sqrt(np.einsum("nbx,nbx->nb", blocks, blocks) / BLOCK_PX**2)
    return Prepared(blocks, mean, spread, burnt, dark, _frame_blocks(tiles))


def compare(tiles: Prepared, left: npt.NDArray[np.intp], right: npt.NDArray[np.intp]) -> Comparison:
    """Compare tile `left[k]` with tile `right[k]`, for every k."""
    mean_a, mean_b = tiles.mean[left], tiles.mean[right]
    spread_a, spread_b = tiles.spread[left], tiles.spread[right]
    covariance = _covariance(tiles.centred, left, right)
    alike = covariance / np.maximum(spread_a * spread_b, 1e-3)
    burnt_a, burnt_b = tiles.burnt[left], tiles.burnt[right]
    burnt = popcount(burnt_a | burnt_b) > BURNT_PX
    opposed = popcount((burnt_a & tiles.dark[right]) | (burnt_b & tiles.dark[left])) > BURNT_PX
    frame = tiles.frame[left] & tiles.frame[right]
    textured = ((np.maximum(spread_a, spread_b) > TEXTURE) & ~burnt | opposed) & ~frame
    count = np.maximum(textured.sum(axis=1), 1)
    close = textured & (alike > CLOSE)
    ratio = np.asarray(spread_a / np.maximum(spread_b, 1e-3), dtype=np.float32)
    gain = np.where(close.any(axis=1), _median(ratio, close), np.float32(1))
    offset = _median(np.asarray(mean_a - gain[:, None] * mean_b, dtype=np.float32), close)
    whole_a, whole_b = mean_a.mean(axis=1), mean_b.mean(axis=1)
    all_a, all_b = _deviation(mean_a, spread_a), _deviation(mean_b, spread_b)
    between = ((mean_a - whole_a[:, None]) * (mean_b - whole_b[:, None])).mean(axis=1)
    sure = close.sum(axis=1) >= 2
    overall = np.maximum(all_a / np.maximum(all_b, 1e-3), 1e-3)
    return Comparison(
        correlation=(covariance.mean(axis=1) + between) / np.maximum(all_a * all_b, 1e-3),
        textured=textured.sum(axis=1),
        alike=((textured & (alike > ALIKE)).sum(axis=1) / count).astype(np.float32),
        close=(close.sum(axis=1) / count).astype(np.float32),
        closeness=_median(alike, close).astype(np.float32),
        gain=np.where(sure, gain, overall).astype(np.float32),
        offset=np.where(sure, offset, whole_a - overall * whole_b).astype(np.float32),
    )


def products(ours: Floats, theirs: Floats) -> Floats:
    """Multiply (n, size) by (m, size) vectors, each with each; the library that numpy calls would start threads."""
    nothing = np.empty((0, 0), np.float32)
    return np.asarray(cv2.gemm(ours, theirs, 1.0, nothing, 0.0, flags=cv2.GEMM_2_T), dtype=np.float32)


def _covariance(centred: Floats, left: npt.NDArray[np.intp], right: npt.NDArray[np.intp]) -> Floats:
    """Return (pairs, blocks) covariances; few pairs at a time, so that their pixels stay in the processor's cache."""
    found = np.empty((len(left), centred.shape[1]), dtype=np.float32)
    for start in range(0, len(left), _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        np.einsum("nbx,nbx->nb", centred[left[part]], centred[right[part]], out=found[part])
    found /= BLOCK_PX**2
    return found


def _deviation(mean: Floats, spread: Floats) -> Floats:
    """Return standard deviation of whole tiles from the means and spreads of their blocks."""
    return np.asarray(np.sqrt(mean.var(axis=1) + (spread**2).mean(axis=1)), dtype=np.float32)


def _frame_blocks(tiles: Floats) -> npt.NDArray[np.bool_]:
    """Return (n, blocks): those that an inner edge of a plain frame runs through."""
    per_side = TILE_PX // BLOCK_PX
    found = np.zeros((len(tiles), per_side, per_side), dtype=bool)
    for quarter in range(4):
        rotated, view = np.rot90(tiles, quarter, axes=(1, 2)), np.rot90(found, quarter, axes=(1, 2))
        plain = np.flatnonzero(np.ptp(rotated[:, 0], axis=1) < FRAME_SPREAD)
        depths = _frame_depth(rotated[plain])
        for index, depth in zip(plain[depths > 0], depths[depths > 0], strict=True):
            view[index, (depth - 1) // BLOCK_PX] = view[index, depth // BLOCK_PX] = True
    return found.reshape(len(tiles), -1)


def _frame_depth(tiles: Floats) -> npt.NDArray[np.intp]:
    """Return (n,) rows of a plain band at the top that ends in a step all along; 0 where there is none."""
    plain = (tiles.max(axis=2) - tiles.min(axis=2) < FRAME_SPREAD) & (
        np.abs(tiles.mean(axis=2) - tiles[:, :1].mean(axis=2)) < FRAME_SPREAD
    )
    depth = np.where(plain.all(axis=1), 0, np.argmin(plain, axis=1))
    after = tiles[np.arange(len(tiles)), np.minimum(depth + 1, TILE_PX - 1)]
    step = np.abs(after - tiles[:, 0]) > FRAME_STEP
    return np.where((depth > 0) & (step.mean(axis=1) > FRAME_LENGTH), depth, 0)


def _smooth(tiles: Floats) -> Floats:
    """Blur each tile a little, so that a shift by part of a pixel matters less."""
    smooth = np.empty_like(tiles)
    for tile, smoothed in zip(tiles, smooth, strict=True):
        cv2.GaussianBlur(tile, (0, 0), SMOOTHING, dst=smoothed)
    return smooth


def _blocks(tiles: Floats) -> Floats:
    """Cut tiles into (n, blocks, pixels of a block)."""
    per_side = TILE_PX // BLOCK_PX
    fours = tiles.view(np.complex128)  # four pixels as one number move at twice the speed
    cut = fours.reshape(-1, per_side, BLOCK_PX, per_side, BLOCK_PX // 4).transpose(0, 1, 3, 2, 4)
    return np.ascontiguousarray(cut).view(np.float32).reshape(len(tiles), per_side**2, BLOCK_PX**2)


def _median(values: Floats, chosen: npt.NDArray[np.bool_]) -> Floats:
    """Return per row the median of the chosen values; 0 where none is chosen."""
    ranked = np.sort(np.where(chosen, values, np.inf), axis=1)
    count = chosen.sum(axis=1)
    middle = np.take_along_axis(ranked, np.maximum(count - 1, 0)[:, None] // 2, axis=1)[:, 0]
    return np.where(count > 0, middle, 0.0).astype(np.float32)


def residual(a: Floats, b: Floats, gain: float, offset: float) -> float:
    """Return the largest 5 x 5 mean difference, in grey levels, of two tiles that brightness and tone do not explain.

    `b` is brightened by gain and offset as far as an image can be, or `a` the other way, or a tone curve is put
    on either: whichever fits best. Burnt colours, gamma and contrast are tone curves; a caption is none.
    """
    a, b = _smooth(a[None])[0], _smooth(b[None])[0]
    brightened = np.clip(gain * b + offset, 0, 255), np.clip((a - offset) / max(gain, 1e-3), 0, 255)
    straight = min(_largest(a - brightened[0]), _largest(b - brightened[1]))
    return min(straight, _largest(a - _curve(b, a)), _largest(b - _curve(a, b)))


_APART = 1024.0
"""More than any grey level, blurred or brightened."""


def _curve(source: Floats, target: Floats) -> Floats:
    """Map `source` through the curve of the median `target` at each of its tones."""
    tones = np.clip(source / TONE_STEP, 0, 255 / TONE_STEP).astype(np.intp).ravel()
    counts = np.bincount(tones)
    known = np.flatnonzero(counts)
    # One sort brings every tone together and the targets of each in order; their medians stand in the middle.
    ranked = np.sort(tones * _APART + target.ravel().astype(np.float64))
    first = np.cumsum(counts)[known] - counts[known]
    middle = (ranked[first + (counts[known] - 1) // 2] + ranked[first + counts[known] // 2]) / 2
    levels = middle - known * _APART
    return np.asarray(np.interp(source, (known + 0.5) * TONE_STEP, levels), dtype=np.float32)


def _largest(difference: Floats) -> float:
    return float(cv2.blur(np.abs(difference).astype(np.float32), (5, 5)).max())
