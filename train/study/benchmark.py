"""Before and after, twice over: as the study compared, and as a comparison should be made.

The *published protocol* gives each model a test set of its own: the reference a random part of the raw images,
the proposed one a random part of the cleaned, extended and shrunk ones. The *controlled protocol* sets test
images aside first, whole duplicate groups at a time, and asks both models about the same ones: raw web
images, and faces from the extension. What differs between the two is owed to the easier test set.
"""

import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import curate
from curate.storage.atomic import write_json
from curate.storage.workspace import Workspace
from curate.train import data, loop
from curate.train.data import Preprocessing, Sample
from curate.train.loop import PROPOSED, REFERENCE, Labelled, TrainConfig
from curate.train.study import statistics
from curate.train.study.material import TEST_SHARE, Material, Plan, Say, audited, built, extended, gather, located

PUBLISHED = Path(__file__).with_name("published.toml")
"""What the study printed, shown beside what is measured; nothing is computed from it."""
FACE = Preprocessing(shrink_px=48, grey=True)


def benchmark(plan: Plan, say: Say = lambda _: None) -> dict[str, Any]:
    """Run everything and write `benchmark.json` to the output and to the workspace's `runs`; returns it."""
    plan = located(plan, say)
    place = audited(plan, say)
    material = gather(plan, place, say)
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
        "table1": _table1(place),
        "recipes": {config.name: asdict(config) for config in (REFERENCE, PROPOSED)},
        "published": tomllib.loads(PUBLISHED.read_text(encoding="utf-8")),
        "published_protocol": published,
        "controlled_protocol": controlled,
    }
    plan.output.mkdir(parents=True, exist_ok=True)
    write_json(result, plan.output / "benchmark.json")
    (place.root / "runs").mkdir(exist_ok=True)
    write_json(result, place.root / "runs" / "benchmark.json")
    return result


class _Bank:
    """The trunk's activations of every image asked for, each computed once per look."""

    def __init__(self, weights: str, classes: list[str], say: Say) -> None:
        self.weights, self.classes, self.say = weights, classes, say
        self._trunk = loop.fresh(weights, classes, seed=0).pretrained
        self._rows: dict[Preprocessing, dict[Path, Any]] = {}

    def examples(self, samples: Sequence[Sample], preprocessing: Preprocessing) -> Labelled:
        """Activations and class numbers of these images."""
        import torch

        rows = self._rows.setdefault(preprocessing, {})
        new = [sample for sample in samples if sample.path not in rows]
        for start in range(0, len(new), 128):
            part = new[start : start + 128]
            found = loop.labelled(self._trunk, data.load(part, preprocessing), [0] * len(part))
            rows.update({sample.path: found.inputs[index] for index, sample in enumerate(part)})
        targets = [self.classes.index(sample.label) for sample in samples]
        return Labelled(torch.stack([rows[sample.path] for sample in samples]), torch.tensor(targets))

    def run(
        self, config: TrainConfig, train: Sequence[Sample], tests: dict[str, Sequence[Sample]], seed: int
    ) -> tuple[list[dict[str, float]], dict[str, Any]]:
        """Train once; the history on the first test set, and the answers to all of them."""
        fitted = loop.fresh(self.weights, self.classes, seed)
        material = {name: self.examples(samples, config.preprocessing) for name, samples in tests.items()}
        history = [
            {figure: value for figure, value in asdict(epoch).items() if value is not None}
            for epoch in loop.fit(
                fitted, self.examples(train, config.preprocessing), next(iter(material.values())), config, seed=seed
            )
        ]
        answers = {name: loop.probabilities(fitted, examples).argmax(axis=1) for name, examples in material.items()}
        return history, answers


