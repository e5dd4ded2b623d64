"""Before and after, twice over: as the study compared, and as a comparison should be made.

The *published protocol* gives each model a test set of its own: the reference a random part of the raw images,
the proposed one a random part of the cleaned, extended and shrunk ones. The *controlled protocol* sets test
images aside first, whole duplicate groups at a time, and asks both models about the same ones: raw web
images, and faces from the extension. What differs between the two is owed to the easier test set.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import curate
from curate.storage.atomic import write_json
from curate.storage.workspace import Workspace
from curate.train import data, loop, parts
from curate.train.data import Preprocessing, Sample
from curate.train.loop import PROPOSED, REFERENCE, Labelled, TrainConfig
from curate.train.study import statistics
from curate.train.study.material import TEST_SHARE, Material, Plan, Say, audited, built, extended, gather, located
from curate.train.study.statistics import Ints

if TYPE_CHECKING:
    from torch import Tensor

PUBLISHED = Path(__file__).with_name("published.toml")
"""What the study printed, shown beside what is measured; nothing is computed from it."""
FACE = Preprocessing(shrink_px=48, grey=True)


def benchmark(plan: Plan, say: Say = lambda _: None) -> dict[str, Any]:
    """Run both protocols, write `benchmark.json` to the output and to the workspace's `runs`, and return it.

    Raises `CurateError` for datasets that cannot be read, or do not share their classes.
    """
    plan = located(plan, say)
    workspace = audited(plan, say)
    material = gather(plan, workspace, say)
    bank = _Bank(plan.weights, material.classes, say)
    published = _published_protocol(plan, material, bank, say)
    controlled = _controlled_protocol(plan, material, bank, say)
    result = {
        "weights": plan.weights,
        "seeds": plan.seeds,
        "classes": material.classes,
        "raw": str(plan.raw),
        "extra": str(plan.extra),
        "decisions": "the scanners' advice, followed without a person" if material.advised else "a person's",
        "images": {name: len(getattr(material, name)) for name in ("raw", "kept", "extension", "faces")},
        "table1": _class_summary(workspace),
        "recipes": {config.name: asdict(config) for config in (REFERENCE, PROPOSED)},
        "published": tomllib.loads(PUBLISHED.read_text(encoding="utf-8")),
        "published_protocol": published,
        "controlled_protocol": controlled,
    }
    plan.output.mkdir(parents=True, exist_ok=True)
    write_json(result, plan.output / "benchmark.json")
    workspace.runs.mkdir(exist_ok=True)
    write_json(result, workspace.runs / "benchmark.json")
    return result


class _Bank:
    """The trunk's activations of every image asked for, each computed once for each preprocessing."""

    def __init__(self, weights: str, classes: list[str], say: Say) -> None:
        self.weights, self.classes, self.say = weights, classes, say
        self._trunk = loop.fresh(weights, classes, seed=0).pretrained
        self._activations: dict[Preprocessing, dict[str, Tensor]] = {}

    def examples(self, samples: Sequence[Sample], preprocessing: Preprocessing) -> Labelled:
        """Return the activations (n, 320, side, side) and class numbers (n,) of images."""
        import torch

        known = self._activations.setdefault(preprocessing, {})
        new = [sample for sample in samples if sample.address not in known]
        for chunk, images in data.in_chunks(new, preprocessing):
            computed = loop.labelled(self._trunk, images, [0] * len(chunk)).inputs
            known.update({sample.address: row for sample, row in zip(chunk, computed, strict=True)})
        targets = [self.classes.index(sample.label) for sample in samples]
        return Labelled(torch.stack([known[sample.address] for sample in samples]), torch.tensor(targets))

    def run(
        self, config: TrainConfig, train: Sequence[Sample], tests: dict[str, Sequence[Sample]], seed: int
    ) -> tuple[list[dict[str, float]], dict[str, Ints]]:
        """Train once; return the figures of every epoch on the first test set, and the classes predicted for all."""
        fitted = loop.fresh(self.weights, self.classes, seed)
        material = {name: self.examples(samples, config.preprocessing) for name, samples in tests.items()}
        history = [
            {figure: value for figure, value in asdict(epoch).items() if value is not None}
            for epoch in loop.fit(
                fitted, self.examples(train, config.preprocessing), next(iter(material.values())), config, seed=seed
            )
        ]
        predicted = {name: loop.probabilities(fitted, examples).argmax(axis=1) for name, examples in material.items()}
        return history, predicted


