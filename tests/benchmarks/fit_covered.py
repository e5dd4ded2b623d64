"""Fit the two classifiers of covered faces: `python -m tests.benchmarks.fit_covered DATA`.

DATA holds two sets of labelled web images and face crops (FER-2013). A third of the web images, by duplicate group, is
held out; of more images of the first set tests/benchmarks/covered.csv says which show a covered face. Beside these,
faces are covered by drawing (tests/benchmarks/covering.py). Writes curate/scanners/models/covered.json.
"""

import json
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from curate.config import DecodeLimits
from curate.images.decode import decode
from curate.images.image import DecodedImage
from curate.scanners import covered, face_detector
from tests.benchmarks.covering import cover
from tests.benchmarks.test_unsuitable import covered_labels, is_covered, labelled

CROPS, CROPS_ASIDE = 6000, 4000
"""Faces of FER-2013 that are covered by drawing, and of its test split that only settle the boundary."""
SURE_IN_CROWD = 0.85
"""How sure the detector is of faces of several from which on they count as ordinary ones."""
TURNS = 3
"""How many more of each labelled face, turned and shifted a little, are fitted on."""
STRENGTH = 1e-4
REAL_WEIGHT = {"directions": 0.3, "network": 1.0}
"""What the labelled images of each class weigh, against all others of it."""
PASSED_ON = 0.15
"""Share of good faces that the first classifier passes on to the second."""
GOOD_FLAGGED, CROPS_FLAGGED = 0.025, 0.01
"""The most of good web images, and of face crops, that may be flagged."""
DRAWS, FOLDS = 3, 5
SIZE = (covered.SIDE_PX, covered.SIDE_PX)


@dataclass(frozen=True)
class Known:
    """Aligned faces of labelled images, (n, 64, 64), whether each is covered, and whether its image is good."""

    face: Any
    covered: Any
    good: Any


def main(folder: Path) -> None:
    """Fit on two thirds of the labels, by duplicate group."""
    rng = np.random.default_rng(0)
    known, others = web_faces(folder)
    base = np.concatenate([crops(folder, "train/", CROPS, rng), others])
    drawn = np.array([cover(rng, face, base) for face in base])
    aside = crops(folder, "test/", CROPS_ASIDE, rng)
    turned = [np.array([jittered(rng, face) for face in known.face]) for _ in range(TURNS)]
    print(f"{known.covered.sum()} covered of {len(known.face)}; {len(base)} others, {len(aside)} crops aside")
    model, passed, passed_aside = {}, np.ones(len(known.face), bool), np.ones(len(aside), bool)
    for name, see in (("directions", covered.directions), ("network", covered.embedding)):
        seen = [np.array([see(face) for face in many]) for many in (base, drawn, known.face, aside, *turned)]
        part, found, found_aside = fitted(REAL_WEIGHT[name], known, seen)
        area = roc_auc_score(known.covered, found)
        found, found_aside = np.where(passed, found, -np.inf), np.where(passed_aside, found_aside, -np.inf)
        good = found[known.good]
        share = PASSED_ON if name == "directions" else GOOD_FLAGGED
        limit = float(np.quantile(good, 1 - share, method="higher"))
        if name == "network":
            limit = max(limit, float(np.quantile(found_aside, 1 - CROPS_FLAGGED, method="higher")))
        passed, passed_aside = found > limit, found_aside > limit
        print(
            f"{name}: area under the curve {area:.3f}; above the boundary "
            f"{passed[known.covered].mean():.3f} of the covered, {passed[known.good].mean():.3f} of the good, "
            f"{passed_aside.mean():.3f} of the crops"
        )
        model[name] = {**part, "boundary": limit}
    covered.MODEL.write_text(json.dumps(model) + "\n", encoding="utf-8")


def fitted(real: float, known: Known, seen: list[Any]) -> tuple[dict[str, Any], Any, Any]:
    """Fit on all; return weights, and the log odds of `known`, by folds, and of the crops aside."""
    base, drawn, rows, aside, *turned = seen
    found = np.zeros(len(rows))
    for seed in range(DRAWS):
        for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(rows, known.covered):
            part = fit(real, base, drawn, [many[train] for many in (rows, *turned)], known.covered[train])
            found[test] += log_odds(part, rows[test]) / DRAWS
    part = fit(real, base, drawn, [rows, *turned], known.covered)
    return part, found, log_odds(part, aside)


