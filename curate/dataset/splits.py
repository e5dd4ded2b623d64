"""Which split each image of a built set belongs to: stratified by class, duplicates together. Pure.

Invariant: everything that looks like chance is drawn by a hash of the seed and of the image's own name, so neither the
order of files nor the random generator of a version matters.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from curate.errors import SourceError


class Item(NamedTuple):
    """What a split depends on: the class of an image, its duplicate group, and its `sampling_key`."""

    label: str
    group: str
    key: str


def sampling_key(seed: int, origin: str, path: str) -> str:
    """Deterministic pseudo-random sort key of the image at `path` of `origin`."""
    return hashlib.sha256(f"{seed}:{origin}:{path}".encode()).hexdigest()


def assign(items: Sequence[Item], shares: Mapping[str, float]) -> list[str]:
    """Return the split of each image, in their order: `shares` of every class, groups whole.

    The largest groups come first, each to the split that lacks most of what it holds, measured against the size of the
    split. Raises `SourceError` where a class has fewer groups than there are splits.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        groups[item.group].append(index)
    _refuse_small_classes(items, len(shares))
    totals = Counter(item.label for item in items)
    missing = {(name, label): share * totals[label] for name, share in shares.items() for label in totals}
    result = [""] * len(items)
    for members in sorted(groups.values(), key=lambda rows: (-len(rows), min(items[row].key for row in rows))):
        labels = [items[row].label for row in members]
        split = max(shares, key=lambda name: sum(missing[name, label] / shares[name] for label in labels))
        for row, label in zip(members, labels, strict=True):
            missing[split, label] -= 1
            result[row] = split
    return result


def _refuse_small_classes(items: Sequence[Item], splits: int) -> None:
    groups_of: dict[str, set[str]] = defaultdict(set)
    for item in items:
        groups_of[item.label].add(item.group)
    for label, groups in sorted(groups_of.items()):
        if len(groups) < splits:
            raise SourceError(
                f"class {label!r} has {len(groups)} distinct image{'' if len(groups) == 1 else 's'}, too few for "
                f"{splits} splits; add images, drop the class, or ask for fewer splits"
            )


def joined(keys: Iterable[Sequence[str]]) -> list[str]:
    """Name the group of each row: rows that share a key, or are linked by others that do, are one group (union-find).

    A group is named by the smallest key in it; a row without keys has none, which is an empty text.
    """
    rows = [*keys]
    leader: dict[str, str] = {}

    def find(key: str) -> str:
        leader.setdefault(key, key)
        while leader[key] != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for of_row in rows:
        for key in of_row[1:]:
            first, second = sorted((find(of_row[0]), find(key)))
            leader[second] = first
    return [find(of_row[0]) if of_row else "" for of_row in rows]


_PRIORITY = ("train", "val", "test")


def repaired(groups: Sequence[str], splits: Sequence[str | None]) -> list[str | None]:
    """Give all images of a group one split: train where one of them has it, else val, else test, else the first.

    What a model was trained on must not test it; so an image goes to training rather than from it. Other splits follow
    by name. An image without a split stays without. Pure.
    """
    found: dict[str, set[str]] = {}
    for group, split in zip(groups, splits, strict=True):
        if split is not None:
            found.setdefault(group, set()).add(split)
    chosen = {group: min(names, key=_rank) for group, names in found.items()}
    return [None if split is None else chosen[group] for group, split in zip(groups, splits, strict=True)]


def _rank(split: str) -> tuple[int, str]:
    return (_PRIORITY.index(split) if split in _PRIORITY else len(_PRIORITY), split)
