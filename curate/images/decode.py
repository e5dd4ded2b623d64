"""Bytes to pixels, once and strictly: the only module that knows decoders.

`decode` never raises on bad data. It climbs down a ladder: strict decode; if that fails, name the
problem and decode again tolerantly, to keep what is left of the image for the reviewer.

JPEG goes through libjpeg-turbo with its warnings treated as errors, since Pillow and OpenCV accept most
damaged files in silence. A JPEG of many pixels is decoded at a reduced DCT scale: damage shows in the
entropy-coded data, all of which is still read.
"""

import functools
import io
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import simplejpeg
import xxhash
from PIL import Image, ImageFile, UnidentifiedImageError

from curate.config import DecodeLimits
from curate.i18n import Message, msg
from curate.images import containers, damage, formats, kinds, pixels
from curate.images.containers import Problem, jpeg
from curate.images.image import DecodedImage, Pixels
from curate.schema import Severity

logger = logging.getLogger(__name__)

FULL_DECODE_PIXELS = 3_000_000
"""A JPEG above this size is decoded at the smallest DCT scale that keeps `REDUCED_SIDE_PX`."""
REDUCED_SIDE_PX = 720


@dataclass(slots=True, kw_only=True)
class DecodeResult:
    """What became of one file: facts, problems, and the image if anything of it is left.

    `digest` identifies the pixels at full size (shape and mode included): equal digests, equal images.
    """

    format: str | None = None
    width: int | None = None
    height: int | None = None
    mode: str | None = None
    frames: int | None = None
    digest: str | None = None
    image: DecodedImage | None = None
    problems: list[Problem] = field(default_factory=list)


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
            _decode_any(data, limits, result)
    except MemoryError:
        result.image = None
        result.problems.append(
            Problem(
                kinds.TOO_LARGE,
                Severity.ERROR,
                msg(
                    "Decoding takes more than {memory_mib:,} MiB; raise decode.memory_mib if it is genuine.",
                    memory_mib=limits.memory_mib,
                ),
            )
        )
    except Image.DecompressionBombError as error:
        result.image = None
        result.problems.append(_bomb(_one_line(error), limits))
    except Exception as error:  # decoders raise anything
        result.image = None
        result.problems.append(
            Problem(
                kinds.UNREADABLE, Severity.ERROR, msg("No decoder can read the file ({error}).", error=_one_line(error))
            )
        )
    return result


def allow_pixels(max_pixels: int) -> None:
    """Let Pillow open images of so many pixels in this process, for processes that are ours alone.

    Pillow's own limit (twice 89,478,485 pixels, the default of `decode.max_pixels`) is one for the whole process, so
    `decode` leaves it as it is: elsewhere, what is larger than Pillow's limit is too large whatever ours says.
    """
    Image.MAX_IMAGE_PIXELS = max_pixels // 2  # Pillow refuses twice this number


# JPEG


