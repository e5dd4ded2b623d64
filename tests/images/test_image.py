"""Smaller versions of an image: which size they have, and that they show what an average over areas shows."""

import cv2
import numpy as np
import pytest

from curate.images.image import shrink, squeeze
from tests import sample_images


@pytest.mark.parametrize(
    ("size", "side_px", "expected"),
    [
        ((512, 384), 256, (256, 192)),
        ((513, 375), 256, (256, 187)),
        ((767, 575), 256, (256, 192)),
        ((1024, 700), 256, (256, 175)),
        ((1025, 700), 256, (256, 175)),
        ((4001, 3001), 256, (256, 192)),
        ((300, 3000), 256, (26, 256)),
    ],
)
def test_what_is_shrunk_is_what_an_average_over_areas_shows(
    size: tuple[int, int], side_px: int, expected: tuple[int, int]
) -> None:
    pixels = sample_images.photo(3, *size)
    small = shrink(pixels, side_px)
    assert (small.shape[1], small.shape[0]) == expected
    averaged = cv2.resize(pixels, expected, interpolation=cv2.INTER_AREA)
    off = np.abs(small.astype(int) - averaged)
    assert off.mean() < 1.5
    # Nor is it duller: halved as often as it can be, and then brought to its size, it loses a tenth of its steps.
    steps, usual = (np.abs(np.diff(each.astype(float), axis=1)).mean() for each in (small, averaged))
    assert steps == pytest.approx(usual, rel=0.08)


@pytest.mark.parametrize("size", [(1, 1), (1, 256), (256, 100)])
def test_what_is_small_enough_stays_as_it_is(size: tuple[int, int]) -> None:
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    assert shrink(pixels, 256) is pixels


@pytest.mark.parametrize("size", [(5000, 1), (1, 5000), (1023, 2), (257, 1)])
def test_a_line_stays_a_line(size: tuple[int, int]) -> None:
    pixels = np.full((size[1], size[0]), 77, np.uint8)
    small = shrink(pixels, 256)
    assert max(small.shape) == 256
    assert min(small.shape) >= 1
    assert (small == 77).all()


def test_what_is_shrunk_by_less_than_half_has_its_size_too() -> None:
    assert shrink(sample_images.photo(3, 500, 375), 256).shape == (192, 256, 3)


def test_every_pixel_counts_wherever_it_lies() -> None:
    for column in range(0, 1200, 7):
        pixels = np.zeros((40, 1200), np.uint8)
        pixels[:, column] = 255
        assert shrink(pixels, 256).max() > 0, column


@pytest.mark.parametrize("size", [(64, 64), (1000, 300), (90, 70), (200, 700)])
def test_a_square_has_its_side_whatever_the_image(size: tuple[int, int]) -> None:
    pixels = sample_images.photo(4, *size)
    square = squeeze(pixels, 64)
    assert square.shape == (64, 64, 3)
    averaged = cv2.resize(pixels, (64, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(square.astype(int) - averaged).mean() < 3
