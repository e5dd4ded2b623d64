"""Small real files drawn in code, seeded, for the tests."""

import io
import tarfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from curate.images.image import Pixels


def photo(seed: int, width: int = 160, height: int = 120) -> Pixels:
    """An image with the statistics of a photograph: smooth regions, edges at all scales, a little noise."""
    rng = np.random.default_rng(seed)
    canvas = np.zeros((height, width, 3), np.float32)
    for cells in (3, 6, 12, 24):
        coarse = rng.normal(0, 60 / np.sqrt(cells), (cells, cells, 3)).astype(np.float32)
        canvas += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(6):
        centre = rng.integers(0, (width, height)).tolist()
        colour = rng.normal(0, 60, 3).tolist()
        blob = np.zeros_like(canvas)
        cv2.ellipse(blob, centre, rng.integers(8, 40, 2).tolist(), float(rng.uniform(0, 180)), 0, 360, colour, -1)
        canvas += blob
    canvas += rng.normal(0, 4, canvas.shape).astype(np.float32)
    return np.clip(canvas + 128, 0, 255).astype(np.uint8)


def encode(pixels: Pixels, image_format: str = "JPEG", **options: object) -> bytes:
    """The bytes of an image file."""
    buffer = io.BytesIO()
    if image_format == "JPEG":
        options = {"quality": 92, **options}
    Image.fromarray(pixels).save(buffer, image_format, **options)
    return buffer.getvalue()


def save(pixels: Pixels, path: Path, image_format: str | None = None, **options: object) -> Path:
    """Write an image file, its folders made as needed; the format follows the name unless given."""
    by_name = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".gif": "GIF", ".bmp": "BMP", ".tif": "TIFF"}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(pixels, image_format or by_name[path.suffix], **options))
    return path


def dataset(root: Path, *, each: int = 6, classes: tuple[str, ...] = ("cats", "dogs")) -> Path:
    """A clean folder per class."""
    for number, label in enumerate(classes):
        for index in range(each):
            save(photo(1000 * number + index), root / label / f"{index:03}.jpg")
    return root


def tar(folder: Path, path: Path) -> Path:
    """Pack the files below a folder into a plain tar."""
    with tarfile.open(path, "w") as packed:
        for file in sorted(folder.rglob("*.*")):
            packed.add(file, file.relative_to(folder).as_posix())
    return path
