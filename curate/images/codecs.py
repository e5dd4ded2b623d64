"""Formats that Pillow opens only with a package that may not be installed."""

import functools

from PIL import Image

_PACKAGES = {"AVIF": "Pillow>=11.3", "HEIF": "imagecurate[heic]"}


def lacking(name: str | None) -> str | None:
    """Return what to install so that files of a format are read; None where nothing is lacking."""
    if name not in _PACKAGES:
        return None
    learn(name)
    Image.init()
    # A Pillow that was built without AVIF registers it for opening all the same, and not for saving.
    known = Image.SAVE if name == "AVIF" else Image.OPEN
    return None if name in known else _PACKAGES[name]


def learn(name: str | None) -> None:
    """Register the plug-in for a format, where it takes one and that is installed."""
    if name == "HEIF":
        _learn_heif()


@functools.cache
def _learn_heif() -> None:
    try:
        import pillow_heif
    except ImportError:
        return
    pillow_heif.register_heif_opener()