def fit(real: float, base: Any, drawn: Any, rows: list[Any], truth: Any) -> dict[str, Any]:
    """Logistic regression on standardised features, written for plain ones."""
    many = len(base) + len(drawn)
    weight = np.where(truth, many / 2 / truth.sum(), many / 2 / (~truth).sum()) * real / len(rows)
    estimator = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=300))
    targets = np.concatenate([np.zeros(len(base)), np.ones(len(drawn)), *(truth for _ in rows)])
    weights = np.concatenate([np.ones(many), *(weight for _ in rows)])
    estimator.fit(np.concatenate([base, drawn, *rows]), targets, logisticregression__sample_weight=weights)
    scaler, regression = estimator[0], estimator[1]
    factors = [float(f"{value:.5g}") for value in regression.coef_[0] / scaler.scale_]
    return {"weights": factors, "bias": float(regression.intercept_[0] - np.dot(factors, scaler.mean_))}


def log_odds(part: dict[str, Any], rows: Any) -> Any:
    return rows @ np.array(part["weights"]) + part["bias"]


def jittered(rng: np.random.Generator, face: Any) -> Any:
    """Mirror, turn, shift and scale an aligned face a little, as landmarks err, and change its contrast."""
    turn = cv2.getRotationMatrix2D((32, 32), rng.normal(0, 4.5), float(np.exp(rng.normal(0, 0.06))))
    turn[:, 2] += rng.normal(0, 1.5, 2)
    face = np.ascontiguousarray(face[:, ::-1]) if rng.random() < 0.5 else face
    face = cv2.warpAffine(face, turn, SIZE, borderMode=cv2.BORDER_REPLICATE)
    return ((face / 255.0) ** np.exp(rng.normal(0, 0.2)) * 255).astype(np.uint8)


def web_faces(folder: Path) -> tuple[Known, Any]:
    """Align the faces of labelled images with one face, of each duplicate group one; and single ones of crowds."""
    rows = [row for row in [*labelled(folder), *covered_labels(folder)] if row["held"] != "held out"]
    rows = [row for row in rows if is_covered(row) is not None]
    known: dict[str, tuple[Any, bool, bool]] = {}
    others = []
    for row in sorted(rows, key=lambda row: not is_covered(row)):
        image = read((folder / row["set"] / row["file"]).read_bytes())
        found = face_detector.detections(image)
        only = face_detector.only_face(found, image)
        if only is not None and row["group"] not in known:
            face = aligned(image, only)
            if face is not None:
                known[row["group"]] = face, bool(is_covered(row)), row["suitable"] == "1"
        elif only is None and not is_covered(row) and row["drawing"] == "0":
            crowd = (aligned(image, one) for one in found if one[4] >= SURE_IN_CROWD)
            others += [face for face in crowd if face is not None]
    face, truth, good = (np.array(part) for part in zip(*known.values(), strict=True))
    return Known(face, truth, good), np.array(others)


def crops(folder: Path, split: str, count: int, rng: np.random.Generator) -> Any:
    with zipfile.ZipFile(folder / "fer2013-3class.zip") as archive:
        names = sorted(name for name in archive.namelist() if split in name and name.endswith(".png"))
        images = [read(archive.read(name)) for name in rng.permutation(names)[: count * 2]]
    found = [(image, face_detector.detections(image)) for image in images]
    sure = [aligned(image, face) for image, rows in found if (face := face_detector.only_face(rows, image)) is not None]
    return np.array([face for face in sure if face is not None][:count])


def aligned(image: DecodedImage, row: Any) -> Any:
    """Align a detected face; None where nothing is said of its size."""
    scale = image.pixels.shape[1] / image.width
    return covered.aligned(image.pixels, row[5:].reshape(5, 2) * scale) if row[3] * scale >= covered.LEAST_PX else None


def read(content: bytes) -> DecodedImage:
    image = decode(content, DecodeLimits()).image
    assert image is not None
    return image


if __name__ == "__main__":
    main(Path(sys.argv[1]))
