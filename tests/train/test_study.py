"""The benchmark's parts: rounds that go on, what a second split gives away, folds, removals, and runs that are kept."""

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import curate
from curate.errors import ConfigError
from curate.storage.workspace import Workspace
from tests import sample_images
from tests.demonstration.test_run import interrupted_while_drawing
from tests.train.drawn import draw as draw_images

torch = pytest.importorskip("torch")

from curate.train import loop  # noqa: E402
from curate.train.commands import read_limit  # noqa: E402
from curate.train.data import Preprocessing, Sample  # noqa: E402
from curate.train.study import bank, controlled, material, replication, statistics  # noqa: E402

CLASSES = ["cats", "dogs"]
TINY = replace(loop.REFERENCE, epochs=2, batch_size=4, preprocessing=Preprocessing(input_px=64))


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """Sixteen images on disk, eight of each class."""
    draw_images(tmp_path / "set", "train", each=8)
    return [
        Sample(str(tmp_path / "set"), f"train/{label}/{index}.png", label, f"{label}{index}")
        for label in CLASSES
        for index in range(8)
    ]


def listed(count: int, classes: int = 2) -> list[Sample]:
    """Samples without files, `count` of each class, in groups of two."""
    return [
        Sample("set", f"{label}/{index:03}", label, f"{label}{index // 2}")
        for label in ("cats", "dogs", "birds")[:classes]
        for index in range(count)
    ]


# Drawn datasets


def test_a_benchmark_that_was_interrupted_while_it_drew_draws_all_of_its_images_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with interrupted_while_drawing(monkeypatch):
        material.demonstration(tmp_path, each=2)
    drawn = material.demonstration(tmp_path, each=2)
    assert [len(list(folder.rglob("*.*"))) for folder in drawn] == [265, 6]


# Material


def test_an_extension_most_of_which_are_copies_gives_each_image_once(tmp_path: Path) -> None:
    raw, extra = sample_images.dataset(tmp_path / "raw", each=3), tmp_path / "extra"
    for number, label in enumerate(CLASSES):
        for seed in range(4):
            photo = sample_images.photo(100 + 10 * number + seed)
            for quality in (95, 70, 50, 40):
                sample_images.save(photo, extra / label / f"{seed}-{quality}.jpg", quality=quality)
    plan = material.Plan(output=tmp_path / "out", raw=raw, extra=extra, profile="general")
    gathered = material.gather(plan, material.audited(plan, print), print)
    prevalent = Workspace(tmp_path / "out" / "extra").read_audit()["prevalent"]
    assert [item["kind"] for item in prevalent] == ["re_encoded"], "so that no finding says which are copies"
    photos = [(sample.label, Path(sample.path).name[0]) for sample in [*gathered.extension, *gathered.held_out]]
    assert sorted(photos) == [(label, str(seed)) for label in CLASSES for seed in range(4)]


