"""Faces are looked for in the profile that asks for them, and boxes are those of the full image."""

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import curate
from curate.auditing import judge
from curate.config import Config, JudgeSettings
from curate.demonstration.portraits import portrait
from curate.images.image import DecodedImage
from curate.scanners import face_detector
from curate.scanners.face_detector import Rows, detect
from curate.scanners.faces import Faces, FacesSettings
from tests import sample_images

FACES = Config(profile="faces")


def judged(
    boxes: list[tuple[float, float, float]],
    width: int = 400,
    height: int = 300,
    covered: float = math.nan,
    **settings: float,
) -> list[tuple[str, str]]:
    """Findings for faces given as (side in pixels, score, left), and how covered the only one is."""
    found = [
        {"what": "face", "left": left, "top": 0, "width": side, "height": side, "score": score}
        for side, score, left in boxes
    ]
    row = {"path": "a.jpg", "width": width, "height": height, "boxes": json.dumps(found), "covered": covered}
    features = pd.DataFrame([row])
    return [(str(finding.kind), finding.reason) for finding in Faces(FacesSettings(**settings)).judge(features)]


def test_scenes_without_a_face_are_flagged_in_the_profile_faces_only(tmp_path: Path) -> None:
    sample_images.dataset(tmp_path / "set", each=3)
    general = curate.audit(tmp_path / "set", tmp_path / "ws").findings
    assert not (general["kind"] == "no_face").any()
    found = curate.audit(tmp_path / "set", tmp_path / "ws", configuration=FACES).findings
    assert (found["kind"] == "no_face").sum() == 6


def test_one_large_face_is_what_is_wanted() -> None:
    assert judged([(150, 0.95, 100)]) == []


def test_no_face_says_how_sure_the_best_guess_is() -> None:
    (kind, reason), _ = judged([(150, 0.55, 100)])
    assert kind == "no_face"
    assert "0.55" in reason
    (_, reason), _ = judged([])
    assert "nothing looks like one" in reason


def test_a_threshold_of_zero_asks_for_no_face_even_where_nothing_looks_like_one() -> None:
    assert judged([], min_score=0.0) == []
    assert "nothing looks like one" in judged([])[0][1]


def test_several_faces_count_when_they_are_of_like_size() -> None:
    ((kind, reason),) = judged([(100, 0.9, 0), (90, 0.9, 150)])
    assert kind == "several_faces"
    assert reason.startswith("2 faces")
    assert judged([(200, 0.9, 0), (20, 0.9, 300)]) == []


def test_a_body_tells_the_share_of_its_face_and_its_height_where_it_is_trained_on() -> None:
    ((kind, reason),) = judged([(30, 0.9, 0)])
    assert kind == "body_not_face"
    assert "takes 0.75% of it (threshold 1.75%)" in reason
    assert "5 pixels high where the image is trained on at 48 pixels" in reason
    ((_, reason),) = judged([(30, 0.9, 0)], train_px=224)
    assert "22 pixels high where the image is trained on at 224 pixels" in reason


def test_a_face_is_small_under_1_75_percent() -> None:
    """Of 120,000 square pixels: 45 x 45 are 1.69 %, 46 x 46 are 1.76 %."""
    assert [kind for kind, _ in judged([(45, 0.9, 0)])] == ["body_not_face"]
    assert judged([(46, 0.9, 0)]) == []


def test_a_photograph_without_a_sure_face_is_a_body_as_well_and_a_drawing_is_not() -> None:
    assert [kind for kind, _ in judged([(150, 0.55, 100)])] == ["no_face", "body_not_face"]
    row = {"path": "a.jpg", "width": 400, "height": 300, "boxes": "[]", "covered": math.nan}
    features = pd.DataFrame([{**row, "style": 3.0}])
    assert [str(finding.kind) for finding in Faces().judge(features)] == ["no_face"]


