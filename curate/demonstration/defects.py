"""Defects planted in the demo's dataset: bytes that are corrupted, duplicates of files, unsuitable images.

Each is declared beside the function that makes it, with the kind that the audit is expected to find.
Invariant: one defect and no other. A corrupted file is reported by the decoder as its kind.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from curate.config import DecodeLimits
from curate.demonstration.canvas import Rng
from curate.duplicates import kinds as duplicate
from curate.findings import KindSpec
from curate.images import kinds as corrupted
from curate.images.containers import jpeg
from curate.images.decode import decode
from curate.images.image import Pixels
from curate.scanners import quality


@dataclass(frozen=True, slots=True)
class Corruption:
    """What happens to the bytes of a portrait saved with that suffix."""

    kind: KindSpec
    suffix: str
    corrupt: Callable[[bytes, Rng], bytes]


@dataclass(frozen=True, slots=True)
class Duplication:
    """How a duplicate is made of a file's bytes; it has its original's suffix unless it names one."""

    kind: KindSpec
    duplicate: Callable[[bytes], bytes]
    suffix: str | None = None


@dataclass(frozen=True, slots=True)
class Flaw:
    """What makes a portrait, drawn at `size` (width, height) if that matters, unsuitable."""

    kind: KindSpec
    spoil: Callable[[Pixels, Rng], Pixels]
    size: tuple[int, int] | None = None


# Corrupted

_NOT_FOUND_PAGE = b"""<!DOCTYPE html>
<html><head><title>404 Not Found</title></head>
<body><h1>Not Found</h1><p>The requested image was not found on this server.</p></body></html>
"""
_FORBIDDEN_PAGE = b"""<html>
<head><title>403 Forbidden</title></head>
<body><center><h1>403 Forbidden</h1></center><hr><center>Hotlinking is not allowed.</center></body>
</html>
"""


def _return_nothing(_: bytes, __: Rng) -> bytes:
    """Return no bytes, as of a download that never began."""
    return b""


def _return_not_found_page(_: bytes, __: Rng) -> bytes:
    """Return an error page, as saved under an image's name."""
    return _NOT_FOUND_PAGE


def _return_forbidden_page(_: bytes, __: Rng) -> bytes:
    """Return the error page of a site that refuses links from elsewhere."""
    return _FORBIDDEN_PAGE


def _zero_header(data: bytes, _: Rng) -> bytes:
    """Return a JPEG whose tables and dimensions are zeros."""
    return data[:3] + bytes(_scan_start(data) - 3) + data[_scan_start(data) :]


def _cut_off(data: bytes, rng: Rng) -> bytes:
    """Return the first 55 to 80% of the bytes, as of a download that stopped on the way."""
    return data[: int(len(data) * rng.uniform(0.55, 0.8))]


def _remove_bytes(data: bytes, rng: Rng) -> bytes:
    """Return a JPEG without 300 bytes of its compressed data."""
    offsets = _random_offsets(data, rng, _scan_start(data), 300)
    return _first_damaged(data[:offset] + data[offset + 300 :] for offset in offsets)


def _zero_bytes(data: bytes, rng: Rng) -> bytes:
    """Return a JPEG with 512 bytes of its compressed data zeroed, as by a lost disk sector."""
    offsets = _random_offsets(data, rng, _scan_start(data), 512)
    return _first_damaged(data[:offset] + bytes(512) + data[offset + 512 :] for offset in offsets)


def _flip_bit(data: bytes, rng: Rng) -> bytes:
    """Return a PNG with one bit of its compressed data flipped."""
    offsets = _random_offsets(data, rng, data.index(b"IDAT") + 4, 64)
    return _first_damaged(data[:offset] + bytes([data[offset] ^ 0x10]) + data[offset + 1 :] for offset in offsets)


def _scan_start(data: bytes) -> int:
    """Return the offset in a JPEG at which its compressed data begins."""
    return max(end for _, _, end in jpeg.segments(data))


def _random_offsets(data: bytes, rng: Rng, start: int, length: int) -> list[int]:
    """Return offsets of `length` bytes in the second half of the compressed data, in the order to try."""
    middle = (start + len(data)) // 2
    return [int(offset) for offset in rng.integers(middle, len(data) - length - 64, 200)]


def _first_damaged(candidates: Iterator[bytes]) -> bytes:
    """Return the first file in which the decoder sees damage: some harm leaves a valid image."""
    limits = DecodeLimits()
    for data in candidates:
        if any(problem.kind == corrupted.DAMAGED for problem in decode(data, limits).problems):
            return data
    raise RuntimeError("the decoder reports none of the damage done")


EMPTY = Corruption(corrupted.EMPTY, ".jpg", _return_nothing)
NOT_FOUND_PAGE = Corruption(corrupted.NOT_AN_IMAGE, ".jpg", _return_not_found_page)
FORBIDDEN_PAGE = Corruption(corrupted.NOT_AN_IMAGE, ".jpg", _return_forbidden_page)
ZEROED_HEADER = Corruption(corrupted.UNREADABLE, ".jpg", _zero_header)
TRUNCATED_JPEG = Corruption(corrupted.TRUNCATED, ".jpg", _cut_off)
TRUNCATED_PNG = Corruption(corrupted.TRUNCATED, ".png", _cut_off)
MISSING_BYTES = Corruption(corrupted.DAMAGED, ".jpg", _remove_bytes)
ZEROED_BYTES = Corruption(corrupted.DAMAGED, ".jpg", _zero_bytes)
FLIPPED_BIT = Corruption(corrupted.DAMAGED, ".png", _flip_bit)


