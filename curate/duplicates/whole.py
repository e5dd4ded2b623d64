"""Two images as wholes: how nearly every pixel of one follows from the other, but for tone, sharpness and place.

Each tile is kept twice at half its side, less its mean and at length one: as it lies, and moved so that the centre of
what stands out from its border lies in the middle, which undoes a shift. The product of two such vectors is their
correlation. A smaller copy is softer than its original, so where a pair nearly correlates either is softened too.
"""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from curate.duplicates import search, tiles
from curate.duplicates.tiles import TILE_PX, Floats
from curate.storage import scratch

SIDE = TILE_PX // 2
SOFT = 0.85
"""Standard deviation, in pixels of half a tile, of the blur that makes an original as soft as a smaller copy."""
FURTHEST_PX = TILE_PX / 4
"""Distance from the middle up to which what stands out is moved there."""
NEARLY = 10.0
"""Times the distance allowed within which it is worth a try to soften either."""
IN_MEMORY = 20_000
"""Tiles that are kept in memory: 80 MiB."""
_AT_A_TIME = 1024
_SCALE = 32767
_ROUNDING = 1e-3
"""What the most that a pair can agree may be off by."""
Halves = npt.NDArray[np.int16]
Indices = npt.NDArray[np.intp]


class Distances(NamedTuple):
    """One less the correlation of each pair: as the tiles lie, and moved to the middle."""

    placed: Floats
    centred: Floats


class _Vectors:
    """Unit vectors of n tiles, 2 KiB each; of each how much softening changes it, and how long it is then."""

    def __init__(self, count: int) -> None:
        self.values = scratch.rows((count, SIDE**2), np.int16, IN_MEMORY)
        self.softening = np.empty((count, 2), np.float32)

    def add(self, rows: Indices, pixels: Floats) -> None:
        vectors = _stored(pixels)
        units = _lengthened(vectors)
        soft = _blurred(units)
        change = units - soft
        change -= change.mean(axis=1, keepdims=True)
        self.values[rows] = vectors
        self.softening[rows] = np.stack([np.sqrt(np.einsum("nx,nx->n", side, side)) for side in (change, soft)], axis=1)

    def put(self, rows: Indices, others: "_Vectors") -> None:
        self.values[rows] = others.values[np.arange(len(rows))]
        self.softening[rows] = others.softening

    def of(self, rows: Indices) -> Floats:
        return _lengthened(self.values[rows])

    def most(self, agreement: Floats, left: Indices, right: Indices) -> Floats:
        """Return the most that pairs which agree so far can agree once either is softened.

        For vectors a and b, and a soft one s: s b = a b - (a - s) b, and (a - s) b is at most as long as a - s is.
        """
        ours, theirs = (
            (agreement + self.softening[rows, 0]) / np.maximum(self.softening[rows, 1], 1e-6) for rows in (left, right)
        )
        return np.asarray(np.maximum(ours, theirs), dtype=np.float32)


class Wholes:
    """Vectors of n tiles, 4 KiB each."""

    def __init__(self, count: int) -> None:
        self._placed, self._centred = _Vectors(count), _Vectors(count)

    def add(self, rows: Indices, pixels: Floats) -> None:
        """Store the vectors of (n, 64, 64) grey tiles in these rows."""
        self._placed.add(rows, pixels)
        self._centred.add(rows, centred(pixels))

    def put(self, rows: Indices, others: "Wholes") -> None:
        """Store vectors made elsewhere in these rows."""
        self._placed.put(rows, others._placed)
        self._centred.put(rows, others._centred)

    def surroundings(self, rows: Indices, others: Indices, rank: int) -> Distances:
        """Return how far the `rank`th nearest of the `others` is from each row, itself left out."""
        found = Distances(np.empty(len(rows), np.float32), np.empty(len(rows), np.float32))
        for vectors, furthest in zip((self._placed, self._centred), found, strict=True):
            theirs = vectors.of(others)
            for start in range(0, len(rows), _AT_A_TIME):
                part = rows[start : start + _AT_A_TIME]
                agreement = tiles.products(vectors.of(part), theirs)
                agreement[part[:, None] == others] = -1
                furthest[start : start + _AT_A_TIME] = 1 - np.partition(agreement, -rank, axis=1)[:, -rank]
        return found

    def nearest(self, rows: Indices, count: int) -> tuple[Indices, Indices]:
        """Pair each row with the `count` nearest others, once what stands out is moved to the middle: (left, right)."""
        import faiss

        vectors = self._centred.of(rows)
        index = faiss.IndexFlatIP(SIDE**2)
        index.add(vectors)
        found = search.nearest(index, vectors, min(count + 1, len(rows)))[1]
        left, right = rows[np.repeat(np.arange(len(rows)), found.shape[1])], rows[found.ravel()]
        pairs = np.unique(np.stack([np.minimum(left, right), np.maximum(left, right)])[:, left != right], axis=1)
        return pairs[0], pairs[1]

    def distances(
        self,
        left: Indices,
        right: Indices,
        transform: str | None = None,
        worth: tuple[float, float] = (0.0, 0.0),
        *,
        furthest: float = np.inf,
    ) -> Distances:
        """Compare tile `left[k]` with tile `right[k]`, transformed; soften what may come within `worth` by it.

        Distances beyond `furthest` need not be exact: a pair that softening cannot bring nearer is left as it is.
        """
        both = (self._placed, worth[0]), (self._centred, worth[1])
        return Distances(*(_distances(vectors, left, right, transform, limit, furthest) for vectors, limit in both))


