"""How covered a face looks: by hands, hair, an arm, a panel of text, deep shadow, or the border of the image.

A detector is sure of a face that half shows, and guesses the landmarks that do not. So the face is laid where ordinary
faces lie, eyes on eyes and mouth on mouth, and two linear classifiers say whether what is there looks like them. The
first sees in which directions brightness changes (after Dalal and Triggs, "Histograms of Oriented Gradients for Human
Detection", CVPR 2005), which costs next to nothing; what it is not easy about is shown to EfficientNet-Lite0 at half
its usual side, whose features the second was fitted on (tests/benchmarks/fit_covered.py).
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from curate.images.image import DecodedImage, Pixels, luma
from curate.scanners import lite0

MODEL = Path(__file__).parent / "models" / "covered.json"
SIDE_PX = 64
"""Side of the square that an aligned face is laid into."""
TEMPLATE = np.array([(22.5, 26.9), (40.6, 26.9), (31.6, 37.2), (24.2, 47.9), (39.2, 47.8)])
"""Where its eyes, nose and corners of the mouth lie in it: across and down, the left of the image first."""
LEAST_PX = 24.0
"""Height of a box below which nothing is said: its eyes are a pixel or two."""
SEEN_PX = 112
"""Side at which the network sees it: a quarter of the usual time."""
CELLS, DIRECTIONS, MOST = 8, 9, 0.6
"""Cells along a side, directions in each, and the most of what its surroundings have that one of these counts for."""
FAINT = 0.4
"""Change of brightness that is noise, where a level a pixel counts as 2."""
_CELL = np.arange(SIDE_PX) * CELLS // SIDE_PX
_OF_CELL = ((_CELL[:, None] * CELLS + _CELL) * DIRECTIONS).ravel()
"""Of each pixel, where the directions of its cell begin."""
Floats = npt.NDArray[np.float64]


def covered_score(image: DecodedImage, box: Floats, landmarks: Floats) -> float | None:
    """Return how covered a face looks, 0..1 with 0.5 the boundary; None where it is too small to tell.

    `box` is left, top, width and height, `landmarks` (5, 2) across and down; both in pixels of the full image. 0 where
    the first look finds nothing unusual.
    """
    scale = image.pixels.shape[1] / image.width
    if box[3] * scale < LEAST_PX:
        return None
    face = aligned(image.pixels, landmarks * scale)
    if not _log_odds("directions", directions(face)) >= 0:
        return 0.0
    return float(1 / (1 + np.exp(-np.clip(_log_odds("network", embedding(face)), -50, 50))))


def directions(face: Pixels) -> Floats:
    """Compute (576,) how much brightness changes in each direction in each cell of an aligned face."""
    grey = face.astype(np.float32)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *order, scale=0.25) for order in ((1, 0), (0, 1)))
    steep, angle = cv2.cartToPolar(across, down)
    at = np.asarray(angle).ravel() * (DIRECTIONS / np.pi)
    below = at.astype(np.intp)
    share, strength = at - below, np.asarray(steep, dtype=np.float64).ravel()
    sums = np.bincount(_OF_CELL + below % DIRECTIONS, strength * (1 - share), CELLS**2 * DIRECTIONS)
    sums += np.bincount(_OF_CELL + (below + 1) % DIRECTIONS, strength * share, CELLS**2 * DIRECTIONS)
    cells = sums.reshape(CELLS, CELLS, DIRECTIONS) / (SIDE_PX // CELLS) ** 2
    around = np.sqrt(np.maximum(0, cv2.blur((cells**2).sum(axis=2), (3, 3))))
    return np.asarray(np.minimum(cells / (around + FAINT)[..., None], MOST).ravel(), dtype=np.float64)


def embedding(face: Pixels) -> Floats:
    """Compute (1280,) what EfficientNet-Lite0 sees in an aligned face; by OpenCV, whatever else is installed."""
    grey = np.repeat(face[..., None], 3, axis=2)
    seen = cv2.dnn.blobFromImage(grey, 1 / lite0.SCALE, (SEEN_PX, SEEN_PX), (lite0.MEAN,) * 3)
    return np.asarray(_network()(np.asarray(seen, dtype=np.float32)).ravel(), dtype=np.float64)


def aligned(pixels: Pixels, landmarks: Floats) -> Pixels:
    """Lay a face of an image to `TEMPLATE`: (64, 64) grey; beyond the image its border goes on."""
    forward = similarity(landmarks, TEMPLATE)
    back = np.asarray(cv2.invertAffineTransform(forward))
    corners = np.array([(0, 0), (SIDE_PX, 0), (0, SIDE_PX), (SIDE_PX, SIDE_PX)]) @ back[:, :2].T + back[:, 2]
    height, width = pixels.shape[:2]
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, (width - 1, height - 1)).tolist()
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int), (left + 1, top + 1), (width, height)).tolist()
    part = luma(pixels[top:bottom, left:right])
    times = max(1, round(0.7 / (np.hypot(forward[0, 0], forward[1, 0]) or 1)))
    size = max(1, part.shape[1] // times), max(1, part.shape[0] // times)
    if times > 1:
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    shrunk = (landmarks - (left, top)) * (size[0] / (right - left), size[1] / (bottom - top))
    turn = similarity(shrunk, TEMPLATE)
    return np.asarray(
        cv2.warpAffine(part, turn, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        dtype=np.uint8,
    )


def similarity(points: Floats, targets: Floats) -> Floats:
    """Return the (2, 3) turn, scale and shift that brings (n, 2) points nearest to their targets (least squares)."""
    middle, goal = points.mean(axis=0), targets.mean(axis=0)
    x, y = points - middle, targets - goal
    length = max(float((x**2).sum()), 1e-9)
    cosine = float((x * y).sum()) / length
    sine = float((x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]).sum()) / length
    turn = np.array([(cosine, -sine), (sine, cosine)])
    return np.column_stack([turn, goal - turn @ middle])


def _log_odds(classifier: str, features: Floats) -> float:
    model = _model()[classifier]
    return float(features @ model["weights"] + model["bias"] - model["boundary"])


@functools.cache
def _network() -> lite0.Forward:
    return lite0.by_opencv()


@functools.cache
def _model() -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = json.loads(MODEL.read_text(encoding="utf-8"))
    return {name: {**part, "weights": np.array(part["weights"])} for name, part in found.items()}
