"""How an image of a training set looks: exact where it is arithmetic, drawn portraits where a detector has its say."""

import numpy as np
import pytest
from PIL import Image

from curate.dataset import shaping
from curate.dataset.recipe import Appearance
from curate.dataset.shaping import shaped, square
from curate.findings import Box
from curate.images.image import DecodedImage
from curate.scanners.faces import FacesSettings, required_score, sure_faces
from tests import sample_images


def decoded(width: int, height: int, scale: int = 1) -> DecodedImage:
    """A photograph of that size, held at a fraction of it."""
    return DecodedImage(pixels=sample_images.photo(1, width // scale, height // scale), width=width, height=height)


def face(left: float, top: float, width: float, height: float, score: float = 0.9) -> Box:
    return Box(left=left, top=top, width=width, height=height, what="face", score=score)


def crop(monkeypatch: pytest.MonkeyPatch, image: DecodedImage, *faces: Box, **options: float) -> tuple[int, ...]:
    """The part of an image that is shown where the detector finds these faces."""
    monkeypatch.setattr(shaping, "detect", lambda _: list(faces))
    return shaped(image, Appearance(crop="face", **{"face_margin": 0.25, **options})).crop  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        pytest.param((300, 200, 100, 80), (275, 165, 150, 150), id="the longer side and half of it"),
        pytest.param((300, 200, 80, 100), (265, 175, 150, 150), id="whichever side that is"),
        pytest.param((0, 0, 100, 100), (0, 0, 150, 150), id="not beyond the left and upper edge"),
        pytest.param((700, 500, 100, 100), (650, 450, 150, 150), id="nor the right and lower one"),
        pytest.param((100, 100, 500, 400), (50, 0, 600, 600), id="no larger than the shorter side"),
    ],
)
def test_a_face_is_shown_with_its_margin(
    monkeypatch: pytest.MonkeyPatch, box: tuple[int, int, int, int], expected: tuple[int, int, int, int]
) -> None:
    assert crop(monkeypatch, decoded(800, 600), face(*box)) == expected


def test_the_margin_is_left_on_either_side(monkeypatch: pytest.MonkeyPatch) -> None:
    assert crop(monkeypatch, decoded(800, 600), face(300, 200, 100, 100), face_margin=0) == (300, 200, 100, 100)
    assert crop(monkeypatch, decoded(800, 600), face(300, 200, 100, 100), face_margin=1) == (200, 100, 300, 300)


def test_of_several_faces_the_largest_counts_that_the_detector_is_sure_of(monkeypatch: pytest.MonkeyPatch) -> None:
    faces = (face(0, 0, 50, 50, 0.99), face(300, 200, 100, 100, 0.8), face(500, 300, 200, 200, 0.79))
    assert crop(monkeypatch, decoded(800, 600), *faces, face_margin=0) == (300, 200, 100, 100)
    assert crop(monkeypatch, decoded(800, 600), faces[2]) == (0, 0, 800, 600)


def test_the_thresholds_of_the_scanner_say_what_a_face_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shaping, "detect", lambda _: [face(30, 30, 20, 20, 0.65)])
    appearance = Appearance(crop="face", face_margin=0)
    whole, part = (0, 0, 200, 150), (30, 30, 20, 20)
    assert shaped(decoded(200, 150), appearance).crop == whole
    assert shaped(decoded(200, 150), appearance, FacesSettings(min_score=0.65)).crop == part
    assert shaped(decoded(99, 80), appearance).crop == part
    assert shaped(decoded(99, 80), appearance, FacesSettings(min_score_small=0.66)).crop == (0, 0, 99, 80)


def test_images_under_a_hundred_pixels_have_a_threshold_of_their_own() -> None:
    settings = FacesSettings(min_score=0.8, min_score_small=0.6)
    assert [required_score(*size, settings) for size in ((99, 99), (100, 20), (20, 100))] == [0.6, 0.8, 0.8]
    boxes = [face(0, 0, 1, 1, score) for score in (0.9, 0.8, 0.6, 0.59)]
    assert sure_faces(boxes, 50, 50, settings) == boxes[:3]
    assert sure_faces(boxes, 500, 50, settings) == boxes[:2]
    assert sure_faces([Box(left=0, top=0, width=1, height=1, what="face")], 50, 50, settings) == []


def test_of_an_image_held_at_a_reduced_scale_the_same_part_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shaping, "detect", lambda _: [face(300, 200, 100, 100)])
    image = decoded(800, 600, scale=4)
    result = shaped(image, Appearance(crop="face", face_margin=0.5))
    assert result.crop == (250, 150, 200, 200)
    assert np.array_equal(np.asarray(result.image), image.pixels[38:88, 62:112])


def test_a_crop_of_less_than_a_pixel_shows_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shaping, "detect", lambda _: [face(400, 200, 1, 1)])
    assert shaped(decoded(800, 600, scale=4), Appearance(crop="face", face_margin=0)).image.size == (1, 1)


def test_what_is_not_asked_for_is_not_done() -> None:
    image = decoded(60, 40)
    result = shaped(image, Appearance())
    assert result.crop == (0, 0, 60, 40)
    assert np.array_equal(np.asarray(result.image), image.pixels)


def test_grey_is_luma_and_comes_before_the_resizing() -> None:
    image = decoded(60, 40)
    expected = square(Image.fromarray(image.pixels).convert("L"), 16, "lanczos")
    assert shaped(image, Appearance(grey=True, size_px=16)).image.mode == "L"
    assert np.array_equal(np.asarray(shaped(image, Appearance(grey=True, size_px=16)).image), np.asarray(expected))


@pytest.mark.parametrize("shape", ["stretch", "centre"])
@pytest.mark.parametrize("size", [(60, 40), (40, 60)])
def test_a_square_is_the_whole_stretched_or_its_middle(shape: str, size: tuple[int, int]) -> None:
    image = decoded(*size)
    result = shaped(image, Appearance(size_px=8, shape=shape, filter="box")).image  # type: ignore[arg-type]
    middle = Image.fromarray(image.pixels).crop((10, 0, 50, 40) if size[0] > size[1] else (0, 10, 40, 50))
    whole = middle if shape == "centre" else Image.fromarray(image.pixels)
    expected = whole.resize((8, 8), Image.Resampling.BOX, reducing_gap=3.0)
    assert np.array_equal(np.asarray(result), np.asarray(expected))
