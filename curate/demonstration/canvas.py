"""Shapes with soft edges, light and shade on a canvas, in the units of whoever is drawn."""

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
"""Colours of cloth, and of what else people make."""

_SHIFT = 4  # fractional bits of OpenCV's fixed-point coordinates
_TONE_SCALE = 8  # soft light and shade are computed at an eighth of the canvas


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where units lie on the canvas: the nape, about which the head tilts, pixels per unit, tilt in radians."""

    x: float
    y: float
    unit: float
    tilt: float

    def place(self, points: Points) -> Points:
        """Units to canvas pixels."""
        sine, cosine = np.sin(self.tilt) * self.unit, np.cos(self.tilt) * self.unit
        turned: Points = (points - (0, 0.9)) @ np.array([[cosine, sine], [-sine, cosine]]) + (self.x, self.y)
        return turned


@dataclass(slots=True)
class Canvas:
    """RGB pixels, and anti-aliased shapes on them given in a frame's units."""

    pixels: Pixels
    frame: Frame

    def fill(self, points: Points, colour: Colour) -> None:
        cv2.fillPoly(self.pixels, [self.fixed(points)], colour, cv2.LINE_AA, _SHIFT)

    def stroke(self, points: Points, colour: Colour, width: float, *, closed: bool = False) -> None:
        """A line `width` units thick."""
        thick = max(1, round(width * self.frame.unit))
        cv2.polylines(self.pixels, [self.fixed(points)], closed, colour, thick, cv2.LINE_AA, _SHIFT)

    def strokes(self, lines: Points, colours: Sequence[Colour], width: float) -> None:
        """Many lines of as many points each, (lines, points, 2)."""
        thick = max(1, round(width * self.frame.unit))
        placed = self.fixed(lines.reshape(-1, 2)).reshape(lines.shape)
        for line, colour in zip(placed, colours, strict=True):
            cv2.polylines(self.pixels, [line], False, colour, thick, cv2.LINE_AA, _SHIFT)

    def ribbon(self, points: Points, colour: Colour, widths: Sequence[float]) -> None:
        """A line whose thickness runs through `widths`, spread evenly along it."""
        along = np.gradient(points, axis=0)
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
        half = np.interp(np.linspace(0, 1, len(points)), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
        self.fill(np.concatenate([points + normal * half, (points - normal * half)[::-1]]), colour)

    def discs(self, centres: Points, radii: Points, colours: Sequence[Colour]) -> None:
        """Filled circles, the later on top."""
        spots = self.fixed(centres).tolist()
        sizes = np.round(radii * self.frame.unit * (1 << _SHIFT)).astype(int).tolist()
        for spot, size, colour in zip(spots, sizes, colours, strict=True):
            cv2.circle(self.pixels, spot, size, colour, -1, cv2.LINE_AA, _SHIFT)

    @contextmanager
    def clip(self, outline: Points, opacity: float = 1.0) -> Iterator["Canvas"]:
        """A canvas of which only what lies inside the outline is kept."""
        rows, columns = self.pixels.shape[:2]
        placed = self.frame.place(outline)
        # Where nothing of the outline is in the image, one pixel is drawn on and put back as it was.
        x0, y0 = np.clip(placed.min(axis=0) - 1, 0, (columns - 1, rows - 1)).astype(int).tolist()
        x1, y1 = np.clip(placed.max(axis=0) + 2, (x0 + 1, y0 + 1), (columns, rows)).astype(int).tolist()
        area = self.pixels[y0:y1, x0:x1]
        inner = Canvas(area.copy(), replace(self.frame, x=self.frame.x - x0, y=self.frame.y - y0))
        yield inner
        drawn = inner.pixels if opacity == 1 else cv2.addWeighted(inner.pixels, opacity, area, 1 - opacity, 0)
        area[:] = cv2.copyTo(drawn, inner.mask([outline]) & 128, area.copy())

    def mask(self, outlines: Sequence[Points]) -> Pixels:
        """How much of each pixel lies in any of the outlines, 0 to 255."""
        mask = np.zeros(self.pixels.shape[:2], np.uint8)
        for points in outlines:
            cv2.fillPoly(mask, [self.fixed(points)], 255, cv2.LINE_AA, _SHIFT)
        return mask

    def fixed(self, points: Points) -> npt.NDArray[np.int32]:
        """Canvas coordinates as OpenCV takes them."""
        return np.round(self.frame.place(points) * (1 << _SHIFT)).astype(np.int32)


class Tone:
    """Soft light and shade, gathered at low resolution and multiplied onto what is drawn."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        rows, columns = (-(-side // _TONE_SCALE) for side in canvas.pixels.shape[:2])
        at = canvas.frame
        self.frame = replace(at, x=at.x / _TONE_SCALE, y=at.y / _TONE_SCALE, unit=at.unit / _TONE_SCALE)
        self.factor: Field = np.ones((rows, columns, 3), np.float32)

    def add(self, points: Points, factor: Colour, softness: float) -> None:
        """Multiply the inside of an outline by `factor` per channel, fading over `softness` units."""
        sigma = max(softness * self.frame.unit, 0.6)
        reach, (rows, columns) = int(3 * sigma) + 1, self.factor.shape[:2]
        placed = self.frame.place(points)
        x0, y0 = np.clip(placed.min(axis=0) - reach, 0, (columns - 1, rows - 1)).astype(int).tolist()
        x1, y1 = np.clip(placed.max(axis=0) + reach, (x0 + 1, y0 + 1), (columns, rows)).astype(int).tolist()
        area = self.factor[y0:y1, x0:x1]
        frame = replace(self.frame, x=self.frame.x - x0, y=self.frame.y - y0)
        mask = Canvas(np.empty((*area.shape[:2], 0), np.uint8), frame).mask([points])
        soft = cv2.GaussianBlur(mask, (0, 0), sigma)[:, :, None] * np.float32(1 / 255)
        area *= 1 + soft * (np.array(factor, np.float32) - 1)

    def grain(self, rng: Rng, strength: float, cells: int) -> None:
        """Unevenness of skin or cloth."""
        rows, columns = self.factor.shape[:2]
        self.factor *= cv2.merge([1 + strength * fractal(rng, rows, columns, cells)] * 3)

    def apply(self, mask: Pixels) -> None:
        """Put the light on the canvas where `mask` says."""
        x, y, width, height = cv2.boundingRect(mask)
        if not (width and height):
            return
        x0, y0, x1, y1 = (
            x // _TONE_SCALE,
            y // _TONE_SCALE,
            -(-(x + width) // _TONE_SCALE),
            -(-(y + height) // _TONE_SCALE),
        )
        part = self.factor[y0:y1, x0:x1]
        size = part.shape[1] * _TONE_SCALE, part.shape[0] * _TONE_SCALE
        light = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
        area = self.canvas.pixels[y0 * _TONE_SCALE : y1 * _TONE_SCALE, x0 * _TONE_SCALE : x1 * _TONE_SCALE]
        light = light[: area.shape[0], : area.shape[1]]
        toned = cv2.multiply(area, light, dtype=cv2.CV_8U)
        cover = mask[y0 * _TONE_SCALE : y1 * _TONE_SCALE, x0 * _TONE_SCALE : x1 * _TONE_SCALE]
        area[:] = cv2.copyTo(toned, cover, area.copy())


def smooth(knots: Points, steps: int = 8) -> Points:
    """A smooth line through the points (Catmull-Rom)."""
    padded = np.concatenate([knots[:1], knots, knots[-1:]])
    a, b, c, d = (padded[i : len(knots) - 1 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    line = b + 0.5 * t * ((c - a) + t * ((2 * a - 5 * b + 4 * c - d) + t * (3 * (b - c) + d - a)))
    return np.concatenate([line.reshape(-1, 2), knots[-1:]])


def curve(*points: tuple[float, float], steps: int = 8) -> Points:
    """A smooth line through these points."""
    return smooth(np.array(points, dtype=np.float64), steps)


@cache
def path(text: str, mirrored: bool = True) -> Points:
    """A smooth outline written as "x,y x,y ..."; `mirrored` adds its left half to a right half."""
    knots = np.array([[float(value) for value in pair.split(",")] for pair in text.split()])
    line = smooth(np.concatenate([knots, (knots * (-1, 1))[::-1]]) if mirrored else knots)
    line.flags.writeable = False
    return line


CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 40)), np.sin(np.linspace(0, 2 * np.pi, 40))], axis=1)


def oval(x: float, y: float, across: float, down: float, turn: float = 0.0) -> Points:
    """An ellipse with those half axes, turned clockwise by `turn` radians."""
    sine, cosine = np.sin(turn), np.cos(turn)
    turned: Points = (CIRCLE * (across, down)) @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y)
    return turned


def moved(points: Points, x: float, y: float) -> Points:
    """The same shape elsewhere."""
    return np.asarray(points + np.array((x, y)))


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` with that share of `b`."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def shade(colour: Colour, factor: float) -> Colour:
    """Lighter or darker."""
    return (min(colour[0] * factor, 255.0), min(colour[1] * factor, 255.0), min(colour[2] * factor, 255.0))


def between(rng: Rng, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def pick(rng: Rng, options: Sequence[Any]) -> Any:
    return options[int(rng.integers(len(options)))]


def chance(rng: Rng, share: float) -> bool:
    return bool(rng.random() < share)


def as_pixels(array: Any) -> Pixels:
    return np.asarray(array, dtype=np.uint8)


def fractal(rng: Rng, rows: int, columns: int, cells: int, octaves: int = 4) -> Field:
    """Noise of several octaves, about -1 to 1, the coarsest with `cells` cells along the longer side."""
    total = np.zeros((rows, columns), np.float32)
    for octave in range(octaves):
        scale = cells * 2**octave / max(rows, columns)
        grid = rng.standard_normal((max(2, round(rows * scale)), max(2, round(columns * scale))), dtype=np.float32)
        total += cv2.resize(grid, (columns, rows), interpolation=cv2.INTER_LINEAR) * np.float32(0.55 / 2**octave)
    return total
