"""How an image of a training set looks: cropped to its face, grey, square, of one size.

In one place, so that an image of a built dataset and one that training shapes as it goes are the same.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from curate.dataset.recipe import Appearance, Resampling
from curate.images.image import DecodedImage
from curate.scanners.faces import FacesSettings, detect

REDUCING_GAP = 3.0
"""How much larger than its size an image may be when the filter proper begins; averaged until then (Pillow)."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """An image as a recipe wants it, and the part of the original it shows: (left, top, width, height) in pixels."""

    image: Image.Image
    crop: tuple[int, int, int, int]


def shaped(image: DecodedImage, look: Appearance) -> Shaped:
    """Follow a recipe. Where it asks for the face and none is found, the image stays whole."""
    whole = (0, 0, image.width, image.height)
    crop = (_round_face(image, look.face_margin) or whole) if look.crop == "face" else whole
    result = Image.fromarray(image.rgb)
    if crop != whole:
        scale = result.width / image.width
        left, top, width, height = (round(scale * part) for part in crop)
        result = result.crop((left, top, left + max(1, width), top + max(1, height)))
    if look.grey:
        result = result.convert("L")
    if look.size_px is not None:
        result = square(result, look.size_px, look.filter, centre=look.shape == "centre")
    return Shaped(result, crop)


def square(image: Image.Image, side_px: int, how: Resampling, *, centre: bool = False) -> Image.Image:
    """Resampled to a square: stretched, or with `centre` the middle of it."""
    box = None
    if centre:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        box = (left, top, left + side, top + side)
    return image.resize((side_px, side_px), Image.Resampling[how.upper()], box=box, reducing_gap=REDUCING_GAP)


def _round_face(image: DecodedImage, margin: float) -> tuple[int, int, int, int] | None:
    """A square round the largest face that the detector is sure of, as far as the image goes."""
    sure = FacesSettings()
    limit = sure.sure_small if max(image.width, image.height) < 100 else sure.sure
    faces = [box for box in detect(image) if box["score"] >= limit]
    if not faces:
        return None
    face = max(faces, key=lambda box: box["width"] * box["height"])
    side = max(face["width"], face["height"]) * (1 + 2 * margin)
    side = min(side, image.width, image.height)
    middle = face["left"] + face["width"] / 2, face["top"] + face["height"] / 2
    left, top = (
        int(np.clip(centre - side / 2, 0, length - side))
        for centre, length in zip(middle, (image.width, image.height), strict=True)
    )
    return left, top, int(side), int(side)
