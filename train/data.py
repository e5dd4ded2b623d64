"""Images to arrays: the same strict decoder as the audit, one resampling filter, nothing random.

Images are read through their source, so a sample may lie in a folder, in a tar or behind a URL. What the audit calls an
error is no image here either. Many are read by as many processes as there are cores, in their order. Shapes: n images
of `input_px` squared are (n, input_px, input_px, 3) bytes, RGB.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from curate.config import DecodeLimits
from curate.dataset.recipe import Appearance, Resampling
from curate.dataset.shaping import shaped, square
from curate.errors import SourceError
from curate.images.decode import decode
from curate.images.image import DecodedImage
from curate.measuring import pool
from curate.options import Crop
from curate.schema import Severity
from curate.sources import Source, source_at
from curate.sources.address import join

if TYPE_CHECKING:
    from torch import Tensor

Images = npt.NDArray[np.uint8]
CHUNK = 128
"""Images that are held in memory as pixels at a time."""
_IN_HAND = 16
"""Images that a process reads at a time."""
_MANY = 256
"""Images from which on other processes are worth their start."""


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
    """How an image is shown to the network: cropped, greyed and shrunk if the recipe says so, then `input_px` square.

    What comes before the input is what `curate build` does by its recipe, the input is made of it as torchvision makes
    it (bilinear, all pixels counted); the aspect ratio is not kept, as in the study, whose images all became 48 x 48.
    `face_margin` is left around a face on either side, in its own size.
    """

    input_px: int = 224
    crop: Crop = "none"
    face_margin: float = 0.25
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
    """Why an image can be neither trained on nor predicted, and what to do, as a sentence each."""

    reason: str
    way_out: str = "Run the audit again and drop it."


Reading = Images | Unreadable
"""An image as the network sees it, (input_px, input_px, 3) bytes, or why there is none."""


def load(samples: Sequence[Sample], preprocessing: Preprocessing) -> Images:
    """Read images as (n, input_px, input_px, 3) bytes; raises `SourceError` naming one that cannot be read any more."""
    return _stacked(samples, list(readings(samples, preprocessing)), preprocessing)


def in_chunks(
    samples: Sequence[Sample], preprocessing: Preprocessing, size: int = CHUNK
) -> Iterator[tuple[Sequence[Sample], Images]]:
    """Read images `size` at a time, since a dataset seldom fits in memory: yields samples and their pixels.

    Raises `SourceError` naming an image that cannot be read any more.
    """
    shown = readings(samples, preprocessing)
    for start in range(0, len(samples), size):
        chunk = samples[start : start + size]
        yield chunk, _stacked(chunk, list(itertools.islice(shown, size)), preprocessing)


def _stacked(samples: Sequence[Sample], shown: Sequence[Reading], preprocessing: Preprocessing) -> Images:
    for sample, reading in zip(samples, shown, strict=True):
        if isinstance(reading, Unreadable):
            raise SourceError(f"{sample.address}: {reading.reason} {reading.way_out}")
    side = preprocessing.input_px
    return np.array(shown, dtype=np.uint8).reshape(len(samples), side, side, 3)


def readings(samples: Sequence[Sample], preprocessing: Preprocessing) -> Iterator[Reading]:
    """Read images in their order; one that a process dies of is unreadable, and the others are read without it."""
    hands = [_Hand(samples[start : start + _IN_HAND], preprocessing) for start in range(0, len(samples), _IN_HAND)]
    if len(samples) < _MANY or pool.cores() == 1:
        yield from itertools.chain.from_iterable(map(_readings_of, hands))
        return
    done = 0
    while done < len(hands):
        try:
            for found in pool.mapped(_readings_of, hands[done:]):
                yield from found
                done += 1
        except BrokenProcessPool:
            yield from (_read_alone(sample, preprocessing) for sample in hands[done].samples)
            done += 1


@dataclass(frozen=True, slots=True)
class _Hand:
    """The images that a process reads at a time."""

    samples: Sequence[Sample]
    preprocessing: Preprocessing


def _readings_of(hand: _Hand) -> list[Reading]:
    at = functools.cache(source_at)
    found: list[Reading] = []
    for sample in hand.samples:
        image = read(at(sample.source), sample)
        found.append(image if isinstance(image, Unreadable) else _show(image, hand.preprocessing))
    return found


def _read_alone(sample: Sample, preprocessing: Preprocessing) -> Reading:
    """Read an image in a process that may die of it."""
    try:
        return next(iter(pool.mapped(_readings_of, [_Hand([sample], preprocessing)])))[0]
    except BrokenProcessPool:
        return Unreadable("Its decoder crashed.")


def read(source: Source, sample: Sample) -> DecodedImage | Unreadable:
    """Decode one image, or say why that cannot be done, or that it is not the one whose hash its sample has."""
    try:
        data = source.read(sample.path, offset=sample.offset, size=sample.size_bytes) or b""
    except OSError as error:
        return Unreadable(f"The file cannot be read ({error.strerror or 'it is not there'}).")
    if sample.sha256 and hashlib.sha256(data).hexdigest() != sample.sha256:
        return Unreadable("The file has changed since its hash was taken.", "Run the audit again.")
    result = decode(data, DecodeLimits())
    worst = next((problem for problem in result.problems if problem.severity is Severity.ERROR), None)
    if worst is not None or result.image is None:
        return Unreadable(worst.reason if worst else "No image can be decoded from it.")
    return result.image


def _show(decoded: DecodedImage, preprocessing: Preprocessing) -> Images:
    """Shape an image as the network sees it, (input_px, input_px, 3)."""
    appearance = Appearance(crop=preprocessing.crop, face_margin=preprocessing.face_margin, grey=preprocessing.grey)
    image = shaped(decoded, appearance).image
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
