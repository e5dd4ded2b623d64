"""What is seen at a glance: tones, sharpness and shapes, of one image and of many together."""

import cv2
import numpy as np
import pytest

from curate.images.image import Pixels
from curate.scanners.glance import ENOUGH_PX, blur_effects, tones
from tests import sample_images


def blur_of(grey: Pixels) -> float:
    return blur_effects(grey[None])[0]


def defined_blur(grey: Pixels) -> float:
    """Measure the blur effect as the paper puts it, with floats and whole sums of nine."""
    worst = []
    for axis in (0, 1):
        kernel = np.ones((9, 1) if axis == 0 else (1, 9))
        image = grey.astype(np.float64)
        blurred = cv2.filter2D(image, -1, kernel / 9, borderType=cv2.BORDER_REFLECT_101)
        before, after = (np.abs(np.diff(each, axis=axis)) for each in (image, blurred))
        worst.append(1 - np.maximum(0, before - after).sum() / before.sum())
    return float(max(worst))


@pytest.mark.parametrize("shape", [(48, 48), (31, 60), (120, 160)])
def test_the_blur_effect_is_that_of_the_paper_for_each_of_many(shape: tuple[int, int]) -> None:
    greys = np.stack([cv2.cvtColor(sample_images.photo(seed, *shape[::-1]), cv2.COLOR_RGB2GRAY) for seed in range(5)])
    greys[1] = cv2.GaussianBlur(greys[1], (0, 0), 3)
    found = blur_effects(greys)
    assert found == pytest.approx([defined_blur(grey) for grey in greys], abs=1e-9)
    assert found == [blur_of(grey) for grey in greys]


@pytest.mark.parametrize("shape", [(48, 48), (7, 5), (1, 40), (150, 200)])
def test_tones_are_those_of_the_pixels_for_each_of_many(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(7)
    greys = np.stack([rng.integers(low, high, shape, dtype=np.uint8) for low, high in ((0, 256), (0, 9), (250, 256))])
    greys = np.concatenate([greys, np.full((1, *shape), 17, np.uint8)])
    for grey, found in zip(greys, tones(greys), strict=True):
        seen = np.sort((grey[::2, ::2] if grey.size > ENOUGH_PX else grey).ravel()).astype(int)
        ranks = [-(-percent * seen.size // 100) - 1 for percent in (1, 5, 99)]
        assert found.levels == pytest.approx([seen[rank] / 255 for rank in ranks])
        assert found.contrast == pytest.approx(seen.std())
        shares = [np.mean(np.abs(seen - level) <= 4) for level in range(256)]
        assert (found.ground, found.flat_share) == (int(np.argmax(shares)), pytest.approx(max(shares)))
        assert tones(grey[None]) == [found]


def test_a_share_that_is_met_exactly_is_met() -> None:
    """Seven of 700 pixels are one percent, though .01 * 700 is more than 7 to a computer."""
    grey = np.full((20, 35), 200, np.uint8)
    grey.flat[:7] = 50
    assert tones(grey[None])[0].levels[0] == 50 / 255
    grey.flat[6] = 200
    assert tones(grey[None])[0].levels[0] == 200 / 255


def test_a_line_has_no_neighbours_to_one_side_and_is_blurred() -> None:
    assert blur_effects(np.zeros((3, 1, 40), np.uint8)) == [1.0] * 3
    assert blur_effects(np.arange(80, dtype=np.uint8).reshape(2, 40, 1)) == [1.0] * 2


def test_the_blur_effect_grows_with_blur_and_ignores_contrast() -> None:
    grey = cv2.cvtColor(sample_images.photo(3), cv2.COLOR_RGB2GRAY)
    effects = [blur_of(cv2.GaussianBlur(grey, (0, 0), sigma)) for sigma in (0.5, 1, 2, 4)]
    assert effects == sorted(effects)
    assert blur_of(grey // 4 * 2) == pytest.approx(blur_of(grey), abs=0.1)
    assert blur_of(np.zeros((20, 20), np.uint8)) == 1.0


@pytest.mark.parametrize("stripes", [2, 3, 8])
@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize("noise", [0, 2])
def test_stripes_are_as_blurred_as_their_edges(stripes: int, way: int, noise: int) -> None:
    """A flag is sharp though nothing changes along it, and blurred once its edges are."""
    tones = np.tile([40, 220, 90, 250], 2)[:stripes].astype(np.uint8)
    sharp = np.repeat(tones, 240 // stripes)[:, None].repeat(200, axis=1)
    sharp = sharp + np.random.default_rng(0).integers(0, noise + 1, sharp.shape, dtype=np.uint8)
    grey = np.ascontiguousarray(sharp if way == 0 else sharp.T)
    assert blur_of(grey) < 0.3
    assert blur_of(cv2.GaussianBlur(grey, (0, 0), 6)) > 0.55


def test_blur_in_one_direction_is_blur() -> None:
    grey = cv2.cvtColor(sample_images.photo(71), cv2.COLOR_RGB2GRAY)
    for size in ((25, 1), (1, 25)):
        assert blur_of(cv2.blur(grey, size)) > blur_of(grey) + 0.3
