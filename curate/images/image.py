"""The decoded image that every scanner shares, with one chain of smaller versions.

Invariant: pixels are 8-bit and sRGB-like, upright (EXIF orientation applied), transparency laid on white (and, for
whoever wants to see both, on black).
Big images are held at a reduced scale; `width` and `height` are always those of the full image.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Array = TypeVar("Array", bound=npt.NDArray[Any])


@dataclass(slots=True, kw_only=True)
class DecodedImage:
    """One decoded image.

    `pixels` is uint8, (rows, columns, 3) or, of an image without colour, (rows, columns): what holds for one channel
    need not be worked out for three. `width` and `height` are the full size in pixels. `on_black`, of an image with
    transparency, is its luma laid on black, (rows, columns), at most 256 px: what vanishes on white shows there.
    """

    pixels: Pixels
    width: int
    height: int
    on_black: Pixels | None = None
    _shared: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def rgb(self) -> Pixels:
        """(rows, columns, 3), whatever the image."""
        return self.once("rgb", lambda: coloured(self.pixels))

    def fit(self, side_px: int) -> Pixels:
        """Return RGB with the longer side at most `side_px`, never enlarged."""
        return self.once(("fit", side_px), lambda: coloured(self._small(side_px)))

    def grey(self, side_px: int) -> Pixels:
        """Return luma (ITU-R BT.601) of `fit(side_px)`, (rows, columns) uint8."""
        return self.once(("grey", side_px), lambda: luma(self._small(side_px)))

    def tile(self, side_px: int) -> Pixels:
        """Squeeze the image to a square, uint8: (side_px, side_px, 3), or two axes without colour."""
        return self.once(("tile", side_px), lambda: squeeze(self._small(4 * side_px), side_px))

    def _small(self, side_px: int) -> Pixels:
        return self.once(("small", side_px), lambda: shrink(self.pixels, side_px))

    def once(self, key: Any, make: Callable[[], Array]) -> Array:
        """Return what is made from this image under a key, made once for whoever asks."""
        if key not in self._shared:
            self._shared[key] = make()
        found: Array = self._shared[key]
        return found


def coloured(pixels: Pixels) -> Pixels:
    """Convert an image, with colour or without, to (rows, columns, 3)."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), dtype=np.uint8) if pixels.ndim == 2 else pixels


def luma(pixels: Pixels) -> Pixels:
    """Convert an image, with colour or without, to (rows, columns)."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8) if pixels.ndim == 3 else pixels


def shrink(pixels: Pixels, side_px: int) -> Pixels:
    """Shrink `pixels` until the longer side is at most `side_px`: bilinear to no less than half, else by means of four.

    Every pixel counts either way. Averaging areas of broken sizes, which comes to the same, takes five times as long.
    """
    rows, columns = pixels.shape[:2]
    scale = side_px / max(rows, columns)
    if scale >= 1:
        return pixels
    width, height = max(1, round(columns * scale)), max(1, round(rows * scale))
    if scale >= 0.5:
        return _resized(pixels, (width, height))
    while max(pixels.shape[:2]) > 4 * side_px:
        pixels = _resized(pixels, ((pixels.shape[1] + 1) // 2, (pixels.shape[0] + 1) // 2))
    return _halved(_resized(pixels, (2 * width, 2 * height)))


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _halved(pixels: Pixels) -> Pixels:
    """Return the mean of each four pixels of an image of even sides."""
    size = pixels.shape[1] // 2, pixels.shape[0] // 2
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def squeeze(pixels: Pixels, side_px: int) -> Pixels:
    """Resize to a square: averaged where it shrinks, bilinear where it grows.

    From up to four times the size that is a bilinear step to twice the side, and then the mean of four pixels: again
    every pixel counts, at a fifth of the time of areas of broken sizes.
    """
    rows, columns = pixels.shape[:2]
    if max(rows, columns) > 4 * side_px:
        pixels = shrink(pixels, 4 * side_px)
    if min(rows, columns) >= side_px:
        return _halved(_resized(pixels, (2 * side_px, 2 * side_px)))
    return _resized(pixels, (side_px, side_px))
