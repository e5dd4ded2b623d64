"""What a run says of its predictions, by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from curate.storage import safe_csv

pytest.importorskip("torch")

from curate.train import quality

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
