"""Splits: in proportion, leak-free, and the same whatever the order of files."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.dataset.splits import Item, assign, sampling_key
from curate.errors import SourceError

THREE = {"train": 0.6, "val": 0.2, "test": 0.2}


def items(count: int, *, labels: str = "ab", together: int = 1, seed: int = 0) -> list[Item]:
    """Images of classes by turns, so many neighbours in each duplicate group."""
    return [
        Item(labels[index % len(labels)], str(index // together), sampling_key(seed, "own", str(index)))
        for index in range(count)
    ]


def test_a_sampling_key_depends_on_seed_origin_and_path_alone() -> None:
    assert sampling_key(7, "own", "cats/1.jpg").startswith("c08ca7da2aa1e56d")  # sha256 of 7:own:cats/1.jpg
    keys = {sampling_key(*parts) for parts in [(7, "a", "b"), (8, "a", "b"), (7, "b", "b"), (7, "a", "c")]}
    assert len(keys) == 4


def test_shares_are_met_in_every_class() -> None:
    given_items = items(100)
    found = Counter(zip(assign(given_items, THREE), (item.label for item in given_items), strict=True))
    assert found == {(name, label): round(50 * share) for name, share in THREE.items() for label in "ab"}


def test_duplicates_never_stand_in_two_splits() -> None:
    given_items = items(60, together=4)
    found = assign(given_items, THREE)
    assert len(set(zip(found, (item.group for item in given_items), strict=True))) == 15
    assert Counter(found) == {"train": 36, "val": 12, "test": 12}


def test_another_seed_draws_another_split() -> None:
    first, again, other = (assign(items(40, seed=seed), THREE) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@given(st.permutations(range(24)))
def test_the_order_of_files_does_not_matter(order: list[int]) -> None:
    whole = items(24, together=3)
    expected = assign(whole, {"train": 0.75, "test": 0.25})
    assert assign([whole[index] for index in order], {"train": 0.75, "test": 0.25}) == [expected[i] for i in order]


def test_large_groups_are_placed_first_so_that_small_ones_can_even_out() -> None:
    """Ten single images and a group of four: drawn last, it would overfill whatever split it came to."""
    sized = [*items(10, labels="a"), *(Item("a", "big", "") for _ in range(4))]
    found = assign(sized, {"train": 0.5, "test": 0.5})
    assert Counter(found) == {"train": 7, "test": 7}


def test_a_small_split_is_filled_as_soon_as_a_large_one() -> None:
    """Lack is measured against the size of a split: in absolute numbers the large one would take all at first."""
    found = assign(items(4, labels="a"), {"train": 0.75, "test": 0.25})
    assert Counter(found) == {"train": 3, "test": 1}


def test_what_shares_leave_over_goes_where_most_is_lacking() -> None:
    assert Counter(assign(items(7, labels="a"), THREE)) == {"train": 4, "val": 2, "test": 1}  # of 4.2, 1.4 and 1.4


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (1, "class 'lone' has 1 distinct image, too few for 2 splits; add images, drop the class"),
        (0, None),
    ],
)
def test_a_class_needs_as_many_distinct_images_as_there_are_splits(count: int, message: str | None) -> None:
    lone = [Item("lone", "same", str(index)) for index in range(3 * count)]
    if message is None:
        assert assign([*items(4), *lone], {"train": 0.5, "test": 0.5})
        return
    with pytest.raises(SourceError, match=message):
        assign([*items(4), *lone], {"train": 0.5, "test": 0.5})


def test_two_distinct_images_are_enough_for_two_splits_and_too_few_for_three() -> None:
    two = [Item("a", "1", "x"), Item("a", "2", "y")]
    assert sorted(assign(two, {"train": 0.8, "test": 0.2})) == ["test", "train"]
    with pytest.raises(SourceError, match="class 'a' has 2 distinct images, too few for 3 splits"):
        assign(two, THREE)
