"""Fit the two classifiers of the scanner `drawing`: `python -m tests.benchmarks.fit_drawing DATA`.

DATA holds two sets of labelled web images and ordinary photos (classes that hold no drawings). A third of the labelled
images, by duplicate group, is held out: the benchmark of the scanner reports on those apart. Writes
curate/scanners/models/drawing.json.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from curate.config import DecodeLimits
from curate.images.decode import decode
from curate.scanners import drawing, faces
from curate.train import data, loop, weights
from curate.train.data import Preprocessing, Sample
from tests.benchmarks.test_unsuitable import labelled

PHOTO_WEIGHT = 0.2
LEAST_PRECISION, DRAWS = 0.85, 3
PHOTOS = "photo "
PHOTOGRAPHED = (
    "Motorbikes", "airplanes", "car_side", "Leopards", "flamingo", "dalmatian", "elephant", "chandelier", "ewer",
    "grand_piano", "helicopter", "laptop", "sunflower", "watch", "panda", "wheelchair", "ferry", "cellphone",
    "dolphin", "cup", "cougar_face",
)  # fmt: skip


def main(folder: Path) -> None:
    """Fit on two thirds of the labels."""
    known = [row for row in labelled(folder) if row["held"] != "held out" and row["drawing"] in ("0", "1")]
    photos = sorted(path for path in (folder / "photos").rglob("*.jpg") if path.parent.name in PHOTOGRAPHED)
    files = [*(folder / row["set"] / row["file"] for row in known), *photos]
    truth = np.array([*(int(row["drawing"]) for row in known), *(0 for _ in photos)])
    weight = np.array([1.0] * len(known) + [PHOTO_WEIGHT] * len(photos))
    groups = np.array([*(row["group"] for row in known), *(PHOTOS + path.name for path in photos)])
    images = [decode(path.read_bytes(), DecodeLimits()).image for path in files]
    features = [drawing.named_features(image.fit(drawing.SHARED_PX)) for image in images if image]
    sure = [max((box.score or 0.0 for box in faces.detect(image)), default=0.0) for image in images if image]
    rows = np.column_stack([[list(named.values()) for named in features], sure])
    network = weights.load("lite0", 2)
    samples = [Sample(str(path.parent), path.name, "", "") for path in files]
    embeddings = np.concatenate([loop.embed(network, chunk) for _, chunk in data.in_chunks(samples, Preprocessing())])
    model = {
        "features": list(features[0]),
        "trees": trees(rows, truth, weight, groups),
        "embedding": linear(embeddings, truth, weight, groups),
    }
    drawing.MODEL.write_text(json.dumps(model) + "\n", encoding="utf-8")


def boundary(estimator: Any, rows: Any, truth: Any, weight: Any, groups: Any, name: str) -> float:
    """Where recall over the labelled images is best at a precision of .85 or more, in log odds, by five folds.

    A good image that is flagged costs more than a drawing that is missed: most of those lack a face and are flagged for
    that. Duplicates share a fold, and three draws of folds are averaged; photos, which have no group, come last.
    """
    found = np.zeros(len(truth))
    for seed in range(DRAWS):
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        fitted = {"groups": groups, "params": {f"{name}sample_weight": weight}}
        found += cross_val_predict(estimator, rows, truth, cv=folds, method="decision_function", **fitted) / DRAWS
    is_labelled = np.array([not group.startswith(PHOTOS) for group in groups])
    precision, recall, limits = precision_recall_curve(truth[is_labelled], found[is_labelled])
    best = int(np.where(precision[:-1] >= LEAST_PRECISION, recall[:-1], -1).argmax())
    print(f"by five folds: recall {recall[best]:.3f}, precision {precision[best]:.3f}, boundary {limits[best]:.3f}")
    return float(limits[best])


def linear(rows: Any, truth: Any, weight: Any, groups: Any) -> dict[str, Any]:
    """Logistic regression on standardised embeddings, written for plain ones."""
    estimator = make_pipeline(StandardScaler(), LogisticRegression(C=0.003, max_iter=3000))
    limit = boundary(estimator, rows, truth, weight, groups, "logisticregression__")
    estimator.fit(rows, truth, logisticregression__sample_weight=weight)
    scaler, regression = estimator[0], estimator[1]
    factors = regression.coef_[0] / scaler.scale_
    return {
        "weights": [float(f"{value:.5g}") for value in factors],
        "bias": float(regression.intercept_[0] - factors @ scaler.mean_),
        "boundary": limit,
    }


def trees(rows: Any, truth: Any, weight: Any, groups: Any) -> dict[str, Any]:
    """Gradient boosting, its trees made complete so that they can be walked without pointers.

    In the last column, how sure a face is, they may only fall.
    """
    estimator = HistGradientBoostingClassifier(
        max_depth=3,
        learning_rate=0.06,
        max_iter=150,
        l2_regularization=5,
        max_features=0.3,
        min_samples_leaf=20,
        monotonic_cst=[0] * (rows.shape[1] - 1) + [-1],
        random_state=0,
    )
    limit = boundary(estimator, rows, truth, weight, groups, "")
    estimator.fit(rows, truth, sample_weight=weight)
    made: dict[str, list[Any]] = {"feature": [], "threshold": [], "value": []}
    for (predictor,) in estimator._predictors:
        for name, part in complete(predictor.nodes).items():
            made[name].append(part)
    return {**made, "start": float(np.ravel(estimator._baseline_prediction)[0]), "boundary": limit}


def complete(nodes: Any) -> dict[str, list[Any]]:
    """One tree of depth 3 with all its seven forks and eight leaves: an early leaf stands for all below it."""
    made: dict[str, list[Any]] = {"feature": [0] * 7, "threshold": [0.0] * 7, "value": [0.0] * 8}
    waiting = [(0, 0)]
    while waiting:
        node, at = waiting.pop()
        if at >= 7:
            made["value"][at - 7] = float(f"{nodes[node]['value']:.5g}")
            continue
        leaf = nodes[node]["is_leaf"]
        if not leaf:
            made["feature"][at] = int(nodes[node]["feature_idx"])
            made["threshold"][at] = float(f"{nodes[node]['num_threshold']:.6g}")
        below = (node, node) if leaf else (int(nodes[node]["left"]), int(nodes[node]["right"]))
        waiting += [(below[0], 2 * at + 1), (below[1], 2 * at + 2)]
    return made


if __name__ == "__main__":
    main(Path(sys.argv[1]))
