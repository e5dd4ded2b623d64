"""Faces are looked for in the profile that asks for them, and boxes are those of the full picture."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import curate
from curate import judging
from curate.config import Config, JudgeSettings
from curate.drawn.portraits import portrait
from curate.picture import Picture
from curate.scanners import faces
from curate.scanners.faces import Faces, FacesSettings, detect
from curate.schema import Kind
from tests import pictures

FACES = Config(profile="faces")


def judged(boxes: list[tuple[float, float, float]], width: int = 400, height: int = 300) -> list[tuple[str, str]]:
    """Findings for faces given as (side in pixels, score, left)."""
    found = [
        {"what": "face", "left": left, "top": 0, "width": side, "height": side, "score": score}
        for side, score, left in boxes
    ]
    features = pd.DataFrame([{"path": "a.jpg", "width": width, "height": height, "boxes": json.dumps(found)}])
    return [(str(finding.kind), finding.reason) for finding in Faces(FacesSettings()).judge(features)]


def test_scenes_without_a_face_are_flagged_in_the_profile_faces_only(tmp_path: Path) -> None:
    pictures.dataset(tmp_path / "set", each=3)
    general = curate.audit(tmp_path / "set", tmp_path / "ws").findings
    assert not (general["kind"] == Kind.NO_FACE).any()
    found = curate.audit(tmp_path / "set", tmp_path / "ws", configuration=FACES).findings
    assert (found["kind"] == Kind.NO_FACE).sum() == 6


def test_one_large_face_is_what_is_wanted() -> None:
    assert judged([(150, 0.95, 100)]) == []


def test_no_face_says_how_sure_the_best_guess_is() -> None:
    ((kind, reason),) = judged([(150, 0.55, 100)])
    assert kind == Kind.NO_FACE
    assert "0.55" in reason
    ((_, reason),) = judged([])
    assert "nothing looks like one" in reason


def test_several_faces_count_when_they_are_of_like_size() -> None:
    ((kind, reason),) = judged([(100, 0.9, 0), (90, 0.9, 150)])
    assert kind == Kind.SEVERAL_FACES
    assert reason.startswith("2 faces")
    assert judged([(200, 0.9, 0), (20, 0.9, 300)]) == []


def test_a_small_face_tells_its_share() -> None:
    ((kind, reason),) = judged([(30, 0.9, 0)])
    assert kind == Kind.SMALL_FACE
    assert "0.8%" in reason


def test_tiny_and_odd_pictures_are_survived() -> None:
    for height, width in ((1, 1), (3, 200), (48, 48), (700, 20)):
        picture = Picture(pixels=np.full((height, width, 3), 90, np.uint8), width=width, height=height)
        assert json.loads(Faces().measure(picture)["boxes"]) == []


def test_a_face_on_its_side_is_found_where_it_is() -> None:
    """A drawn portrait turned by forty degrees, of which the detector is not sure upright."""
    found = []
    for seed in range(8):
        face = portrait(np.random.default_rng(seed), "Happy", 300, 300)
        turn = cv2.getRotationMatrix2D((150, 150), 40, 1)
        tilted = np.asarray(cv2.warpAffine(face, turn, (300, 300), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)
        picture = Picture(pixels=tilted, width=300, height=300)
        before = max((row[14] for row in faces._rows(picture.fit(320))), default=0.0)
        after = detect(picture)
        if before < faces.SURE <= max((box["score"] for box in after), default=0.0):
            found.append(after[0])
    assert found
    for box in found:
        assert 60 < box["left"] + box["width"] / 2 < 240
        assert 30 < box["top"] + box["height"] / 2 < 270


@pytest.mark.parametrize(("without", "queued"), [(20, 20), (29, 0)])
def test_the_missing_faces_of_a_dataset_of_faces_are_queued_unless_hardly_any_picture_has_one(
    without: int, queued: int
) -> None:
    face = json.dumps([{"what": "face", "left": 0, "top": 0, "width": 150, "height": 150, "score": 0.95}])
    frame = pd.DataFrame({"path": [f"{index:02}.jpg" for index in range(30)], "label": None, "status": "ok"})
    frame = frame.assign(width=400, height=300)
    frame["faces.boxes"] = ["[]"] * without + [face] * (30 - without)
    judgement = judging.judge(frame, [Faces(FacesSettings())], JudgeSettings())
    assert (judgement.findings["kind"] == Kind.NO_FACE).sum() == queued
    assert [item.images for item in judgement.prevalent] == ([] if queued else [without])
