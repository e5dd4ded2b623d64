"""Learning curves: nested parts of every class, the power law by hand, and how much work a benchmark is."""

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curate.train.data import Sample

pytest.importorskip("torch")

from curate.train import loop
from curate.train.study import duration, growth, material
from curate.train.study.bank import Outcome

CLASSES = ["cats", "dogs"]


def listed(each: int, source: str = "set") -> list[Sample]:
    return [
        Sample(source, f"{label}/{index:03}", label, f"{source}{label}{index}")
        for label in CLASSES
        for index in range(each)
    ]


def test_parts_are_shares_of_every_class_within_one_another_and_drawn_anew_by_seed() -> None:
    samples = listed(40)[:60]  # 40 cats, 20 dogs
    parts = [growth.part(samples, share, 3) for share in growth.SHARES]
    assert [Counter(s.label for s in part) for part in parts] == [
        {"cats": 10, "dogs": 5},
        {"cats": 20, "dogs": 10},
        {"cats": 30, "dogs": 15},
        {"cats": 40, "dogs": 20},
    ]
    for smaller, larger in itertools.pairwise(parts):
        assert set(smaller) < set(larger)
    assert parts[3] == samples
    assert growth.part(samples, 0.5, 3) == parts[1] != growth.part(samples, 0.5, 4)
    assert Counter(s.label for s in growth.part(listed(4), 0.25, 0)) == {"cats": 2, "dogs": 2}


def test_a_power_law_is_found_whatever_the_level_of_each_run() -> None:
    sizes = np.array([[100, 200, 300, 400], [50, 100, 150, 200]], dtype=float)
    errors = np.array([[0.9], [0.4]]) * sizes**-0.5
    found = growth.left_of_errors(sizes, errors)
    assert found is not None
    assert [found[name] for name in ("value", "low", "high")] == pytest.approx([2**-0.5] * 3)


def test_the_interval_is_that_of_a_line_fitted_by_least_squares() -> None:
    from scipy.stats import linregress, t

    sizes = np.array([[100.0, 200, 300, 400]])
    errors = np.array([[0.50, 0.42, 0.41, 0.35]])
    line = linregress(np.log(sizes[0]), np.log(errors[0]))
    half = t.ppf(0.975, 2) * line.stderr
    assert growth.left_of_errors(sizes, errors) == pytest.approx(
        {"value": 2**line.slope, "low": 2 ** (line.slope - half), "high": 2 ** (line.slope + half)}
    )


def test_where_nothing_grows_or_too_little_is_known_nothing_is_said() -> None:
    assert growth.left_of_errors(np.full((3, 4), 8.0), np.full((3, 4), 0.5)) is None
    assert growth.left_of_errors(np.array([[8.0, 16.0]]), np.array([[0.5, 0.4]])) is None


def test_accuracies_are_means_over_runs_and_those_of_a_class_are_its_own() -> None:
    sizes = np.array([[10.0, 20, 30, 40]] * 2)
    truth = np.array([0, 0, 1])
    first = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [1, 1, 1]], dtype=bool)
    second = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]], dtype=bool)
    found = growth._curves(sizes, [(truth, first), (truth, second)], CLASSES)
    assert found["all"]["accuracy"] == pytest.approx([1 / 6, 1 / 3, 2 / 3, 1])
    assert found["classes"]["cats"]["accuracy"] == pytest.approx([0.25, 0.5, 0.75, 1])
    assert found["classes"]["dogs"]["accuracy"] == pytest.approx([0, 0, 0.5, 1])
    errors = (np.array([[3, 2, 1, 0], [2, 2, 1, 0]]) + 0.5) / 4
    assert found["all"]["left"] == growth.left_of_errors(sizes, errors)
    lone = growth._curves(sizes, [(truth[:2], first[:, :2])] * 2, CLASSES)
    assert lone["classes"]["dogs"] == {"accuracy": None, "left": None}


