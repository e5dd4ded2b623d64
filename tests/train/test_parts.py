"""Splits that a source names are taken as they are; only where there are none are they drawn."""

import re
from collections import Counter

import pytest

from curate.errors import ConfigError, SourceError
from curate.train import parts
from curate.train.data import Sample
from curate.train.parts import Division, Parts, divide

pytest.importorskip("sklearn")


def named(split: str | None, count: int = 4, labels: str = "ab", group: str = "") -> list[Sample]:
    """So many images of each class in a split; each a group of its own unless one is given."""
    return [
        Sample("/set", f"{split}/{label}/{index}", label, group or f"{split}{label}{index}", split)
        for label in labels
        for index in range(count)
    ]


def divided(samples: list[Sample], **how: object) -> tuple[Parts, list[str]]:
    said: list[str] = []
    return divide(samples, Division(**how), said.append), said  # type: ignore[arg-type]


def paths(part: list[Sample]) -> set[str]:
    return {sample.path for sample in part}


def test_the_splits_of_a_source_are_its_parts() -> None:
    train, val, test = named("train", 5), named("val", 2), named("test", 3)
    found, _ = divided([*test, *train, *val])
    assert (paths(found.train), paths(found.validation), paths(found.test)) == (paths(train), paths(val), paths(test))
    assert found.everything == [*found.train, *found.test, *found.validation]


def test_the_images_of_a_part_are_sorted_by_address() -> None:
    found, _ = divided([*named("train")[::-1], *named("test")[::-1]])
    assert found.train == named("train")
    assert found.test == named("test")


def test_how_many_images_of_each_class_a_part_has_is_said() -> None:
    _, said = divided([*named("train", 5), *named("train", 1, "c"), *named("test", 3)])
    assert said == ["train: 11 images (a 5, b 5, c 1)", "test: 6 images (a 3, b 3)"]


def test_of_many_classes_the_range_is_said() -> None:
    labels = "abcdefghijklm"
    _, said = divided([*named("train", 2, labels), *named("train", 5, "z"), *named("test", 1, labels[:12])])
    assert said[0] == "train: 31 images (14 classes of 2 to 5)"
    assert said[1].startswith("test: 12 images (a 1, b 1,")


def test_without_a_test_split_the_val_images_are_tested_on_and_that_is_said() -> None:
    found, said = divided([*named("train"), *named("val", 2)])
    assert paths(found.test) == paths(named("val", 2))
    assert found.validation == []
    assert found.tested == [found.test]
    assert said[0] == "there is no test split: the val images are tested on"


def test_without_a_test_split_patience_looks_at_the_val_images_too_and_that_is_said() -> None:
    found, said = divided([*named("train"), *named("val", 2)], early=True)
    assert found.validation is found.test
    assert found.tested == [found.test]
    assert len(found.everything) == 12
    assert said[0] == "there is no test split: the val images are tested on, and say when the run ends"


def test_patience_takes_the_val_split_where_there_is_one() -> None:
    found, _ = divided([*named("train"), *named("val", 2), *named("test", 2)], early=True)
    assert paths(found.validation) == paths(named("val", 2))
    assert paths(found.train) == paths(named("train"))


def test_without_a_val_split_patience_draws_one_from_the_training_images_and_that_is_said() -> None:
    found, said = divided([*named("train", 20), *named("test", 2)], early=True)
    assert said[0] == "there is no val split: 15% of the training images are drawn to say when the run ends"
    assert paths(found.test) == paths(named("test", 2))
    assert paths(found.train) | paths(found.validation) == paths(named("train", 20))
    assert [sum(sample.label == label for sample in found.validation) for label in "ab"] == [3, 3]
    assert {sample.split for sample in found.validation} == {"val"}


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["test"], "there is no train split, only test 8; name one train, or give --ignore-splits"),
        (["val", "test"], "there is no train split, only test 8, val 8; name one train, or give --ignore-splits"),
        (["train"], "there is only a train split, and nothing to test on; add a test split, or give --ignore-splits"),
        (["train", "fold1", "test"], "none of train, val, test: fold1 8; rename them, or give --ignore-splits"),
    ],
)
def test_splits_that_cannot_be_trained_and_tested_on_are_refused(names: list[str], line: str) -> None:
    samples = [sample for name in names for sample in named(name)]
    with pytest.raises(SourceError, match=re.escape(line)):
        divided(samples)
    found, _ = divided(samples, ignore_splits=True)
    assert paths(found.train) | paths(found.test) == paths(samples)


