"""How a picture of a training set looks: cropped to its face, grey, square, of one size.

In one place, so that a picture of a built dataset and one that training shapes as it goes are the same.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from curate.dataset.recipe import Appearance, Filter
from curate.images.image import Picture
from curate.scanners.faces import FacesSettings, detect

REDUCING_GAP = 3.0
"""How much larger than its size a picture may be when the filter proper begins; averaged until then (Pillow)."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """A picture as a recipe wants it, and the part of the original it shows: (left, top, width, height) in pixels."""

    image: Image.Image
    crop: tuple[int, int, int, int]


def shaped(picture: Picture, look: Appearance) -> Shaped:
    """Follow a recipe. Where it asks for the face and none is found, the picture stays whole."""
    whole = (0, 0, picture.width, picture.height)
    crop = (_round_face(picture, look.face_margin) or whole) if look.crop == "face" else whole
    image = Image.fromarray(picture.rgb)
    if crop != whole:
        scale = image.width / picture.width
        left, top, width, height = (round(scale * part) for part in crop)
        image = image.crop((left, top, left + max(1, width), top + max(1, height)))
    if look.grey:
        image = image.convert("L")
    if look.size_px is not None:
        image = square(image, look.size_px, look.filter, centre=look.shape == "centre")
    return Shaped(image, crop)


def square(image: Image.Image, side_px: int, how: Filter, *, centre: bool = False) -> Image.Image:
    """Resampled to a square: stretched, or with `centre` the middle of it."""
    box = None
    if centre:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        box = (left, top, left + side, top + side)
    return image.resize((side_px, side_px), Image.Resampling[how.upper()], box=box, reducing_gap=REDUCING_GAP)


def _round_face(picture: Picture, margin: float) -> tuple[int, int, int, int] | None:
    """A square round the largest face that the detector is sure of, as far as the picture goes."""
    sure = FacesSettings()
    limit = sure.sure_small if max(picture.width, picture.height) < 100 else sure.sure
    faces = [box for box in detect(picture) if box["score"] >= limit]
    if not faces:
        return None
    face = max(faces, key=lambda box: box["width"] * box["height"])
    side = max(face["width"], face["height"]) * (1 + 2 * margin)
    side = min(side, picture.width, picture.height)
    middle = face["left"] + face["width"] / 2, face["top"] + face["height"] / 2
    left, top = (
        int(np.clip(centre - side / 2, 0, length - side))
        for centre, length in zip(middle, (picture.width, picture.height), strict=True)
    )
    return left, top, int(side), int(side)
