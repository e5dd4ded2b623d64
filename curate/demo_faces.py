"""Portraits drawn in code: faces of nobody, so that the demo carries no photo of anybody.

A portrait is made like a photo: a scene out of focus, a sitter with a mood before it, then the camera
with its light, exposure and grain. Sitters are described in units of half a head's height, x to the right
and y down, the origin between the eyes; a `Frame` puts them on the canvas.

Invariant: a portrait is a pure function of its generator, expression and size.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from curate.picture import Pixels

Points = npt.NDArray[np.float64]
Field = npt.NDArray[np.float32]
Colour = tuple[float, float, float]
Expression = Literal["Angry", "Happy", "Sad"]
Rng = np.random.Generator

SUPERSAMPLE = 2
"""Portraits are drawn at this many times their size and area-averaged down."""
_SHIFT = 4  # fractional bits of OpenCV's fixed-point coordinates
_TONE_SCALE = 8  # soft light and shade are computed at an eighth of the canvas


def portrait(rng: Rng, expression: Expression, width: int, height: int) -> Pixels:
    """A person of that expression, (height, width, 3) uint8 RGB."""
    rows, columns = height * SUPERSAMPLE, width * SUPERSAMPLE
    sitter = _sitter(rng, expression)
    canvas = Canvas(scene(rng, rows, columns), _framing(rng, rows, columns))
    _draw(canvas, sitter, rng)
    return expose(rng, _pixels(cv2.resize(canvas.pixels, (width, height), interpolation=cv2.INTER_AREA)))


# Drawing


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
        # Where nothing of the outline is in the picture, one pixel is drawn on and put back as it was.
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


_CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 40)), np.sin(np.linspace(0, 2 * np.pi, 40))], axis=1)


def oval(x: float, y: float, across: float, down: float, turn: float = 0.0) -> Points:
    """An ellipse with those half axes, turned clockwise by `turn` radians."""
    sine, cosine = np.sin(turn), np.cos(turn)
    turned: Points = (_CIRCLE * (across, down)) @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y)
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


def _between(rng: Rng, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _pick(rng: Rng, options: Sequence[Any]) -> Any:
    return options[int(rng.integers(len(options)))]


def _chance(rng: Rng, share: float) -> bool:
    return bool(rng.random() < share)


def _pixels(array: Any) -> Pixels:
    return np.asarray(array, dtype=np.uint8)


# The sitter

_SKINS: tuple[Colour, ...] = (
    (248, 219, 196), (240, 204, 176), (228, 186, 152), (214, 166, 128),
    (188, 136, 98), (152, 104, 72), (116, 78, 54), (92, 62, 46),
)  # fmt: skip
_HAIRS: tuple[Colour, ...] = (
    (30, 26, 26), (46, 33, 28), (66, 44, 32), (92, 60, 38), (124, 62, 34), (158, 84, 42),
    (186, 144, 88), (214, 184, 130), (146, 144, 142), (196, 194, 190),
)  # fmt: skip
_DYES: tuple[Colour, ...] = ((196, 92, 140), (70, 110, 170), (60, 140, 130), (150, 60, 60))
_IRISES: tuple[Colour, ...] = ((72, 46, 30), (92, 62, 38), (96, 116, 66), (76, 120, 156), (98, 130, 138), (118, 90, 46))
_CLOTHES: tuple[Colour, ...] = (
    (38, 52, 84), (148, 44, 48), (46, 88, 70), (222, 216, 204), (60, 60, 66), (204, 152, 62), (96, 66, 108),
    (122, 152, 172), (184, 104, 80), (228, 178, 176), (84, 96, 58), (30, 110, 130), (170, 170, 176), (236, 206, 120),
)  # fmt: skip
_RIMS: tuple[Colour, ...] = ((30, 26, 28), (96, 58, 34), (150, 120, 70), (120, 30, 40), (40, 60, 90))
_WHITE: Colour = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hairdo:
    """Hairline from the right temple to the left, what hangs behind the head, and how it lies.

    Widths are in half head widths. `both` draws the part behind once on each side, `one` on one side only.
    """

    line: str = ""
    behind: str = ""
    place: Literal["whole", "both", "one"] = "whole"
    volume: float = 1.12
    curls: float = 0.0
    wear: Literal["hair", "scarf", "beanie", "cap"] = "hair"


_PULLED = "1,-.1 .88,-.42 .5,-.68 0,-.74 -.5,-.68 -.88,-.42 -1,-.1"
_SHORT = ".99,-.05 .9,-.38 .62,-.6 .2,-.68 -.2,-.68 -.62,-.6 -.9,-.38 -.99,-.05"
_CURTAINS = "1.08,1.1 .99,.3 .85,-.3 .42,-.66 .03,-.86 -.4,-.66 -.85,-.3 -.99,.3 -1.08,1.1"
_HAIRDOS: dict[str, Hairdo] = {
    "short": Hairdo(line=_SHORT),
    "fringe": Hairdo(line="1,.05 .93,-.3 .7,-.36 .42,-.42 .15,-.35 -.2,-.43 -.5,-.36 -.93,-.3 -1,.05", volume=1.14),
    "parted": Hairdo(line=".99,0 .92,-.4 .66,-.72 .45,-.8 .1,-.55 -.4,-.5 -.88,-.38 -.99,0", volume=1.14),
    "buzz": Hairdo(line=".99,-.15 .9,-.42 .7,-.64 .2,-.7 -.2,-.7 -.7,-.64 -.9,-.42 -.99,-.15", volume=1.02),
    "bald": Hairdo(),
    "long": Hairdo(line=_CURTAINS, behind="0,-1.19 .6,-1.1 1.02,-.74 1.16,-.2 1.24,.5 1.34,1.3 1.3,1.9 .7,2.05"),
    "waves": Hairdo(
        line="1.1,1 1.02,.2 .9,-.35 .5,-.75 .35,-.84 -.1,-.6 -.6,-.5 -.93,-.2 -1.04,.3 -1.1,1",
        behind="0,-1.19 .6,-1.12 1.05,-.74 1.22,-.2 1.18,.2 1.42,.6 1.34,.95 1.56,1.35 1.2,1.6 .6,1.5",
    ),
    "bob": Hairdo(
        line="1.03,.7 .95,.1 .86,-.36 .4,-.48 0,-.42 -.4,-.5 -.86,-.36 -.95,.1 -1.03,.7",
        behind="0,-1.19 .6,-1.12 1.04,-.74 1.2,-.1 1.32,.5 1.34,.85 .9,.98",
    ),
    "curly": Hairdo(line=_SHORT, curls=1.14),
    "afro": Hairdo(line=_SHORT, curls=1.34),
    "bun": Hairdo(line=_PULLED, behind="0,-1.55 .3,-1.46 .44,-1.22 .32,-1 0,-.9", volume=1.05),
    "tail": Hairdo(
        line=_PULLED, behind=".3,-1 1,-1 1.6,-.5 1.5,.3 1.3,1 1.2,.3 1,-.3 .6,-.6", place="one", volume=1.05
    ),
    "plaits": Hairdo(
        line=_CURTAINS,
        behind=".8,.1 1.15,.1 1.3,.35 1.12,.52 1.34,.72 1.16,.9 1.36,1.12 1.18,1.28 1.34,1.5 1.1,1.95 "
        "1,1.5 1.1,1.28 .92,1.1 1.08,.9 .9,.72 1.04,.52 .86,.35 .8,.1",
        place="both",
    ),
    "scarf": Hairdo(behind="0,-1.22 .7,-1.12 1.12,-.7 1.24,0 1.28,.8 2,1.75 0,2.5", wear="scarf"),
    "beanie": Hairdo(wear="beanie"),
    "cap": Hairdo(wear="cap"),
}
_ANYBODY = (*_HAIRDOS, "short", "parted", "long", "long", "waves", "waves", "bob", "curly", "bun")
_BEARDED = ("short", "short", "fringe", "parted", "parted", "buzz", "bald", "curly", "beanie", "cap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """What the muscles do, in units; the brows' ends count downward, the mouth's corners upward."""

    brow_inner: float
    brow_outer: float
    lids: float
    squint: float
    slant: float = 0.0
    gaze: float = 0.0
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
    """One person: mood, looks, dress, and the way the head is turned."""

    mood: Mood
    skin: Colour
    hair: Colour
    iris: Colour
    hairdo: str
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
    rims: Colour
    beard: Literal["none", "stubble", "moustache", "full"]
    freckles: bool
    aged: bool
    dress: Literal["crew", "vee", "shirt", "jacket", "hood", "roll"]
    cloth: Colour
    accent: Colour
    pattern: Literal["plain", "stripes", "check", "dots"]

    @property
    def lit(self) -> float:
        """The side the light comes from, -1 or 1."""
        return 1.0 if self.light > 0 else -1.0

    def face(self, points: Points) -> Points:
        """Points on the face as they appear on the turned head."""
        rim = self.width * 1.08
        angle = np.arcsin(np.clip(points[:, 0] / rim, -1, 1)) + self.yaw
        return np.stack([rim * np.sin(angle), points[:, 1] + self.pitch], axis=1)

    def outline(self, wide: float = 1.0, tall: float = 1.0, reach: float = np.pi) -> Points:
        """The head's edge, grown, from -`reach` to `reach` radians off the crown."""
        angle = np.linspace(-reach, reach, 72)
        y = -np.cos(angle)
        below = np.clip(y, 0, 1)
        x = np.sign(angle) * np.abs(np.sin(angle)) ** 0.94 * self.width * (1 - self.jaw * below**2)
        return np.stack([x * wide + 0.22 * self.yaw * below, y * tall], axis=1)