def test_an_extension_is_what_nothing_speaks_against(tmp_path: Path) -> None:
    """Not what is dark, broken, a copy of a raw image or of two classes; of two copies one, and what merely informs."""
    raw, extra = sample_images.dataset(tmp_path / "raw", each=3), tmp_path / "extra"
    for number, label in enumerate([*CLASSES, "unknown"]):
        for seed in range(4):
            sample_images.save(sample_images.photo(100 + 10 * number + seed), extra / label / f"{seed}.png")
    first = extra / CLASSES[0]
    shutil.copy(raw / CLASSES[0] / "000.jpg", first / "raw.jpg")
    shutil.copy(first / "0.png", first / "0 again.png")
    sample_images.save(sample_images.photo(150), first / "either.png")
    shutil.copy(first / "either.png", extra / CLASSES[1] / "or.png")
    sample_images.save(sample_images.photo(151) // 16, first / "dark.png")
    (first / "broken.png").write_bytes((first / "1.png").read_bytes()[:5000])
    (first / "2.png").rename(first / "2.jpg")  # an extension that is not the format's is told, and nothing against it
    plan = material.Plan(output=tmp_path / "out", raw=raw, extra=extra, profile="general")
    gathered = material.gather(plan, material.audited(plan, print), print)
    used = sorted(sample.path for sample in [*gathered.extension, *gathered.held_out])
    kept = [name for name in used if name.startswith(CLASSES[0])]
    assert len([name for name in kept if "/0" in name]) == 1
    assert [Path(name).name for name in kept if "/0" not in name] == ["1.png", "2.jpg", "3.png"]
    assert used[len(kept) :] == [f"{CLASSES[1]}/{seed}.png" for seed in range(4)]


def test_copies_of_several_classes_are_no_extension() -> None:
    samples = [Sample("set", "a/1", "a", "x"), Sample("set", "b/1", "b", "x"), Sample("set", "b/2", "b", "y")]
    assert material._without_copies(samples) == samples[2:]


# Rounds


def test_a_second_round_goes_on_with_the_network_and_its_optimiser(samples: list[Sample], tmp_path: Path) -> None:
    here = bank.Round(train=samples[::2], tests={"own": samples[1::2]})
    once, twice = bank.Bank("lite0", CLASSES, tmp_path / "runs").run(TINY, [here, here], seed=0)
    assert len(once.epochs) == len(twice.epochs) == 2
    assert twice.epochs[0]["train_loss"] < once.epochs[1]["train_loss"] < once.epochs[0]["train_loss"]


def test_going_on_keeps_the_moments_of_the_optimiser_and_drops_the_history(
    samples: list[Sample], tmp_path: Path
) -> None:
    examples = bank.Bank("lite0", CLASSES, tmp_path).examples(samples, TINY.preprocessing)
    fitted = loop.fresh("lite0", CLASSES, 0)
    list(loop.fit(fitted, examples, examples, TINY))
    assert fitted.optimiser is not None
    steps = {int(state["step"]) for state in fitted.optimiser.state.values()}
    assert steps == {8}
    further = fitted.again()
    assert further.epochs == []
    list(loop.fit(further, examples, examples, TINY))
    assert further.optimiser is fitted.optimiser
    assert {int(state["step"]) for state in fitted.optimiser.state.values()} == {16}
    assert len(fitted.epochs) == len(further.epochs) == 2


def test_no_round_has_the_order_of_another_nor_of_the_next_seed(samples: list[Sample], tmp_path: Path) -> None:
    here = bank.Round(train=samples, tests={"own": samples})
    still = replace(TINY, epochs=1, learning_rate=0.0, weight_decay=0.0, batch_size=3)
    keeps = bank.Bank("lite0", CLASSES, tmp_path / "runs")
    losses = [outcome.epochs[0]["train_loss"] for outcome in keeps.run(still, [here, here, here], seed=0)]
    assert len(set(losses)) == 3  # nothing is learned: only order and dropout differ


def test_training_leaves_the_settings_of_torch_as_they_were(samples: list[Sample], tmp_path: Path) -> None:
    memory: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled(), memory.fill_uninitialized_memory
    bank.Bank("lite0", CLASSES, tmp_path).run(TINY, [bank.Round(train=samples, tests={"own": samples})], seed=0)
    assert (torch.are_deterministic_algorithms_enabled(), memory.fill_uninitialized_memory) == before


def test_a_bank_of_whole_networks_moves_the_trunk_in_smaller_steps(
    samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs: list[loop.TrainConfig] = []
    fit = loop.fit

    def seen(fitted: loop.Fitted, train: loop.Labelled, tests: Any, config: loop.TrainConfig, **how: Any) -> Any:
        configs.append(config)
        assert train.raw
        return fit(fitted, train, tests, config, **how)

    monkeypatch.setattr(loop, "fit", seen)
    here = [bank.Round(train=samples[::2], tests={"own": samples[1::2]})]
    whole = bank.Bank("lite0", CLASSES, tmp_path / "runs", fine_tune=True)
    (outcome,) = whole.run(replace(TINY, epochs=1), here, seed=0)
    assert [(config.fine_tune, config.learning_rate) for config in configs] == [(True, 3e-4)]
    assert len(outcome.predicted["own"]) == 8
    bank.Bank("lite0", CLASSES, tmp_path / "runs").run(replace(TINY, epochs=1), here[:0], seed=0)
    assert len(list((tmp_path / "runs").iterdir())) == 2
    assert loop.tuned(loop.FACES) == loop.FACES


# Runs that are kept


def test_the_activations_of_an_image_do_not_depend_on_the_images_beside_it(
    samples: list[Sample], tmp_path: Path
) -> None:
    together = bank.Bank("lite0", CLASSES, tmp_path).examples(samples, TINY.preprocessing)
    alone = bank.Bank("lite0", CLASSES, tmp_path).examples(samples[5:6], TINY.preprocessing)
    assert torch.equal(alone.inputs[0], together.inputs[5])
    assert together.targets.tolist() == [0] * 8 + [1] * 8


def test_a_run_that_is_done_is_read_and_not_trained_again(samples: list[Sample], tmp_path: Path) -> None:
    here = [bank.Round(train=samples[::2], tests={"own": samples[1::2]})]
    (first,) = bank.Bank("lite0", CLASSES, tmp_path / "runs").run(TINY, here, seed=3)
    (file,) = (tmp_path / "runs").iterdir()
    stored = json.loads(file.read_text())
    stored["rounds"][0]["epochs"][0]["train_loss"] = 42.0
    file.write_text(json.dumps(stored))
    (again,) = bank.Bank("lite0", CLASSES, tmp_path / "runs").run(TINY, here, seed=3)
    assert again.epochs[0]["train_loss"] == 42.0
    assert again.epochs[1] == first.epochs[1]
    assert again.predicted["own"].tolist() == first.predicted["own"].tolist()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"seed": 1}, id="another seed"),
        pytest.param({"config": replace(TINY, epochs=1)}, id="another recipe"),
        pytest.param({"train": slice(2, None)}, id="other images"),
        pytest.param({"weights": "none"}, id="other weights"),
    ],
)
def test_a_run_of_anything_else_is_another_run(samples: list[Sample], tmp_path: Path, other: dict[str, Any]) -> None:
    for change in ({}, other):
        keeps = bank.Bank(change.get("weights", "lite0"), CLASSES, tmp_path / "runs")
        train = samples[change.get("train", slice(None))]
        rounds = [bank.Round(train=train, tests={"own": samples})]
        keeps.run(change.get("config", replace(TINY, epochs=1, name="tiny")), rounds, change.get("seed", 0))
    assert len(list((tmp_path / "runs").iterdir())) == 2


