"""Portraits drawn in code: faces of nobody, so that the demo carries no photo of anybody.

A portrait is made like a photo: a scene out of focus, a sitter before it, then the camera with its light,
exposure and grain.

Invariant: a portrait is a pure function of its generator, expression and size.
"""

from dataclasses import replace

import cv2
import numpy as np

from curate.demonstration.canvas import (
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
    oval,
    parse_curve,
    pick,
    shade,
)
from curate.demonstration.scenes import expose, scene
from curate.demonstration.sitter import Expression, Sitter, invent_sitter
from curate.images.image import Pixels

SUPERSAMPLE = 2
"""Portraits are drawn at this many times their size and area-averaged down."""

_SHADOW: Colour = (0.66, 0.56, 0.52)  # what shadow leaves of red, green and blue on skin
_NOSE = 0.12  # half the nose's width


def portrait(rng: Rng, expression: Expression, width: int, height: int) -> Pixels:
    """Draw a random person with the expression before a random scene, (height, width, 3) uint8 RGB."""
    rows, columns = height * SUPERSAMPLE, width * SUPERSAMPLE
    sitter = invent_sitter(rng, expression)
    canvas = Canvas(scene(rng, rows, columns), _frame_head(rng, rows, columns))
    _draw_sitter(canvas, sitter, rng)
    return expose(rng, as_pixels(cv2.resize(canvas.pixels, (width, height), interpolation=cv2.INTER_AREA)))


def _frame_head(rng: Rng, rows: int, columns: int) -> Frame:
    """Return a random position of the head, from half-length to close-up, most of it inside the canvas."""
    unit = min(between(rng, 0.2, 0.43) * rows, 0.52 * columns)
    x = between(rng, min(0.8 * unit, columns / 2), max(columns - 0.8 * unit, columns / 2))
    top, bottom = 1.05 * unit, rows - 0.95 * unit
    y = min(between(rng, min(top, bottom), max(top, bottom)), 0.42 * rows + 0.35 * unit)
    tilt = float(np.clip(rng.normal(0, 0.13), -0.35, 0.35))
    return Frame(x=0.65 * x + 0.35 * columns / 2, y=y + 0.9 * unit, unit=unit, tilt=tilt)


def _draw_sitter(canvas: Canvas, sitter: Sitter, rng: Rng) -> None:
    """Draw the person from back to front: hair behind, body, head, face, hair before, glasses."""
    body = Canvas(canvas.pixels, replace(canvas.frame, tilt=canvas.frame.tilt * 0.2))
    _draw_hair_behind(canvas, sitter, rng)
    neck = parse_curve("1,.5 .98,1 1.12,1.3 1.9,1.55 0,2") * (0.42, 1)
    body.fill(neck, shade(sitter.skin, 0.95))
    _draw_garment(body, sitter, rng)
    skin = [sitter.head_outline()]
    for side in (-1, 1):
        visible = 1 + side * sitter.yaw * 1.6
        skin.append(oval(side * sitter.head_width * 0.99 - 0.1 * sitter.yaw, 0.1, 0.1 * visible, 0.19, side * 0.2))
        canvas.fill(skin[-1], shade(sitter.skin, 0.93))
    canvas.fill(skin[0], sitter.skin)
    tone = Tone(canvas)
    _shade_head(tone, sitter)
    tone.grain(rng, 0.035, 12)
    tone.apply(as_pixels(cv2.max(canvas.mask(skin), body.mask([neck]))))
    for side in (-1, 1):
        _draw_eye(canvas, sitter, side)
        _draw_folds(canvas, sitter, side)
    _draw_mouth(canvas, sitter)
    _draw_hair_before(canvas, sitter, rng)
    _draw_brows(canvas, sitter)
    if sitter.wears_glasses:
        _draw_glasses(canvas, sitter)