def _published_protocol(plan: Plan, material: Material, bank: _Bank, say: Say) -> dict[str, Any]:
    """Test each model on a random split of its own images, duplicates parted as chance will, as in the study."""
    runs: dict[str, list[Any]] = {"reference": [], "proposed": []}
    for seed in range(plan.seeds):
        say(f"published protocol, seed {seed + 1} of {plan.seeds}")
        made = built(material.kept, material.extension, plan, seed)
        for config, images in ((REFERENCE, material.raw), (PROPOSED, made)):
            alone = [replace(sample, group=sample.address) for sample in images]
            train, test = parts.split(alone, TEST_SHARE, seed)
            history, predicted = bank.run(config, train, {"own": test}, seed)
            runs[config.name].append((history, _truth(test, material), predicted["own"]))
    return {
        name: {
            "epochs": _mean_epochs([history for history, _, _ in results]),
            **_summary([(truth, predicted) for _, truth, predicted in results], material),
            "mean_over_epochs": {
                figure: float(np.mean([[epoch[figure] for epoch in history] for history, _, _ in results]))
                for figure in ("train_accuracy", "test_accuracy")
            },
        }
        for name, results in runs.items()
    }


def _controlled_protocol(plan: Plan, material: Material, bank: _Bank, say: Say) -> dict[str, Any]:
    """Test all arms on the same images: raw ones set aside by group before cleaning, and the extension's faces."""
    rest, test = parts.split(material.raw, TEST_SHARE, seed=0)
    tests: dict[str, Sequence[Sample]] = {"raw": test, "faces": material.faces}
    free = {sample.address for sample in rest}
    kept = [sample for sample in material.kept if sample.address in free]
    shrunk = TrainConfig(name="proposed", epochs=PROPOSED.epochs, preprocessing=FACE)
    whole = TrainConfig(name="whole", epochs=PROPOSED.epochs)
    arms: dict[str, tuple[TrainConfig, Callable[[int], list[Sample]]]] = {
        "reference": (REFERENCE, lambda _: rest),
        "cleaned": (REFERENCE, lambda _: kept),
        "+ extension": (whole, lambda seed: kept + extended(kept, material.extension, plan, seed)),
        "+ balance": (whole, lambda seed: built(kept, material.extension, plan, seed)),
        "proposed (+ shrinking)": (shrunk, lambda seed: built(kept, material.extension, plan, seed)),
    }
    predicted: dict[str, dict[str, list[Ints]]] = {arm: {name: [] for name in tests} for arm in arms}
    counts: dict[str, int] = {}
    for arm, (config, chosen) in arms.items():
        for seed in range(plan.seeds):
            say(f"controlled protocol, {arm}, seed {seed + 1} of {plan.seeds}")
            train = chosen(seed)
            counts[arm] = len(train)
            for name, classes in bank.run(config, train, tests, seed)[1].items():
                predicted[arm][name].append(classes)
    truth = {name: _truth(samples, material) for name, samples in tests.items()}
    last = "proposed (+ shrinking)"
    return {
        "tests": {name: len(samples) for name, samples in tests.items()},
        "arms": {
            arm: {
                "trained_on": counts[arm],
                **{name: _summary([(truth[name], classes) for classes in of_arm[name]], material) for name in tests},
            }
            for arm, of_arm in predicted.items()
        },
        "difference": {
            name: statistics.paired_bootstrap(
                np.array([classes == truth[name] for classes in predicted["reference"][name]]),
                np.array([classes == truth[name] for classes in predicted[last][name]]),
                seed=0,
            )
            for name in tests
        },
    }


def _truth(samples: Sequence[Sample], material: Material) -> Ints:
    """Return the true class numbers (n,)."""
    return np.array([material.classes.index(sample.label) for sample in samples], dtype=np.int64)


def _mean_epochs(histories: Sequence[Sequence[dict[str, float]]]) -> list[dict[str, float]]:
    """Average each figure of each epoch over the runs."""
    return [
        {figure: float(np.mean([epoch[figure] for epoch in epochs])) for figure in epochs[0]}
        for epochs in zip(*histories, strict=True)
    ]


def _summary(runs: Sequence[tuple[Ints, Ints]], material: Material) -> dict[str, Any]:
    """Sum up (truth, predicted) of every seed: accuracy and macro-F1 over seeds, the confusions added up."""
    classes = len(material.classes)
    tables = [statistics.confusion(truth, predicted, classes) for truth, predicted in runs]
    return {
        "accuracy": statistics.mean_interval([float((truth == predicted).mean()) for truth, predicted in runs]),
        "macro_f1": statistics.mean_interval([statistics.macro_f1(truth, given, classes) for truth, given in runs]),
        "confusion": np.sum(tables, axis=0).tolist(),
    }


def _class_summary(workspace: Workspace) -> list[dict[str, Any]]:
    """Read Table 1 of a workspace, a row per class."""
    table = curate.status(workspace.root).class_summary.reset_index(names="label")
    return list(json.loads(table.to_json(orient="records")))
