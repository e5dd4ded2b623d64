"""The colours of an image, in a grid of four by four: what grey tiles cannot tell, a red pin from a green one.

Half of the evidence of a copy is that its colours are those of its original, paled or deepened as its greys are. Blocks
full of texture are evidence enough without; stripes are not, of which any three look like any other three in grey.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from curate.duplicates import tiles
from curate.duplicates.tiles import Floats
from curate.images.image import Pixels

if TYPE_CHECKING:
    import pandas as pd

GRID = 4
BYTES = GRID * GRID * 2
GREY = 1.0
"""Mean strength of colours below which an image counts as grey, which says nothing of what its colours were."""
FAINT = 4.0
"""Mean difference that nobody sees: JPEG of quality 10 makes less."""
USUAL_GAIN = (0.3, 3.0)
"""Changes of contrast that colours may follow; others are those of images that have little to do with one another."""


def measured(tile: Pixels) -> bytes:
    """Measure red and blue differences (Cr, Cb of ITU-R BT.601) of a tile: (4, 4, 2), -128 to 127."""
    if tile.ndim == 2:
        return bytes(BYTES)
    grid: Pixels = np.asarray(
        cv2.resize(cv2.cvtColor(tile, cv2.COLOR_RGB2YCrCb), (GRID, GRID), interpolation=cv2.INTER_AREA), np.uint8
    )
    return (grid[:, :, 1:] ^ np.uint8(128)).tobytes()  # no difference, 128, as 0 of a signed byte


class Colours:
    """The measured colours of the rows of a table."""

    def __init__(self, ranked: pd.DataFrame) -> None:
        self._column = ranked["colours"]
        self._has_any = ranked["chroma"].to_numpy() > 0

    def apart(self, left: int, right: int, transform: str | None, gain: float) -> float:
        """Return how far the colours of two rows are apart, as a share of the stronger of them; 0 where either is grey.

        The same image comes to at most a half, but for one whose highlights were burnt; one of another hue to more than
        that. `transform` is applied to the right one. `gain` turns its greys into those of the left one, and so its
        colours, unless these are nearer as they are.
        """
        ours, theirs = self._of(left), self._of(right)
        if min(np.abs(ours).mean(), np.abs(theirs).mean()) < GREY:
            return 0.0
        if transform is not None:
            theirs = np.stack([tiles.transformed(theirs[None, :, :, side], transform)[0] for side in (0, 1)], axis=-1)
        gains = (1.0, gain) if USUAL_GAIN[0] < gain < USUAL_GAIN[1] else (1.0,)
        return min(_apart(ours, each * theirs) for each in gains)

    def most_apart(self, left: int, right: int) -> float:
        """Return the largest difference of a part of two rows that lie alike, 0 to 255.

        Encoding an image again, at JPEG quality 10 to 90, makes at most 5 in 95 of 100 and never above 15; yellow skin
        that turns pink makes 14 in the median, and 40 where it fills its part.
        """
        return float(np.abs(self._of(left) - self._of(right)).max())

    def _of(self, row: int) -> Floats:
        from curate.storage import blobs  # a worker has no use for it, nor for pandas

        if not self._has_any[row]:
            return np.zeros((GRID, GRID, 2), np.float32)
        values: npt.NDArray[np.int8] = blobs.matrix(self._column, np.array([row])).view(np.int8)
        return values.reshape(GRID, GRID, 2).astype(np.float32)


def _apart(ours: Floats, theirs: Floats) -> float:
    apart = float(np.abs(ours - theirs).mean())
    return 0.0 if apart < FAINT else apart / float(max(np.abs(ours).mean(), np.abs(theirs).mean()))