def _shade_head(tone: Tone, sitter: Sitter) -> None:
    """Model the head with light and shade, redden its cheeks and darken a beard."""
    lit, lift = sitter.lit_side, sitter.mood.cheek_lift
    tone.add(oval(-lit * sitter.head_width * 1.02, 0.25, 0.3, 1.0), _SHADOW, 0.16)
    tone.add(oval(0.2 * sitter.yaw, 1.14, 0.62, 0.24), _SHADOW, 0.1)  # below the chin
    spots: list[tuple[Points, Colour, float]] = [
        (oval(lit * 0.22, -0.5, 0.3, 0.2), (1.11, 1.1, 1.09), 0.14),  # forehead
        (oval(0, 0.3, 0.06, 0.05), (1.12, 1.1, 1.09), 0.03),  # tip of the nose
        (oval(0, 0.42, _NOSE, 0.04), (0.72, 0.62, 0.6), 0.035),  # under the nose
        (curve((0, -0.12), (-lit * 0.1, 0.15), (-lit * _NOSE * 1.25, 0.36), (0, 0.38)), (0.82, 0.74, 0.72), 0.035),
        (oval(0, 0.76, 0.14, 0.03), (0.76, 0.68, 0.67), 0.04),  # under the mouth
    ]
    for side in (-1, 1):
        spots.append((oval(side * 0.32, -0.08, 0.21, 0.14), (0.86, 0.79, 0.78), 0.06))  # socket of the eye
        spots.append((oval(side * 0.42, 0.28, 0.15, 0.11), (1.01, 0.92 - 0.07 * lift, 0.91 - 0.07 * lift), 0.1))
    for outline, factor, softness in spots:
        tone.add(sitter.on_face(outline), factor, softness)
    if sitter.beard:
        red, green, blue = (min(hair / skin, 1.0) for hair, skin in zip(sitter.hair, sitter.skin, strict=True))
        edge = np.roll(sitter.head_outline(1.0, 1.05), 36, axis=0)  # from the crown over the right ear and the chin
        above_mouth = sitter.on_face(parse_curve(".54,.42 .4,.5 .2,.46"))[::-1]
        outline = np.concatenate([edge[edge[:, 1] > 0.12], above_mouth])
        tone.add(outline, mix((1.0, 1.0, 1.0), (red, green, blue), sitter.beard), 0.05)


def _draw_eye(canvas: Canvas, sitter: Sitter, side: int) -> None:
    """Draw the eye on that side (-1 left, 1 right): white, iris, lashes and the fold of the lid."""
    mood, on_face, x = sitter.mood, sitter.on_face, side * 0.335
    outward = np.linspace(-1, 1, 25)
    arch, slant = (1 - outward**2) ** 0.8, -0.02 - mood.eye_slant * outward
    across = x + side * 0.18 * outward
    upper = np.stack([across, slant - 0.13 * mood.eye_opening * arch], axis=1)
    lower = np.stack([across, slant + (0.06 - 0.05 * mood.cheek_lift) * arch], axis=1)
    eyeball, gaze = on_face(np.concatenate([upper, lower[::-1]])), -0.04 + 0.05 * mood.gaze_down
    with canvas.clip(eyeball) as inner:
        inner.fill(eyeball, mix((238, 234, 230), sitter.skin, 0.1))
        for radius, colour in ((0.1, shade(sitter.iris, 0.5)), (0.086, sitter.iris), (0.045, (14.0, 12.0, 14.0))):
            inner.fill(on_face(oval(x, gaze, radius, radius)), colour)
        inner.fill(on_face(oval(x + sitter.lit_side * 0.032, gaze - 0.032, 0.023, 0.023)), (250, 250, 252))
    canvas.ribbon(on_face(upper), mix((26, 18, 18), sitter.hair, 0.25), (0.012, 0.035, 0.025))
    canvas.ribbon(on_face(lower), sitter.fold_colour(0.7), (0.008, 0.014, 0.006))
    canvas.ribbon(on_face(upper - (0, 0.06)), sitter.fold_colour(0.55), (0.003, 0.014, 0.004))


