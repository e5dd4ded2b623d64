"""Faces: none, several, a covered one, or none of useful size: a body. Part of the profile `faces`.

The detector is YuNet (Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence
Research 2023), run by OpenCV. Its time goes by the pixels it is given, so it looks at an image at 160 px first, and at
320 px, to which thumbnails are enlarged, where that leaves a doubt: there is none where the first look shows nothing
even faintly like a face, nor where it shows one sure face of some size and no other. What is still in doubt in the
larger look is turned to either side and looked at once more, since the detector misses heads that are tilted.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from curate.config import Config, Settings
from curate.findings import Box, Finding, KindSpec
from curate.i18n import N_, Message, msg
from curate.images.image import DecodedImage, Pixels, coloured
from curate.scanners import Scanner, Threshold, covered, drawing
from curate.schema import Category

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


NO_FACE = KindSpec(
    name="no_face",
    category=Category.UNSUITABLE,
    title=N_("No face"),
    meaning=N_("No face was found in the image."),
)
SEVERAL_FACES = KindSpec(
    name="several_faces",
    category=Category.UNSUITABLE,
    title=N_("Several faces"),
    meaning=N_("More than one face was found in the image."),
    message=N_("{faces} faces, where one is wanted; the largest takes {share:.1%} of the image."),
)
BODY_NOT_FACE = KindSpec(
    name="body_not_face",
    category=Category.UNSUITABLE,
    title=N_("Body, not a face"),
    meaning=N_(
        "A photograph without a sure face of useful size: a body expresses what it shows, and spoils a model of faces."
    ),
    message=N_(
        "A body rather than a face: its largest face is {height:.0f} pixels high where the image is trained on at "
        "{train_px} pixels, and takes {share:.2%} of it (threshold {threshold:.2%})."
    ),
)
FACE_COVERED = KindSpec(
    name="face_covered",
    category=Category.UNSUITABLE,
    title=N_("Face covered"),
    meaning=N_("Hands, hair, a mask, a caption or the border hide an eye, the mouth or much of the only face."),
    message=N_("The face looks covered, by hands, hair or something else: {score:.2f} (threshold {threshold:g})."),
)


class FacesSettings(Settings):
    """What counts as a face, and how many of what size there should be."""

    min_score: float = Field(SURE, ge=0, le=1, description=N_("no face where the detector is nowhere as sure as this"))
    min_score_small: float = Field(
        SURE_SMALL, ge=0, le=1, description=N_("the same for images under 100 px, enlarged for it")
    )
    max_drawing_score: float = Field(
        0.5, ge=0, le=1, description=N_("how drawn an image may look for its faces to count")
    )
    several: float = Field(SEVERAL, ge=0, le=1, description=N_("how sure it must be of each of several faces"))
    several_size: float = Field(
        SEVERAL_SIZE, ge=0, le=1, description=N_("area against the largest face that makes another count")
    )
    small_share: float = Field(
        0.0175, ge=0, le=1, description=N_("share of the image below which its largest face is small")
    )
    max_covered_score: float = Field(0.5, ge=0, le=1, description=N_("how covered the only face may look"))
    train_px: int = Field(
        48, ge=1, description=N_("side to which images are resized for training; only named in reasons")
    )


class Faces(Scanner):
    """Images without a face, with several, with a covered one, or with none of useful size."""

    name: ClassVar[str] = "faces"
    version: ClassVar[int] = 6
    kinds: ClassVar[tuple[KindSpec, ...]] = (BODY_NOT_FACE, FACE_COVERED, NO_FACE, SEVERAL_FACES)
    settings_model: ClassVar[type[Settings]] = FacesSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {"boxes": pa.string(), "covered": pa.float32()}
    borrows: ClassVar[Mapping[str, str]] = {"style": "drawing.style"}
    required_kinds: ClassVar[frozenset[KindSpec]] = frozenset(kinds)
    thresholds: ClassVar[tuple[Threshold, ...]] = (
        Threshold(kind=NO_FACE, setting="min_score", measured=lambda view: _surest(view, small=False), flags="below"),
        Threshold(
            kind=NO_FACE, setting="min_score_small", measured=lambda view: _surest(view, small=True), flags="below"
        ),
        Threshold(
            kind=BODY_NOT_FACE,
            setting="small_share",
            measured=lambda view: _largest_share(view),  # noqa: PLW0108 - it is defined further down
            flags="below",
        ),
        Threshold(kind=FACE_COVERED, setting="max_covered_score", measured="covered", flags="above"),
    )

    @classmethod
    def is_wanted(cls, configuration: Config) -> bool:
        return configuration.profile == "faces"

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        rows = detections(image)
        face = only_face(rows, image)
        return {
            "boxes": json.dumps([_box(row, image).evidence() for row in rows], separators=(",", ":")),
            "covered": None if face is None else covered.covered_score(image, face[:4], face[5:].reshape(5, 2)),
        }

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        measured = features[features["boxes"].notna()]
        drawn = _drawing_scores(measured)
        rows = measured[["path", "width", "height", "boxes", "covered"]].itertuples(index=False, name=None)
        for path, width, height, boxes, cover in rows:
            score, judged_by = drawn.get(path, (0.0, Message("")))
            if score >= self.settings.max_drawing_score:
                message = msg(
                    "No face of a person: the image looks drawn ({score:.2f} by {judged_by}).",
                    score=score,
                    judged_by=judged_by,
                )
                yield _finding(NO_FACE, path, score, message, [])
            else:
                faces = _boxes(boxes)
                found = list(self._of(path, int(width), int(height), faces))
                yield from found
                if not found and cover >= self.settings.max_covered_score:
                    message = FACE_COVERED.says(score=cover, threshold=self.settings.max_covered_score)
                    yield _finding(FACE_COVERED, path, float(cover), message, faces)

    def _of(self, path: str, width: int, height: int, boxes: list[_Face]) -> Iterator[Finding]:
        s = self.settings
        min_score = required_score(width, height, s)
        best = max((face.score for face in boxes), default=0.0)
        if best < min_score:
            message = (
                msg(
                    "No face was found: the best guess is only {best:.2f} sure (threshold {threshold:g}).",
                    best=best,
                    threshold=min_score,
                )
                if boxes
                else msg("No face was found: nothing looks like one (threshold {threshold:g}).", threshold=min_score)
            )
            yield _finding(NO_FACE, path, 1 - best, message, boxes)
            yield _finding(BODY_NOT_FACE, path, 1 - best / 2, Message(_NO_SURE_FACE, {}), boxes)
            return
        largest = max((face for face in boxes if face.score >= s.several or face.score == best), key=lambda it: it.area)
        faces = [face for face in boxes if face.score >= s.several and face.area >= s.several_size * largest.area]
        share = largest.area / max(width * height, 1)
        if len(faces) > 1:
            message = SEVERAL_FACES.says(faces=len(faces), share=share)
            yield _finding(SEVERAL_FACES, path, min(1.0, 0.5 + 0.1 * len(faces)), message, faces)
        if share < s.small_share:
            trained = largest.height * s.train_px / max(height, 1)
            message = BODY_NOT_FACE.says(height=trained, train_px=s.train_px, share=share, threshold=s.small_share)
            yield _finding(BODY_NOT_FACE, path, 1 - share / max(s.small_share, 1e-9) / 2, message, faces or boxes)


_NO_SURE_FACE = N_("No sure face in a photograph: a body, a back or a hidden face, where it shows a person at all.")


class _Face(NamedTuple):
    """A detected face as it was stored: its evidence, and what judging reads of it."""

    evidence: dict[str, Any]
    score: float
    area: float
    height: float


def _boxes(stored: str) -> list[_Face]:
    return [_Face(box, box["score"], box["width"] * box["height"], box["height"]) for box in json.loads(stored)]


def _drawing_scores(measured: pd.DataFrame) -> dict[str, tuple[float, Message]]:
    """Return how drawn each image looks, by path, where the scanner of drawings has measured it."""
    if "style" not in measured:
        return {}
    known = measured[measured["style"].notna()]
    return dict(zip(known["path"], drawing.drawing_scores(known), strict=True)) if len(known) else {}


def _finding(kind: KindSpec, path: str, score: float, message: Message, faces: list[_Face]) -> Finding:
    return Finding(
        kind=kind,
        path=path,
        score=min(1.0, max(0.0, score)),
        message=message,
        evidence={"boxes": [face.evidence for face in faces]},
    )


def _surest(view: pd.DataFrame, *, small: bool) -> pd.Series:
    """Return how sure the detector is of its surest face; only of images to which that setting applies."""
    is_small = view[["width", "height"]].max(axis=1) < SMALL_PX
    return view["boxes"].where(is_small == small).map(_best_score, na_action="ignore")


def _best_score(boxes: str) -> float:
    return max((face.score for face in _boxes(boxes)), default=0.0)


def _largest_share(view: pd.DataFrame) -> pd.Series:
    """Return the share of the image that the largest box takes; missing where there is none."""
    largest = view["boxes"].map(
        lambda boxes: max((face.area for face in _boxes(boxes)), default=None),
        na_action="ignore",
    )
    return largest.astype("float64") / (view["width"] * view["height"]).astype("float64")


def required_score(width: int, height: int, settings: FacesSettings) -> float:
    """Return the score from which a detection counts as a face in an image of this size (pixels)."""
    return settings.min_score_small if _is_small(width, height) else settings.min_score


def sure_faces(boxes: Sequence[Box], width: int, height: int, settings: FacesSettings) -> list[Box]:
    """Select the detections that count as faces in an image of this size (pixels)."""
    limit = required_score(width, height, settings)
    return [box for box in boxes if box.score is not None and box.score >= limit]


def _is_small(width: int, height: int) -> bool:
    return max(width, height) < SMALL_PX


def detect(image: DecodedImage) -> list[Box]:
    """Find faces, as boxes in pixels of the full image, the surest first."""
    return [_box(row, image) for row in detections(image)]


def detections(image: DecodedImage) -> Rows:
    """Find faces with their landmarks, in pixels of the full image, the surest first."""
    is_small = _is_small(image.width, image.height)
    rows = _search(image, PASSES_ENLARGED, SURE_SMALL) if is_small else _search(image, PASSES, SURE)
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
    if not len(rows) or rows[0, 4] < (SURE_SMALL if _is_small(image.width, image.height) else SURE):
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


def _box(row: npt.NDArray[np.float64], image: DecodedImage) -> Box:
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
    return cv2.FaceDetectorYN.create(str(MODEL), "", (STRIDE_PX, STRIDE_PX), SCORE_THRESHOLD, NMS_THRESHOLD, TOP_K)