def _decode_jpeg(data: bytes, limits: DecodeLimits, result: DecodeResult) -> None:
    try:
        rows, columns, colour, subsampling = simplejpeg.decode_jpeg_header(data, strict=False)
    except ValueError:
        # Broken header, or a subsampling that the TurboJPEG interface refuses and Pillow decodes.
        _decode_any(data, limits, result)
        return
    orientation = jpeg.exif_orientation(data)
    result.mode = {"Gray": "L", "CMYK": "CMYK", "YCCK": "CMYK"}.get(colour, "RGB")
    result.frames = 1
    result.width, result.height = (rows, columns) if orientation >= 5 else (columns, rows)
    if _too_large(result, limits):
        return
    reduced = rows * columns > FULL_DECODE_PIXELS
    side = REDUCED_SIDE_PX if reduced else 0

    def turbo(*, strict: bool) -> Pixels:
        if result.mode == "CMYK":
            simplejpeg.decode_jpeg(data, "CMYK", min_height=64, min_width=64, strict=strict)
            with Image.open(io.BytesIO(data)) as image:
                return np.asarray(image.convert("RGB"))
        space = "GRAY" if result.mode == "L" else "RGB"
        return np.asarray(
            simplejpeg.decode_jpeg(data, space, min_height=side, min_width=side, min_factor=1, strict=strict)
        )

    try:
        native = turbo(strict=True)
        result.problems += jpeg.problems(data)
    except ValueError as error:
        result.problems.append(jpeg.failure(str(error), data))
        try:
            native = turbo(strict=False)
        except ValueError:
            native = _tolerant_pillow(data, result)
    if native.ndim == 3 and native.shape[2] == 1:
        native = native[:, :, 0]
    block = _BLOCK.get(subsampling, (8, 8)) if colour != "Gray" else (8, 8)
    found = damage.in_jpeg(native, (rows, columns), block)
    native = pixels.turn(native, orientation)
    _note(result, found and _turned(found, orientation, rows, columns))
    if reduced:
        result.digest = f"jpeg{orientation}:" + xxhash.xxh3_128_hexdigest(jpeg.coded_data(data))
    else:
        result.digest = pixels.digest(native, result.mode)
    result.image = DecodedImage(pixels=pixels.opaque(native), width=result.width, height=result.height)


_BLOCK = {"444": (8, 8), "422": (8, 16), "420": (16, 16), "440": (16, 8), "411": (8, 32), "441": (32, 8)}
"""Rows and columns that are coded together, by chroma subsampling."""


def _note(result: DecodeResult, found: damage.Seen | None) -> None:
    """Add damage seen in the pixels: as a problem of its own, or as where the known one shows."""
    if found is None:
        return
    where = {"boxes": [found.box.evidence()]}
    known = next((p for p in result.problems if p.severity is not Severity.INFO), None)
    if known is None:
        result.problems.append(Problem(kinds.DAMAGED, Severity.WARNING, found.message, where))
    else:
        index = result.problems.index(known)
        result.problems[index] = replace(known, where={**known.where, **where})


def _turned(found: damage.Seen, orientation: int, rows: int, columns: int) -> damage.Seen:
    """Move a box to where it lies in the upright image."""
    if orientation == 1:
        return found
    box = found.box
    mask = np.zeros((rows, columns), dtype=bool)
    mask[box.top : box.top + box.height, box.left : box.left + box.width] = True
    upright = pixels.TURNS[orientation](mask)
    down, across = np.flatnonzero(upright.any(axis=1)), np.flatnonzero(upright.any(axis=0))
    turned = replace(
        box, left=int(across[0]), top=int(down[0]), width=int(np.ptp(across)) + 1, height=int(np.ptp(down)) + 1
    )
    return replace(found, box=turned)


# Everything else, through Pillow


def _decode_any(data: bytes, limits: DecodeLimits, result: DecodeResult) -> None:
    result.problems += containers.problems(data, result.format)
    if result.format == "HEIF":
        _learn_heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data))
    except UnidentifiedImageError:
        result.problems.append(_unidentified(data, result.format))
        return
    with image:
        result.format = result.format or image.format
        result.mode = image.mode
        # Twenty images may wrongly claim a size; the header is all that has been read so far.
        result.width, result.height = image.size
        if _too_large(result, limits):
            return
        native, result.frames = _load(data, image, result)
    if native is None:
        return
    result.digest = pixels.digest(native, "RGBA" if native.shape[2:] == (4,) else "RGB" if native.ndim == 3 else "L")
    result.height, result.width = native.shape[:2]
    opaque = pixels.opaque(native)
    is_sound = all(problem.severity is Severity.INFO for problem in result.problems)
    is_raw = is_sound and result.format in _RAW and result.mode in _WHOLE_BYTES
    _note(result, damage.in_pixels(opaque, is_raw=is_raw, is_cut=not is_sound))
    result.image = DecodedImage(pixels=opaque, width=result.width, height=result.height)


