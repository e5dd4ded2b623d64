"""Faces: none, several, or one so small that the picture shows a body. Part of the profile `faces`.

The detector is YuNet (Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence
Research 2023), run by OpenCV on the picture at 320 px. Small crops are enlarged and given a margin first: the
detector has learned faces with something around them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import pyarrow as pa
from pydantic import Field

from curate.config import Settings
from curate.picture import Picture, Pixels, shrink
from curate.scanners import Finding, Scanner, Threshold, drawing
from curate.schema import Kind, Severity

if TYPE_CHECKING:
    import pandas as pd

MODEL = Path(__file__).parents[1] / "models" / "face_detection_yunet_2023mar.onnx"
SIDE_PX = 320
SMALL_PX, ENLARGED_PX, MARGIN_PX = 100, 160, 40
SURE, SURE_SMALL = 0.8, 0.6
TILTS = (25.0, -25.0, 45.0, -45.0)
"""Degrees by which a picture is turned where no face was found: the detector misses heads that lie to one side."""
TILTED_PX = 192
"""Size of the turned picture: at a quarter of the time, what matters is a head that is large enough to be wanted."""
LEAST_SCORE, OVERLAP, MOST = 0.5, 0.3, 100


class FacesSettings(Settings):
    """What counts as a face, and how many of what size there should be."""

    sure: float = Field(SURE, ge=0, le=1, description="no face where the detector is nowhere as sure as this")
    sure_small: float = Field(SURE_SMALL, ge=0, le=1, description="the same for pictures under 100 px, enlarged for it")
    drawn: float = Field(0.5, ge=0, le=1, description="how drawn a picture may look for its faces to count")
    several: float = Field(0.7, ge=0, le=1, description="how sure it must be of each of several faces")
    several_size: float = Field(0.15, ge=0, le=1, description="area against the largest face that makes another count")
    small_share: float = Field(
        0.02, ge=0, le=1, description="share of the picture below which its largest face is small"
    )


class Faces(Scanner):
    """Pictures without a face, with several, or with a small one."""

    name: ClassVar[str] = "faces"
    version: ClassVar[int] = 3
    settings_model: ClassVar[type[Settings]] = FacesSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {"boxes": pa.string()}
    borrows: ClassVar[Mapping[str, str]] = {"signs": "drawing.signs"}
    asked: ClassVar[frozenset[Kind]] = frozenset({Kind.NO_FACE, Kind.SEVERAL_FACES, Kind.SMALL_FACE})
    thresholds: ClassVar[tuple[Threshold, ...]] = (
        Threshold(kind=Kind.NO_FACE, setting="sure", measured=lambda view: _surest(view, small=False), flags="below"),
        Threshold(
            kind=Kind.NO_FACE, setting="sure_small", measured=lambda view: _surest(view, small=True), flags="below"
        ),
        Threshold(
            kind=Kind.SMALL_FACE,
            setting="small_share",
            measured=lambda view: _largest_share(view),  # noqa: PLW0108 - it is defined further down
            flags="below",
        ),
    )

    def measure(self, picture: Picture) -> Mapping[str, Any]:
        return {"boxes": json.dumps(detect(picture), separators=(",", ":"))}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        seen = features[features["boxes"].notna()]
        signed = seen[seen["signs"].notna()] if "signs" in seen else seen[:0]
        drawn = dict(zip(signed["path"], drawing.scores(signed), strict=True)) if len(signed) else {}
        for path, width, height, boxes in seen[["path", "width", "height", "boxes"]].itertuples(index=False, name=None):
            score, told_by = drawn.get(path, (0.0, ""))
            if score >= self.settings.drawn:
                reason = f"No face of a person: the picture looks drawn ({score:.2f} by {told_by})."
                yield _finding(Kind.NO_FACE, path, score, reason, [])
            else:
                yield from self._of(path, int(width), int(height), json.loads(boxes))

    def _of(self, path: str, width: int, height: int, boxes: list[dict[str, Any]]) -> Iterator[Finding]:
        s = self.settings
        sure = s.sure_small if max(width, height) < SMALL_PX else s.sure
        best = max((box["score"] for box in boxes), default=0.0)
        if best < sure:
            seen = f"the best guess is only {best:.2f} sure" if boxes else "nothing looks like one"
            yield _finding(Kind.NO_FACE, path, 1 - best, f"No face was found: {seen} (threshold {sure:g}).", boxes)
            return
        largest = max(
            box["width"] * box["height"] for box in boxes if box["score"] >= s.several or box["score"] == best
        )
        faces = [
            box
            for box in boxes
            if box["score"] >= s.several and box["width"] * box["height"] >= s.several_size * largest
        ]
        share = largest / max(width * height, 1)
        if len(faces) > 1:
            reason = f"{len(faces)} faces, where one is wanted; the largest takes {share:.1%} of the picture."
            yield _finding(Kind.SEVERAL_FACES, path, min(1.0, 0.5 + 0.1 * len(faces)), reason, faces)
        elif share < s.small_share:
            reason = f"The face takes only {share:.1%} of the picture (threshold {s.small_share:.0%})."
            yield _finding(Kind.SMALL_FACE, path, 1 - share / max(s.small_share, 1e-9) / 2, reason, faces or boxes)


def _finding(kind: Kind, path: str, score: float, reason: str, boxes: list[dict[str, Any]]) -> Finding:
    return Finding(
        kind=kind,
        path=path,
        score=min(1.0, max(0.0, score)),
        severity=Severity.WARNING,
        reason=reason,
        evidence={"boxes": boxes},
    )


def _surest(view: pd.DataFrame, *, small: bool) -> pd.Series:
    """How sure the detector is of its surest face; only of pictures to which that setting applies."""
    is_small = view[["width", "height"]].max(axis=1) < SMALL_PX
    return view["boxes"].where(is_small == small).map(_best_score, na_action="ignore")


def _best_score(boxes: str) -> float:
    return max((box["score"] for box in json.loads(boxes)), default=0.0)


def _largest_share(view: pd.DataFrame) -> pd.Series:
    """The share of the picture that the largest box takes; missing where there is none."""
    largest = view["boxes"].map(
        lambda boxes: max((box["width"] * box["height"] for box in json.loads(boxes)), default=None),
        na_action="ignore",
    )
    return largest.astype("float64") / (view["width"] * view["height"]).astype("float64")


def detect(picture: Picture) -> list[dict[str, Any]]:
    """Faces, as boxes in pixels of the full picture, the surest first."""
    view = picture.fit(SIDE_PX)
    margin, scale = 0, view.shape[1] / picture.width
    if max(view.shape[:2]) < SMALL_PX:
        grow = ENLARGED_PX / max(view.shape[:2])
        view = np.asarray(cv2.resize(view, None, fx=grow, fy=grow, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
        view = np.pad(view, ((MARGIN_PX,) * 2, (MARGIN_PX,) * 2, (0, 0)), mode="edge")
        margin, scale = MARGIN_PX, scale * grow
    rows = _rows(view)
    if max((row[14] for row in rows), default=0.0) < (SURE_SMALL if margin else SURE):
        rows = _tilted_rows(view, SURE_SMALL if margin else SURE) or rows
    boxes = [_box(row, margin, scale, picture) for row in rows]
    return sorted(boxes, key=lambda box: -box["score"])


def _tilted_rows(view: Pixels, sure: float) -> list[Any]:
    """What is found when the picture is turned a little, each box turned back about its middle."""
    small = shrink(view, TILTED_PX)
    scale = small.shape[1] / view.shape[1]
    middle = (small.shape[1] / 2, small.shape[0] / 2)
    for angle in TILTS:
        turn = cv2.getRotationMatrix2D(middle, angle, 1)
        turned = cv2.warpAffine(small, turn, (small.shape[1], small.shape[0]), borderMode=cv2.BORDER_REPLICATE)
        rows = [row.copy() for row in _rows(np.asarray(turned, dtype=np.uint8)) if row[14] >= sure]
        if rows:
            back = cv2.invertAffineTransform(turn)
            for row in rows:
                centre = back @ (row[0] + row[2] / 2, row[1] + row[3] / 2, 1)
                row[:2] = centre - row[2:4] / 2
                row[:14] /= scale
            return rows
    return []


def _rows(view: Pixels) -> Any:
    detector = _detector()
    detector.setInputSize((view.shape[1], view.shape[0]))
    found = detector.detect(cv2.cvtColor(view, cv2.COLOR_RGB2BGR))[1]
    return [] if found is None else found


def _box(row: Any, margin: int, scale: float, picture: Picture) -> dict[str, Any]:
    left, top = max(0.0, (row[0] - margin) / scale), max(0.0, (row[1] - margin) / scale)
    return {
        "what": "face",
        "left": round(float(left), 1),
        "top": round(float(top), 1),
        "width": round(float(min(row[2] / scale, picture.width - left)), 1),
        "height": round(float(min(row[3] / scale, picture.height - top)), 1),
        "score": round(float(row[14]), 3),
    }


@functools.cache
def _detector() -> Any:
    return cv2.FaceDetectorYN.create(str(MODEL), "", (SIDE_PX, SIDE_PX), LEAST_SCORE, OVERLAP, MOST)
