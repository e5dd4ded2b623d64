"""Facts about one file for a person who has to decide about it: what the camera, or an editor, wrote beside the pixels.

Invariants: the source is only read; nothing here fails: what cannot be read is simply not told; text from a
file is cut short and holds no control characters.
"""

import io
import warnings
from fractions import Fraction
from typing import Any

from PIL import ExifTags, Image

from curate.reviewing import previews
from curate.sources import Source

MOST_CHARACTERS = 80
_TAGS = ("Make", "Model", "Software", "Artist", "DateTime", "Orientation", "XResolution")
_PHOTO_TAGS = ("DateTimeOriginal", "ExposureTime", "FNumber", "ISOSpeedRatings", "FocalLength", "LensModel")
_NUMBERS = {tag.name: int(tag) for tag in ExifTags.Base}


def exif_summary(source: Source, path: str, sha256: str | None) -> dict[str, str]:
    """What is stored beside the pixels, by its name in the EXIF standard; empty where there is nothing to tell.

    Only of a file whose content still is what was audited. A place on the map is told of, never given.
    """
    data = previews.audited_bytes(source, path, sha256)
    if data is None:
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data))
            exif = image.getexif()
            photo = exif.get_ifd(ExifTags.IFD.Exif)
            located = bool(exif.get_ifd(ExifTags.IFD.GPSInfo))
    except (OSError, ValueError, TypeError, KeyError, SyntaxError, EOFError, Image.DecompressionBombError):
        return {}
    found = {name: _text(name, exif.get(_NUMBERS[name])) for name in _TAGS}
    found |= {name: _text(name, photo.get(_NUMBERS[name])) for name in _PHOTO_TAGS}
    if "icc_profile" in image.info:
        found["ICC profile"] = f"{len(image.info['icc_profile']):,} bytes"
    if located:
        found["GPS"] = "yes"
    return {name: text for name, text in found.items() if text}


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    try:
        if name == "ExposureTime" and 0 < float(value) < 1:
            return f"1/{round(1 / Fraction(float(value)))} s"
        if not isinstance(value, (str, bytes)):
            value = f"{float(value):g}"
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        pass
    raw = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    clean = "".join(character if character.isprintable() else " " for character in raw)
    return " ".join(clean.split())[:MOST_CHARACTERS]
