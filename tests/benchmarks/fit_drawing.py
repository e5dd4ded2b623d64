"""Fit the two classifiers of the scanner `drawing`: `python -m tests.benchmarks.fit_drawing DATA`.

DATA holds two sets of labelled web images and ordinary photos (classes that hold no drawings). A third of the labelled
images, by duplicate group, is held out: the benchmark of the scanner reports on those apart. Of more images of the
first set tests/benchmarks/drawings.csv says which were drawn. Writes curate/scanners/models/drawing.json.
"""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from curate.config import DecodeLimits
from curate.images.decode import decode
from curate.scanners import drawing, face_detector, lite0
from tests.benchmarks.test_unsuitable import drawing_labels, labelled

STRENGTH = {"style": 0.02, "embedding": 0.003}
"""What the regression lets the weights grow by, for each classifier: the inverse of how strongly they are held down."""
LEAST_PRECISION = 0.92
PHOTO_WEIGHT = 0.2
DRAWS, FOLDS = 3, 5
PHOTOS = "photo "
PHOTOGRAPHED = (
    "Motorbikes", "airplanes", "car_side", "Leopards", "flamingo", "dalmatian", "elephant", "chandelier", "ewer",
    "grand_piano", "helicopter", "laptop", "sunflower", "watch", "panda", "wheelchair", "ferry", "cellphone",
    "dolphin", "cup", "cougar_face",
)  # fmt: skip


@dataclass(frozen=True)
class Examples:
    """Of n images whether each was drawn, what it weighs, its duplicate group, and how sure its surest face is."""

    truth: Any
    weight: Any
    groups: Any
    surest: Any


def main(folder: Path) -> None:
    """Fit on two thirds of the labels."""
    known = [
        row
        for row in [*labelled(folder), *drawing_labels(folder)]
        if row["held"] != "held out" and row["drawing"] in ("0", "1")
    ]
    photos = sorted(path for path in (folder / "photos").rglob("*.jpg") if path.parent.name in PHOTOGRAPHED)
    files = [*(folder / row["set"] / row["file"] for row in known), *photos]
    images = [image for path in files if (image := decode(path.read_bytes(), DecodeLimits()).image)]
    examples = Examples(
        truth=np.array([*(int(row["drawing"]) for row in known), *(0 for _ in photos)]),
        weight=np.array([1.0] * len(known) + [PHOTO_WEIGHT] * len(photos)),
        groups=np.array([*(row["group"] for row in known), *(PHOTOS + path.name for path in photos)]),
        surest=np.array([max(face_detector.detections(image)[:, 4], default=0.0) for image in images]),
    )
    style = np.stack([drawing.style(image.fit(drawing.SHARED_PX)) for image in images])
    embeddings = np.stack([lite0.embed(lite0.squared(image.rgb)) for image in images])
    nobody = replace(examples, surest=np.zeros(len(images)))  # the whole network needs no help of a face
    model = {"style": fitted("style", style, examples), "embedding": fitted("embedding", embeddings, nobody)}
    drawing.MODEL.write_text(json.dumps(model) + "\n", encoding="utf-8")


def fitted(name: str, rows: Any, known: Examples) -> dict[str, Any]:
    """Logistic regression on standardised features, written for plain ones; the boundary by folds."""
    estimator = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH[name], max_iter=3000))
    limit = boundary(estimator, rows, known)
    estimator.fit(rows, known.truth, logisticregression__sample_weight=known.weight)
    scaler, regression = estimator[0], estimator[1]
    factors = regression.coef_[0] / scaler.scale_
    return {
        "weights": [float(f"{value:.5g}") for value in factors],
        "bias": float(regression.intercept_[0] - factors @ scaler.mean_),
        "boundary": limit,
    }


def boundary(estimator: Any, rows: Any, known: Examples) -> float:
    """Where recall over the labelled images is best at a precision of .92 or more, in log odds, by folds.

    A good image that is flagged costs more than a drawing that is missed: most of those lack a face and are flagged for
    that. Duplicates share a fold, three draws of folds are averaged, and the photos are always fitted on.
    """
    truth, groups = known.truth, known.groups
    is_photo = np.char.startswith(groups, PHOTOS)
    asked, always = np.flatnonzero(~is_photo), np.flatnonzero(is_photo)
    found = np.zeros(len(truth))
    for seed in range(DRAWS):
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        for used, left in folds.split(asked, truth[asked], groups[asked]):
            fit_on = np.concatenate([asked[used], always])
            estimator.fit(rows[fit_on], truth[fit_on], logisticregression__sample_weight=known.weight[fit_on])
            found[asked[left]] += estimator.decision_function(rows[asked[left]]) / DRAWS
    found = drawing.lowered_by_faces(found, known.surest)
    precision, recall, limits = precision_recall_curve(truth[asked], found[asked])
    best = int(np.where(precision[:-1] >= LEAST_PRECISION, recall[:-1], -1).argmax())
    print(f"by folds: recall {recall[best]:.3f}, precision {precision[best]:.3f}, boundary {limits[best]:.3f}")
    return float(limits[best])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
