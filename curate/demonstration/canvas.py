"""Shapes with soft edges, light and shade on a canvas, in a unit of length that the `Frame` maps to pixels."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from curate.images.image import Pixels

Points = npt.NDArray[np.float64]
Field = npt.NDArray[np.float32]
Colour = tuple[float, float, float]
Rng = np.random.Generator

CLOTHES: tuple[Colour, ...] = (
    (38, 52, 84), (148, 44, 48), (46, 88, 70), (222, 216, 204), (60, 60, 66), (204, 152, 62), (96, 66, 108),
    (122, 152, 172), (184, 104, 80), (228, 178, 176), (84, 96, 58), (30, 110, 130), (170, 170, 176), (236, 206, 120),
)  # fmt: skip
"""Colours of cloth and of other things made by people, RGB 0 to 255."""

_SHIFT = 4  # fractional bits of OpenCV's fixed-point coordinates
_TONE_SCALE = 8  # soft light and shade are computed at an eighth of the canvas


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Position on the canvas of the nape (0, 0.9), about which all tilts; pixels per unit; tilt in radians."""

    x: float
    y: float
    unit: float
    tilt: float

    def to_pixels(self, points: Points) -> Points:
        """Return points given in units as canvas pixels, (points, 2)."""
        sine, cosine = np.sin(self.tilt) * self.unit, np.cos(self.tilt) * self.unit
        pixels: Points = (points - (0, 0.9)) @ np.array([[cosine, sine], [-sine, cosine]]) + (self.x, self.y)
        return pixels


