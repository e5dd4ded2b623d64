"""Wholes: what tone, softness, a shift and a turn leave of the distance of two images, and what other content makes."""

import cv2
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from curate.duplicates import tiles, whole
from curate.duplicates.tiles import TILE_PX, TRANSFORMS, Floats
from curate.duplicates.whole import Distances, Wholes

ONE, OTHER = np.array([0]), np.array([1])


def stroke(seed: int) -> Floats:
    """A few strokes on black, away from the border."""
    rng = np.random.default_rng(seed)
    tile = np.zeros((TILE_PX, TILE_PX), np.float32)
    for start, end in rng.integers(14, 50, (4, 2, 2)).tolist():
        cv2.line(tile, start, end, 220.0, 3)
    return cv2.GaussianBlur(tile, (0, 0), 1.5)


def off_the_middle(tile: Floats) -> float:
    """Return how far from the middle the strokes lie, along the axis where that is more (pixels)."""
    centre = [np.average(np.arange(TILE_PX), weights=tile.sum(axis=axis)) for axis in (0, 1)]
    return float(np.abs(np.array(centre) - (TILE_PX - 1) / 2).max())


def distance(a: Floats, b: Floats, *, transform: str | None = None, worth: float = 0.0) -> Distances:
    wholes = Wholes(2)
    wholes.add(np.arange(2), np.stack([a, b]))
    return wholes.distances(ONE, OTHER, transform, (worth, worth))


@given(st.integers(0, 2**32), st.floats(0.3, 1.0), st.floats(0, 60))
@settings(deadline=None, max_examples=40)
def test_brightness_and_contrast_make_no_distance(seed: int, gain: float, offset: float) -> None:
    found = distance(stroke(seed), stroke(seed) * np.float32(gain * 0.7) + np.float32(offset))
    assert max(found.placed[0], found.centred[0]) < 1e-3


@example(seed=34, right=-2, down=0)  # just within reach
@given(st.integers(0, 2**32), st.integers(-6, 6), st.integers(-6, 6))
@settings(deadline=None, max_examples=40)
def test_a_shift_makes_no_distance_once_both_are_in_the_middle(seed: int, right: int, down: int) -> None:
    moved = np.roll(stroke(seed), (down, right), axis=(0, 1))
    assume(max(off_the_middle(stroke(seed)), off_the_middle(moved)) < whole.FURTHEST_PX)
    assert distance(stroke(seed), moved).centred[0] < 5e-3


def test_a_shift_makes_a_distance_of_images_as_they_lie() -> None:
    assert distance(stroke(1), np.roll(stroke(1), 4, axis=1)).placed[0] > 0.1


def test_a_softer_copy_is_near_only_where_softening_is_tried() -> None:
    soft = cv2.GaussianBlur(stroke(1), (0, 0), 2 * whole.SOFT)
    hard, tried = distance(stroke(1), soft), distance(stroke(1), soft, worth=1.0)
    assert tried.placed[0] < hard.placed[0] / 4
    assert distance(soft, stroke(1), worth=1.0).placed[0] == pytest.approx(tried.placed[0], abs=1e-4)


def test_softening_is_not_tried_of_what_it_cannot_bring_near() -> None:
    soft = cv2.GaussianBlur(stroke(1), (0, 0), 2 * whole.SOFT)
    hard = distance(stroke(1), soft).placed[0]
    nearly = hard / whole.NEARLY
    assert distance(stroke(1), soft, worth=nearly * 0.99).placed[0] == hard
    assert distance(stroke(1), soft, worth=nearly * 1.01).placed[0] < hard


def test_other_strokes_are_far_apart() -> None:
    found = [distance(stroke(seed), stroke(seed + 100), worth=1.0) for seed in range(20)]
    assert min(min(one.placed[0], one.centred[0]) for one in found) > 0.1


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_transform_is_applied_to_the_second(transform: str) -> None:
    turned = tiles.transformed(stroke(3)[None], transform)[0]
    inverse = {"turned by 90 degrees": "turned by 270 degrees", "turned by 270 degrees": "turned by 90 degrees"}
    found = distance(stroke(3), turned, transform=inverse.get(transform, transform))
    assert max(found.placed[0], found.centred[0]) < 2e-3


