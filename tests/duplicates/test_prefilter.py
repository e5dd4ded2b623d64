"""Sketches reject no pair that a full comparison of the tiles could call a copy."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.duplicates import tiles as resemblance
from curate.duplicates.prefilter import BlockSignatures
from curate.duplicates.tiles import TILE_PX, Floats


def family(seed: int) -> Floats:
    """A scene, and what may become of it: noise, blur, tone, burnt lights, a caption, a frame, a shift; and others."""
    rng = np.random.default_rng(seed)

    def scene(detail: int) -> Floats:
        coarse = rng.normal(128, 70, (detail, detail)).astype(np.float32)
        return np.asarray(cv2.resize(coarse, (TILE_PX, TILE_PX), interpolation=cv2.INTER_CUBIC), dtype=np.float32)

    one, other = scene(int(rng.integers(4, 40))), scene(int(rng.integers(4, 40)))
    captioned, framed = one.copy(), one.copy()
    captioned[40:50, 8:56] = 255 * (rng.random((10, 48)) > 0.5)
    framed[:6] = framed[-6:] = framed[:, :6] = framed[:, -6:] = 240
    tiles = [
        one,
        one + rng.normal(0, rng.uniform(0, 30), one.shape),
        cv2.GaussianBlur(one, (0, 0), rng.uniform(0.3, 3)),
        one * rng.uniform(0.3, 2) + rng.uniform(-80, 80),
        captioned,
        framed,
        np.roll(one, int(rng.integers(1, 4)), axis=1),
        one * 0.5 + other * 0.5,
        other,
        rng.uniform(0, 255, one.shape),
        np.full_like(one, rng.uniform(0, 255)),
    ]
    return np.clip(np.stack(tiles), 0, 255).round().astype(np.float32)


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_bounds_hold_for_every_pair(seed: int) -> None:
    tiles = resemblance.prepare(family(seed))
    left, right = np.triu_indices(len(tiles.mean), 1)
    signatures = BlockSignatures.empty(len(tiles.mean))
    signatures.add(np.arange(len(tiles.mean)), tiles)
    most_close, least = signatures.bounds(left, right)
    found = resemblance.compare(tiles, left, right)
    assert (most_close >= found.close).all()
    assert (least <= found.textured).all()


@pytest.mark.parametrize("transform", resemblance.TRANSFORMS)
def test_the_signature_of_a_transformed_tile_follows_from_that_of_the_tile(transform: str) -> None:
    pixels = family(3)
    pixels[2, :20, :12] = 255  # burnt in one corner
    pixels[3, :9] = pixels[6, :9] = 20  # a band along one side
    rows = np.arange(len(pixels))
    upright, moved = (BlockSignatures.empty(len(pixels)) for _ in range(2))
    upright.add(rows, resemblance.prepare(pixels))
    moved.add(rows, resemblance.prepare(resemblance.transformed(pixels, transform)))
    left, right = np.triu_indices(len(pixels))
    both = BlockSignatures.empty(2 * len(pixels))
    both.put(rows, upright)
    both.put(len(pixels) + rows, moved)
    expected = both.bounds(left, len(pixels) + right)
    most_close, least = upright.bounds(left, right, transform)
    assert np.abs(most_close - expected[0]).max() <= 1 / 32, "but for rounding of floats"
    assert (least == expected[1]).all()
    assert (upright.bounds(left, right)[0] != expected[0]).any()


def test_strangers_are_rejected() -> None:
    bounds = []
    for seed in range(40):
        tiles = resemblance.prepare(family(seed)[[0, 8]])
        signatures = BlockSignatures.empty(2)
        signatures.add(np.arange(2), tiles)
        bounds.append(signatures.bounds(np.array([0]), np.array([1]))[0])
    assert np.mean(np.array(bounds) < 0.4) > 0.9


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_compare_is_no_special_case(count: int) -> None:
    most_close, least = BlockSignatures.empty(count).bounds(np.empty(0, np.intp), np.empty(0, np.intp))
    assert len(most_close) == len(least) == 0
