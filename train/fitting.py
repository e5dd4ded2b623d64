"""One training run as a folder: the checkpoint, a table of its epochs, and a log that TensorBoard reads."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from curate.storage import safe_csv
from curate.train import data, loop
from curate.train.data import Sample
from curate.train.loop import Epoch, Fitted, Labelled, TrainConfig

CHECKPOINT, EPOCHS, LOG = "checkpoint.pt", "epochs.csv", "tensorboard"
VALIDATION_SHARE = 0.15
"""Of the training images, where a run may end early: the test images must not say when."""
_CHUNK = 128

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def silent(what: str, done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What to train on, how, and where it goes. The same run gives the same numbers."""

    source: Path
    output: Path
    config: TrainConfig
    test_share: float = 0.2
    seed: int = 0


def fit(run: Run, progress: Progress = silent) -> Fitted:
    """Train on a manifest or a folder per class; a run that was cut short goes on where it was.

    Raises `CurateError` for images that cannot be read, a class too small to split, or another run's folder.
    """
    samples = data.from_source(run.source)
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
        progress(_told(epoch), len(rows), run.config.epochs)
    _log(rows, run.output / LOG)
    return fitted


def prepare(fitted: Fitted, samples: Sequence[Sample], config: TrainConfig, progress: Progress = silent) -> Labelled:
    """Read images, and run the frozen trunk over them where the recipe lets its answers be kept."""
    parts = []
    for start in range(0, len(samples), _CHUNK):
        progress("reading images", start, len(samples))
        chunk = samples[start : start + _CHUNK]
        targets = [fitted.classes.index(sample.label) for sample in chunk]
        images = data.load(chunk, config.preprocessing)
        parts.append(loop.labelled(fitted.pretrained, images, targets, cached=config.cacheable))
    progress("reading images", len(samples), len(samples))
    return joined(parts)


def joined(parts: Sequence[Labelled]) -> Labelled:
    """Several parts one after the other."""
    import torch

    return Labelled(
        torch.cat([part.inputs for part in parts]), torch.cat([part.targets for part in parts]), parts[0].raw
    )


def _table(epochs: Sequence[Epoch]) -> pd.DataFrame:
    table = pd.DataFrame([asdict(epoch) for epoch in epochs]).dropna(axis=1, how="all")
    table.insert(0, "epoch", range(len(table)))
    return table.round(6).astype(object)


def _told(epoch: Epoch) -> str:
    return (
        f"train loss {epoch.train_loss:.4f}, accuracy {epoch.train_accuracy:.3f}; "
        f"test loss {epoch.test_loss:.4f}, accuracy {epoch.test_accuracy:.3f}"
    )


def _log(epochs: Sequence[Epoch], folder: Path) -> None:
    """Every epoch of the run, those of an earlier sitting too, as TensorBoard scalars."""
    from torch.utils.tensorboard import SummaryWriter

    shutil.rmtree(folder, ignore_errors=True)
    with SummaryWriter(str(folder)) as writer:
        for number, epoch in enumerate(epochs):
            for name, value in asdict(epoch).items():
                if value is not None:
                    part, figure = name.split("_")
                    writer.add_scalar(f"{figure}/{part}", value, number)
