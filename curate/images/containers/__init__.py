"""What a file's own structure tells, byte by byte, where decoders look away.

One module per container. Each reads the structure without decoding pixels and yields the problems it can
prove, with the offset where it saw them; none raises on bad data.
"""

from collections.abc import Callable, Iterable

from curate.images.containers import bmp, gif, isobmff, png, tiff, webp
from curate.images.containers.problem import Problem

__all__ = ["Problem", "problems"]

_CHECKS: dict[str, Callable[[bytes], Iterable[Problem]]] = {
    "PNG": png.problems,
    "GIF": gif.problems,
    "BMP": bmp.problems,
    "TIFF": tiff.problems,
    "WEBP": webp.problems,
    "AVIF": isobmff.problems,
    "HEIF": isobmff.problems,
}


def problems(data: bytes, image_format: str | None) -> list[Problem]:
    """Return everything that the container proves to be wrong; nothing for a container that is not known here."""
    check = _CHECKS.get(image_format or "")
    return list(check(data)) if check else []