def test_images_without_a_split_among_others_are_left_out_and_counted() -> None:
    found, said = divided([*named("train"), *named("test"), *named(None, 1)])
    assert said[0] == "left out, without a split though others have one: 2 images; --ignore-splits takes all"
    assert paths(found.everything).isdisjoint(paths(named(None, 1)))


def test_a_share_of_images_that_have_splits_is_refused() -> None:
    samples = [*named("train"), *named("test", 1)]
    with pytest.raises(ConfigError, match=re.escape("(test 2, train 8), so --test-share has nothing to decide")):
        divided(samples, test_share=0.2)
    with pytest.raises(ConfigError, match="--ignore-splits to draw new ones"):
        divided(samples, test_share=0.2)


def test_splits_are_ignored_when_that_is_asked_for_and_it_is_said() -> None:
    found, said = divided([*named("train", 8), *named("test", 2)], ignore_splits=True, test_share=0.5)
    assert len(found.test) == len(found.train) == 10
    assert paths(found.test) != paths(named("test", 2))
    assert {sample.split for sample in found.test} == {"test"}
    assert {sample.split for sample in found.train} == {"train"}
    assert said[0].startswith("the splits of the source are ignored: 50% of each class are drawn to test on (seed 0)")


def test_a_fifth_is_drawn_where_there_are_no_splits_and_no_share_is_asked_for() -> None:
    found, said = divided(named(None, 10))
    assert [sum(sample.label == label for sample in found.test) for label in "ab"] == [2, 2]
    assert found.validation == []
    assert said[0].startswith("there are no splits: 20% of each class are drawn")


@pytest.mark.parametrize(("share", "tested"), [(0.02, 4), (0.05, 10), (0.1, 20), (0.3, 60), (0.75, 150)])
def test_a_share_of_each_class_is_drawn_be_it_large_or_small(share: float, tested: int) -> None:
    _, test = parts.split(named(None, 200), share, seed=0)
    assert Counter(sample.label for sample in test) == {"a": tested, "b": tested}


