"""Crops to nine tenths and borders: one image is a window of another, which its blocks do not lie on.

A hash sees a crop as another image, but not as another window. The pHash of every likely window of a tile follows from
the tile by two small matrices, so each image is looked for among the windows of all others. What is found is laid on
the window (ECC: Evangelidis and Psarakis, IEEE Transactions on Pattern Analysis and Machine Intelligence 2008), and
the blocks of both are compared as those of any copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from curate.duplicates import hamming, kinds, portraits, tiles
from curate.duplicates.candidates import between
from curate.duplicates.groups import Match
from curate.duplicates.hamming import Hashes, Pairs
from curate.duplicates.portraits import Region
from curate.duplicates.tiles import TILE_PX, Floats
from curate.storage import blobs

_SLACK = 0.1
WINDOWS = (
    *((left, top, 1 - _SLACK) for left in (0, _SLACK / 2, _SLACK) for top in (0, _SLACK / 2, _SLACK)),
    (0.03, 0.03, 0.94),
)
"""(left, top, side) as shares of an image: crops to nine tenths, wherever they lie, and what stands in a border."""
DISTANCE = 8
"""Hash bits (of 64) that may differ between an image and the window of another."""
COARSE_PX = TILE_PX // 2
ITERATIONS, ENOUGH = 25, 1e-3
"""Steps of aligning, and the growth of the correlation that makes no other worth while: first at half the size."""
BLUR_PX = 3
LEAST_CORRELATION = 0.94
"""Correlation below which aligning has failed, at either size."""
LEAST_ALIKE, LEAST_ALIKE_ON_PLAIN_GROUND, LEAST_TEXTURED = 0.75, 0.9, 12
"""Share of the textured blocks that must agree once one lies on the other, and how many of them there must be."""
MOST_SKEW, LEAST_SIDE, MOST_SHARE = 0.06, 0.8, 0.97
"""How far a window may be slanted, how narrow it may be, and the share of the larger image that is no part of it."""
FLAT, MOSTLY = 6.0, 0.8
"""Grey levels within which so much of a border is."""
_SPECTRUM_PX = 32
Indices = npt.NDArray[np.intp]
_AT_A_TIME = 1024


@dataclass(frozen=True, slots=True)
class Part:
    """What shows that one image is a window of another: see `Match`; `share` is that of the window in the larger image.

    `is_framed` says that the rest of the larger one is a border: plain, and all round or of another tone than what is
    in it.
    """

    agreement: float
    correlation: float
    share: float
    is_framed: bool


def matches(
    tile: Any, rows: Indices, phashes: Hashes, faces: Callable[[int], Sequence[Region]]
) -> Iterator[tuple[int, int, Match, Match]]:
    """Yield (inner, outer, what the outer is to the inner, and the other way round) for windows among these rows.

    `tile` is the column of tiles, `phashes` (n,) are those of the rows; `faces` says where a row shows any.
    """

    def pixels_of(some: Indices) -> Floats:
        return blobs.matrix(tile, some).reshape(-1, TILE_PX, TILE_PX).astype(np.float32)

    chunks = (rows[at : at + _AT_A_TIME] for at in range(0, len(rows), _AT_A_TIME))
    (inner, outer, bits), windows = candidates(phashes, (pixels_of(some) for some in chunks))
    for a, b, apart, window in zip(rows[inner], rows[outer], bits.tolist(), windows.tolist(), strict=True):
        ours, theirs = pixels_of(np.array([a, b]))
        found = part(ours, theirs, window, faces(int(a)))
        if found is not None:
            match = Match(
                kind=kinds.EDITED if found.is_framed else kinds.CROPPED,
                agreement=found.agreement,
                correlation=found.correlation,
                distance=apart,
                is_framed=found.is_framed,
            )
            yield int(a), int(b), match, replace(match, share=found.share)


def candidates(phashes: Hashes, pixels: Iterator[Floats]) -> tuple[Pairs, Indices]:
    """Find images that look like a window of another: pairs (inner, outer, bits) of rows, and which of `WINDOWS`.

    `pixels` yields the tiles of all rows in order, (n, 64, 64) at a time. Of several windows of a pair the nearest
    counts.
    """
    hashes = np.concatenate([of_windows(part) for part in pixels]).reshape(-1)
    inner, found, bits = between(phashes, hashes, DISTANCE)
    outer, window = found // len(WINDOWS), found % len(WINDOWS)
    order = np.lexsort((bits, outer, inner))
    order = order[inner[order] != outer[order]]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(inner[order]) != 0) | (np.diff(outer[order]) != 0)
    chosen = order[first]
    return (inner[chosen], outer[chosen], bits[chosen]), window[chosen]


def of_windows(pixels: Floats) -> Hashes:
    """Compute the pHash of every window of (n, 64, 64) tiles: (n, windows)."""
    starts = sorted({(at, side) for left, top, side in WINDOWS for at in (left, top)})
    operator = np.concatenate([_frequencies(at, side) for at, side in starts])
    across = tiles.products(pixels.reshape(-1, TILE_PX), operator).reshape(len(pixels), TILE_PX, -1)
    turned = np.ascontiguousarray(across.transpose(0, 2, 1)).reshape(-1, TILE_PX)
    both = tiles.products(turned, operator).reshape(len(pixels), len(starts), 8, len(starts), 8)  # across, then down
    chosen = [both[:, starts.index((left, side)), :, starts.index((top, side))] for left, top, side in WINDOWS]
    spectra = np.stack(chosen, axis=1).transpose(0, 1, 3, 2).reshape(-1, 64)
    middle = np.partition(spectra, (31, 32), axis=1)[:, 31:33]
    above = 2 * spectra > middle.sum(axis=1, keepdims=True)
    return hamming.unpack(np.packbits(above, axis=1)).reshape(len(pixels), len(WINDOWS))


def part(inner: Floats, outer: Floats, window: int, faces: Sequence[Region] = ()) -> Part | None:
    """Lay a tile, which shows `faces`, on that window of another; None unless what they share is the same image."""
    laid = _aligned(inner, outer, window)
    if laid is None:
        return None
    move, correlation = laid
    cut = cv2.warpAffine(
        outer, move, (TILE_PX, TILE_PX), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    both = np.stack([inner, np.asarray(cut, np.float32)])
    found = tiles.compare(tiles.prepare(both), np.array([0]), np.array([1]))
    share = float(abs(np.linalg.det(move[:, :2])))
    outside = _outside(move)
    rest = outer[outside]
    is_plain = bool(rest.size) and float(np.quantile(np.abs(rest - np.median(rest)), MOSTLY)) <= FLAT
    edge = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]])
    # What lies on a plain ground may be cut out of it in many ways: only a frame that differs from it is one.
    is_ground = is_plain and float(np.median(np.abs(edge - np.median(rest)))) < tiles.FRAME_STEP
    least = LEAST_ALIKE_ON_PLAIN_GROUND if is_ground else LEAST_ALIKE
    is_copy = found.textured[0] >= LEAST_TEXTURED and found.alike[0] >= least and share <= MOST_SHARE
    if not is_copy or not portraits.agree(both[0], both[1], faces):
        return None
    return Part(float(found.alike[0]), correlation, share, is_plain and (not is_ground or _surrounds(outside)))


def _aligned(inner: Floats, outer: Floats, window: int) -> tuple[Floats, float] | None:
    """Return the affine transform of the inner tile's pixels to the outer's, and the correlation once it is applied."""
    left, top, side = WINDOWS[window]
    move = np.array([[side, 0, left * COARSE_PX], [0, side, top * COARSE_PX]], dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, ITERATIONS, ENOUGH)
    correlation = 0.0
    try:
        for size in (COARSE_PX, TILE_PX):
            a, b = (cv2.resize(tile, (size, size), interpolation=cv2.INTER_AREA) for tile in (inner, outer))
            everywhere = np.ones((size, size), np.uint8)
            move[:, 2] *= size / COARSE_PX
            correlation, found = cv2.findTransformECC(a, b, move, cv2.MOTION_AFFINE, stop, everywhere, BLUR_PX)
            move = np.asarray(found, dtype=np.float32)
            if correlation < LEAST_CORRELATION:
                return None
    except cv2.error:  # it does not converge
        return None
    skew, sides = np.abs(move[[0, 1], [1, 0]]).max(), move[[0, 1], [0, 1]]
    is_window = skew <= MOST_SKEW and sides.min() >= LEAST_SIDE and sides.max() <= 1
    return (move, float(correlation)) if is_window else None


def _outside(move: Floats) -> npt.NDArray[np.bool_]:
    """Return which of the outermost pixels of a tile lie outside of the window: further in, a border is blurred."""
    whole = np.full((TILE_PX, TILE_PX), 255, np.uint8)
    outside = np.asarray(cv2.warpAffine(whole, move, (TILE_PX, TILE_PX), flags=cv2.INTER_NEAREST) == 0, dtype=bool)
    outside[1:-1, 1:-1] = False
    return outside


def _surrounds(outside: npt.NDArray[np.bool_]) -> bool:
    """Return whether there is something outside of the window on all four sides."""
    return all(side[1:-1].mean() > MOSTLY for side in (outside[0], outside[-1], outside[:, 0], outside[:, -1]))


def _frequencies(start: float, side: float) -> Floats:
    """Return (8, 64): the lowest frequencies of a window of a row of a tile, averaged to 32 samples."""
    edges = (start + side * np.arange(_SPECTRUM_PX + 1) / _SPECTRUM_PX) * TILE_PX
    at = np.arange(TILE_PX)
    covered = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
    averaged = np.maximum(covered, 0) / (edges[1] - edges[0])
    waves = 2 * np.cos(np.pi * np.outer(np.arange(8), np.arange(0.5, _SPECTRUM_PX)) / _SPECTRUM_PX)
    return np.asarray(waves @ averaged, dtype=np.float32)
