"""The runs of a benchmark: the trunk looks at an image once, and a run that is done is not done again.

What a run came to lies in a file named by all that it was made of, so a benchmark that was killed goes on with the run
that it was at. Invariant: batches are full when the trunk runs over them, so that an image's activations do not depend
on which others are computed with it, and a benchmark that goes on ends with the bytes of one that was not interrupted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from curate import __version__
from curate.storage.atomic import write_json
from curate.train import data, loop
from curate.train.data import Images, Preprocessing, Sample
from curate.train.loop import Labelled, TrainConfig
from curate.train.study.statistics import Ints

if TYPE_CHECKING:
    from torch import Tensor

_ROUND = 10_000
"""Added to the seed of a run for each further round, so that no round has the order of images of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a network is trained on, and tested on: after every epoch on the first test set, at the end on all.

    It is only tested where its recipe has no epochs.
    """

    train: Sequence[Sample]
    tests: Mapping[str, Sequence[Sample]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The figures of every epoch, and the class numbers (n,) predicted for each test set at the end."""

    epochs: list[dict[str, float]]
    predicted: dict[str, Ints]


class Bank:
    """Trains networks of one kind of weights on images of `classes`, and keeps in `folder` what they came to.

    With `fine_tune` it trains them whole, whatever the recipe.
    """

    def __init__(self, weights: str, classes: list[str], folder: Path, *, fine_tune: bool = False) -> None:
        self._weights, self._classes, self._folder, self._fine_tune = weights, classes, folder, fine_tune
        self._trunk = loop.fresh(weights, classes, seed=0).pretrained
        self._seen: dict[tuple[Preprocessing, bool], dict[str, Tensor]] = {}

    def run(self, config: TrainConfig, rounds: Sequence[Round], seed: int) -> list[Outcome]:
        """Train a new network through all rounds, its optimiser going on from one to the next; an outcome for each."""
        config = loop.tuned(config) if self._fine_tune else config
        done = self._folder / f"{self._key(config, rounds, seed)}.json"
        if not done.is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            write_json({"rounds": [asdict(outcome) for outcome in self._train(config, rounds, seed)]}, done)
        return [
            Outcome(
                epochs=stored["epochs"],
                predicted={name: np.array(found, dtype=np.int64) for name, found in stored["predicted"].items()},
            )
            for stored in json.loads(done.read_text(encoding="utf-8"))["rounds"]
        ]

    def truth(self, samples: Sequence[Sample]) -> Ints:
        """Return the true class numbers (n,)."""
        return np.array([self._classes.index(sample.label) for sample in samples], dtype=np.int64)

    def examples(self, samples: Sequence[Sample], preprocessing: Preprocessing, *, cached: bool = True) -> Labelled:
        """Return what a network is trained on, and class numbers (n,), of images.

        That is the trunk's activations (n, 320, side, side), or, not cached, the images (n, side, side, 3) themselves.
        """
        import torch

        known = self._seen.setdefault((preprocessing, cached), {})
        new = [sample for sample in samples if sample.address not in known]
        for chunk, images in data.in_chunks(new, preprocessing):
            full = _filled(images, loop.FORWARD_BATCH)
            computed = loop.labelled(self._trunk, full, [0] * len(full), cached=cached).inputs[: len(chunk)]
            known.update({sample.address: row.clone() for sample, row in zip(chunk, computed, strict=True)})
        inputs = torch.stack([known[sample.address] for sample in samples]) if samples else torch.empty(0)
        return loop.examples(inputs, self.truth(samples).tolist(), raw=not cached)

    def _train(self, config: TrainConfig, rounds: Sequence[Round], seed: int) -> list[_Stored]:
        fitted = loop.fresh(self._weights, self._classes, seed)
        outcomes = []
        for number, current in enumerate(rounds):
            fitted = fitted.again()
            train, *others = (
                self.examples(samples, config.preprocessing, cached=config.cacheable)
                for samples in (current.train, *current.tests.values())
            )
            tests = dict(zip(current.tests, others, strict=True))
            epochs = loop.fit(fitted, train, others[0], config, seed=seed + _ROUND * number) if config.epochs else ()
            outcomes.append(
                _Stored(
                    epochs=[{name: value for name, value in asdict(e).items() if value is not None} for e in epochs],
                    predicted={name: _likeliest(fitted, examples) for name, examples in tests.items()},
                )
            )
        return outcomes

    def _key(self, config: TrainConfig, rounds: Sequence[Round], seed: int) -> str:
        """Name a run by a digest of all that decides what it comes to."""
        import torch

        file = Path(self._weights)
        made_of = {
            "curate": __version__,
            "torch": [torch.__version__, torch.get_num_threads()],
            "weights": hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else self._weights,
            "classes": self._classes,
            "config": asdict(config),
            "seed": seed,
            "rounds": [[_named(r.train), {name: _named(part) for name, part in r.tests.items()}] for r in rounds],
        }
        return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """An outcome as JSON has it."""

    epochs: list[dict[str, float]]
    predicted: dict[str, list[int]]


def _likeliest(fitted: loop.Fitted, examples: Labelled) -> list[int]:
    return [int(number) for number in loop.probabilities(fitted, examples).argmax(axis=1)]


def _filled(images: Images, size: int) -> Images:
    """Append black images up to a multiple of `size`."""
    missing = -len(images) % size
    return np.concatenate([images, np.zeros((missing, *images.shape[1:]), dtype=np.uint8)])


def _named(samples: Sequence[Sample]) -> list[tuple[str, str]]:
    """Name images by what they hold, wherever they lie."""
    return [(sample.sha256 or sample.address, sample.label) for sample in samples]
