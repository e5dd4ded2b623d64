"""Bytes to pixels, once and strictly: the only module that knows decoders.

`decode` never raises on bad data. It climbs down a ladder: strict decode; if that fails, name the
problem and decode again tolerantly, to keep what is left of the image for the reviewer.

JPEG goes through libjpeg-turbo with its warnings treated as errors, since Pillow and OpenCV accept most
damaged files in silence. A JPEG of many pixels is decoded at a reduced DCT scale: damage shows in the
entropy-coded data, all of which is still read.
"""

import io

import numpy as np
import simplejpeg
import xxhash
from PIL import Image

from curate.config import DecodeLimits
from curate.i18n import Message, msg
from curate.images import damage, formats, kinds, pillow, pixels, second
from curate.images.bands import UnsupportedLayoutError
from curate.images.containers import Problem, jpeg
from curate.images.deep import Samples
from curate.images.image import DecodedImage, Pixels
from curate.images.result import DecodeResult, bomb, is_want_of_memory, one_line, too_much_memory
from curate.schema import Severity

__all__ = ["DecodeResult", "allow_pixels", "decode", "is_want_of_memory", "too_much_memory"]

FULL_DECODE_PIXELS = 3_000_000
"""A JPEG above this size is decoded at the smallest DCT scale that keeps `REDUCED_SIDE_PX`."""
REDUCED_SIDE_PX = 720


def decode(data: bytes, limits: DecodeLimits) -> DecodeResult:
    """Decode the bytes of one file."""
    if not data:
        return DecodeResult(problems=[Problem(kinds.EMPTY, Severity.ERROR, msg("The file is empty (0 bytes)."))])
    name = formats.sniff(data[: formats.SNIFF_BYTES])
    result = DecodeResult(format=name)
    try:
        if name == "JPEG":
            _decode_jpeg(data, limits, result)
        else:
            pillow.decode(data, limits, result)
    except Image.DecompressionBombError as error:
        result.image = None
        result.problems.append(bomb(one_line(error), limits))
    except Exception as error:  # decoders raise anything
        result.image = None
        result.lacks_memory = is_want_of_memory(error)
        result.problems.append(_given_up(error, limits))
    return result


def _given_up(error: Exception, limits: DecodeLimits) -> Problem:
    if is_want_of_memory(error):
        return too_much_memory(limits)
    if second.is_unsupported(error):
        return second.unsupported(one_line(error))
    return _unreadable(one_line(error))


def _unreadable(why: str | Message) -> Problem:
    return Problem(kinds.UNREADABLE, Severity.ERROR, msg("No decoder can read the file ({error}).", error=why))


def allow_pixels(max_pixels: int) -> None:
    """Let Pillow open images of so many pixels in this process, for processes that are ours alone.

    Pillow's own limit (twice 89,478,485 pixels, the default of `decode.max_pixels`) is one for the whole process, so
    `decode` leaves it as it is: elsewhere, what is larger than Pillow's limit is too large whatever ours says.
    """
    Image.MAX_IMAGE_PIXELS = max_pixels // 2  # Pillow refuses twice this number


def _decode_jpeg(data: bytes, limits: DecodeLimits, result: DecodeResult) -> None:
    try:
        rows, columns, colour, subsampling = simplejpeg.decode_jpeg_header(data, strict=False)
    except ValueError:
        # Broken header, or a subsampling that the TurboJPEG interface refuses and Pillow decodes.
        pillow.decode(data, limits, result)
        if result.image is None and (process := jpeg.unusual_process(data)):
            result.problems = [second.unsupported(process)]
        return
    claimed = jpeg.claimed_orientation(data)
    orientation = claimed or 1
    result.mode = {"Gray": "L", "CMYK": "CMYK", "YCCK": "CMYK"}.get(colour, "RGB")
    result.frames = 1
    result.width, result.height = (rows, columns) if orientation >= 5 else (columns, rows)
    if result.refuse_if_too_large(limits):
        return
    reduced = rows * columns > FULL_DECODE_PIXELS
    made = _jpeg_pixels(data, REDUCED_SIDE_PX if reduced else 0, claimed, result)
    if made is None:
        result.problems.append(_unreadable(msg("nothing of it is left")))
        return
    native, identity = made
    block = _BLOCK.get(subsampling, (8, 8)) if colour != "Gray" else (8, 8)
    found = damage.in_jpeg(native, (rows, columns), block, data)
    native = pixels.turn(native, orientation)
    result.note(found and damage.turned(found, pixels.TURNS.get(orientation), rows, columns))
    if reduced:
        coded = xxhash.xxh3_128_digest(jpeg.coded_data(data))
        result.digest = xxhash.xxh3_128_digest(f"jpeg{orientation}:".encode() + coded)
    else:
        result.digest = pixels.digest(native if identity is None else pixels.turn(identity, orientation), result.mode)
    result.image = DecodedImage(pixels=pixels.opaque(native), width=result.width, height=result.height)


