"""Places in an image that a finding speaks of: faces, text, damage, drawn on its preview.

Invariants: evidence comes from scanners of any origin, so whatever is no box is left out, never an error;
boxes are in pixels of the upright full-size image, and are scaled by the longer side, which does not
depend on whether the recorded width and height are those before or after turning.
"""

import json
import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import simplejpeg

from curate.findings import Box
from curate.i18n import N_

TITLES: Mapping[str, str] = {"face": N_("face"), "text": N_("text"), "damage": N_("damage")}
"""The sorts of boxes that this project's scanners know, as people read them."""
COLOURS = {"face": (80, 200, 120), "text": (70, 150, 255), "damage": (255, 80, 60)}
"""Red, green, blue; each box also bears its name, so that colour alone says nothing."""
NEUTRAL = (230, 200, 60)
"""For what a foreign scanner points at."""
LEGIBLE_PX = 256
"""Images below this get thin lines without names, which would hide them."""


def boxes_of(findings: Iterable[Mapping[str, Any]]) -> list[Box]:
    """Read the boxes in the evidence of findings, each once, in their order."""
    boxes = [box for row in findings for raw in _raw(row["evidence"]) if (box := Box.from_evidence(raw)) is not None]
    return list(dict.fromkeys(boxes))


def marked(
    jpeg: bytes, boxes: Iterable[Box], longer_side_px: int, names: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    """Draw boxes on a preview; `longer_side_px` is that of the full-size image, `names` says what to call a sort."""
    image = np.ascontiguousarray(simplejpeg.decode_jpeg(jpeg, colorspace="RGB"))
    height, width = image.shape[:2]
    scale = max(height, width) / longer_side_px
    small = max(height, width) < LEGIBLE_PX
    for box in boxes:
        left, top = _within(box.left * scale, width), _within(box.top * scale, height)
        right, bottom = _within((box.left + box.width) * scale, width), _within((box.top + box.height) * scale, height)
        own = COLOURS.get(box.what, NEUTRAL)
        for colour, thickness in [(own, 1)] if small else [((0, 0, 0), 4), (own, 2)]:
            cv2.rectangle(image, (left, top), (right, bottom), colour, thickness)
            if not small:
                name, at = _ascii(names.get(box.what, box.what)), (left + 4, top + 16)
                cv2.putText(image, name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, thickness, cv2.LINE_AA)
    return bytes(simplejpeg.encode_jpeg(image, quality=90, colorspace="RGB"))


def _ascii(name: str) -> str:
    """Take the accents off a name: the drawing font has no others."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def _within(value: float, side: int) -> int:
    return int(min(max(value, 0), side - 1))


def _raw(evidence: str) -> list[Any]:
    try:
        content = json.loads(evidence)
    except (ValueError, TypeError, RecursionError):
        return []
    raw = content.get("boxes") if isinstance(content, dict) else None
    return raw if isinstance(raw, list) else []
