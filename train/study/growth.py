"""Learning curves: a model trained on a quarter, a half, three quarters and all of its images; what more would give.

Errors fall with the number of images about as a power law, error = a * images^-b (Hestness et al., "Deep Learning
Scaling is Predictable, Empirically", 2017). So the logarithms of both are fitted by a line, with a level of its own for
every run, since each has test images of its own; b and its 95 % interval (Student's t) say what part of the errors is
left when the images are doubled, 2^-b. Where that interval holds 1, more images of this kind are not shown to help.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.train.data import Sample
from curate.train.study.bank import Bank, Outcome, Round
from curate.train.study.controlled import Fold, arms, folds_of_runs
from curate.train.study.material import Material, Plan, Say
from curate.train.study.statistics import Ints

SHARES = (0.25, 0.5, 0.75, 1.0)
GROWN = ("reference", "proposed (+ shrinking)")
"""The models whose training images are cut."""

Table = npt.NDArray[np.float64]


def learning_curves(plan: Plan, material: Material, bank: Bank, say: Say) -> dict[str, Any]:
    """Train the first and the last model of the controlled protocol on parts of their images; smaller parts lie within
    larger ones.
    """
    folds = folds_of_runs(plan, material)
    found = {}
    for arm in GROWN:
        config, chosen = arms(plan, material)[arm]
        outcomes: list[list[Outcome]] = []
        sizes = np.zeros((len(folds), len(SHARES)))
        for seed, fold in enumerate(folds):
            say(f"learning curves, {arm}, seed {seed + 1} of {plan.seeds}")
            whole = chosen(fold, seed)
            rounds = [Round(train=part(whole, share, seed), tests=fold.tests) for share in SHARES]
            sizes[seed] = [len(round_.train) for round_ in rounds]
            outcomes.append([outcome for round_ in rounds for outcome in bank.run(config, [round_], seed)])
        found[arm] = {
            "trained_on": [round(size) for size in sizes.mean(axis=0)],
            **{
                name: _curves(sizes, _right(outcomes, folds, name, bank), material.classes)
                for name in ("raw", "faces")
                if any(name in fold.tests for fold in folds)
            },
        }
    return {"shares": list(SHARES), "arms": found}


def part(samples: Sequence[Sample], share: float, seed: int) -> list[Sample]:
    """Draw a share of each class, at least two images; all in their order where the share is one."""
    if share == 1:
        return list(samples)
    drawn: set[str] = set()
    for label in sorted({sample.label for sample in samples}):
        pool = sorted(sample.address for sample in samples if sample.label == label)
        random.Random(seed).shuffle(pool)  # noqa: S311
        drawn.update(pool[: max(2, round(share * len(pool)))])
    return [sample for sample in samples if sample.address in drawn]


def _right(
    outcomes: Sequence[Sequence[Outcome]], folds: Sequence[Fold], name: str, bank: Bank
) -> list[tuple[Ints, npt.NDArray[np.bool_]]]:
    """Return the true class numbers (images,) of every run, and whether each was predicted right, (shares, images)."""
    found = []
    for of_run, fold in zip(outcomes, folds, strict=True):
        truth = bank.truth(fold.tests.get(name, ()))
        found.append((truth, np.array([outcome.predicted.get(name, truth) == truth for outcome in of_run])))
    return found


def _curves(
    sizes: Table, right: Sequence[tuple[Ints, npt.NDArray[np.bool_]]], classes: Sequence[str]
) -> dict[str, Any]:
    """Return the curve of all test images, and that of each class."""
    return {
        "all": _curve(sizes, [hits for _, hits in right]),
        "classes": {
            label: _curve(sizes, [hits[:, truth == number] for truth, hits in right])
            for number, label in enumerate(classes)
        },
    }


def _curve(sizes: Table, right: Sequence[npt.NDArray[np.bool_]]) -> dict[str, Any]:
    """Return the mean accuracy at every share, and what is left of the errors when the images are doubled."""
    used = [row for row, hits in enumerate(right) if hits.shape[1]]
    if not used:
        return {"accuracy": None, "left": None}
    accuracies = np.array([right[row].mean(axis=1) for row in used])
    wrong = np.array([(~right[row]).sum(axis=1) for row in used])
    images = np.array([[right[row].shape[1]] for row in used])
    return {
        "accuracy": [float(value) for value in accuracies.mean(axis=0)],
        "left": left_of_errors(sizes[used], (wrong + 0.5) / (images + 1)),
    }


def left_of_errors(sizes: Table, errors: Table) -> dict[str, float] | None:
    """Fit error = a * images^-b to (runs, shares) of each, `a` free for every run; return 2^-b with its 95 % interval.

    None where there are too few runs for an interval, or where all are trained on as many images.
    """
    from scipy.stats import t

    across, up = (values - values.mean(axis=1, keepdims=True) for values in (np.log(sizes), np.log(errors)))
    spread = float((across**2).sum())
    freedom = sizes.size - len(sizes) - 1
    if spread == 0 or freedom < 1:
        return None
    slope = float((across * up).sum()) / spread
    deviation = float(((up - slope * across) ** 2).sum()) / freedom
    half = float(t.ppf(0.975, freedom)) * (deviation / spread) ** 0.5
    return {"value": 2**slope, "low": 2 ** (slope - half), "high": 2 ** (slope + half)}
