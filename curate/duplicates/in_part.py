"""Pairs of images of which one shows a part of the other, or all of it turned, stretched or sheared; mirrored, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace

from curate.duplicates import kinds, sift
from curate.duplicates.groups import Match, Rows
from curate.duplicates.sift import Alignment, Described, Pair
from curate.i18n import N_

WHOLE = 0.97
"""Share of both images from which on neither is a crop of the other."""
MIRRORED = "mirrored"
_ALIGNING, _TOLD = N_("comparing pairs of images by their parts"), 50
"""The step, and how many pairs make it worth a word."""


def matches(
    images: Sequence[Described],
    rows: Rows,
    alike: Set[Pair],
    near: Mapping[int, Mapping[int, Match]],
    report: Callable[[str, int, int], None],
) -> Iterator[tuple[int, int, Match, Match]]:
    """Yield (row, row, what the second is to the first, what the first is to the second) for the pairs that are copies.

    `rows` are those of the images. Looked at are pairs that local features propose and those called `alike`, unless
    they are `near` already.
    """
    upright, mirrored = sift.candidates([image.descriptors for image in images])
    found: set[Pair] = set()
    for transform, proposed in ((None, upright), (MIRRORED, mirrored)):
        unknown = [
            (i, j) for i, j in sorted({*alike, *proposed} - found) if int(rows[j]) not in near.get(int(rows[i]), ())
        ]
        laid = sift.aligned(images, unknown, is_mirrored=transform is not None)
        for done, (i, j, alignment) in enumerate(laid, 1):
            if done % _TOLD == 0 or done == len(unknown):
                report(_ALIGNING, done, len(unknown))
            if alignment is not None:
                found.add((i, j))
                match = _match(alignment, transform)
                yield int(rows[i]), int(rows[j]), match, replace(match, share=alignment.covered_j)


def _match(found: Alignment, transform: str | None) -> Match:
    """Name the relation of two aligned images: one cropped from the other, or all of it edited or mirrored."""
    is_whole = min(found.covered_i, found.covered_j) > WHOLE
    kind = kinds.CROPPED
    if found.framed or is_whole:
        kind = kinds.MIRRORED if transform else kinds.EDITED
    return Match(kind=kind, agreement=found.alike, inliers=found.inliers, share=found.covered_i, transform=transform)
