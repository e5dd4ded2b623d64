"""What a network says of images, as tables that a spreadsheet cannot run: a column `p:CLASS` for each class.

Images are read, predicted and written chunk by chunk, so that any number of them takes the same memory.
"""

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from curate.errors import ConfigError
from curate.sources.address import join, on_this_machine
from curate.storage import safe_csv
from curate.train import checkpoints, data, listing, loop, packages, weights
from curate.train.data import Reading, Sample, Unreadable
from curate.train.loop import Floats
from curate.train.parts import Parts
from curate.train.watching import Progress, Say, silent, unsaid
from curate.train.weights import Pretrained


@dataclass(slots=True)
class Predicted:
    """How many images a table of predictions has, and how many of them could not be read."""

    images: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Network:
    """A trained network with what it says; `checkpoint` is where it comes from."""

    pretrained: Pretrained
    classes: list[str]
    checkpoint: Path


def predict(
    checkpoint: Path,
    source: str | Path,
    output: Path,
    progress: Progress = silent,
    *,
    moved: Sequence[str] = (),
    say: Say = unsaid,
) -> Predicted:
    """Predict an image file, or every image of a manifest or source, into a CSV file with a row for each.

    `path` is the whole path or URL (`ARCHIVE.zip/PATH` in an archive), `label` is empty where nobody gave one. Of an
    image that cannot be read `predicted` and its probabilities are empty and `error` says why. `moved` says where the
    images of a manifest lie now. Raises `CurateError` where the checkpoint is none of ours, or gives no numbers.
    """
    output = on_this_machine(output, "the predictions")
    packages.require()
    classes, preprocessing = checkpoints.described(checkpoint)
    network = _Network(
        pretrained=weights.load(str(checkpoint), len(classes)),
        classes=classes,
        checkpoint=checkpoint,
    )
    count = Predicted()
    with tempfile.TemporaryDirectory(prefix="curate-predict-") as scratch:
        samples = listing.images(source, Path(scratch), moved, say)
        shown = data.readings(samples, preprocessing)

        def chunks() -> Iterator[pd.DataFrame]:
            for start in range(0, max(1, len(samples)), data.CHUNK):
                progress("looking at images", start, len(samples))
                chunk = samples[start : start + data.CHUNK]
                names = [_named(sample, source, Path(scratch)) for sample in chunk]
                table = _table(network, chunk, names, list(itertools.islice(shown, len(chunk))))
                count.images += len(table)
                count.unreadable += int((table["error"] != "").sum())
                yield table

        safe_csv.write_parts(chunks(), output)
        progress("looking at images", len(samples), len(samples))
    return count


def of_parts(parts: Parts, classes: Sequence[str], predicted: Sequence[Floats]) -> pd.DataFrame:
    """Make the table of what a run says of the parts it was tested on, (n, classes) probabilities for each; by path.

    Paths are those of the source, or whole addresses where two images of the run would share one.
    """
    everything = parts.everything
    unique = len({sample.path for sample in everything}) == len(everything)
    samples = [sample for part in parts.tested for sample in part]
    probabilities = np.concatenate(predicted)
    table = pd.DataFrame(
        {
            "path": [sample.path if unique else sample.address for sample in samples],
            "split": [sample.split for sample in samples],
            "label": [sample.label for sample in samples],
            "predicted": [classes[index] for index in probabilities.argmax(axis=1)],
            **_columns(classes, probabilities),
        },
        dtype=object,
    )
    return table.sort_values("path", ignore_index=True)


def _table(
    network: _Network, samples: Sequence[Sample], names: Sequence[str], readings: Sequence[Reading]
) -> pd.DataFrame:
    """Predict a chunk of images, a row for each."""
    good = [row for row, shown in enumerate(readings) if not isinstance(shown, Unreadable)]
    table = pd.DataFrame("", index=range(len(samples)), columns=["path", "label", "predicted"], dtype=object)
    table["path"], table["label"] = list(names), [sample.label for sample in samples]
    table["error"] = [shown.reason if isinstance(shown, Unreadable) else "" for shown in readings]
    table = table.assign(**{f"p:{name}": "" for name in network.classes})
    if good:
        probabilities = loop.predict(network.pretrained, np.stack([readings[row] for row in good]))
        _refuse_no_numbers(network, probabilities, [names[row] for row in good])
        table.loc[good, "predicted"] = [network.classes[index] for index in probabilities.argmax(axis=1)]
        for name, column in _columns(network.classes, probabilities).items():
            table.loc[good, name] = column
    return table


def _columns(classes: Sequence[str], probabilities: Floats) -> dict[str, list[str]]:
    """Write (n, classes) probabilities as columns of text, with six decimals."""
    return {f"p:{name}": [f"{value:.6f}" for value in probabilities[:, index]] for index, name in enumerate(classes)}


def _refuse_no_numbers(network: _Network, probabilities: Floats, names: Sequence[str]) -> None:
    bad = np.flatnonzero(~np.isfinite(probabilities).all(axis=1))
    if len(bad):
        raise ConfigError(
            f"{network.checkpoint}: gives no numbers for {names[bad[0]]}, since its training diverged; train again "
            "with a smaller --learning-rate"
        )


def _named(sample: Sample, source: str | Path, scratch: Path) -> str:
    """Name a sample by its address, or by that of its archive: where that was unpacked means nothing later on."""
    return join(source, sample.path) if Path(sample.source).is_relative_to(scratch.resolve()) else sample.address