def _mood(rng: Rng, expression: Expression) -> Mood:
    b = partial(_between, rng)
    if expression == "Happy":
        gape = _pick(rng, (0.0, b(0.07, 0.13), b(0.12, 0.24), b(0.12, 0.24)))
        return Mood(
            brow_inner=b(-0.08, -0.02), brow_outer=b(-0.05, 0.01), lids=b(0.65, 0.95), squint=b(0.15, 0.9),
            gaze=b(-0.1, 0.1), corners=b(0.10, 0.16), gape=gape, mouth=b(0.29, 0.37),
            teeth="upper" if gape else "none", cheeks=1.0, flush=b(0.1, 0.5),
        )  # fmt: skip
    if expression == "Angry":
        gape = _pick(rng, (0.0, b(0.09, 0.14), b(0.2, 0.34)))
        return Mood(
            brow_inner=b(0.08, 0.13), brow_outer=b(-0.14, -0.06), lids=b(0.7, 0.98), squint=b(0.1, 0.4),
            slant=b(0.045, 0.07), corners=b(-0.11, -0.06), gape=gape, mouth=b(0.22, 0.3),
            teeth="both" if 0 < gape < 0.15 else "upper" if gape else "none", furrow=b(0.7, 1.0), flush=b(0.3, 1.0),
        )  # fmt: skip
    return Mood(
        brow_inner=b(-0.13, -0.09), brow_outer=b(0.05, 0.09), lids=b(0.55, 0.85), squint=b(0.0, 0.25),
        slant=b(-0.05, -0.03), gaze=b(0.1, 0.6), corners=b(-0.12, -0.07), mouth=b(0.19, 0.26),
        gape=_pick(rng, (0.0, 0.0, 0.0, b(0.04, 0.07))), flush=b(0.0, 0.3), furrow=b(0.0, 0.35), tear=_chance(rng, 0.4),
    )  # fmt: skip


def _sitter(rng: Rng, expression: Expression) -> Sitter:
    b = partial(_between, rng)
    tone = b(0, len(_SKINS) - 1.001)
    bearded, aged = _chance(rng, 0.28), _chance(rng, 0.2)
    hair = _pick(rng, _HAIRS[8:] if aged else _HAIRS[: 4 if tone > 4 else 8])
    if not bearded and _chance(rng, 0.05):
        hair = _pick(rng, _DYES)
    return Sitter(
        mood=_mood(rng, expression), skin=mix(_SKINS[int(tone)], _SKINS[int(tone) + 1], tone % 1),
        hair=shade(hair, b(0.85, 1.15)), iris=_pick(rng, _IRISES[:2] if tone > 3.5 else _IRISES),
        hairdo=_pick(rng, _BEARDED if bearded else _ANYBODY),
        width=b(0.7, 0.8), jaw=b(0.16, 0.36), eyes=b(0.165, 0.195), nose=b(0.1, 0.145), lips=b(0.035, 0.075),
        brows=b(0.045, 0.085), yaw=float(np.clip(rng.normal(0, 0.2), -0.42, 0.42)), pitch=b(-0.07, 0.09),
        light=_pick(rng, (-1, 1)) * b(0.4, 1.0), glasses=_pick(rng, ("none",) * 6 + ("round", "square")),
        rims=_pick(rng, _RIMS), beard=_pick(rng, ("stubble", "moustache", "full", "full")) if bearded else "none",
        freckles=tone < 2.5 and _chance(rng, 0.2), aged=aged,
        dress=_pick(rng, ("crew", "crew", "vee", "shirt", "jacket", "hood", "roll")),
        cloth=shade(_pick(rng, _CLOTHES), b(0.75, 1.15)), accent=_pick(rng, _CLOTHES),
        pattern=_pick(rng, ("plain", "plain", "plain", "stripes", "check", "dots")),
    )  # fmt: skip


def _framing(rng: Rng, rows: int, columns: int) -> Frame:
    """From half-length to close-up, anywhere in the picture where most of the head is seen."""
    unit = min(_between(rng, 0.2, 0.43) * rows, 0.52 * columns)
    x = _between(rng, min(0.8 * unit, columns / 2), max(columns - 0.8 * unit, columns / 2))
    top, bottom = 1.05 * unit, rows - 0.95 * unit
    y = min(_between(rng, min(top, bottom), max(top, bottom)), 0.42 * rows + 0.35 * unit)
    tilt = float(np.clip(rng.normal(0, 0.13), -0.35, 0.35))
    return Frame(x=0.65 * x + 0.35 * columns / 2, y=y + 0.9 * unit, unit=unit, tilt=tilt)


def _draw(canvas: Canvas, sitter: Sitter, rng: Rng) -> None:
    body = Canvas(canvas.pixels, replace(canvas.frame, tilt=canvas.frame.tilt * 0.2))
    _hair_behind(canvas, sitter, rng)
    neck = _body(body, sitter, rng)
    skull, ears = sitter.outline(), list(_ears(sitter))
    for ear in ears:
        canvas.fill(ear, shade(sitter.skin, 0.93))
    canvas.fill(skull, sitter.skin)
    tone = Tone(canvas)
    _model(tone, sitter)
    tone.grain(rng, 0.035, 12)
    tone.apply(_pixels(cv2.max(canvas.mask([skull, *ears]), body.mask([neck]))))
    _features(canvas, sitter, rng)
    _mouth(canvas, sitter)
    _facial_hair(canvas, sitter, rng)
    if sitter.mood.tear:
        _tear(canvas, sitter)
    if _HAIRDOS[sitter.hairdo].wear == "hair":
        _hair_before(canvas, sitter, rng)
    else:
        _headgear(canvas, sitter, rng)
    _brows(canvas, sitter)
    if sitter.glasses != "none":
        _glasses(canvas, sitter)


