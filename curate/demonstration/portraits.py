"""Portraits drawn in code: faces of nobody, so that the demo carries no photo of anybody.

A portrait is made like a photo: a scene out of focus, a sitter with a mood before it, then the camera
with its light, exposure and grain. Sitters are described in units of half a head's height, x to the right
and y down, the origin between the eyes; a `Frame` puts them on the canvas.

Invariant: a portrait is a pure function of its generator, expression and size.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import cv2
import numpy as np

from curate.demonstration.canvas import (
    CIRCLE,
    CLOTHES,
    Canvas,
    Colour,
    Frame,
    Points,
    Rng,
    Tone,
    as_pixels,
    between,
    chance,
    curve,
    mix,
    moved,
    oval,
    path,
    pick,
    shade,
    smooth,
)
from curate.demonstration.scenes import expose, scene
from curate.images.image import Pixels

Expression = Literal["Angry", "Happy", "Sad"]

SUPERSAMPLE = 2
"""Portraits are drawn at this many times their size and area-averaged down."""


def portrait(rng: Rng, expression: Expression, width: int, height: int) -> Pixels:
    """A person of that expression, (height, width, 3) uint8 RGB."""
    rows, columns = height * SUPERSAMPLE, width * SUPERSAMPLE
    sitter = _sitter(rng, expression)
    canvas = Canvas(scene(rng, rows, columns), _framing(rng, rows, columns))
    _draw(canvas, sitter, rng)
    return expose(rng, as_pixels(cv2.resize(canvas.pixels, (width, height), interpolation=cv2.INTER_AREA)))


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
    b = partial(between, rng)
    if expression == "Happy":
        gape = pick(rng, (0.0, b(0.07, 0.13), b(0.12, 0.24), b(0.12, 0.24)))
        return Mood(
            brow_inner=b(-0.08, -0.02), brow_outer=b(-0.05, 0.01), lids=b(0.65, 0.95), squint=b(0.15, 0.9),
            gaze=b(-0.1, 0.1), corners=b(0.10, 0.16), gape=gape, mouth=b(0.29, 0.37),
            teeth="upper" if gape else "none", cheeks=1.0, flush=b(0.1, 0.5),
        )  # fmt: skip
    if expression == "Angry":
        gape = pick(rng, (0.0, b(0.09, 0.14), b(0.2, 0.34)))
        return Mood(
            brow_inner=b(0.08, 0.13), brow_outer=b(-0.14, -0.06), lids=b(0.7, 0.98), squint=b(0.1, 0.4),
            slant=b(0.045, 0.07), corners=b(-0.11, -0.06), gape=gape, mouth=b(0.22, 0.3),
            teeth="both" if 0 < gape < 0.15 else "upper" if gape else "none", furrow=b(0.7, 1.0), flush=b(0.3, 1.0),
        )  # fmt: skip
    return Mood(
        brow_inner=b(-0.13, -0.09), brow_outer=b(0.05, 0.09), lids=b(0.55, 0.85), squint=b(0.0, 0.25),
        slant=b(-0.05, -0.03), gaze=b(0.1, 0.6), corners=b(-0.12, -0.07), mouth=b(0.19, 0.26),
        gape=pick(rng, (0.0, 0.0, 0.0, b(0.04, 0.07))), flush=b(0.0, 0.3), furrow=b(0.0, 0.35), tear=chance(rng, 0.4),
    )  # fmt: skip


def _sitter(rng: Rng, expression: Expression) -> Sitter:
    b = partial(between, rng)
    tone = b(0, len(_SKINS) - 1.001)
    bearded, aged = chance(rng, 0.28), chance(rng, 0.2)
    hair = pick(rng, _HAIRS[8:] if aged else _HAIRS[: 4 if tone > 4 else 8])
    if not bearded and chance(rng, 0.05):
        hair = pick(rng, _DYES)
    return Sitter(
        mood=_mood(rng, expression), skin=mix(_SKINS[int(tone)], _SKINS[int(tone) + 1], tone % 1),
        hair=shade(hair, b(0.85, 1.15)), iris=pick(rng, _IRISES[:2] if tone > 3.5 else _IRISES),
        hairdo=pick(rng, _BEARDED if bearded else _ANYBODY),
        width=b(0.7, 0.8), jaw=b(0.16, 0.36), eyes=b(0.165, 0.195), nose=b(0.1, 0.145), lips=b(0.035, 0.075),
        brows=b(0.045, 0.085), yaw=float(np.clip(rng.normal(0, 0.2), -0.42, 0.42)), pitch=b(-0.07, 0.09),
        light=pick(rng, (-1, 1)) * b(0.4, 1.0), glasses=pick(rng, ("none",) * 6 + ("round", "square")),
        rims=pick(rng, _RIMS), beard=pick(rng, ("stubble", "moustache", "full", "full")) if bearded else "none",
        freckles=tone < 2.5 and chance(rng, 0.2), aged=aged,
        dress=pick(rng, ("crew", "crew", "vee", "shirt", "jacket", "hood", "roll")),
        cloth=shade(pick(rng, CLOTHES), b(0.75, 1.15)), accent=pick(rng, CLOTHES),
        pattern=pick(rng, ("plain", "plain", "plain", "stripes", "check", "dots")),
    )  # fmt: skip


def _framing(rng: Rng, rows: int, columns: int) -> Frame:
    """From half-length to close-up, anywhere in the image where most of the head is seen."""
    unit = min(between(rng, 0.2, 0.43) * rows, 0.52 * columns)
    x = between(rng, min(0.8 * unit, columns / 2), max(columns - 0.8 * unit, columns / 2))
    top, bottom = 1.05 * unit, rows - 0.95 * unit
    y = min(between(rng, min(top, bottom), max(top, bottom)), 0.42 * rows + 0.35 * unit)
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
    tone.apply(as_pixels(cv2.max(canvas.mask([skull, *ears]), body.mask([neck]))))
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
    corner = np.sign(CIRCLE) * np.abs(CIRCLE) ** flat * ((0.235, 0.22) if sitter.glasses == "round" else (0.245, 0.175))
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
    fall = between(rng, 0.85, 1.15) if style.place == "whole" and style.wear == "hair" else 1.0
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
    shift = (0.3 * sitter.yaw, 0.6 * sitter.pitch + between(rng, -0.03, 0.05))
    line = line * (sitter.width * sitter.lit, 1) + np.clip(1 - np.abs(line[:, :1]) ** 3, 0, 1) * shift
    reach = 1.62 if abs(line[0, 1]) < 0.3 else 1.75
    top = sitter.outline(1.02 if close else 1.06, style.volume * (1 if close else between(rng, 0.97, 1.03)), reach)
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
    broad, slope = between(rng, 1.45, 1.85), between(rng, 1.5, 1.72)
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
