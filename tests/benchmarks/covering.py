"""Cover aligned faces with what is drawn: fingers, fists, panels, a dark half, strands of hair.

What covers a face hides what a classifier expects there. Colours and shapes are only near to those of hands and hair:
figures are measured on real images (tests/benchmarks/test_unsuitable.py).
"""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from curate.images.image import Pixels
from curate.scanners.covered import SIDE_PX, TEMPLATE

Plane = npt.NDArray[np.float32]
DOWN, ACROSS = np.mgrid[:SIDE_PX, :SIDE_PX].astype(np.float32)
EYES, MOUTH = TEMPLATE[:2], TEMPLATE[3:]


def cover(rng: np.random.Generator, face: Pixels, others: Pixels) -> Pixels:
    """Lay something over an aligned face, (64, 64); `others`, (n, 64, 64), give textures."""
    drawn: tuple[Callable[..., Plane], ...] = (fingers, blob, panel, half, hair)
    chosen = drawn[int(rng.choice(len(drawn), p=(0.45, 0.2, 0.1, 0.15, 0.1)))]
    texture = others[rng.integers(len(others))].astype(np.float32)
    return np.clip(chosen(rng, face.astype(np.float32), texture), 0, 255).astype(np.uint8)


def fingers(rng: np.random.Generator, face: Plane, _texture: Plane) -> Plane:
    """Two to four fingers side by side, mostly with the back of the hand behind them."""
    middle = _target(rng)
    count, radius, length = int(rng.integers(2, 5)), rng.uniform(3, 6), rng.uniform(22, 46)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    beside = np.array([-along[1], along[0]])
    tone = _skin(face) * rng.uniform(0.75, 1.2)
    if rng.random() < 0.7:
        mask = np.zeros(face.shape, np.uint8)
        palm = middle - along * (length * 0.7)
        axes = int(length * 0.55), int(count * radius * 1.1)
        cv2.ellipse(mask, _point(palm), axes, np.degrees(angle), 0, 360, 255, -1, cv2.LINE_AA)
        face = _laid(face, mask, tone * rng.uniform(0.85, 1.05) + _noise(rng, 6, tone * 0.08))
    for finger in range(count):
        start = middle + beside * (finger - (count - 1) / 2) * 2 * radius - along * length / 2
        end = start + along * length * rng.uniform(0.8, 1.1)
        face = _laid(face, _line(start, end, radius + 1), tone * 0.5, blur=0.8, opacity=rng.uniform(0.3, 0.7))
        off = np.clip(((ACROSS - start[0]) * beside[0] + (DOWN - start[1]) * beside[1]) / radius, -1, 1)
        shade = 1 - 0.18 * off**2 + rng.uniform(-0.15, 0.15) * off
        face = _laid(face, _line(start, end, radius - 0.3), tone * shade + _noise(rng, 3, tone * 0.03), blur=0.5)
    return face


