"""Training: the same numbers whichever way they are reached, and a clear line for what cannot be trained on."""

import errno
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import curate
from curate.demonstration import dataset
from curate.errors import ConfigError, SourceError, WorkspaceError
from tests import sample_images

torch = pytest.importorskip("torch")

from curate.train import data, embeddings, fitting, loop, mislabel, parts, recipes, weights  # noqa: E402
from curate.train.data import Preprocessing, Sample  # noqa: E402
from curate.train.study import statistics  # noqa: E402

TINY = replace(loop.REFERENCE, epochs=3, batch_size=4, preprocessing=Preprocessing(input_px=64))
CLASSES = ["cats", "dogs"]


def flat(images: list[Any]) -> Any:
    return np.stack(images).astype(np.uint8)


@pytest.fixture(scope="module")
def images() -> tuple[Any, list[int]]:
    """Twelve images of 64 px: dark ones and bright ones."""
    shades = [sample_images.photo(seed, 64, 64) // 3 + 150 * (seed % 2) for seed in range(12)]
    return flat(shades), [seed % 2 for seed in range(12)]


def run(images: tuple[Any, list[int]], *, cached: bool = True, seed: int = 0, **options: Any) -> loop.Fitted:
    fitted = loop.fresh("lite0", CLASSES, seed)
    part = loop.labelled(fitted.pretrained, *images, cached=cached)
    config = options.pop("config", TINY)
    for _ in loop.fit(fitted, part, part, config, seed=seed, **options):
        pass
    return fitted


def losses(fitted: loop.Fitted) -> list[tuple[float, float]]:
    return [(epoch.train_loss, epoch.test_loss) for epoch in fitted.epochs]


def test_lite0_fills_the_skeleton_to_the_last_number() -> None:
    network = weights.load("lite0", 1000).network
    assert sum(parameter.numel() for parameter in network.parameters()) == 4_652_008
    assert not any("fc1" in name for name in network.state_dict())


def test_training_on_cached_activations_gives_the_losses_of_training_through_the_network(
    images: tuple[Any, list[int]],
) -> None:
    assert np.allclose(losses(run(images)), losses(run(images, cached=False)), atol=1e-5, rtol=0)


def step_as_a_gpu_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "mixed_precision", lambda: torch.autocast("cpu", dtype=torch.bfloat16))


