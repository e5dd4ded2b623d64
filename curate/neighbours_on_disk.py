"""The join of `neighbours` for more hashes than fit in memory: sharded, on disk, and just as exact.

Two hashes at most d bits apart agree on at least one of d + 1 blocks of bits. For each block in turn all hashes are
dealt into shards by its value, so that any pair agreeing on it meets in one shard, where the join in memory finds
it. A pair that agrees on several blocks is kept at the first of them only, so none is told twice. Memory holds one
shard at a time; disk holds the hashes once more, for one block at a time.
"""

import itertools
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from curate import neighbours
from curate.neighbours import BITS, Hashes, Pairs

_ROW = np.dtype([("hash", np.uint64), ("row", np.int64)])


def pairs_within(
    chunks: Iterable[Hashes], distance: int, *, shards: int = 64, folder: Path | None = None
) -> Iterator[Pairs]:
    """Every pair (i < j) at most `distance` bits apart, as `neighbours.pairs_within` has them, in parts.

    `chunks` are the hashes in order, read once; rows are numbered through. Each part comes from one shard, so the
    order of pairs over all parts is not that of rows. `folder` is where scratch files go.
    """
    with tempfile.TemporaryDirectory(prefix="curate-", dir=folder) as scratch:
        place = Path(scratch)
        count = _spool(chunks, place / "all")
        if count < 2:
            return
        blocks = _blocks(distance + 1)
        for number, (shift, width) in enumerate(blocks):
            for part in _deal(place, shift, width, shards):
                found = _join(part, distance, blocks[: number + 1])
                if len(found[0]):
                    yield found


def _spool(chunks: Iterable[Hashes], path: Path) -> int:
    """All hashes with their numbers in one file; returns how many."""
    count = 0
    with path.open("wb") as file:
        for chunk in chunks:
            rows = np.empty(len(chunk), _ROW)
            rows["hash"], rows["row"] = chunk, np.arange(count, count + len(chunk))
            rows.tofile(file)
            count += len(chunk)
    return count


def _blocks(count: int) -> list[tuple[int, int]]:
    """(shift, width) of `count` blocks of like width."""
    edges = [BITS * index // count for index in range(count + 1)]
    return [(low, high - low) for low, high in itertools.pairwise(edges)]


def _deal(place: Path, shift: int, width: int, shards: int) -> Iterator[npt.NDArray[np.void]]:
    """Shard by shard, the rows whose block has one of the shard's values."""
    files = [(place / f"shard-{index}").open("w+b") for index in range(shards)]
    try:
        with (place / "all").open("rb") as whole:
            while len(rows := np.fromfile(whole, _ROW, count=1 << 20)):
                which = (_block(rows["hash"], shift, width) % np.uint64(shards)).astype(np.int64)
                order = np.argsort(which, kind="stable")
                ends = np.searchsorted(which[order], np.arange(shards + 1))
                for index, file in enumerate(files):
                    rows[order[ends[index] : ends[index + 1]]].tofile(file)
        for file in files:
            file.flush()
            file.seek(0)
            yield np.fromfile(file, _ROW)
    finally:
        for file in files:
            file.close()


def _block(hashes: Hashes, shift: int, width: int) -> Hashes:
    return np.asarray(hashes >> np.uint64(shift) & np.uint64((1 << width) - 1), dtype=np.uint64)


def _join(rows: npt.NDArray[np.void], distance: int, blocks: list[tuple[int, int]]) -> Pairs:
    """The pairs of one shard that agree on the last of `blocks` and on none before it."""
    hashes, numbers = rows["hash"].copy(), rows["row"]
    left, right, bits = neighbours.pairs_within(hashes, distance)
    different = hashes[left] ^ hashes[right]
    own = _block(different, *blocks[-1]) == 0
    for shift, width in blocks[:-1]:
        own &= _block(different, shift, width) != 0
    # Rows were dealt in order, so left < right holds for their numbers too.
    return numbers[left[own]], numbers[right[own]], bits[own]
