"""Places in an image that a finding speaks of: faces, text, damage, drawn on its preview.

Invariants: evidence comes from scanners of any origin, so whatever is no box is left out, never an error;
boxes are in pixels of the upright full-size image, and are scaled by the longer side, which does not
depend on whether the recorded width and height are those before or after turning.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import simplejpeg

COLOURS = {"face": (80, 200, 120), "text": (70, 150, 255), "damage": (255, 80, 60)}
"""Red, green, blue; each box also bears its name, so that colour alone says nothing."""
LEGIBLE_PX = 256
"""Images below this get thin lines without names, which would hide them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One marked rectangle, in pixels."""

    what: str
    left: float
    top: float
    width: float
    height: float


def boxes_of(findings: Iterable[Mapping[str, Any]]) -> list[Box]:
    """The boxes in the evidence of findings, each once, in their order."""
    found = [box for row in findings for raw in _raw(row["evidence"]) if (box := _box(raw)) is not None]
    return list(dict.fromkeys(found))


def marked(jpeg: bytes, boxes: Iterable[Box], longer_side_px: int) -> bytes:
    """The preview with the boxes drawn on it; `longer_side_px` is that of the full-size image."""
    image = np.ascontiguousarray(simplejpeg.decode_jpeg(jpeg, colorspace="RGB"))
    height, width = image.shape[:2]
    scale = max(height, width) / longer_side_px
    small = max(height, width) < LEGIBLE_PX
    for box in boxes:
        left, top = _within(box.left * scale, width), _within(box.top * scale, height)
        right, bottom = _within((box.left + box.width) * scale, width), _within((box.top + box.height) * scale, height)
        for colour, thickness in [(COLOURS[box.what], 1)] if small else [((0, 0, 0), 4), (COLOURS[box.what], 2)]:
            cv2.rectangle(image, (left, top), (right, bottom), colour, thickness)
            if not small:
                at = (left + 4, top + 16)
                cv2.putText(image, box.what, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, thickness, cv2.LINE_AA)
    return bytes(simplejpeg.encode_jpeg(image, quality=90, colorspace="RGB"))


def _within(value: float, side: int) -> int:
    return int(min(max(value, 0), side - 1))


def _raw(evidence: str) -> list[Any]:
    try:
        content = json.loads(evidence)
    except ValueError:
        return []
    raw = content.get("boxes") if isinstance(content, dict) else None
    return raw if isinstance(raw, list) else []


def _box(raw: Any) -> Box | None:
    if not isinstance(raw, dict) or raw.get("what") not in COLOURS:
        return None
    try:
        left, top, width, height = (float(raw[name]) for name in ("left", "top", "width", "height"))
    except (KeyError, TypeError, ValueError):
        return None
    if not all(map(math.isfinite, (left, top, width, height))) or width <= 0 or height <= 0:
        return None
    return Box(what=raw["what"], left=left, top=top, width=width, height=height)