def _ears(sitter: Sitter) -> Iterator[Points]:
    for side in (-1, 1):
        seen = 1 + side * sitter.yaw * 1.6
        if seen > 0.45 and sitter.hairdo not in ("scarf", "long", "waves"):
            x = side * sitter.width * 0.99 - 0.1 * sitter.yaw
            yield oval(x, 0.1 + sitter.pitch / 2, 0.1 * seen, 0.19, side * 0.2)


def _model(tone: Tone, sitter: Sitter) -> None:
    """Round the head off with light and shade, and give the skin its colour."""
    mood, face, lit = sitter.mood, sitter.face, sitter.lit
    deep: Colour = (0.62, 0.5, 0.46)
    tone.add(oval(-lit * sitter.width * 1.02, 0.25, 0.3, 1.0), mix(_WHITE, deep, 0.85 * abs(sitter.light)), 0.16)
    tone.add(oval(0, 1.02, 0.66, 0.16), mix(_WHITE, deep, 0.5), 0.1)
    for x, y, across, down, gain in (
        (0.22, -0.5, 0.3, 0.2, 1.11),
        (0.44, 0.2, 0.14, 0.12, 1.07),
        (0, 0.84, 0.14, 0.08, 1.06),
    ):
        tone.add(face(oval(lit * x, y, across, down)), (gain, gain - 0.01, gain - 0.02), down * 0.7)
    for eye in (-1, 1):
        tone.add(face(oval(eye * 0.32, -0.08, 0.21, 0.14)), (0.86, 0.79, 0.78), 0.06)
        rosy = 0.3 + 0.4 * mood.cheeks + 0.3 * mood.flush
        tone.add(
            face(oval(eye * 0.42, 0.3 - 0.05 * mood.cheeks, 0.15, 0.11)), mix(_WHITE, (1.02, 0.79, 0.78), rosy), 0.1
        )
        fold = curve((eye * 0.2, 0.4), (eye * 0.36, 0.52), (eye * 0.4, 0.68), (eye * 0.3, 0.62))
        tone.add(face(fold), mix(_WHITE, (0.8, 0.7, 0.68), 0.25 + 0.75 * mood.cheeks), 0.03)
    flank = curve((0, -0.12), (-lit * 0.1, 0.15), (-lit * sitter.nose * 1.25, 0.36), (0, 0.38))
    tone.add(face(flank), (0.82, 0.74, 0.72), 0.035)
    tone.add(face(curve((lit * 0.01, -0.15), (lit * 0.03, 0.2), (-lit * 0.02, 0.2))), (1.1, 1.09, 1.08), 0.03)
    tone.add(face(oval(0, 0.3, 0.06, 0.05)), (1.12, 1.1, 1.09), 0.03)
    tone.add(face(oval(0, 0.42, sitter.nose, 0.04)), (0.72, 0.62, 0.6), 0.035)
    tone.add(face(oval(0, 0.75 + mood.gape, 0.14, 0.03)), (0.76, 0.68, 0.67), 0.04)
    if mood.flush > 0.5:
        tone.add(sitter.outline(0.9, 0.9), (1.05, 0.93, 0.92), 0.15)
    if sitter.beard in ("stubble", "full"):
        hue = [hair / max(skin, 1.0) for hair, skin in zip(sitter.hair, sitter.skin, strict=True)]
        tone.add(_beard(sitter), mix(_WHITE, (hue[0], hue[1], hue[2]), 0.85 if sitter.beard == "full" else 0.35), 0.05)
    # The neck lies in the shadow of the chin.
    tone.add(oval(0.2 * sitter.yaw, 1.16, 0.62, 0.24), (0.6, 0.5, 0.47), 0.1)


# Face


def _line(sitter: Sitter, strength: float) -> Colour:
    """The colour of a fold in the skin."""
    return mix(sitter.skin, mix(shade(sitter.skin, 0.55), (70, 28, 24), 0.25), strength)


def _features(canvas: Canvas, sitter: Sitter, rng: Rng) -> None:
    face, mood = sitter.face, sitter.mood
    if sitter.freckles:
        spots = face(rng.normal((0, 0.22), (0.3, 0.1), (40, 2)))
        canvas.discs(spots, np.full(40, 0.012), [mix(sitter.skin, (150, 86, 52), 0.5)] * 40)
    folds: list[tuple[str, float, float]] = []
    if mood.cheeks:
        folds.append((".19,.36 .34,.48 .41,.62", 0.5, 0.02))
    if sitter.aged:
        folds += [(".54,-.02 .62,0", 0.45, 0.012), (".54,.03 .62,.1", 0.45, 0.012)]
    if mood.furrow > 0.5:
        folds.append((".05,-.16 .075,-.26 .045,-.36", 0.75, 0.022))
    if sitter.aged or mood.brow_inner < -0.08:
        folds += [("0,-.65 .14,-.64 .28,-.62", 0.35, 0.014), ("0,-.56 .14,-.55 .26,-.53", 0.35, 0.014)]
    nose = sitter.nose
    for eye in (-1, 1):
        _eye(canvas, sitter, eye)
        canvas.fill(face(oval(eye * nose * 0.5, 0.405, 0.034, 0.018, eye * -0.3)), shade(_line(sitter, 1.0), 0.7))
        wing = curve((eye * nose * 0.78, 0.28), (eye * nose * 1.12, 0.36), (eye * nose * 0.86, 0.42))
        canvas.ribbon(face(wing), _line(sitter, 0.75), (0.004, 0.018, 0.006))
        for line, strength, width in folds:
            canvas.ribbon(face(path(line, False) * (eye, 1)), _line(sitter, strength), (0.004, width, 0.004))


def _eye(canvas: Canvas, sitter: Sitter, side: int) -> None:
    mood, half, face = sitter.mood, sitter.eyes, sitter.face
    x, y = side * 0.335, -0.02
    rise, fall = 0.13 * mood.lids, 0.072 - 0.1 * mood.squint

    def at(along: float, lift: float) -> tuple[float, float]:
        """`along` goes from -1 at the inner corner to 1 at the outer; the mood slants the eye."""
        return x + side * half * along, y - lift - mood.slant * along * 0.6

    upper = curve(
        at(-1, -0.03), at(-0.55, rise * 0.75 - mood.slant * 0.3), at(0.05, rise), at(0.6, rise * 0.7), at(1, 0.0)
    )
    lower = curve(at(1, 0.0), at(0.55, -fall * 0.8), at(0, -fall), at(-0.55, -fall * 0.75), at(-1, -0.03))
    almond = face(np.concatenate([upper, lower]))
    radius, middle = half * 0.55, y - 0.02 + 0.05 * mood.gaze
    with canvas.clip(almond) as inner:
        inner.fill(almond, mix((238, 234, 230), sitter.skin, 0.1))
        for share, colour in ((1.0, shade(sitter.iris, 0.5)), (0.86, sitter.iris), (0.45, (14.0, 12.0, 14.0))):
            inner.fill(face(oval(x, middle, radius * share, radius * share)), colour)
            if share == 0.86:
                inner.fill(face(oval(x, middle + radius * 0.4, radius * 0.55, radius * 0.35)), shade(sitter.iris, 1.45))
        inner.ribbon(face(moved(upper, 0, 0.02)), mix(shade(sitter.skin, 0.45), (60, 50, 50), 0.5), (0.02, 0.045, 0.03))
        inner.fill(face(oval(x + sitter.lit * 0.032, middle - 0.032, 0.023, 0.023)), (250, 250, 252))
    lash = (0.012, 0.04, 0.03) if sitter.beard == "none" else (0.012, 0.026, 0.018)
    canvas.ribbon(face(upper), mix((26, 18, 18), sitter.hair, 0.25), lash)
    canvas.ribbon(face(lower), _line(sitter, 0.7), (0.008, 0.014, 0.006))
    canvas.ribbon(face(moved(upper, 0, -0.045 - 0.02 * mood.lids)), _line(sitter, 0.55), (0.003, 0.014, 0.004))
    if mood.squint > 0.5 or sitter.aged:
        bag = curve((x - side * half * 0.7, y + 0.095), (x, y + 0.12), (x + side * half * 0.75, y + 0.085))
        canvas.ribbon(face(bag), _line(sitter, 0.35), (0.003, 0.014, 0.003))


