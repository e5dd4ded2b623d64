"""The join of `hamming` for more hashes than fit in memory: sharded, on disk, and just as exact.

For each combination of blocks the hashes are dealt into shards by the first bits of what must agree, so that any pair
agreeing on it meets in one shard, where the join in memory finds it. A pair counts at the first combination on which it
agrees, so none is returned twice. Memory holds one shard a thread; disk holds the hashes once, and once more a thread.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from curate.duplicates import hamming
from curate.duplicates.hamming import BITS, BlockCombination, Hashes, Pairs
from curate.storage import scratch

MEMORY_BYTES = 512 << 20
_ROW = np.dtype([("hash", np.uint64), ("row", np.int64)])
_JOIN_BYTES = 100
"""What joining takes for each hash of a shard."""
_AT_A_TIME = 1 << 20
_MAX_SHARD_BITS = 16
"""At most 2**16 shards."""
_Rows = npt.NDArray[np.void]


def pairs_within(
    chunks: Iterable[Hashes], distance: int, *, memory_bytes: int = MEMORY_BYTES, folder: Path | None = None
) -> Iterator[Pairs]:
    """Return every pair (i < j) at most `distance` bits apart, as `hamming.pairs_within` has them, in parts.

    `chunks` are the hashes in order, read once; rows are numbered through. Each part comes from one combination of
    blocks, so the order of pairs over all parts is not that of rows. `folder` is where scratch files go.
    """
    threads = min(8, os.cpu_count() or 1)
    with tempfile.TemporaryDirectory(prefix="curate-", dir=folder or scratch.folder()) as room:
        whole = Path(room) / "all"
        count = _spool(chunks, whole)
        shards = max(1, -(-count * _JOIN_BYTES * threads // memory_bytes))

        def join(number: int, combination: BlockCombination) -> Pairs:
            dealt = _dealt(whole, combination, shards)
            return _concatenated([_join(rows, combination, distance, equal=number == 0) for rows in dealt])

        joins = hamming.block_combinations(count, distance)
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(join, range(len(joins)), joins)


def pairs_between(ours: Hashes, theirs: Hashes, distance: int, *, memory_bytes: int = MEMORY_BYTES) -> Iterator[Pairs]:
    """Return every (i, j) with `ours[i]` and `theirs[j]` at most `distance` bits apart, in parts."""
    for left, right, bits in pairs_within([ours, theirs], distance, memory_bytes=memory_bytes):
        across = (left < len(ours)) & (right >= len(ours))
        yield left[across], right[across] - len(ours), bits[across]


def _spool(chunks: Iterable[Hashes], path: Path) -> int:
    """Write all hashes with their row numbers to one file; return how many."""
    count = 0
    with path.open("wb") as file:
        for chunk in chunks:
            rows = np.empty(len(chunk), _ROW)
            rows["hash"], rows["row"] = chunk, np.arange(count, count + len(chunk))
            rows.tofile(file)
            count += len(chunk)
    return count


def _dealt(whole: Path, combination: BlockCombination, shards: int) -> Iterator[_Rows]:
    """Deal the hashes into shards by the first bits of what must agree; yield shard by shard, in order of rows."""
    bits = min((shards - 1).bit_length(), combination.width, _MAX_SHARD_BITS)
    if bits == 0:
        yield np.fromfile(whole, _ROW)
        return
    with tempfile.TemporaryFile(dir=whole.parent) as file:  # one, however many shards: a process may open few
        edges, before = [], 0
        for rows in _read(whole):
            which = (combination.moved(rows["hash"]) >> np.uint64(BITS - bits)).astype(np.uint16)
            order = np.argsort(which, kind="stable")
            edges.append(before + np.searchsorted(which[order], np.arange((1 << bits) + 1)))
            rows[order].tofile(file)
            before += len(rows)
        file.flush()
        for shard in range(1 << bits):
            yield np.concatenate([_span(file, edge[shard], edge[shard + 1]) for edge in edges])


def _span(file: IO[bytes], first: int, end: int) -> _Rows:
    file.seek(int(first) * _ROW.itemsize)
    return np.fromfile(file, _ROW, count=int(end - first))


def _read(whole: Path) -> Iterator[_Rows]:
    with whole.open("rb") as file:
        while len(rows := np.fromfile(file, _ROW, count=_AT_A_TIME)):
            yield rows


def _join(rows: _Rows, combination: BlockCombination, distance: int, *, equal: bool) -> Pairs:
    """Join one shard: the pairs whose first combination this is; equal hashes, which agree on all, with `equal`."""
    left, right, bits = hamming.pairs_of_combination(rows["hash"].copy(), combination, distance, equal=equal)
    numbers = rows["row"]
    return numbers[left], numbers[right], bits


def _concatenated(parts: list[Pairs]) -> Pairs:
    left, right, bits = (np.concatenate([part[side] for part in parts]) for side in range(3))
    return left, right, bits
