"""Which images are trained on, which say when a run ends, and which are tested on.

Splits that a source names are taken as they are; only where it names none are they drawn. Invariants: what is drawn has
no duplicates in common; every class that is tested was trained on; whatever is left out or flatters the model is said.
"""

import random
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from curate.errors import ConfigError, SourceError
from curate.i18n import counted
from curate.train.data import Sample
from curate.train.watching import Say, unsaid

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.15
"""Of the training images, where a run may end early: the test images must not say when."""
_NAMES = ("train", "val", "test")
_MAX_FOLDS = 10
"""How finely a split is cut: a share is met by so many folds at most; a smaller part is one fold of its size."""
_MAX_LISTED = 12
"""Classes of a part that are counted one by one on the terminal."""


@dataclass(frozen=True, slots=True)
class Division:
    """How images are to be divided: `early` asks for a part that says when a run ends.

    With `ignore_splits`, or where a source has none, `test_share` of each class is drawn by the seed.
    """

    test_share: float | None = None
    ignore_splits: bool = False
    early: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The images by what they are used for, each with its `split`; sorted by address.

    There may be no validation images, or they may be the test images.
    """

    train: list[Sample]
    validation: list[Sample]
    test: list[Sample]

    @property
    def tested(self) -> list[list[Sample]]:
        """The parts that are predicted after every epoch: the test images, and the validation images if others."""
        others = self.validation and self.validation is not self.test
        return [self.test, self.validation] if others else [self.test]

    @property
    def everything(self) -> list[Sample]:
        """Every image, once."""
        return [sample for part in (self.train, *self.tested) for sample in part]


def divide(samples: Sequence[Sample], how: Division, say: Say = unsaid) -> Parts:
    """Divide samples into the parts of their own splits, or into drawn ones, and say how many of each class there are.

    Raises `ConfigError` where a share is asked for although there are splits, `SourceError` where the splits cannot be
    trained and tested on, or a class has too few images to be split.
    """
    names = Counter(sample.split for sample in samples)
    if how.ignore_splits or set(names) == {None}:
        parts = _drawn(samples, how, say)
    else:
        if how.test_share is not None:
            raise ConfigError(
                f"the images have splits of their own ({_listed(names)}), so --test-share has nothing to decide; leave "
                "it out, or give --ignore-splits to draw new ones"
            )
        parts = _given(samples, names, how, say)
    _refuse_classes_not_trained(parts)
    for part in (parts.train, *parts.tested):
        say(f"{part[0].split}: {counted(len(part), 'image')} ({_classes(part)})")
    return parts


# The splits of the source


def _given(samples: Sequence[Sample], names: Counter[str | None], how: Division, say: Say) -> Parts:
    """Take the splits that the source names; a validation part is drawn from the training images where it lacks."""
    _refuse_splits(names)
    train, validation, test = (_sorted(sample for sample in samples if sample.split == name) for name in _NAMES)
    if names[None]:
        lacking = counted(names[None], "image")
        say(f"left out, without a split though others have one: {lacking}; --ignore-splits takes all")
    if not test:
        say(
            "there is no test split: the val images are tested on"
            + (", and say when the run ends" if how.early else "")
        )
        parts = Parts(train=train, validation=validation if how.early else [], test=validation)
    elif how.early and not validation:
        say(f"there is no val split: {VALIDATION_SHARE:.0%} of the training images are drawn to say when the run ends")
        train, validation = _set_aside(train, VALIDATION_SHARE, how.seed, "val")
        parts = Parts(train=train, validation=validation, test=test)
    else:
        parts = Parts(train=train, validation=validation, test=test)
    _say_leaks(parts, how, say)
    return parts


def _refuse_splits(names: Counter[str | None]) -> None:
    """Raise where the splits are not those of training and testing."""
    way_out = "or give --ignore-splits to draw new ones"
    strange = {name: count for name, count in names.items() if name is not None and name not in _NAMES}
    if strange:
        raise SourceError(
            f"the images have splits that are none of {', '.join(_NAMES)}: {_listed(strange)}; rename them, {way_out}"
        )
    if not names["train"]:
        raise SourceError(f"there is no train split, only {_listed(names)}; name one train, {way_out}")
    if not names["val"] and not names["test"]:
        raise SourceError(f"there is only a train split, and nothing to test on; add a test split, {way_out}")


def _say_leaks(parts: Parts, how: Division, say: Say) -> None:
    """Say how many images are tested on whose duplicates were seen before; they are left where they are."""
    for part in parts.tested:
        _say_leak(part, parts.train, say)
    if how.early and len(parts.tested) > 1:
        _say_leak(parts.test, parts.validation, say)  # of which the best epoch is kept


def _say_leak(part: Sequence[Sample], seen: Sequence[Sample], say: Say) -> None:
    groups = {sample.group for sample in seen}
    leaks, name = sum(sample.group in groups for sample in part), seen[0].split
    if leaks:
        say(
            f"{leaks:,} of {len(part):,} {part[0].split} images have a duplicate in {name}, which flatters the model; "
            "curate audit lists them (split_leak)"
        )


def _refuse_classes_not_trained(parts: Parts) -> None:
    known = {sample.label for sample in parts.train}
    for part in parts.tested:
        unknown = Counter(sample.label for sample in part if sample.label not in known)
        if unknown:
            raise SourceError(
                f"the {part[0].split} split has classes that train has not: {_listed(unknown)}; give train images of "
                "them, or take them out"
            )


# Drawn parts


def _drawn(samples: Sequence[Sample], how: Division, say: Say) -> Parts:
    """Draw a test part, and from the rest one that says when a run ends if asked for; duplicates stay together."""
    share = TEST_SHARE if how.test_share is None else how.test_share
    ignored = (
        "the splits of the source are ignored" if any(sample.split for sample in samples) else "there are no splits"
    )
    say(f"{ignored}: {share:.0%} of each class are drawn to test on (seed {how.seed}), duplicates kept together")
    train, test = _set_aside([replace(sample, split=None) for sample in samples], share, how.seed, "test")
    validation: list[Sample] = []
    if how.early:
        train, validation = _set_aside(train, VALIDATION_SHARE, how.seed, "val")
    return Parts(train=train, validation=validation, test=test)


def _set_aside(samples: Sequence[Sample], share: float, seed: int, name: str) -> tuple[list[Sample], list[Sample]]:
    """Split samples into those to train on, and a share of each class that is now of the split `name`."""
    rest, aside = split(samples, share, seed)
    return [replace(sample, split="train") for sample in rest], [replace(sample, split=name) for sample in aside]


def folds(samples: Sequence[Sample], count: int, seed: int) -> npt.NDArray[np.int64]:
    """Cut samples into folds, classes in proportion and groups whole: (n,) fold numbers below `count`.

    Where no class has so many images, or there are not so many groups, there are fewer folds. Raises `SourceError`
    where that leaves fewer than two.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    labels = np.array([sample.label for sample in samples])
    groups = [sample.group for sample in samples]
    largest = int(np.unique(labels, return_counts=True)[1].max(initial=0))
    count = min(count, largest, len(set(groups)))
    if largest < 2:
        raise SourceError("there is but one image of each class, too few to train on some and to test on others")
    if count < 2:
        raise SourceError("all images are copies of one, too few to train on some and to test on others")
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    result = np.zeros(len(samples), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class smaller than the number of folds is missing in some
        for fold, (_, rows) in enumerate(splitter.split(labels, labels, groups)):
            result[rows] = fold
    return result


def split(samples: Sequence[Sample], test_share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Split samples into train and test, `test_share` of each class in the latter, groups whole; sorted by address.

    Every class is in both. Raises `SourceError` where a class has too few groups for that, or only such as are linked
    with other classes.
    """
    groups_of: dict[str, set[str]] = defaultdict(set)
    classes_of: dict[str, set[str]] = defaultdict(set)
    for sample in samples:
        groups_of[sample.label].add(sample.group)
        classes_of[sample.group].add(sample.label)
    for label, groups in sorted(groups_of.items()):
        if len(groups) < 2:
            raise SourceError(f"class {label!r} has one image (or copies of one); a split needs at least two")
    share = Fraction(test_share).limit_denominator(_MAX_FOLDS)
    if test_share < 1 / _MAX_FOLDS:
        share = Fraction(1, round(1 / test_share))
    elif test_share > 1 - 1 / _MAX_FOLDS:
        share = 1 - Fraction(1, round(1 / (1 - test_share)))
    fold_of = folds(samples, share.denominator, seed)
    count = int(fold_of.max()) + 1
    test_folds = min(max(1, round(count * share)), count - 1)
    test = {sample.group for sample, fold in zip(samples, fold_of, strict=True) if fold < test_folds}
    rng = random.Random(seed)  # noqa: S311  # a split, not a secret
    for _, groups in sorted(groups_of.items()):  # a class of few images may be missing on one side
        if not _parted(groups, test):
            movable = sorted(group for group in groups if len(classes_of[group]) == 1) or sorted(groups)
            # A group of several classes may be the last of another of them on its side.
            free = [g for g in movable if all(_parted(groups_of[label], test ^ {g}) for label in classes_of[g])]
            test ^= {rng.choice(free or movable)}
    for label, groups in sorted(groups_of.items()):
        if not _parted(groups, test):
            raise SourceError(
                f"class {label!r} cannot be both trained and tested on: its images have copies in other classes; run "
                "curate audit, and decide which class these are of (label_conflict)"
            )
    parts = [sample for sample in samples if sample.group not in test], [s for s in samples if s.group in test]
    return _sorted(parts[0]), _sorted(parts[1])


def _parted(groups: Set[str], test: Set[str]) -> bool:
    """Say whether some groups of a class are tested on, and others are not."""
    return not groups.isdisjoint(test) and not groups <= test


# In words


def _sorted(samples: Iterable[Sample]) -> list[Sample]:
    return sorted(samples, key=lambda sample: sample.address)


def _listed(counts: Mapping[str, int] | Mapping[str | None, int]) -> str:
    """Write counts as "train 40, test 10"; what has no name comes last."""
    named = sorted(counts.items(), key=lambda item: (item[0] is None, str(item[0])))
    return ", ".join(f"{name or 'none'} {count:,}" for name, count in named)


def _classes(part: Sequence[Sample]) -> str:
    """Write how many images of each class a part has, or the range of these numbers where there are many classes."""
    counts = Counter(sample.label for sample in part)
    if len(counts) <= _MAX_LISTED:
        return _listed(counts)
    return f"{len(counts):,} classes of {min(counts.values()):,} to {max(counts.values()):,}"