# What a second split gives away


def test_the_leak_by_hand() -> None:
    a, b, c, d, e = (Sample("set", name, "cats", name) for name in "abcde")
    first = bank.Round(train=[a, b, c], tests={"own": [d, e]})
    second = bank.Round(train=[b, d], tests={"own": [a, c, e, b]})
    outcome = bank.Outcome(epochs=[], predicted={"own": np.array([0, 0, 1, 1])})
    found = replication.leak(first, second, outcome, np.array([0, 0, 0, 0]))
    assert found == {"seen_share": 0.75, "seen": pytest.approx(2 / 3), "unseen": 0.0}


def test_without_an_unseen_test_image_nothing_is_said_of_unseen_ones() -> None:
    (a, b) = (Sample("set", name, "cats", name) for name in "ab")
    here = bank.Round(train=[a, b], tests={"own": [a]})
    found = replication.leak(here, here, bank.Outcome(epochs=[], predicted={"own": np.array([0])}), np.array([0]))
    assert found == {"seen_share": 1.0, "seen": 1.0}


# Whose decisions


@pytest.mark.parametrize(
    ("decided", "whose"),
    [
        pytest.param((), material.BY_ADVICE, id="nothing"),
        pytest.param(("z1",), material.BY_BOTH, id="one of two"),
        pytest.param(("z1", "z2"), material.BY_A_PERSON, id="both"),
    ],
)
def test_advice_stands_in_only_where_nobody_has_decided(decided: Sequence[str], whose: str, tmp_path: Path) -> None:
    for seed in range(24):
        folder, label = ("raw", "extra")[seed // 12], CLASSES[seed % 2]
        sample_images.save(sample_images.photo(seed), tmp_path / folder / label / f"{seed:03}.jpg")
    for copy, original in (("z1", "000"), ("z2", "002")):
        shutil.copy(tmp_path / "raw" / "cats" / f"{original}.jpg", tmp_path / "raw" / "cats" / f"{copy}.jpg")
    curate.audit(tmp_path / "raw", tmp_path / "ws")
    for name in decided:
        curate.decide(tmp_path / "ws", curate.Selection(paths=(f"cats/{name}.jpg",)), "keep", reviewer="ana")
    plan = material.Plan(output=tmp_path / "out", raw=tmp_path / "raw", extra=tmp_path / "extra")
    found = material.gather(plan, Workspace(tmp_path / "ws"), lambda _: None)
    copies = {Path(sample.path).stem for sample in found.kept if "z" in sample.path}
    assert (copies, found.decisions) == (set(decided), whose)


# The controlled protocol


def gathered(raw: list[Sample], kept: list[Sample]) -> material.Material:
    faces = [Sample("extra", f"{index}", "cats", f"{index}") for index in range(3)]
    return material.Material(CLASSES, raw, kept, [], faces, faces, decisions=material.BY_ADVICE)


def test_every_raw_image_is_tested_on_in_one_fold_and_its_duplicates_are_never_trained_on_there() -> None:
    raw = listed(20)
    folds = controlled.folded(gathered(raw, raw[::2]))
    assert len(folds) == controlled.FOLDS
    assert sorted(s.path for fold in folds for s in fold.tests["raw"]) == sorted(s.path for s in raw)
    for fold in folds:
        assert {s.group for s in fold.tests["raw"]}.isdisjoint(s.group for s in fold.rest)
        assert len(fold.rest) + len(fold.tests["raw"]) == len(raw)
        assert set(fold.tests["approved"]) == set(fold.tests["raw"]) & set(raw[::2])
        assert set(fold.kept) == set(fold.rest) & set(raw[::2])
        assert len(fold.tests["faces"]) == 3


def test_a_fold_without_approved_images_has_no_such_test_set() -> None:
    raw = listed(20)
    folds = controlled.folded(gathered(raw, raw[:1]))
    assert sum("approved" in fold.tests for fold in folds) == 1


def test_a_random_removal_leaves_as_many_of_each_class_as_cleaning_and_others_for_each_seed() -> None:
    rest = listed(20)
    kept = rest[:5] + rest[20:32]
    first, again, other = (material.removed_at_random(rest, kept, seed) for seed in (0, 0, 1))
    assert Counter(s.label for s in first) == Counter(s.label for s in other) == {"cats": 5, "dogs": 12}
    assert first == again != other
    assert set(first) <= set(rest)
    assert not set(first) <= set(kept)


def test_every_contrast_is_between_arms_that_are_trained() -> None:
    plan = material.Plan(output=Path("out"))
    arms = controlled.arms(plan, gathered(listed(4), listed(4)))
    assert {arm for pair in controlled.CONTRASTS for arm in pair} == set(arms)
    assert controlled.CONTRASTS[0] == ("random removal", "cleaned")


def test_cleaning_and_a_random_removal_differ_in_their_images_alone() -> None:
    arms = controlled.arms(material.Plan(output=Path("out")), gathered(listed(4), listed(4)))
    assert arms["random removal"][0] == arms["cleaned"][0] == arms["reference"][0] == loop.REFERENCE
    whole, shrunk = arms["+ balance"][0], arms["proposed (+ shrinking)"][0]
    assert replace(whole, name=shrunk.name, preprocessing=shrunk.preprocessing) == shrunk
    assert whole.preprocessing == loop.REFERENCE.preprocessing


# Statistics


def test_images_that_a_run_was_not_tested_on_do_not_count_there() -> None:
    nan = np.nan
    first = np.array([[1.0, nan, 0.0], [nan, 0.0, 0.0]])
    second = np.array([[1.0, nan, 1.0], [nan, 1.0, 0.0]])
    assert statistics.paired_bootstrap(first, second, 0, rounds=50)["difference"] == pytest.approx((0 + 1 + 0.5) / 3)


def test_duplicates_are_no_further_evidence() -> None:
    rng = np.random.default_rng(5)
    first, second = (np.repeat(rng.random((1, 40)) < share, 5, axis=1) for share in (0.4, 0.6))
    groups = [str(index // 5) for index in range(200)]
    alone = statistics.paired_bootstrap(first, second, 0, rounds=2000)
    together = statistics.paired_bootstrap(first, second, 0, rounds=2000, groups=groups)
    assert together["difference"] == alone["difference"]
    assert 1.8 < (together["high"] - together["low"]) / (alone["high"] - alone["low"]) < 2.7


def test_a_mean_has_the_interval_of_student_and_a_single_run_none() -> None:
    """t of 0.975 is 12.7062 with one degree of freedom, and 4.3027 with two."""
    assert statistics.mean_interval([1, 3]) == {"mean": 2.0, "half_width": pytest.approx(12.7062, rel=1e-4)}
    assert statistics.mean_interval([1, 2, 3]) == {"mean": 2.0, "half_width": pytest.approx(4.3027 / 3**0.5, rel=1e-4)}
    assert statistics.mean_interval([0.7]) == {"mean": 0.7, "half_width": None}


def test_runs_are_summed_up_by_their_means_and_their_added_confusions() -> None:
    truth = np.array([0, 0, 1])
    found = statistics.summary([(truth, np.array([0, 1, 1])), (truth, np.array([0, 0, 0]))], 2)
    assert found["confusion"] == [[1 + 2, 1 + 0], [0 + 1, 1 + 0]]
    assert found["accuracy"]["mean"] == pytest.approx(2 / 3)
    assert found["macro_f1"]["mean"] == pytest.approx((2 / 3 + (0.8 + 0) / 2) / 2)


def test_the_interval_of_a_bootstrap_over_many_images_is_that_of_the_normal_distribution() -> None:
    right = np.arange(2500)[np.newaxis] % 2 == 0
    found = statistics.paired_bootstrap(np.zeros_like(right), right, 0)
    half_width = 1.96 * 0.5 / 2500**0.5
    assert found["difference"] - found["low"] == pytest.approx(half_width, rel=0.05)
    assert found["high"] - found["difference"] == pytest.approx(half_width, rel=0.05)


# How many raw images there are


def test_a_limit_is_for_every_class_or_for_each_by_name() -> None:
    assert read_limit(None) is None
    assert read_limit("90") == 90
    assert read_limit("angry=86, sad=79") == {"angry": 86, "sad": 79}


@pytest.mark.parametrize("text", ["many", "angry=", "86,100", "angry=1", "1", "angry=5=6"])
def test_a_limit_that_is_none_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match="--limit"):
        read_limit(text)


def test_as_many_are_drawn_of_each_class_as_its_limit_says_the_same_ones_each_time() -> None:
    samples = listed(20, classes=3)
    chosen = material.limited(samples, {"Cats": 3, "dogs": 7})
    assert Counter(s.label for s in chosen) == {"cats": 3, "dogs": 7, "birds": 20}
    assert chosen == material.limited(samples, {"Cats": 3, "dogs": 7})
    assert [s.path for s in chosen[-7:]] != sorted(s.path for s in samples if s.label == "dogs")[:7]
    assert Counter(s.label for s in material.limited(samples, 2)) == {"cats": 2, "dogs": 2, "birds": 2}
    assert material.limited(samples, None) == sorted(samples, key=lambda s: s.address)
    with pytest.raises(ConfigError, match="names lions, and the classes are birds, cats, dogs"):
        material.limited(samples, {"lions": 3})
