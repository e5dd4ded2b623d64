"""One training run as a folder: the checkpoint, a table of its epochs, and a log that TensorBoard reads."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from curate.sources.address import join
from curate.storage import safe_csv
from curate.train import data, loop, weights
from curate.train.data import Sample
from curate.train.loop import Epoch, Fitted, Labelled, TrainConfig

CHECKPOINT, EPOCHS, LOG = "checkpoint.pt", "epochs.csv", "tensorboard"
VALIDATION_SHARE = 0.15
"""Of the training images, where a run may end early: the test images must not say when."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def silent(what: str, done: int, total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What to train on, how, and where it goes. The same run gives the same numbers."""

    source: str | Path
    output: Path
    config: TrainConfig
    test_share: float = 0.2
    seed: int = 0


def fit(run: Run, progress: Progress = silent) -> Fitted:
    """Train on a manifest or any source of images with classes, and return the trained network.

    A run that was cut short goes on where it was. Raises `CurateError` for images that cannot be read, a class too
    small to split, or another run's folder.
    """
    with tempfile.TemporaryDirectory(prefix="curate-fit-") as scratch:
        samples = data.from_source(run.source, Path(scratch))
        train, test = data.split(samples, run.test_share, run.seed)
        parts = [train, test]
        if run.config.patience is not None:
            parts = [*data.split(train, VALIDATION_SHARE, run.seed), test]
        classes = sorted({sample.label for sample in samples})
        run.output.mkdir(parents=True, exist_ok=True)
        fitted = loop.fresh(run.config.weights, classes, run.seed)
        ready = [prepare(fitted, part, run.config, progress) for part in parts]
    tests = (ready[2], ready[1]) if len(ready) > 2 else ready[1]
    checkpoint = run.output / CHECKPOINT
    rows: list[Epoch] = []
    for epoch in loop.fit(fitted, ready[0], tests, run.config, seed=run.seed, checkpoint=checkpoint):
        rows.append(epoch)
        safe_csv.write(_table(rows), run.output / EPOCHS)
        progress(_figures(epoch), len(rows), run.config.epochs)
    _log(rows, run.output / LOG)
    return fitted


def predict(checkpoint: Path, source: str | Path, progress: Progress = silent) -> pd.DataFrame:
    """Predict every image of a manifest or source with a trained network, reading them chunk by chunk.

    Returns a row per image: `path` (its whole path or URL, `ARCHIVE.zip/PATH` in an archive), `label`, `predicted`, and
    a probability `p:CLASS` for each class. Raises `CurateError` where the checkpoint is none of ours, or an image
    cannot be read.
    """
    classes, preprocessing = loop.described(checkpoint)
    pretrained = weights.load(str(checkpoint), len(classes))
    parts = [np.empty((0, len(classes)), np.float32)]
    with tempfile.TemporaryDirectory(prefix="curate-predict-") as scratch:
        samples = data.from_source(source, Path(scratch))
        for done, (_, images) in enumerate(data.in_chunks(samples, preprocessing)):
            progress("looking at images", done * data.CHUNK, len(samples))
            parts.append(loop.predict(pretrained, images))
        progress("looking at images", len(samples), len(samples))
    probabilities = np.concatenate(parts)  # (n, classes)
    table = pd.DataFrame(
        {
            "path": [_named(sample, source, Path(scratch)) for sample in samples],
            "label": [sample.label for sample in samples],
            "predicted": [classes[index] for index in probabilities.argmax(axis=1)],
        }
    )
    return table.assign(**{f"p:{name}": probabilities[:, index].round(6) for index, name in enumerate(classes)})


def _named(sample: Sample, source: str | Path, scratch: Path) -> str:
    """Name a sample by its address, or by that of its archive: where that was unpacked means nothing later on."""
    return join(source, sample.path) if Path(sample.source).is_relative_to(scratch.resolve()) else sample.address


def prepare(fitted: Fitted, samples: Sequence[Sample], config: TrainConfig, progress: Progress = silent) -> Labelled:
    """Read images, and run the frozen trunk over them where the recipe lets its activations be kept."""
    parts = []
    for done, (chunk, images) in enumerate(data.in_chunks(samples, config.preprocessing)):
        progress("reading images", done * data.CHUNK, len(samples))
        targets = [fitted.classes.index(sample.label) for sample in chunk]
        parts.append(loop.labelled(fitted.pretrained, images, targets, cached=config.cacheable))
    progress("reading images", len(samples), len(samples))
    return _joined(parts)


def _joined(parts: Sequence[Labelled]) -> Labelled:
    """Concatenate parts of m, k, ... examples to one of m + k + ..."""
    import torch

    return Labelled(
        torch.cat([part.inputs for part in parts]), torch.cat([part.targets for part in parts]), parts[0].raw
    )


def _table(epochs: Sequence[Epoch]) -> pd.DataFrame:
    table = pd.DataFrame([asdict(epoch) for epoch in epochs]).dropna(axis=1, how="all")
    table.insert(0, "epoch", range(len(table)))
    return table.round(6).astype(object)


def _figures(epoch: Epoch) -> str:
    return (
        f"train loss {epoch.train_loss:.4f}, accuracy {epoch.train_accuracy:.3f}; "
        f"test loss {epoch.test_loss:.4f}, accuracy {epoch.test_accuracy:.3f}"
    )


def _log(epochs: Sequence[Epoch], folder: Path) -> None:
    """Write every epoch of the run, those of an earlier sitting too, as TensorBoard scalars."""
    from torch.utils.tensorboard import SummaryWriter

    shutil.rmtree(folder, ignore_errors=True)
    with SummaryWriter(str(folder)) as writer:
        for number, epoch in enumerate(epochs):
            for name, value in asdict(epoch).items():
                if value is not None:
                    part, figure = name.split("_")
                    writer.add_scalar(f"{figure}/{part}", value, number)