def blob(rng: np.random.Generator, face: Plane, _texture: Plane) -> Plane:
    """A fist, or an arm that ends on the face."""
    middle = _target(rng)
    mask = np.zeros(face.shape, np.uint8)
    axes = int(rng.uniform(11, 24)), int(rng.uniform(9, 16))
    cv2.ellipse(mask, _point(middle), axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
    if rng.random() < 0.6:
        angle = rng.uniform(0, 2 * np.pi)
        away = middle + 80 * np.array([np.cos(angle), np.sin(angle)])
        cv2.line(mask, _point(middle), _point(away), 255, int(rng.uniform(14, 24)), cv2.LINE_AA)
    tone = _skin(face) * rng.uniform(0.5, 1.25)
    slope = rng.uniform(-0.006, 0.006, 2)
    light = 1 + slope[0] * (ACROSS - middle[0]) + slope[1] * (DOWN - middle[1])
    face = _laid(face, mask, face * 0.65, blur=2)
    return _laid(face, mask, tone * light + _noise(rng, rng.uniform(2, 6), tone * 0.06), blur=rng.uniform(0.5, 1))


def panel(rng: np.random.Generator, face: Plane, texture: Plane) -> Plane:
    """A sheet, a bar of text or a mask: an even strip, or one of another image."""
    middle = _target(rng)
    size = rng.uniform(26, 80), rng.uniform(12, 26)
    corners = cv2.boxPoints((middle.tolist(), size, float(rng.normal(0, 30))))
    mask = np.zeros(face.shape, np.uint8)
    cv2.fillPoly(mask, [corners.astype(np.int32)], 255, cv2.LINE_AA)
    return _laid(face, mask, texture if rng.random() < 0.6 else np.full_like(face, rng.uniform(0, 255)))


def half(rng: np.random.Generator, face: Plane, texture: Plane) -> Plane:
    """A side of the face behind something, or in the dark."""
    angle = rng.uniform(0, 2 * np.pi)
    middle = TEMPLATE.mean(axis=0)
    off = (ACROSS - middle[0]) * np.cos(angle) + (DOWN - middle[1]) * np.sin(angle)
    off = off - rng.uniform(-2, 9) + _noise(rng, 8, rng.uniform(0, 4))
    there = 1 / (1 + np.exp(-np.clip(off / rng.uniform(0.4, 1.5), -50, 50)))
    behind = texture if rng.random() < 0.7 else np.full_like(face, rng.uniform(0, 60))
    return np.asarray(face * (1 - there) + behind * there, dtype=np.float32)


def hair(rng: np.random.Generator, face: Plane, _texture: Plane) -> Plane:
    """Dark strands down one side, over an eye."""
    tone, side = rng.uniform(10, 70), rng.choice([-1, 1])
    middle = SIDE_PX / 2 + side * rng.uniform(4, 26)
    for _ in range(int(rng.integers(20, 60))):
        at = middle + side * rng.uniform(-14, 20)
        points = np.column_stack([at + rng.normal(0, 3, 5).cumsum(), np.linspace(-3, 67, 5)])
        mask = np.zeros(face.shape, np.uint8)
        cv2.polylines(mask, [points.astype(np.int32)], False, 255, int(rng.integers(1, 4)), cv2.LINE_AA)
        face = _laid(face, mask, np.full_like(face, tone * rng.uniform(0.6, 1.8)))
    return face


def _target(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Draw what is hidden: the mouth, an eye, both eyes, or a side of the face."""
    side = int(rng.integers(2))
    places = (MOUTH.mean(axis=0), EYES[side], EYES.mean(axis=0), (EYES[side] + MOUTH[side]) / 2)
    return np.asarray(places[int(rng.choice(4, p=(0.35, 0.35, 0.15, 0.15)))] + rng.normal(0, 3, 2))


def _skin(face: Plane) -> float:
    return float(np.median(np.concatenate([face[30:40, 14:24].ravel(), face[30:40, 40:50].ravel()])))


def _noise(rng: np.random.Generator, size_px: float, strength: float) -> Plane:
    waves = cv2.GaussianBlur(rng.normal(size=(SIDE_PX, SIDE_PX)).astype(np.float32), (0, 0), size_px)
    return np.asarray(waves / (waves.std() + 1e-6) * strength, dtype=np.float32)


def _line(start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], radius: float) -> Pixels:
    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    cv2.line(mask, _point(start * 16), _point(end * 16), 255, max(1, round(2 * radius)), cv2.LINE_AA, 4)
    return mask


def _laid(face: Plane, mask: Pixels, over: Plane | float, blur: float = 0, opacity: float = 1) -> Plane:
    there = (cv2.GaussianBlur(mask, (0, 0), blur) if blur else mask).astype(np.float32) / 255 * opacity
    return np.asarray(face * (1 - there) + over * there, dtype=np.float32)


def _point(place: npt.NDArray[np.float64]) -> tuple[int, int]:
    return int(place[0]), int(place[1])
