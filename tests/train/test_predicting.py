"""What a network says of images, a row for each, and what is left of a run whose numbers ran away."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import curate
from curate.errors import ConfigError, CurateError
from curate.storage import safe_csv
from tests import sample_images
from tests.dataset.handmade import Row, manifest
from tests.train.drawn import QUICK, draw, fit

torch = pytest.importorskip("torch")

from curate.train import data, embeddings, loop, predicting, weights  # noqa: E402
from curate.train.data import Sample  # noqa: E402
from curate.train.history import Epoch  # noqa: E402
from curate.train.parts import Parts  # noqa: E402

# A loss that is no number


def test_a_run_that_diverges_ends_with_its_last_good_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = loop._train_epoch

    def diverging(*arguments: Any) -> tuple[float, float]:
        loss, accuracy = real(*arguments)
        return (float("nan") if arguments[-1] == 2 else loss), accuracy  # the seed of epoch 2 of a run with seed 0

    monkeypatch.setattr(loop, "_train_epoch", diverging)
    draw(tmp_path / "set", "train", "test")
    with pytest.raises(ConfigError) as caught:
        fit(tmp_path / "set", tmp_path / "run", replace(QUICK, epochs=4))
    line = str(caught.value)
    assert line.startswith(
        "the training diverges: the loss or the weights of epoch 2 are not numbers; a learning rate of"
    )
    assert "of 0.001 is too large here, give a smaller --learning-rate and another -o (" in line
    assert line.endswith(f"({tmp_path}/run/checkpoint.pt holds epoch 1, the last good one)")
    assert list(pd.read_csv(tmp_path / "run" / "epochs.csv")["epoch"]) == [0, 1]
    predicting.predict(tmp_path / "run" / "checkpoint.pt", tmp_path / "set", tmp_path / "p.csv")
    assert not (tmp_path / "run" / "predictions.csv").exists()


def test_weights_that_are_no_numbers_end_a_run_although_its_losses_are(tmp_path: Path) -> None:
    """Means and variances of a layer run away an epoch before the loss does."""
    draw(tmp_path / "set", "train", "test")
    config = replace(QUICK, weights="lite0", epochs=6, learning_rate=1e18)
    with pytest.raises(ConfigError, match="the training diverges"):
        fit(tmp_path / "set", tmp_path / "run", config)
    if (tmp_path / "run" / "checkpoint.pt").is_file():
        predicting.predict(tmp_path / "run" / "checkpoint.pt", tmp_path / "set", tmp_path / "p.csv")
        assert "nan" not in (tmp_path / "p.csv").read_text()


@pytest.mark.parametrize("figure", ["train_loss", "test_loss", "validation_loss"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_an_epoch_is_finite_if_each_of_its_losses_is(figure: str, value: float) -> None:
    epoch = Epoch(train_loss=1, train_accuracy=1, test_loss=1, test_accuracy=1)
    assert epoch.is_finite
    setattr(epoch, figure, value)
    assert not epoch.is_finite


def spoilt(run: Path, **added: float) -> Path:
    """A checkpoint with something added to some of its layers."""
    stored = torch.load(run / "checkpoint.pt", weights_only=True)
    for layer, value in added.items():
        stored["network"][layer] += value
    torch.save(stored, run / "spoilt.pt")
    return run / "spoilt.pt"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("layer", ["classifier.1.bias", "features.8.1.running_var"])
def test_a_checkpoint_whose_weights_are_no_numbers_is_refused(done: Path, value: float, layer: str) -> None:
    checkpoint = spoilt(done / "run", **{layer: value})
    with pytest.raises(ConfigError, match=r"spoilt\.pt: its weights are not numbers, since its training diverged"):
        predicting.predict(checkpoint, done / "set", done / "p.csv")
    assert not (done / "p.csv").exists()


def test_a_network_that_gives_no_numbers_names_no_class(done: Path) -> None:
    checkpoint = spoilt(done / "run", **{"features.8.1.bias": 3e38, "classifier.1.weight": 10})
    with pytest.raises(ConfigError, match=r"spoilt\.pt: gives no numbers for .*test/cats/0\.png"):
        predicting.predict(checkpoint, done / "set", done / "p.csv")
    assert not (done / "p.csv").exists()


@pytest.mark.parametrize("content", [b"", b"x", b"PK\x03\x04"])
def test_a_file_that_is_no_checkpoint_is_refused(done: Path, content: bytes) -> None:
    (done / "run" / "checkpoint.pt").write_bytes(content)
    with pytest.raises(ConfigError, match="not a checkpoint of `curate train fit`"):
        predicting.predict(done / "run" / "checkpoint.pt", done / "set", done / "p.csv")
    with pytest.raises(CurateError, match="not a checkpoint of `curate train fit`"):
        fit(done / "set", done / "run")


# Images that have no prediction


def test_an_image_that_cannot_be_read_is_a_row_with_its_reason(split_set: Path, tmp_path: Path) -> None:
    whole = (split_set / "set" / "test" / "cats" / "0.png").read_bytes()
    files = {"a.png": whole, "b.png": b"<html>404</html>", "c.png": whole[:500], "d.png": b"", "e.png": whole}
    (tmp_path / "new").mkdir()
    for name, content in files.items():
        (tmp_path / "new" / name).write_bytes(content)
    count = predicting.predict(split_set / "run" / "checkpoint.pt", tmp_path / "new", tmp_path / "p.csv")
    assert (count.images, count.unreadable) == (5, 3)
    table = safe_csv.read(tmp_path / "p.csv")
    assert list(table) == ["path", "label", "predicted", "error", "p:cats", "p:dogs"]
    assert list(table["path"]) == [str(tmp_path / "new" / name) for name in files]
    assert table["label"].isna().all()
    unreadable = table.iloc[1:4]
    assert unreadable[["predicted", "p:cats", "p:dogs"]].isna().all(axis=None)
    beginnings = ["The content is not an image: an HTML page", "The file ends 5,031 bytes before", "The file is empty"]
    assert all(map(str.startswith, unreadable["error"], beginnings))
    readable = table.iloc[[0, 4]]
    assert readable["error"].isna().all()
    assert len(set(readable["p:cats"])) == 1
    assert readable["predicted"].notna().all()


def test_images_of_a_list_that_are_not_there_are_rows_and_none_need_be(split_set: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,label\ngone.png,cats\nlost.png,\n")
    count = predicting.predict(split_set / "run" / "checkpoint.pt", tmp_path / "list.csv", tmp_path / "p.csv")
    assert (count.images, count.unreadable) == (2, 2)
    table = safe_csv.read(tmp_path / "p.csv")
    assert list(table["error"]) == ["The file cannot be read (No such file or directory)."] * 2
    assert list(table["label"]) == ["cats", None]


def test_a_manifest_that_keeps_nothing_gives_the_header_alone(split_set: Path, tmp_path: Path) -> None:
    path = manifest(tmp_path, Row("a.png", "a", action="drop"))
    count = predicting.predict(split_set / "run" / "checkpoint.pt", path, tmp_path / "p.csv")
    assert count.images == 0
    assert (tmp_path / "p.csv").read_text(encoding="utf-8-sig") == "path,label,predicted,error,p:cats,p:dogs\n"


def test_an_image_that_is_not_that_of_the_manifest_any_more_is_a_row_that_says_so(
    split_set: Path, tmp_path: Path
) -> None:
    pixels = [sample_images.encode(sample_images.photo(seed, 64, 64), "PNG") for seed in (1, 2)]
    path = manifest(tmp_path, Row("a.png", "cats", data=pixels[0]))
    (tmp_path / "source" / "a.png").write_bytes(pixels[1])
    count = predicting.predict(split_set / "run" / "checkpoint.pt", path, tmp_path / "p.csv")
    assert (count.images, count.unreadable) == (1, 1)
    assert list(safe_csv.read(tmp_path / "p.csv")["error"]) == ["The file has changed since its hash was taken."]


def test_a_broken_image_is_never_shown_to_the_network_of_an_audit_either(tmp_path: Path) -> None:
    (tmp_path / "cut.jpg").write_bytes(sample_images.encode(sample_images.photo(1))[:-900])
    (reading,) = data.readings([Sample(str(tmp_path), "cut.jpg", "", "")], QUICK.preprocessing)
    assert isinstance(reading, data.Unreadable)
    assert "before the image does" in reading.reason


def test_a_checkpoint_of_any_number_of_classes_embeds_images_as_it_was_trained_on_them(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for seed, label in enumerate(("cats", "dogs", "owls")):
            for number in range(2):
                image = sample_images.photo(10 * seed + number, 64, 48)
                sample_images.save(image, tmp_path / "set" / split / label / f"{number}.png")
    shown = replace(QUICK.preprocessing, grey=True)
    fit(tmp_path / "set", tmp_path / "run", replace(QUICK, preprocessing=shown))
    curate.audit(tmp_path / "set", tmp_path / "ws")
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    table = pd.read_parquet(embeddings.embed(tmp_path / "ws", str(checkpoint)))
    samples = [Sample(str(tmp_path / "set"), path, "", "") for path in table["path"]]
    expected = loop.embed(weights.load(str(checkpoint), 3), data.load(samples, shown))
    assert np.allclose(np.stack(table["embedding"]), expected, atol=1e-6)
    assert set(table["model"]) == {f"checkpoint.pt {hashlib.sha256(checkpoint.read_bytes()).hexdigest()[:12]}"}


# The table of predictions


def test_probabilities_have_six_decimals_and_add_up(split_set: Path) -> None:
    table = safe_csv.read(split_set / "run" / "predictions.csv")
    assert list(table) == ["path", "split", "label", "predicted", "p:cats", "p:dogs"]
    assert table[["p:cats", "p:dogs"]].stack().str.fullmatch(r"[01]\.\d{6}").all()
    numbers = table[["p:cats", "p:dogs"]].astype(float)
    assert np.allclose(numbers.sum(axis=1), 1, atol=2e-6)
    assert list(numbers.idxmax(axis=1).str.removeprefix("p:")) == list(table["predicted"])


def test_the_predictions_of_a_run_are_those_of_its_checkpoint(split_set: Path, tmp_path: Path) -> None:
    predicting.predict(split_set / "run" / "checkpoint.pt", split_set / "set", tmp_path / "p.csv")
    again = safe_csv.read(tmp_path / "p.csv")
    again["path"] = again["path"].str.removeprefix(f"{split_set}/set/")
    both = safe_csv.read(split_set / "run" / "predictions.csv").merge(again, on="path", suffixes=("", " again"))
    assert len(both) == 16
    for name in ("p:cats", "p:dogs"):
        assert np.allclose(both[name].astype(float), both[f"{name} again"].astype(float), atol=2e-6)


def parts_of(*samples: Sample) -> Parts:
    return Parts(train=[Sample("/set", "t", "=x", "g", "train")], validation=[], test=list(samples))


def test_paths_that_two_sources_share_are_written_as_whole_addresses() -> None:
    samples = [Sample(source, "1.png", "=x", "g", "test") for source in ("/two", "/one")]
    probabilities = np.array([[0.25, 0.75], [1, 0]], np.float32)
    table = predicting.of_parts(parts_of(*samples), ["=x", "y"], [probabilities])
    assert table.to_numpy().tolist() == [
        ["/one/1.png", "test", "=x", "=x", "1.000000", "0.000000"],
        ["/two/1.png", "test", "=x", "y", "0.250000", "0.750000"],
    ]
    alone = predicting.of_parts(parts_of(samples[0]), ["=x", "y"], [probabilities[:1]])
    assert list(alone["path"]) == ["1.png"]


def test_a_class_that_looks_like_a_formula_cannot_run_in_a_spreadsheet(tmp_path: Path) -> None:
    draw(tmp_path / "set", "train", "test")
    for split in ("train", "test"):
        (tmp_path / "set" / split / "dogs").rename(tmp_path / "set" / split / "=1+1")
    fit(tmp_path / "set", tmp_path / "run")
    text = (tmp_path / "run" / "predictions.csv").read_text()
    assert "test,'=1+1," in text
    assert ",=1+1," not in text
    assert set(safe_csv.read(tmp_path / "run" / "predictions.csv")["label"]) == {"=1+1", "cats"}


def test_run_json_says_every_setting(split_set: Path) -> None:
    stored = json.loads((split_set / "run" / "run.json").read_text())
    assert stored["input_px"] == 32
    assert stored["epochs"] == 1
    assert stored["number of images"] == len(list((split_set / "set").rglob("*.png")))
    assert set(data.Preprocessing.__dataclass_fields__) < set(stored)
