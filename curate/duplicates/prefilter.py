"""Prefilter: an upper bound on block correlation; it never rejects a pair that `tiles.compare` would accept.

Each block of a tile, less its mean and at length one, is written in the basis of the cosine transform, of which the
seven lowest frequencies are kept and the length of all others as an eighth number. By the inequality of Cauchy and
Schwarz the product of two such vectors is at least the correlation of the blocks. Copies agree in many blocks; a
pair that cannot agree in enough of them even so is none, and its pixels need not be compared. Rounding to bytes is
allowed for, so nothing is lost that `tiles.compare` would find. The signature of a mirrored or turned tile follows from
that of the tile: blocks change places, and their frequencies places and signs.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.duplicates.hamming import popcount
from curate.duplicates.tiles import BLOCK_PX, BURNT_PX, CLOSE, TEXTURE, TILE_PX, Floats, Prepared, transformed
from curate.storage import scratch

BLOCKS = (TILE_PX // BLOCK_PX) ** 2
SIZE = 8
_SCALE = 127
_QUANTISATION_ERROR = 0.03
"""Upper bound on the error of the dot product by rounding to int8: 2 * sqrt(8) / 2 / 127, rounded up."""
_AT_A_TIME = 128
IN_MEMORY = 100_000
"""Signatures that are kept in memory: 56 MiB."""


@dataclass(frozen=True, slots=True)
class BlockSignatures:
    """Signatures of n tiles, 592 bytes each.

    `numbers` (n, `SIZE` + 1, blocks) are the vectors of all blocks, and below them how many of its pixels are burnt;
    `textured` and `framed` have a bit for every block.
    """

    numbers: npt.NDArray[np.int8] | scratch.RowsOnDisk[np.int8]
    textured: npt.NDArray[np.uint64]
    framed: npt.NDArray[np.uint64]

    @classmethod
    def empty(cls, count: int) -> "BlockSignatures":
        """Make room for so many; in a scratch file where they are many."""
        numbers = scratch.rows((count, SIZE + 1, BLOCKS), np.int8, IN_MEMORY)
        return cls(numbers, np.empty(count, np.uint64), np.empty(count, np.uint64))

    def add(self, rows: npt.NDArray[np.intp], tiles: Prepared) -> None:
        """Store the signatures of these tiles in these rows."""
        lengths = np.maximum(tiles.spread * BLOCK_PX, 1e-6)
        # No product of matrices: the library for it would start threads of its own inside each of ours.
        low = np.einsum("nbx,kx->nkb", tiles.centred, _BASIS) / lengths[:, None]
        rest = np.sqrt(np.maximum(1 - np.einsum("nxb,nxb->nb", low, low), 0))
        directions = np.rint(np.concatenate([low, rest[:, None]], axis=1) * _SCALE)
        self.numbers[rows] = np.concatenate([directions, popcount(tiles.burnt)[:, None]], axis=1)
        self.textured[rows] = _bits(tiles.spread > TEXTURE)
        self.framed[rows] = _bits(tiles.frame)

    def put(self, rows: npt.NDArray[np.intp], others: "BlockSignatures") -> None:
        """Store signatures made elsewhere in these rows."""
        self.numbers[rows] = others.numbers[np.arange(len(rows))]
        self.textured[rows], self.framed[rows] = others.textured, others.framed

    def bounds(
        self, left: npt.NDArray[np.intp], right: npt.NDArray[np.intp], transform: str | None = None
    ) -> tuple[Floats, npt.NDArray[np.uint8]]:
        """Return for every pair the most that `Comparison.close` can be and the least that `textured` can be.

        `transform` is applied to the right one.
        """
        shares, counts = np.empty(len(left), np.float32), np.empty(len(left), np.uint8)
        for start in range(0, len(left), _AT_A_TIME):
            part = slice(start, start + _AT_A_TIME)
            ours, theirs = self._of(left[part], None), self._of(right[part], transform)
            agreement = np.einsum("nxb,nxb->nb", ours.directions, theirs.directions)
            close = _bits(agreement > (CLOSE - _QUANTISATION_ERROR) * _SCALE**2)
            textured = (ours.textured | theirs.textured) & ~(ours.framed & theirs.framed)
            # Whether a block is burnt depends on where its burnt pixels lie: it counts only where it helps.
            doubtful = _bits(ours.burnt + theirs.burnt > BURNT_PX)
            sure = textured & ~doubtful
            close &= textured
            most_close, counted = popcount(close), popcount(sure | close)
            shares[part], counts[part] = most_close / np.maximum(counted, 1), popcount(sure)
        return shares, counts

    def _of(self, rows: npt.NDArray[np.intp], transform: str | None) -> "_Signed":
        """Read the signatures of these rows as they would be after a transform."""
        numbers = self.numbers[rows]
        directions, burnt = numbers[:, :SIZE].astype(np.float32), numbers[:, SIZE].view(np.uint8)
        textured, framed = self.textured[rows], self.framed[rows]
        if transform is None:
            return _Signed(directions, textured, framed, burnt)
        blocks, frequencies, signs = _moves(transform)
        directions = (directions.take(frequencies, axis=1) * signs[:, None]).take(blocks, axis=2)
        return _Signed(directions, _moved(textured, blocks), _moved(framed, blocks), burnt.take(blocks, axis=1))


class _Signed(NamedTuple):
    """Signatures of some tiles, as in `BlockSignatures`: vectors (n, `SIZE`, blocks), and burnt pixels (n, blocks)."""

    directions: Floats
    textured: npt.NDArray[np.uint64]
    framed: npt.NDArray[np.uint64]
    burnt: npt.NDArray[np.uint8]


@cache
def _moves(transform: str) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]:
    """Return which block comes to each place, which number of a direction to each, and with which sign."""
    side = TILE_PX // BLOCK_PX
    places = np.arange(BLOCKS, dtype=np.float32).reshape(1, side, side)
    blocks = transformed(places, transform).ravel().astype(np.intp)
    moved = transformed(_BASIS.reshape(-1, BLOCK_PX, BLOCK_PX), transform).reshape(len(_BASIS), -1)
    shares = np.rint(np.einsum("ix,jx->ij", _BASIS, moved))  # a signed permutation
    frequencies = np.append(np.abs(shares).argmax(axis=1), SIZE - 1)
    return blocks, frequencies, np.append(shares.sum(axis=1), 1).astype(np.float32)


def _moved(bits: npt.NDArray[np.uint64], blocks: npt.NDArray[np.intp]) -> npt.NDArray[np.uint64]:
    each = np.unpackbits(np.ascontiguousarray(bits).view(np.uint8).reshape(-1, BLOCKS // 8), axis=1)
    return _bits(each.take(blocks, axis=1).astype(bool))


def _bits(blocks: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    return np.packbits(blocks, axis=1).view(np.uint64)[:, 0]


def _lowest() -> Floats:
    """Return (`SIZE` - 1, pixels of a block): the lowest frequencies of the orthonormal DCT but the mean."""
    at = np.arange(BLOCK_PX)
    waves = np.cos(np.pi * np.outer(2 * at + 1, at) / (2 * BLOCK_PX)) * np.where(at, 0.5, np.sqrt(1 / BLOCK_PX))
    order = sorted(((u, v) for u in at for v in at if u + v), key=lambda pair: (sum(pair), max(pair)))
    basis = [np.outer(waves[:, u], waves[:, v]).ravel() for u, v in order[: SIZE - 1]]
    return np.stack(basis).astype(np.float32)


_BASIS = _lowest()
