"""The full protocol: a network of the extension alone, asked about every raw image, then gone on with, fold by fold."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curate.errors import ConfigError
from tests.train.drawn import draw as draw_images

torch = pytest.importorskip("torch")

from curate.train import loop  # noqa: E402
from curate.train.data import Preprocessing, Sample  # noqa: E402
from curate.train.study import full, material, statistics  # noqa: E402
from curate.train.study.bank import Bank, Round  # noqa: E402

CLASSES = ["cats", "dogs"]
TINY = replace(
    loop.FACES, epochs=2, batch_size=4, weights="none", preprocessing=Preprocessing(input_px=32, crop="face")
)


def listed(root: Path, split: str, each: int) -> list[Sample]:
    return [
        Sample(str(root), f"{split}/{label}/{index}.png", label, f"{split}{label}{index}")
        for label in CLASSES
        for index in range(each)
    ]


@pytest.fixture
def gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> material.Material:
    """Raw images of which one class in two is kept, and an extension, all small; recipes that take a second."""
    draw_images(tmp_path / "raw", "raw", each=10)
    draw_images(tmp_path / "extra", "train", "test", each=6)
    monkeypatch.setattr(full, "FACES", TINY)
    monkeypatch.setattr(full, "_AS_THEY_ARE", replace(TINY, preprocessing=Preprocessing(input_px=32)))
    monkeypatch.setattr(full, "GOING_ON", replace(TINY, epochs=1))
    monkeypatch.setattr(full, "arms", lambda plan, material: {full.START: (TINY, lambda fold, seed: fold.kept)})
    raw, held_out = listed(tmp_path / "raw", "raw", 10), listed(tmp_path / "extra", "test", 6)
    return material.Material(
        CLASSES,
        raw,
        raw[::2],
        listed(tmp_path / "extra", "train", 6),
        held_out[::2],
        held_out,
        decisions=material.BY_ADVICE,
    )


def run(
    gathered: material.Material, output: Path, say: Callable[[str], None] = lambda _: None, *, seeds: int = 5
) -> dict[str, Any]:
    plan = material.Plan(output=output, seeds=seeds, weights="none", full=True)
    return full.full_protocol(plan, gathered, Bank("none", CLASSES, output / "runs"), say)


def test_every_step_is_asked_about_the_same_images(gathered: material.Material, tmp_path: Path) -> None:
    found = run(gathered, tmp_path / "out")
    assert found["tests"] == {"raw": 20, "approved": 10, "faces": 6, "extension": 12}
    assert [step["name"] for step in found["steps"]] == [full.START, full.WHOLE, full.CROPPED, full.APPROVED]
    assert [step["trained_on"] for step in found["steps"]] == [8, 12, 12, 20]
    for step in found["steps"]:
        for name, count in found["tests"].items():
            figures = step[name]
            assert 0 <= figures["low"] <= figures["accuracy"] <= figures["high"] <= 1
            runs = 5 if name in ("faces", "extension") and step["name"] in (full.START, full.APPROVED) else 1
            assert np.sum(figures["confusion"]) == runs * count
            right = np.trace(np.array(figures["confusion"])) / (runs * count)
            assert figures["accuracy"] == pytest.approx(right)
    assert len(found["epochs"]) == 2
    first, last = found["steps"][0], found["steps"][-1]
    whole = next(row for row in found["differences"] if (row["before"], row["after"]) == (full.START, full.APPROVED))
    assert whole["raw"]["difference"] == pytest.approx(last["raw"]["accuracy"] - first["raw"]["accuracy"])


def test_with_fewer_runs_than_folds_every_step_is_asked_about_the_images_of_the_folds_that_were_run(
    gathered: material.Material, tmp_path: Path
) -> None:
    found = run(gathered, tmp_path / "out", seeds=3)
    assert found["tests"] == {"raw": 12, "approved": 5, "faces": 6, "extension": 12}
    for step in found["steps"]:
        assert np.sum(step["raw"]["confusion"]) == 12
    accuracy = {step["name"]: step["raw"]["accuracy"] for step in found["steps"]}
    for row in found["differences"]:
        assert row["raw"]["difference"] == pytest.approx(accuracy[row["after"]] - accuracy[row["before"]])


def test_the_network_has_seen_no_raw_image_and_what_goes_on_none_that_it_is_asked_about(
    gathered: material.Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[Round] = []
    kept = Bank.run

    def seen(bank: Bank, config: loop.TrainConfig, of_run: list[Round], seed: int) -> Any:
        rounds.extend(of_run)
        return kept(bank, config, of_run, seed)

    monkeypatch.setattr(Bank, "run", seen)
    trained_on: list[list[Sample]] = []
    examples = full._examples
    monkeypatch.setattr(full, "_examples", lambda f, s, c: (trained_on.append(list(s)), examples(f, s, c))[1])
    run(gathered, tmp_path / "out")
    assert trained_on[0] == gathered.extension
    assert {s.address for s in gathered.raw}.isdisjoint(s.address for s in trained_on[0])
    assert len(rounds) == 12
    for round_ in rounds:
        tested = {s.group for samples in round_.tests.values() for s in samples}
        assert tested.isdisjoint(s.group for s in round_.train)
    for round_ in rounds[-5:]:
        own = [s for s in round_.train if s.source == gathered.raw[0].source]
        assert own
        assert len(round_.train) == len(own) + sum(min(6, 4 * sum(s.label == label for s in own)) for label in CLASSES)


def test_what_was_interrupted_goes_on_to_the_same_figures(gathered: material.Material, tmp_path: Path) -> None:
    def pull_the_plug(line: str) -> None:
        if "epoch 1" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(gathered, tmp_path / "cut", pull_the_plug)
    said: list[str] = []
    assert run(gathered, tmp_path / "cut", said.append) == run(gathered, tmp_path / "whole")
    assert run(gathered, tmp_path / "cut", said.append) == run(gathered, tmp_path / "whole")


def test_a_network_of_other_images_is_not_taken_for_this_one(gathered: material.Material, tmp_path: Path) -> None:
    run(gathered, tmp_path / "out")
    other = replace(gathered, extension=gathered.extension[1:])
    with pytest.raises(ConfigError, match="holds another run: number of images is 17 instead of 18"):
        run(other, tmp_path / "out")


def test_an_accuracy_has_the_interval_of_its_groups() -> None:
    right = np.array([[1.0, 1.0, 0.0, 0.0, np.nan], [1.0, np.nan, 0.0, 1.0, 1.0]])
    found = statistics.bootstrap(right, ["a", "a", "b", "c", "d"])
    assert found["accuracy"] == pytest.approx((1 + 1 + 0 + 0.5 + 1) / 5)
    assert found["low"] < found["accuracy"] < found["high"] <= 1
    assert statistics.bootstrap(np.ones((2, 4)), list("abcd")) == {"accuracy": 1.0, "low": 1.0, "high": 1.0}