def _brows(canvas: Canvas, sitter: Sitter) -> None:
    mood, thick = sitter.mood, sitter.brows
    colour = mix(shade(sitter.hair, 0.8), sitter.skin, 0.08)
    for side in (-1, 1):
        inner = (side * (0.15 - 0.2 * max(mood.brow_inner, 0)), -0.27 + mood.brow_inner)
        middle = (side * 0.34, -0.33 + 0.25 * (mood.brow_inner + mood.brow_outer))
        outer = (side * 0.53, -0.27 + mood.brow_outer)
        line = sitter.face(curve(inner, middle, outer))
        canvas.ribbon(line, colour, (thick * 0.8, thick, thick * 0.7, thick * 0.15))


def _mouth(canvas: Canvas, sitter: Sitter) -> None:
    mood, face, lips = sitter.mood, sitter.face, sitter.lips
    t = np.linspace(-1, 1, 33)
    x, arch = mood.mouth * t, 1 - t**2
    middle = 0.6 + mood.corners * (0.6 * arch - 0.8 * t**2)
    above, below = (0.5 * (1 - t**6),) * 2 if mood.teeth == "both" else (0.25 * arch, 0.95 * arch**0.7)
    top, bottom = middle - mood.gape * above, middle + mood.gape * below
    bow = 1 - 0.3 * np.exp(-((t / 0.16) ** 2))
    red = mix(shade(sitter.skin, 0.82), (172, 62, 70), 0.4 if sitter.beard == "none" else 0.22)

    def along(y: Points) -> Points:
        return face(np.stack([x, y], axis=1))

    def between(upper: Points, lower: Points) -> Points:
        return np.concatenate([along(upper), along(lower)[::-1]])

    canvas.fill(between(top - lips * 0.75 * arch**0.6 * bow, top), shade(red, 0.86))
    canvas.fill(between(bottom, bottom + lips * arch**0.6), red)
    canvas.ribbon(along(bottom + lips * 0.55)[10:23], shade(red, 1.18), (0.002, lips * 0.3, 0.002))
    if mood.gape:
        cavity = between(top, bottom)
        with canvas.clip(cavity) as inner:
            inner.fill(cavity, (64, 18, 24))
            tongue = 0.64 + mood.corners * 0.6 + mood.gape * 0.95
            inner.fill(face(oval(0, tongue, mood.mouth * 0.6, mood.gape * 0.4)), (184, 84, 88))
        if mood.teeth != "none":
            depth = np.minimum(0.085, 0.62 * (bottom - top)) * (1 - t**6)
            _teeth(canvas, sitter, cavity if mood.teeth == "both" else between(top, top + depth))
        if mood.teeth == "both":
            canvas.stroke(along(middle)[2:-2], (120, 96, 90), 0.014)
    else:
        canvas.ribbon(along(middle), mix(_line(sitter, 1.0), (60, 16, 20), 0.5), (0.012, 0.024, 0.02, 0.024, 0.012))
    for side in (-1, 1):
        corner, lift = side * mood.mouth * 1.02, 0.6 - mood.corners * 0.8
        dent = curve((corner, lift - 0.03), (corner + side * 0.022, lift), (corner, lift + 0.035))
        canvas.ribbon(face(dent), _line(sitter, 0.6), (0.003, 0.016, 0.003))


def _teeth(canvas: Canvas, sitter: Sitter, outline: Points) -> None:
    with canvas.clip(outline) as inner:
        inner.fill(outline, (240, 234, 222))
        for x in np.arange(-5, 5) * 0.062 + 0.031:
            inner.stroke(sitter.face(np.array([(x, 0.3), (x, 1.0)])), (208, 198, 186), 0.006)


def _tear(canvas: Canvas, sitter: Sitter) -> None:
    flip = np.array((sitter.lit, 1))
    canvas.ribbon(
        sitter.face(path(".36,.07 .39,.22 .385,.36", False) * flip),
        mix(sitter.skin, (226, 238, 250), 0.4),
        (0.012, 0.026, 0.034),
    )
    drop = path(".385,.3 .425,.4 .385,.45 .345,.4 .385,.3", False)
    canvas.fill(sitter.face(drop * flip), mix(sitter.skin, (206, 228, 250), 0.75))
    canvas.fill(sitter.face(oval(0.378, 0.4, 0.012, 0.02) * flip), (252, 254, 255))


def _glasses(canvas: Canvas, sitter: Sitter) -> None:
    face, flat = sitter.face, 1.0 if sitter.glasses == "round" else 0.4
    corner = (
        np.sign(_CIRCLE) * np.abs(_CIRCLE) ** flat * ((0.235, 0.22) if sitter.glasses == "round" else (0.245, 0.175))
    )
    for side in (-1, 1):
        lens = face(moved(corner, side * 0.345, 0))
        with canvas.clip(lens, 0.14) as inner:
            glare = np.array([(-0.16, 0.3), (0.1, -0.3), (0.17, -0.3), (-0.09, 0.3)])
            inner.fill(face(moved(glare, side * 0.345, 0)), (255, 255, 255))
        canvas.stroke(lens, sitter.rims, 0.03, closed=True)
        canvas.stroke(face(np.array([(side * 0.58, -0.04), (side * sitter.width, -0.02)])), sitter.rims, 0.03)
    canvas.stroke(face(path(".11,-.02 0,-.06")), sitter.rims, 0.03)


# Hair, beard and headgear


def _beard(sitter: Sitter) -> Points:
    """The beard's outline: along the jaw, then back above the mouth."""
    jaw = sitter.outline(1.0, 1.05)
    low = jaw[jaw[:, 1] > 0.12]
    return np.concatenate(
        [low[low[:, 0] >= 0][::-1], sitter.face(path(".54,.42 .4,.56 .2,.47"))[::-1], low[low[:, 0] < 0][::-1]]
    )


def _facial_hair(canvas: Canvas, sitter: Sitter, rng: Rng) -> None:
    if sitter.beard == "full":
        jaw = sitter.outline(1.0, 1.05)
        roots = jaw[jaw[:, 1] > 0.2] * (0.93, 0.95)
        roots = roots[rng.integers(len(roots), size=90)] + rng.normal(0, 0.05, (90, 2))
        tips = roots + np.stack([rng.normal(0, 0.03, 90) + 0.05 * roots[:, 0], np.full(90, 0.08)], axis=1)
        tints = [shade(sitter.hair, light) for light in rng.uniform(0.75, 1.25, 90).tolist()]
        canvas.strokes(np.stack([roots, tips], axis=1), tints, 0.012)
    if sitter.beard in ("moustache", "full"):
        droop = sitter.mood.corners * 0.3
        lip = curve((-0.27, 0.585 - droop), (-0.15, 0.5), (0, 0.475), (0.15, 0.5), (0.27, 0.585 - droop),
                    (0.12, 0.565), (0, 0.55), (-0.12, 0.565), (-0.27, 0.585 - droop))  # fmt: skip
        canvas.fill(sitter.face(lip), shade(sitter.hair, 0.95))
        _strands(canvas, sitter.face(lip), sitter.hair, (0.0, 0.3), rng, 30)


