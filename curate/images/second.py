"""What Pillow cannot hold, read by a second decoder; and what no decoder here reads, told from what is broken.

Pillow cuts colours to 8 bits and refuses layouts that it does not know: many bands, colours as floats, 64-bit
samples. A file that is whole and merely of a sort that nothing here reads is `unsupported`: others may read it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from curate.config import DecodeLimits
from curate.i18n import Message, msg
from curate.images import bands, codecs, formats, kinds, pixels
from curate.images.containers import Problem, jpeg
from curate.images.deep import Samples
from curate.images.result import DecodeResult, is_want_of_memory, one_line
from curate.schema import Severity

OTHER_COLOURS = ("CMYK", "LAB", "YCbCr", "HSV")
"""Modes of Pillow's of which several values become one in RGB."""
_REFUSED = re.compile(r"unsupported|not supported|unimplemented|not implemented|unknown pixel mode|cannot handle", re.I)


@dataclass(slots=True, kw_only=True)
class Reading:
    """What a decoder gave: samples, upright; what the image is known by, if not those, and its mode; later digests."""

    samples: Samples
    mode: str | None = None
    identity: tuple[Samples, str] | None = None
    has_alpha: bool = True
    no_data: float | None = None
    later_frames: list[bytes] = field(default_factory=list)


def read(data: bytes, limits: DecodeLimits, result: DecodeResult) -> Reading | None:
    """Read a file that Pillow does not know; None, with a problem noted, where nothing does."""
    reader = _READERS.get(result.format or "")
    refused: Exception | None = None
    try:
        reading = reader(data, limits, result) if reader else None
    except Exception as error:  # decoders raise anything
        if is_want_of_memory(error):
            raise
        reading, refused = None, error
    if reading is None and not any(problem.kind is kinds.TOO_LARGE for problem in result.problems):
        result.problems.append(_unidentified(data, result, refused))
    return reading


def deeper(data: bytes, image: Image.Image, frames: int, limits: DecodeLimits) -> Reading | None:
    """Read an image that Pillow opens but cuts to 8 bits; None where it does not, or where nothing reads more."""
    if pixels.is_deep(image.mode) or not _is_cut(data, image):
        return None
    try:
        if image.format == "TIFF":
            return _tiff_pages(data, frames, limits)
        samples = _opencv(data)
    except Exception as error:  # Pillow's 8 bits have to do
        if is_want_of_memory(error):
            raise
        return None
    if samples is None or samples.dtype == np.uint8 or samples.shape[:2] != (image.height, image.width):
        return None
    orientation = image.getexif().get(0x0112, 1)
    upright = pixels.turn(samples, orientation if isinstance(orientation, int) else 1)
    return Reading(samples=upright, mode=_mode(upright))


def declared_no_data(image: Image.Image) -> float | None:
    """Return the value that a raster declares to be no measurement."""
    tags = getattr(image, "tag_v2", None)
    return bands.no_data(tags.get(42113)) if tags is not None else None


def is_unsupported(error: Exception) -> bool:
    """Say whether a decoder refuses a file for its sort and not for its state."""
    return isinstance(error, NotImplementedError | bands.UnsupportedLayoutError) or bool(_REFUSED.search(str(error)))


def failure(error: Exception) -> Problem:
    """Put into words why an image could not be decoded."""
    text = one_line(error)
    if is_unsupported(error):
        return unsupported(text)
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return Problem(kinds.TRUNCATED, Severity.ERROR, msg("The image data end too early ({text}).", text=text))
    return Problem(kinds.UNREADABLE, Severity.ERROR, msg("The image data cannot be decoded ({text}).", text=text))


def unsupported(what: str | Message) -> Problem:
    """Describe a file of a sort that is not read here."""
    return Problem(
        kinds.UNSUPPORTED,
        Severity.WARNING,
        msg("The file seems whole, but is of a sort that is not read here ({what}); other programs may.", what=what),
    )


def _unidentified(data: bytes, result: DecodeResult, refused: Exception | None) -> Problem:
    name = result.format
    if name is None:
        what = formats.describe_other(data[: formats.SNIFF_BYTES])
        return Problem(kinds.NOT_AN_IMAGE, Severity.ERROR, msg("The content is not an image: {what}.", what=what))
    if (package := codecs.lacking(name)) is not None:
        return _without(package, name)
    if result.is_sound and (name in formats.UNREAD or (refused is not None and is_unsupported(refused))):
        return unsupported(name if refused is None else one_line(refused))
    if name == "PSD" and data[22:24] in (b"\0\x10", b"\0\x20"):
        return unsupported(f"{data[23]} bits a sample")
    if name == "JPEG" and (process := jpeg.unusual_process(data)) is not None:
        return unsupported(process)
    message = msg("The file begins like {format}, but its header cannot be read.", format=name)
    return Problem(kinds.UNREADABLE, Severity.ERROR, message)