_RAW, _WHOLE_BYTES = ("BMP", "TIFF", "PPM"), ("L", "RGB", "RGBA")
"""What holds pixels as they are: bytes that have changed show as noise, and nowhere else."""


@functools.cache
def _learn_heif() -> None:
    """Register Pillow's plug-in for HEIC where it is installed."""
    try:
        import pillow_heif
    except ImportError:
        logger.info("HEIC images need pip install 'imagecurate[heic]'")
    else:
        pillow_heif.register_heif_opener()


def _load(data: bytes, image: Image.Image, result: DecodeResult) -> tuple[Pixels | None, int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            frames = getattr(image, "n_frames", 1)
            image.load()
            native = pixels.native(image)
            _check_frames(image, frames, result)
            if result.format == "AVIF" and frames == 1 and not _passes_strictly(data):
                result.problems.append(
                    Problem(
                        kinds.DAMAGED,
                        Severity.WARNING,
                        msg("The coded data are damaged: a tolerant AV1 decoder reads them, a strict one refuses."),
                    )
                )
            return native, frames
        except (MemoryError, Image.DecompressionBombError):
            raise
        except Exception as error:
            failure = _failure(error)
        rest: Pixels | None = None
        try:
            rest = _tolerant_pillow(data, result)
        except (MemoryError, Image.DecompressionBombError):
            raise
        except Exception:  # nothing is left of it
            logger.debug("nothing is left of the image", exc_info=True)
        proven = {problem.severity for problem in result.problems}
        if Severity.ERROR not in proven and (rest is None or Severity.WARNING not in proven):
            result.problems.append(failure)
        return rest, 1


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


def _check_frames(image: Image.Image, frames: int, result: DecodeResult) -> None:
    for index in range(1, frames):
        try:
            image.seek(index)
            image.load()
        except (MemoryError, Image.DecompressionBombError):
            raise
        except Exception as error:
            result.problems.append(
                Problem(
                    kinds.DAMAGED,
                    Severity.WARNING,
                    msg(
                        "Frame {frame} of {frames} cannot be decoded ({error}).",
                        frame=index + 1,
                        frames=frames,
                        error=_one_line(error),
                    ),
                    {"frame": index},
                )
            )
            return


def _tolerant_pillow(data: bytes, result: DecodeResult) -> Pixels:
    with warnings.catch_warnings(), _load_truncated():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            result.mode = result.mode or image.mode
            return pixels.native(image)


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


def _bomb(what: str | Message, limits: DecodeLimits) -> Problem:
    return Problem(
        kinds.TOO_LARGE,
        Severity.ERROR,
        msg(
            "The file claims more than the limit of {limit:,.0f} million pixels ({what}); raise "
            "decode.max_pixels if it is genuine.",
            limit=limits.max_pixels / 1e6,
            what=what,
        ),
    )


def _too_large(result: DecodeResult, limits: DecodeLimits) -> bool:
    area = (result.width or 0) * (result.height or 0)
    if area <= limits.max_pixels:
        return False
    result.problems.append(
        _bomb(msg("{width} x {height} in its header", width=result.width, height=result.height), limits)
    )
    return True


def _unidentified(data: bytes, image_format: str | None) -> Problem:
    if image_format is None:
        what = formats.describe_other(data[: formats.SNIFF_BYTES])
        return Problem(kinds.NOT_AN_IMAGE, Severity.ERROR, msg("The content is not an image: {what}.", what=what))
    return Problem(
        kinds.UNREADABLE,
        Severity.ERROR,
        msg("The file begins like {format}, but its header cannot be read.", format=image_format)
        if image_format != "HEIF"
        else msg("The file begins like HEIF, but cannot be read; that takes pip install 'imagecurate[heic]'."),
    )


def _failure(error: Exception) -> Problem:
    text = _one_line(error)
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return Problem(kinds.TRUNCATED, Severity.ERROR, msg("The image data end too early ({text}).", text=text))
    return Problem(kinds.UNREADABLE, Severity.ERROR, msg("The image data cannot be decoded ({text}).", text=text))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
