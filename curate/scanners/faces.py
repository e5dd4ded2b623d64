"""Faces: none, several, or one so small that the image shows a body. Part of the profile `faces`.

The detector is YuNet (Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence
Research 2023), run by OpenCV. Its time goes by the pixels it is given, so it looks at an image small first, and
larger only while that leaves a doubt: there is none where a look shows a face for sure, nor where nothing in it is
even faintly like one. What is still in doubt in the largest look is turned to either side and looked at once more,
since the detector misses heads that are tilted.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from curate.config import Settings
from curate.images.image import DecodedImage, Pixels, coloured
from curate.scanners import Finding, Scanner, Threshold, drawing
from curate.schema import Kind, Severity

if TYPE_CHECKING:
    import pandas as pd

MODEL = Path(__file__).parent / "models" / "face_detection_yunet_2023mar.onnx"
SMALL_PX = 100
"""Longer side below which an image is enlarged, and taken to show little besides the face."""
SURE, SURE_SMALL = 0.8, 0.6


class DetectorPass(NamedTuple):
    """One pass of the detector: the longer side of what it is shown, and the score below which nothing is a trace."""

    side_px: int
    faint: float


PASSES = (DetectorPass(96, 0.2), DetectorPass(160, 0.3), DetectorPass(320, 0.3))
PASSES_ENLARGED = (DetectorPass(64, 0.05), DetectorPass(96, 0.1), DetectorPass(160, 0.2))
SHARED_PX = 256
"""The size that other scanners have made already, from which the smaller looks are taken."""
TINY_PX = 18
"""Length of a box below which half of `faint` counts: faces of few pixels never score much."""
TILTS = (35.0, -35.0)
TURNED_PX, AROUND = 96, 2.0
"""Size at which the likeliest place is turned, and how many times the length of its box that shows."""
STRIDE_PX = 32
"""The detector fills its input up to multiples of this; stretching to them gives it pixels in place of padding."""
SEVERAL, SEVERAL_SIZE, BESIDE = 0.7, 0.15, 0.3
KEEP_SCORE, SCORE_THRESHOLD, NMS_THRESHOLD, TOP_K = 0.5, 0.05, 0.3, 100
Rows = npt.NDArray[np.float64]
"""(n, 5): left, top, width, height and score."""


class FacesSettings(Settings):
    """What counts as a face, and how many of what size there should be."""

    sure: float = Field(SURE, ge=0, le=1, description="no face where the detector is nowhere as sure as this")
    sure_small: float = Field(SURE_SMALL, ge=0, le=1, description="the same for images under 100 px, enlarged for it")
    drawn: float = Field(0.5, ge=0, le=1, description="how drawn an image may look for its faces to count")
    several: float = Field(SEVERAL, ge=0, le=1, description="how sure it must be of each of several faces")
    several_size: float = Field(
        SEVERAL_SIZE, ge=0, le=1, description="area against the largest face that makes another count"
    )
    small_share: float = Field(0.02, ge=0, le=1, description="share of the image below which its largest face is small")


class Faces(Scanner):
    """Images without a face, with several, or with a small one."""

    name: ClassVar[str] = "faces"
    version: ClassVar[int] = 4
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

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        return {"boxes": json.dumps(detect(image), separators=(",", ":"))}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        seen = features[features["boxes"].notna()]
        signed = seen[seen["signs"].notna()] if "signs" in seen else seen[:0]
        drawn = dict(zip(signed["path"], drawing.scores(signed), strict=True)) if len(signed) else {}
        for path, width, height, boxes in seen[["path", "width", "height", "boxes"]].itertuples(index=False, name=None):
            score, told_by = drawn.get(path, (0.0, ""))
            if score >= self.settings.drawn:
                reason = f"No face of a person: the image looks drawn ({score:.2f} by {told_by})."
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
            reason = f"{len(faces)} faces, where one is wanted; the largest takes {share:.1%} of the image."
            yield _finding(Kind.SEVERAL_FACES, path, min(1.0, 0.5 + 0.1 * len(faces)), reason, faces)
        elif share < s.small_share:
            reason = f"The face takes only {share:.1%} of the image (threshold {s.small_share:.0%})."
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
    """How sure the detector is of its surest face; only of images to which that setting applies."""
    is_small = view[["width", "height"]].max(axis=1) < SMALL_PX
    return view["boxes"].where(is_small == small).map(_best_score, na_action="ignore")


def _best_score(boxes: str) -> float:
    return max((box["score"] for box in json.loads(boxes)), default=0.0)


def _largest_share(view: pd.DataFrame) -> pd.Series:
    """The share of the image that the largest box takes; missing where there is none."""
    largest = view["boxes"].map(
        lambda boxes: max((box["width"] * box["height"] for box in json.loads(boxes)), default=None),
        na_action="ignore",
    )
    return largest.astype("float64") / (view["width"] * view["height"]).astype("float64")


def detect(image: DecodedImage) -> list[dict[str, Any]]:
    """Faces, as boxes in pixels of the full image, the surest first."""
    is_small = max(image.width, image.height) < SMALL_PX
    rows = _search(image, PASSES_ENLARGED, SURE_SMALL) if is_small else _search(image, PASSES, SURE)
    return [_box(row, image) for row in rows[np.argsort(-rows[:, 4], kind="stable")] if row[4] >= KEEP_SCORE]


def _search(image: DecodedImage, passes: tuple[DetectorPass, ...], sure: float) -> Rows:
    """What the first look that leaves no doubt finds, or the last, in pixels of the full image."""
    for look in passes:
        view = _whole(image) if look is PASSES[-1] else _stretched(image.fit(SHARED_PX), look.side_px)
        rows = _detected(view)
        in_doubt = _leaves_doubt(rows, look.faint, sure)
        across, down = image.width / view.shape[1], image.height / view.shape[0]
        rows[:, :4] *= np.array((across, down, across, down))
        if not in_doubt:
            return rows
    return rows if rows[:, 4].max() >= sure else _turned(image, rows, sure)


def _leaves_doubt(rows: Rows, faint: float, sure: float) -> bool:
    """Whether there is a trace of a face but none is sure, or one is and another beside it might count as well."""
    if not len(rows):
        return False
    score, area = rows[:, 4], rows[:, 2] * rows[:, 3]
    first = score.argmax()
    if score[first] >= sure:
        others = (area >= SEVERAL_SIZE * area[first]) & (score >= BESIDE) & (score < SEVERAL)
        others[first] = False
        return bool(others.any())
    is_tiny = rows[:, 2:4].max(axis=1) < TINY_PX
    return bool((score >= np.where(is_tiny, faint / 2, faint)).any())


def _turned(image: DecodedImage, rows: Rows, sure: float) -> Rows:
    """The same, with what is found where the likeliest place is turned to either side."""
    view = _whole(image)
    scale = image.width / view.shape[1]
    likeliest = rows[rows[:, 4].argmax()]
    middle = likeliest[:2] + likeliest[2:4] / 2
    side = AROUND * likeliest[2:4].max()
    for angle in TILTS:
        turn = cv2.getRotationMatrix2D((middle / scale).tolist(), angle, scale * TURNED_PX / side)
        turn[:, 2] += TURNED_PX / 2 - middle / scale
        square = cv2.warpAffine(view, turn, (TURNED_PX, TURNED_PX), borderMode=cv2.BORDER_REPLICATE)
        found = _detected(np.asarray(square, dtype=np.uint8))
        found = found[found[:, 4] >= sure]
        if len(found):
            back = cv2.invertAffineTransform(turn)
            centres = (found[:, :2] + found[:, 2:4] / 2) @ back[:, :2].T + back[:, 2]
            found[:, 2:4] *= side / TURNED_PX
            found[:, :2] = scale * centres - found[:, 2:4] / 2
            is_elsewhere = np.abs(rows[:, :2] + rows[:, 2:4] / 2 - middle).max(axis=1) > side / 2
            return np.vstack([found, rows[is_elsewhere]])
    return rows


def _whole(image: DecodedImage) -> Pixels:
    """In proportion, at the size of the last look or smaller."""
    longest = max(image.pixels.shape[:2])
    shrunk = min(1.0, PASSES[-1].side_px / longest)
    rows, columns = (max(1, round(side * shrunk)) for side in image.pixels.shape[:2])
    return coloured(_resized(image.pixels, rows, columns))


def _stretched(pixels: Pixels, side_px: int) -> Pixels:
    """The longer side at `side_px`, and the other as near to its proportion as leaves no padding."""
    strides = (round(side * side_px / max(pixels.shape[:2]) / STRIDE_PX) for side in pixels.shape[:2])
    rows, columns = (STRIDE_PX * max(1, count) for count in strides)
    return _resized(pixels, rows, columns)


def _resized(pixels: Pixels, rows: int, columns: int) -> Pixels:
    """To less than half by way of twice the size: averaging areas of broken sizes takes ten times as long."""
    if pixels.shape[0] > 2 * rows and pixels.shape[1] > 2 * columns:
        pixels = np.asarray(cv2.resize(pixels, (2 * columns, 2 * rows), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    how = cv2.INTER_CUBIC if max(pixels.shape[:2]) < max(rows, columns) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (columns, rows), interpolation=how), dtype=np.uint8)


def _detected(view: Pixels) -> Rows:
    """All that looks even faintly like a face, in pixels of the view."""
    detector = _detector()
    detector.setInputSize((view.shape[1], view.shape[0]))
    found = detector.detect(cv2.cvtColor(view, cv2.COLOR_RGB2BGR))[1]
    return np.empty((0, 5)) if found is None else np.asarray(found[:, [0, 1, 2, 3, 14]], dtype=np.float64)


def _box(row: npt.NDArray[np.float64], image: DecodedImage) -> dict[str, Any]:
    left, top, width, height, score = row.tolist()
    left, top = max(0.0, left), max(0.0, top)
    return {
        "what": "face",
        "left": round(left, 1),
        "top": round(top, 1),
        "width": round(min(width, image.width - left), 1),
        "height": round(min(height, image.height - top), 1),
        "score": round(score, 3),
    }


@functools.cache
def _detector() -> Any:
    return cv2.FaceDetectorYN.create(str(MODEL), "", (STRIDE_PX, STRIDE_PX), SCORE_THRESHOLD, NMS_THRESHOLD, TOP_K)
