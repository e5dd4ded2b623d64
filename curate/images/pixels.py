"""From what a decoder gives to what the scanners share: upright 8-bit RGB or grey, and the identity of the pixels."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import xxhash
from PIL import ExifTags, Image

from curate.images.deep import Samples, strips
from curate.images.image import Pixels, luma, shrink

Sample = TypeVar("Sample", bound=np.generic)


def native(image: Image.Image) -> Samples:
    """Return the image upright, palette expanded: uint8 (rows, columns[, 3 or 4]), or greys of the depth they have."""
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    array: Samples
    if image.mode == "L":
        array = np.asarray(image)
    elif image.mode == "1":
        array = np.asarray(image.convert("L"))
    elif is_deep(image.mode):
        array = _of_plain_type(np.asarray(image))
    elif image.mode == "RGB" and "transparency" not in image.info:
        array = np.asarray(image)
    elif "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        array = np.asarray(image if image.mode == "RGBA" else image.convert("RGBA"))
        if array[:, :, 3].min() == 255:
            array = array[:, :, :3]
    else:
        array = np.asarray(image.convert("RGB"))
    return turn(array, orientation if isinstance(orientation, int) else 1)


def is_deep(mode: str) -> bool:
    """Say whether a mode of Pillow's holds greys of more than 8 bits."""
    return mode in ("I", "F") or mode.startswith("I;")


def _of_plain_type(array: Samples) -> Samples:
    """Convert greys to the byte order of this machine, and whole numbers that fit to 16 bits, however they came."""
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.kind == "i" and array.size and array.min() >= 0 and array.max() <= 0xFFFF:
        return array.astype(np.uint16)
    return array


TURNS: dict[int, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


def turn(array: npt.NDArray[Sample], orientation: int) -> npt.NDArray[Sample]:
    """Undo an EXIF orientation (Exif 2.32, tag 0x0112)."""
    undo = TURNS.get(orientation)
    return np.ascontiguousarray(undo(array) if undo else array)


def opaque(native: Pixels) -> Pixels:
    """Lay transparency, if there is any, on white, or on grey where a shape would vanish.

    White icons on nothing are common, and white on white is an empty image. Where everything opaque is white as well,
    so that the shape is in the alpha channel alone, a middle grey shows it.
    """
    if native.ndim == 2 or native.shape[2] == 3:
        return native
    laid = np.empty((*native.shape[:2], 3), dtype=np.uint8)
    for rows in strips(native.shape):
        laid[rows] = _laid_on(native[rows], 255)
    if laid.min() >= VANISHED and np.ptp(native[:, :, 3]) > 255 - VANISHED:
        for rows in strips(native.shape):
            laid[rows] = _laid_on(native[rows], CONTRAST)
    return laid


def on_black(native: Pixels) -> Pixels | None:
    """Return luma, at most 256 px, of an image with transparency laid on black; None where there is none."""
    if native.ndim == 2 or native.shape[2] == 3:
        return None
    # Shrunk with alpha multiplied in, so that colours under what is transparent do not bleed.
    laid = np.empty(native.shape[:2], dtype=np.uint8)
    for rows in strips(native.shape):
        laid[rows] = luma(_laid_on(native[rows], 0))
    return shrink(laid, 256)


VANISHED = 240
"""An image that is nowhere darker than this on white shows nothing."""
CONTRAST = 96
"""The grey to lay white shapes on: a tone that decoders do not fill with, and in which white stands out."""


def _laid_on(native: Pixels, tone: int) -> Pixels:
    alpha = native[:, :, 3:].astype(np.uint16)
    colour = native[:, :, :3].astype(np.uint16)
    return ((colour * alpha + tone * (255 - alpha) + 127) // 255).astype(np.uint8)


def digest(samples: Samples, mode: str) -> bytes:
    """Hash shape, mode and samples to 16 bytes: equal digests, equal pixels."""
    # The type is part of the mode: 8 bits go without saying.
    depth = "" if samples.dtype == np.uint8 else f"{samples.dtype.str}:"
    hasher = xxhash.xxh3_128(f"{mode}:{samples.shape[1]}x{samples.shape[0]}:{depth}".encode())
    hasher.update(np.ascontiguousarray(samples).data)
    return hasher.digest()


def colours_of(samples: Samples) -> str:
    """Name the colours of samples for their digest."""
    bands = samples.shape[2] if samples.ndim == 3 else 1
    return {1: "L", 3: "RGB", 4: "RGBA"}.get(bands, f"{bands} bands")


def digest_of(samples: Samples, mode: str, later_frames: Sequence[bytes], sort: str) -> bytes:
    """Hash an image with all its frames: of one frame its own digest, else one of the digests of all in order.

    `sort` says what the frames are: pages of a document and an animation are not the same, whatever they show.
    """
    first = digest(samples, mode)
    return xxhash.xxh3_128_digest(b":".join([sort.encode(), first, *later_frames])) if later_frames else first
