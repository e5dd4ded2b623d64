"""Everything but JPEG, through Pillow; what Pillow cannot hold, through a second decoder (`second`)."""

import functools
import io
import logging
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from curate.config import DecodeLimits
from curate.i18n import msg
from curate.images import codecs, containers, damage, deep, kinds, pixels, second
from curate.images.containers import Problem, png
from curate.images.deep import Samples
from curate.images.image import DecodedImage
from curate.images.result import DecodeResult, is_want_of_memory, one_line
from curate.images.second import Reading
from curate.schema import Severity

logger = logging.getLogger(__name__)


def decode(data: bytes, limits: DecodeLimits, result: DecodeResult) -> None:
    """Decode a file of any format but JPEG into `result`."""
    result.problems += containers.problems(data, result.format)
    codecs.learn(result.format)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reading = _read(data, limits, result)
    if reading is not None:
        _finish(reading, result)


def _read(data: bytes, limits: DecodeLimits, result: DecodeResult) -> Reading | None:
    image = _opened(data)
    if image is None:
        essential = png.without_metadata(data) if result.format == "PNG" else data
        return _read(essential, limits, result) if essential != data else second.read(data, limits, result)
    with image:
        result.format = result.format or image.format
        result.mode = image.mode
        # Twenty images may wrongly claim a size; the header is all that has been read so far.
        result.width, result.height = image.size
        return None if result.refuse_if_too_large(limits) else _loaded(data, image, limits, result)


def tolerant(data: bytes, result: DecodeResult) -> Samples:
    """Decode what is left of a broken image; raises what Pillow raises where nothing is."""
    with warnings.catch_warnings(), _load_truncated():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            result.mode = result.mode or image.mode
            return pixels.native(image)


def _opened(data: bytes) -> Image.Image | None:
    """Open an image; None where Pillow does not know it, or chokes on text beside it."""
    try:
        return Image.open(io.BytesIO(data))
    except UnidentifiedImageError:
        return None
    except ValueError as error:
        if not _TEXT_BESIDE.search(str(error)):
            raise
        return None


_TEXT_BESIDE = re.compile("text|decompressed data too large", re.I)
"""What Pillow says of text beside an image that unpacks to too much; before 11 it did not name the text."""


def _finish(reading: Reading, result: DecodeResult) -> None:
    """Fill in the size, the identity and the image as shown, and look for damage in its pixels."""
    samples = reading.samples
    result.frames = 1 + len(reading.later_frames)
    result.mode = reading.mode or result.mode
    known_by, mode = (samples, pixels.colours_of(samples)) if reading.identity is None else reading.identity
    sort = "pages" if result.format in _PAGED else "animation"
    result.digest = pixels.digest_of(known_by, mode, reading.later_frames, sort)
    result.height, result.width = samples.shape[:2]
    shown = deep.shown(samples, has_alpha=reading.has_alpha, no_data=reading.no_data)
    opaque = pixels.opaque(shown)
    if samples.dtype == np.uint8:
        is_raw = result.is_sound and result.format in _RAW and result.mode in _WHOLE_BYTES
        result.note(damage.in_pixels(opaque, is_raw=is_raw, is_cut=not result.is_sound))
    result.image = DecodedImage(
        pixels=opaque, width=result.width, height=result.height, on_black=pixels.on_black(shown)
    )


_PAGED = ("TIFF", "PSD", "ICO")
"""What holds pages, layers or sizes, and no animation."""
_RAW, _WHOLE_BYTES = ("BMP", "TIFF", "PPM"), ("L", "RGB", "RGBA")
"""What holds pixels as they are: bytes that have changed show as noise, and nowhere else."""


def _loaded(data: bytes, image: Image.Image, limits: DecodeLimits, result: DecodeResult) -> Reading | None:
    try:
        frames = getattr(image, "n_frames", 1)
        image.load()
        reading = second.deeper(data, image, frames, limits) or _reading(image)
        if not reading.later_frames:
            reading.later_frames += _rest_of_frames(image, frames, result)
        if result.format == "AVIF" and frames == 1 and not _passes_strictly(data):
            result.problems.append(
                Problem(
                    kinds.DAMAGED,
                    Severity.WARNING,
                    msg("The coded data are damaged: a tolerant AV1 decoder reads them, a strict one refuses."),
                )
            )
        return reading
    except Image.DecompressionBombError:
        raise
    except Exception as error:
        if is_want_of_memory(error):
            raise
        failure = second.failure(error)
    if result.format == "PNG" and (essential := png.without_metadata(data)) != data:
        return _read(essential, limits, result)
    rest = _what_is_left(data, result)
    proven = {problem.severity for problem in result.problems}
    if Severity.ERROR not in proven and (rest is None or Severity.WARNING not in proven):
        result.problems.append(failure)
    return None if rest is None else Reading(samples=rest)


def _reading(image: Image.Image) -> Reading:
    """Take over a loaded image: where its colours are not RGB, its own samples are what it is known by."""
    identity = (np.asarray(image), image.mode) if image.mode in second.OTHER_COLOURS else None
    return Reading(samples=pixels.native(image), identity=identity, no_data=second.declared_no_data(image))


def _what_is_left(data: bytes, result: DecodeResult) -> Samples | None:
    try:
        return tolerant(data, result)
    except Image.DecompressionBombError:
        raise
    except Exception as error:
        if is_want_of_memory(error):
            raise
        logger.debug("nothing is left of the image", exc_info=True)
        return None


def _passes_strictly(data: bytes) -> bool:
    """Say whether OpenCV's AV1 decoder, which looks at the padding that ends each tile, reads an AVIF.

    dav1d, which Pillow decodes with, does not look. An OpenCV that reads no AVIF at all has no say.
    """
    return not _opencv_reads_avif() or cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is not None


@functools.cache
def _opencv_reads_avif() -> bool:
    probe = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(probe, "AVIF")
    return cv2.imdecode(np.frombuffer(probe.getvalue(), np.uint8), cv2.IMREAD_COLOR) is not None


def _rest_of_frames(image: Image.Image, frames: int, result: DecodeResult) -> list[bytes]:
    """Decode the frames behind the first, each as it is seen; return their digests, up to one that fails."""
    digests = []
    for index in range(1, frames):
        try:
            image.seek(index)
            image.load()
            samples = pixels.native(image)
            digests.append(pixels.digest(samples, pixels.colours_of(samples)))
        except Image.DecompressionBombError:
            raise
        except Exception as error:
            if is_want_of_memory(error):
                raise
            is_unsupported = second.is_unsupported(error)
            result.problems.append(
                Problem(
                    kinds.UNSUPPORTED if is_unsupported else kinds.DAMAGED,
                    Severity.WARNING,
                    msg(
                        "Frame {frame} of {frames} cannot be decoded ({error}).",
                        frame=index + 1,
                        frames=frames,
                        error=one_line(error),
                    ),
                    {"frame": index},
                )
            )
            digests += [f"unknown {number}".encode() for number in range(index, frames)]
            break
    return digests


_one_tolerant_decode = threading.Lock()


@contextmanager
def _load_truncated() -> Iterator[None]:
    """Let Pillow load what is left of a broken image; its switch is one for the process, so it is put back at once."""
    with _one_tolerant_decode:
        before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before
