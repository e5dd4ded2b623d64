"""Fit the two classifiers of the scanner `drawing`: `python -m tests.benchmarks.fit_drawing DATA PACKAGES`.

DATA holds two sets of labelled web images and ordinary photos (classes that hold no drawings). A third of the labelled
images, by duplicate group, is held out: the benchmark of the scanner reports on those apart. Of more images of the
first set tests/benchmarks/drawings.csv says which were drawn.

The classifier on embeddings is fitted on drawings and photos of Debian packages as well, which
tests/benchmarks/drawings_elsewhere.csv names; PACKAGES holds them, each unpacked (`dpkg-deb -x`, Debian 12) into a
folder of its name. How many it finds of a source that it was not fitted on is printed for each. Writes
curate/scanners/models/drawing.json.
"""

import csv
import json
import sys
from collections import Counter
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
"""What begins the group of an image that is always fitted on: its own label is never asked for."""
ELSEWHERE = Path(__file__).with_name("drawings_elsewhere.csv")
ELSEWHERE_WEIGHT, AS_MANY_AS = 0.35, 50
"""What an image of a package weighs, and how many of them all of a larger source weigh together."""
PHOTOGRAPHED = (
    "Motorbikes", "airplanes", "car_side", "Leopards", "flamingo", "dalmatian", "elephant", "chandelier", "ewer",
    "grand_piano", "helicopter", "laptop", "sunflower", "watch", "panda", "wheelchair", "ferry", "cellphone",
    "dolphin", "cup", "cougar_face",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Examples:
    """Of n images whether each was drawn, what it weighs, its duplicate group, and how sure its surest face is."""

    truth: Any
    weight: Any
    groups: Any
    surest: Any

    def and_those(self, others: "Examples") -> "Examples":
        """Return these, and behind them the others."""
        return Examples(*(np.concatenate([getattr(self, name), getattr(others, name)]) for name in self.__slots__))


def main(folder: Path, packages: Path) -> None:
    """Fit on two thirds of the labels."""
    known = [
        row
        for row in [*labelled(folder), *drawing_labels(folder)]
        if row["held"] != "held out" and row["drawing"] in ("0", "1")
    ]
    photos = sorted(path for path in (folder / "photos").rglob("*.jpg") if path.parent.name in PHOTOGRAPHED)
    files = [*(folder / row["set"] / row["file"] for row in known), *photos]
    images = [decode(path.read_bytes(), DecodeLimits()).image for path in files]
    assert all(images)
    examples = Examples(
        truth=np.array([*(int(row["drawing"]) for row in known), *(0 for _ in photos)]),
        weight=np.array([1.0] * len(known) + [PHOTO_WEIGHT] * len(photos)),
        groups=np.array([*(row["group"] for row in known), *(PHOTOS + path.name for path in photos)]),
        surest=np.array([max(face_detector.detections(image)[:, 4], default=0.0) for image in images]),
    )
    style = np.stack([drawing.style(image.fit(drawing.SHARED_PX)) for image in images])
    nobody = replace(examples, surest=np.zeros(len(images)))  # the whole network needs no help of a face
    further, named = elsewhere(packages)
    seen, seen_elsewhere = (np.stack([embedding(path) for path in some]) for some in (files, named))
    for source in np.unique(further.groups):
        _print_if_left_out(source, (seen, nobody), (seen_elsewhere, further))
    model = {
        "style": fitted("style", style, examples),
        "embedding": fitted("embedding", np.concatenate([seen, seen_elsewhere]), nobody.and_those(further)),
    }
    drawing.MODEL.write_text(json.dumps(model) + "\n", encoding="utf-8")


def elsewhere(packages: Path) -> tuple[Examples, list[Path]]:
    """Read the labels of images of packages; their group is their source."""
    with ELSEWHERE.open() as file:
        rows = list(csv.DictReader(file))
    count = Counter(row["source"] for row in rows)
    weight = [ELSEWHERE_WEIGHT * min(1, AS_MANY_AS / count[row["source"]]) for row in rows]
    groups = np.array([PHOTOS + row["source"] for row in rows])
    truth = np.array([int(row["drawing"]) for row in rows])
    return Examples(truth, np.array(weight), groups, np.zeros(len(rows))), [packages / row["path"] for row in rows]


def embedding(path: Path) -> Any:
    image = decode(path.read_bytes(), DecodeLimits()).image
    assert image is not None, path
    return lite0.embed(lite0.squared(image.rgb))


def _print_if_left_out(source: str, web: tuple[Any, Examples], others: tuple[Any, Examples]) -> None:
    """Print what share of a source is called drawn by a classifier that was fitted on all but this and its kin."""
    (rows, known), (further_rows, further) = web, others
    first_word = source.removeprefix(PHOTOS).split()[0]
    kin = np.char.startswith(further.groups, PHOTOS + first_word)
    used = Examples(*(getattr(further, name)[~kin] for name in further.__slots__))
    asked = further_rows[further.groups == source]
    model = fitted("embedding", np.concatenate([rows, further_rows[~kin]]), known.and_those(used))
    odds = asked @ np.array(model["weights"]) + model["bias"]
    called = (odds >= model["boundary"]).mean()
    print(f"{source.removeprefix(PHOTOS):24}{len(asked):5} images, called drawn unseen: {called:.2f}")


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
    main(Path(sys.argv[1]), Path(sys.argv[2]))
