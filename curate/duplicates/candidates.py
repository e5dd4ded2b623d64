"""Candidate pairs: images whose perceptual hashes are near, upright or after a mirroring or rotation.

Upright, either of two hashes suffices; mirrored and turned, the pHash, which follows from the signs of the DCT
alone. Exact, and nothing here has seen a pixel. More hashes than memory should hold are joined on disk.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from curate.duplicates import hamming, hamming_on_disk
from curate.duplicates.hamming import Hashes, Pairs
from curate.duplicates.tiles import TRANSFORMS
from curate.spreading import Spread

SEARCHED = tuple(transform for transform in TRANSFORMS if transform != "turned by 270 degrees")
"""A pair that is 270 degrees apart is 90 degrees apart the other way round."""
Spectra = npt.NDArray[np.int16]
IN_MEMORY = 5_000_000
"""Hashes up to which a join takes less than a gigabyte."""


def upright(phashes: Hashes, dhashes: Hashes, distance: int, spread: Spread | None = None) -> Pairs:
    """Return pairs (i < j) that either hash brings within `distance`; bits are those of the nearer one."""
    if len(phashes) <= IN_MEMORY:
        return hamming.pairs_within_any([phashes, dhashes], distance, spread)
    left, right, bits = _gathered(hamming_on_disk.pairs_within([phashes], distance))
    other_left, other_right, other_bits = _gathered(hamming_on_disk.pairs_within([dhashes], distance))
    new = hamming.distances(phashes, other_left, phashes, other_right) > distance
    bits = np.minimum(bits, hamming.distances(dhashes, left, dhashes, right))
    return (
        np.concatenate([left, other_left[new]]),
        np.concatenate([right, other_right[new]]),
        np.concatenate([bits, other_bits[new]]),
    )


def transformed(
    phashes: Hashes, parts: Iterable[Spectra], distance: int, spread: Spread | None = None
) -> Iterator[tuple[str, Pairs]]:
    """Yield for each transform the pairs of which the second, transformed, looks like the first.

    `parts` are the spectra of the same images, some at a time: those of all would take more room than the pairs.
    """
    turned = [[transformed_hashes(spectra, transform) for transform in SEARCHED] for spectra in parts]
    for index, transform in enumerate(SEARCHED):
        theirs = np.concatenate([hashes[index] for hashes in turned])
        left, right, bits = between(phashes, theirs, distance, spread)
        # All of these transforms but one are their own inverse: each pair comes twice.
        chosen = left < right if transform != "turned by 90 degrees" else left != right
        yield transform, (left[chosen], right[chosen], bits[chosen])


def between(ours: Hashes, theirs: Hashes, distance: int, spread: Spread | None = None) -> Pairs:
    if len(ours) + len(theirs) <= IN_MEMORY:
        return hamming.pairs_between(ours, theirs, distance, spread)
    return _gathered(hamming_on_disk.pairs_between(ours, theirs, distance))


def _gathered(parts: Iterator[Pairs]) -> Pairs:
    """Merge all parts, in the order of rows."""
    found = list(parts)
    left, right, bits = (np.concatenate([part[side] for part in found]) for side in range(3))
    order = np.lexsort((right, left))
    return left[order], right[order], bits[order]


def transformed_hashes(spectra: Spectra, transform: str) -> Hashes:
    """Compute the pHash of each image after a transform, from its spectrum alone.

    Mirroring an image changes the sign of every odd column of its DCT, transposing it transposes the DCT.
    """
    mirrored, quarters = TRANSFORMS[transform]
    signs = np.where(np.arange(8) % 2, -1, 1).astype(np.int32)
    values = spectra * signs if mirrored else spectra.astype(np.int32)
    for _ in range(quarters):
        values = values.transpose(0, 2, 1) * signs
    flat = values.reshape(len(values), 64)
    ranked = np.sort(flat, axis=1)
    above = 2 * flat > (ranked[:, 31] + ranked[:, 32])[:, None]  # the median of an even number is between two
    return hamming.unpack(np.packbits(above, axis=1))
