"""Faces: none, several, a covered one, or none of useful size: a body. Part of the profile `faces`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import pyarrow as pa
from pydantic import Field

from curate.config import Config, Settings
from curate.findings import Box, Finding, KindSpec
from curate.i18n import N_, Message, msg
from curate.images.image import DecodedImage
from curate.scanners import Scanner, Threshold, covered, drawing, face_detector
from curate.scanners.face_detector import SEVERAL, SEVERAL_SIZE, SMALL_PX, SURE, SURE_SMALL, is_small
from curate.schema import Category

if TYPE_CHECKING:
    import pandas as pd

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
    reads_sha256: ClassVar[bool] = False
    kinds: ClassVar[tuple[KindSpec, ...]] = (BODY_NOT_FACE, FACE_COVERED, NO_FACE, SEVERAL_FACES)
    settings_model: ClassVar[type[Settings]] = FacesSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {"boxes": pa.string(), "covered": pa.float32()}
    borrows: ClassVar[Mapping[str, str]] = {"style": "drawing.style", "seen": "drawing.seen"}
    required_kinds: ClassVar[frozenset[KindSpec]] = frozenset(kinds)
    thresholds: ClassVar[tuple[Threshold, ...]] = (
        Threshold(
            kind=NO_FACE, setting="min_score", measured=lambda view, _: _surest(view, small=False), flags="below"
        ),
        Threshold(
            kind=NO_FACE, setting="min_score_small", measured=lambda view, _: _surest(view, small=True), flags="below"
        ),
        Threshold(
            kind=BODY_NOT_FACE,
            setting="small_share",
            measured=lambda view, settings: _largest_share(view, settings.several),
            flags="below",
        ),
        Threshold(kind=FACE_COVERED, setting="max_covered_score", measured="covered", flags="above"),
    )

    @classmethod
    def is_wanted(cls, configuration: Config) -> bool:
        return configuration.profile == "faces"

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        rows = face_detector.detections(image)
        face = face_detector.only_face(rows, image)
        return {
            "boxes": json.dumps([face_detector.box_of(row, image).evidence() for row in rows], separators=(",", ":")),
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
        if not boxes:
            return  # a threshold of 0 asks for no face at all
        largest = _largest(boxes, s.several)
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
    is_enlarged = view[["width", "height"]].max(axis=1) < SMALL_PX
    return view["boxes"].where(is_enlarged == small).map(_best_score, na_action="ignore")


def _best_score(boxes: str) -> float:
    return max((face.score for face in _boxes(boxes)), default=0.0)


def _largest(faces: Sequence[_Face], several: float) -> _Face:
    """Select the largest of those faces that the detector is surest of, or as sure as `several` asks for."""
    best = max(face.score for face in faces)
    return max((face for face in faces if face.score >= several or face.score == best), key=lambda it: it.area)


def _largest_share(view: pd.DataFrame, several: float) -> pd.Series:
    """Return the share of the image that its largest face takes (`_largest`); missing without any."""
    faces = view["boxes"].map(_boxes, na_action="ignore")
    largest = faces.map(lambda found: _largest(found, several).area if found else None, na_action="ignore")
    return largest.astype("float64") / (view["width"] * view["height"]).astype("float64")


def required_score(width: int, height: int, settings: FacesSettings) -> float:
    """Return the score from which a detection counts as a face in an image of this size (pixels)."""
    return settings.min_score_small if is_small(width, height) else settings.min_score


def sure_faces(boxes: Sequence[Box], width: int, height: int, settings: FacesSettings) -> list[Box]:
    """Select the detections that count as faces in an image of this size (pixels)."""
    limit = required_score(width, height, settings)
    return [box for box in boxes if box.score is not None and box.score >= limit]
