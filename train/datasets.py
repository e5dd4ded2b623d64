"""Images with a class as a `Dataset` of torch; imports torch, as few modules do when they are imported."""

from collections.abc import Callable
from typing import Any

from PIL import Image
from torch.utils.data import Dataset

from curate.errors import SourceError
from curate.i18n import counted
from curate.sources import Source, source_at
from curate.train import data
from curate.train.data import Sample

Transform = Callable[[Image.Image], Any]


class ManifestDataset(Dataset[tuple[Any, int]]):
    """Pairs of an image and the index of its class, in the order of the paths.

    `classes` are the final labels, sorted, `class_to_idx` their indices, `targets` those of all images and `samples`
    what they are. An image is RGB (Pillow), upright, on white where it is transparent, and what `transform` makes of
    it. Reading one that cannot be decoded, or has changed since the manifest was written, raises `SourceError`.
    """

    def __init__(self, samples: list[Sample], classes: list[str], transform: Transform | None = None) -> None:
        self.samples = samples
        self.classes = classes
        self.class_to_idx = {name: index for index, name in enumerate(classes)}
        self.targets = [self.class_to_idx[sample.label] for sample in samples]
        self.transform = transform
        self._sources: dict[str, Source] = {}

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        sample = self.samples[index]
        source = self._sources.setdefault(sample.source, source_at(sample.source))
        decoded = data.read(source, sample)
        if isinstance(decoded, data.Unreadable):
            raise SourceError(f"{sample.address}: {decoded.reason} {decoded.way_out}")
        image = Image.fromarray(decoded.rgb)
        return (image if self.transform is None else self.transform(image)), self.targets[index]

    def __repr__(self) -> str:
        return f"<ManifestDataset of {counted(len(self), 'image')} in {counted(len(self.classes), 'class', 'classes')}>"