_BLOCK = {"444": (8, 8), "422": (8, 16), "420": (16, 16), "440": (16, 8), "411": (8, 32), "441": (32, 8)}
"""Rows and columns that are coded together, by chroma subsampling."""


_Made = tuple[Pixels, Samples | None]
"""Pixels as coded and, where they are not RGB, the samples proper."""


def _jpeg_pixels(data: bytes, side_px: int, claimed: int, result: DecodeResult) -> _Made | None:
    """Decode strictly, else what is left; None where nothing is."""
    try:
        made = _turbo(data, side_px, result)
        result.problems += jpeg.problems(data, claimed)
        return made
    except ValueError as error:
        if is_want_of_memory(error):
            raise
        if process := jpeg.unusual_process(data):
            raise UnsupportedLayoutError(process) from error
        problem = jpeg.failure(str(error), data)
    mended = jpeg.with_end(data) if problem.kind is kinds.TRUNCATED else None
    if mended is not None:
        try:
            made = _turbo(mended, side_px, result)
            result.problems += [jpeg.without_end(), *jpeg.problems(mended, claimed)]
            return made
        except ValueError:  # the end marker is not all that is missing
            pass
    result.problems.append(problem)
    rest = _what_is_left(data, side_px, result)
    return None if rest is None else (rest, None)


def _turbo(data: bytes, side_px: int, result: DecodeResult) -> _Made:
    if result.mode == "CMYK":
        simplejpeg.decode_jpeg(data, "CMYK", min_height=64, min_width=64)
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB")), np.asarray(image)
    space = "GRAY" if result.mode == "L" else "RGB"
    made = simplejpeg.decode_jpeg(data, space, min_height=side_px, min_width=side_px, min_factor=1)
    return np.asarray(made[:, :, 0] if space == "GRAY" else made), None


def _what_is_left(data: bytes, side_px: int, result: DecodeResult) -> Pixels | None:
    """Decode a damaged JPEG as far as it goes; None where that is nowhere, which says nothing about two files."""
    if result.mode != "CMYK":
        try:
            rest = _on_ground(data, side_px, "GRAY" if result.mode == "L" else "RGB")
        except ValueError:
            rest = None
        if rest is not None:
            return rest
    rest = np.asarray(pillow.tolerant(data, result), dtype=np.uint8)
    return rest if rest.any() else None


def _on_ground(data: bytes, side_px: int, space: str) -> Pixels | None:
    """Decode tolerantly on a grey ground; None where the ground is all there is.

    Where the decoder gives up it leaves the rest of its buffer as it was: in memory that nobody has filled, that would
    be what this process held there before.
    """
    smallest = {"min_height": side_px, "min_width": side_px, "min_factor": 1}
    rows, columns, _, _ = simplejpeg.decode_jpeg_header(data, **smallest, strict=False)
    bands = 1 if space == "GRAY" else 3
    ground = np.full(rows * columns * bands, damage.GREY, np.uint8)
    made = np.asarray(simplejpeg.decode_jpeg(data, space, **smallest, buffer=ground, strict=False))
    if (made == damage.GREY).all():
        return None
    return made[:, :, 0] if bands == 1 else made
