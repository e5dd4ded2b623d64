"""How an image of a training set looks: cropped to its face, grey, square, of one size.

In one place, so that an image of a built dataset and one that training shapes as it goes are the same.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from curate.dataset.recipe import Appearance, Resampling
from curate.images.image import DecodedImage
from curate.scanners.face_detector import detect
from curate.scanners.faces import FacesSettings, sure_faces

REDUCING_GAP = 3.0
"""How much larger than its size an image may be when the filter proper begins; averaged until then (Pillow)."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """An image as a recipe wants it, and the part of the original it shows: (left, top, width, height) in pixels."""

    image: Image.Image
    crop: tuple[int, int, int, int]


def shaped(image: DecodedImage, appearance: Appearance, faces: FacesSettings | None = None) -> Shaped:
    """Crop, grey and resize an image as a recipe asks.

    `faces` says what counts as a face (by default what the scanner of faces takes for one); where the recipe asks for
    the face and none is found, the image stays whole.
    """
    whole = (0, 0, image.width, image.height)
    crop = whole
    if appearance.crop == "face":
        crop = _face_crop(image, appearance.face_margin, faces or FacesSettings()) or whole
    result = Image.fromarray(image.rgb)
    if crop != whole:
        scale = result.width / image.width
        left, top, width, height = (round(scale * part) for part in crop)
        result = result.crop((left, top, left + max(1, width), top + max(1, height)))
    if appearance.grey:
        result = result.convert("L")
    if appearance.size_px is not None:
        result = square(result, appearance.size_px, appearance.filter, centre=appearance.shape == "centre")
    return Shaped(result, crop)


def square(image: Image.Image, side_px: int, how: Resampling, *, centre: bool = False) -> Image.Image:
    """Resample an image to a square of `side_px`: the whole stretched, or with `centre` the middle of it."""
    box = None
    if centre:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        box = (left, top, left + side, top + side)
    return image.resize((side_px, side_px), Image.Resampling[how.upper()], box=box, reducing_gap=REDUCING_GAP)


def _face_crop(image: DecodedImage, margin: float, settings: FacesSettings) -> tuple[int, int, int, int] | None:
    """Square crop (left, top, width, height) around the largest sure face, within the image; None without a face.

    `margin` is left on either side of the face, in shares of its longer side.
    """
    faces = sure_faces(detect(image), image.width, image.height, settings)
    if not faces:
        return None
    face = max(faces, key=lambda box: box.area)
    side = min(max(face.width, face.height) * (1 + 2 * margin), image.width, image.height)
    middle = face.left + face.width / 2, face.top + face.height / 2
    left, top = (
        int(np.clip(centre - side / 2, 0, length - side))
        for centre, length in zip(middle, (image.width, image.height), strict=True)
    )
    return left, top, int(side), int(side)
