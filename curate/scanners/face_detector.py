"""Where the faces of an image are: the detector, and how often and how large it is shown an image.

The detector is YuNet (Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence
Research 2023), run by OpenCV. Its time goes by the pixels it is given, so it looks at an image at 160 px first, and at
320 px, to which thumbnails are enlarged, where that leaves a doubt: there is none where the first look shows nothing
even faintly like a face, nor where it shows one sure face of some size and no other. What is still in doubt in the
larger look is turned to either side and looked at once more, since the detector misses heads that are tilted.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from curate.findings import Box
from curate.images.image import DecodedImage, Pixels, coloured

MODEL = Path(__file__).parent / "models" / "face_detection_yunet_2023mar.onnx"
SMALL_PX = 100
"""Longer side below which an image is enlarged, and taken to show little besides the face."""
SURE, SURE_SMALL = 0.8, 0.6


class DetectorPass(NamedTuple):
    """One pass of the detector: the longer side of what it is shown, and the score below which nothing is a trace."""

    side_px: int
    faint: float


PASSES = (DetectorPass(160, 0.3), DetectorPass(320, 0.3))
PASSES_ENLARGED = (DetectorPass(64, 0.05), DetectorPass(96, 0.1), DetectorPass(160, 0.2))
SHARED_PX = 256
"""The size that other scanners have made already, from which the smaller looks are taken."""
LARGE_SHARE = 0.03
"""Share of the image from which on a sure face ends the search: beside a smaller one others are often missed."""
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
"""(n, 15): left, top, width, height, score, and across and down of the five landmarks of `covered.TEMPLATE`."""
COLUMNS = [0, 1, 2, 3, 14, *range(4, 14)]
"""Where the detector has these."""


def is_small(width: int, height: int) -> bool:
    """Say whether an image of this size (pixels) is enlarged before it is looked at."""
    return max(width, height) < SMALL_PX


def detect(image: DecodedImage) -> list[Box]:
    """Find faces, as boxes in pixels of the full image, the surest first."""
    return [box_of(row, image) for row in detections(image)]


def detections(image: DecodedImage) -> Rows:
    """Find faces with their landmarks, in pixels of the full image, the surest first."""
    small = is_small(image.width, image.height)
    rows = _search(image, PASSES_ENLARGED, SURE_SMALL) if small else _search(image, PASSES, SURE)
    ranked = rows[np.argsort(-rows[:, 4], kind="stable")]
    return ranked[ranked[:, 4] >= KEEP_SCORE]


def _search(image: DecodedImage, passes: tuple[DetectorPass, ...], sure: float) -> Rows:
    """Return the detections of the first pass that is conclusive, else of the last, in pixels of the full image."""
    for detector_pass in passes:
        view = _whole(image) if detector_pass is PASSES[-1] else _stretched(image.fit(SHARED_PX), detector_pass.side_px)
        rows = _detected(view)
        in_doubt = _leaves_doubt(rows, detector_pass.faint, sure, view.shape[0] * view.shape[1])
        across, down = image.width / view.shape[1], image.height / view.shape[0]
        rows[:, :4] *= np.array((across, down, across, down))
        rows[:, 5:] *= np.tile((across, down), 5)
        if not in_doubt:
            return rows
    return rows if rows[:, 4].max() >= sure else _turned(image, rows, sure)


def only_face(rows: Rows, image: DecodedImage) -> npt.NDArray[np.float64] | None:
    """Return of ranked detections the one face that counts; None where none is sure, or several are, by default."""
    if not len(rows) or rows[0, 4] < (SURE_SMALL if is_small(image.width, image.height) else SURE):
        return None
    likely = rows[rows[:, 4] >= min(SEVERAL, rows[0, 4])]
    areas = likely[:, 2] * likely[:, 3]
    faces = likely[areas >= SEVERAL_SIZE * areas.max()]
    return np.asarray(faces[0]) if len(faces) == 1 else None


def _leaves_doubt(rows: Rows, faint: float, sure: float, whole: float) -> bool:
    """Say whether a look at `whole` square pixels shows a trace of a face, but not one sure and large face alone."""
    if not len(rows):
        return False
    score, area = rows[:, 4], rows[:, 2] * rows[:, 3]
    first = score.argmax()
    if score[first] >= sure:
        others = (area >= SEVERAL_SIZE * area[first]) & (score >= BESIDE)
        others[first] = False
        return bool(others.any()) or bool(area[first] < LARGE_SHARE * whole)
    is_tiny = rows[:, 2:4].max(axis=1) < TINY_PX
    return bool((score >= np.where(is_tiny, faint / 2, faint)).any())


def _turned(image: DecodedImage, rows: Rows, sure: float) -> Rows:
    """Add to the detections what is found where the likeliest place is turned to either side."""
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
            marks = found[:, 5:].reshape(-1, 5, 2) @ back[:, :2].T + back[:, 2]
            found[:, 5:] = scale * marks.reshape(-1, 10)
            is_elsewhere = np.abs(rows[:, :2] + rows[:, 2:4] / 2 - middle).max(axis=1) > side / 2
            return np.vstack([found, rows[is_elsewhere]])
    return rows


def _whole(image: DecodedImage) -> Pixels:
    """Shrink or enlarge an image, in proportion, to the size of the last pass."""
    scale = PASSES[-1].side_px / max(image.pixels.shape[:2])
    rows, columns = (max(1, round(side * scale)) for side in image.pixels.shape[:2])
    return coloured(_resized(image.pixels, rows, columns))


def _stretched(pixels: Pixels, side_px: int) -> Pixels:
    """Resize to a longer side of `side_px`, the other as near to its proportion as leaves no padding."""
    strides = (round(side * side_px / max(pixels.shape[:2]) / STRIDE_PX) for side in pixels.shape[:2])
    rows, columns = (STRIDE_PX * max(1, count) for count in strides)
    return _resized(pixels, rows, columns)


def _resized(pixels: Pixels, rows: int, columns: int) -> Pixels:
    """Resize, to less than half by way of twice the size: averaging areas of broken sizes takes ten times as long."""
    if pixels.shape[0] > 2 * rows and pixels.shape[1] > 2 * columns:
        pixels = np.asarray(cv2.resize(pixels, (2 * columns, 2 * rows), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    how = cv2.INTER_CUBIC if max(pixels.shape[:2]) < max(rows, columns) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (columns, rows), interpolation=how), dtype=np.uint8)


def _detected(view: Pixels) -> Rows:
    """Detect all that looks even faintly like a face, in pixels of the view."""
    detector = _detector()
    detector.setInputSize((view.shape[1], view.shape[0]))
    found = detector.detect(cv2.cvtColor(view, cv2.COLOR_RGB2BGR))[1]
    return np.empty((0, 15)) if found is None else np.asarray(found[:, COLUMNS], dtype=np.float64)


def box_of(row: npt.NDArray[np.float64], image: DecodedImage) -> Box:
    """Return a detection as a box within the image."""
    left, top, width, height, score = row[:5].tolist()
    left, top = max(0.0, left), max(0.0, top)
    return Box(
        left=round(left, 1),
        top=round(top, 1),
        width=round(min(width, image.width - left), 1),
        height=round(min(height, image.height - top), 1),
        what="face",
        score=round(score, 3),
    )


@functools.cache
def _detector() -> Any:
    with _only_errors_told():
        return cv2.FaceDetectorYN.create(str(MODEL), "", (STRIDE_PX, STRIDE_PX), SCORE_THRESHOLD, NMS_THRESHOLD, TOP_K)


@contextmanager
def _only_errors_told() -> Iterator[None]:
    """Keep OpenCV 5 from warning of a target that nobody chose; OpenCV 4 has neither that warning nor the switch."""
    log = getattr(cv2.utils, "logging", None)
    if log is None:
        yield
        return
    before = log.getLogLevel()
    log.setLogLevel(log.LOG_LEVEL_ERROR)
    try:
        yield
    finally:
        log.setLogLevel(before)
