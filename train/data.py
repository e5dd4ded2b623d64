"""Images to arrays: the same strict decoder as the audit, one resampling filter, nothing random.

Images are read through their source, so a sample may lie in a folder, in a tar or behind a URL. What the audit calls an
error is no image here either. Shapes: n images of `input_px` squared are (n, input_px, input_px, 3) bytes, RGB.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from curate.config import DecodeLimits
from curate.dataset.recipe import Resampling
from curate.dataset.shaping import square
from curate.errors import SourceError
from curate.images.decode import decode
from curate.schema import Severity
from curate.sources import Source, source_at
from curate.sources.address import join

if TYPE_CHECKING:
    from torch import Tensor

Images = npt.NDArray[np.uint8]
CHUNK = 128
"""Images that are held in memory as pixels at a time."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One image, at `path` below the root of its `source`, and its class; duplicates share a `group`.

    `label` is empty where nobody gave one. `split` is the one that its source names, or the part that it was drawn
    into; `sha256` the hash of its bytes as a manifest holds it, or as they were read. A tar is read from `offset` on.
    """

    source: str
    path: str
    label: str
    group: str
    split: str | None = None
    sha256: str | None = None
    size_bytes: int = 0
    offset: int | None = None

    @property
    def address(self) -> str:
        """The path or URL of the image, which names it among images of several sources."""
        return join(self.source, self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How an image is shown to the network: shrunk and greyed first if the recipe says so, then `input_px` square.

    Shrinking is what `curate build` does by its recipe, the input is made of it as torchvision makes it (bilinear,
    all pixels counted); the aspect ratio is not kept, as in the study, whose images all became 48 x 48.
    """

    input_px: int = 224
    shrink_px: int | None = None
    shrink_filter: Resampling = "lanczos"
    grey: bool = False

    @property
    def resizings(self) -> list[tuple[int, Resampling]]:
        """The squares that an image is resampled to, one after the other: side in pixels, and filter."""
        shrunk: list[tuple[int, Resampling]] = [] if self.shrink_px is None else [(self.shrink_px, self.shrink_filter)]
        return [*shrunk, (self.input_px, "bilinear")]


# From samples to arrays


class Unreadable(NamedTuple):
    """Why an image can be neither trained on nor predicted, as a sentence."""

    reason: str


def load(samples: Sequence[Sample], preprocessing: Preprocessing) -> Images:
    """Read images as (n, input_px, input_px, 3) bytes; raises `SourceError` naming one that cannot be read any more."""
    images = np.empty((len(samples), preprocessing.input_px, preprocessing.input_px, 3), dtype=np.uint8)
    for index, (sample, shown) in enumerate(zip(samples, readings(samples, preprocessing), strict=True)):
        if isinstance(shown, Unreadable):
            raise SourceError(f"{sample.address}: {shown.reason} Run the audit again and drop it.")
        images[index] = shown
    return images


def readings(samples: Sequence[Sample], preprocessing: Preprocessing) -> Iterator[Images | Unreadable]:
    """Read images one by one: yields (input_px, input_px, 3) bytes, or why there are none."""
    at = functools.cache(source_at)
    for sample in samples:
        rgb = read(at(sample.source), sample)
        yield rgb if isinstance(rgb, Unreadable) else _show(rgb, preprocessing)


def in_chunks(
    samples: Sequence[Sample], preprocessing: Preprocessing, size: int = CHUNK
) -> Iterator[tuple[Sequence[Sample], Images]]:
    """Read images `size` at a time, since a dataset seldom fits in memory: yields samples and their pixels."""
    for start in range(0, len(samples), size):
        chunk = samples[start : start + size]
        yield chunk, load(chunk, preprocessing)


def read(source: Source, sample: Sample) -> Images | Unreadable:
    """Decode one image to (rows, columns, 3) bytes, or say why that cannot be done."""
    try:
        data = source.read(sample.path, offset=sample.offset, size=sample.size_bytes) or b""
    except OSError as error:
        return Unreadable(f"The file cannot be read ({error.strerror or 'it is not there'}).")
    result = decode(data, DecodeLimits())
    worst = next((problem for problem in result.problems if problem.severity is Severity.ERROR), None)
    if worst is not None or result.image is None:
        return Unreadable(worst.reason if worst else "No image can be decoded from it.")
    return result.image.rgb


def _show(rgb: Images, preprocessing: Preprocessing) -> Images:
    """Shape an image as the network sees it: (rows, columns, 3) to (input_px, input_px, 3)."""
    image = Image.fromarray(rgb)
    if preprocessing.grey:
        image = image.convert("L")
    for side_px, how in preprocessing.resizings:
        image = square(image, side_px, how)
    return np.asarray(image.convert("RGB"), dtype=np.uint8)


def batches(order: Sequence[int], size: int) -> Iterator[list[int]]:
    """Cut an order into batches; a last batch of one joins the one before it, since BatchNorm cannot take it."""
    cuts = [list(order[start : start + size]) for start in range(0, len(order), size)]
    if len(cuts) > 1 and len(cuts[-1]) == 1:
        last = cuts.pop()
        cuts[-1] += last
    yield from cuts


def normalise(images: Tensor, mean: Sequence[float], scale: Sequence[float]) -> Tensor:
    """Normalise pixels, (pixels - mean) / scale per channel: (n, side, side, 3) bytes to (n, 3, side, side) float32."""
    import torch

    values = images.permute(0, 3, 1, 2).float()
    middle, spread = (torch.tensor(part, device=images.device).view(1, 3, 1, 1) for part in (mean, scale))
    return (values - middle) / spread
