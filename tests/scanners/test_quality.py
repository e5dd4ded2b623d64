"""What is measured of tones and of blur, against the definitions of both."""

import numpy as np
import numpy.typing as npt
import pytest

from curate.images.image import DecodedImage
from curate.scanners.quality import Quality
from tests import sample_images


def of_levels(counts: dict[int, int]) -> npt.NDArray[np.uint8]:
    """Draw ten thousand pixels, so many of each grey level."""
    return np.repeat(np.array([*counts], np.uint8), [*counts.values()]).reshape(100, 100)


def test_tones_are_the_percentiles_1_5_and_99() -> None:
    pixels = of_levels({10: 200, 50: 400, 120: 9250, 250: 150})
    found = Quality().measure(DecodedImage(pixels=pixels, width=100, height=100))
    assert [found[name] for name in ("p1", "p5", "p99")] == [10 / 255, 50 / 255, 250 / 255]
    assert found["contrast"] == pytest.approx(pixels.std())
    assert found["flat_share"] == pytest.approx(0.925)


def test_dark_or_bright_is_what_is_so_on_white_and_on_black() -> None:
    on_white, on_black = of_levels({200: 1000, 255: 9000}), of_levels({0: 9000, 90: 1000})
    found = Quality().measure(DecodedImage(pixels=on_white, width=100, height=100, on_black=on_black))
    assert [found[name] for name in ("p1", "p5", "p99")] == [0, 0, 1]


def blur(grey: npt.NDArray[np.uint8]) -> float:
    rows, columns = grey.shape
    return float(Quality().measure(DecodedImage(pixels=grey, width=columns, height=rows))["blur"])


def blur_by_definition(grey: npt.NDArray[np.uint8], axis: int) -> float:
    """Crete et al. (2007): what of the steps between neighbours is left after a mean over nine pixels."""
    lines = np.moveaxis(grey.astype(float), axis, 1)
    padded = np.pad(lines, ((0, 0), (4, 4)), mode="reflect")
    blurred = np.stack([padded[:, at : at + 9].mean(axis=1) for at in range(lines.shape[1])], axis=1)
    before, after = np.abs(np.diff(lines)), np.abs(np.diff(blurred))
    return float(1 - np.maximum(before - after, 0).sum() / before.sum())


@pytest.mark.parametrize("width", [1, 3, 9])
def test_the_blur_effect_is_that_of_its_definition_in_the_worse_direction(width: int) -> None:
    photo = sample_images.photo(3, 120, 90)[:, :, 0].astype(float)
    smeared = np.stack([np.roll(photo, by, axis=1) for by in range(width)]).mean(axis=0).astype(np.uint8)
    expected = max(blur_by_definition(smeared, axis) for axis in (0, 1))
    assert blur(smeared) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("ramp", "is_sharp"), [(100, True), (150, False)])
def test_a_direction_with_less_than_a_twentieth_of_the_steps_of_the_other_does_not_count(
    ramp: int, is_sharp: bool
) -> None:
    """63 steps of 40 levels in each row of stripes, and one slope of `ramp` levels in each column: 4 % or 6 %."""
    stripes = np.where(np.arange(128) // 2 % 2 == 0, 0, 40)[np.newaxis]
    slope = np.linspace(0, ramp, 128).round()[:, np.newaxis]
    assert (blur((stripes + slope).astype(np.uint8)) < 0.5) == is_sharp
