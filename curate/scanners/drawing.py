"""Drawings: cartoons, clip art, emoji, renders rather than photographs. Part of the profile `faces`.

A small ensemble of decision trees judges what tells ink from light: how few colours cover the image, how flat it
is between its edges, how little noise lies in its smooth parts, how vivid it is; and how sure the scanner of faces is
of a face, which speaks against a drawing, never for one. Where EfficientNet-Lite0 has looked (`audit --embeddings`), a
linear classifier on what it sees answers in its place: it is right more often. Both were fitted on labelled web images
(tests/benchmarks/fit_drawing.py); the weights are all that is left of them.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from curate.config import Config, Settings
from curate.findings import Finding, KindSpec
from curate.i18n import N_, Message, msg
from curate.images.image import DecodedImage, Pixels, luma, shrink
from curate.scanners import Scanner, lite0
from curate.scanners.embeddings import EMBEDDED_BY, EMBEDDING
from curate.schema import Category

if TYPE_CHECKING:
    import pandas as pd

MODEL = Path(__file__).parent / "models" / "drawing.json"
SHARED_PX, SIDE_PX = 256, 128
"""The size that other scanners have made already, and its half: what tells a drawing is as plain there."""
LEAST_PX = 100
"""Longer side below which nothing can be told: shrunk photographs have the few tones and hard edges of drawings."""
Floats = npt.NDArray[np.float64]


DRAWING = KindSpec(
    name="drawing",
    category=Category.UNSUITABLE,
    title=N_("Drawing"),
    meaning=N_("A drawing or graphic rather than a photograph."),
    message=N_(
        "Looks drawn or rendered rather than photographed: {score:.2f} by {judged_by} (threshold {threshold:g})."
    ),
)


class DrawingSettings(Settings):
    """How sure it must be."""

    min_score: float = Field(0.5, ge=0, le=1, description=N_("score from which on an image counts as drawn"))


class Drawing(Scanner):
    """Images that were drawn or rendered, not photographed."""

    name: ClassVar[str] = "drawing"
    version: ClassVar[int] = 3
    kinds: ClassVar[tuple[KindSpec, ...]] = (DRAWING,)
    settings_model: ClassVar[type[Settings]] = DrawingSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {"features": pa.list_(pa.float32())}
    borrows: ClassVar[Mapping[str, str]] = {"boxes": "faces.boxes"}
    required_kinds: ClassVar[frozenset[KindSpec]] = frozenset(kinds)

    @classmethod
    def is_wanted(cls, configuration: Config) -> bool:
        return configuration.profile == "faces"

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        is_large = max(image.width, image.height) >= LEAST_PX
        return {"features": drawing_features(image.fit(SHARED_PX)) if is_large else None}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        measured = features[features["features"].notna()]
        for path, (score, judged_by) in zip(measured["path"], drawing_scores(measured), strict=True):
            if score >= self.settings.min_score:
                yield Finding(
                    kind=DRAWING,
                    path=path,
                    score=float(score),
                    message=DRAWING.says(score=float(score), judged_by=judged_by, threshold=self.settings.min_score),
                    evidence={"drawn": round(float(score), 4), "by": str(judged_by)},
                )


def drawing_scores(measured: pd.DataFrame) -> list[tuple[float, Message]]:
    """Return for each row with features how much it looks drawn, 0..1 with 0.5 the boundary, and what says so.

    `boxes`, where it is there, holds what the scanner of faces has found.
    """
    names = _model()["features"]
    features = np.array(measured["features"].tolist(), dtype=np.float64).reshape(len(measured), len(names))
    sure = [surest_face(boxes) for boxes in measured["boxes"]] if "boxes" in measured else [0.0] * len(measured)
    by_features = by_trees(np.column_stack([features, sure]))
    unknown = [None] * len(measured)
    embeddings, models = (measured.get(name, unknown) for name in (EMBEDDING, EMBEDDED_BY))
    return [
        (by_embedding(np.asarray(embedding, dtype=np.float64)), msg("what a network sees"))
        if model == lite0.NAME  # the only network whose features the classifier was fitted on
        else (float(score), msg("its colours and edges"))
        for score, embedding, model in zip(by_features, embeddings, models, strict=True)
    ]


def surest_face(boxes: object) -> float:
    """Return how sure the scanner of faces was of its surest face, by the JSON that it stored; 0 without one."""
    return max((float(box["score"]) for box in json.loads(boxes)), default=0.0) if isinstance(boxes, str) else 0.0


def drawing_features(rgb: Pixels) -> list[float]:
    """Compute what tells a drawing from a photograph, in the order of the names in the model file."""
    found = named_features(rgb)
    return [found[name] for name in _model()["features"]]


def named_features(rgb: Pixels) -> dict[str, float]:
    """Compute all features of the image at 128 px."""
    rgb = shrink(rgb, SIDE_PX)
    grey = luma(rgb)
    slope = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    steep = np.asarray(cv2.convertScaleAbs(slope, alpha=0.25), dtype=np.uint8)
    return {**_palette(rgb), **_tones(rgb, grey), **_gradients(steep), **_flatness(grey, steep)}


def _palette(rgb: Pixels) -> dict[str, float]:
    """Measure how many of 4,096 colours cover how much."""
    counts = cv2.calcHist([rgb], [0, 1, 2], None, [16] * 3, [0, 256] * 3).ravel()
    shares = np.sort(counts[counts > 0])[::-1] / counts.sum()
    covered = np.cumsum(shares)
    return {
        **{f"top{count}": float(covered[min(count, len(covered)) - 1]) for count in (1, 2, 4, 8, 16, 32)},
        "entropy": float(-(shares * np.log2(shares)).sum()),
        "colours": math.log(np.count_nonzero(shares > 0.0005) + 1),
    }


def _tones(rgb: Pixels, grey: Pixels) -> dict[str, float]:
    """Measure how vivid and bright it is, how much is black, white, grey or of the colour of skin."""
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    middle, spread = cv2.meanStdDev(hsv)
    return {
        "saturation": float(middle[1, 0] / 255),
        "saturation_spread": float(spread[1, 0] / 255),
        "brightness": float(middle[2, 0] / 255),
        "vivid": _share(hsv, (0, 154, 154), (255, 255, 255)),
        "grey": _share(hsv, (0, 0, 0), (255, 12, 255)),
        "white": _share(grey, (246,), (255,)),
        "black": _share(grey, (0,), (11,)),
        "skin": _share(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb), (0, 136, 81), (255, 174, 129)),
    }


def _gradients(steep: Pixels) -> dict[str, float]:
    """Measure how steep the image is: drawings are flat or steep, photographs everything between."""
    below = np.cumsum(_counts(steep)).tolist()
    return {
        **{f"below{step}": below[step - 1] for step in (1, 2, 4, 8, 16, 32, 64)},
        "steep": math.log((1 - below[39] + 1e-4) / (1 - below[3] + 1e-4)),
        "between": math.log((below[19] - below[3] + 1e-4) / (1 - below[19] + 1e-4)),
    }


def _flatness(grey: Pixels, steep: Pixels) -> dict[str, float]:
    """Measure how much is flat, how much noise lies in what is smooth, how dark the edges are."""
    spread = np.asarray(cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)), dtype=np.uint8)
    flat = np.cumsum(_counts(spread)).tolist()
    noise = np.asarray(cv2.absdiff(grey, cv2.medianBlur(grey, 3)), dtype=np.uint8)
    in_smooth = _counts(noise, cv2.inRange(spread, 0, 24))
    edges = cv2.inRange(steep, 32, 255)
    return {
        **{f"flat{most}": flat[most] for most in (0, 1, 3, 6, 12)},
        "noise": cv2.mean(noise)[0],
        "smooth_noise": float(in_smooth @ np.arange(256)),
        "noiseless": float(in_smooth[0]) if in_smooth.any() else 1.0,
        "ink": 1 - cv2.mean(grey, cv2.dilate(edges, np.ones((3, 3), np.uint8)))[0] / 255 if edges.any() else 0.0,
    }


def _counts(plane: Pixels, mask: Any = None) -> Floats:
    """Return (256,) the share of the plane, or of its masked part, that has each value."""
    counts = cv2.calcHist([plane], [0], mask, [256], [0, 256]).ravel().astype(np.float64)
    return np.asarray(counts / max(counts.sum(), 1))


def _share(planes: Any, low: tuple[int, ...], high: tuple[int, ...]) -> float:
    """Return how much of the image lies between two colours, both included."""
    return float(cv2.countNonZero(cv2.inRange(planes, low, high)) / (planes.shape[0] * planes.shape[1]))


def by_trees(rows: Floats) -> Floats:
    """Return (n,) scores of (n, features + 1): complete binary trees of depth 3, summed; the boundary lies at 0.5.

    The last column is `surest_face`, in which every tree falls.
    """
    model = _model()["trees"]
    feature, threshold, value = (np.array(model[name]) for name in ("feature", "threshold", "value"))
    total = np.full(len(rows), model["start"] - model["boundary"])
    every = np.arange(len(rows))
    for at, limit, leaves in zip(feature, threshold, value, strict=True):
        node = np.zeros(len(rows), dtype=np.intp)
        for _ in range(3):
            node = 2 * node + 1 + (rows[every, at[node]] > limit[node])
        total += leaves[node - 7]
    return _probability(total)


def by_embedding(embedding: Floats) -> float:
    """Return the score of one embedding of EfficientNet-Lite0; the boundary lies at 0.5."""
    model = _model()["embedding"]
    linear = float(embedding @ np.asarray(model["weights"])) + model["bias"] - model["boundary"]
    return float(_probability(np.float64(linear)))


def _probability(log_odds: Any) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -50, 50))))


@functools.cache
def _model() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(MODEL.read_text(encoding="utf-8"))
    return found
