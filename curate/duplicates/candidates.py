"""Which pairs of images are worth a look at their pixels: those whose perceptual hashes are near, however they lie.

Upright, either of two hashes suffices; mirrored and turned, the pHash, which follows from the signs of the DCT
alone. Exact, and nothing here has seen a pixel. More hashes than memory should hold are joined on disk.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from curate.duplicates import hamming, hamming_on_disk
from curate.duplicates.hamming import Hashes, Pairs
from curate.duplicates.tiles import TURNS

LOOKED_FOR = tuple(turn for turn in TURNS if turn != "turned by 270 degrees")
"""A pair that is 270 degrees apart is 90 degrees apart the other way round."""
Spectra = npt.NDArray[np.int16]
IN_MEMORY = 5_000_000
"""Hashes up to which a join takes less than a gigabyte."""


def upright(phashes: Hashes, dhashes: Hashes, distance: int) -> Pairs:
    """Pairs (i < j) that either hash brings within `distance`; bits are those of the nearer one."""
    left, right, bits = _within(phashes, distance)
    other, mate, apart = _within(dhashes, distance)
    new = hamming.popcount(phashes[other] ^ phashes[mate]) > distance
    bits = np.minimum(bits, hamming.popcount(dhashes[left] ^ dhashes[right]))
    return (
        np.concatenate([left, other[new]]),
        np.concatenate([right, mate[new]]),
        np.concatenate([bits, apart[new]]),
    )


def turned(phashes: Hashes, spectra: Spectra, distance: int) -> Iterator[tuple[str, Pairs]]:
    """For each way to lie, pairs of which the second, lying so, looks like the first."""
    for turn in LOOKED_FOR:
        left, right, bits = _between(phashes, turned_hashes(spectra, turn), distance)
        # All of these turns but one undo themselves: each pair comes twice.
        chosen = left < right if turn != "turned by 90 degrees" else left != right
        yield turn, (left[chosen], right[chosen], bits[chosen])


def _within(hashes: Hashes, distance: int) -> Pairs:
    if len(hashes) <= IN_MEMORY:
        return hamming.pairs_within(hashes, distance)
    return _gathered(hamming_on_disk.pairs_within([hashes], distance))


def _between(ours: Hashes, theirs: Hashes, distance: int) -> Pairs:
    if len(ours) + len(theirs) <= IN_MEMORY:
        return hamming.pairs_between(ours, theirs, distance)
    return _gathered(hamming_on_disk.pairs_between(ours, theirs, distance))


def _gathered(parts: Iterator[Pairs]) -> Pairs:
    """All parts as one, in the order of rows."""
    found = list(parts)
    left, right, bits = (np.concatenate([part[side] for part in found]) for side in range(3))
    order = np.lexsort((right, left))
    return left[order], right[order], bits[order]


def turned_hashes(spectra: Spectra, turn: str) -> Hashes:
    """The pHash of each image as it looks `turn`, from its spectrum alone.

    Mirroring an image changes the sign of every odd column of its DCT, transposing it transposes the DCT.
    """
    mirrored, quarters = TURNS[turn]
    signs = np.where(np.arange(8) % 2, -1, 1).astype(np.int32)
    values = spectra * signs if mirrored else spectra.astype(np.int32)
    for _ in range(quarters):
        values = values.transpose(0, 2, 1) * signs
    flat = values.reshape(len(values), 64)
    ranked = np.sort(flat, axis=1)
    above = 2 * flat > (ranked[:, 31] + ranked[:, 32])[:, None]  # the median of an even number is between two
    return hamming.unpack(np.packbits(above, axis=1))
