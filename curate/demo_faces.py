"""Portraits drawn in code: faces of nobody, so that the demo carries no photo of anybody.

A portrait is composed like a photo: a scene out of focus, a sitter with a mood before it, then the
camera with its light, lens and grain. Sitters are described in units of half a head's height, x to the
right and y down, with the origin between the eyes; a `Frame` puts them on the canvas.

Invariant: a portrait is a pure function of its generator and size; nothing else is random.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from curate.picture import Pixels

Points = npt.NDArray[np.float64]
Field = npt.NDArray[np.float32]
Colour = tuple[float, float, float]
Expression = Literal["Angry", "Happy", "Sad"]

SUPERSAMPLE = 2
"""Portraits are drawn at this many times their size and area-averaged down."""
_SHIFT = 4  # fractional bits of OpenCV's fixed-point coordinates
_TONE_SCALE = 4  # soft shading is computed at a quarter of the canvas


def portrait(rng: np.random.Generator, expression: Expression, width: int, height: int) -> Pixels:
    """A person of that expression, (height, width, 3) uint8 RGB."""
    sitter = _sitter(rng, expression)
    rows, columns = height * SUPERSAMPLE, width * SUPERSAMPLE
    canvas = Canvas(scene(rng, rows, columns), _framing(rng, rows, columns))
    _draw_sitter(canvas, sitter, rng)
    small = cv2.resize(canvas.pixels, (width, height), interpolation=cv2.INTER_AREA)
    return expose(rng, np.asarray(small, dtype=np.uint8))


# Drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where a sitter's units lie on the canvas: the point they turn about, pixels per unit, tilt in radians."""

    x: float
    y: float
    unit: float
    tilt: float
    pivot: float = 0.9

    def place(self, points: Points) -> Points:
        """Units to canvas pixels."""
        sine, cosine = np.sin(self.tilt), np.cos(self.tilt)
        x, y = points[:, 0] * self.unit, (points[:, 1] - self.pivot) * self.unit
        return np.stack([self.x + x * cosine - y * sine, self.y + x * sine + y * cosine], axis=1)