def _without(package: str, name: str) -> Problem:
    message = msg(
        'The file begins like {format}, but cannot be read; that takes pip install "{package}", and another audit.',
        format=name,
        package=package,
    )
    return Problem(kinds.UNSUPPORTED, Severity.WARNING, message)


def _tiff_pages(data: bytes, frames: int, limits: DecodeLimits) -> Reading:
    """Read all pages of a TIFF at full depth."""
    first, *later = list(bands.pages(data))[:frames]
    reading = _tiff_page(data, first, limits)
    samples = (_tiff_page(data, page, limits).samples for page in later)
    reading.later_frames += [pixels.digest(page, pixels.colours_of(page)) for page in samples]
    return reading


def _tiff_page(data: bytes, page: bands.Page, limits: DecodeLimits) -> Reading:
    columns, rows = page.size
    if columns * rows * page.bands * page.dtype.itemsize > limits.allowed_memory_mib << 19:
        raise MemoryError
    samples = pixels.turn(bands.read(data, page), page.orientation)
    return Reading(samples=samples, mode=_mode(samples), has_alpha=page.has_alpha, no_data=page.no_data)


def _unknown_tiff(data: bytes, limits: DecodeLimits, result: DecodeResult) -> Reading | None:
    found = list(bands.pages(data))
    if not found or not found[0].is_coherent(len(data)):
        return None
    result.width, result.height = found[0].size
    return None if result.refuse_if_too_large(limits) else _tiff_pages(data, len(found), limits)


def _by_opencv(data: bytes, limits: DecodeLimits, result: DecodeResult) -> Reading | None:
    """Read a format of which only OpenCV knows, once its header has said how large it is."""
    size = formats.size_in_header(data, result.format)
    if size is None:
        return None
    result.width, result.height = size
    samples = None if result.refuse_if_too_large(limits) else _opencv(data)
    return None if samples is None else Reading(samples=samples, mode=_mode(samples))


_Reader = Callable[[bytes, DecodeLimits, DecodeResult], Reading | None]
_READERS: dict[str, _Reader] = {"TIFF": _unknown_tiff, "PPM": _by_opencv, "HDR": _by_opencv}


def _opencv(data: bytes) -> Samples | None:
    """Decode with OpenCV as stored, colours in the order red, green, blue."""
    made: npt.NDArray[np.generic] | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if made is not None and made.ndim == 3:
        made = made[:, :, [2, 1, 0, 3][: made.shape[2]]] if made.shape[2] in (3, 4) else made
    return None if made is None else np.ascontiguousarray(made)


def _mode(samples: Samples) -> str | None:
    """Name colours and depth as Pillow might: `RGB;16`, `RGB;F`; bands are counted."""
    kind, bits = samples.dtype.kind, 8 * samples.dtype.itemsize
    name = pixels.colours_of(samples)
    if samples.dtype == np.uint8:
        return name
    return f"{name};{'F' if kind == 'f' else bits}"


def _is_cut(data: bytes, image: Image.Image) -> bool:
    """Say whether the file holds more than the 8 bits a sample that Pillow gives of it."""
    if image.format == "PNG":
        return data[24:25] == b"\x10" and data[25:26] in (b"\x02", b"\x04", b"\x06")
    if image.format == "TIFF":
        bits = image.tag_v2.get(258, (1,))  # type: ignore[attr-defined]  # of Pillow's TIFF images
        return bool(max(bits if isinstance(bits, tuple) else (bits,)) > 8)
    if image.format == "PPM":
        return formats.ppm_maximum(data) > 255
    if image.format == "JPEG2000":
        at = data.find(b"\xff\x51") + 40  # Ssiz of the first component (T.800, A.5.1)
        return data[at : at + 1] > b"\x07"
    if image.format == "AVIF":
        at = data.find(b"av1C") + 6  # high_bitdepth (AV1 in ISOBMFF, 2.3.3)
        return bool(data[at] & 0x40) if 6 <= at < len(data) else False
    return False
