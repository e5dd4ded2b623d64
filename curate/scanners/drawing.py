"""Drawings: cartoons, clip art, emoji, renders rather than photographs. Part of the profile `faces`.

A small ensemble of decision trees judges what tells ink from light: how few colours cover the picture, how flat it
is between its edges, how little noise lies in its smooth parts, how vivid it is. Where `curate train embed` has
been run, a linear classifier on what a network sees answers in its place: it is right more often. Both were
fitted on labelled web pictures (tests/benchmarks/fit_drawing.py); the weights are all that is left of them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from curate.config import Settings
from curate.learned import EMBEDDING
from curate.picture import Picture, Pixels
from curate.scanners import Finding, Scanner
from curate.schema import Kind, Severity

if TYPE_CHECKING:
    import pandas as pd

MODEL = Path(__file__).parents[1] / "models" / "drawing.json"
SIDE_PX = 256
LEAST_PX = 100
"""Longer side below which nothing can be told: shrunk photographs have the few tones and hard edges of drawings."""
Floats = npt.NDArray[np.float64]


class DrawingSettings(Settings):
    """How sure it must be."""

    drawn: float = Field(0.5, ge=0, le=1, description="score from which on a picture counts as drawn")


class Drawing(Scanner):
    """Pictures that were drawn or rendered, not photographed."""

    name: ClassVar[str] = "drawing"
    version: ClassVar[int] = 2
    settings_model: ClassVar[type[Settings]] = DrawingSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {"signs": pa.list_(pa.float32())}

    def measure(self, picture: Picture) -> Mapping[str, Any]:
        is_large = max(picture.width, picture.height) >= LEAST_PX
        return {"signs": signs(picture.fit(SIDE_PX)) if is_large else None}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        seen = features[features["signs"].notna()]
        for path, (score, told_by) in zip(seen["path"], scores(seen), strict=True):
            if score >= self.settings.drawn:
                yield Finding(
                    kind=Kind.DRAWING,
                    path=path,
                    score=float(score),
                    severity=Severity.WARNING,
                    reason=f"Looks drawn or rendered rather than photographed: {score:.2f} by {told_by} "
                    f"(threshold {self.settings.drawn:g}).",
                    evidence={"drawn": round(float(score), 4), "by": told_by},
                )


def scores(seen: pd.DataFrame) -> list[tuple[float, str]]:
    """For each row with signs how much it looks drawn, 0..1 with 0.5 the boundary, and what says so."""
    by_signs = by_trees(np.array(seen["signs"].tolist(), dtype=np.float64).reshape(len(seen), len(_model()["signs"])))
    embeddings = seen[EMBEDDING] if EMBEDDING in seen else [None] * len(seen)
    return [
        (float(score), "its colours and edges")
        if embedding is None or len(embedding) != len(_model()["embedding"]["weights"])
        else (by_embedding(np.asarray(embedding, dtype=np.float64)), "what a network sees")
        for score, embedding in zip(by_signs, embeddings, strict=True)
    ]


def signs(rgb: Pixels) -> list[float]:
    """What tells a drawing from a photograph, of a picture of at most 256 px: see the names in the model file."""
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    found = {**_colours(rgb, grey), **_gradients(grey), **_flatness(grey), **_chroma(rgb)}
    return [found[name] for name in _model()["signs"]]


def _colours(rgb: Pixels, grey: npt.NDArray[Any]) -> dict[str, float]:
    """How many of 4,096 colours cover how much, how vivid they are, how much is black, white, grey or skin."""
    counts = cv2.calcHist([rgb], [0, 1, 2], None, [16] * 3, [0, 256] * 3).ravel()
    shares = np.sort(counts[counts > 0].astype(np.float64) / grey.size)[::-1]
    hue, saturation, value = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV))
    coloured = (saturation > 64).astype(np.uint8)
    hues = cv2.calcHist([hue], [0], coloured, [180], [0, 180]).ravel().astype(np.float64)
    hues = hues[hues > 0] / (hues.sum() + 1)
    middle, spread = cv2.meanStdDev(saturation)
    _, red, blue = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb))
    skin = np.all([_within(red, 136, 174), _within(blue, 81, 129)], axis=0)
    return {
        **{f"top{count}": float(shares[:count].sum()) for count in (1, 2, 4, 8, 16, 32)},
        "entropy": float(-(shares * np.log2(shares)).sum()),
        "colours": float(np.log((shares > 0.0005).sum() + 1)),
        "saturation": float(middle.item() / 255),
        "saturation_spread": float(spread.item() / 255),
        "vivid": _share((saturation > 153) & (value > 153)),
        "grey": _share(saturation < 13),
        "white": _share(grey > 245),
        "black": _share(grey < 12),
        "brightness": float(cv2.mean(value)[0] / 255),
        "hue_entropy": float(-(hues * np.log2(hues)).sum()),
        "skin": _share(skin),
    }


def _gradients(grey: npt.NDArray[Any]) -> dict[str, float]:
    """How steep the picture is: drawings are flat or steep, photographs everything between."""
    slope = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 4
    steps = np.searchsorted(np.sort(slope.ravel()), (1, 2, 4, 8, 16, 20, 32, 40, 64)) / slope.size
    below = dict(zip((1, 2, 4, 8, 16, 20, 32, 40, 64), steps.tolist(), strict=True))
    curve = cv2.Laplacian(grey, cv2.CV_32F)
    curve -= curve.mean()
    squared = curve * curve
    return {
        **{f"below{step}": below[step] for step in (1, 2, 4, 8, 16, 32, 64)},
        "steep": float(np.log((1 - below[40] + 1e-4) / (1 - below[4] + 1e-4))),
        "between": float(np.log((below[20] - below[4] + 1e-4) / (1 - below[20] + 1e-4))),
        "kurtosis": float(np.log((squared * squared).mean() / (squared.mean() ** 2 + 1e-3) + 1e-3)),
    }


def _flatness(grey: npt.NDArray[Any]) -> dict[str, float]:
    """How much is flat, also away from the edges, how much noise lies in what is smooth, how dark the edges are."""
    square = np.ones((5, 5), np.uint8)
    spread = cv2.subtract(cv2.dilate(grey, square), cv2.erode(grey, square))
    noise = cv2.absdiff(grey, cv2.medianBlur(grey, 5))
    smooth = spread < 25
    edges = cv2.Canny(grey, 80, 200)
    near = cv2.dilate(edges, np.ones((9, 9), np.uint8)) > 0
    on = cv2.dilate(edges, np.ones((3, 3), np.uint8)) > 0
    return {
        **{f"flat{most}": _share(spread <= most) for most in (0, 1, 3, 6, 12)},
        "noise": float(noise.mean()),
        "smooth_noise": float(noise[smooth].mean()) if smooth.any() else 0.0,
        "noiseless": _share(noise[smooth] == 0) if smooth.any() else 1.0,
        "edges": _share(edges > 0),
        "ink": float(1 - grey[on].mean() / 255) if on.any() else 0.0,
        "flat_between": _share(spread[~near] <= 6) if not near.all() else 0.0,
    }


def _chroma(rgb: Pixels) -> dict[str, float]:
    """How much detail the colours have of their own: JPEG and cameras leave some everywhere."""
    _, a, b = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB))
    square = np.ones((3, 3), np.uint8)
    found = {}
    for name, plane in (("a", a), ("b", b)):
        found[f"even_{name}"] = _share(cv2.subtract(cv2.dilate(plane, square), cv2.erode(plane, square)) <= 1)
        found[f"detail_{name}"] = float(cv2.absdiff(plane, cv2.GaussianBlur(plane, (0, 0), 2)).mean())
    return found


def _within(plane: npt.NDArray[Any], low: int, high: int) -> npt.NDArray[np.bool_]:
    return np.asarray((plane >= low) & (plane <= high))


def _share(mask: npt.NDArray[Any]) -> float:
    return float(np.count_nonzero(mask) / max(mask.size, 1))


def by_trees(rows: Floats) -> Floats:
    """(n,) scores of (n, signs): complete binary trees of depth 3, summed; the boundary lies at 0.5."""
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
    """The score of one embedding of EfficientNet-Lite0; the boundary lies at 0.5."""
    model = _model()["embedding"]
    linear = float(embedding @ np.asarray(model["weights"])) + model["bias"] - model["boundary"]
    return float(_probability(np.float64(linear)))


def _probability(log_odds: Any) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -50, 50))))


@functools.cache
def _model() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(MODEL.read_text(encoding="utf-8"))
    return found
