"""How good predictions are, beyond one accuracy: by class, by confusion, and whether probabilities hold. Pure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.train.loop import Floats
from curate.train.study.statistics import Ints, confusion, macro_f1

BINS = 15
"""Of equal width, between 0 and 1, as is usual (Guo et al., ICML 2017)."""


def quality(truth: Ints, probabilities: Floats, classes: Sequence[str]) -> dict[str, Any]:
    """Sum up predictions: true class numbers (n,) and (n, classes) probabilities to figures that go into JSON.

    `calibration_error` is 0 where images predicted with a probability of p are right in a share of p.
    """
    predicted = probabilities.argmax(axis=1).astype(np.int64)
    table = np.array(confusion(truth, predicted, len(classes)))
    hits = np.diag(table)
    precision, recall = hits / np.maximum(table.sum(axis=0), 1), hits / np.maximum(table.sum(axis=1), 1)
    f1 = 2 * hits / np.maximum(table.sum(axis=0) + table.sum(axis=1), 1)
    bins = reliability(predicted == truth, probabilities.max(axis=1))
    return {
        "images": len(truth),
        "accuracy": float((predicted == truth).mean()),
        "macro_f1": macro_f1(truth, predicted, len(classes)),
        "calibration_error": calibration_error(bins),
        "classes": [
            {
                "label": label,
                "images": int(table[index].sum()),
                "precision": float(precision[index]),
                "recall": float(recall[index]),
                "f1": float(f1[index]),
            }
            for index, label in enumerate(classes)
        ],
        "confusion": table.tolist(),
        "reliability": bins,
    }


def reliability(right: npt.NDArray[np.bool_], confidence: Floats) -> list[dict[str, float]]:
    """Count predictions by their confidence (n,): for each bin that has any, images, mean confidence and accuracy.

    A confidence on the border of two bins belongs to the lower one.
    """
    numbers = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    return [
        {
            "images": int((numbers == number).sum()),
            "confidence": float(confidence[numbers == number].mean()),
            "accuracy": float(right[numbers == number].mean()),
        }
        for number in np.unique(numbers)
    ]


def calibration_error(bins: Sequence[dict[str, float]]) -> float:
    """Average over images how far confidence is from accuracy in their bin (Naeini et al., AAAI 2015)."""
    images = sum(found["images"] for found in bins)
    return sum(found["images"] * abs(found["confidence"] - found["accuracy"]) for found in bins) / images
