"""What a run says of its predictions, by hand."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from curate.storage import safe_csv
from tests import sample_images

pytest.importorskip("torch")

from curate.train import mistakes, quality
from curate.train.data import Sample

CLASSES = ["cats", "dogs"]


def test_quality_by_hand() -> None:
    truth = np.array([0, 0, 0, 1])
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.3, 0.7]], np.float32)
    found = quality.quality(truth, probabilities, CLASSES)
    assert found["images"] == 4
    assert found["accuracy"] == 0.75
    assert found["confusion"] == [[2, 1], [0, 1]]
    cats, dogs = found["classes"]
    assert cats == {"label": "cats", "images": 3, "precision": 1.0, "recall": pytest.approx(2 / 3), "f1": 0.8}
    assert dogs == {"label": "dogs", "images": 1, "precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3)}
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert found["calibration_error"] == pytest.approx((2 * 0.1 + 0.6 + 0.3) / 4)


def test_a_class_without_images_and_predictions_has_zeros_and_one_with_a_single_one_its_figures() -> None:
    found = quality.quality(np.array([0]), np.array([[1.0, 0.0]], np.float32), CLASSES)
    assert found["classes"][0] == {"label": "cats", "images": 1, "precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert found["classes"][1] == {"label": "dogs", "images": 0, "precision": 0.0, "recall": 0.0, "f1": 0.0}


def test_confidences_are_counted_in_bins_the_border_in_the_lower_one() -> None:
    right = np.array([True, False, True, False, True])
    bins = quality.reliability(right, np.array([0.0, 1 / 15, 0.08, 0.93, 1.0], np.float32))  # 14 / 15 is 0.933
    assert [found["images"] for found in bins] == [2, 1, 1, 1]
    assert [found["accuracy"] for found in bins] == [0.5, 1.0, 0.0, 1.0]
    assert bins[0]["confidence"] == pytest.approx(1 / 30)


def test_the_calibration_error_weighs_bins_by_their_images() -> None:
    bins = [{"images": 3, "confidence": 0.9, "accuracy": 1.0}, {"images": 1, "confidence": 0.7, "accuracy": 0.2}]
    assert quality.calibration_error(bins) == pytest.approx((3 * 0.1 + 0.5) / 4)


def test_mistakes_are_the_wrong_predictions_the_surest_first(tmp_path: Path) -> None:
    photo = sample_images.save(sample_images.photo(1, 400, 200), tmp_path / "c.jpg")
    samples = [
        Sample(str(tmp_path), f"{name}.jpg", label, name)
        for name, label in zip("abcde", [*CLASSES, *CLASSES, "cats"], strict=True)
    ]
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.8, 0.2], [0.4, 0.6]], np.float32)
    found = mistakes.surest(samples, CLASSES, probabilities)  # a is right, of the others only c is there
    assert [(one["path"], one["label"], one["predicted"], one["confidence"]) for one in found] == [
        ("d.jpg", "dogs", "cats", pytest.approx(0.8)),
        ("c.jpg", "cats", "dogs", pytest.approx(0.7)),
        ("b.jpg", "dogs", "cats", pytest.approx(0.6)),
        ("e.jpg", "cats", "dogs", pytest.approx(0.6)),
    ]
    assert [one["preview"] is not None for one in found] == [False, True, False, False]
    with Image.open(io.BytesIO(base64.b64decode(found[1]["preview"]))) as shown:
        assert (photo.name, shown.size) == ("c.jpg", (160, 80))


def test_of_many_mistakes_the_surest_are_left() -> None:
    samples = [Sample("set", f"{number:02}.jpg", "dogs", "") for number in range(40)]
    sure = np.linspace(0.6, 0.99, 40)
    found = mistakes.surest(samples, CLASSES, np.column_stack([sure, 1 - sure]).astype(np.float32))
    assert [one["path"] for one in found] == [f"{number:02}.jpg" for number in range(39, 15, -1)]


def test_a_run_leaves_the_quality_of_every_part_that_it_was_tested_on(split_set: Path) -> None:
    found = json.loads((split_set / "run" / "quality.json").read_text(encoding="utf-8"))
    table = safe_csv.read(split_set / "run" / "predictions.csv")
    assert set(found) == {"test", "val"}
    for split, of_part in found.items():
        rows = table[table["split"] == split]
        assert of_part["accuracy"] == pytest.approx((rows["label"] == rows["predicted"]).mean())
        crossed = pd.crosstab(rows["label"], rows["predicted"]).reindex(index=CLASSES, columns=CLASSES, fill_value=0)
        assert of_part["confusion"] == crossed.to_numpy().tolist()
        assert [row["label"] for row in of_part["classes"]] == CLASSES