def test_a_plain_image_has_no_middle() -> None:
    plain = np.full((TILE_PX, TILE_PX), 70, np.float32)
    assert (whole.centred(plain[None])[0] == plain).all()
    assert distance(plain, stroke(1)).placed[0] == 1


def test_where_vectors_are_kept_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory = distance(stroke(1), stroke(2))
    monkeypatch.setattr(whole, "IN_MEMORY", 1)
    assert distance(stroke(1), stroke(2)) == in_memory


def test_the_nearest_in_the_middle_are_paired_however_they_are_moved() -> None:
    images = [stroke(seed) for seed in range(30)]
    wholes = Wholes(31)
    wholes.add(np.arange(31), np.stack([*images, np.roll(images[4], 5, axis=1)]))
    left, right = wholes.nearest(np.arange(31), 1)
    assert (4, 30) in set(zip(left.tolist(), right.tolist(), strict=True))
    assert (left < right).all()


def test_surroundings_are_the_distances_of_the_neighbour_of_a_rank() -> None:
    wholes, rows = Wholes(12), np.arange(12)
    wholes.add(rows, np.stack([stroke(seed) for seed in range(12)]))
    others = np.arange(2, 12)
    found = wholes.surroundings(rows, others, 3)
    for row in rows:
        apart = wholes.distances(np.full(10, row), others).placed[others != row]
        assert found.placed[row] == pytest.approx(np.sort(apart)[2], abs=1e-5)


def test_equal_images_are_no_distance_apart_for_all_the_rounding() -> None:
    assert abs(distance(stroke(1), stroke(1)).placed[0]) < 5e-6


def test_what_is_far_from_the_middle_stays_where_it_is() -> None:
    corner = np.zeros((TILE_PX, TILE_PX), np.float32)
    corner[2:8, 2:8] = 255
    side = np.zeros((TILE_PX, TILE_PX), np.float32)
    side[29:35, 2:8] = 255
    for tile in (corner, side, side.T):
        assert (whole.centred(tile[None])[0] == tile).all()


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=30)
def test_what_softening_cannot_bring_near_is_far_all_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = np.stack(
        [stroke(seed), stroke(seed + 1), *(np.clip(stroke(seed) + rng.normal(0, s, (64, 64)), 0, 255) for s in (5, 40))]
    )
    pixels = np.concatenate([pixels, [cv2.GaussianBlur(pixels[3], (0, 0), 2)]]).astype(np.float32)
    wholes = Wholes(len(pixels))
    wholes.add(np.arange(len(pixels)), pixels)
    left, right = np.triu_indices(len(pixels), 1)
    everything = (1.0, 1.0)
    exact = wholes.distances(left, right, worth=everything)
    plain = wholes.distances(left, right)
    for furthest in (0.01, 0.1, 0.4):
        for sure, found, unsoftened in zip(
            exact, wholes.distances(left, right, worth=everything, furthest=furthest), plain, strict=True
        ):
            near = sure <= furthest
            assert np.array_equal(found[near], sure[near])
            assert (found[~near] > furthest).all()
            assert (found <= unsoftened).all()


def test_what_softening_cannot_bring_near_is_not_softened() -> None:
    left, right = stroke(4), stroke(4) + 1.5 * stroke(5)
    wholes = Wholes(2)
    wholes.add(np.arange(2), np.stack([left, right]))
    apart, softened, spared = (
        wholes.distances(ONE, OTHER, worth=(worth, worth), furthest=furthest).placed[0]
        for worth, furthest in ((0.0, 2.0), (1.0, 2.0), (1.0, 0.001))
    )
    assert softened < apart == spared


def test_a_soft_copy_is_told_by_softening_the_sharp_one() -> None:
    sharp = cv2.GaussianBlur(
        np.random.default_rng(6).uniform(0, 255, (TILE_PX, TILE_PX)).astype(np.float32), (0, 0), 0.7
    )
    soft = cv2.GaussianBlur(sharp, (0, 0), 2 * whole.SOFT)
    for pair in ((sharp, soft), (soft, sharp)):
        wholes = Wholes(2)
        wholes.add(np.arange(2), np.stack(pair))
        unsoftened = wholes.distances(ONE, OTHER).placed[0]
        found = wholes.distances(ONE, OTHER, worth=(0.1, 0.1), furthest=0.05).placed[0]
        assert found < 0.05 < unsoftened
