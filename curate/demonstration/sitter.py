"""The person in a portrait: invented looks, and what an expression does to the face.

A head is described seen from the front in units of half its height, x to the right and y down, the origin
between the eyes. `Sitter.on_face` turns such points with the head.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from curate.demonstration.canvas import Colour, Points, Rng, between, chance, mix, pick, shade

Expression = Literal["Angry", "Happy", "Sad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """Positions of the muscles of a face: brows count downward, the mouth's corners upward.

    A mouth opened by less than 0.06 is closed.
    """

    inner_brow: float
    outer_brow: float
    eye_opening: float
    eye_slant: float
    gaze_down: float
    mouth_corners: float
    mouth_width: float
    mouth_opening: float
    cheek_lift: float


_MOOD_RANGES: dict[Expression, dict[str, tuple[float, float]]] = {
    "Angry": {
        "inner_brow": (0.08, 0.13), "outer_brow": (-0.14, -0.06), "eye_opening": (0.6, 0.9),
        "eye_slant": (0.03, 0.045), "gaze_down": (0.0, 0.0), "mouth_corners": (-0.11, -0.06),
        "mouth_width": (0.22, 0.3), "mouth_opening": (0.0, 0.18), "cheek_lift": (0.0, 0.0),
    },
    "Happy": {
        "inner_brow": (-0.08, -0.02), "outer_brow": (-0.05, 0.01), "eye_opening": (0.65, 0.95),
        "eye_slant": (0.0, 0.0), "gaze_down": (-0.1, 0.1), "mouth_corners": (0.1, 0.16),
        "mouth_width": (0.29, 0.37), "mouth_opening": (-0.02, 0.25), "cheek_lift": (0.6, 1.0),
    },
    "Sad": {
        "inner_brow": (-0.13, -0.09), "outer_brow": (0.05, 0.09), "eye_opening": (0.55, 0.85),
        "eye_slant": (-0.04, -0.025), "gaze_down": (0.1, 0.6), "mouth_corners": (-0.12, -0.07),
        "mouth_width": (0.19, 0.26), "mouth_opening": (0.0, 0.0), "cheek_lift": (0.0, 0.0),
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Hairdo:
    """Hairline from the right temple to the left, and the right half of any hair behind the head.

    Both are written as `parse_curve` reads them, x in half head widths.
    """

    hairline: str
    behind: str = ""
    is_curly: bool = False


_SHORT = ".99,-.05 .9,-.38 .62,-.6 .2,-.68 -.2,-.68 -.62,-.6 -.9,-.38 -.99,-.05"
_CROPPED = (
    Hairdo(hairline=_SHORT),
    Hairdo(hairline=".99,0 .92,-.4 .66,-.72 .45,-.8 .1,-.55 -.4,-.5 -.88,-.38 -.99,0"),
    Hairdo(hairline=_SHORT, behind="0,-1.15 .7,-1.05 1.1,-.6 1.15,0 1.05,.4", is_curly=True),
)
_LONG = (
    Hairdo(
        hairline="1.03,.7 .95,.1 .86,-.36 .4,-.48 0,-.42 -.4,-.5 -.86,-.36 -.95,.1 -1.03,.7",
        behind="0,-1.19 .6,-1.12 1.04,-.74 1.2,-.1 1.32,.5 1.34,.85 .9,.98",
    ),
    Hairdo(
        hairline="1.08,1.1 .99,.3 .85,-.3 .42,-.66 .03,-.86 -.4,-.66 -.85,-.3 -.99,.3 -1.08,1.1",
        behind="0,-1.19 .6,-1.1 1.02,-.74 1.16,-.2 1.24,.5 1.34,1.3 1.3,1.9 .7,2.05",
    ),
    Hairdo(
        hairline="1,-.1 .88,-.42 .5,-.68 0,-.74 -.5,-.68 -.88,-.42 -1,-.1",
        behind="0,-1.55 .3,-1.46 .44,-1.22 .32,-1 0,-.9",
    ),
)

_SKINS: tuple[Colour, ...] = ((248, 219, 196), (228, 186, 152), (188, 136, 98), (140, 96, 66), (98, 66, 48))
_DARK_HAIRS: tuple[Colour, ...] = ((30, 26, 26), (66, 44, 32), (92, 60, 38), (146, 144, 142))
_FAIR_HAIRS: tuple[Colour, ...] = ((124, 62, 34), (158, 84, 42), (186, 144, 88), (196, 194, 190))
_IRISES: tuple[Colour, ...] = ((72, 46, 30), (92, 62, 38), (96, 116, 66), (76, 120, 156))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitter:
    """One person: mood, looks, how the head is turned (radians) and from where it is lit.

    `lit_side` is -1 or 1; `beard` is how dense one is, 0 to 1.
    """

    mood: Mood
    skin: Colour
    hair: Colour
    iris: Colour
    hairdo: Hairdo
    beard: float
    head_width: float
    jaw_taper: float
    yaw: float
    lit_side: int
    wears_glasses: bool

    def fold_colour(self, strength: float) -> Colour:
        """Return the colour of a fold in the skin, from the skin's own at strength 0 to red-brown at 1."""
        return mix(self.skin, mix(shade(self.skin, 0.55), (70, 28, 24), 0.25), strength)

    def on_face(self, points: Points) -> Points:
        """Return points of the face seen from the front as they appear on the turned head."""
        radius = self.head_width * 1.08
        angle = np.arcsin(np.clip(points[:, 0] / radius, -1, 1)) + self.yaw
        return np.stack([radius * np.sin(angle), points[:, 1]], axis=1)

    def head_outline(self, wider: float = 1.0, taller: float = 1.0, reach: float = np.pi) -> Points:
        """Return the head's edge, scaled, between `reach` radians left and right of the crown."""
        angle = np.linspace(-reach, reach, 72)
        y = -np.cos(angle)
        chin = np.clip(y, 0, 1)
        x = np.sign(angle) * np.abs(np.sin(angle)) ** 0.94 * self.head_width * (1 - self.jaw_taper * chin**2)
        return np.stack([x * wider + 0.22 * self.yaw * chin, y * taller], axis=1)


def invent_sitter(rng: Rng, expression: Expression) -> Sitter:
    """Return a random person who shows the expression."""
    tone = between(rng, 0, len(_SKINS) - 1.001)
    is_fair, has_beard = tone < 2, chance(rng, 0.28)
    return Sitter(
        mood=Mood(**{muscle: between(rng, *limits) for muscle, limits in _MOOD_RANGES[expression].items()}),
        skin=mix(_SKINS[int(tone)], _SKINS[int(tone) + 1], tone % 1),
        hair=shade(pick(rng, _DARK_HAIRS + _FAIR_HAIRS if is_fair else _DARK_HAIRS), between(rng, 0.85, 1.15)),
        iris=pick(rng, _IRISES if is_fair else _IRISES[:2]),
        hairdo=pick(rng, _CROPPED if has_beard else _CROPPED + _LONG),
        beard=between(rng, 0.5, 1.0) if has_beard else 0.0,
        head_width=between(rng, 0.7, 0.8),
        jaw_taper=between(rng, 0.16, 0.36),
        yaw=float(np.clip(rng.normal(0, 0.2), -0.42, 0.42)),
        lit_side=pick(rng, (-1, 1)),
        wears_glasses=chance(rng, 0.25),
    )
