"""Image files of every common form, drawn in code and then damaged by a seed: what a hostile dataset is made of."""

import io
from collections.abc import Callable
from pathlib import Path
from random import Random

from PIL import Image

from tests import sample_images
from tests.fuzz import mutated


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    made = io.BytesIO()
    image.save(made, form, **options)
    return made.getvalue()


def _frames(seed: int) -> list[Image.Image]:
    return [Image.fromarray(sample_images.photo(seed + step, 96, 72)) for step in range(1, 4)]


def _animated(form: str) -> Callable[[Image.Image, int], bytes]:
    return lambda image, seed: _saved(image, form, save_all=True, append_images=_frames(seed), duration=80)


def _plain(form: str, mode: str = "RGB", **options: object) -> Callable[[Image.Image, int], bytes]:
    return lambda image, _: _saved(image.convert(mode), form, **options)


SORTS: dict[str, Callable[[Image.Image, int], bytes]] = {
    "baseline.jpg": _plain("JPEG", quality=90),
    "progressive.jpg": _plain("JPEG", progressive=True),
    "restarts.jpg": _plain("JPEG", restart_marker_blocks=4),
    "cmyk.jpg": _plain("JPEG", "CMYK"),
    "rgb.png": _plain("PNG"),
    "palette.png": _plain("PNG", "P"),
    "transparent.png": _plain("PNG", "RGBA"),
    "deep.png": _plain("PNG", "I;16"),
    "animated.png": _animated("PNG"),
    "plain.gif": _plain("GIF", "P"),
    "animated.gif": _animated("GIF"),
    "lossy.webp": _plain("WEBP", quality=70),
    "lossless.webp": _plain("WEBP", lossless=True),
    "animated.webp": _animated("WEBP"),
    "raw.tif": _plain("TIFF"),
    "lzw.tif": _plain("TIFF", compression="tiff_lzw"),
    "deflate.tif": _plain("TIFF", compression="tiff_adobe_deflate"),
    "jpeg.tif": _plain("TIFF", compression="jpeg"),
    "pages.tif": _animated("TIFF"),
    "plain.bmp": _plain("BMP"),
    "palette.bmp": _plain("BMP", "P"),
}


def _damaged(rng: Random, data: bytes) -> bytes:
    """Cut a file, turn one bit, empty a sector, or bend it at several places."""
    at = rng.randrange(8, len(data))
    match rng.randrange(5):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        case 2:
            return data[:at] + bytes(min(512, len(data) - at)) + data[at + 512 :]
        case _:
            return mutated(rng, data)


def dataset(root: Path, *, each: int) -> Path:
    """Write so many damaged files of each sort, in two classes, and one sound file of each; returns the folder."""
    for number, (name, encode) in enumerate(SORTS.items()):
        for index in range(each + 1):
            seed = 1000 * number + index
            data = encode(Image.fromarray(sample_images.photo(seed, 96, 72)), seed)
            file = root / ("odd", "even")[index % 2] / f"{index:03}-{name}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(_damaged(Random(seed), data) if index else data)
    return root