def test_what_is_said_of_an_image_is_in_single_precision_where_steps_of_training_are_not(
    images: tuple[Any, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ONNX file of a network computes so: near a border it would name another class otherwise."""
    pretrained, in_single = loop.fresh("lite0", CLASSES, 0).pretrained, run(images)
    expected = loop.predict(pretrained, images[0]), loop.embed(pretrained, images[0])
    step_as_a_gpu_does(monkeypatch)
    assert np.array_equal(loop.predict(pretrained, images[0]), expected[0])
    assert np.array_equal(loop.embed(pretrained, images[0]), expected[1])
    assert losses(run(images)) != losses(in_single)


def test_in_mixed_precision_too_cached_activations_give_the_losses_of_the_network(
    images: tuple[Any, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    step_as_a_gpu_does(monkeypatch)
    assert np.allclose(losses(run(images)), losses(run(images, cached=False)), atol=1e-4, rtol=0)
    trained = run(images)
    assert np.allclose(trained.test_probabilities, loop.predict(trained.pretrained, images[0]), atol=1e-5)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(images: tuple[Any, list[int]]) -> None:
    first, again, other = run(images), run(images), run(images, seed=1)
    assert losses(first) == losses(again)
    assert losses(first) != losses(other)


def test_a_run_that_was_cut_short_ends_with_the_same_numbers(images: tuple[Any, list[int]], tmp_path: Path) -> None:
    whole = run(images)
    fitted = loop.fresh("lite0", CLASSES, 0)
    part = loop.labelled(fitted.pretrained, *images)
    epochs = loop.fit(fitted, part, part, TINY, checkpoint=tmp_path / "c.pt")
    next(epochs)
    epochs.close()
    resumed = run(images, checkpoint=tmp_path / "c.pt")
    assert losses(resumed) == losses(whole)
    assert np.array_equal(resumed.test_probabilities, whole.test_probabilities)


def test_a_checkpoint_of_another_run_is_refused(images: tuple[Any, list[int]], tmp_path: Path) -> None:
    run(images, checkpoint=tmp_path / "c.pt")
    with pytest.raises(ConfigError, match="another run"):
        run(images, seed=1, checkpoint=tmp_path / "c.pt")


def test_only_the_top_convolution_and_the_classifier_learn(images: tuple[Any, list[int]]) -> None:
    before = weights.load("lite0", 2).network.state_dict()
    after = run(images).pretrained.network.state_dict()
    changed = {".".join(name.split(".")[:2]) for name in before if not before[name].equal(after[name].cpu())}
    assert changed == {"features.8", "classifier.1"}


def test_copies_are_never_parted_by_a_split() -> None:
    samples = [Sample("set", f"{label}{n}", label, f"{label}{n // 3}") for label in CLASSES for n in range(30)]
    for seed in range(20):
        train, test = parts.split(samples, 0.2, seed)
        assert len(train) + len(test) == 60
        assert {sample.group for sample in train}.isdisjoint(sample.group for sample in test)
        assert {sample.label for sample in train} == {sample.label for sample in test} == set(CLASSES)


def test_a_class_with_one_image_cannot_be_split() -> None:
    samples = [Sample("set", f"{n}", "cats", f"{n}") for n in range(5)] + [Sample("set", "x", "dogs", "x")]
    with pytest.raises(SourceError, match="'dogs' has one image"):
        parts.split(samples, 0.2, 0)


def test_an_image_that_broke_after_the_audit_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    with pytest.raises(SourceError, match=r"broken\.jpg.*audit"):
        data.load([Sample(str(tmp_path), "broken.jpg", "cats", "")], Preprocessing())
    with pytest.raises(SourceError, match=r"gone\.jpg"):
        data.load([Sample(str(tmp_path), "gone.jpg", "cats", "")], Preprocessing())


def test_weights_that_do_not_exist_are_a_mistake() -> None:
    with pytest.raises(ConfigError, match="neither a file nor one of imagenet, lite0, none"):
        weights.load("resnet", 3)


def test_macro_f1_and_confusion_by_hand() -> None:
    truth, given = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0])
    assert statistics.confusion(truth, given, 3) == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]
    assert statistics.macro_f1(truth, given, 3) == pytest.approx((0.5 + 0.8 + 0) / 3)
    assert statistics.macro_f1(np.array([0, 0, 1]), np.array([0, 0, 1]), 3) == 1
    assert statistics.macro_f1(np.array([0, 0, 1]), np.array([0, 2, 1]), 3) == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        found = statistics.mean_interval(list(rng.normal(3, 1, 5)))
        half = found["half_width"]
        assert half is not None
        assert found["mean"] is not None
        covered += abs(found["mean"] - 3) <= half
    assert 0.92 <= covered / 400 <= 0.98


def test_the_paired_bootstrap_finds_a_difference_and_none() -> None:
    rng = np.random.default_rng(1)
    worse, better = rng.random((5, 300)) < 0.6, rng.random((5, 300)) < 0.8
    assert statistics.paired_bootstrap(worse, better, 0, rounds=500)["low"] > 0
    same = statistics.paired_bootstrap(worse, worse, 0, rounds=100)
    assert same == {"difference": 0.0, "low": 0.0, "high": 0.0}


def test_embeddings_have_a_row_for_every_image(two_sets: tuple[Path, Path], tmp_path: Path) -> None:
    curate.audit(two_sets[0], tmp_path / "ws")
    table = pd.read_parquet(embeddings.embed(tmp_path / "ws"))
    assert len(table) == 21
    values = np.stack(table["embedding"])
    assert values.shape == (21, 1280)
    by_path = dict(zip(table["path"], values, strict=True))
    assert np.array_equal(by_path["cats/0.jpg"], by_path["cats/copy.jpg"])


@pytest.mark.parametrize("say", [embeddings.embed, mislabel.mislabel])
def test_what_a_network_sees_of_a_changed_image_is_not_said_of_the_audited_one(
    two_sets: tuple[Path, Path], tmp_path: Path, say: Callable[[Path], Path]
) -> None:
    curate.audit(two_sets[0], tmp_path / "ws")
    shutil.copy(two_sets[0] / "dogs" / "0.jpg", two_sets[0] / "cats" / "0.jpg")
    with pytest.raises(SourceError, match=r"cats/0\.jpg: The file has changed since its hash was taken\. Run"):
        say(tmp_path / "ws")


@pytest.mark.parametrize("say", [embeddings.embed, mislabel.mislabel])
def test_a_workspace_that_cannot_be_written_is_refused_before_anything_is_computed(
    two_sets: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Callable[[Path], Path]
) -> None:
    curate.audit(two_sets[0], tmp_path / "ws")

    def refused(**where: Any) -> None:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    monkeypatch.setattr(loop, "load", lambda *args: pytest.fail("a network was loaded"))
    monkeypatch.setattr(weights, "load", lambda *args: pytest.fail("a network was loaded"))
    with pytest.raises(WorkspaceError, match="ws lies on a read-only file system"):
        say(tmp_path / "ws")


def test_fine_tuning_moves_the_trunk_too(images: tuple[Any, list[int]]) -> None:
    before = weights.load("lite0", 2).network.state_dict()["features.1.0.block.0.0.weight"]
    tuned = run(images, cached=False, config=replace(TINY, fine_tune=True, flip=True, epochs=2))
    assert not before.equal(tuned.pretrained.network.state_dict()["features.1.0.block.0.0.weight"].cpu())
    again = run(images, cached=False, config=replace(TINY, fine_tune=True, flip=True, epochs=2))
    assert losses(tuned) == losses(again)


def test_cached_activations_cannot_be_fine_tuned(images: tuple[Any, list[int]]) -> None:
    with pytest.raises(ConfigError, match="not cached activations"):
        run(images, config=replace(TINY, fine_tune=True))


def test_patience_ends_a_run_and_goes_back_to_its_best_epoch(images: tuple[Any, list[int]], tmp_path: Path) -> None:
    config = replace(TINY, epochs=30, patience=2, learning_rate=0.003)
    fitted = loop.fresh("lite0", CLASSES, 0)
    part = loop.labelled(fitted.pretrained, *images)
    wrong = loop.Labelled(part.inputs, 1 - part.targets)  # the better the training goes, the worse these fare
    epochs = list(loop.fit(fitted, part, (part, wrong), config, checkpoint=tmp_path / "c.pt"))
    assert len(epochs) < 30
    validation = [epoch.validation_loss for epoch in epochs]
    best = validation.index(min(validation, key=lambda loss: loss or 0.0))
    assert best == len(epochs) - 3
    likely = torch.tensor(loop.probabilities(fitted, wrong))
    now = torch.nn.functional.nll_loss(torch.log(likely), wrong.targets.cpu())
    assert float(now) == pytest.approx(validation[best], rel=1e-4)
    resumed = loop.fresh("lite0", CLASSES, 0)
    assert list(loop.fit(resumed, part, (part, wrong), config, checkpoint=tmp_path / "c.pt")) == epochs
    assert np.array_equal(loop.probabilities(resumed, wrong), loop.probabilities(fitted, wrong))


@pytest.fixture(scope="module")
def fitted_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `curate train fit` has written, beside the images it was trained on."""
    root = tmp_path_factory.mktemp("fit")
    for number, label in enumerate(CLASSES):
        for index in range(8):
            shade = sample_images.photo(100 * number + index, 64, 64) // 3 + 150 * number
            sample_images.save(shade.astype(np.uint8), root / "set" / label / f"{index}.png")
    fitting.fit(recipes.Run(source=root / "set", output=root / "run", config=TINY))
    return root


def test_a_run_leaves_a_table_and_a_log_that_tensorboard_reads(fitted_run: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    table = pd.read_csv(fitted_run / "run" / "epochs.csv")
    log = EventAccumulator(str(fitted_run / "run" / "tensorboard"))
    log.Reload()
    assert [event.value for event in log.Scalars("loss/train")] == pytest.approx(table["train_loss"], abs=1e-5)
    assert [event.step for event in log.Scalars("accuracy/test")] == [0, 1, 2]


def test_copies_are_never_parted_by_folds() -> None:
    samples = [Sample("set", f"{label}{n}", label, f"{label}{n // 3}") for label in CLASSES for n in range(60)]
    folds = parts.folds(samples, 5, seed=1)
    fold_of: dict[str, set[int]] = {}
    for sample, fold in zip(samples, folds, strict=True):
        fold_of.setdefault(sample.group, set()).add(int(fold))
    assert all(len(found) == 1 for found in fold_of.values())
    counts = [sum((folds == fold) & (np.arange(120) < 60)) for fold in range(5)]
    assert max(counts) - min(counts) <= 3


@pytest.mark.slow
def test_a_wrong_label_is_found_and_listed_since_one_doubt_says_nothing_of_what_doubts_are_worth(
    tmp_path: Path,
) -> None:
    for number, label in enumerate(CLASSES):
        for index in range(24):
            tinted = sample_images.photo(100 * number + index, 64, 64) * ((1.0, 0.2, 0.2), (0.2, 0.2, 1.0))[number]
            sample_images.save(tinted.astype(np.uint8), tmp_path / "set" / label / f"{index:02}.png")
    (tmp_path / "set" / "cats" / "05.png").rename(tmp_path / "set" / "dogs" / "wrong.png")
    curate.audit(tmp_path / "set", tmp_path / "ws")
    config = replace(mislabel.CONFIG, preprocessing=Preprocessing(input_px=128), epochs=12, batch_size=8)
    mislabel.mislabel(tmp_path / "ws", config, folds=3, seed=2)
    findings = curate.judge(tmp_path / "ws")
    suspected = findings[findings["kind"] == "suspected_mislabel"]
    assert list(suspected["path"]) == ["dogs/wrong.png"]
    assert list(suspected["severity"]) == ["info"]
    assert json.loads(suspected["evidence"].iloc[0])["suggested"] == "cats"


def test_the_drawn_extension_is_small_grey_and_of_the_same_classes(tmp_path: Path) -> None:
    dataset.draw_extension(tmp_path / "extra", 2)
    dataset.draw_extension(tmp_path / "again", 2)
    files = sorted(path.relative_to(tmp_path / "extra") for path in (tmp_path / "extra").rglob("*.png"))
    assert [path.parent.name for path in files] == ["Angry"] * 2 + ["Happy"] * 2 + ["Sad"] * 2
    assert all((tmp_path / "extra" / f).read_bytes() == (tmp_path / "again" / f).read_bytes() for f in files)
    images = data.load(
        [Sample(str(tmp_path / "extra"), path.as_posix(), "", "") for path in files], Preprocessing(input_px=48)
    )
    assert (images[..., 0] == images[..., 1]).all()