# Duplicates


def _return_same(data: bytes) -> bytes:
    """Return the same bytes."""
    return data


def _strip_jfif(data: bytes) -> bytes:
    """Return a JPEG without the segment that names its resolution; the pixels do not depend on it."""
    for marker, start, end in jpeg.segments(data):
        if marker == 0xE0:
            return data[:start] + data[end:]
    return data


def _recompress_png(data: bytes) -> bytes:
    """Return the image as a PNG packed more tightly."""
    buffer = io.BytesIO()
    Image.fromarray(_pixels(data)).save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def _re_encode(data: bytes) -> bytes:
    """Return the image as a JPEG of low quality."""
    return _jpeg(_pixels(data), 60)


def _resize(data: bytes) -> bytes:
    """Return the image at 70% of its size."""
    small = cv2.resize(_pixels(data), None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    return _jpeg(np.asarray(small, dtype=np.uint8), 88)


def _make_grey(data: bytes) -> bytes:
    """Return the image in black and white, and a little dimmer."""
    return _jpeg((_luma(_pixels(data)) * 0.8).astype(np.uint8), 88)


def _fade(data: bytes) -> bytes:
    """Return the image brighter and with less contrast, as by a phone's filter."""
    return _jpeg((_pixels(data) * 0.78 + 52).astype(np.uint8), 88)


def _jpeg(pixels: Pixels, quality: int) -> bytes:
    """Return the pixels encoded as a JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _pixels(data: bytes) -> Pixels:
    """Return the RGB pixels of an encoded image."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


SAME_BYTES = Duplication(duplicate.SAME_BYTES, _return_same)
STRIPPED = Duplication(duplicate.SAME_PIXELS, _strip_jfif)
RECOMPRESSED = Duplication(duplicate.SAME_PIXELS, _recompress_png)
RE_ENCODED = Duplication(duplicate.RE_ENCODED, _re_encode, ".jpg")
RESIZED = Duplication(duplicate.RESIZED, _resize, ".jpg")
GREY = Duplication(duplicate.RECOLOURED, _make_grey, ".jpg")
FADED = Duplication(duplicate.RECOLOURED, _fade, ".jpg")


# Unsuitable


def _luma(pixels: Pixels) -> Pixels:
    """Return the brightness of RGB pixels, (height, width)."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _blur(pixels: Pixels, rng: Rng) -> Pixels:
    """Return the image far out of focus."""
    sigma = max(pixels.shape) * rng.uniform(0.017, 0.023)
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), dtype=np.uint8)


def _darken(pixels: Pixels, rng: Rng) -> Pixels:
    """Return the image in almost no light: next to nothing is brighter than a sixth."""
    return (pixels * (rng.uniform(36, 41) / max(float(np.percentile(_luma(pixels), 99)), 1.0))).astype(np.uint8)


def _wash_out(pixels: Pixels, _: Rng) -> Pixels:
    """Return the image overexposed: the light half is white, and but for the deepest shadows the rest nearly so."""
    luma = cv2.GaussianBlur(_luma(pixels).astype(np.float32), (0, 0), 1.2)
    knots = np.percentile(luma, (0, 0.8, 1.6, 2.4, 48, 52, 100)) + np.arange(7) * 1e-3
    light = np.interp(luma, knots, (184, 198, 202, 233, 234, 255, 255))
    tint = 0.06 * (pixels - luma[:, :, None])
    return np.clip(light[:, :, None] + tint, 0, 255).astype(np.uint8)


def _draw_plain_wall(pixels: Pixels, rng: Rng) -> Pixels:
    """Draw a plain wall of the image's size, and nobody before it."""
    rows, columns = pixels.shape[:2]
    slope = np.linspace(-1, 1, columns)[None, :, None] * rng.uniform(-3, 3)
    wall = rng.uniform(120, 190, 3) + slope + rng.normal(0, 1.2, (rows, columns, 3))
    return wall.astype(np.uint8)


def _shrink(pixels: Pixels, _: Rng) -> Pixels:
    """Return a thumbnail of 24 pixels, as saved in place of an image."""
    scale = 24 / max(pixels.shape)
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _return_as_drawn(pixels: Pixels, _: Rng) -> Pixels:
    """Return the image unchanged: its size is the flaw."""
    return pixels


BLURRY = Flaw(quality.BLURRY, _blur)
DARK = Flaw(quality.DARK, _darken)
BRIGHT = Flaw(quality.BRIGHT, _wash_out)
PLAIN_WALL = Flaw(quality.LOW_INFORMATION, _draw_plain_wall)
THUMBNAIL = Flaw(quality.ODD_SIZE, _shrink)
BANNER = Flaw(quality.ODD_ASPECT_RATIO, _return_as_drawn, size=(500, 100))
