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
        # Where nothing of the outline is in the picture, one pixel is drawn on and thrown away.
        area = slice(y, y + max(height, 1)), slice(x, x + max(width, 1))
        inner = Canvas(self.pixels[area].copy(), replace(self.frame, x=self.frame.x - x, y=self.frame.y - y))
        yield inner
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
    "short",
    "fringe",
    "parted",
    "buzz",
    "bald",
    "long",
    "bob",
    "curly",
    "afro",
    "bun",
    "tail",
    "plaits",
    "scarf",
    "beanie",
    "cap",
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
    hairdo: Hairdo = _pick(
        rng, ("short", "fringe", "parted", "buzz", "bald", "curly", "beanie", "cap") if bearded else _HAIRDOS
    )
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


def _draw_sitter(canvas: Canvas, sitter: Sitter, rng: np.random.Generator) -> None:
    head = canvas.frame
    body = Canvas(canvas.pixels, replace(head, tilt=head.tilt * 0.2))
    _hair_behind(canvas, sitter, rng)
    neck = _body(body, sitter, rng)
    skull = sitter.outline()
    ears = [] if sitter.hairdo in ("scarf", "long") else list(_ears(sitter))
    for ear in ears:
        canvas.fill(ear, shade(sitter.skin, 0.93))
    canvas.fill(skull, sitter.skin)
    tone = Tone(canvas)
    _model(tone, sitter, rng)
    tone.apply(cv2.max(canvas.mask([skull, *ears]), body.mask([neck])))
    _features(canvas, sitter, rng)
    _hair_before(canvas, sitter, rng)
    _brows(canvas, sitter)
    _glasses(canvas, sitter)


def _ears(sitter: Sitter) -> Iterator[Points]:
    for side in (-1, 1):
        seen = 1 + side * sitter.yaw * 1.6
        if seen > 0.45:
            yield oval(
                side * sitter.width * 0.99 - 0.1 * sitter.yaw, 0.1 + sitter.pitch / 2, 0.1 * seen, 0.19, side * 0.2
            )


def _model(tone: Tone, sitter: Sitter, rng: np.random.Generator) -> None:
    """Round the head off with light and shade, and give the skin its colour."""
    mood, face, lit = sitter.mood, sitter.face, sitter.light
    side = -np.sign(lit)
    deep: Colour = (0.62, 0.5, 0.46)
    tone.add(oval(side * sitter.width * 1.02, 0.25, 0.3, 1.0), mix((1, 1, 1), deep, 0.85 * abs(lit)), 0.16)
    tone.add(oval(0, 1.02, 0.66, 0.16), mix((1, 1, 1), deep, 0.5), 0.1)
    tone.add(face(oval(-side * 0.22, -0.5, 0.3, 0.2)), (1.12, 1.1, 1.08), 0.14)
    tone.add(face(oval(-side * 0.44, 0.2, 0.14, 0.12)), (1.09, 1.07, 1.05), 0.08)
    tone.add(face(oval(0, 0.84, 0.14, 0.08)), (1.07, 1.06, 1.05), 0.07)
    for eye in (-1, 1):
        tone.add(face(oval(eye * 0.32, -0.08, 0.2, 0.13)), (0.86, 0.79, 0.78), 0.06)
        rosy = 0.35 + 0.5 * mood.cheeks + 0.4 * mood.flush
        tone.add(
            face(oval(eye * 0.42, 0.3 - 0.05 * mood.cheeks, 0.17, 0.12)), mix((1, 1, 1), (1.03, 0.78, 0.77), rosy), 0.08
        )
        tone.add(face(curve((eye * 0.2, 0.4), (eye * 0.36, 0.52), (eye * 0.4, 0.68), (eye * 0.3, 0.62))),
                 mix((1, 1, 1), (0.8, 0.7, 0.68), 0.25 + 0.75 * mood.cheeks), 0.03)  # fmt: skip
    tone.add(
        face(curve((0, -0.12), (side * 0.1, 0.15), (side * sitter.nose * 1.25, 0.36), (0, 0.38))),
        (0.82, 0.74, 0.72),
        0.035,
    )
    tone.add(face(curve((-side * 0.01, -0.15), (-side * 0.03, 0.2), (side * 0.02, 0.2))), (1.1, 1.09, 1.08), 0.03)
    tone.add(face(oval(0, 0.3, 0.06, 0.05)), (1.12, 1.1, 1.09), 0.03)
    tone.add(face(oval(0, 0.42, sitter.nose, 0.04)), (0.72, 0.62, 0.6), 0.035)
    tone.add(face(oval(0, 0.74 + mood.gape / 2, 0.14, 0.03)), (0.76, 0.68, 0.67), 0.04)
    if mood.flush > 0.5:
        tone.add(sitter.outline(0.9, 0.9), (1.05, 0.93, 0.92), 0.15)
    if sitter.beard in ("stubble", "full"):
        tone.add(_beard(sitter), mix((1, 1, 1), (0.6, 0.58, 0.58), 0.8), 0.05)
    # The neck lies in the shadow of the chin.
    tone.add(oval(0.2 * sitter.yaw, 1.2, 0.62, 0.24), (0.6, 0.5, 0.47), 0.09)
    rows, columns = tone.factor.shape[:2]
    tone.factor *= 1 + 0.035 * fractal(rng, rows, columns, 12)[:, :, None]


def _features(canvas: Canvas, sitter: Sitter, rng: np.random.Generator) -> None:
    skin, face = sitter.skin, sitter.face
    line = mix(shade(skin, 0.55), (70, 28, 24), 0.25)
    if sitter.freckles:
        for _ in range(40):
            x, y = rng.normal(0, 0.3), rng.normal(0.22, 0.1)
            canvas.fill(face(oval(x, y, 0.012, 0.012)), mix(skin, (150, 86, 52), 0.55))
    if sitter.beard == "full":
        _strands(canvas, _beard(sitter), sitter.hair, (0.0, 0.2), rng, 160)
    for eye in (-1, 1):
        _eye(canvas, sitter, eye, line)
        nostril = oval(eye * sitter.nose * 0.5, 0.405, 0.034, 0.018, eye * -0.3)
        canvas.fill(face(nostril), shade(line, 0.7))
        wing = curve(
            (eye * sitter.nose * 0.78, 0.28), (eye * sitter.nose * 1.12, 0.36), (eye * sitter.nose * 0.86, 0.42)
        )
        canvas.ribbon(face(wing), mix(skin, line, 0.75), (0.004, 0.018, 0.006))
        if sitter.mood.cheeks:
            fold = curve((eye * 0.19, 0.36), (eye * 0.34, 0.48), (eye * 0.41, 0.62))
            canvas.ribbon(face(fold), mix(skin, line, 0.5), (0.004, 0.02, 0.004))
        if sitter.aged:
            for drop in (0.0, 0.05):
                crow = curve((eye * 0.52, -0.02 + drop), (eye * 0.6, 0.0 + 2 * drop))
                canvas.ribbon(face(crow), mix(skin, line, 0.45), (0.012, 0.003))
    creases = (-0.62, -0.53) if sitter.aged or sitter.mood.brow_inner < -0.08 else ()
    for crease in creases:
        canvas.ribbon(
            face(curve((-0.28, crease), (0, crease - 0.03), (0.28, crease))),
            mix(skin, line, 0.35),
            (0.003, 0.014, 0.003),
        )
    if sitter.mood.furrow > 0.5:
        for eye in (-1, 1):
            furrow = curve((eye * 0.05, -0.16), (eye * 0.075, -0.26), (eye * 0.045, -0.36))
            canvas.ribbon(face(furrow), mix(skin, line, 0.75), (0.004, 0.022, 0.004))
    _mouth(canvas, sitter, line)
    if sitter.beard in ("moustache", "full"):
        y = 0.585 - sitter.mood.corners * 0.3
        lip = curve(
            (-0.27, y), (-0.15, 0.5), (0, 0.475), (0.15, 0.5), (0.27, y), (0.12, 0.57), (0, 0.55), (-0.12, 0.57)
        )
        canvas.fill(face(lip), shade(sitter.hair, 0.95))
        _strands(canvas, face(lip), sitter.hair, (0.0, 0.3), rng, 40)
    if sitter.mood.tear:
        _tear(canvas, sitter, _pick(rng, (-1, 1)))


