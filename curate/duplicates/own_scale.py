"""Small images at their own resolution: how alike two are once one is moved by up to a pixel.

Of 8 or 28 pixels a shift by one is much of the image: neither do the blocks of a tile lie on one another, nor do hashes
agree. A tile shrunk to the size that the smaller image of a pair had is that image again, and nine placements are few
enough to try. What a pair must be within follows from a sample of strangers compared in the same way, at the same size.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from curate.duplicates import strangers, tiles
from curate.duplicates.tiles import TILE_PX, Floats
from curate.storage import blobs

SMALL_PX = 32
"""Shorter side up to which a shift by one pixel shows in a tile."""
LEAST_PX = 6
"""Side below which moving an image leaves too little of it to compare."""
SHIFTS = tuple(itertools.product((-1, 0, 1), repeat=2))
"""(right, down), in pixels."""
SOFT = 0.5
"""Standard deviation, in pixels, of the blur that makes an original as soft as a copy resized to this scale."""
_AT_A_TIME = 4096
Indices = npt.NDArray[np.intp]


class OwnScale:
    """Distances of pairs at the size of the smaller of the two, and the distance within which strangers hardly come."""

    def __init__(self, tile: blobs.Blobs, sides: npt.NDArray[np.int64], sample: Indices, images: int) -> None:
        """Prepare to compare rows of a column of tiles, `sides` being their shorter sides in pixels.

        `sample` holds the rows of strangers, from among so many `images`.
        """
        self._tile = tile
        self._sides = np.clip(sides, LEAST_PX, SMALL_PX)
        self._sample, self._images = sample, images
        self._bounds: dict[int, float] = {}

    def within_bounds(self, left: Indices, right: Indices, transform: str | None) -> npt.NDArray[np.bool_]:
        """Return whether row `left[k]` and row `right[k]`, transformed, are nearer than strangers come."""
        sides = np.minimum(self._sides[left], self._sides[right])
        found = np.zeros(len(left), dtype=bool)
        for side in np.unique(sides).tolist():
            chosen = np.flatnonzero(sides == side)
            for start in range(0, len(chosen), _AT_A_TIME):
                some = chosen[start : start + _AT_A_TIME]
                rows, at = np.unique([left[some], right[some]], return_inverse=True)
                ours, theirs = at.reshape(2, -1)
                images = self._images_of(rows, side)
                moved = images if transform is None else tiles.transformed(images, transform)
                found[some] = distances(images[ours], moved[theirs]) < self._bound(side)
        return found

    def _bound(self, side: int) -> float:
        if side not in self._bounds:
            apart = distances_of_all(self._images_of(self._sample, side))
            self._bounds[side] = min(strangers.bound(apart, self._images), 1 - strangers.MOST_ALIKE)
        return self._bounds[side]

    def _images_of(self, rows: Indices, side: int) -> Floats:
        pixels = blobs.matrix(self._tile, rows).reshape(-1, TILE_PX, TILE_PX).astype(np.float32)
        return np.stack([cv2.resize(tile, (side, side), interpolation=cv2.INTER_AREA) for tile in pixels])


def distances(ours: Floats, theirs: Floats) -> Floats:
    """Return (n,) one less the correlation of images (n, side, side), of each pair as it is best placed."""
    best = np.full(len(ours), -1, np.float32)
    for a, b in _placed(ours, theirs):
        np.maximum(best, np.einsum("nx,nx->n", a, b), out=best)
    return 1 - best


def distances_of_all(images: Floats) -> Floats:
    """Return the distances of all pairs of images (n, side, side), as a row."""
    best = np.full((len(images), len(images)), -1, np.float32)
    for a, b in _placed(images, images):
        np.maximum(best, tiles.products(a, b), out=best)
    return 1 - best[np.triu_indices(len(images), 1)]


def _placed(ours: Floats, theirs: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield, for every shift, what the two then share of the view as unit vectors: as they are, and either softened."""
    for a, b in ((ours, theirs), (_softened(ours), theirs), (ours, _softened(theirs))):
        for right, down in SHIFTS:
            yield _window(a, right, down), _window(b, -right, -down)


def _softened(images: Floats) -> Floats:
    return np.stack([cv2.GaussianBlur(image, (3, 3), SOFT) for image in images])


def _window(images: Floats, right: int, down: int) -> Floats:
    rows, columns = (slice(max(by, 0), images.shape[1] + min(by, 0)) for by in (down, right))
    part = images[:, rows, columns].reshape(len(images), -1)
    part = part - part.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.einsum("nx,nx->n", part, part))
    return np.asarray(part / np.maximum(lengths, 1e-6)[:, None], dtype=np.float32)