def centred(pixels: Floats) -> Floats:
    """Move what stands out from the border of each tile to its middle, unless much of it would be moved out of view."""
    border = np.concatenate([pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1]], axis=1)
    weight = np.abs(pixels - np.median(border, axis=1)[:, None, None])
    across, down = weight.sum(axis=1), weight.sum(axis=2)
    total = np.maximum(across.sum(axis=1), 1e-6)
    at, middle = np.arange(TILE_PX, dtype=np.float32), (TILE_PX - 1) / 2
    shifts = np.stack([middle - np.einsum("nx,x->n", side, at) / total for side in (across, down)], axis=1)
    result = np.array(pixels, dtype=np.float32)
    size = TILE_PX, TILE_PX
    for index in np.flatnonzero((np.abs(shifts) <= FURTHEST_PX).all(axis=1)):
        move = np.array([[1, 0, shifts[index, 0]], [0, 1, shifts[index, 1]]], dtype=np.float32)
        cv2.warpAffine(
            pixels[index], move, size, dst=result[index], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
    return result


def _stored(pixels: Floats) -> Halves:
    rows = pixels[:, ::2] + pixels[:, 1::2]
    small = np.asarray((rows[:, :, ::2] + rows[:, :, 1::2]) / 4, dtype=np.float32)
    return np.asarray(np.rint(_unit(small.reshape(len(pixels), SIDE**2)) * _SCALE), dtype=np.int16)


def _unit(vectors: Floats) -> Floats:
    vectors = vectors - vectors.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.einsum("nx,nx->n", vectors, vectors))
    return np.asarray(vectors / np.maximum(lengths, 1e-6)[:, None], dtype=np.float32)


def _distances(
    vectors: _Vectors, left: Indices, right: Indices, transform: str | None, limit: float, furthest: float
) -> Floats:
    found = np.empty(len(left), np.float32)
    for start in range(0, len(left), _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        a, b = vectors.of(left[part]), vectors.of(right[part])
        if transform is not None:
            b = tiles.transformed(b.reshape(-1, SIDE, SIDE), transform).reshape(len(b), -1)
        agreement = np.einsum("nx,nx->n", a, b)
        most = vectors.most(agreement, left[part], right[part])
        near = np.flatnonzero((1 - agreement <= NEARLY * limit) & (limit > 0) & (1 - most <= furthest + _ROUNDING))
        ours, theirs = a[near], b[near]
        softer = np.einsum("nx,nx->n", _softened(ours), theirs), np.einsum("nx,nx->n", ours, _softened(theirs))
        agreement[near] = np.maximum(agreement[near], np.maximum(*softer))
        found[part] = 1 - agreement
    return found


def _lengthened(vectors: Halves) -> Floats:
    """Return unit vectors; rounding made them a little longer or shorter, which is more than copies may differ by."""
    found = vectors.astype(np.float32)
    lengths = np.sqrt(np.einsum("nx,nx->n", found, found))
    return np.asarray(found / np.maximum(lengths, 1)[:, None], dtype=np.float32)


def _softened(vectors: Floats) -> Floats:
    return _unit(_blurred(vectors))


def _blurred(vectors: Floats) -> Floats:
    """Blur, and take the mean away."""
    soft = np.empty((len(vectors), SIDE, SIDE), np.float32)
    for vector, blurred in zip(vectors.reshape(-1, SIDE, SIDE), soft, strict=True):
        cv2.GaussianBlur(vector, (0, 0), SOFT, dst=blurred)
    flat = soft.reshape(len(vectors), SIDE**2)
    return np.asarray(flat - flat.mean(axis=1, keepdims=True), dtype=np.float32)