def _eye(canvas: Canvas, sitter: Sitter, side: int, line: Colour) -> None:
    mood, half, face = sitter.mood, sitter.eyes, sitter.face
    x, y = side * 0.325, -0.02
    rise, fall = 0.115 * mood.lids, 0.062 - 0.09 * mood.squint

    def at(along: float, lift: float) -> tuple[float, float]:
        """`along` from -1 at the inner corner to 1 at the outer; the mood slants the upper lid."""
        return x + side * half * along, y - lift + mood.slant * (-along) * 0.6

    upper = curve(
        at(-1, -0.03),
        at(-0.55, rise * 0.72 - mood.slant * 0.4),
        at(0.05, rise),
        at(0.6, rise * 0.66),
        at(1, 0.0),
        steps=6,
    )
    lower = curve(at(1, 0.0), at(0.55, -fall * 0.8), at(0, -fall), at(-0.55, -fall * 0.75), at(-1, -0.03), steps=6)
    almond = face(np.concatenate([upper, lower]))
    centre = (x + side * 0.0, y - 0.018 + 0.05 * mood.gaze)
    with canvas.clip(almond) as inner:
        inner.fill(almond, mix((236, 232, 228), sitter.skin, 0.12))
        radius = half * 0.53
        iris = oval(*centre, radius, radius)
        inner.fill(face(iris), shade(sitter.iris, 0.55))
        inner.fill(face(oval(*centre, radius * 0.86, radius * 0.86)), sitter.iris)
        inner.fill(
            face(oval(centre[0], centre[1] + radius * 0.35, radius * 0.6, radius * 0.4)), shade(sitter.iris, 1.35)
        )
        inner.fill(face(oval(*centre, radius * 0.46, radius * 0.46)), (14, 12, 14))
        inner.ribbon(face(upper + (0, 0.025)), mix(shade(sitter.skin, 0.45), (60, 50, 50), 0.5), (0.02, 0.05, 0.03))
        glint = np.sign(sitter.light) * 0.03
        inner.fill(face(oval(centre[0] + glint, centre[1] - 0.032, 0.021, 0.021)), (250, 250, 252))
    lash = (0.012, 0.04, 0.03) if sitter.beard == "none" else (0.012, 0.026, 0.018)
    canvas.ribbon(face(upper), mix((26, 18, 18), sitter.hair, 0.25), lash)
    canvas.ribbon(face(lower), mix(sitter.skin, line, 0.7), (0.008, 0.014, 0.006))
    canvas.ribbon(
        face(upper * (1, 1) - (0, 0.045 + 0.02 * mood.lids)), mix(sitter.skin, line, 0.55), (0.003, 0.014, 0.004)
    )
    if mood.squint > 0.5 or sitter.aged:
        bag = curve((x - side * half * 0.7, y + 0.085), (x, y + 0.11), (x + side * half * 0.75, y + 0.075))
        canvas.ribbon(face(bag), mix(sitter.skin, line, 0.35), (0.003, 0.014, 0.003))


def _brows(canvas: Canvas, sitter: Sitter) -> None:
    mood, thick = sitter.mood, sitter.brows
    colour = mix(shade(sitter.hair, 0.8), sitter.skin, 0.08)
    for side in (-1, 1):
        inner = (side * (0.15 - 0.03 * max(mood.brow_inner, 0) / 0.14), -0.25 + mood.brow_inner)
        middle = (side * 0.34, -0.31 + 0.25 * (mood.brow_inner + mood.brow_outer))
        outer = (side * 0.52, -0.25 + mood.brow_outer)
        canvas.ribbon(sitter.face(curve(inner, middle, outer)), colour, (thick * 0.8, thick, thick * 0.7, thick * 0.15))


