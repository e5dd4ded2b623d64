"""Windows: crops to nine tenths and borders are found and aligned; what only looks like it is not."""

import cv2
import numpy as np
import pandas as pd
import pytest

from curate.duplicates import hamming, kinds, windows
from curate.duplicates.hashing import low_frequencies
from curate.duplicates.tiles import TILE_PX, Floats
from curate.duplicates.windows import WINDOWS
from curate.storage.blobs import Spool
from tests import sample_images

SIDE = 320


def view(seed: int) -> Floats:
    return np.asarray(cv2.cvtColor(sample_images.photo(seed, SIDE, SIDE), cv2.COLOR_RGB2GRAY), np.float32)


def tile(image: Floats) -> Floats:
    return np.asarray(cv2.resize(image, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA), np.float32)


def cut(image: Floats, left: float, top: float, side: float = 0.9) -> Floats:
    x, y, size = (round(share * SIDE) for share in (left, top, side))
    return image[y : y + size, x : x + size]


def framed(image: Floats, level: float, width: int = 10) -> Floats:
    return cv2.copyMakeBorder(image, width, width, width, width, cv2.BORDER_CONSTANT, value=level)


def phash(image: Floats) -> np.ndarray:
    frequencies = low_frequencies(cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA))
    return hamming.unpack(np.packbits(frequencies > np.median(frequencies))[None])


@pytest.mark.parametrize("window", range(len(WINDOWS)))
def test_the_hash_of_a_window_is_that_of_the_window_cut_out(window: int) -> None:
    left, top, side = WINDOWS[window]
    ours = windows.of_windows(tile(view(3))[None])[0, window]
    theirs = phash(cut(view(3), left, top, side))[0]
    assert int(hamming.popcount(np.array([ours ^ theirs]))[0]) <= 4


@pytest.mark.parametrize(("left", "top"), [(0, 0), (0.03, 0.07), (0.1, 0.02), (0.05, 0.05)])
def test_a_crop_is_found_aligned_and_called_one(left: float, top: float) -> None:
    images = [view(seed) for seed in range(6)] + [cut(view(2), left, top)]
    tiles = np.stack([tile(image) for image in images])
    phashes = np.concatenate([phash(each) for each in tiles])
    (inner, outer, _), found = windows.candidates(phashes, iter([tiles[:3], tiles[3:]]))
    at = {(int(a), int(b)): int(window) for a, b, window in zip(inner, outer, found, strict=True)}
    seen = windows.part(tiles[6], tiles[2], at[6, 2])
    assert seen is not None
    assert seen.share == pytest.approx(0.81, abs=0.03)
    assert not seen.is_framed
    assert all(windows.part(tiles[a], tiles[b], window) is None for (a, b), window in at.items() if (a, b) != (6, 2))


@pytest.mark.parametrize("level", [0.0, 255.0])
def test_what_stands_in_a_border_is_framed(level: float) -> None:
    seen = windows.part(tile(view(2)), tile(framed(view(2), level)), len(WINDOWS) - 1)
    assert seen is not None
    assert seen.is_framed
    assert seen.share == pytest.approx((320 / 340) ** 2, abs=0.06)


def test_another_image_and_the_same_one_are_no_window() -> None:
    assert windows.part(tile(view(1)), tile(view(2)), 4) is None
    assert windows.part(tile(view(1)), tile(view(1)), 4) is None


def test_what_lacks_only_a_pixel_at_the_edge_is_no_crop() -> None:
    assert windows.part(tile(view(1)[2:318, 2:318]), tile(view(1)), len(WINDOWS) - 1) is None


def test_a_thing_on_a_plain_ground_has_to_agree_in_nearly_all(monkeypatch: pytest.MonkeyPatch) -> None:
    thing = framed(view(2)[:160, :160], 250.0, 80)
    wider = framed(thing, 250.0, 12)
    assert windows.part(tile(thing), tile(wider), len(WINDOWS) - 1) is not None
    monkeypatch.setattr(windows, "LEAST_ALIKE_ON_PLAIN_GROUND", 1.01)
    assert windows.part(tile(thing), tile(wider), len(WINDOWS) - 1) is None


def test_a_match_says_either_way_what_is_shown_of_the_other() -> None:
    tiles = np.stack([tile(view(seed)) for seed in range(4)] + [tile(cut(view(1), 0.05, 0.05))])
    column = pd.Series(Spool().column([each.astype(np.uint8).tobytes() for each in tiles]))
    rows, phashes = np.arange(5), np.concatenate([phash(each) for each in tiles])
    ((inner, outer, match, back),) = windows.matches(column, rows, phashes, lambda row: [])
    assert (inner, outer) == (4, 1)
    assert match.kind == back.kind == kinds.CROPPED
    assert match.share == 1.0
    assert back.share == pytest.approx(0.81, abs=0.03)