def _strands(canvas: Canvas, outline: Points, hair: Colour, crown: tuple[float, float], rng: Rng, count: int) -> None:
    """Hairs from about the crown to the outline's edge, a little lighter and darker than the hair."""
    ends = outline[rng.integers(len(outline), size=count)]
    starts = np.array(crown) + rng.normal(0, 0.12, (count, 2)) * (1.6, 0.5)
    bends = (starts + ends) / 2 + np.stack([np.sign(ends[:, 0] - crown[0]) * 0.16, np.full(count, -0.12)], axis=1)
    t = np.linspace(0, 1, 9)[:, None, None]
    lines = ((1 - t) ** 2 * starts + 2 * t * (1 - t) * bends + t**2 * ends).swapaxes(0, 1)
    tints = [shade(hair, light) for light in rng.uniform(0.78, 1.22, count).tolist()]
    with canvas.clip(outline) as inner:
        inner.strokes(lines, tints, 0.01)


def _curls(canvas: Canvas, spots: Points, hair: Colour, rng: Rng) -> None:
    radii = rng.uniform(0.05, 0.1, len(spots))
    tints = [shade(hair, light) for light in rng.uniform(0.68, 1.18, len(spots)).tolist()]
    spots, radii = np.repeat(spots, 2, axis=0), np.repeat(radii, 2)
    spots[1::2] += radii[1::2, None] * (-0.15, -0.2)
    radii[1::2] *= 0.55
    canvas.discs(spots, radii, [tint for base in tints for tint in (base, shade(base, 1.14))])


def _hair_behind(canvas: Canvas, sitter: Sitter, rng: Rng) -> None:
    style = _HAIRDOS[sitter.hairdo]
    dark = shade(sitter.accent if style.wear == "scarf" else sitter.hair, 0.75)
    if style.curls:
        rim = sitter.outline(style.curls, style.curls, 2.1)
        canvas.fill(rim, dark)
        _curls(canvas, rim[rng.integers(len(rim), size=150)] * rng.uniform(0.7, 1.04, (150, 1)), dark, rng)
    if not style.behind:
        return
    sides = {"whole": (1.0,), "both": (-1.0, 1.0), "one": (-sitter.lit,)}[style.place]
    fall = _between(rng, 0.85, 1.15) if style.place == "whole" and style.wear == "hair" else 1.0
    for side in sides:
        outline = path(style.behind, style.place == "whole") * (side * sitter.width, 1)
        outline[:, 1] = np.where(outline[:, 1] > 0.3, 0.3 + fall * (outline[:, 1] - 0.3), outline[:, 1])
        canvas.fill(outline, dark)
        if style.wear == "hair":
            _strands(canvas, outline, dark, (side * 0.5 if len(sides) > 1 else 0.0, -0.9), rng, 90)


def _hair_before(canvas: Canvas, sitter: Sitter, rng: Rng) -> None:
    style = _HAIRDOS[sitter.hairdo]
    if not style.line:
        return
    close = style.volume < 1.06
    line = path(style.line, False)
    shift = (0.3 * sitter.yaw, 0.6 * sitter.pitch + _between(rng, -0.03, 0.05))
    line = line * (sitter.width * sitter.lit, 1) + np.clip(1 - np.abs(line[:, :1]) ** 3, 0, 1) * shift
    reach = 1.62 if abs(line[0, 1]) < 0.3 else 1.75
    top = sitter.outline(1.02 if close else 1.06, style.volume * (1 if close else _between(rng, 0.97, 1.03)), reach)
    top = top[:: int(sitter.lit)] + rng.normal(0, 0.003 if close else 0.012, (72, 2))
    cap = np.concatenate([top, line])
    colour = mix(sitter.hair, sitter.skin, 0.3) if sitter.hairdo == "buzz" else sitter.hair
    canvas.fill(cap, colour)
    if style.curls:
        share = rng.uniform(0, 1, 120)
        outer, inner = top[(share * 71).astype(int)], line[::-1][(share * (len(line) - 1)).astype(int)]
        _curls(canvas, outer + (inner - outer) * rng.uniform(-0.2, 0.95, (120, 1)), sitter.hair, rng)
        return
    crown = (sitter.lit * 0.45 * sitter.width if sitter.hairdo == "parted" else 0.1 * sitter.yaw, -0.98)
    _strands(canvas, cap, colour, crown, rng, 60 if close else 140)
    tone = Tone(canvas)
    shine = moved(sitter.outline(0.8, 0.88, 0.9), sitter.light * 0.12, 0)
    tone.add(np.concatenate([shine, (shine * (1, 0.92))[::-1]]), (1.3, 1.28, 1.25), 0.06)
    tone.apply(canvas.mask([cap]))


def _headgear(canvas: Canvas, sitter: Sitter, rng: Rng) -> None:
    w, cloth, wear = sitter.width, sitter.accent, _HAIRDOS[sitter.hairdo].wear
    tone = Tone(canvas)
    if wear == "scarf":
        hole = moved(sitter.outline(0.93, 0.84), 0.15 * sitter.yaw, 0.24 * sitter.pitch)
        worn = np.concatenate([sitter.outline(1.13, 1.16), hole[::-1]])
        canvas.fill(worn, cloth)
        for angle in rng.uniform(-2.6, 2.6, 7):
            around = np.array((angle, angle + 0.3, angle + 0.7))
            tone.add(smooth(np.stack([np.sin(around) * w, -np.cos(around)], axis=1) * 1.1), (0.7, 0.7, 0.72), 0.025)
        tone.apply(canvas.mask([worn]))
        canvas.stroke(hole, shade(cloth, 0.7), 0.02, closed=True)
        return
    for side in (-1, 1):
        canvas.fill(path("1.03,-.55 1.04,0 .93,-.05 .9,-.5", False) * (side * w, 1), sitter.hair)
    low = -0.48 + 0.4 * sitter.pitch
    edge = moved(path("1.02,0 .5,-.1 0,-.13") * (w, 1), 0, low)
    worn = np.concatenate([sitter.outline(1.1, 1.17, 1.12), edge])
    canvas.fill(worn, cloth)
    tone.add(oval(-sitter.lit * w * 0.8, -0.8, 0.35, 0.5), (0.7, 0.7, 0.72), 0.15)
    tone.add(oval(sitter.lit * w * 0.4, -1.0, 0.2, 0.15), (1.2, 1.2, 1.2), 0.1)
    if wear == "beanie":
        for x in np.linspace(-0.95, 0.95, 15) * w:
            tone.add(
                curve((x * 0.75, -1.2), (x * 1.08, low), (x * 1.08 + 0.02, low), (x * 0.75, -1.2)),
                (0.8, 0.8, 0.8),
                0.008,
            )
    tone.apply(canvas.mask([worn]))
    if wear == "beanie":
        canvas.ribbon(moved(edge, 0, -0.06), shade(cloth, 0.82), (0.17, 0.19, 0.17))
    else:
        brim = moved(path("0,-.17 .92,-.02 .66,.14 0,.06") * (w, 1), 0.55 * sitter.yaw, low)
        canvas.fill(brim, shade(cloth, 0.66))


# Clothes

_NECKLINES = {"vee": (2.0, 0.0), "shirt": (1.65, 0.0), "jacket": (1.9, 0.0), "hood": (1.52, 0.12), "roll": (1.35, 0.1)}