@dataclass(slots=True)
class Canvas:
    """RGB pixels, and anti-aliased shapes on them given in a frame's units."""

    pixels: Pixels
    frame: Frame

    def fill(self, points: Points, colour: Colour) -> None:
        """Fill the inside of an outline."""
        cv2.fillPoly(self.pixels, [self.to_fixed_point(points)], colour, cv2.LINE_AA, _SHIFT)

    def stroke(self, points: Points, colour: Colour, width: float) -> None:
        """Draw a line `width` units thick."""
        thick = max(1, round(width * self.frame.unit))
        cv2.polylines(self.pixels, [self.to_fixed_point(points)], False, colour, thick, cv2.LINE_AA, _SHIFT)

    def ribbon(self, points: Points, colour: Colour, widths: Sequence[float]) -> None:
        """Draw a line whose thickness runs through `widths`, spread evenly along it."""
        along = np.gradient(points, axis=0)
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
        half = np.interp(np.linspace(0, 1, len(points)), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
        self.fill(np.concatenate([points + normal * half, (points - normal * half)[::-1]]), colour)

    @contextmanager
    def clip(self, outline: Points) -> Iterator["Canvas"]:
        """Yield a canvas of which only what lies inside the outline is kept."""
        rows, columns = self.pixels.shape[:2]
        pixels = self.frame.to_pixels(outline)
        # Where nothing of the outline is in the image, one pixel is drawn on and put back as it was.
        x0, y0 = np.clip(pixels.min(axis=0) - 1, 0, (columns - 1, rows - 1)).astype(int).tolist()
        x1, y1 = np.clip(pixels.max(axis=0) + 2, (x0 + 1, y0 + 1), (columns, rows)).astype(int).tolist()
        area = self.pixels[y0:y1, x0:x1]
        inner = Canvas(area.copy(), replace(self.frame, x=self.frame.x - x0, y=self.frame.y - y0))
        yield inner
        area[:] = cv2.copyTo(inner.pixels, inner.mask([outline]) & 128, area.copy())

    def mask(self, outlines: Sequence[Points]) -> Pixels:
        """Return how much of each pixel lies in any of the outlines, 0 to 255."""
        mask = np.zeros(self.pixels.shape[:2], np.uint8)
        for points in outlines:
            cv2.fillPoly(mask, [self.to_fixed_point(points)], 255, cv2.LINE_AA, _SHIFT)
        return mask

    def to_fixed_point(self, points: Points) -> npt.NDArray[np.int32]:
        """Return points given in units as canvas pixels in the fixed-point form that OpenCV takes."""
        return np.round(self.frame.to_pixels(points) * (1 << _SHIFT)).astype(np.int32)


class Tone:
    """Soft light and shade, gathered at low resolution and multiplied onto what is drawn."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        rows, columns = (-(-side // _TONE_SCALE) for side in canvas.pixels.shape[:2])
        frame = canvas.frame
        self.frame = replace(frame, x=frame.x / _TONE_SCALE, y=frame.y / _TONE_SCALE, unit=frame.unit / _TONE_SCALE)
        self.factor: Field = np.ones((rows, columns, 3), np.float32)

    def add(self, points: Points, factor: Colour, softness: float) -> None:
        """Multiply the inside of an outline by `factor` per channel, fading over `softness` units."""
        sigma = max(softness * self.frame.unit, 0.6)
        reach, (rows, columns) = int(3 * sigma) + 1, self.factor.shape[:2]
        pixels = self.frame.to_pixels(points)
        x0, y0 = np.clip(pixels.min(axis=0) - reach, 0, (columns - 1, rows - 1)).astype(int).tolist()
        x1, y1 = np.clip(pixels.max(axis=0) + reach, (x0 + 1, y0 + 1), (columns, rows)).astype(int).tolist()
        area = self.factor[y0:y1, x0:x1]
        frame = replace(self.frame, x=self.frame.x - x0, y=self.frame.y - y0)
        mask = Canvas(np.empty((*area.shape[:2], 0), np.uint8), frame).mask([points])
        soft = cv2.GaussianBlur(mask, (0, 0), sigma)[:, :, None] * np.float32(1 / 255)
        area *= 1 + soft * (np.array(factor, np.float32) - 1)

    def grain(self, rng: Rng, strength: float, cells: int) -> None:
        """Multiply everything by fractal noise: the unevenness of skin or cloth."""
        rows, columns = self.factor.shape[:2]
        self.factor *= cv2.merge([1 + strength * fractal(rng, rows, columns, cells)] * 3)

    def apply(self, mask: Pixels) -> None:
        """Multiply the canvas by the gathered light where `mask` is not 0."""
        x, y, width, height = cv2.boundingRect(mask)
        if not (width and height):
            return
        x0, y0 = x // _TONE_SCALE, y // _TONE_SCALE
        part = self.factor[y0 : -(-(y + height) // _TONE_SCALE), x0 : -(-(x + width) // _TONE_SCALE)]
        size = part.shape[1] * _TONE_SCALE, part.shape[0] * _TONE_SCALE
        light = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
        window = (
            slice(y0 * _TONE_SCALE, y0 * _TONE_SCALE + size[1]),
            slice(x0 * _TONE_SCALE, x0 * _TONE_SCALE + size[0]),
        )
        area = self.canvas.pixels[window]
        toned = cv2.multiply(area, light[: area.shape[0], : area.shape[1]], dtype=cv2.CV_8U)
        area[:] = cv2.copyTo(toned, mask[window], area.copy())


def _spline(knots: Points) -> Points:
    """Return a smooth line through the points, (points, 2), as a Catmull-Rom spline of 8 steps a point."""
    padded = np.concatenate([knots[:1], knots, knots[-1:]])
    a, b, c, d = (padded[i : len(knots) - 1 + i, None] for i in range(4))
    t = np.linspace(0, 1, 8, endpoint=False)[:, None]
    line = b + 0.5 * t * ((c - a) + t * ((2 * a - 5 * b + 4 * c - d) + t * (3 * (b - c) + d - a)))
    return np.concatenate([line.reshape(-1, 2), knots[-1:]])


def curve(*points: tuple[float, float]) -> Points:
    """Return a smooth line through these points."""
    return _spline(np.array(points, dtype=np.float64))


@cache
def parse_curve(text: str, mirrored: bool = True) -> Points:
    """Return the smooth line written as "x,y x,y ..."; `mirrored` adds its left half to a right half."""
    knots = np.array([[float(value) for value in pair.split(",")] for pair in text.split()])
    line = _spline(np.concatenate([knots, (knots * (-1, 1))[::-1]]) if mirrored else knots)
    line.flags.writeable = False
    return line


_CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 40)), np.sin(np.linspace(0, 2 * np.pi, 40))], axis=1)


def oval(x: float, y: float, across: float, down: float, turn: float = 0.0) -> Points:
    """Return an ellipse with the half axes `across` and `down`, turned clockwise by `turn` radians."""
    sine, cosine = np.sin(turn), np.cos(turn)
    turned: Points = (_CIRCLE * (across, down)) @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y)
    return turned


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Return colour `a` with a share, 0 to 1, of colour `b`."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def shade(colour: Colour, factor: float) -> Colour:
    """Return the colour made lighter (factor above 1) or darker, at most 255 per channel."""
    return (min(colour[0] * factor, 255.0), min(colour[1] * factor, 255.0), min(colour[2] * factor, 255.0))


def between(rng: Rng, low: float, high: float) -> float:
    """Return a uniform random number from `low` to `high`."""
    return float(rng.uniform(low, high))


def pick(rng: Rng, options: Sequence[Any]) -> Any:
    """Return one of the options at random."""
    return options[int(rng.integers(len(options)))]


def chance(rng: Rng, share: float) -> bool:
    """Return True with probability `share`."""
    return bool(rng.random() < share)


def as_pixels(array: Any) -> Pixels:
    """Return an OpenCV result as uint8 pixels."""
    return np.asarray(array, dtype=np.uint8)


def fractal(rng: Rng, rows: int, columns: int, cells: int, octaves: int = 4) -> Field:
    """Return noise of several octaves, about -1 to 1, the coarsest with `cells` cells along the longer side."""
    total = np.zeros((rows, columns), np.float32)
    for octave in range(octaves):
        scale = cells * 2**octave / max(rows, columns)
        grid = rng.standard_normal((max(2, round(rows * scale)), max(2, round(columns * scale))), dtype=np.float32)
        total += cv2.resize(grid, (columns, rows), interpolation=cv2.INTER_LINEAR) * np.float32(0.55 / 2**octave)
    return total
