"""Small images, cut and scaled a little: laid on one another they are the same, and others are not."""

import cv2
import numpy as np
import pandas as pd
import pytest

from curate.duplicates import hamming, kinds, near_small
from curate.duplicates.near_small import SIDE
from curate.duplicates.tiles import TILE_PX, Floats
from curate.images.image import Pixels
from curate.storage.blobs import Spool
from tests import sample_images


def view(seed: int) -> Pixels:
    rng = np.random.default_rng(seed)
    canvas = cv2.cvtColor(sample_images.photo(seed, 128, 128), cv2.COLOR_RGB2GRAY)
    for _ in range(14):
        x, y = rng.integers(10, 100, 2).tolist()
        cv2.rectangle(
            canvas, (x, y), (x + int(rng.integers(8, 24)), y + int(rng.integers(8, 24))), int(rng.integers(255)), -1
        )
    return np.asarray(canvas, np.uint8)


def small(image: Pixels, side: int = SIDE) -> Floats:
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.float32)


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(np.s_[:, :], id="the same"),
        pytest.param(np.s_[6:122, 6:122], id="nearer"),
        pytest.param(np.s_[8:128, 0:118], id="moved"),
    ],
)
def test_another_cut_of_one_image_agrees_once_laid_on_it(part: tuple[slice, slice]) -> None:
    found = near_small.compared(small(view(1)), small(view(1)[part]))
    assert found.alike > 0.75
    assert found.share == pytest.approx(view(1)[part].size / view(1).size, abs=0.1)


def test_another_image_does_not() -> None:
    assert max(near_small.compared(small(view(1)), small(view(seed))).alike for seed in range(2, 12)) < 0.3


def test_pairs_among_many_are_found_with_what_they_are_to_one_another() -> None:
    images = [view(seed) for seed in range(12)] + [view(3)[4:120, 8:124], view(5)[:, ::-1]]
    tiles = [small(image, TILE_PX).astype(np.uint8) for image in images]
    column, rows = pd.Series(Spool().column([tile.tobytes() for tile in tiles])), np.arange(14)
    phashes = hamming.unpack(np.zeros((14, 8), np.uint8))
    found = list(near_small.matches(column, rows, phashes, lambda row: []))
    assert {(a, b): match.kind for a, b, match, _ in found} == {(3, 12): kinds.CROPPED, (5, 13): kinds.MIRRORED}
    ((_, _, cropped, back),) = [each for each in found if each[0] == 3]
    assert cropped.share == back.share < 0.97
