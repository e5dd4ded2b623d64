"""Images to arrays: the same strict decoder as the audit, one resampling filter, nothing random.

Images are read through their source, so a sample may lie in a folder, in a tar or behind a URL. Shapes: n images of
`input_px` squared are (n, input_px, input_px, 3) bytes, RGB.
"""

from __future__ import annotations

import functools
import random
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from curate.config import DecodeLimits
from curate.dataset import manifest
from curate.dataset.recipe import Resampling
from curate.dataset.shaping import square
from curate.errors import SourceError
from curate.images.decode import decode
from curate.sources import Source, open_source, source_at
from curate.sources.address import join

if TYPE_CHECKING:
    from torch import Tensor

Images = npt.NDArray[np.uint8]
CHUNK = 128
"""Images that are held in memory as pixels at a time."""
_MAX_FOLDS = 10
"""How finely a split is cut: a share is met by so many folds at most, smaller ones by one fold of their size."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One image, at `path` below the root of its `source`, and its class; duplicates share a `group`."""

    source: str
    path: str
    label: str
    group: str

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


# Where samples come from


def from_source(source: str | Path, scratch: Path) -> list[Sample]:
    """List the images of a manifest file, or of any source that an audit takes; an archive is unpacked into `scratch`.

    Images without a class are left out of a source. Raises `SourceError` where none has one, or a manifest keeps one
    without.
    """
    if manifest.is_manifest(source):
        return from_manifest(manifest.kept_rows(Path(source)))
    listing = open_source(source, scratch).list()
    samples = [
        Sample(listing.root, record.path, record.label, record.path)
        for record in listing.records
        if record.label is not None
    ]
    if not samples:
        raise SourceError(
            f"{source}: training needs a class for every image; give a folder per class, a list with labels, or shards "
            "with classes"
        )
    return samples


def from_manifest(kept: pd.DataFrame) -> list[Sample]:
    """List the kept rows of a manifest as samples, sorted by path; raises `SourceError` where one has no class."""
    kept = kept.sort_values("path")
    if kept["final_label"].isna().any():
        raise SourceError("training needs a class for every image, and some in the manifest have none")
    columns = (kept[name] for name in ("source", "path", "final_label", "sha256"))
    return [Sample(source, path, label, sha256 or path) for source, path, label, sha256 in zip(*columns, strict=True)]


def from_audit(images: pd.DataFrame, findings: pd.DataFrame, root: str) -> list[Sample]:
    """List the images of an audit that have a class, sorted by path, with their duplicate groups.

    `images` and `findings` are tables of the workspace, or some of their rows; `root` is that of the audit's source.
    """
    members = findings[findings["group_id"].notna()]
    group_of = dict(zip(members["path"], members["group_id"], strict=True))
    rows = images[images["label"].notna()].sort_values("path")
    return [
        Sample(root, path, label, group_of.get(path, path))
        for path, label in zip(rows["path"], rows["label"], strict=True)
    ]


# From samples to arrays


def load(samples: Sequence[Sample], preprocessing: Preprocessing) -> Images:
    """Read images as (n, input_px, input_px, 3) bytes; raises `SourceError` naming one that cannot be read any more."""
    at = functools.cache(source_at)
    images = np.empty((len(samples), preprocessing.input_px, preprocessing.input_px, 3), dtype=np.uint8)
    for index, sample in enumerate(samples):
        images[index] = _show(_read(at(sample.source), sample), preprocessing)
    return images


def in_chunks(
    samples: Sequence[Sample], preprocessing: Preprocessing, size: int = CHUNK
) -> Iterator[tuple[Sequence[Sample], Images]]:
    """Read images `size` at a time, since a dataset seldom fits in memory: yields samples and their pixels."""
    for start in range(0, len(samples), size):
        chunk = samples[start : start + size]
        yield chunk, load(chunk, preprocessing)


def _read(source: Source, sample: Sample) -> Images:
    """Decode one image to (rows, columns, 3) bytes."""
    try:
        data = source.read(sample.path) or b""
    except OSError as error:
        why = error.strerror or "it is not there"
        raise SourceError(f"{sample.address}: cannot be read ({why}); run the audit again") from error
    image = decode(data, DecodeLimits()).image
    if image is None:
        raise SourceError(f"{sample.address}: no image can be decoded from it; run the audit again and drop it")
    return image.rgb


def _show(rgb: Images, preprocessing: Preprocessing) -> Images:
    """Shape an image as the network sees it: (rows, columns, 3) to (input_px, input_px, 3)."""
    image = Image.fromarray(rgb)
    if preprocessing.grey:
        image = image.convert("L")
    if preprocessing.shrink_px is not None:
        image = square(image, preprocessing.shrink_px, preprocessing.shrink_filter)
    return np.asarray(square(image.convert("RGB"), preprocessing.input_px, "bilinear"), dtype=np.uint8)


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


# Parts that have no duplicates in common


def folds(samples: Sequence[Sample], count: int, seed: int) -> npt.NDArray[np.int64]:
    """Cut samples into folds, classes in proportion and groups whole: (n,) fold numbers below `count`.

    Where no class has so many images there are fewer folds. Raises `SourceError` where that leaves fewer than two.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    labels = np.array([sample.label for sample in samples])
    largest = int(np.unique(labels, return_counts=True)[1].max(initial=0))
    if min(count, largest) < 2:
        raise SourceError("there is but one image of each class, too few to train on some and to test on others")
    splitter = StratifiedGroupKFold(min(count, largest), shuffle=True, random_state=seed)
    result = np.zeros(len(samples), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class smaller than the number of folds is missing in some
        for fold, (_, rows) in enumerate(splitter.split(labels, labels, [sample.group for sample in samples])):
            result[rows] = fold
    return result


def split(samples: Sequence[Sample], test_share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Split samples into train and test, `test_share` of each class in the latter, groups whole; sorted by address.

    Every class is in both. Raises `SourceError` where a class has too few groups for that.
    """
    groups_of: dict[str, list[str]] = {}
    for sample in samples:
        groups_of.setdefault(sample.label, []).append(sample.group)
    for label, groups in sorted(groups_of.items()):
        if len(set(groups)) < 2:
            raise SourceError(f"class {label!r} has one image (or copies of one); a split needs at least two")
    share = Fraction(test_share).limit_denominator(_MAX_FOLDS)
    if test_share < 1 / _MAX_FOLDS:
        share = Fraction(1, round(1 / test_share))
    fold_of = folds(samples, share.denominator, seed)
    count = int(fold_of.max()) + 1
    test_folds = min(max(1, round(count * share)), count - 1)
    test = {sample.group for sample, fold in zip(samples, fold_of, strict=True) if fold < test_folds}
    rng = random.Random(seed)  # noqa: S311  # a split, not a secret
    for _, groups in sorted(groups_of.items()):  # a class of few images may be missing on one side
        if test.isdisjoint(groups):
            test.add(rng.choice(sorted(set(groups))))
        elif test.issuperset(groups):
            test.discard(rng.choice(sorted(set(groups))))
    parts = [sample for sample in samples if sample.group not in test], [s for s in samples if s.group in test]
    train, tested = (sorted(part, key=lambda sample: sample.address) for part in parts)
    return train, tested
