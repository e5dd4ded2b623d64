"""The controlled protocol: every model is asked about the same images, which none of them was trained on.

The raw images are cut into folds before anything else is done, whole duplicate groups at a time. Run number n of every
arm is tested on fold n and trained on the others, so that all raw images are tested on in five runs. Test sets are the
raw images of the fold, those of them that were approved, and faces of the extension that are set aside.

Cleaning makes a training set better and smaller at once. So it has two arms beside it: all images, and a random removal
that leaves as many of each class, drawn anew for each run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.train import parts
from curate.train.data import Sample
from curate.train.loop import PROPOSED, REFERENCE, TrainConfig
from curate.train.study import statistics
from curate.train.study.bank import Bank, Outcome, Round
from curate.train.study.material import Material, Plan, Say, built, extended, removed_at_random

FOLDS = 5
TESTS = ("raw", "approved", "faces")
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
    folds = folded(material)
    outcomes: dict[str, list[Outcome]] = {}
    counts: dict[str, float] = {}
    for arm, (config, chosen) in _arms(plan, material).items():
        trained_on = []
        outcomes[arm] = []
        for seed in range(plan.seeds):
            say(f"controlled protocol, {arm}, seed {seed + 1} of {plan.seeds}")
            fold = folds[seed % len(folds)]
            train = chosen(fold, seed)
            trained_on.append(len(train))
            outcomes[arm] += bank.run(config, [Round(train=train, tests=fold.tests)], seed)
        counts[arm] = round(float(np.mean(trained_on)))
    used = [folds[seed % len(folds)] for seed in range(plan.seeds)]
    tests = {name: sorted({s.address for fold in used for s in fold.tests.get(name, ())}) for name in TESTS}
    tests = {name: addresses for name, addresses in tests.items() if addresses}
    group_of = {sample.address: sample.group for sample in [*material.raw, *material.faces]}
    right = {
        arm: {name: _right(runs, used, name, addresses, bank) for name, addresses in tests.items()}
        for arm, runs in outcomes.items()
    }
    return {
        "tests": {name: len(addresses) for name, addresses in tests.items()},
        "arms": {
            arm: {
                "trained_on": counts[arm],
                **{name: _summary(runs, used, name, bank, material) for name in tests},
            }
            for arm, runs in outcomes.items()
        },
        "differences": [
            {
                "before": before,
                "after": after,
                **{
                    name: statistics.paired_bootstrap(
                        right[before][name], right[after][name], 0, groups=[group_of[a] for a in addresses]
                    )
                    for name, addresses in tests.items()
                },
            }
            for before, after in CONTRASTS
        ],
    }


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


def _arms(plan: Plan, material: Material) -> dict[str, Arm]:
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


def _right(
    runs: Sequence[Outcome], used: Sequence[Fold], name: str, addresses: Sequence[str], bank: Bank
) -> npt.NDArray[np.float64]:
    """Say of every run and image whether it was predicted right: (runs, images), not a number where not tested."""
    column = {address: index for index, address in enumerate(addresses)}
    right = np.full((len(runs), len(addresses)), np.nan)
    for row, (outcome, fold) in enumerate(zip(runs, used, strict=True)):
        samples = fold.tests.get(name, ())
        if samples:
            right[row, [column[sample.address] for sample in samples]] = outcome.predicted[name] == bank.truth(samples)
    return right


def _summary(
    runs: Sequence[Outcome], used: Sequence[Fold], name: str, bank: Bank, material: Material
) -> dict[str, Any]:
    pairs = [
        (bank.truth(fold.tests[name]), outcome.predicted[name])
        for outcome, fold in zip(runs, used, strict=True)
        if name in fold.tests
    ]
    return statistics.summary(pairs, len(material.classes))
