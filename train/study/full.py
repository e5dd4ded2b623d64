"""The full protocol: what every image of the extension, faces cut out and a whole network give, without a leak.

One network is trained on all training images of the extension, none of which is a copy of a raw image or of one that is
tested on, so no raw image has to be set aside for it. It is asked about the test images of the controlled protocol, as
they are and with their faces cut out; then, fold by fold, it goes on with the approved images that the fold does not
test. Beside them stands the proposed model of the controlled protocol, on the same images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from curate.train import checkpoints, data, loop, record
from curate.train.data import Sample
from curate.train.loop import FACES, TrainConfig
from curate.train.study import statistics
from curate.train.study.bank import Bank, Outcome, Round
from curate.train.study.controlled import Asked, Fold, arms, folds_of_runs
from curate.train.study.material import Material, Plan, Say, draw

START = "proposed (+ shrinking)"
WHOLE, CROPPED, APPROVED = "all of the extension, fine-tuned", "+ face crops", "+ approved images"
"""The steps, in their order."""
_AS_THEY_ARE = replace(FACES, name="whole images", preprocessing=replace(FACES.preprocessing, crop="none"))
GOING_ON = replace(FACES, name="going on", epochs=4, learning_rate=1e-4)
"""Smaller steps, since what is gone on with is a few images."""
_BESIDE = 4
"""Images of the extension for each approved one that are gone on with, so that they are not forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A model by its runs, a fold for each, and the mean number of images that it has been trained on."""

    trained_on: int
    folds: Sequence[Fold]
    outcomes: Sequence[Outcome]


def full_protocol(plan: Plan, material: Material, bank: Bank, say: Say) -> dict[str, Any]:
    """Train the network and go on with it, asking about the same images after every step.

    `bank` is that of the controlled protocol. Raises `ConfigError` where the output holds such a network of other
    images.
    """
    checkpoint = trained(plan, material, say)
    tuned = Bank(str(checkpoint), material.classes, plan.output / "runs")
    folds = [_with_extension(fold, material) for fold in folds_of_runs(plan, material)]
    steps = {START: _proposed(plan, material, bank, folds)}
    everything = Fold(tests=_everything(material, folds), rest=[], kept=[])
    for name, config in ((WHOLE, _AS_THEY_ARE), (CROPPED, FACES)):
        say(f"full protocol, {name}")
        outcome = tuned.run(replace(config, epochs=0), [Round(train=[], tests=everything.tests)], seed=0)
        steps[name] = _Step(trained_on=len(material.extension), folds=[everything], outcomes=outcome)
    steps[APPROVED] = _gone_on(material, tuned, folds, say)
    asked = Asked.of([everything])
    return {
        "recipe": asdict(FACES),
        "epochs": checkpoints.read(checkpoint)["epochs"],
        "tests": asked.sizes,
        "steps": [
            {"name": name, "trained_on": step.trained_on, **_figures(step, material, tuned)}
            for name, step in steps.items()
        ],
        "differences": [
            {"before": before, "after": after, **_differences(steps[before], steps[after], asked, tuned)}
            for before, after in ((START, WHOLE), (WHOLE, CROPPED), (CROPPED, APPROVED), (START, APPROVED))
        ],
    }


def trained(plan: Plan, material: Material, say: Say) -> Path:
    """Train on all of the extension, or go on where that was interrupted; returns the checkpoint."""
    folder = plan.output / "full"
    checkpoint = folder / "checkpoint.pt"
    config = replace(FACES, weights=plan.weights)
    folder.mkdir(parents=True, exist_ok=True)
    record.claim(folder, record.made_of([*material.extension, *material.faces], config, 0), checkpoint, config)
    if checkpoint.is_file() and len(checkpoints.read(checkpoint)["epochs"]) == config.epochs:
        return checkpoint
    fitted = loop.fresh(config.weights, material.classes, seed=0)
    train, test = (_examples(fitted, samples, config) for samples in (material.extension, material.faces))
    for number, epoch in enumerate(loop.fit(fitted, train, test, config, checkpoint=checkpoint), 1):
        say(
            f"full protocol, {len(material.extension):,} images of the extension, epoch {number} of {config.epochs}: "
            f"train {epoch.train_accuracy:.3f}, faces {epoch.test_accuracy:.3f}"
        )
    return checkpoint


def _examples(fitted: loop.Fitted, samples: Sequence[Sample], config: TrainConfig) -> loop.Labelled:
    import torch

    chunks = [torch.from_numpy(images) for _, images in data.in_chunks(samples, config.preprocessing)]
    return loop.examples(torch.cat(chunks), [fitted.classes.index(sample.label) for sample in samples], raw=True)


def _with_extension(fold: Fold, material: Material) -> Fold:
    return replace(fold, tests={**fold.tests, "extension": material.held_out})


def _everything(material: Material, folds: Sequence[Fold]) -> dict[str, Sequence[Sample]]:
    """Return the test images of the folds at once, for a network that was trained on none of them.

    With fewer runs than folds some images are tested on by no run, and by no step.
    """
    tests = {"raw": material.raw, "approved": material.kept, "faces": material.faces, "extension": material.held_out}
    asked = Asked.of(folds).tests
    return {
        name: [sample for sample in samples if sample.address in asked[name]]
        for name, samples in tests.items()
        if name in asked
    }


def _proposed(plan: Plan, material: Material, bank: Bank, folds: Sequence[Fold]) -> _Step:
    """Take the model that the controlled protocol ends with, and ask it about the whole test part of the extension."""
    config, chosen = arms(plan, material)[START]
    outcomes, trained_on = [], []
    for seed, fold in enumerate(folds):
        train = chosen(fold, seed)
        trained_on.append(len(train))
        outcomes += bank.run(config, [Round(train=train, tests=fold.tests)], seed)
    return _Step(trained_on=round(sum(trained_on) / len(trained_on)), folds=folds, outcomes=outcomes)


def _gone_on(material: Material, tuned: Bank, folds: Sequence[Fold], say: Say) -> _Step:
    outcomes, trained_on = [], []
    for seed, fold in enumerate(folds):
        say(f"full protocol, {APPROVED}, seed {seed + 1} of {len(folds)}")
        beside = [
            sample
            for label in material.classes
            for sample in draw(
                material.extension, label, _BESIDE * sum(kept.label == label for kept in fold.kept), seed
            )
        ]
        trained_on.append(len(material.extension) + len(fold.kept))
        outcomes += tuned.run(GOING_ON, [Round(train=[*fold.kept, *beside], tests=fold.tests)], seed)
    return _Step(trained_on=round(sum(trained_on) / len(trained_on)), folds=folds, outcomes=outcomes)


def _figures(step: _Step, material: Material, bank: Bank) -> dict[str, Any]:
    """Sum up a step on every test set: accuracy with its interval over images, and all confusions added up."""
    asked = Asked.of(step.folds)
    return {
        name: {
            **statistics.bootstrap(asked.right(step.outcomes, name, bank), list(images.values())),
            "confusion": statistics.summary(
                [
                    (bank.truth(fold.tests[name]), outcome.predicted[name])
                    for fold, outcome in zip(step.folds, step.outcomes, strict=True)
                    if name in fold.tests
                ],
                len(material.classes),
            )["confusion"],
        }
        for name, images in asked.tests.items()
    }


def _differences(before: _Step, after: _Step, asked: Asked, bank: Bank) -> dict[str, Any]:
    """Estimate what a step gives; models of another number of runs are compared image by image all the same."""
    found = {}
    for name, images in asked.tests.items():
        first, second = (replace(asked, folds=s.folds).right(s.outcomes, name, bank) for s in (before, after))
        found[name] = statistics.paired_bootstrap(first, second, 0, groups=list(images.values()))
    return found
