"""Faces within a pair: two photos of one sitter before one wall agree in all but the face, which is what matters.

Where a detector has found faces, what lies in their boxes must agree as well, or the pair is no copy: a set of
expressions would lose one of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from curate.duplicates.tiles import BURNT, TILE_PX, Floats

if TYPE_CHECKING:
    import pandas as pd

SURE = 0.6
"""Score of the detector from which on a box holds a face."""
LEAST_PX = 6
"""Side of a box, in pixels of a tile, below which its inside cannot tell expressions apart."""
SMOOTHING = 0.7
"""Standard deviation, in tile pixels, of the blur that makes a smaller or harder compressed copy as sharp."""
LEAST_ALIKE = 0.98
"""Correlation of what is in the boxes of faces of a copy: two expressions of one sitter, well aligned, reach less."""

CROWD = 3
"""Faces that make a crowd."""


class Region(NamedTuple):
    """A box in pixels of a tile: rows and columns."""

    rows: slice
    columns: slice


class Portraits:
    """The faces of each row of a table that may have a column `boxes`, of the scanner of faces."""

    def __init__(self, ranked: pd.DataFrame) -> None:
        self._stored = ranked["boxes"].to_numpy(object) if "boxes" in ranked else None
        self._width, self._height = ranked["width"].to_numpy(), ranked["height"].to_numpy()

    def of(self, row: int) -> list[Region]:
        """Return where a tile shows faces; nothing where nobody has looked for any."""
        if self._stored is None:
            return []
        return regions(self._stored[row], int(self._width[row]), int(self._height[row]))


def regions(stored: str | None, width: int, height: int) -> list[Region]:
    """Read the boxes that the scanner of faces has stored (JSON, image pixels) as regions of a tile."""
    found = []
    for box in json.loads(stored) if isinstance(stored, str) else ():
        left, right = (box["left"] * TILE_PX / width, (box["left"] + box["width"]) * TILE_PX / width)
        top, bottom = (box["top"] * TILE_PX / height, (box["top"] + box["height"]) * TILE_PX / height)
        columns = slice(max(round(left), 0), min(round(right), TILE_PX))
        rows = slice(max(round(top), 0), min(round(bottom), TILE_PX))
        if box["score"] >= SURE and min(rows.stop - rows.start, columns.stop - columns.start) >= LEAST_PX:
            found.append(Region(rows, columns))
    return found


def agree(ours: Floats, theirs: Floats, faces: Sequence[Region]) -> bool:
    """Return whether two tiles (64, 64) that lie on one another are the same within these regions.

    Within all of them; of `CROWD` or more within most, since a mark may lie over one.
    """
    if not faces:
        return True
    a, b = _softened(ours), _softened(theirs)
    same = sum(alike(a[face.rows, face.columns], b[face.rows, face.columns]) >= LEAST_ALIKE for face in faces)
    return same == len(faces) or (len(faces) >= CROWD and 2 * same > len(faces))


def alike(a: Floats, b: Floats) -> float:
    """Return the correlation of two parts of tiles, where neither is burnt."""
    seen = (a < BURNT) & (b < BURNT)
    if np.count_nonzero(seen) < LEAST_PX**2:
        return 1.0
    a, b = a[seen] - a[seen].mean(), b[seen] - b[seen].mean()
    return float((a * b).sum() / max(float(np.sqrt((a**2).sum() * (b**2).sum())), 1e-3))


def _softened(tile: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(tile, (0, 0), SMOOTHING), dtype=np.float32)
