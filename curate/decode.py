"""Bytes to pixels, once and strictly: the only module that knows decoders.

`decode` never raises on bad data. It climbs down a ladder: strict decode; if that fails, name the
problem and decode again tolerantly, to keep what is left of the picture for the reviewer.

JPEG goes through libjpeg-turbo with its warnings treated as errors, since Pillow and OpenCV accept most
damaged files in silence. A JPEG of many pixels is decoded at a reduced DCT scale: damage shows in the
entropy-coded data, all of which is still read.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import cv2
import numpy as np
import simplejpeg
import xxhash
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from curate import containers, formats
from curate.config import DecodeLimits
from curate.containers import Problem
from curate.picture import Picture, Pixels
from curate.schema import Kind, Severity

FULL_DECODE_PIXELS = 3_000_000
"""A JPEG above this size is decoded at the smallest DCT scale that keeps `REDUCED_SIDE_PX`."""
REDUCED_SIDE_PX = 720


@dataclass(slots=True, kw_only=True)
class Decoded:
    """What became of one file: facts, problems, and the picture if anything of it is left.

    `digest` identifies the pixels at full size (shape and mode included): equal digests, equal pictures.
    """

    format: str | None = None
    width: int | None = None
    height: int | None = None
    mode: str | None = None
    frames: int | None = None
    digest: str | None = None
    picture: Picture | None = None
    problems: list[Problem] = field(default_factory=list)


def decode(data: bytes, limits: DecodeLimits) -> Decoded:
    """Decode the bytes of one file."""
    if not data:
        return Decoded(problems=[Problem(Kind.EMPTY, Severity.ERROR, "The file is empty (0 bytes).")])
    name = formats.sniff(data[: formats.SNIFF_BYTES])
    result = Decoded(format=name)
    # Pillow refuses twice this number; it also looks at what later frames claim, which a header does not tell.
    Image.MAX_IMAGE_PIXELS = limits.max_pixels // 2
    try:
        if name == "JPEG":
            _decode_jpeg(data, limits, result)
        else:
            _decode_any(data, limits, result)
    except MemoryError:
        result.picture = None
        result.problems.append(
            Problem(
                Kind.TOO_LARGE,
                Severity.ERROR,
                f"Decoding takes more than {limits.memory_mib:,} MiB; raise decode.memory_mib if it is genuine.",
            )
        )
    except Image.DecompressionBombError as error:
        result.picture = None
        result.problems.append(_bomb(_one_line(error), limits))
    except Exception as error:  # decoders raise anything
        result.picture = None
        result.problems.append(
            Problem(Kind.UNREADABLE, Severity.ERROR, f"No decoder can read the file ({_one_line(error)}).")
        )
    return result


# JPEG


def _decode_jpeg(data: bytes, limits: DecodeLimits, result: Decoded) -> None:
    try:
        rows, columns, colour, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except ValueError:
        # Broken header, or a subsampling that the TurboJPEG interface refuses and Pillow decodes.
        _decode_any(data, limits, result)
        return
    orientation = containers.exif_orientation(data)
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
        result.problems += containers.jpeg_problems(data)
    except ValueError as error:
        result.problems.append(containers.jpeg_failure(str(error), data))
        try:
            native = turbo(strict=False)
        except ValueError:
            native = _tolerant_pillow(data, result)
    if native.ndim == 3 and native.shape[2] == 1:
        native = native[:, :, 0]
    native = _turn(native, orientation)
    if reduced:
        result.digest = f"jpeg{orientation}:" + xxhash.xxh3_128_hexdigest(containers.jpeg_coded_data(data))
    else:
        result.digest = _digest(native, result.mode)
    result.picture = Picture(rgb=_to_rgb(native), width=result.width, height=result.height)


# Everything else, through Pillow


def _decode_any(data: bytes, limits: DecodeLimits, result: Decoded) -> None:
    result.problems += containers.problems(data, result.format)
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
        # Twenty pictures may wrongly claim a size; the header is all that has been read so far.
        result.width, result.height = image.size
        if _too_large(result, limits):
            return
        native, result.frames = _load(data, image, result)
    if native is None:
        return
    result.digest = _digest(native, "RGBA" if native.shape[2:] == (4,) else "RGB" if native.ndim == 3 else "L")
    result.height, result.width = native.shape[:2]
    result.picture = Picture(rgb=_to_rgb(native), width=result.width, height=result.height)


def _load(data: bytes, image: Image.Image, result: Decoded) -> tuple[Pixels | None, int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            frames = getattr(image, "n_frames", 1)
            image.load()
            native = _native(image)
            _check_frames(image, frames, result)
            return native, frames
        except (MemoryError, Image.DecompressionBombError):
            raise
        except Exception as error:
            failure = _failure(error)
            if not any(problem.severity is Severity.ERROR for problem in result.problems):
                result.problems.append(failure)
        try:
            return _tolerant_pillow(data, result), 1
        except (MemoryError, Image.DecompressionBombError):
            raise
        except Exception:
            return None, 1


def _check_frames(image: Image.Image, frames: int, result: Decoded) -> None:
    for index in range(1, frames):
        try:
            image.seek(index)
            image.load()
        except (MemoryError, Image.DecompressionBombError):
            raise
        except Exception as error:
            result.problems.append(
                Problem(
                    Kind.DAMAGED,
                    Severity.WARNING,
                    f"Frame {index + 1} of {frames} cannot be decoded ({_one_line(error)}).",
                    {"frame": index},
                )
            )
            return


def _tolerant_pillow(data: bytes, result: Decoded) -> Pixels:
    with warnings.catch_warnings(), _load_truncated():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            result.mode = result.mode or image.mode
            return _native(image)


@contextmanager
def _load_truncated() -> Iterator[None]:
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _native(image: Image.Image) -> Pixels:
    """The picture upright, palette expanded, as (rows, columns[, 3 or 4]) of uint8 (uint16 for 16-bit grey)."""
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    if image.mode in ("1", "L"):
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
    return _turn(array, orientation if isinstance(orientation, int) else 1)


def _grey_of_depth(array: np.ndarray) -> Pixels:
    """16-bit, 32-bit and float greys: 16-bit keeps its scale, others are stretched between their extremes."""
    values = np.nan_to_num(array.astype(np.float64))
    low, high = float(values.min()), float(values.max())
    if array.dtype.kind in "iu" and low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0 if high > 255 or array.dtype == np.uint16 else 255.0
    return np.asarray((values - low) * (255.0 / max(high - low, 1e-9)), dtype=np.uint8)


_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


def _turn(array: np.ndarray, orientation: int) -> Pixels:
    """Undo an EXIF orientation (Exif 2.32, tag 0x0112)."""
    turn = _TURNS.get(orientation)
    return np.ascontiguousarray(turn(array)) if turn else np.ascontiguousarray(array)


def _to_rgb(native: Pixels) -> Pixels:
    if native.ndim == 2:
        return np.asarray(cv2.cvtColor(native, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    if native.shape[2] == 3:
        return native
    alpha = native[:, :, 3:].astype(np.uint16)
    colour = native[:, :, :3].astype(np.uint16)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _digest(native: Pixels, mode: str) -> str:
    hasher = xxhash.xxh3_128(f"{mode}:{native.shape[1]}x{native.shape[0]}:".encode())
    hasher.update(np.ascontiguousarray(native).data)
    return hasher.hexdigest()


def _bomb(what: str, limits: DecodeLimits) -> Problem:
    return Problem(
        Kind.TOO_LARGE,
        Severity.ERROR,
        f"The file claims more than the limit of {limits.max_pixels / 1e6:,.0f} million pixels ({what}); "
        "raise decode.max_pixels if it is genuine.",
    )


def _too_large(result: Decoded, limits: DecodeLimits) -> bool:
    pixels = (result.width or 0) * (result.height or 0)
    if pixels <= limits.max_pixels:
        return False
    result.problems.append(_bomb(f"{result.width} x {result.height} in its header", limits))
    return True


def _unidentified(data: bytes, image_format: str | None) -> Problem:
    if image_format is None:
        what = formats.describe_other(data[: formats.SNIFF_BYTES])
        return Problem(Kind.NOT_AN_IMAGE, Severity.ERROR, f"The content is not a picture: {what}.")
    return Problem(
        Kind.UNREADABLE,
        Severity.ERROR,
        f"The file begins like {image_format}, but its header cannot be read.",
    )


def _failure(error: Exception) -> Problem:
    text = _one_line(error)
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return Problem(Kind.TRUNCATED, Severity.ERROR, f"The picture data end too early ({text}).")
    return Problem(Kind.UNREADABLE, Severity.ERROR, f"The picture data cannot be decoded ({text}).")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
