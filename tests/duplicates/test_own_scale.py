"""Small images at their own scale: a shift by a pixel, softness and tone make no distance; another image does."""

import itertools

import cv2
import numpy as np
import pandas as pd
import pytest

from curate.duplicates import own_scale, strangers
from curate.duplicates.own_scale import OwnScale
from curate.duplicates.tiles import Floats
from curate.images.image import squeeze
from curate.storage.blobs import Spool

SIDE = 8
ONE, OTHER = np.array([0]), np.array([1])


def small(seed: int, side: int = SIDE) -> Floats:
    """A smooth image of a few pixels."""
    rough = np.random.default_rng(seed).uniform(0, 255, (4, 4)).astype(np.float32)
    return np.asarray(cv2.resize(rough, (side, side), interpolation=cv2.INTER_CUBIC), np.float32).clip(0, 255)


def moved(image: Floats, right: int, down: int) -> Floats:
    padded = np.pad(image, 1, mode="edge")
    return padded[1 - down : 1 - down + len(image), 1 - right : 1 - right + len(image)]


def table(images: list[Floats]) -> tuple[pd.Series, np.ndarray]:
    """The column of tiles of these images, and their sides."""
    tiles = [squeeze(image.astype(np.uint8), 64).tobytes() for image in images]
    return pd.Series(Spool().column(tiles)), np.array([len(image) for image in images])


@pytest.mark.parametrize("shift", list(itertools.product((-1, 0, 1), repeat=2)))
def test_a_shift_by_one_pixel_makes_no_distance(shift: tuple[int, int]) -> None:
    found = own_scale.distances(small(1)[None], moved(small(1), *shift)[None])
    assert found[0] < 1e-5


def test_a_shift_by_two_pixels_and_another_image_do() -> None:
    far = moved(moved(small(1), 1, 0), 1, 0)
    assert own_scale.distances(small(1)[None], far[None])[0] > 0.02
    assert own_scale.distances(small(1)[None], small(2)[None])[0] > 0.1


def test_a_softer_copy_is_as_near_from_either_side() -> None:
    soft = cv2.GaussianBlur(small(1), (3, 3), own_scale.SOFT)
    ours, theirs = (own_scale.distances(a[None], b[None])[0] for a, b in ((small(1), soft), (soft, small(1))))
    assert ours < 1e-5
    assert theirs == pytest.approx(ours, abs=1e-6)


def test_the_distances_of_all_pairs_are_those_of_each() -> None:
    images = np.stack([small(seed) for seed in range(9)])
    left, right = np.triu_indices(9, 1)
    np.testing.assert_allclose(
        own_scale.distances_of_all(images), own_scale.distances(images[left], images[right]), atol=1e-5
    )


def test_copies_of_any_size_are_within_the_bound_and_strangers_are_not() -> None:
    images = [small(seed) for seed in range(120)]
    copies = [
        moved(small(0), 1, 0),
        0.7 * small(1),
        cv2.resize(small(2), (16, 16), interpolation=cv2.INTER_CUBIC).clip(0, 255),
    ]
    column, sides = table(images + copies)
    scale = OwnScale(column, sides, np.arange(120), len(sides))
    assert scale.within_bounds(np.arange(3), 120 + np.arange(3), None).all()
    left, right = np.triu_indices(120, 1)
    assert scale.within_bounds(left, right, None).sum() <= strangers.FALSE_ALARMS * 120 + 1


def test_a_mirrored_copy_is_one_once_mirrored_back() -> None:
    images = [small(seed) for seed in range(120)]
    column, sides = table([*images, images[0][:, ::-1]])
    scale = OwnScale(column, sides, np.arange(120), len(sides))
    assert scale.within_bounds(ONE, np.array([120]), "mirrored").all()
    assert not scale.within_bounds(ONE, np.array([120]), None).any()