class Told:
    """A bank that trains nothing: it predicts the first class, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, list[Sample]]] = []

    def run(self, config: loop.TrainConfig, rounds: list[Any], seed: int) -> list[Outcome]:
        self.asked += [(config.name, seed, list(round_.train)) for round_ in rounds]
        return [
            Outcome(epochs=[], predicted={n: np.zeros(len(s), np.int64) for n, s in round_.tests.items()})
            for round_ in rounds
        ]

    def truth(self, samples: list[Sample]) -> Any:
        return np.array([CLASSES.index(sample.label) for sample in samples], dtype=np.int64)


def gathered() -> material.Material:
    raw, extension, test = listed(20), listed(30, "extra"), listed(6, "faces")
    return material.Material(CLASSES, raw, raw[::2], extension, test, test, decisions=material.BY_ADVICE)


def test_both_models_are_trained_on_every_share_for_every_seed() -> None:
    bank = Told()
    plan = material.Plan(output=Path("out"), seeds=3, per_class=12)
    found = growth.learning_curves(plan, gathered(), bank, lambda _: None)  # type: ignore[arg-type]
    assert Counter(name for name, *_ in bank.asked) == {"reference": 12, "proposed": 12}
    assert found["shares"] == [0.25, 0.5, 0.75, 1.0]
    assert found["arms"]["reference"]["trained_on"] == [8, 16, 24, 32]
    assert found["arms"]["proposed (+ shrinking)"]["trained_on"] == [6, 12, 18, 24]
    assert found["arms"]["reference"]["raw"]["classes"]["cats"]["accuracy"] == [1.0] * 4
    assert found["arms"]["reference"]["faces"]["all"]["accuracy"] == [0.5] * 4


# How long it takes


def test_the_work_is_counted_by_hand() -> None:
    all_kept = replace(gathered(), kept=gathered().raw)
    plan = material.Plan(output=Path("out"), seeds=5, per_class=20)
    found = duration.work(plan, all_kept)
    reference = 6 * 5 * 32 * (sum(growth.SHARES) + 2)  # the random removal and the cleaned one are as large
    balanced = 20 * 5 * 40 * (2 + sum(growth.SHARES))  # extended is the same here: four more of either class
    published = 0.8 * 5 * (6 * 40 + 2 * 20 * 40)
    assert found.trained == round(reference + balanced + published)
    assert found.tuned == 0
    full = duration.work(replace(plan, full=True), all_kept)
    assert full.tuned == 6 * 60 + 4 * 5 * (5 * 32)
    assert (full.seen, full.trained) == (found.seen, found.trained)
    assert 2 * (40 + 12) < found.seen <= 2 * (40 + 12 + 60)


def test_an_estimate_is_the_work_at_the_speed_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = {("reference", False): 0.1, ("reference", True): 0.01, ("faces", True): 1.0}
    monkeypatch.setattr(duration, "_seconds_an_image", lambda plan, config, *, trained: speeds[config.name, trained])
    plan = material.Plan(output=Path("out"), full=True, per_class=12)
    todo = duration.work(plan, gathered())
    assert duration.seconds(plan, gathered()) == pytest.approx(0.1 * todo.seen + 0.01 * todo.trained + todo.tuned)


def test_whole_networks_are_estimated_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[bool, bool]] = []

    def speed(plan: material.Plan, config: loop.TrainConfig, *, trained: bool) -> float:
        asked.append((config.fine_tune, trained))
        return 1.0

    monkeypatch.setattr(duration, "_seconds_an_image", speed)
    plan = material.Plan(output=Path("out"), fine_tune=True, per_class=12)
    assert duration.seconds(plan, gathered()) == duration.work(plan, gathered()).trained
    assert asked == [(True, True)]


def test_an_image_takes_some_time() -> None:
    plan = material.Plan(output=Path("out"), weights="none")
    tiny = replace(loop.REFERENCE, batch_size=4, preprocessing=replace(loop.REFERENCE.preprocessing, input_px=32))
    assert 0 < duration._seconds_an_image(plan, tiny, trained=False) < 5
    assert 0 < duration._seconds_an_image(plan, replace(tiny, fine_tune=True), trained=True) < 5