def _draw_folds(canvas: Canvas, sitter: Sitter, side: int) -> None:
    """Draw one side's nostril, wing of the nose, and fold of a smile or of a frown."""
    nose = _NOSE * side
    canvas.fill(sitter.on_face(oval(nose * 0.5, 0.405, 0.034, 0.018)), shade(sitter.fold_colour(1.0), 0.7))
    folds = [curve((nose * 0.78, 0.28), (nose * 1.12, 0.36), (nose * 0.86, 0.42))]
    if sitter.mood.cheek_lift:
        folds.append(curve((side * 0.19, 0.36), (side * 0.34, 0.48), (side * 0.41, 0.62)))
    if sitter.mood.inner_brow > 0:
        folds.append(curve((side * 0.05, -0.16), (side * 0.075, -0.26), (side * 0.045, -0.36)))
    for fold in folds:
        canvas.ribbon(sitter.on_face(fold), sitter.fold_colour(0.65), (0.004, 0.02, 0.004))


def _draw_brows(canvas: Canvas, sitter: Sitter) -> None:
    """Draw both eyebrows as the mood holds them."""
    mood, colour = sitter.mood, mix(shade(sitter.hair, 0.8), sitter.skin, 0.08)
    for side in (-1, 1):
        inner = (side * (0.15 - 0.2 * max(mood.inner_brow, 0)), -0.27 + mood.inner_brow)
        middle = (side * 0.34, -0.33 + 0.25 * (mood.inner_brow + mood.outer_brow))
        outer = (side * 0.53, -0.27 + mood.outer_brow)
        canvas.ribbon(sitter.on_face(curve(inner, middle, outer)), colour, (0.055, 0.065, 0.01))


def _draw_mouth(canvas: Canvas, sitter: Sitter) -> None:
    """Draw the lips, and between open ones the upper teeth or, in a frown, clenched teeth."""
    mood, t = sitter.mood, np.linspace(-1, 1, 33)
    arch = 1 - t**2
    middle = 0.6 + mood.mouth_corners * (0.6 * arch - 0.8 * t**2)
    opening, is_frowning = mood.mouth_opening if mood.mouth_opening > 0.06 else 0.0, mood.inner_brow > 0
    above, below = (0.5 * (1 - t**6),) * 2 if is_frowning else (0.25 * arch, 0.95 * arch**0.7)
    top, bottom = middle - opening * above, middle + opening * below
    red = mix(shade(sitter.skin, 0.82), (172, 62, 70), 0.35)

    def line(y: Points) -> Points:
        """Return the line across the mouth at those heights."""
        return sitter.on_face(np.stack([mood.mouth_width * t, y], axis=1))

    def area(upper: Points, lower: Points) -> Points:
        """Return the outline of what lies between two lines across the mouth."""
        return np.concatenate([line(upper), line(lower)[::-1]])

    canvas.fill(area(top - 0.045 * arch**0.6, top), shade(red, 0.86))
    canvas.fill(area(bottom, bottom + 0.06 * arch**0.6), red)
    if opening:
        canvas.fill(area(top, bottom), (64, 18, 24))
        teeth = bottom if is_frowning else top + np.minimum(0.085, 0.6 * (bottom - top))
        canvas.fill(area(top, teeth), (240, 234, 222))
    if not opening or is_frowning:
        canvas.ribbon(line(middle), mix(sitter.fold_colour(1.0), (60, 16, 20), 0.5), (0.012, 0.024, 0.024, 0.012))


def _draw_glasses(canvas: Canvas, sitter: Sitter) -> None:
    """Draw round glasses in a dark frame."""
    on_face, frame = sitter.on_face, (52, 40, 36)
    for side in (-1, 1):
        canvas.stroke(on_face(oval(side * 0.345, 0, 0.235, 0.21)), frame, 0.03)
        canvas.stroke(on_face(curve((side * 0.58, -0.04), (side * sitter.head_width, -0.02))), frame, 0.03)
    canvas.stroke(on_face(curve((-0.11, -0.02), (0, -0.06), (0.11, -0.02))), frame, 0.03)


def _draw_strands(canvas: Canvas, outline: Points, hair: Colour, rng: Rng) -> None:
    """Draw hairs from about the crown to the outline's edge, a little lighter and darker than the hair."""
    ends = outline[rng.integers(len(outline), size=120)]
    starts = np.array((0.0, -0.95)) + rng.normal(0, 0.12, ends.shape) * (1.6, 0.5)
    bends = (starts + ends) / 2 + np.stack([np.sign(ends[:, 0]) * 0.16, np.full(len(ends), -0.12)], axis=1)
    t = np.linspace(0, 1, 9)[:, None, None]
    lines = ((1 - t) ** 2 * starts + 2 * t * (1 - t) * bends + t**2 * ends).swapaxes(0, 1)
    with canvas.clip(outline) as inner:
        for line, light in zip(lines, rng.uniform(0.78, 1.22, len(lines)).tolist(), strict=True):
            inner.stroke(line, shade(hair, light), 0.01)


