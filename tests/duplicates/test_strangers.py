"""What strangers share: the law of their distances, and when it is asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.duplicates import strangers
from tests.duplicates.test_prefilter import family
from tests.duplicates.test_whole import stroke


def distances(dimension: float, count: int = 80_000, seed: int = 0) -> np.ndarray:
    """Of which the share below d grows as d to the power of the dimension."""
    return np.asarray(np.random.default_rng(seed).random(count) ** (1 / dimension))


@pytest.mark.parametrize("dimension", [2.0, 3.0, 6.0])
def test_the_bound_is_where_the_law_says(dimension: float) -> None:
    share = 0.003 / 1000  # three images in a thousand have one
    assert strangers.bound(distances(dimension), 1000) == pytest.approx(share ** (1 / dimension), rel=0.2)


@given(st.integers(0, 1000), st.floats(1.5, 8))
@settings(deadline=None, max_examples=20)
def test_so_few_images_have_a_stranger_within_the_bound(seed: int, dimension: float) -> None:
    found = distances(dimension, 1000 * 999 // 2, seed)
    within = int((found < strangers.bound(found[:80_000], 1000)).sum())
    assert within <= 20 * strangers.FALSE_ALARMS * 1000 / 2


def test_copies_fewer_than_the_nearest_strangers_change_little() -> None:
    found = distances(3.0)
    planted = np.concatenate([found, np.full(len(found) // 1000, 1e-4)])  # a copy of every other image of 1,000
    assert strangers.bound(planted, 1000) == pytest.approx(strangers.bound(found, 1000), rel=0.35)


def test_nothing_is_within_the_bound_where_strangers_are_equal() -> None:
    assert strangers.bound(np.zeros(5000), 1000) == 0


def test_a_sample_that_is_too_small_for_many_images_says_no_more_than_it_knows() -> None:
    assert 0 < strangers.bound(distances(3.0), 10**7) < strangers.bound(distances(3.0), 10**5)


@pytest.mark.parametrize(
    ("candidates", "images", "wanted"),
    [(100, 100, True), (99, 100, False), (5000, 99, False), (0, 5000, False), (5000, 5000, True)],
)
def test_strangers_are_looked_at_where_there_are_many_candidates_of_many_images(
    candidates: int, images: int, *, wanted: bool
) -> None:
    assert strangers.are_wanted(candidates, images) is wanted


def test_the_sample_is_the_same_every_time_and_in_order() -> None:
    chosen = strangers.sampled(5000)
    assert (chosen == strangers.sampled(5000)).all()
    assert len(chosen) == strangers.SAMPLE
    assert (np.diff(chosen) > 0).all()
    assert (strangers.sampled(7) == np.arange(7)).all()


@pytest.mark.parametrize(
    ("sample", "images", "rank"),
    [(400, 1000, 8), (400, 100_000, 2), (2, 100, 1), (5, 5, 4)],
    ids=["its twentieth in all", "no copy of it", "of two", "of few"],
)
def test_the_rank_of_a_neighbour_is_one_that_a_sample_has(sample: int, images: int, rank: int) -> None:
    assert strangers.rank_in_sample(sample, images) == rank


def test_images_without_texture_share_nothing_that_says_anything() -> None:
    found = strangers.by_blocks(np.full((40, 64, 64), 128, np.float32), 200)
    assert (found.alike, found.close, found.usual) == pytest.approx((0, 0, 0), abs=0.01)


def test_strangers_in_few_blocks_leave_the_thresholds_alone() -> None:
    scenes = np.concatenate([family(seed)[[0]] for seed in range(60)])
    found = strangers.by_blocks(scenes, len(scenes))
    assert found.alike < 0.4
    assert found.usual < 0.1


def test_a_template_is_shared_by_nearly_all_blocks() -> None:
    rng = np.random.default_rng(0)
    template = family(1)[0]
    filled = np.stack([template + rng.normal(0, 1, template.shape) for _ in range(60)]).astype(np.float32)
    found = strangers.by_blocks(filled, len(filled))
    assert found.usual > 0.9
    assert found.close > 0.9


def test_what_each_image_shares_with_a_few_others_is_usual_though_most_pairs_share_nothing() -> None:
    rng = np.random.default_rng(0)
    frames = [family(seed)[0] + rng.normal(0, 1, (8, 64, 64)) for seed in range(8)]
    assert strangers.by_blocks(np.concatenate(frames).astype(np.float32), 64).usual > 0.9


def test_no_whole_is_a_copy_below_the_least_correlation_however_far_strangers_are() -> None:
    noise = np.random.default_rng(0).uniform(0, 255, (60, 64, 64)).astype(np.float32)
    assert strangers.as_wholes(noise, 60) == (1 - strangers.MOST_ALIKE, 1 - strangers.MOST_ALIKE)


def test_strokes_at_nearly_the_same_places_have_narrower_bounds() -> None:
    rng = np.random.default_rng(0)
    near = np.stack([np.roll(stroke(seed % 6), rng.integers(-2, 3, 2), (0, 1)) for seed in range(120)])
    placed, centred = strangers.as_wholes(near, 120)
    assert centred < placed <= 1 - strangers.MOST_ALIKE


def test_a_template_with_little_on_it_is_no_view_whose_frames_share_nearly_all() -> None:
    rng = np.random.default_rng(0)
    template = np.full((64, 64), 180, np.float32)
    template[:8] = np.random.default_rng(1).choice([40, 200], (4, 32)).repeat(2, 0).repeat(2, 1)  # a bar at the top
    sparse = np.stack([template + rng.normal(0, 1, template.shape) for _ in range(60)]).astype(np.float32)
    sparse[:, 8:] = 180
    assert strangers.by_blocks(sparse, len(sparse)).usual < 0.9


@pytest.mark.parametrize(("sample", "images", "rank"), [(400, 8000, 2), (400, 400, 20), (200, 200, 20), (400, 800, 10)])
def test_the_rank_in_a_sample_is_that_of_the_twentieth_of_all(sample: int, images: int, rank: int) -> None:
    assert strangers.rank_in_sample(sample, images) == rank
