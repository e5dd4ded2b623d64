"""Two images laid over one another, to see where a copy differs. Pure, JPEG in and out."""

import base64

import cv2
import numpy as np
import simplejpeg

from curate.images.image import Pixels

GAIN = 4
"""Factor by which a difference is amplified, so that re-encoding shows and a watermark glares."""


def overlaid(first: bytes, second: bytes) -> tuple[bytes, bytes]:
    """Return both images at the size of the larger one, the other stretched over it."""
    one, other = _same_size(first, second)
    return _encoded(one), _encoded(other)


def difference(first: bytes, second: bytes) -> tuple[bytes, float]:
    """Return an image of the differences, times `GAIN` and black where there is none, and their mean in grey levels."""
    one, other = _same_size(first, second)
    difference = cv2.absdiff(one, other)
    amplified = np.asarray(cv2.convertScaleAbs(difference, alpha=GAIN), dtype=np.uint8)
    return _encoded(amplified), float(difference.mean())


def data_uri(jpeg: bytes) -> str:
    """Return an image as an address that holds all of it, so that a page fetches nothing."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _same_size(first: bytes, second: bytes) -> tuple[Pixels, Pixels]:
    one = np.asarray(simplejpeg.decode_jpeg(first, colorspace="RGB"))
    other = np.asarray(simplejpeg.decode_jpeg(second, colorspace="RGB"))
    large = max(one.shape[:2], other.shape[:2], key=lambda shape: shape[0] * shape[1])
    return _stretched(one, large), _stretched(other, large)


def _stretched(pixels: Pixels, shape: tuple[int, ...]) -> Pixels:
    if pixels.shape[:2] == shape:
        return pixels
    return np.asarray(cv2.resize(pixels, (shape[1], shape[0]), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _encoded(pixels: Pixels) -> bytes:
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality=90, colorspace="RGB"))