def test_drawn_parts_keep_duplicates_together_and_depend_on_the_seed() -> None:
    copies = [Sample("/set", f"c/{index}", "c", f"group {index // 3}") for index in range(15)]
    samples = [*named(None, 20), *copies]
    drawn = [divided(samples, early=True, seed=seed)[0] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    for found in drawn:
        groups = [{sample.group for sample in part} for part in (found.train, *found.tested)]
        assert len(groups) == 3
        assert sum(map(len, groups)) == len(set.union(*groups))


def test_test_images_with_a_duplicate_in_train_are_counted_and_left_where_they_are() -> None:
    copies = named("test", 1, "a", group="traina0")
    found, said = divided([*named("train"), *copies, *named("test", 2, "b"), *named("val", 1)])
    assert said[0] == (
        "1 of 3 test images have a duplicate in train, which flatters the model; curate audit lists them (split_leak)"
    )
    assert not any("val images have a duplicate" in line for line in said)
    assert copies[0] in found.test


def test_test_images_with_a_duplicate_among_those_that_end_the_run_are_counted_too() -> None:
    samples = [*named("train"), *named("test", 1, "a", group="vala0"), *named("test", 2, "b"), *named("val", 1)]
    _, said = divided(samples, early=True)
    assert said[0].startswith("1 of 3 test images have a duplicate in val, which flatters the model")
    _, said = divided(samples)
    assert not any("duplicate" in line for line in said), "nothing is chosen by the val images"


def test_duplicates_within_one_split_are_no_leak() -> None:
    _, said = divided([*named("train", group="same"), *named("test", group="other")])
    assert len(said) == 2


def test_a_class_that_is_tested_but_not_trained_is_refused() -> None:
    with pytest.raises(SourceError, match=re.escape("the test split has classes that train has not: c 2; give train")):
        divided([*named("train"), *named("test", 1), *named("test", 2, "c")])
    with pytest.raises(SourceError, match="the val split has classes"):
        divided([*named("train"), *named("test"), *named("val", 1, "c")])
    assert divided([*named("train"), *named("test", 1, "a")])[0].test == named("test", 1, "a")


def test_a_class_of_few_groups_is_parted_by_one_that_is_not_of_another_class_too() -> None:
    """Moving the group that classes a and b share would leave class a without a test image again."""
    shared = [Sample("/set", f"{label}/shared", label, "shared") for label in "ab"]
    samples = [*shared, *named(None, 1, "ab"), *named(None, 30, "c")]
    for seed in range(20):
        train, test = parts.split(samples, 0.2, seed)
        assert {sample.label for sample in train} == {sample.label for sample in test} == set("abc")


def test_there_are_no_more_folds_than_groups_of_copies() -> None:
    samples = [*named(None, 6, "a", "x"), *named(None, 6, "b", "y")]
    assert sorted(set(parts.folds(samples, 5, seed=0))) == [0, 1]
    with pytest.raises(SourceError, match="all images are copies of one"):
        parts.folds(named(None, 6, group="x"), 5, seed=0)


def test_a_few_groups_of_many_copies_are_drawn_from() -> None:
    samples = [s for number in range(2) for label in "ab" for s in named(None, 5, label, f"{label}{number}")]
    train, test = parts.split(samples, 0.2, seed=0)
    assert {s.group for s in train}.isdisjoint(s.group for s in test)
    assert {s.label for s in train} == {s.label for s in test} == {"a", "b"}


def grouped(*groups: str) -> list[Sample]:
    """An image for each letter of a group, which is its class; "ab" is a group with one image of each."""
    return [
        Sample("/set", f"{number}/{index}", label, str(number))
        for number, group in enumerate(groups)
        for index, label in enumerate(group)
    ]


@pytest.mark.parametrize(
    "groups", [("ba", "a", "cca", "cb", "a"), ("a", "cb", "cba", "c"), ("b", "cb", "bac", "ab", "b")], ids=" ".join
)
def test_a_group_of_two_classes_is_not_moved_where_one_of_them_would_be_missing(groups: tuple[str, ...]) -> None:
    train, test = parts.split(grouped(*groups), 0.2, seed=0)
    assert {s.label for s in train} == {s.label for s in test} == {"a", "b", "c"}


def test_a_class_that_no_split_can_have_on_both_sides_is_named() -> None:
    with pytest.raises(SourceError, match=r"class '[abc]' cannot be both trained and tested on: .*label_conflict"):
        parts.split(grouped("aac", "bc", "ab"), 0.3, seed=0)


@pytest.mark.parametrize(("share", "tested"), [(0.9, 72), (0.95, 76), (0.975, 78), (0.999, 78)])
def test_nearly_all_images_may_be_tested_on(share: float, tested: int) -> None:
    train, test = parts.split(named(None, 40), share, 0)
    assert (len(train), len(test)) == (80 - tested, tested)


def test_why_images_are_too_few_is_said_as_it_is() -> None:
    with pytest.raises(SourceError, match=r"but one image of each class"):
        parts.folds(named(None, 1), 5, 0)
    with pytest.raises(SourceError, match=r"class 'c' has one image \(or copies of one\)"):
        parts.split([*named(None, 4), *named(None, 3, "c", group="g")], 0.2, 0)
