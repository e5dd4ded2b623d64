"""A face is laid where faces lie, and what is laid over it is told; what is too small to tell says nothing."""

import cv2
import numpy as np
import pytest

from curate.demonstration.portraits import portrait
from curate.images.image import DecodedImage, Pixels
from curate.scanners import covered, face_detector, faces


def drawn(seed: int, side: int = 300) -> Pixels:
    return portrait(np.random.default_rng(seed), "Happy", side, side)


def held(pixels: Pixels) -> DecodedImage:
    return DecodedImage(pixels=pixels, width=pixels.shape[1], height=pixels.shape[0])


def score(pixels: Pixels) -> float | None:
    image = held(pixels)
    found = faces.Faces().measure(image)["covered"]
    return None if found is None else float(found)


def dotted(side: int, scale: float, left: float, top: float, degrees: float = 0) -> tuple[Pixels, covered.Floats]:
    """A black image with a white dot at each landmark of a face that is so large, turned and there."""
    turn = cv2.getRotationMatrix2D((0, 0), degrees, scale)
    marks = covered.TEMPLATE @ turn[:, :2].T + (left, top)
    pixels = np.zeros((side, side), np.uint8)
    for mark in marks:
        cv2.circle(pixels, (round(16 * mark[0]), round(16 * mark[1])), round(16 * 1.5 * scale), 255, -1, cv2.LINE_AA, 4)
    return pixels, marks


@pytest.mark.parametrize(
    ("side", "scale", "degrees"),
    [
        pytest.param(64, 0.6, 0, id="enlarged"),
        pytest.param(200, 1.0, 0, id="as it is"),
        pytest.param(300, 2.5, 0, id="shrunk"),
        pytest.param(3000, 30.0, 0, id="shrunk by a whole number first"),
        pytest.param(400, 2.5, 30, id="turned"),
    ],
)
def test_landmarks_are_laid_to_the_template(side: int, scale: float, degrees: float) -> None:
    pixels, marks = dotted(side, scale, side * 0.2, side * 0.3, degrees)
    face = covered.aligned(pixels, marks).astype(float)
    assert face.shape == (64, 64)
    down, across = np.mgrid[:64, :64]
    for x, y in covered.TEMPLATE:
        near = face * (np.hypot(across - x, down - y) < 5)
        assert near.max() > 100
        assert np.hypot((near * across).sum() / near.sum() - x, (near * down).sum() / near.sum() - y) < 0.8


def test_colour_and_its_grey_are_laid_alike() -> None:
    pixels, marks = dotted(300, 2.5, 60, 80)
    coloured = np.repeat(pixels[..., None], 3, axis=2)
    assert (covered.aligned(coloured, marks) == covered.aligned(pixels, marks)).all()


@pytest.mark.parametrize("place", [(-500.0, -500.0), (5000.0, 20.0), (20.0, 5000.0)])
def test_landmarks_beyond_the_image_are_survived(place: tuple[float, float]) -> None:
    pixels = np.full((50, 40), 90, np.uint8)
    assert (covered.aligned(pixels, covered.TEMPLATE + place) == 90).all()


def test_landmarks_that_all_coincide_are_survived() -> None:
    assert covered.aligned(np.full((50, 40), 90, np.uint8), np.full((5, 2), 20.0)).shape == (64, 64)


def test_a_similarity_is_found_again() -> None:
    """Turned by 90 degrees, twice as large, and shifted."""
    points = np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 2.0)])
    targets = np.array([(10.0, 20.0), (10.0, 22.0), (6.0, 20.0)])
    np.testing.assert_allclose(covered.similarity(points, targets), [(0, -2, 10), (2, 0, 20)], atol=1e-9)


def test_directions_are_those_in_which_brightness_changes() -> None:
    """A slope of a level a pixel, which counts as 2, beside 0.4 of noise; no direction has more than 0.6."""
    across = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
    cells = covered.directions(across).reshape(8, 8, 9)
    assert cells[4, 4].tolist() == pytest.approx([0.6, *[0] * 8], abs=1e-3)
    down = covered.directions(np.ascontiguousarray(across.T)).reshape(8, 8, 9)
    # 90 degrees lie half way between the fifth and the sixth of nine directions.
    assert down[4, 4].tolist() == pytest.approx([*[0] * 4, *[1 / (2**0.5 + 0.4)] * 2, *[0] * 3], abs=1e-3)
    assert (covered.directions(np.full((64, 64), 90, np.uint8)) == 0).all()


def test_what_is_too_small_to_tell_says_nothing() -> None:
    image = held(drawn(1))
    row = face_detector.only_face(face_detector.detections(image), image)
    assert row is not None
    box, marks = row[:4], row[5:].reshape(5, 2)
    assert covered.covered_score(image, box, marks) is not None
    shrunk = 23.9 / box[3]
    small = np.asarray(cv2.resize(image.pixels, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA))
    # Reduced when it was decoded, so that the full image is as large as before.
    assert covered.covered_score(DecodedImage(pixels=small, width=300, height=300), box, marks) is None


def test_what_the_first_look_is_easy_about_is_not_shown_to_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    image = held(drawn(1))
    row = face_detector.only_face(face_detector.detections(image), image)
    assert row is not None
    model = covered._model()
    for boundary, expected in ((1e6, 0.0), (-1e6, None)):
        changed = {**model, "directions": {**model["directions"], "boundary": boundary}}
        monkeypatch.setattr(covered, "_model", lambda changed=changed: changed)
        found = covered.covered_score(image, row[:4], row[5:].reshape(5, 2))
        assert found == expected if expected is not None else found > 0


def with_fingers(pixels: Pixels) -> Pixels:
    """Three fingers of the sitter's own skin over the mouth."""
    row = face_detector.detections(held(pixels))[0]
    marks, width = row[5:].reshape(5, 2), row[2]
    nose_down, eye_across = int(marks[2, 1]), int(marks[0, 0])
    skin = pixels[nose_down - 3 : nose_down + 4, eye_across - 3 : eye_across + 4].mean(axis=(0, 1))
    across, down = marks[3:].mean(axis=0)
    laid = pixels.copy()
    for finger in (-1, 0, 1):
        at = round(down + finger * 0.114 * width)
        for shade, thickness in ((0.55, 0.12 * width + 3), (0.95, 0.12 * width - 2)):
            ends = (round(across - 0.4 * width), at), (round(across + 0.3 * width), at)
            cv2.line(laid, *ends, (shade * skin).tolist(), round(thickness), cv2.LINE_AA)
    return laid


def test_no_portrait_looks_covered() -> None:
    scores = [score(drawn(seed)) for seed in range(20)]
    assert [found for found in scores if found is None or found >= 0.3] == []


@pytest.mark.parametrize(("seed", "least"), [(61, 0.7), (66, 0.7), (68, 0.8), (69, 0.7), (71, 0.5)])
def test_fingers_over_the_mouth_are_told(seed: int, least: float) -> None:
    found = score(with_fingers(portrait(np.random.default_rng(seed), "Happy", 300, 360)))
    assert found is not None
    assert found >= least


def test_an_image_held_at_half_its_size_is_judged_alike() -> None:
    pixels = with_fingers(portrait(np.random.default_rng(68), "Happy", 300, 360))
    found = faces.Faces().measure(DecodedImage(pixels=pixels, width=600, height=720))["covered"]
    assert found == score(pixels)
