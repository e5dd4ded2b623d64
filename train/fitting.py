"""One training run as a folder: the checkpoint, what it was made of, tables of epochs and predictions, and a log."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from curate.sources.address import on_this_machine
from curate.storage import safe_csv
from curate.storage.atomic import disk_refusals_explained, explained, write_json
from curate.train import contents, data, listing, loop, mistakes, packages, predicting, recipes, record
from curate.train.data import Sample
from curate.train.history import Epoch, best_epoch
from curate.train.loop import Fitted, Labelled, TrainConfig
from curate.train.parts import Division, Parts, divide
from curate.train.quality import quality
from curate.train.recipes import Run
from curate.train.study.statistics import Ints
from curate.train.watching import Progress, Say, silent, unsaid

CHECKPOINT, EPOCHS, PREDICTIONS, LOG = "checkpoint.pt", "epochs.csv", "predictions.csv", "tensorboard"
QUALITY = "quality.json"
"""By part: accuracy, figures of every class, confusions, and how well probabilities are calibrated."""
MISTAKES = "mistakes.json"
"""Of the test part (`mistakes`)."""
RECIPE = "recipe.toml"
"""All that makes the run again (`recipes`)."""


@disk_refusals_explained()
def fit(run: Run, progress: Progress = silent, say: Say = unsaid) -> Fitted:
    """Train on a manifest or any source of images with classes, and return the trained network.

    A run that was cut short goes on where it was. Raises `CurateError` for images that cannot be read, splits that
    cannot be trained and tested on, a loss that is not a number, or another run's folder.
    """
    on_this_machine(run.output, "a run")
    packages.require(packages.TRAINING)
    with tempfile.TemporaryDirectory(prefix="curate-fit-") as scratch:
        parts = _parts(run, Path(scratch), progress, say)
        fitted = loop.fresh(run.config.weights, sorted({sample.label for sample in parts.train}), run.seed)
        checkpoint = run.output / CHECKPOINT
        with explained(run.output):
            run.output.mkdir(parents=True, exist_ok=True)
        record.claim(run.output, record.made_of(parts.everything, run.config, run.seed), checkpoint, run.config)
        recipes.write(run, run.output / RECIPE)
        train, *tested = (prepare(fitted, part, run.config, progress) for part in (parts.train, *parts.tested))
        rows: list[Epoch] = []
        tests = (tested[0], tested[-1]) if parts.validation else tested[0]
        for epoch in loop.fit(fitted, train, tests, run.config, seed=run.seed, checkpoint=checkpoint):
            rows.append(epoch)
            safe_csv.write(_table(rows), run.output / EPOCHS)
            progress(_figures(epoch), len(rows), run.config.epochs)
        if run.config.patience is not None:
            kept = best_epoch(rows)
            say(f"epoch {kept} is kept, whose validation loss is the lowest: {rows[kept].validation_loss:.4f}")
        _log(rows, run.output / LOG)
        predicted = [loop.probabilities(fitted, part) for part in tested]
        safe_csv.write(predicting.of_parts(parts, fitted.classes, predicted), run.output / PREDICTIONS)
        found = {
            str(part[0].split): quality(_truth(part, fitted.classes), of_part, fitted.classes)
            for part, of_part in zip(parts.tested, predicted, strict=True)
        }
        write_json(found, run.output / QUALITY)
        surest = mistakes.surest(parts.test, fitted.classes, predicted[0])
        write_json({"mistakes": surest}, run.output / MISTAKES)
        return fitted


def _parts(run: Run, scratch: Path, progress: Progress, say: Say) -> Parts:
    """List the images of a run, read each once, and divide them."""
    samples = listing.from_source(run.source, scratch / "unpacked", run.moved, say)
    progress("looking for broken images and duplicates", 0, len(samples))
    samples = contents.measured(samples, scratch / "measured")
    early = run.config.patience is not None
    return divide(samples, Division(run.test_share, run.ignore_splits, early, run.seed), say)


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


def _truth(samples: Sequence[Sample], classes: Sequence[str]) -> Ints:
    return np.array([classes.index(sample.label) for sample in samples], dtype=np.int64)


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