def test_a_crowd_of_small_faces_is_several_and_no_face_of_use() -> None:
    crowd = [(25, 0.9, 30.0 * index) for index in range(8)]
    assert [kind for kind, _ in judged(crowd)] == ["several_faces", "body_not_face"]
    large = [(80, 0.9, 0.0), (80, 0.9, 100.0)]
    assert [kind for kind, _ in judged(large)] == ["several_faces"]


@pytest.mark.parametrize(
    ("boxes", "covered", "kinds"),
    [
        pytest.param([(150, 0.95, 100)], 0.5, ["face_covered"], id="at the threshold"),
        pytest.param([(150, 0.95, 100)], 0.49, [], id="below it"),
        pytest.param([(150, 0.95, 100)], math.nan, [], id="unknown, so nothing is said"),
        pytest.param([(150, 0.95, 0), (150, 0.95, 200)], 0.9, ["several_faces"], id="others are told already"),
        pytest.param([(30, 0.95, 0)], 0.9, ["body_not_face"], id="too small to be of use"),
        pytest.param([(150, 0.55, 0)], 0.9, ["no_face", "body_not_face"], id="not sure to be one"),
    ],
)
def test_a_covered_face_is_told_where_it_is_the_only_one(
    boxes: list[tuple[float, float, float]], covered: float, kinds: list[str]
) -> None:
    assert [kind for kind, _ in judged(boxes, covered=covered)] == kinds


def test_a_covered_face_says_how_covered_it_looks_and_its_threshold_moves() -> None:
    ((_, reason),) = judged([(150, 0.95, 100)], covered=0.834)
    assert reason == "The face looks covered, by hands, hair or something else: 0.83 (threshold 0.5)."
    assert judged([(150, 0.95, 100)], covered=0.834, max_covered_score=0.9) == []


def test_a_drawing_has_no_covered_face() -> None:
    face = json.dumps([{"what": "face", "left": 0, "top": 0, "width": 150, "height": 150, "score": 0.5}])
    row = {"path": "a.jpg", "width": 400, "height": 300, "boxes": face, "covered": 0.9}
    features = pd.DataFrame([{**row, "style": 3.0}])
    assert [str(finding.kind) for finding in Faces().judge(features)] == ["no_face"]


def test_tiny_and_odd_images_are_survived() -> None:
    for height, width in ((1, 1), (3, 200), (48, 48), (700, 20)):
        image = DecodedImage(pixels=np.full((height, width, 3), 90, np.uint8), width=width, height=height)
        assert Faces().measure(image) == {"boxes": "[]", "covered": None}


def framed(side: int, seed: int, count: int = 1) -> DecodedImage:
    """Drawn portraits of so many pixels in a row in the middle of 480 x 360 even ones."""
    pixels = np.full((360, 480, 3), 120, np.uint8)
    rng = np.random.default_rng(seed)
    top, left = (360 - side) // 2, (480 - count * side) // 2
    for index in range(count):
        at = left + index * side
        pixels[top : top + side, at : at + side] = portrait(rng, "Happy", side, side)
    return DecodedImage(pixels=pixels, width=480, height=360)


@pytest.mark.parametrize("side", [240, 300, 360])
def test_a_large_face_that_the_last_look_would_find_is_found_in_the_same_place(side: int) -> None:
    compared = 0
    for seed in range(6):
        image = framed(side, seed)
        whole = face_detector._detected(image.fit(320))
        whole = whole[whole[:, 4] >= 0.9]
        if len(whole):
            found = detect(image)
            assert found
            left, top, width, height = whole[whole[:, 4].argmax(), :4] * 1.5
            assert abs(found[0].left + found[0].width / 2 - left - width / 2) < 0.15 * width
            assert abs(found[0].top + found[0].height / 2 - top - height / 2) < 0.15 * height
            assert 0.7 < found[0].width / width < 1.4
            compared += 1
    assert compared


def test_faces_beside_one_another_are_all_found() -> None:
    found = detect(framed(150, 1, count=3))
    assert len([box for box in found if box.score >= face_detector.SEVERAL]) == 3


