"""The published protocol: each model on a random split of its own images, as the study compared them.

The proposed model is measured twice. First as the text of the study has it, on one split. Then as a notebook has it
whose training cell is run a second time: network and optimiser go on, the split is drawn anew, and about four fifths of
the test images of the second split were trained on in the first. Printed figures that begin at their final height fit
the second; nothing here proves that it is what happened.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from curate.train import parts
from curate.train.data import Sample
from curate.train.loop import PROPOSED, REFERENCE
from curate.train.study import statistics
from curate.train.study.bank import Bank, Outcome, Round
from curate.train.study.material import TEST_SHARE, Material, Plan, Say, built
from curate.train.study.statistics import Ints

_ANEW = 10_000
"""Added to a seed for the second split, so that it is the first split of no run."""


def published_protocol(plan: Plan, material: Material, bank: Bank, say: Say) -> dict[str, Any]:
    """Train `reference` and `proposed` on one split each, and `again`: the proposed one, on a second split."""
    runs: dict[str, list[tuple[Outcome, Ints]]] = {"reference": [], "proposed": [], "again": []}
    leaks: list[dict[str, float]] = []
    for seed in range(plan.seeds):
        say(f"published protocol, seed {seed + 1} of {plan.seeds}")
        made = built(material.kept, material.extension, plan, seed)
        once = _split(material.raw, seed)
        first, second = _split(made, seed), _split(made, _ANEW + seed)
        outcomes = bank.run(REFERENCE, [once], seed) + bank.run(PROPOSED, [first, second], seed)
        for name, outcome, current in zip(runs, outcomes, (once, first, second), strict=True):
            runs[name].append((outcome, bank.truth(current.tests["own"])))
        leaks.append(leak(first, second, *runs["again"][-1]))
    found = {name: _figures(of_model, material) for name, of_model in runs.items()}
    found["again"]["leak"] = {name: _mean([of_run[name] for of_run in leaks if name in of_run]) for name in _LEAK}
    return found


_LEAK = ("seen_share", "seen", "unseen")


def leak(first: Round, second: Round, outcome: Outcome, truth: Ints) -> dict[str, float]:
    """Measure what the second split gives away: the share of its test images that the first run was trained on, and
    the accuracies on these (`seen`) and on the others (`unseen`), each where there are any.
    """
    trained = {sample.address for sample in first.train}
    seen = np.array([sample.address in trained for sample in second.tests["own"]])
    right = outcome.predicted["own"] == truth
    found = {"seen_share": float(seen.mean())}
    for name, chosen in (("seen", seen), ("unseen", ~seen)):
        if chosen.any():
            found[name] = float(right[chosen].mean())
    return found


def _split(images: Sequence[Sample], seed: int) -> Round:
    """Draw a random split, duplicates parted as chance will."""
    train, test = parts.split([replace(sample, group=sample.address) for sample in images], TEST_SHARE, seed)
    return Round(train=train, tests={"own": test})


def _mean(values: Sequence[float]) -> dict[str, float | None]:
    return statistics.mean_interval(values) if values else {"mean": None, "half_width": None}


def _figures(runs: Sequence[tuple[Outcome, Ints]], material: Material) -> dict[str, Any]:
    histories = [outcome.epochs for outcome, _ in runs]
    return {
        "epochs": [
            {figure: float(np.mean([epoch[figure] for epoch in epochs])) for figure in epochs[0]}
            for epochs in zip(*histories, strict=True)
        ],
        **statistics.summary([(truth, outcome.predicted["own"]) for outcome, truth in runs], len(material.classes)),
        "mean_over_epochs": {
            figure: float(np.mean([[epoch[figure] for epoch in history] for history in histories]))
            for figure in ("train_accuracy", "test_accuracy")
        },
    }
