"""Images to arrays: the same strict decoder as the audit, one resampling filter, nothing random."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
from curate.images.formats import FORMAT_OF_EXTENSION

Images = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sample:
    """One image and its class; `group` is shared by copies, which must not be parted by a split."""

    path: Path
    label: str
    group: str


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


def from_source(source: Path) -> list[Sample]:
    """The images of a manifest file or of a folder per class."""
    return from_manifest(manifest.read(source)) if source.is_file() else from_folder(source)


def from_manifest(table: pd.DataFrame) -> list[Sample]:
    """The kept images of a manifest, sorted by path; raises `SourceError` where one has no class."""
    kept = table[table["action"].isin(["keep", "relabel"])].sort_values("path")
    if kept["final_label"].isna().any():
        raise SourceError("training needs a class for every image; this dataset is flat")
    return [
        Sample(Path(source) / path, label, sha256 or path)
        for source, path, label, sha256 in kept[["source", "path", "final_label", "sha256"]].itertuples(index=False)
    ]


def from_folder(folder: Path) -> list[Sample]:
    """A folder per class, sorted by path; raises `SourceError` where there is none."""
    if not folder.is_dir():
        raise SourceError(f"{folder} does not exist; give a folder per class")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in FORMAT_OF_EXTENSION)
    samples = [Sample(path, path.parent.name, str(path)) for path in files if path.parent != folder]
    if not samples:
        raise SourceError(f"{folder}: training needs a folder per class, with images in it")
    return samples


def load(samples: Sequence[Sample], preprocessing: Preprocessing) -> Images:
    """(n, input_px, input_px, 3) RGB.

    Raises `SourceError` naming an image that cannot be read any more.
    """
    images = np.empty((len(samples), preprocessing.input_px, preprocessing.input_px, 3), dtype=np.uint8)
    for index, sample in enumerate(samples):
        images[index] = _show(_read(sample.path), preprocessing)
    return images


def _read(path: Path) -> Images:
    try:
        image = decode(path.read_bytes(), DecodeLimits()).image
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror}); run the audit again") from error
    if image is None:
        raise SourceError(f"{path}: no image can be decoded from it; run the audit again and drop it")
    return image.rgb


def _show(rgb: Images, preprocessing: Preprocessing) -> Images:
    image = Image.fromarray(rgb)
    if preprocessing.grey:
        image = image.convert("L")
    if preprocessing.shrink_px is not None:
        image = square(image, preprocessing.shrink_px, preprocessing.shrink_filter)
    return np.asarray(square(image.convert("RGB"), preprocessing.input_px, "bilinear"), dtype=np.uint8)


def split(samples: Sequence[Sample], test_share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Train and test, stratified by class, copies kept together.

    Raises `SourceError` where a class has too few groups to be in both.
    """
    rng = random.Random(seed)  # noqa: S311  # a split, not a secret
    train: list[Sample] = []
    test: list[Sample] = []
    for label in sorted({sample.label for sample in samples}):
        groups: dict[str, list[Sample]] = {}
        for sample in samples:
            if sample.label == label:
                groups.setdefault(sample.group, []).append(sample)
        if len(groups) < 2:
            raise SourceError(f"class {label!r} has one image (or copies of one); a split needs at least two")
        names = sorted(groups)
        rng.shuffle(names)
        wanted = max(1, round(test_share * sum(map(len, groups.values()))))
        for name in names:
            place = test if wanted > 0 and len(names) > 1 else train
            if place is test:
                wanted -= len(groups[name])
            place.extend(groups[name])
    return sorted(train, key=_by_path), sorted(test, key=_by_path)


def _by_path(sample: Sample) -> str:
    return str(sample.path)


def grouped(samples: Sequence[Sample], groups: dict[str, str], root: Path) -> list[Sample]:
    """The samples with the duplicate groups of an audit: `groups` maps paths below `root` to group ids."""
    return [
        replace(sample, group=groups.get(sample.path.relative_to(root).as_posix(), sample.group)) for sample in samples
    ]


def batches(order: Sequence[int], size: int) -> Iterator[list[int]]:
    """Cut an order into batches; a last batch of one joins the one before it, since BatchNorm cannot take it."""
    cuts = [list(order[start : start + size]) for start in range(0, len(order), size)]
    if len(cuts) > 1 and len(cuts[-1]) == 1:
        cuts[-2] += cuts.pop()
    yield from cuts


def normalise(images: Any, mean: Sequence[float], scale: Sequence[float]) -> Any:
    """(n, 3, side, side) float32 tensor of (pixels - mean) / scale, from an (n, side, side, 3) tensor of bytes."""
    import torch

    values = images.permute(0, 3, 1, 2).float()
    middle, spread = (torch.tensor(part, device=images.device).view(1, 3, 1, 1) for part in (mean, scale))
    return (values - middle) / spread