def _body(canvas: Canvas, sitter: Sitter, rng: Rng) -> Points:
    """Neck, shoulders and clothes; returns the outline of the bare skin."""
    girth = 0.4 if sitter.beard == "none" else 0.47
    neck = path("1,.5 .98,1 1.12,1.3 1.9,1.55 0,2") * (girth, 1)
    canvas.fill(neck, shade(sitter.skin, 0.95))
    broad, slope = _between(rng, 1.45, 1.85), _between(rng, 1.5, 1.72)
    right = [(girth * 1.1, 1.26), (0.9, 1.43), (broad, slope), (broad + 0.22, 2.4), (broad + 0.3, 5.0)]
    dip, round_ = _NECKLINES.get(sitter.dress, (1.55, 0.12))
    half = curve((girth * 1.1, 1.26), (0.3, (1.26 + dip) / 2 + round_), (0, dip))
    scoop = np.concatenate([half, (half * (-1, 1))[::-1]])
    torso = curve(*right)
    garment = np.concatenate([(torso * (-1, 1)), torso[::-1], scoop])
    canvas.fill(garment, sitter.cloth)
    if sitter.pattern != "plain":
        with canvas.clip(garment) as inner:
            _pattern(inner, sitter)
    _trim(canvas, sitter, scoop, girth)
    tone = Tone(canvas)
    tone.add(oval(-sitter.lit * 1.5, 2.6, 0.7, 1.6), (0.6, 0.58, 0.6), 0.3)
    for x, y, drop in zip(rng.uniform(-1.5, 1.5, 6), rng.uniform(1.7, 3.1, 6), rng.uniform(0.3, 0.8, 6), strict=True):
        fold = curve((x, y), (x + 0.2 * drop, y + drop / 2), (x - 0.1, y + drop), (x + 0.1 * drop, y + drop / 2))
        tone.add(fold, (0.74, 0.73, 0.75), 0.05)
    tone.grain(rng, 0.07, 8)
    tone.apply(canvas.mask([garment]))
    return neck


def _pattern(canvas: Canvas, sitter: Sitter) -> None:
    for row, y in enumerate(np.arange(1.2, 5.0, 0.3)):
        if sitter.pattern == "dots":
            spots = np.stack([np.arange(-2.4, 2.4, 0.3) + 0.15 * (row % 2), np.full(16, y)], axis=1)
            canvas.discs(spots, np.full(16, 0.05), [sitter.accent] * 16)
        else:
            canvas.stroke(curve((-2.4, y + 0.1), (0, y + 0.2), (2.4, y + 0.1)), sitter.accent, 0.11)
    if sitter.pattern == "check":
        for x in np.arange(-2.4, 2.4, 0.4):
            canvas.stroke(np.array([(x, 1.1), (x, 5.0)]), mix(sitter.accent, sitter.cloth, 0.5), 0.08)


def _trim(canvas: Canvas, sitter: Sitter, scoop: Points, girth: float) -> None:
    """Collar, lapels, hood or hem."""
    cloth, dark, linen = sitter.cloth, shade(sitter.cloth, 0.7), (236.0, 234.0, 230.0)
    if sitter.dress in ("crew", "vee"):
        canvas.ribbon(scoop, dark, (0.05, 0.06, 0.05))
    if sitter.dress == "roll":
        canvas.fill(path("0,1.14 1.05,1.02 1.25,1.4 0,1.62") * (girth, 1), shade(cloth, 0.92))
        canvas.ribbon(path("1.1,1.22 0,1.36") * (girth, 1), dark, (0.01, 0.03, 0.01))
    if sitter.dress == "jacket":
        canvas.fill(np.array([(-0.42, 1.3), (0.42, 1.3), (0.3, 2.3), (0, 3.3), (-0.3, 2.3)]), linen)
        canvas.fill(np.array([(-0.09, 1.62), (0.09, 1.62), (0.15, 2.8), (0, 3.0), (-0.15, 2.8)]), sitter.accent)
    for side in (-1, 1):
        flip = np.array((side, 1))
        if sitter.dress in ("shirt", "jacket"):
            wing = np.array([(girth * 1.05, 1.14), (girth * 1.4, 1.4), (0.36, 1.88), (0.02, 1.62)]) * flip
            canvas.fill(wing, linen if sitter.dress == "jacket" else shade(cloth, 1.12))
            canvas.stroke(wing[1:], dark if sitter.dress == "shirt" else (170, 168, 166), 0.016)
        if sitter.dress == "jacket":
            lapel = np.array([(girth * 1.35, 1.36), (0.95, 1.75), (0.8, 2.0), (0.05, 3.2), (0.32, 2.1)]) * flip
            canvas.fill(lapel, shade(cloth, 1.15))
            canvas.stroke(lapel[1:4], dark, 0.02)
        if sitter.dress == "hood":
            canvas.fill(path(".39,1.1 .95,1.32 .85,1.65 .2,1.76 .3,1.5", False) * flip, shade(cloth, 0.85))
            canvas.stroke(path(".25,1.65 .27,2 .23,2.3", False) * flip, shade(cloth, 1.3), 0.03)
    if sitter.dress == "shirt":
        canvas.stroke(np.array([(0, 1.65), (0, 5.0)]), dark, 0.016)


# Scenes: (rows, columns, 3) float32, clipped afterwards


def fractal(rng: Rng, rows: int, columns: int, cells: int, octaves: int = 4) -> Field:
    """Noise of several octaves, about -1 to 1, the coarsest with `cells` cells along the longer side."""
    total = np.zeros((rows, columns), np.float32)
    for octave in range(octaves):
        scale = cells * 2**octave / max(rows, columns)
        grid = rng.standard_normal((max(2, round(rows * scale)), max(2, round(columns * scale))), dtype=np.float32)
        total += cv2.resize(grid, (columns, rows), interpolation=cv2.INTER_LINEAR) * np.float32(0.55 / 2**octave)
    return total


