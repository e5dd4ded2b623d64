"""Tiles laid on one another where one image was moved by a pixel or two.

Blocks of fine texture do not agree once it is moved by two thirds of a pixel. Where it was moved to shows as a peak of
the phase correlation (Kuglin and Hines, Proceedings of the IEEE Conference on Cybernetics and Society 1975), to a
fraction of a pixel.
"""

import cv2
import numpy as np

from curate.duplicates.tiles import TILE_PX, Floats

LEAST_PX, MOST_PX = 0.3, 2.0
"""Pixels of a tile: less changes no block, and more is another view."""
LEAST_PEAK = 0.5
"""Height of the peak, 1 where one tile is nothing but the other moved."""
_WINDOW = cv2.createHanningWindow((TILE_PX, TILE_PX), cv2.CV_32F)


def laid_on(ours: Floats, theirs: Floats) -> Floats | None:
    """Move one tile (64, 64) to where it lies on the other; None where it lies there already, or is not that tile."""
    (right, down), peak = cv2.phaseCorrelate(ours, theirs, _WINDOW)
    furthest = max(abs(right), abs(down))
    if peak < LEAST_PEAK or not LEAST_PX <= furthest <= MOST_PX:
        return None
    move = np.array([[1, 0, right], [0, 1, down]], dtype=np.float32)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(theirs, move, (TILE_PX, TILE_PX), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32)
