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
_PAIRS_AT_A_TIME = 256
"""Pairs in hand at a time: with what is worked out of them some 10 MiB."""
_SCALE = 32767
_ROUNDING = 1e-3
"""What the most that a pair can agree may be off by."""
Halves = npt.NDArray[np.int16]
Indices = npt.NDArray[np.intp]


class Distances(NamedTuple):
    """One less the correlation of each pair: as the tiles lie, and moved to the middle."""

    placed: Floats
    centred: Floats


class _Vectors(NamedTuple):
    """Unit vectors (n, pixels): as the tiles lie, and moved to the middle."""

    placed: Floats
    centred: Floats


class Wholes:
    """Unit vectors of n tiles, two of 2 KiB each; of each how much softening changes it, and how long it is then."""

    def __init__(self, count: int) -> None:
        self._values = scratch.rows((count, 2, SIDE**2), np.int16, IN_MEMORY)
        """(tiles, placed and centred, pixels)."""
        self._softening = np.empty((count, 2, 2), np.float32)
        """(tiles, placed and centred, change and length)."""

    def add(self, rows: Indices, pixels: Floats) -> None:
        """Store the vectors of (n, 64, 64) grey tiles in these rows."""
        vectors = [_stored(pixels), _stored(centred(pixels))]
        self._values[rows] = np.stack(vectors, axis=1)
        self._softening[rows] = np.stack([_softening(_lengthened(side)) for side in vectors], axis=1)

    def put(self, rows: Indices, others: "Wholes") -> None:
        """Store vectors made elsewhere in these rows."""
        self._values[rows] = others._values[np.arange(len(rows))]
        self._softening[rows] = others._softening

    def _of(self, rows: Indices) -> _Vectors:
        values = self._values[rows]
        return _Vectors(*(_lengthened(values[:, side]) for side in range(2)))

    def surroundings(self, rows: Indices, others: Indices, rank: int) -> Distances:
        """Return how far the `rank`th nearest of the `others` is from each row, itself left out."""
        found = Distances(np.empty(len(rows), np.float32), np.empty(len(rows), np.float32))
        theirs = self._of(others)
        for start in range(0, len(rows), _AT_A_TIME):
            part = rows[start : start + _AT_A_TIME]
            for ours, there, furthest in zip(self._of(part), theirs, found, strict=True):
                agreement = tiles.products(ours, there)
                agreement[part[:, None] == others] = -1
                furthest[start : start + _AT_A_TIME] = 1 - np.partition(agreement, -rank, axis=1)[:, -rank]
        return found

    def nearest(self, rows: Indices, count: int) -> tuple[Indices, Indices]:
        """Pair each row with the `count` nearest others, once what stands out is moved to the middle: (left, right)."""
        import faiss

        parts = [rows[at : at + _AT_A_TIME] for at in range(0, len(rows), _AT_A_TIME)]
        vectors = np.concatenate([self._of(part).centred for part in parts])
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
        found = Distances(np.empty(len(left), np.float32), np.empty(len(left), np.float32))
        for start in range(0, len(left), _PAIRS_AT_A_TIME):
            part = slice(start, start + _PAIRS_AT_A_TIME)
            ours, theirs = self._of(left[part]), self._of(right[part])
            for side, limit in enumerate(worth):
                softening = self._softening[left[part], side], self._softening[right[part], side]
                found[side][part] = _apart(ours[side], theirs[side], transform, softening, (limit, furthest))
        return found


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


def _apart(
    ours: Floats, theirs: Floats, transform: str | None, softening: tuple[Floats, Floats], limits: tuple[float, float]
) -> Floats:
    """Return how far unit vectors are apart: those that softening may bring within the first limit are softened.

    Those that it cannot bring within the second are left as they are.
    """
    limit, furthest = limits
    if transform is not None:
        theirs = tiles.transformed(theirs.reshape(-1, SIDE, SIDE), transform).reshape(len(theirs), -1)
    agreement = np.einsum("nx,nx->n", ours, theirs)
    most = _most(agreement, softening)
    near = np.flatnonzero((1 - agreement <= NEARLY * limit) & (limit > 0) & (1 - most <= furthest + _ROUNDING))
    a, b = ours[near], theirs[near]
    softer = np.einsum("nx,nx->n", _softened(a), b), np.einsum("nx,nx->n", a, _softened(b))
    agreement[near] = np.maximum(agreement[near], np.maximum(*softer))
    return np.asarray(1 - agreement, dtype=np.float32)


def _softening(units: Floats) -> Floats:
    """Return (n, 2) how much softening changes unit vectors, and how long they are then."""
    soft = _blurred(units)
    change = units - soft
    change -= change.mean(axis=1, keepdims=True)
    return np.stack([np.sqrt(np.einsum("nx,nx->n", side, side)) for side in (change, soft)], axis=1)


def _most(agreement: Floats, softening: tuple[Floats, Floats]) -> Floats:
    """Return the most that pairs which agree so far can agree once either is softened.

    For vectors a and b, and a soft one s: s b = a b - (a - s) b, and (a - s) b is at most as long as a - s is.
    """
    ours, theirs = ((agreement + side[:, 0]) / np.maximum(side[:, 1], 1e-6) for side in softening)
    return np.asarray(np.maximum(ours, theirs), dtype=np.float32)


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