def rows(*boxes: tuple[float, float]) -> Rows:
    """Boxes as (side in pixels, score)."""
    return np.array([(0, 0, side, side, score) for side, score in boxes]).reshape(-1, 5)


def test_landmarks_are_those_of_the_full_image() -> None:
    """Eyes above the nose above the mouth, all in the box; twice the image, twice as far."""
    image = framed(240, 1)
    twice = np.asarray(cv2.resize(image.pixels, (960, 720), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    row = face_detector.detections(image)[0]
    marks = row[5:].reshape(5, 2)
    assert (marks[:2, 1] < marks[2, 1]).all()
    assert (marks[2, 1] < marks[3:, 1]).all()
    assert marks[0, 0] < marks[1, 0]
    assert ((marks > row[:2]) & (marks < row[:2] + row[2:4])).all()
    again = face_detector.detections(DecodedImage(pixels=twice, width=960, height=720))[0]
    np.testing.assert_allclose(again[5:], 2 * row[5:], atol=0.1 * row[2])
    reduced = face_detector.detections(DecodedImage(pixels=image.pixels, width=960, height=720))[0]
    np.testing.assert_allclose(reduced[5:], 2 * row[5:], rtol=1e-6)


def ranked(*found: tuple[float, float]) -> Rows:
    """Detections as (side in pixels, score)."""
    return np.array([(0, 0, side, side, score, *[0] * 10) for side, score in found]).reshape(-1, 15)


@pytest.mark.parametrize(
    ("found", "side_px", "side"),
    [
        pytest.param(ranked(), 300, None, id="nothing"),
        pytest.param(ranked((80, 0.79)), 300, None, id="not sure"),
        pytest.param(ranked((40, 0.6)), 99, 40, id="sure enough in a small image"),
        pytest.param(ranked((80, 0.9)), 300, 80, id="one"),
        pytest.param(ranked((80, 0.9), (40, 0.7)), 300, None, id="a second that counts"),
        pytest.param(ranked((80, 0.9), (30, 0.9)), 300, 80, id="a second under 15 % of it"),
        pytest.param(ranked((30, 0.9), (80, 0.8)), 300, 80, id="the largest, not the surest"),
        pytest.param(ranked((80, 0.9), (80, 0.69)), 300, 80, id="a second that is hardly one"),
    ],
)
def test_the_only_face_is_one_that_no_other_counts_beside(found: Rows, side_px: int, side: int | None) -> None:
    image = DecodedImage(pixels=np.zeros((side_px, side_px, 3), np.uint8), width=side_px, height=side_px)
    face = face_detector.only_face(found, image)
    assert (None if face is None else face[2]) == side


@pytest.mark.parametrize(
    ("seen", "doubt"),
    [
        pytest.param(rows(), False, id="nothing at all"),
        pytest.param(rows((40, 0.1)), False, id="too faint for its size"),
        pytest.param(rows((40, 0.3)), True, id="a trace"),
        pytest.param(rows((12, 0.11)), True, id="as faint as small faces are"),
        pytest.param(rows((40, 0.9)), False, id="one sure face"),
        pytest.param(rows((40, 0.9), (30, 0.5)), True, id="another that may count beside it"),
        pytest.param(rows((40, 0.9), (30, 0.9)), True, id="several sure faces: there may be more"),
        pytest.param(rows((40, 0.9), (10, 0.5)), False, id="one too small to count beside it"),
        pytest.param(rows((20, 0.9)), True, id="a sure face under 3 %: there may be others"),
    ],
)
def test_a_larger_look_is_taken_only_in_doubt(seen: Rows, doubt: bool) -> None:
    assert face_detector._leaves_doubt(seen, faint=0.2, sure=0.8, whole=160 * 160) is doubt


def test_thumbnails_are_enlarged_for_the_last_look_and_large_images_shrunk() -> None:
    for height, width in ((60, 120), (600, 1200)):
        image = DecodedImage(pixels=np.full((height, width), 90, np.uint8), width=width, height=height)
        assert face_detector._whole(image).shape == (160, 320, 3)


def test_a_face_that_fills_a_small_crop_is_found() -> None:
    for seed in range(5):
        crop = cv2.resize(
            portrait(np.random.default_rng(seed), "Happy", 200, 200), (48, 48), interpolation=cv2.INTER_AREA
        )
        best, *_ = detect(DecodedImage(pixels=np.asarray(crop, dtype=np.uint8), width=48, height=48))
        assert best.score >= face_detector.SURE_SMALL
        assert best.width > 16


def test_a_face_on_its_side_is_found_where_it_is() -> None:
    """A drawn portrait turned by forty degrees, of which the detector is not sure upright."""
    found = []
    for seed in range(8):
        face = portrait(np.random.default_rng(seed), "Happy", 300, 300)
        turn = cv2.getRotationMatrix2D((150, 150), 40, 1)
        tilted = np.asarray(cv2.warpAffine(face, turn, (300, 300), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)
        image = DecodedImage(pixels=tilted, width=300, height=300)
        before = max(face_detector._detected(image.fit(320))[:, 4], default=0.0)
        after = detect(image)
        if before < face_detector.SURE <= max((box.score for box in after), default=0.0):
            found.append(after[0])
    assert found
    for box in found:
        assert 60 < box.left + box.width / 2 < 240
        assert 30 < box.top + box.height / 2 < 270


@pytest.mark.parametrize("seed", [12, 15])
def test_the_landmarks_of_a_face_that_was_found_turned_lie_as_it_does(seed: int) -> None:
    """Portraits turned by forty degrees against the clock: the mouth lies below the eyes and to their right."""
    face = portrait(np.random.default_rng(seed), "Happy", 300, 300)
    turn = cv2.getRotationMatrix2D((150, 150), 40, 1)
    tilted = np.asarray(cv2.warpAffine(face, turn, (300, 300), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)
    upright = face_detector.detections(DecodedImage(pixels=face, width=300, height=300))[0, 5:].reshape(5, 2)
    marks = face_detector.detections(DecodedImage(pixels=tilted, width=300, height=300))[0, 5:].reshape(5, 2)
    np.testing.assert_allclose(marks, upright @ turn[:, :2].T + turn[:, 2], atol=12)
    right, down = marks[3:].mean(axis=0) - marks[:2].mean(axis=0)
    assert 30 < np.degrees(np.arctan2(right, down)) < 50


@pytest.mark.parametrize(("without", "queued"), [(20, 20), (29, 0)])
def test_the_missing_faces_of_a_dataset_of_faces_are_queued_unless_hardly_any_image_has_one(
    without: int, queued: int
) -> None:
    face = json.dumps([{"what": "face", "left": 0, "top": 0, "width": 150, "height": 150, "score": 0.95}])
    frame = pd.DataFrame({"path": [f"{index:02}.jpg" for index in range(30)], "label": None, "status": "ok"})
    frame = frame.assign(width=400, height=300)
    frame["faces.boxes"] = ["[]"] * without + [face] * (30 - without)
    frame["faces.covered"] = math.nan
    judgement = judge.judge(frame, [Faces(FacesSettings())], JudgeSettings())
    assert (judgement.findings["kind"] == "no_face").sum() == queued
    noted = {} if queued else {"body_not_face": without, "no_face": without}
    assert {item.kind: item.images for item in judgement.prevalent} == noted


def test_the_detector_is_made_without_a_word_and_leaves_opencv_as_talkative_as_it_was(
    capfd: pytest.CaptureFixture[str],
) -> None:
    log = getattr(cv2.utils, "logging", None)
    before = log and log.getLogLevel()
    face_detector._detector.cache_clear()
    face_detector._detector()
    assert capfd.readouterr() == ("", "")
    assert (log and log.getLogLevel()) == before


def test_the_detector_is_made_by_an_opencv_4_too_which_has_no_such_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2.utils, "logging", raising=False)
    face_detector._detector.cache_clear()
    assert face_detector._detector() is not None