def _mouth(canvas: Canvas, sitter: Sitter, line: Colour) -> None:
    mood, face = sitter.mood, sitter.face
    t = np.linspace(-1, 1, 33)
    x, arch = mood.mouth * t, 1 - t**2
    middle = 0.6 + mood.corners * (0.6 * arch - (t**2) * 0.8)
    if mood.teeth == "both":
        opening = 1 - t**6
        top, bottom = middle - mood.gape * 0.5 * opening, middle + mood.gape * 0.5 * opening
    else:
        top, bottom = middle - mood.gape * 0.25 * arch, middle + mood.gape * 0.95 * arch**0.7
    bow = 1 - 0.3 * np.exp(-((t / 0.16) ** 2))
    over, under = top - sitter.lips * 0.75 * arch**0.6 * bow, bottom + sitter.lips * arch**0.6
    red: Colour = mix(shade(sitter.skin, 0.82), (172, 62, 70), 0.4 if sitter.beard == "none" else 0.22)

    def between(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> Points:
        return face(np.stack([np.concatenate([x, x[::-1]]), np.concatenate([first, second[::-1]])], axis=1))

    canvas.fill(between(over, top), shade(red, 0.86))
    canvas.fill(between(bottom, under), red)
    canvas.ribbon(
        face(np.stack([x, under - sitter.lips * 0.45], axis=1)[10:23]),
        shade(red, 1.18),
        (0.002, sitter.lips * 0.3, 0.002),
    )
    if not mood.gape:
        canvas.ribbon(
            face(np.stack([x, middle], axis=1)), mix(line, (60, 16, 20), 0.5), (0.012, 0.024, 0.02, 0.024, 0.012)
        )
    else:
        cavity = between(top, bottom)
        with canvas.clip(cavity) as inner:
            inner.fill(cavity, (64, 18, 24))
            inner.fill(
                face(oval(0, 0.64 + mood.corners * 0.6 + mood.gape * 0.95, mood.mouth * 0.6, mood.gape * 0.4)),
                (184, 84, 88),
            )
            ivory: Colour = (238, 232, 220)
            if mood.teeth == "both":
                inner.fill(cavity, ivory)
                inner.stroke(face(np.stack([x, middle], axis=1)), (120, 96, 90), 0.014)
            elif mood.teeth == "upper":
                depth = np.minimum(0.085, 0.62 * (bottom - top)) * (1 - t**6)
                inner.fill(between(top - 0.01, top + depth), ivory)
            if mood.teeth != "none":
                for tooth in np.arange(-4, 5) * 0.062 + 0.031:
                    gap = np.array(
                        [(tooth, 0.4), (tooth, 0.64 + mood.corners * 0.6 + (0.2 if mood.teeth == "both" else -0.01))]
                    )
                    inner.stroke(face(gap), (206, 196, 184), 0.006)
    corner = mood.mouth * 1.02
    for side in (-1, 1):
        lift = 0.6 - mood.corners * 0.8
        dent = curve((side * corner, lift - 0.03), (side * (corner + 0.022), lift), (side * corner, lift + 0.035))
        canvas.ribbon(face(dent), mix(sitter.skin, line, 0.6), (0.003, 0.016, 0.003))


def _tear(canvas: Canvas, sitter: Sitter, side: int) -> None:
    x = side * 0.36
    trail = sitter.face(curve((x, 0.07), (x + side * 0.03, 0.22), (x + side * 0.025, 0.36)))
    canvas.ribbon(trail, mix(sitter.skin, (226, 238, 250), 0.4), (0.012, 0.026, 0.034))
    drop = sitter.face(
        curve(
            (x + side * 0.025, 0.3),
            (x + side * 0.065, 0.4),
            (x + side * 0.025, 0.45),
            (x - side * 0.015, 0.4),
            (x + side * 0.025, 0.3),
        )
    )
    canvas.fill(drop, mix(sitter.skin, (206, 228, 250), 0.75))
    canvas.fill(sitter.face(oval(x + side * 0.018, 0.4, 0.012, 0.02)), (252, 254, 255))


def _glasses(canvas: Canvas, sitter: Sitter) -> None:
    if sitter.glasses == "none":
        return
    rim: Colour = _GLASSES[int(sitter.width * 1000) % len(_GLASSES)]
    for side in (-1, 1):
        if sitter.glasses == "round":
            lens = oval(side * 0.335, 0.0, 0.235, 0.225)
        else:
            angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
            c, s = np.cos(angle), np.sin(angle)
            lens = np.stack(
                [side * 0.335 + 0.245 * np.sign(c) * np.abs(c) ** 0.4, 0.01 + 0.175 * np.sign(s) * np.abs(s) ** 0.4],
                axis=1,
            )
        with canvas.clip(sitter.face(lens)) as inner:
            glare = np.array(
                [
                    (side * 0.335 - 0.16, 0.3),
                    (side * 0.335 + 0.1, -0.3),
                    (side * 0.335 + 0.17, -0.3),
                    (side * 0.335 - 0.09, 0.3),
                ]
            )
            before = inner.pixels.copy()
            inner.fill(sitter.face(glare), (255, 255, 255))
            inner.pixels[:] = cv2.addWeighted(before, 0.86, inner.pixels, 0.14, 0)
        canvas.stroke(sitter.face(lens), rim, 0.03, closed=True)
        canvas.stroke(sitter.face(np.array([(side * 0.57, -0.04), (side * sitter.width, -0.02)])), rim, 0.03)
    canvas.stroke(sitter.face(curve((-0.11, -0.02), (0, -0.06), (0.11, -0.02))), rim, 0.03)


_GLASSES: tuple[Colour, ...] = ((30, 26, 28), (96, 58, 34), (150, 120, 70), (120, 30, 40), (40, 60, 90))


# Hair, beard and headgear


def _beard(sitter: Sitter) -> Points:
    """The beard's outline: along the jaw, up to the moustache, round the mouth."""
    jaw = sitter.outline(1.0, 1.05)
    x, y = jaw[:, 0], jaw[:, 1]
    low = jaw[(y > 0.12)]
    left, right = low[low[:, 0] < 0], low[low[:, 0] >= 0]
    inner = sitter.face(curve((-0.5, 0.3), (-0.4, 0.5), (-0.2, 0.46), (0, 0.47), (0.2, 0.46), (0.4, 0.5), (0.5, 0.3)))
    del x
    return np.concatenate([right[::-1], inner[::-1], left[::-1]])


def _strands(
    canvas: Canvas, outline: Points, hair: Colour, crown: tuple[float, float], rng: np.random.Generator, count: int
) -> None:
    """Hairs from about the crown to the outline's edge, lighter and darker than the hair."""
    ends = outline[rng.integers(len(outline), size=count)]
    starts = np.array(crown) + rng.normal(0, 0.12, (count, 2)) * (1.6, 0.5)
    bends = (starts + ends) / 2 + np.stack([np.sign(ends[:, 0] - crown[0]) * 0.14, np.full(count, -0.1)], axis=1)
    t = np.linspace(0, 1, 9)[:, None]
    with canvas.clip(outline) as inner:
        for start, bend, end, light in zip(starts, bends, ends, rng.uniform(0.62, 1.42, count), strict=True):
            inner.stroke((1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end, shade(hair, light), 0.008)


def _hair_behind(canvas: Canvas, sitter: Sitter, rng: np.random.Generator) -> None:
    w, hair = sitter.width, sitter.hair
    dark = shade(hair, 0.72)
    match sitter.hairdo:
        case "long" | "bob" | "fringe" if sitter.hairdo != "fringe":
            fall = _between(rng, 1.5, 2.3) if sitter.hairdo == "long" else _between(rng, 0.75, 1.0)
            flare = _between(rng, 1.2, 1.45)
            sheet = curve((-w * 1.1, -0.3), (-w * 0.9, -0.95), (0, -1.2), (w * 0.9, -0.95), (w * 1.1, -0.3), (w * 1.22, 0.4),
                          (w * flare, fall), (w * 0.5, fall + 0.12), (-w * 0.5, fall + 0.12), (-w * flare, fall), (-w * 1.22, 0.4),
                          (-w * 1.1, -0.3))  # fmt: skip
            canvas.fill(sheet, dark)
            _strands(canvas, sheet, dark, (0.0, -0.9), rng, 110)
        case "afro" | "curly":
            size = _between(rng, 1.3, 1.55) if sitter.hairdo == "afro" else _between(rng, 1.12, 1.25)
            _curls(canvas, sitter, size, dark, rng)
        case "bun":
            canvas.fill(oval(0.1 * sitter.yaw, -1.22, 0.32, 0.28), dark)
            _strands(canvas, oval(0.1 * sitter.yaw, -1.22, 0.32, 0.28), hair, (0, -1.1), rng, 40)
        case "tail":
            side = 1 if sitter.yaw < 0 else -1
            tail = curve(
                (side * 0.3, -0.9),
                (side * 1.0, -0.75),
                (side * 1.2, -0.1),
                (side * 1.05, 0.9),
                (side * 0.85, 0.2),
                (side * 0.6, -0.3),
            )
            canvas.fill(tail, dark)
            _strands(canvas, tail, hair, (side * 0.5, -0.9), rng, 50)
        case "plaits":
            for side in (-1, 1):
                for step in range(7):
                    lobe = oval(
                        side * (w * 1.05 + 0.03 * step),
                        0.35 + 0.2 * step,
                        0.17 - 0.012 * step,
                        0.13,
                        side * 0.5 * (-1) ** step,
                    )
                    canvas.fill(lobe, shade(hair, 0.7 + 0.1 * (step % 2)))
                    _strands(canvas, lobe, hair, (side * w, 0.2 + 0.2 * step), rng, 10)
        case "scarf":
            drape = curve((-w * 1.2, -0.2), (-w * 1.0, -1.0), (0, -1.24), (w * 1.0, -1.0), (w * 1.2, -0.2), (w * 1.2, 0.8),
                          (w * 1.75, 1.9), (0, 2.4), (-w * 1.75, 1.9), (-w * 1.2, 0.8), (-w * 1.2, -0.2))  # fmt: skip
            canvas.fill(drape, shade(sitter.accent, 0.8))
        case _:
            pass


def _curls(canvas: Canvas, sitter: Sitter, size: float, colour: Colour, rng: np.random.Generator) -> None:
    rim = sitter.outline(size, size, 2.0 if size > 1.28 else 1.75)
    canvas.fill(rim, colour)
    for _ in range(130):
        spot = rim[rng.integers(len(rim))] * rng.uniform(0.72, 1.04)
        radius = rng.uniform(0.06, 0.13)
        tint = shade(sitter.hair, rng.uniform(0.6, 1.2))
        canvas.fill(oval(spot[0], spot[1], radius, radius), tint)
        canvas.stroke(oval(spot[0], spot[1], radius * 0.6, radius * 0.6)[18:34], shade(tint, 1.3), 0.012)


_HAIRLINES: dict[str, tuple[tuple[float, float], ...]] = {
    "short": ((0.99, -0.05), (0.9, -0.38), (0.62, -0.6), (0.2, -0.68), (-0.2, -0.68), (-0.62, -0.6), (-0.9, -0.38), (-0.99, -0.05)),
    "fringe": ((1.0, 0.05), (0.93, -0.3), (0.7, -0.36), (0.42, -0.42), (0.15, -0.35), (-0.2, -0.43), (-0.5, -0.36), (-0.93, -0.3), (-1.0, 0.05)),
    "parted": ((0.99, -0.0), (0.92, -0.4), (0.66, -0.72), (0.45, -0.8), (0.1, -0.55), (-0.4, -0.5), (-0.88, -0.38), (-0.99, -0.0)),
    "long": ((1.06, 1.1), (0.98, 0.3), (0.84, -0.3), (0.4, -0.66), (0.03, -0.86), (-0.4, -0.66), (-0.84, -0.3), (-0.98, 0.3), (-1.06, 1.1)),
    "bob": ((1.02, 0.7), (0.95, 0.1), (0.86, -0.36), (0.4, -0.48), (0, -0.42), (-0.4, -0.5), (-0.86, -0.36), (-0.95, 0.1), (-1.02, 0.7)),
    "pulled": ((1.0, -0.1), (0.88, -0.42), (0.5, -0.68), (0, -0.74), (-0.5, -0.68), (-0.88, -0.42), (-1.0, -0.1)),
    "buzz": ((0.99, -0.15), (0.9, -0.42), (0.7, -0.64), (0.2, -0.7), (-0.2, -0.7), (-0.7, -0.64), (-0.9, -0.42), (-0.99, -0.15)),
}  # fmt: skip
_HAIRLINE_OF = {"curly": "short", "afro": "buzz", "bun": "pulled", "tail": "pulled", "plaits": "long"}


def _hair_before(canvas: Canvas, sitter: Sitter, rng: np.random.Generator) -> None:
    if sitter.hairdo == "bald":
        return
    if sitter.hairdo in ("scarf", "beanie", "cap"):
        _headgear(canvas, sitter, rng)
        return
    name = _HAIRLINE_OF.get(sitter.hairdo, sitter.hairdo)
    flip = 1 if sitter.light > 0 else -1
    shift = np.array((0.3 * sitter.yaw, 0.6 * sitter.pitch + _between(rng, -0.03, 0.05)))
    line = curve(*[(x * sitter.width * flip, y) for x, y in _HAIRLINES[name]])
    line = line + shift * np.clip(1 - np.abs(line[:, :1] / sitter.width) ** 3, 0, 1)
    volume = {"buzz": 1.015, "pulled": 1.05}.get(name, _between(rng, 1.08, 1.16))
    reach = {"long": 1.75, "bob": 1.75}.get(name, 1.62)
    top = sitter.outline(1.02 if name == "buzz" else 1.06, volume, reach)[::flip]
    top = top + rng.normal(0, 0.004 if name in ("buzz", "pulled") else 0.014, top.shape)
    cap = np.concatenate([top, line])
    colour = mix(sitter.hair, sitter.skin, 0.3) if name == "buzz" else sitter.hair
    canvas.fill(cap, colour)
    crown = (flip * 0.45 * sitter.width if name == "parted" else 0.1 * sitter.yaw, -0.98)
    if sitter.hairdo in ("curly", "afro"):
        _fringe_of_curls(canvas, sitter, top, line, rng)
    else:
        _strands(canvas, cap, colour, crown, rng, 60 if name == "buzz" else 150)
        shine = sitter.outline(0.8, 0.86, 0.9)
        tone = Tone(canvas)
        tone.add(np.concatenate([shine, shine[::-1] * (1, 0.93)]) + (sitter.light * 0.12, 0), (1.35, 1.33, 1.3), 0.06)
        tone.apply(canvas.mask([cap]))


def _fringe_of_curls(canvas: Canvas, sitter: Sitter, top: Points, line: Points, rng: np.random.Generator) -> None:
    for share in rng.uniform(0, 1, 110):
        a, b = top[int(share * (len(top) - 1))], line[::-1][int(share * (len(line) - 1))]
        spot = a + (b - a) * rng.uniform(-0.1, 0.95)
        radius = rng.uniform(0.05, 0.1)
        tint = shade(sitter.hair, rng.uniform(0.7, 1.35))
        canvas.fill(oval(spot[0], spot[1], radius, radius), tint)
        canvas.stroke(oval(spot[0], spot[1], radius * 0.6, radius * 0.6)[18:34], shade(tint, 1.3), 0.012)


def _headgear(canvas: Canvas, sitter: Sitter, rng: np.random.Generator) -> None:
    w, cloth = sitter.width, sitter.accent
    shift = np.array((0.25 * sitter.yaw, 0.4 * sitter.pitch))
    if sitter.hairdo == "scarf":
        hole = np.concatenate([sitter.outline(0.93, 0.84, np.pi)]) + shift * 0.6
        rim = np.concatenate([sitter.outline(1.13, 1.16), hole[::-1]])
        canvas.fill(rim, cloth)
        tone = Tone(canvas)
        for _ in range(7):
            angle = rng.uniform(-2.6, 2.6)
            fold = curve(
                (np.sin(angle) * w * 1.12, -np.cos(angle) * 1.14),
                (np.sin(angle + 0.3) * w * 1.0, -np.cos(angle + 0.3)),
                (np.sin(angle + 0.7) * w * 1.1, -np.cos(angle + 0.7) * 1.12),
            )
            tone.add(fold, (0.72, 0.72, 0.74), 0.025)
        tone.apply(canvas.mask([rim]))
        canvas.stroke(hole, shade(cloth, 0.7), 0.02, closed=True)
        return
    low = -0.46 if sitter.hairdo == "beanie" else -0.5
    sides = sitter.outline(1.03, 1.03, 1.62)
    temples = sides[np.abs(sides[:, 0]) > w * 0.86]
    del temples
    for side in (-1, 1):
        canvas.fill(
            curve((side * w * 1.03, -0.55), (side * w * 1.04, 0.0), (side * w * 0.93, -0.05), (side * w * 0.9, -0.5)),
            sitter.hair,
        )
    dome = sitter.outline(1.1, 1.17, 1.12)
    edge = curve(
        (w * 1.02, low), (0.5 * w, low - 0.1), (0, low - 0.13), (-0.5 * w, low - 0.1), (-w * 1.02, low)
    ) + shift * (0, 1)
    crown = np.concatenate([dome, edge])
    canvas.fill(crown, cloth)
    tone = Tone(canvas)
    tone.add(oval(-np.sign(sitter.light) * w * 0.8, -0.8, 0.35, 0.5), (0.7, 0.7, 0.72), 0.15)
    tone.add(oval(np.sign(sitter.light) * w * 0.4, -1.0, 0.2, 0.15), (1.2, 1.2, 1.2), 0.1)
    if sitter.hairdo == "beanie":
        for x in np.linspace(-0.95, 0.95, 15):
            tone.add(
                curve(
                    (x * w * 0.75, -1.2),
                    (x * w * 1.05, -0.75),
                    (x * w * 1.08, low),
                    (x * w * 1.08 + 0.02, low),
                    (x * w * 1.05 + 0.02, -0.75),
                ),
                (0.8, 0.8, 0.8),
                0.008,
            )
    tone.apply(canvas.mask([crown]))
    if sitter.hairdo == "beanie":
        canvas.ribbon(edge + (0, -0.06), shade(cloth, 0.82), (0.17, 0.19, 0.17))
    else:
        brim = curve(
            (-w * 0.92, low - 0.02),
            (0, low - 0.17),
            (w * 0.92, low - 0.02),
            (w * 0.66, low + 0.14),
            (0, low + 0.06),
            (-w * 0.66, low + 0.14),
        ) + shift * (2.2, 1)
        canvas.fill(brim, shade(cloth, 0.66))


# Clothes


def _body(canvas: Canvas, sitter: Sitter, rng: np.random.Generator) -> Points:
    """Neck, shoulders and clothes; returns the outline of the bare skin."""
    broad, slope = _between(rng, 1.45, 1.85), _between(rng, 1.62, 1.85)
    girth = 0.4 if sitter.beard == "none" else 0.47
    neck = curve(
        (-girth, 0.5),
        (-girth * 0.98, 1.1),
        (-girth * 1.15, 1.42),
        (-0.8, 1.65),
        (0, 2.1),
        (0.8, 1.65),
        (girth * 1.15, 1.42),
        (girth * 0.98, 1.1),
        (girth, 0.5),
    )
    canvas.fill(neck, shade(sitter.skin, 0.95))
    collar = 1.36
    torso = curve(
        (-girth * 1.1, collar),
        (-0.9, 1.55),
        (-broad, slope),
        (-broad - 0.22, 2.5),
        (-broad - 0.3, 5),
        (broad + 0.3, 5),
        (broad + 0.22, 2.5),
        (broad, slope),
        (0.9, 1.55),
        (girth * 1.1, collar),
    )
    dip = {"vee": 2.15, "shirt": 1.75, "jacket": 2.0, "hood": 1.62, "roll": 1.4}.get(sitter.dress, 1.66)
    scoop = curve(
        (girth * 1.1, collar),
        (0.3, (collar + dip) / 2 + (0.0 if sitter.dress in ("vee", "shirt", "jacket") else 0.12)),
        (0, dip),
        (-0.3, (collar + dip) / 2 + (0.0 if sitter.dress in ("vee", "shirt", "jacket") else 0.12)),
        (-girth * 1.1, collar),
    )
    garment = np.concatenate([torso, scoop])
    canvas.fill(garment, sitter.cloth)
    if sitter.stripes != "none":
        with canvas.clip(garment) as inner:
            _pattern(inner, sitter)
    _trim(canvas, sitter, scoop, girth)
    tone = Tone(canvas)
    tone.add(oval(-np.sign(sitter.light) * 1.5, 2.6, 0.7, 1.6), (0.6, 0.58, 0.6), 0.3)
    for _ in range(6):
        x, y, reach = rng.uniform(-1.5, 1.5), rng.uniform(1.8, 3.2), rng.uniform(0.3, 0.8)
        tone.add(
            curve((x, y), (x + 0.2 * reach, y + reach / 2), (x - 0.1, y + reach), (x + 0.1 * reach, y + reach / 2)),
            (0.74, 0.73, 0.75),
            0.05,
        )
    rows, columns = tone.factor.shape[:2]
    tone.factor *= 1 + 0.07 * fractal(rng, rows, columns, 8)[:, :, None]
    tone.apply(canvas.mask([garment]))
    return neck


def _pattern(canvas: Canvas, sitter: Sitter) -> None:
    for y in np.arange(1.3, 5.0, 0.3):
        if sitter.stripes == "dots":
            for x in np.arange(-2.4, 2.4, 0.3):
                canvas.fill(oval(x + 0.15 * (round(y / 0.3) % 2), y, 0.05, 0.05), sitter.accent)
        else:
            canvas.stroke(curve((-2.4, y + 0.1), (0, y + 0.2), (2.4, y + 0.1)), sitter.accent, 0.11)
    if sitter.stripes == "check":
        for x in np.arange(-2.4, 2.4, 0.4):
            canvas.stroke(np.array([(x, 1.2), (x, 5.0)]), mix(sitter.accent, sitter.cloth, 0.5), 0.08)


def _trim(canvas: Canvas, sitter: Sitter, scoop: Points, girth: float) -> None:
    cloth, dark = sitter.cloth, shade(sitter.cloth, 0.7)
    match sitter.dress:
        case "roll":
            tube = curve(
                (-girth * 1.05, 1.08),
                (0, 1.2),
                (girth * 1.05, 1.08),
                (girth * 1.25, 1.5),
                (0, 1.75),
                (-girth * 1.25, 1.5),
                (-girth * 1.05, 1.08),
            )
            canvas.fill(tube, shade(cloth, 0.92))
            canvas.ribbon(curve((-girth * 1.1, 1.3), (0, 1.46), (girth * 1.1, 1.3)), dark, (0.01, 0.03, 0.01))
        case "shirt" | "jacket":
            if sitter.dress == "jacket":
                canvas.fill(np.array([(-0.4, 1.4), (0.4, 1.4), (0.3, 2.4), (0, 3.4), (-0.3, 2.4)]), (232, 230, 226))
                canvas.fill(np.array([(-0.09, 1.72), (0.09, 1.72), (0.15, 2.9), (0, 3.1), (-0.15, 2.9)]), sitter.accent)
            for side in (-1, 1):
                wing = np.array(
                    [(side * girth * 1.05, 1.24), (side * girth * 1.4, 1.5), (side * 0.36, 1.98), (side * 0.02, 1.72)]
                )
                canvas.fill(wing, (240, 238, 234) if sitter.dress == "jacket" else shade(cloth, 1.12))
                canvas.stroke(wing[1:], dark if sitter.dress == "shirt" else (170, 168, 166), 0.016)
                if sitter.dress == "jacket":
                    lapel = np.array(
                        [
                            (side * girth * 1.35, 1.46),
                            (side * 0.95, 1.85),
                            (side * 0.8, 2.1),
                            (side * 0.05, 3.3),
                            (side * 0.32, 2.2),
                        ]
                    )
                    canvas.fill(lapel, shade(cloth, 1.15))
                    canvas.stroke(lapel[1:4], dark, 0.02)
            if sitter.dress == "shirt":
                canvas.stroke(np.array([(0, 1.75), (0, 5)]), dark, 0.016)
        case "hood":
            for side in (-1, 1):
                fold = curve(
                    (side * girth * 0.98, 1.2),
                    (side * 0.95, 1.42),
                    (side * 0.85, 1.75),
                    (side * 0.2, 1.86),
                    (side * 0.3, 1.6),
                )
                canvas.fill(fold, shade(cloth, 0.85))
                canvas.stroke(
                    curve((side * 0.25, 1.75), (side * 0.27, 2.1), (side * 0.23, 2.4)), shade(cloth, 1.3), 0.03
                )
        case _:
            canvas.ribbon(scoop, dark, (0.05, 0.06, 0.05))


# Scenes, as (rows, columns, 3) uint8


def fractal(rng: np.random.Generator, rows: int, columns: int, cells: int, octaves: int = 4) -> Field:
    """Noise of several octaves, the coarsest with `cells` cells on the longer side; about -1 to 1."""
    total = np.zeros((rows, columns), np.float32)
    for octave in range(octaves):
        scale = cells * 2**octave / max(rows, columns)
        grid = rng.standard_normal((max(2, round(rows * scale)), max(2, round(columns * scale))), dtype=np.float32)
        total += cv2.resize(grid, (columns, rows), interpolation=cv2.INTER_CUBIC) * np.float32(0.5**octave)
    return total / 1.8


def scene(rng: np.random.Generator, rows: int, columns: int) -> Pixels:
    """Somewhere to stand: drawn small, thrown out of focus, enlarged."""
    h, w = max(8, rows // 2), max(8, columns // 2)
    paint, depth = _pick(rng, _SCENES)
    board = np.clip(paint(rng, h, w), 0, 255).astype(np.uint8)
    if _chance(rng, 0.5):
        board = np.ascontiguousarray(board[:, ::-1])
    board = cv2.GaussianBlur(board, (0, 0), depth * _between(rng, 0.5, 1.2) * max(h, w) / 300 + 0.2)
    return np.asarray(cv2.resize(board, (columns, rows), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _blend(share: Any, a: Colour, b: Colour) -> Field:
    """From `a` to `b` where `share`, (rows, columns), goes from 0 to 1."""
    part = np.clip(share, 0, 1).astype(np.float32)[:, :, None]
    return np.asarray(np.array(a, np.float32) * (1 - part) + np.array(b, np.float32) * part)


def _ramp(h: int, w: int) -> tuple[Field, Field]:
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    return y / h, x / w


def _open_air(rng: np.random.Generator, h: int, w: int) -> Field:
    y, _ = _ramp(h, w)
    zenith, haze, land = _pick(rng, (
        ((76, 132, 196), (196, 216, 232), (84, 116, 62)), ((120, 128, 140), (196, 196, 194), (92, 98, 78)),
        ((88, 70, 120), (244, 160, 104), (64, 52, 60)), ((60, 96, 150), (236, 196, 170), (120, 104, 70)),
        ((90, 160, 206), (214, 232, 238), (206, 186, 140)),
    ))  # fmt: skip
    board = _blend(y * 1.5, zenith, haze)
    clouds = np.clip(fractal(rng, h, w, 3) * 1.2, 0, 0.8) * np.clip(1.2 - y * 1.4, 0, 1)
    board += (np.array((246, 244, 242), np.float32) - board) * clouds[:, :, None]
    for layer in range(3):
        level = _between(rng, 0.42, 0.6) + 0.14 * layer
        ridge = level + 0.1 * fractal(rng, 1, w, 3)[0]
        ground = (
            _blend(np.full((h, w), layer / 2), mix(haze, land, 0.4), shade(land, 0.8))
            * (1 + 0.14 * fractal(rng, h, w, 20))[:, :, None]
        )
        board = np.where((y > ridge[None, :])[:, :, None], ground, board)
    return board


def _sea(rng: np.random.Generator, h: int, w: int) -> Field:
    y, _ = _ramp(h, w)
    level, shore = _between(rng, 0.3, 0.5), _between(rng, 0.68, 0.95)
    board = _blend(y / level, _pick(rng, ((98, 150, 206), (150, 160, 176), (230, 150, 120))), (232, 228, 220))
    water = (
        _blend((y - level) / (shore - level), (34, 84, 116), (88, 158, 164))
        * (1 + 0.16 * fractal(rng, h, w, 6) * 1.0)[:, :, None]
    )
    foam = cv2.resize(fractal(rng, h, max(2, w // 8), 30), (w, h))
    water += np.clip(foam - 0.7, 0, 1)[:, :, None] * 120
    board = np.where((y > level)[:, :, None], water, board)
    sand = np.array((214, 190, 150), np.float32) * (1 + 0.08 * fractal(rng, h, w, 30))[:, :, None]
    return np.where((y > shore + 0.03 * fractal(rng, 1, w, 4))[:, :, None], sand, board)


def _wall(rng: np.random.Generator, h: int, w: int) -> Field:
    y, x = _ramp(h, w)
    paint = shade(_pick(rng, ((196, 184, 164), (150, 168, 172), (172, 130, 108), (118, 132, 112), (188, 164, 118), (120, 116, 128), (92, 110, 136), (164, 176, 150))), _between(rng, 0.75, 1.05))  # fmt: skip
    angle = rng.uniform(0, 2 * np.pi)
    board = _blend(
        0.5 + 0.7 * ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)), shade(paint, 1.15), shade(paint, 0.62)
    )
    board *= (1 + _between(rng, 0.03, 0.12) * fractal(rng, h, w, int(rng.integers(4, 14)), 5))[:, :, None]
    for _ in range(int(rng.integers(0, 3))):
        x0, y0 = int(rng.uniform(-0.1, 0.9) * w), int(rng.uniform(-0.1, 0.5) * h)
        across, down = int(rng.uniform(0.2, 0.4) * w), int(rng.uniform(0.2, 0.5) * h)
        cv2.rectangle(
            board, (x0 - 3, y0 - 3), (x0 + across + 3, y0 + down + 3), shade(paint, _between(rng, 0.3, 0.6)), -1
        )
        cv2.rectangle(board, (x0, y0), (x0 + across, y0 + down), _pick(rng, _CLOTHES), -1)
        cv2.circle(
            board, (x0 + across // 2, y0 + down // 2), max(2, across // 4), _pick(rng, _CLOTHES), -1, cv2.LINE_AA
        )
    return board


def _room(rng: np.random.Generator, h: int, w: int) -> Field:
    board = _wall(rng, h, w)
    floor = int(_between(rng, 0.68, 0.92) * h)
    cv2.rectangle(board, (0, floor), (w, h), _pick(rng, ((120, 86, 60), (86, 72, 66), (150, 128, 104))), -1)
    x0, x1 = sorted(int(v * w) for v in (rng.uniform(-0.1, 0.5), rng.uniform(0.4, 1.1)))
    y0, y1 = int(rng.uniform(0, 0.15) * h), int(rng.uniform(0.45, 0.7) * h)
    cv2.rectangle(board, (x0 - 4, y0 - 4), (x1 + 4, y1 + 4), (222, 216, 206), -1)
    glass = _pick(rng, ((206, 226, 240), (250, 236, 204), (70, 84, 120), (168, 196, 150)))
    cv2.rectangle(board, (x0, y0), (x1, y1), glass, -1)
    for share in (0.33, 0.67):
        cv2.line(
            board,
            (int(x0 + (x1 - x0) * share), y0),
            (int(x0 + (x1 - x0) * share), y1),
            (214, 206, 196),
            max(2, w // 60),
        )
    cv2.line(board, (x0, (y0 + y1) // 2), (x1, (y0 + y1) // 2), (214, 206, 196), max(2, w // 60))
    curtain = _pick(rng, _CLOTHES)
    for edge in (x0, x1):
        for strip in range(4):
            left = edge - w // 12 + strip * w // 24
            cv2.rectangle(board, (left, 0), (left + w // 26, floor), shade(curtain, 0.7 + 0.2 * (strip % 2)), -1)
    for _ in range(int(rng.integers(1, 4))):
        left, top = int(rng.uniform(-0.1, 0.9) * w), int(rng.uniform(0.5, 0.75) * h)
        cv2.rectangle(
            board, (left, top), (left + int(rng.uniform(0.2, 0.5) * w), h), shade(_pick(rng, _CLOTHES), 0.7), -1
        )
    lamp = int(rng.uniform(0, 1) * w), int(rng.uniform(0.05, 0.4) * h)
    cv2.circle(board, lamp, int(rng.uniform(0.04, 0.1) * w), (255, 232, 176), -1, cv2.LINE_AA)
    return board * (1 + 0.05 * fractal(rng, h, w, 12))[:, :, None]


def _shelves(rng: np.random.Generator, h: int, w: int) -> Field:
    wood = shade(_pick(rng, ((112, 76, 48), (70, 50, 40), (176, 150, 118), (206, 204, 198))), _between(rng, 0.7, 1.1))
    board = np.full((h, w, 3), shade(wood, 0.5), np.float32)
    deep = int(h * _between(rng, 0.2, 0.34))
    for top in range(-int(rng.uniform(0, deep)), h, deep):
        x = -int(rng.uniform(0, 20))
        while x < w:
            thick = int(rng.uniform(0.025, 0.08) * w) + 2
            if _chance(rng, 0.9):
                high = int(deep * rng.uniform(0.55, 0.86))
                book = shade(_pick(rng, _CLOTHES), _between(rng, 0.6, 1.1))
                cv2.rectangle(board, (x, top + deep - high), (x + thick - 2, top + deep), book, -1)
                band = top + deep - int(high * rng.uniform(0.6, 0.9))
                cv2.rectangle(board, (x, band), (x + thick - 2, band + 4), shade(book, 1.6), -1)
            x += thick
        cv2.rectangle(board, (0, top + deep - 3), (w, top + deep + 4), wood, -1)
    return board


def _lights(rng: np.random.Generator, h: int, w: int) -> Field:
    y, _ = _ramp(h, w)
    base = _pick(rng, ((22, 26, 48), (44, 30, 34), (20, 40, 44), (48, 42, 30)))
    board = _blend(y + 0.3 * fractal(rng, h, w, 3), base, shade(base, 2.2))
    glow = np.zeros_like(board)
    for _ in range(int(rng.integers(24, 60))):
        spot = int(rng.uniform(0, w)), int(rng.uniform(0, h))
        layer = np.zeros((h, w), np.uint8)
        cv2.circle(layer, spot, int(rng.uniform(0.015, 0.075) * max(h, w)), 255, -1, cv2.LINE_AA)
        tint = _pick(
            rng, ((255, 206, 120), (255, 150, 90), (180, 210, 255), (255, 120, 140), (150, 240, 200), (255, 240, 210))
        )
        glow[layer > 0] += np.array(tint, np.float32) * rng.uniform(0.25, 0.75)
    return board + glow


def _leaves(rng: np.random.Generator, h: int, w: int) -> Field:
    dark, light = _pick(
        rng,
        (
            ((24, 48, 26), (150, 184, 90)),
            ((40, 44, 20), (206, 176, 70)),
            ((60, 26, 16), (220, 120, 50)),
            ((16, 44, 44), (120, 176, 140)),
        ),
    )
    board = _blend(0.4 + 0.5 * fractal(rng, h, w, 4), dark, mix(dark, light, 0.6))
    for _ in range(260):
        leaf = (int(rng.uniform(0, w)), int(rng.uniform(0, h))), (int(rng.uniform(4, 13)), int(rng.uniform(2, 6)))
        cv2.ellipse(
            board,
            *leaf,
            rng.uniform(0, 180),
            0,
            360,
            mix(dark, light, float(rng.uniform(0.1, 1) ** 1.5)),
            -1,
            cv2.LINE_AA,
        )
    return board


def _street(rng: np.random.Generator, h: int, w: int) -> Field:
    board = _open_air(rng, h, w)
    x = -int(rng.uniform(0, 0.2) * w)
    while x < w:
        across, top = int(rng.uniform(0.18, 0.42) * w), int(rng.uniform(-0.1, 0.4) * h)
        front = shade(
            _pick(rng, ((168, 120, 96), (190, 176, 150), (120, 124, 132), (150, 90, 74), (206, 196, 180))),
            _between(rng, 0.5, 1.0),
        )
        cv2.rectangle(board, (x, top), (x + across, h), front, -1)
        size = max(4, int(across / rng.uniform(4, 7)))
        for row in range(top + size // 2, h, int(size * 1.6)):
            for column in range(x + size // 2, x + across - size // 2, int(size * 1.3)):
                pane = (250, 220, 150) if _chance(rng, 0.15) else shade(front, _between(rng, 0.35, 0.6))
                cv2.rectangle(board, (column, row), (column + int(size * 0.7), row + size), pane, -1)
        x += across + int(rng.uniform(0, 0.12) * w)
    return board


def _bricks(rng: np.random.Generator, h: int, w: int) -> Field:
    clay = shade(
        _pick(rng, ((160, 84, 62), (190, 180, 168), (120, 104, 98), (150, 110, 76), (84, 96, 112))),
        _between(rng, 0.8, 1.1),
    )
    board = np.full((h, w, 3), mix(clay, (200, 196, 188), 0.55), np.float32)
    tall = max(8, int(rng.uniform(0.035, 0.08) * h))
    for index, top in enumerate(range(0, h, tall)):
        for left in range(-tall * 2 + (index % 2) * int(tall * 1.2), w, int(tall * 2.4)):
            cv2.rectangle(
                board,
                (left, top),
                (left + int(tall * 2.4) - 3, top + tall - 3),
                shade(clay, _between(rng, 0.72, 1.18)),
                -1,
            )
    y, x = _ramp(h, w)
    return (
        board * (1 + 0.12 * fractal(rng, h, w, 24) + 0.5 * (x - 0.5) * rng.uniform(-1, 1) + 0.3 * (y - 0.5))[:, :, None]
    )


def _cloth(rng: np.random.Generator, h: int, w: int) -> Field:
    y, x = _ramp(h, w)
    colour = shade(_pick(rng, _CLOTHES), _between(rng, 0.6, 0.95))
    wave = x * _between(rng, 4, 11) + 0.5 * fractal(rng, h, w, 2) + y * rng.uniform(-1, 1)
    return _blend(0.5 + 0.5 * np.sin(2 * np.pi * wave), shade(colour, 0.55), shade(colour, 1.25))


def _paper(rng: np.random.Generator, h: int, w: int) -> Field:
    base = shade(_pick(rng, _CLOTHES), _between(rng, 0.7, 1.0))
    ink, step = shade(base, _pick(rng, (0.6, 1.4))), int(_between(rng, 0.08, 0.2) * w)
    board = np.full((h, w, 3), base, np.float32)
    kind = int(rng.integers(3))
    for index, y in enumerate(range(0, h + step, step)):
        for x in range(-(index % 2) * step // 2, w + step, step):
            if kind == 0:
                cv2.circle(board, (x, y), step // 5, ink, -1, cv2.LINE_AA)
            elif kind == 1:
                cv2.polylines(
                    board,
                    [np.array([(x, y), (x + step // 2, y + step // 2), (x, y + step), (x - step // 2, y + step // 2)])],
                    True,
                    ink,
                    2,
                    cv2.LINE_AA,
                )
            else:
                cv2.rectangle(board, (x, 0), (x + step // 3, h), ink, -1)
    shadow, side = _ramp(h, w)
    return board * (1.05 - 0.35 * np.abs(side - rng.uniform(0, 1)) - 0.2 * shadow)[:, :, None]


def _studio(rng: np.random.Generator, h: int, w: int) -> Field:
    y, x = _ramp(h, w)
    colour = _pick(
        rng, ((150, 150, 154), (96, 120, 140), (160, 120, 90), (110, 130, 104), (140, 100, 130), (190, 170, 130))
    )
    far = np.hypot(x - rng.uniform(0.2, 0.8), y - rng.uniform(0.1, 0.7))
    return _blend(far * 1.2 + 0.12 * fractal(rng, h, w, 3), shade(colour, 1.3), shade(colour, 0.35))


_SCENES: tuple[tuple[Callable[[np.random.Generator, int, int], Field], float], ...] = (
    (_open_air, 3.0), (_sea, 3.0), (_wall, 1.0), (_wall, 3.0), (_room, 5.0), (_room, 2.5), (_shelves, 3.0), (_shelves, 1.2),
    (_lights, 2.0), (_leaves, 2.5), (_leaves, 5.0), (_street, 3.5), (_street, 1.8), (_bricks, 1.0), (_cloth, 1.0), (_paper, 0.8),
    (_studio, 1.0),
)  # fmt: skip


# The camera


def expose(rng: np.random.Generator, pixels: Pixels) -> Pixels:
    """Light from one side, white balance, the lens's falling-off, exposure, and the sensor's grain."""
    h, w = pixels.shape[:2]
    y, x = _ramp(h, w)
    angle, strength = rng.uniform(0, 2 * np.pi), _between(rng, 0.0, 0.5)
    light = 1 + strength * ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle))
    light *= 1 - _between(rng, 0.0, 0.55) * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    warmth = _between(rng, -0.07, 0.09)
    image = pixels.astype(np.float32) * light[:, :, None] * np.array((1 + warmth, 1.0, 1 - warmth), np.float32)
    if _chance(rng, 0.08):
        image[:] = image.mean(axis=2, keepdims=True)
    low, high = np.percentile(image[::3, ::3], (1, 99))
    black, white = _between(rng, 4, 34), _between(rng, 205, 250)
    image = black + (image - low) * ((white - black) / max(float(high - low), 1.0))
    grain = rng.standard_normal((h, w, 1), dtype=np.float32) * _between(rng, 2.0, 6.5)
    speckle = rng.standard_normal((h, w, 3), dtype=np.float32) * _between(rng, 0.8, 2.5)
    return np.clip(image + grain + speckle, 0, 255).astype(np.uint8)