@dataclass(slots=True)
class Canvas:
    """RGB pixels with anti-aliased shapes given in a frame's units."""

    pixels: Pixels
    frame: Frame

    def fill(self, points: Points, colour: Colour) -> None:
        cv2.fillPoly(self.pixels, [self._fixed(points)], colour, cv2.LINE_AA, _SHIFT)

    def stroke(self, points: Points, colour: Colour, width: float, *, closed: bool = False) -> None:
        """A line `width` units thick."""
        thick = max(1, round(width * self.frame.unit))
        cv2.polylines(self.pixels, [self._fixed(points)], closed, colour, thick, cv2.LINE_AA, _SHIFT)

    def ribbon(self, points: Points, colour: Colour, widths: Sequence[float]) -> None:
        """A line whose thickness runs through `widths`, spread evenly along it."""
        along = np.gradient(points, axis=0)
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
        half = np.interp(np.linspace(0, 1, len(points)), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
        self.fill(np.concatenate([points + normal * half, (points - normal * half)[::-1]]), colour)

    @contextmanager
    def clip(self, points: Points) -> Iterator["Canvas"]:
        """A canvas on which only what falls inside the outline stays."""
        mask = self.mask([points])
        x, y, width, height = cv2.boundingRect(mask)
        area = slice(y, y + height), slice(x, x + width)
        inner = Canvas(self.pixels[area].copy(), replace(self.frame, x=self.frame.x - x, y=self.frame.y - y))
        yield inner
        if width and height:
            share = mask[area][:, :, None].astype(np.uint16)
            blend = inner.pixels * share + self.pixels[area] * (255 - share)
            self.pixels[area] = (blend + 127) // 255

    def mask(self, outlines: Sequence[Points]) -> Pixels:
        """How much of each pixel lies in any of the outlines, 0 to 255."""
        mask = np.zeros(self.pixels.shape[:2], np.uint8)
        for points in outlines:
            cv2.fillPoly(mask, [self._fixed(points)], 255, cv2.LINE_AA, _SHIFT)
        return mask

    def _fixed(self, points: Points) -> npt.NDArray[np.int32]:
        return np.round(self.frame.place(points) * (1 << _SHIFT)).astype(np.int32)


class Tone:
    """Soft light and shade, multiplied onto what is already drawn."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        rows, columns = (max(1, side // _TONE_SCALE) for side in canvas.pixels.shape[:2])
        frame = canvas.frame
        self.frame = replace(frame, x=frame.x / _TONE_SCALE, y=frame.y / _TONE_SCALE, unit=frame.unit / _TONE_SCALE)
        self.factor: Field = np.ones((rows, columns, 3), np.float32)

    def add(self, points: Points, factor: Colour, softness: float) -> None:
        """Multiply the inside of an outline by `factor` per channel, fading over `softness` units."""
        mask = Canvas(np.zeros((*self.factor.shape[:2], 1), np.uint8), self.frame).mask([points])
        soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), max(softness * self.frame.unit, 0.6))
        self.factor *= 1 + soft[:, :, None] * (np.array(factor, np.float32) - 1)

    def apply(self, mask: Pixels) -> None:
        x, y, width, height = cv2.boundingRect(mask)
        if not (width and height):
            return
        area = slice(y, y + height), slice(x, x + width)
        rows, columns = mask.shape
        whole = np.asarray(cv2.resize(self.factor, (columns, rows), interpolation=cv2.INTER_LINEAR))[area]
        share = mask[area][:, :, None].astype(np.float32) / 255
        toned = self.canvas.pixels[area] * (1 + share * (whole - 1))
        self.canvas.pixels[area] = np.clip(toned, 0, 255).astype(np.uint8)


def curve(*points: tuple[float, float], steps: int = 8) -> Points:
    """A smooth line through the points (Catmull-Rom)."""
    knots = np.array([points[0], *points, points[-1]], dtype=np.float64)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        parts.append(b + 0.5 * t * ((c - a) + t * ((2 * a - 5 * b + 4 * c - d) + t * (3 * (b - c) + d - a))))
    return np.concatenate([*parts, knots[-1:]])


def oval(x: float, y: float, across: float, down: float, turn: float = 0.0) -> Points:
    """An ellipse with those half axes, turned clockwise by `turn` radians."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    u, v = across * np.cos(angle), down * np.sin(angle)
    return np.stack([x + u * np.cos(turn) - v * np.sin(turn), y + u * np.sin(turn) + v * np.cos(turn)], axis=1)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` with that share of `b`."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def shade(colour: Colour, factor: float) -> Colour:
    """Lighter or darker."""
    return (min(colour[0] * factor, 255), min(colour[1] * factor, 255), min(colour[2] * factor, 255))


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _pick(rng: np.random.Generator, options: Sequence[Any]) -> Any:
    return options[int(rng.integers(len(options)))]


def _chance(rng: np.random.Generator, share: float) -> bool:
    return bool(rng.random() < share)


# The sitter

_SKINS: tuple[Colour, ...] = (
    (248, 219, 196), (240, 204, 176), (228, 186, 152), (214, 166, 128),
    (188, 136, 98), (152, 104, 72), (116, 78, 54), (88, 58, 42),
)  # fmt: skip
_HAIRS: tuple[Colour, ...] = (
    (28, 24, 24), (42, 30, 26), (66, 44, 32), (92, 60, 38), (124, 62, 34), (158, 84, 42),
    (186, 144, 88), (214, 184, 130), (150, 148, 146), (206, 204, 200),
)  # fmt: skip
_DYED: tuple[Colour, ...] = ((196, 92, 140), (70, 110, 170), (60, 140, 130), (150, 60, 60))
_IRISES: tuple[Colour, ...] = ((62, 40, 26), (84, 56, 34), (96, 110, 62), (72, 110, 140), (92, 120, 128), (110, 84, 44))
_CLOTHES: tuple[Colour, ...] = (
    (38, 52, 84), (148, 44, 48), (46, 88, 70), (222, 216, 204), (60, 60, 66), (204, 152, 62), (96, 66, 108),
    (122, 152, 172), (184, 104, 80), (228, 178, 176), (84, 96, 58), (30, 110, 130), (170, 170, 176), (236, 206, 120),
)  # fmt: skip
Hairdo = Literal[
    "short", "fringe", "parted", "buzz", "bald", "long", "bob", "curly", "afro", "bun", "tail", "plaits", "scarf", "beanie", "cap"
]
_HAIRDOS: tuple[Hairdo, ...] = (
    "short", "short", "fringe", "parted", "parted", "buzz", "bald", "long", "long", "long", "bob", "bob",
    "curly", "curly", "afro", "bun", "tail", "plaits", "scarf", "beanie", "cap",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """What the muscles do; lengths in units, downward positive for the brows, upward for the mouth's corners."""

    brow_inner: float
    brow_outer: float
    lids: float
    squint: float
    slant: float
    gaze: float
    corners: float
    gape: float
    mouth: float
    teeth: Literal["none", "upper", "both"] = "none"
    cheeks: float = 0.0
    furrow: float = 0.0
    flush: float = 0.0
    tear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitter:
    """One person: looks, dress, the way the head is turned, and a mood."""

    mood: Mood
    skin: Colour
    hair: Colour
    iris: Colour
    hairdo: Hairdo
    width: float
    jaw: float
    eyes: float
    nose: float
    lips: float
    brows: float
    yaw: float
    pitch: float
    light: float
    glasses: Literal["none", "round", "square"]
    beard: Literal["none", "stubble", "moustache", "full"]
    freckles: bool
    aged: bool
    dress: Literal["crew", "vee", "shirt", "jacket", "hood", "roll"]
    cloth: Colour
    accent: Colour
    stripes: Literal["none", "across", "check", "dots"]

    def face(self, points: Points) -> Points:
        """Points on the face as they appear when the head is turned."""
        rim = self.width * 1.08
        angle = np.arcsin(np.clip(points[:, 0] / rim, -1, 1)) + self.yaw
        return np.stack([rim * np.sin(angle), points[:, 1] + self.pitch], axis=1)

    def outline(self, grow_x: float = 1.0, grow_y: float = 1.0, reach: float = np.pi) -> Points:
        """The head's edge from -`reach` to `reach` radians off the crown."""
        angle = np.linspace(-reach, reach, 72)
        x, y = np.sin(angle), -np.cos(angle)
        below = np.clip(y, 0, 1)
        x = np.sign(x) * np.abs(x) ** 0.92 * self.width * (1 - self.jaw * below**2)
        return np.stack([x * grow_x + 0.22 * self.yaw * below, y * grow_y], axis=1)


def _mood(rng: np.random.Generator, expression: Expression) -> Mood:
    b = lambda low, high: _between(rng, low, high)  # noqa: E731 - nothing but a shorter name for a table
    if expression == "Happy":
        gape = _pick(rng, (0.0, b(0.07, 0.13), b(0.12, 0.24), b(0.12, 0.24)))
        return Mood(
            brow_inner=b(-0.08, -0.02), brow_outer=b(-0.05, 0.01), lids=b(0.62, 0.95), squint=b(0.25, 0.95), slant=0.0,
            gaze=b(-0.1, 0.1), corners=b(0.10, 0.16), gape=gape, mouth=b(0.29, 0.37),
            teeth="upper" if gape else "none", cheeks=1.0, flush=b(0.1, 0.5),
        )  # fmt: skip
    if expression == "Angry":
        shout = _pick(rng, (0.0, b(0.09, 0.14), b(0.2, 0.34)))
        return Mood(
            brow_inner=b(0.09, 0.14), brow_outer=b(-0.14, -0.06), lids=b(0.62, 0.9), squint=b(0.2, 0.45),
            slant=b(0.04, 0.065), gaze=0.0, corners=b(-0.11, -0.06), gape=shout, mouth=b(0.22, 0.3),
            teeth="both" if 0 < shout < 0.15 else "upper" if shout else "none", furrow=b(0.7, 1.0), flush=b(0.3, 1.0),
        )  # fmt: skip
    return Mood(
        brow_inner=b(-0.13, -0.09), brow_outer=b(0.05, 0.09), lids=b(0.5, 0.8), squint=b(0.0, 0.3),
        slant=b(-0.05, -0.03), gaze=b(0.1, 0.5), corners=b(-0.12, -0.07), gape=_pick(rng, (0.0, 0.0, 0.0, b(0.04, 0.07))),
        mouth=b(0.19, 0.26), flush=b(0.0, 0.3), furrow=b(0.0, 0.35), tear=_chance(rng, 0.4),
    )  # fmt: skip


def _sitter(rng: np.random.Generator, expression: Expression) -> Sitter:
    tone = _between(rng, 0, len(_SKINS) - 1.001)
    skin = mix(_SKINS[int(tone)], _SKINS[int(tone) + 1], tone % 1)
    bearded, aged = _chance(rng, 0.28), _chance(rng, 0.2)
    hairdo: Hairdo = _pick(rng, ("short", "fringe", "parted", "buzz", "bald", "curly", "beanie", "cap") if bearded else _HAIRDOS)
    natural = _HAIRS[8:] if aged else _HAIRS[: 4 if tone > 4 else 8]
    hair = _pick(rng, _DYED) if hairdo not in ("scarf", "beanie", "cap") and _chance(rng, 0.06) else _pick(rng, natural)
    return Sitter(
        mood=_mood(rng, expression), skin=skin, hair=shade(hair, _between(rng, 0.85, 1.2)),
        iris=_pick(rng, _IRISES[:2] if tone > 3.5 else _IRISES), hairdo=hairdo,
        width=_between(rng, 0.7, 0.8), jaw=_between(rng, 0.16, 0.36), eyes=_between(rng, 0.15, 0.178),
        nose=_between(rng, 0.1, 0.145), lips=_between(rng, 0.035, 0.075), brows=_between(rng, 0.045, 0.085),
        yaw=float(np.clip(rng.normal(0, 0.2), -0.42, 0.42)), pitch=_between(rng, -0.07, 0.09),
        light=_pick(rng, (-1, 1)) * _between(rng, 0.4, 1.0),
        glasses=_pick(rng, ("none",) * 6 + ("round", "square")),
        beard=_pick(rng, ("stubble", "moustache", "full", "full")) if bearded else "none",
        freckles=tone < 2.5 and _chance(rng, 0.2), aged=aged,
        dress=_pick(rng, ("crew", "crew", "vee", "shirt", "jacket", "hood", "roll")),
        cloth=shade(_pick(rng, _CLOTHES), _between(rng, 0.75, 1.15)), accent=_pick(rng, _CLOTHES),
        stripes=_pick(rng, ("none", "none", "none", "across", "check", "dots")),
    )  # fmt: skip


def _framing(rng: np.random.Generator, rows: int, columns: int) -> Frame:
    """Half-length to close-up, anywhere in the picture where most of the head is seen."""
    unit = min(_between(rng, 0.2, 0.43) * rows, 0.52 * columns)
    x = _between(rng, min(0.8 * unit, columns / 2), max(columns - 0.8 * unit, columns / 2))
    x += 0.35 * (columns / 2 - x)
    top, bottom = 1.05 * unit, rows - 0.95 * unit
    y = _between(rng, min(top, bottom), max(top, bottom))
    y = min(y, 0.42 * rows + 0.35 * unit)
    return Frame(x=x, y=y + 0.9 * unit, unit=unit, tilt=float(np.clip(rng.normal(0, 0.13), -0.35, 0.35)))