def _draw_curls(canvas: Canvas, rim: Points, hair: Colour, rng: Rng) -> None:
    """Draw curls along the rim and a little inside of it, as discs lighter and darker than the hair."""
    spots = rim[rng.integers(len(rim), size=120)] * rng.uniform(0.75, 1.04, (120, 1))
    for spot, light in zip(spots, rng.uniform(0.68, 1.18, 120).tolist(), strict=True):
        canvas.fill(oval(spot[0], spot[1], 0.08, 0.08), shade(hair, light))
        canvas.fill(oval(spot[0] - 0.012, spot[1] - 0.016, 0.045, 0.045), shade(hair, light * 1.14))


def _draw_hair_behind(canvas: Canvas, sitter: Sitter, rng: Rng) -> None:
    """Draw the hair that is seen behind head and neck: a fall of hair, a bun, or curls."""
    if sitter.hairdo.behind:
        outline, dark = parse_curve(sitter.hairdo.behind) * (sitter.head_width, 1), shade(sitter.hair, 0.75)
        canvas.fill(outline, dark)
        (_draw_curls if sitter.hairdo.is_curly else _draw_strands)(canvas, outline, dark, rng)


def _draw_hair_before(canvas: Canvas, sitter: Sitter, rng: Rng) -> None:
    """Draw the hair between the hairline and the top of the head, with strands or curls."""
    hairline, turn = parse_curve(sitter.hairdo.hairline, False), (0.3 * sitter.yaw, between(rng, -0.03, 0.05))
    shift = np.clip(1 - np.abs(hairline[:, :1]) ** 3, 0, 1) * turn  # nothing at the temples
    hairline = hairline * (sitter.head_width * sitter.lit_side, 1) + shift
    top = sitter.head_outline(1.06, between(rng, 1.08, 1.16), 1.68)[:: sitter.lit_side]
    outline = np.concatenate([top + rng.normal(0, 0.01, top.shape), hairline])
    canvas.fill(outline, sitter.hair)
    if sitter.hairdo.is_curly:
        _draw_curls(canvas, top[top[:, 1] < -0.3], sitter.hair, rng)
    else:
        _draw_strands(canvas, outline, sitter.hair, rng)


def _draw_garment(canvas: Canvas, sitter: Sitter, rng: Rng) -> None:
    """Draw shoulders in a random plain or striped garment with a hem at the neck."""
    cloth = shade(pick(rng, CLOTHES), between(rng, 0.75, 1.15))
    nape, width, slope, depth = (0.46, 1.26), between(rng, 1.45, 1.85), between(rng, 1.5, 1.72), between(rng, 1.5, 1.8)
    shoulder = curve(nape, (0.9, 1.43), (width, slope), (width + 0.22, 2.4), (width + 0.3, 5.0))
    neckline = curve(nape, (0.3, 0.73 + depth / 2), (0, depth))
    neckline = np.concatenate([neckline, (neckline * (-1, 1))[::-1]])
    outline = np.concatenate([shoulder * (-1, 1), shoulder[::-1], neckline])
    canvas.fill(outline, cloth)
    if chance(rng, 0.4):
        colour = pick(rng, CLOTHES)
        with canvas.clip(outline) as inner:
            for y in np.arange(1.2, 5.0, 0.3):
                inner.stroke(curve((-2.4, y), (0, y + 0.1), (2.4, y)), colour, 0.11)
    canvas.ribbon(neckline, shade(cloth, 0.7), (0.05, 0.06, 0.05))
    tone = Tone(canvas)
    tone.add(oval(-sitter.lit_side * 1.5, 2.6, 0.7, 1.6), (0.6, 0.58, 0.6), 0.3)
    tone.grain(rng, 0.09, 8)
    tone.apply(canvas.mask([outline]))
