"""The perceptual hashes of ImageHash, pHash and dHash, of many images at a time."""

import cv2
import numpy as np
import numpy.typing as npt

from curate.duplicates.tiles import Floats
from curate.images.image import Pixels

SPECTRUM_PX = 32
_DHASH_PX = (9, 8)
_DCT = 2 * np.cos(np.pi * np.outer(np.arange(8), np.arange(0.5, SPECTRUM_PX)) / SPECTRUM_PX).astype(np.float32)
"""The first 8 rows of the unnormalised DCT-II of 32 samples."""


def averaged(greys: Pixels, size: tuple[int, int]) -> Pixels:
    """Shrink square images, (images, side, side), to `size`, columns and rows, of which the rows divide the side."""
    count, side, _ = greys.shape
    columns, rows = size
    below = cv2.resize(greys.reshape(-1, side), (columns, count * rows), interpolation=cv2.INTER_AREA)
    return np.asarray(below, dtype=np.uint8).reshape(count, rows, columns)


def low_frequencies(small: Pixels) -> Floats:
    """Return the 8 x 8 lowest frequencies of grey images, (..., 32, 32).

    Scaled as the unnormalised DCT-II that ImageHash takes.
    """
    return np.asarray(_DCT @ small @ _DCT.T, dtype=np.float32)


def phashes(frequencies: Floats) -> Pixels:
    """Return the 8 bytes of ImageHash's `phash` of images by their frequencies: which of them exceed the median."""
    flat = frequencies.reshape(len(frequencies), -1)
    ranked = np.sort(flat, axis=1)  # takes a fifth of the time of `np.median` for so few
    middle = flat.shape[1] // 2
    return np.packbits(flat > (ranked[:, middle - 1 : middle] + ranked[:, middle : middle + 1]) / 2, axis=1)


def dhashes(small: Pixels) -> Pixels:
    """Return the 8 bytes of ImageHash's `dhash` of images, seen at 9 x 8 pixels: where they grow brighter."""
    import imagehash  # who hands images out has no use for it
    from PIL import Image

    seen = (Image.fromarray(each) for each in averaged(small, _DHASH_PX))
    return np.packbits([imagehash.dhash(each).hash.ravel() for each in seen], axis=1)


def stored(frequencies: Floats) -> npt.NDArray[np.int16]:
    """Divide frequencies by 64, so that the largest, four times the sum of all pixels, fits 16 bits."""
    return np.rint(frequencies / 64).astype(np.int16)
