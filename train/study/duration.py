"""How long a benchmark will take, measured on this machine before it begins: a few batches, and how many there will be.

What takes the time is the trunk, through which every image goes once for each way it is shown, and the training of the
top on what comes out, once for every image and epoch.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from curate.train import loop
from curate.train.data import Preprocessing
from curate.train.study.controlled import Arm, Fold, arms, folds_of_runs
from curate.train.study.full import GOING_ON
from curate.train.study.growth import GROWN, SHARES
from curate.train.study.material import TEST_SHARE, Material, Plan, built

_BATCHES = 2
"""Batches that are timed, after one that is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Images that go through the trunk, through the training of the top, and through that of the whole network."""

    seen: int
    trained: int
    tuned: int


def work(plan: Plan, material: Material) -> Work:
    """Count what a benchmark has to do, as if nothing of it were done."""
    folds = folds_of_runs(plan, material)
    seen: dict[Preprocessing, set[str]] = {}
    trained = 0

    def take(arm: Arm, fold: Fold, seed: int) -> int:
        config, chosen = arm
        train = chosen(fold, seed)
        tests = [sample for samples in fold.tests.values() for sample in samples]
        seen.setdefault(config.preprocessing, set()).update(sample.address for sample in [*train, *tests])
        return config.epochs * len(train)

    for name, arm in arms(plan, material).items():
        parts = sum(SHARES) if name in GROWN else 1
        trained += sum(round(parts * take(arm, fold, seed)) for seed, fold in enumerate(folds))
    for seed in range(plan.seeds):
        made = built(material.kept, material.extension, plan, seed)
        seen[loop.PROPOSED.preprocessing].update(sample.address for sample in made)
        proposed = 2 * loop.PROPOSED.epochs * len(made)
        trained += round((1 - TEST_SHARE) * (loop.REFERENCE.epochs * len(material.raw) + proposed))
    whole = loop.FACES.epochs * len(material.extension) + sum(GOING_ON.epochs * 5 * len(fold.kept) for fold in folds)
    return Work(seen=sum(map(len, seen.values())), trained=trained, tuned=whole if plan.full else 0)


def seconds(plan: Plan, material: Material) -> float:
    """Estimate the time that a benchmark takes on this machine."""
    todo = work(plan, material)
    config = loop.tuned(loop.REFERENCE) if plan.fine_tune else loop.REFERENCE
    found = 0.0 if plan.fine_tune else todo.seen * _seconds_an_image(plan, config, trained=False)
    found += todo.trained * _seconds_an_image(plan, config, trained=True)
    return found + (todo.tuned * _seconds_an_image(plan, loop.FACES, trained=True) if todo.tuned else 0)


def _seconds_an_image(plan: Plan, config: loop.TrainConfig, *, trained: bool) -> float:
    """Time the training of one image, or only its way through the trunk."""
    fitted = loop.fresh(plan.weights, ["a", "b"], seed=0)
    count = _BATCHES * config.batch_size
    side = config.preprocessing.input_px
    images = np.zeros((count, side, side, 3), dtype=np.uint8)
    targets = [0, 1] * (count // 2)
    started = time.perf_counter()
    for measured in (images[: config.batch_size], images):
        started = time.perf_counter()
        part = loop.labelled(fitted.pretrained, measured, targets[: len(measured)], cached=config.cacheable)
        if trained:
            started = time.perf_counter()
            list(loop.fit(fitted.again(), part, part.take(range(2)), replace(config, epochs=1, flip=False)))
    return (time.perf_counter() - started) / count