def _published_protocol(plan: Plan, material: Material, bank: _Bank, say: Say) -> dict[str, Any]:
    """Each model on a random split of its own images, copies parted as chance will, as in the study."""
    runs: dict[str, list[Any]] = {"reference": [], "proposed": []}
    for seed in range(plan.seeds):
        say(f"published protocol, seed {seed + 1} of {plan.seeds}")
        made = built(material.kept, material.extension, plan, seed)
        for config, images in ((REFERENCE, material.raw), (PROPOSED, made)):
            alone = [Sample(sample.path, sample.label, str(sample.path)) for sample in images]
            train, test = data.split(alone, TEST_SHARE, seed)
            history, answers = bank.run(config, train, {"own": test}, seed)
            runs[config.name].append((history, _truth(test, material), answers["own"]))
    return {
        name: {
            "epochs": _mean_epochs([history for history, _, _ in found]),
            **_summary([(truth, answers) for _, truth, answers in found], material),
            "mean_over_epochs": {
                figure: float(np.mean([[epoch[figure] for epoch in history] for history, _, _ in found]))
                for figure in ("train_accuracy", "test_accuracy")
            },
        }
        for name, found in runs.items()
    }


def _controlled_protocol(plan: Plan, material: Material, bank: _Bank, say: Say) -> dict[str, Any]:
    """The same test images for all: raw ones set aside by group before cleaning, and the extension's faces."""
    rest, test = data.split(material.raw, TEST_SHARE, seed=0)
    tests: dict[str, Sequence[Sample]] = {"raw": test, "faces": material.faces}
    free = {sample.path for sample in rest}
    kept = [sample for sample in material.kept if sample.path in free]
    shrunk = TrainConfig(name="proposed", epochs=PROPOSED.epochs, preprocessing=FACE)
    whole = TrainConfig(name="whole", epochs=PROPOSED.epochs)
    arms: dict[str, tuple[TrainConfig, Callable[[int], list[Sample]]]] = {
        "reference": (REFERENCE, lambda _: rest),
        "cleaned": (REFERENCE, lambda _: kept),
        "+ extension": (whole, lambda seed: kept + extended(kept, material.extension, plan, seed)),
        "+ balance": (whole, lambda seed: built(kept, material.extension, plan, seed)),
        "proposed (+ shrinking)": (shrunk, lambda seed: built(kept, material.extension, plan, seed)),
    }
    answers: dict[str, dict[str, list[Any]]] = {arm: {name: [] for name in tests} for arm in arms}
    counts: dict[str, int] = {}
    for arm, (config, chosen) in arms.items():
        for seed in range(plan.seeds):
            say(f"controlled protocol, {arm}, seed {seed + 1} of {plan.seeds}")
            train = chosen(seed)
            counts[arm] = len(train)
            for name, given in bank.run(config, train, tests, seed)[1].items():
                answers[arm][name].append(given)
    truth = {name: _truth(samples, material) for name, samples in tests.items()}
    last = "proposed (+ shrinking)"
    return {
        "tests": {name: len(samples) for name, samples in tests.items()},
        "arms": {
            arm: {
                "trained_on": counts[arm],
                **{name: _summary([(truth[name], given) for given in found[name]], material) for name in tests},
            }
            for arm, found in answers.items()
        },
        "difference": {
            name: statistics.paired_bootstrap(
                np.array([given == truth[name] for given in answers["reference"][name]]),
                np.array([given == truth[name] for given in answers[last][name]]),
                seed=0,
            )
            for name in tests
        },
    }


def _truth(samples: Sequence[Sample], material: Material) -> Any:
    return np.array([material.classes.index(sample.label) for sample in samples], dtype=np.int64)


def _mean_epochs(histories: Sequence[Sequence[dict[str, float]]]) -> list[dict[str, float]]:
    return [
        {figure: float(np.mean([epoch[figure] for epoch in epochs])) for figure in epochs[0]}
        for epochs in zip(*histories, strict=True)
    ]


def _summary(found: Sequence[tuple[Any, Any]], material: Material) -> dict[str, Any]:
    """Accuracy and macro-F1 over seeds, and the confusions of all seeds added up."""
    classes = len(material.classes)
    tables = [statistics.confusion(truth, given, classes) for truth, given in found]
    return {
        "accuracy": statistics.mean_interval([float((truth == given).mean()) for truth, given in found]),
        "macro_f1": statistics.mean_interval([statistics.macro_f1(truth, given, classes) for truth, given in found]),
        "confusion": np.sum(tables, axis=0).tolist(),
    }


def _table1(workspace: Workspace) -> list[dict[str, Any]]:
    rows = json.loads(curate.status(workspace.root).table1.reset_index(names="label").to_json(orient="records"))
    return list(rows)
