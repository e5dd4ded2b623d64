"""The images that a manifest keeps, for training of your own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from curate.dataset import manifest as manifests
from curate.dataset.relocation import sources_of
from curate.errors import MissingExtraError, SourceError, path_of, refuse_uncallable, text_of
from curate.train import listing

if TYPE_CHECKING:
    from curate.train.datasets import ManifestDataset, Transform


def torch_dataset(
    manifest: str | Path,
    transform: Transform | None = None,
    *,
    split: str | None = None,
    source: str | Path | Sequence[str] | None = None,
) -> ManifestDataset:
    """Make a `Dataset` of torch of the images that a manifest keeps, or of those of one `split`.

    Classes are those of all images that it keeps, so that they have the same indices in every split. `source` says
    where the images are now, if they have moved. Raises `SourceError` where the manifest is none, keeps an image
    without a class, or has none in this split; `UndecidedError` where an image is undecided.

    >>> faces = curate.torch_dataset("approved.csv", lambda image: image.resize((64, 64)))
    >>> faces, faces.class_to_idx
    (<ManifestDataset of 6 images in 2 classes>, {'cats': 0, 'dogs': 1})
    >>> image, index = faces[0]
    >>> image.size, faces.classes[index]
    ((64, 64), 'cats')
    """
    refuse_uncallable("transform", transform)
    if split is not None:
        text_of("split", split)
    try:
        from curate.train.datasets import ManifestDataset
    except ImportError as error:
        raise MissingExtraError('a dataset of torch needs more packages: pip install "imagecurate[train]"') from error
    samples = listing.from_manifest(manifests.kept_rows(path_of("manifest", manifest), sources_of(source)))
    lacking = sum(not sample.label for sample in samples)
    if lacking:
        raise SourceError(f"{manifest} keeps images without a class: {lacking:,}; relabel or drop them")
    classes = sorted({sample.label for sample in samples})
    chosen = [sample for sample in samples if split in (None, sample.split)]
    if not chosen:
        known = sorted({sample.split for sample in samples if sample.split})
        which = "" if split is None else f" of the split {split!r}; there are {', '.join(known) or 'no splits'}"
        raise SourceError(f"{manifest} keeps no image{which}")
    return ManifestDataset(chosen, classes, transform)