def scene(rng: Rng, rows: int, columns: int) -> Pixels:
    """Somewhere to stand: drawn small, thrown out of focus, enlarged to (rows, columns, 3) uint8."""
    h, w = max(8, rows // 2), max(8, columns // 2)
    paint, depth = _pick(rng, _SCENES)
    board = _pixels(np.clip(paint(rng, h, w), 0, 255))
    if _chance(rng, 0.5):
        board = np.ascontiguousarray(board[:, ::-1])
    focus = depth * _between(rng, 0.5, 1.1) * np.sqrt(h * w) / 300 + 0.2
    return _pixels(cv2.resize(cv2.GaussianBlur(board, (0, 0), focus), (columns, rows), interpolation=cv2.INTER_LINEAR))


def _ramp(h: int, w: int) -> tuple[Field, Field]:
    """How far down and how far right each pixel lies, 0 to 1."""
    down, right = np.linspace(0, 1, h, dtype=np.float32), np.linspace(0, 1, w, dtype=np.float32)
    return np.broadcast_to(down[:, None], (h, w)), np.broadcast_to(right, (h, w))


def _toward(x: Field, y: Field, angle: float) -> Field:
    """How far each pixel lies in a direction."""
    return np.asarray(x * np.cos(angle) + y * np.sin(angle), dtype=np.float32)


def _blend(share: Field, a: Colour, b: Colour) -> Field:
    """From `a` to `b` where `share`, (rows, columns), goes from 0 to 1."""
    part = np.clip(share, 0, 1)
    return np.asarray(
        cv2.merge([first + part * np.float32(second - first) for first, second in zip(a, b, strict=True)])
    )


def _uneven(board: Field, noise: Field) -> Field:
    return board * cv2.merge([1 + noise] * 3)


def _dress(rng: Rng, low: float = 0.7, high: float = 1.0) -> Colour:
    """The colour of something made by people."""
    return shade(_pick(rng, _CLOTHES), _between(rng, low, high))


def _box(board: Field, x: float, y: float, across: float, down: float, colour: Colour) -> None:
    cv2.rectangle(board, (int(x), int(y)), (int(x + across), int(y + down)), colour, -1)


def _open_air(rng: Rng, h: int, w: int) -> Field:
    y, _ = _ramp(h, w)
    zenith, haze, land = _pick(rng, (
        ((76, 132, 196), (196, 216, 232), (84, 116, 62)), ((120, 128, 140), (196, 196, 194), (92, 98, 78)),
        ((88, 70, 120), (244, 160, 104), (64, 52, 60)), ((60, 96, 150), (236, 196, 170), (120, 104, 70)),
        ((90, 160, 206), (214, 232, 238), (206, 186, 140)),
    ))  # fmt: skip
    clouds = np.clip(fractal(rng, h, w, 3) * 1.2, 0, 0.8) * np.clip(1.2 - y * 1.4, 0, 1)
    board = _blend(y * 1.5, zenith, haze)
    board += (246 - board) * clouds[:, :, None]
    for layer in range(3):
        ridge = _between(rng, 0.42, 0.6) + 0.14 * layer + 0.1 * fractal(rng, 1, w, 3)
        ground = np.full((h, w, 3), mix(mix(haze, land, 0.4), shade(land, 0.8), layer / 2), np.float32)
        board = np.where((y > ridge)[:, :, None], _uneven(ground, 0.14 * fractal(rng, h, w, 20, 3)), board)
    return board


def _sea(rng: Rng, h: int, w: int) -> Field:
    y, _ = _ramp(h, w)
    level, shore = _between(rng, 0.3, 0.5), _between(rng, 0.68, 0.95)
    board = _blend(y / level, _pick(rng, ((98, 150, 206), (150, 160, 176), (230, 150, 120))), (232, 228, 220))
    water = _blend((y - level) / (shore - level), (34, 84, 116), (88, 158, 164))
    foam = cv2.resize(fractal(rng, h, max(2, w // 8), 30), (w, h))
    water = _uneven(water, 0.16 * fractal(rng, h, w, 6)) + np.clip(foam - 0.7, 0, 1)[:, :, None] * 120
    board = np.where((y > level)[:, :, None], water, board)
    sand = _uneven(np.full((h, w, 3), (214, 190, 150), np.float32), 0.08 * fractal(rng, h, w, 30))
    return np.where((y > shore + 0.03 * fractal(rng, 1, w, 4))[:, :, None], sand, board)


def _wall(rng: Rng, h: int, w: int) -> Field:
    y, x = _ramp(h, w)
    paint = shade(_pick(rng, (
        (196, 184, 164), (150, 168, 172), (172, 130, 108), (118, 132, 112), (188, 164, 118), (120, 116, 128),
        (92, 110, 136), (164, 176, 150),
    )), _between(rng, 0.75, 1.05))  # fmt: skip
    angle = _between(rng, 0, 2 * np.pi)
    slope = 0.5 + 0.7 * _toward(x - 0.5, y - 0.5, angle)
    board = _blend(slope, shade(paint, 1.15), shade(paint, 0.62))
    board = _uneven(board, _between(rng, 0.03, 0.12) * fractal(rng, h, w, int(rng.integers(4, 14)), 5))
    for _ in range(int(rng.integers(0, 3))):
        left, top = _between(rng, -0.1, 0.9) * w, _between(rng, -0.1, 0.5) * h
        across, down = _between(rng, 0.2, 0.4) * w, _between(rng, 0.2, 0.5) * h
        _box(board, left - 4, top - 4, across + 8, down + 8, shade(paint, _between(rng, 0.3, 0.6)))
        _box(board, left, top, across, down, _dress(rng))
        cv2.circle(
            board, (int(left + across / 2), int(top + down / 2)), int(across / 4) + 1, _dress(rng), -1, cv2.LINE_AA
        )
    return board


def _room(rng: Rng, h: int, w: int) -> Field:
    board, floor, bar = _wall(rng, h, w), _between(rng, 0.68, 0.92) * h, max(2, w // 60)
    _box(board, 0, floor, w, h, _pick(rng, ((120, 86, 60), (86, 72, 66), (150, 128, 104))))
    left, top = _between(rng, -0.1, 0.5) * w, _between(rng, 0, 0.15) * h
    across, down = _between(rng, 0.35, 0.6) * w, _between(rng, 0.4, 0.6) * h
    frame, glass = (218, 210, 200), _pick(rng, ((206, 226, 240), (250, 236, 204), (70, 84, 120), (168, 196, 150)))
    _box(board, left - 4, top - 4, across + 8, down + 8, frame)
    _box(board, left, top, across, down, glass)
    _box(board, left, top + down / 2, across, bar, frame)
    for share in (0.33, 0.67):
        _box(board, left + across * share, top, bar, down, frame)
    curtain = _dress(rng)
    for strip in range(8):
        edge = left - w / 12 if strip < 4 else left + across - w / 12
        _box(board, edge + (strip % 4) * w / 24, 0, w / 26, floor, shade(curtain, 0.7 + 0.2 * (strip % 2)))
    for _ in range(int(rng.integers(1, 4))):
        _box(
            board,
            _between(rng, -0.1, 0.9) * w,
            _between(rng, 0.5, 0.75) * h,
            _between(rng, 0.2, 0.5) * w,
            h,
            _dress(rng, 0.6, 0.7),
        )
    lamp = int(_between(rng, 0, 1) * w), int(_between(rng, 0.05, 0.4) * h)
    cv2.circle(board, lamp, int(_between(rng, 0.04, 0.1) * w), (255, 232, 176), -1, cv2.LINE_AA)
    return _uneven(board, 0.05 * fractal(rng, h, w, 12))


def _shelves(rng: Rng, h: int, w: int) -> Field:
    wood = shade(_pick(rng, ((112, 76, 48), (70, 50, 40), (176, 150, 118), (206, 204, 198))), _between(rng, 0.7, 1.1))
    board = np.full((h, w, 3), shade(wood, 0.5), np.float32)
    deep = int(h * _between(rng, 0.2, 0.34))
    for top in range(-int(rng.integers(deep)), h, deep):
        x = -_between(rng, 0, 20)
        while x < w:
            thick, high = _between(rng, 0.025, 0.08) * w + 2, _between(rng, 0.55, 0.86) * deep
            if _chance(rng, 0.9):
                book = _dress(rng, 0.6, 1.1)
                _box(board, x, top + deep - high, thick - 2, high, book)
                _box(board, x, top + deep - high * _between(rng, 0.6, 0.9), thick - 2, 4, shade(book, 1.6))
            x += thick
        _box(board, 0, top + deep - 3, w, 7, wood)
    return board


def _lights(rng: Rng, h: int, w: int) -> Field:
    y, _ = _ramp(h, w)
    base = _pick(rng, ((22, 26, 48), (44, 30, 34), (20, 40, 44), (48, 42, 30)))
    board = _blend(y + 0.3 * fractal(rng, h, w, 3), base, shade(base, 2.2))
    tints = ((255, 206, 120), (255, 150, 90), (180, 210, 255), (255, 120, 140), (150, 240, 200), (255, 240, 210))
    for _ in range(int(rng.integers(24, 60))):
        glow, radius = np.zeros((h, w), np.uint8), _between(rng, 0.015, 0.075) * max(h, w)
        cv2.circle(glow, (int(rng.integers(w)), int(rng.integers(h))), int(radius), 255, -1)
        board[glow > 0] += np.array(_pick(rng, tints), np.float32) * np.float32(rng.uniform(0.25, 0.75))
    return board


def _leaves(rng: Rng, h: int, w: int) -> Field:
    dark, light = _pick(rng, (
        ((24, 48, 26), (150, 184, 90)), ((40, 44, 20), (206, 176, 70)), ((60, 26, 16), (220, 120, 50)),
        ((16, 44, 44), (120, 176, 140)),
    ))  # fmt: skip
    board = _blend(0.4 + 0.5 * fractal(rng, h, w, 4), dark, mix(dark, light, 0.6))
    for _ in range(260):
        centre, axes = (int(rng.integers(w)), int(rng.integers(h))), (int(rng.integers(4, 13)), int(rng.integers(2, 6)))
        tint = mix(dark, light, float(rng.uniform(0.1, 1) ** 1.5))
        cv2.ellipse(board, centre, axes, float(rng.uniform(0, 180)), 0, 360, tint, -1, cv2.LINE_AA)
    return board


def _street(rng: Rng, h: int, w: int) -> Field:
    board, x = _open_air(rng, h, w), -_between(rng, 0, 0.2) * w
    fronts = ((168, 120, 96), (190, 176, 150), (120, 124, 132), (150, 90, 74), (206, 196, 180))
    while x < w:
        across, top = _between(rng, 0.18, 0.42) * w, _between(rng, -0.1, 0.4) * h
        front, size = shade(_pick(rng, fronts), _between(rng, 0.5, 1.0)), across / _between(rng, 4, 7)
        _box(board, x, top, across, h - top, front)
        for row in np.arange(top + size / 2, h, size * 1.6):
            for column in np.arange(x + size / 2, x + across - size, size * 1.3):
                pane = (250, 220, 150) if _chance(rng, 0.15) else shade(front, _between(rng, 0.35, 0.6))
                _box(board, column, row, size * 0.7, size, pane)
        x += across + _between(rng, 0, 0.12) * w
    return board


def _bricks(rng: Rng, h: int, w: int) -> Field:
    clays = ((160, 84, 62), (190, 180, 168), (120, 104, 98), (150, 110, 76), (84, 96, 112))
    clay, tall = shade(_pick(rng, clays), _between(rng, 0.8, 1.1)), max(8, int(_between(rng, 0.035, 0.08) * h))
    board = np.full((h, w, 3), mix(clay, (200, 196, 188), 0.55), np.float32)
    for index, top in enumerate(range(0, h, tall)):
        for left in np.arange(-tall * 2 + (index % 2) * tall * 1.2, w, tall * 2.4):
            _box(board, left, top, tall * 2.4 - 3, tall - 3, shade(clay, _between(rng, 0.72, 1.18)))
    y, x = _ramp(h, w)
    return _uneven(board, 0.12 * fractal(rng, h, w, 24) + _between(rng, -0.5, 0.5) * (x - 0.5) + 0.3 * (y - 0.5))


def _drape(rng: Rng, h: int, w: int) -> Field:
    y, x = _ramp(h, w)
    colour = _dress(rng, 0.6, 0.95)
    wave = x * _between(rng, 4, 11) + 0.5 * fractal(rng, h, w, 2) + y * _between(rng, -1, 1)
    weave = 0.1 * rng.standard_normal((h, w), dtype=np.float32)
    return _uneven(_blend(np.abs(np.sin(np.pi * wave)), shade(colour, 0.65), shade(colour, 1.2)), weave)


def _paper(rng: Rng, h: int, w: int) -> Field:
    base, step, motif = _dress(rng), int(_between(rng, 0.08, 0.2) * w), int(rng.integers(3))
    ink = shade(base, _pick(rng, (0.6, 1.4)))
    board = np.full((h, w, 3), base, np.float32)
    rhomb = np.array([(0, 0), (step // 2, step // 2), (0, step), (-step // 2, step // 2)])
    for index, top in enumerate(range(0, h + step, step)):
        for left in range(-(index % 2) * step // 2, w + step, step):
            if motif == 0:
                cv2.circle(board, (left, top), step // 5, ink, -1, cv2.LINE_AA)
            elif motif == 1:
                cv2.polylines(board, [rhomb + np.array((left, top))], True, ink, 2, cv2.LINE_AA)
            else:
                _box(board, left, 0, step / 3, h, ink)
    y, x = _ramp(h, w)
    return _uneven(board, 0.05 - 0.35 * np.abs(x - _between(rng, 0, 1)) - 0.2 * y)


def _studio(rng: Rng, h: int, w: int) -> Field:
    y, x = _ramp(h, w)
    colours = ((150, 150, 154), (96, 120, 140), (160, 120, 90), (110, 130, 104), (140, 100, 130), (190, 170, 130))
    colour, far = _pick(rng, colours), np.hypot(x - _between(rng, 0.2, 0.8), y - _between(rng, 0.1, 0.7))
    return _blend(far * 1.2 + 0.12 * fractal(rng, h, w, 3), shade(colour, 1.3), shade(colour, 0.35))


_SCENES: tuple[tuple[Callable[[Rng, int, int], Field], float], ...] = (
    (_open_air, 3.0), (_sea, 3.0), (_wall, 1.0), (_wall, 3.0), (_room, 4.0), (_room, 2.5), (_shelves, 2.5),
    (_shelves, 1.2), (_lights, 2.0), (_leaves, 2.5), (_leaves, 4.0), (_street, 2.8), (_street, 1.8), (_bricks, 1.0),
    (_drape, 0.6), (_paper, 0.8), (_studio, 1.0),
)  # fmt: skip
"""Each with how far out of focus it may be, in pixels of a picture 300 pixels large."""


# The camera


def expose(rng: Rng, pixels: Pixels) -> Pixels:
    """Light from one side, the lens's falling-off, white balance, sharpening, exposure, and the sensor's grain."""
    h, w = pixels.shape[:2]
    y, x = (side - np.float32(0.5) for side in _ramp(h, w))
    angle, strength = _between(rng, 0, 2 * np.pi), _between(rng, 0.0, 0.5)
    light = 1 + strength * _toward(x, y, angle)
    light *= 1 - _between(rng, 0.0, 0.55) * (x**2 + y**2)
    warmth = _between(rng, -0.07, 0.09)
    image: Field = cv2.merge([light * (1 + warmth), light, light * (1 - warmth)]) * pixels
    image += np.float32(0.5) * (image - cv2.GaussianBlur(image, (0, 0), 1.0))
    sample = image[::4, ::4]
    low, high = np.percentile(sample.mean(axis=2) / 2 + sample.max(axis=2) / 2, (1, 99)).tolist()
    black, white = _between(rng, 4, 34), _between(rng, 205, 250)
    gain = (white - black) / max(high - low, 1.0)
    # A stretched picture would be garish: its colours are stretched less than its brightness.
    vivid = 0.0 if _chance(rng, 0.03) else min(1.0, gain**-0.8)
    grey = cv2.transform(image, np.array([[0.299, 0.587, 0.114]], np.float32))
    shift = black - low * gain + rng.standard_normal((h, w), dtype=np.float32) * np.float32(_between(rng, 3.6, 7.0))
    image *= np.float32(gain * vivid)
    image += cv2.merge([grey * np.float32(gain * (1 - vivid)) + shift] * 3)
    blotches = rng.standard_normal((h // 2, w // 2, 3), dtype=np.float32) * np.float32(_between(rng, 1.0, 3.0))
    image += cv2.resize(blotches, (w, h), interpolation=cv2.INTER_LINEAR)
    return np.clip(image, 0, 255).astype(np.uint8)
