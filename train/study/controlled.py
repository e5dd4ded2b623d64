"""The controlled protocol: every model is asked about the same images, which none of them was trained on.

The raw images are cut into folds before anything else is done, whole duplicate groups at a time. Run number n of every
arm is tested on fold n and trained on the others, so that all raw images are tested on in five runs. Test sets are the
raw images of the fold, those of them that were approved, and faces of the extension that are set aside.

Cleaning makes a training set better and smaller at once. So it has two arms beside it: all images, and a random removal
that leaves as many of each class, drawn anew for each run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from curate.train import parts
from curate.train.data import Sample
from curate.train.loop import PROPOSED, REFERENCE, TrainConfig
from curate.train.study import statistics
from curate.train.study.bank import Bank, Outcome, Round
from curate.train.study.material import Material, Plan, Say, built, extended, removed_at_random

FOLDS = 5
CONTRASTS = (
    ("random removal", "cleaned"),
    ("reference", "cleaned"),
    ("cleaned", "+ extension"),
    ("+ extension", "+ balance"),
    ("+ balance", "proposed (+ shrinking)"),
    ("reference", "proposed (+ shrinking)"),
)
"""Arms that differ in one thing, and the first and the last; the first pair is what the comparison is about."""
_WHOLE = TrainConfig(name="whole", epochs=PROPOSED.epochs)
"""The proposed recipe at the reference's 224 px in colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """The images of one run: those set aside by the name of the test set, and the others, all and approved."""

    tests: Mapping[str, Sequence[Sample]]
    rest: list[Sample]
    kept: list[Sample]


Arm = tuple[TrainConfig, Callable[[Fold, int], list[Sample]]]


def controlled_protocol(plan: Plan, material: Material, bank: Bank, say: Say) -> dict[str, Any]:
    """Train every arm once for each seed, and compare them on the same images."""
    asked = Asked.of(folds_of_runs(plan, material))
    outcomes: dict[str, list[Outcome]] = {}
    counts: dict[str, int] = {}
    for arm, (config, chosen) in arms(plan, material).items():
        trained_on = []
        outcomes[arm] = []
        for seed, fold in enumerate(asked.folds):
            say(f"controlled protocol, {arm}, seed {seed + 1} of {plan.seeds}")
            train = chosen(fold, seed)
            trained_on.append(len(train))
            outcomes[arm] += bank.run(config, [Round(train=train, tests=fold.tests)], seed)
        counts[arm] = round(float(np.mean(trained_on)))
    return {
        "tests": asked.sizes,
        "arms": {
            arm: {
                "trained_on": counts[arm],
                **{name: _summary(runs, asked.folds, name, bank, material) for name in asked.tests},
            }
            for arm, runs in outcomes.items()
        },
        "differences": [
            {"before": before, "after": after, **asked.differences(outcomes[before], outcomes[after], bank)}
            for before, after in CONTRASTS
        ],
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """What runs are tested on: a fold for each, and the images of every test set, by address, with their groups."""

    folds: Sequence[Fold]
    tests: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, folds: Sequence[Fold]) -> Self:
        """Collect the test images of the folds; a set that is empty in all of them is left out."""
        names = dict.fromkeys(name for fold in folds for name in fold.tests)
        found = {name: {s.address: s.group for fold in folds for s in fold.tests.get(name, ())} for name in names}
        return cls(folds, {name: dict(sorted(images.items())) for name, images in found.items() if images})

    @property
    def sizes(self) -> dict[str, int]:
        """The number of images of each test set."""
        return {name: len(images) for name, images in self.tests.items()}

    def right(self, runs: Sequence[Outcome], name: str, bank: Bank) -> npt.NDArray[np.float64]:
        """Say of every run and image whether it was predicted right: (runs, images), not a number where not tested."""
        column = {address: index for index, address in enumerate(self.tests[name])}
        right = np.full((len(runs), len(column)), np.nan)
        for row, (outcome, fold) in enumerate(zip(runs, self.folds, strict=True)):
            samples = fold.tests.get(name, ())
            if samples:
                where = [column[sample.address] for sample in samples]
                right[row, where] = outcome.predicted[name] == bank.truth(samples)
        return right

    def differences(self, before: Sequence[Outcome], after: Sequence[Outcome], bank: Bank) -> dict[str, Any]:
        """Estimate what comes with the second runs on every test set, in accuracy, with its interval."""
        return {
            name: statistics.paired_bootstrap(
                self.right(before, name, bank), self.right(after, name, bank), 0, groups=list(images.values())
            )
            for name, images in self.tests.items()
        }


def folds_of_runs(plan: Plan, material: Material) -> list[Fold]:
    """Return the fold that each run sets aside."""
    folds = folded(material)
    return [folds[seed % len(folds)] for seed in range(plan.seeds)]


def folded(material: Material) -> list[Fold]:
    """Cut the raw images into folds, duplicates together; a test set without images is left out of its fold."""
    approved = {sample.address for sample in material.kept}
    numbers = parts.folds(material.raw, FOLDS, seed=0)
    folds = []
    for number in range(int(numbers.max()) + 1):
        test = [sample for sample, of in zip(material.raw, numbers, strict=True) if of == number]
        rest = [sample for sample, of in zip(material.raw, numbers, strict=True) if of != number]
        tests = {"raw": test, "approved": [s for s in test if s.address in approved], "faces": material.faces}
        folds.append(
            Fold(
                tests={name: samples for name, samples in tests.items() if samples},
                rest=rest,
                kept=[sample for sample in rest if sample.address in approved],
            )
        )
    return folds


def arms(plan: Plan, material: Material) -> dict[str, Arm]:
    """Return the models by name: the recipe of each, and what it chooses to be trained on of a fold and a seed."""

    def balanced(fold: Fold, seed: int) -> list[Sample]:
        return built(fold.kept, material.extension, plan, seed)

    return {
        "reference": (REFERENCE, lambda fold, _: fold.rest),
        "random removal": (REFERENCE, lambda fold, seed: removed_at_random(fold.rest, fold.kept, seed)),
        "cleaned": (REFERENCE, lambda fold, _: fold.kept),
        "+ extension": (
            _WHOLE,
            lambda fold, seed: fold.kept + extended(fold.kept, material.extension, plan, seed),
        ),
        "+ balance": (_WHOLE, balanced),
        "proposed (+ shrinking)": (PROPOSED, balanced),
    }


def _summary(
    runs: Sequence[Outcome], used: Sequence[Fold], name: str, bank: Bank, material: Material
) -> dict[str, Any]:
    pairs = [
        (bank.truth(fold.tests[name]), outcome.predicted[name])
        for outcome, fold in zip(runs, used, strict=True)
        if name in fold.tests
    ]
    return statistics.summary(pairs, len(material.classes))
