"""From what a decoder gives to what the scanners share: upright 8-bit RGB or grey, and the identity of the pixels."""

from collections.abc import Callable

import numpy as np
import xxhash
from PIL import ExifTags, Image

from curate.images.image import Pixels


def native(image: Image.Image) -> Pixels:
    """Return the image upright, palette expanded, (rows, columns[, 3 or 4]) uint8 (uint16 for 16-bit grey)."""
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    if image.mode == "L":
        array = np.asarray(image)
    elif image.mode == "1":
        array = np.asarray(image.convert("L"))
    elif image.mode in ("I", "F") or image.mode.startswith("I;"):
        array = _grey_of_depth(np.asarray(image))
    elif image.mode == "RGB" and "transparency" not in image.info:
        array = np.asarray(image)
    elif "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        array = np.asarray(image.convert("RGBA"))
        if array[:, :, 3].min() == 255:
            array = array[:, :, :3]
    else:
        array = np.asarray(image.convert("RGB"))
    return turn(array, orientation if isinstance(orientation, int) else 1)


def _grey_of_depth(array: np.ndarray) -> Pixels:
    """Convert 16-bit, 32-bit and float greys: 16-bit keeps its scale, others are stretched between their extremes."""
    values = np.nan_to_num(array.astype(np.float64))
    low, high = float(values.min()), float(values.max())
    if array.dtype.kind in "iu" and low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0 if high > 255 or array.dtype == np.uint16 else 255.0
    return np.asarray((values - low) * (255.0 / max(high - low, 1e-9)), dtype=np.uint8)


TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


def turn(array: np.ndarray, orientation: int) -> Pixels:
    """Undo an EXIF orientation (Exif 2.32, tag 0x0112)."""
    undo = TURNS.get(orientation)
    return np.ascontiguousarray(undo(array) if undo else array)


def opaque(native: Pixels) -> Pixels:
    """Lay transparency, if there is any, on white."""
    if native.ndim == 2 or native.shape[2] == 3:
        return native
    alpha = native[:, :, 3:].astype(np.uint16)
    colour = native[:, :, :3].astype(np.uint16)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def digest(native: Pixels, mode: str) -> str:
    """Hash shape, mode and samples to 128 bits: equal digests, equal pixels."""
    hasher = xxhash.xxh3_128(f"{mode}:{native.shape[1]}x{native.shape[0]}:".encode())
    hasher.update(np.ascontiguousarray(native).data)
    return hasher.hexdigest()
