"""Stored measurements: which are still good, which are missing, and all of them as one table.

A part file says which scanners measured its rows, with which fingerprints and under which limits; a row is good for a
scanner as long as that fingerprint and the file's size and time are unchanged, the limits are no lower, and it is
settled (`rows`). So an unchanged dataset is never read again, a changed scanner re-measures only its own columns, a
raised limit only what was above it, and a killed run goes on where it was.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from curate.config import DecodeLimits
from curate.errors import WorkspaceError
from curate.measuring.shard import FACT_FIELDS, FACTS, KEYS, LIMITS, MEASURED, fingerprints, limits_of
from curate.scanners import Scanner
from curate.schema import Unsettled
from curate.sources import Record
from curate.storage.workspace import to_pandas

if TYPE_CHECKING:
    import pandas as pd

    from curate.storage.blobs import Blobs, Spool

_KEY_NAMES = [field.name for field in KEYS]
_FACT_NAMES = ["size_bytes", *(field.name for field in FACT_FIELDS)]


@dataclass(frozen=True, slots=True)
class Part:
    """One part file and the steps (scanners, or the decoder's facts) whose measurements in it are still good.

    `is_raised` says that limits are higher now than when it was measured.
    """

    path: Path
    current: frozenset[str]
    is_raised: bool = False


def parts(folder: Path, scanners: Sequence[Scanner], limits: DecodeLimits | None = None) -> list[Part]:
    """List the part files that hold anything current, oldest first; without limits, whatever theirs were."""
    wanted = fingerprints(scanners)
    found = []
    for path in sorted(folder.glob("part-*.parquet")):
        try:
            metadata = pq.read_schema(path).metadata or {}
            marks = json.loads(metadata.get(MEASURED, b"{}"))
            allowed = json.loads(metadata.get(LIMITS, b"[]"))
        except (OSError, pa.ArrowException, ValueError):
            continue
        now = limits_of(limits) if limits else allowed
        current = frozenset(name for name, mark in marks.items() if wanted.get(name) == mark)
        if current and len(now) == len(allowed) and all(map(operator.ge, now, allowed)):
            found.append(Part(path, current, is_raised=now != allowed))
    return found


def missing(
    records: Sequence[Record], found: Sequence[Part], scanners: Sequence[Scanner], *, try_again: bool = True
) -> dict[frozenset[str], list[Record]]:
    """Group the records still to be measured by the set of scanners that lack them.

    With `try_again` that includes what could not be read the last time.
    """
    have = {name: set[tuple[str, int, int]]() for name in fingerprints(scanners)}
    for part in found:
        keys = _settled(part, try_again=try_again)
        for name in part.current:
            have[name].update(keys)
    wanted: dict[frozenset[str], list[Record]] = {}
    for record in records:
        key = (record.path, record.size_bytes, record.mtime_ns)
        lacking = frozenset(name for name, keys in have.items() if key not in keys)
        if lacking:
            wanted.setdefault(lacking - {FACTS}, []).append(record)
    return wanted


def _settled(part: Part, *, try_again: bool) -> list[tuple[str, int, int]]:
    """Return the keys of the rows of a part that need not be measured again."""
    again = {Unsettled.UNREAD} if try_again else set()
    again |= {Unsettled.REFUSED} if part.is_raised else set()
    table = stored(part.path, [*_KEY_NAMES, "unsettled"])
    return [key for key, why in zip(_keys(table), table["unsettled"].to_pylist(), strict=True) if why not in again]


def load(
    records: Sequence[Record],
    found: Sequence[Part],
    scanners: Sequence[Scanner],
    report: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Load all measurements of these records: one row each, in their order; later parts win.

    Large binary columns (`blobs`) stay on disk and are read value by value. `report` is told how many part files are
    read, and of how many.
    """
    import pandas as pd

    with _memory_given_back():
        return pd.DataFrame(_gathered(records, found, scanners, report), copy=False)


@contextmanager
def _memory_given_back() -> Iterator[None]:
    """Use the system's allocator meanwhile: Arrow's own keeps what is freed, several times what a table takes."""
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.default_memory_pool().release_unused()
        pa.set_memory_pool(before)


def _gathered(
    records: Sequence[Record], found: Sequence[Part], scanners: Sequence[Scanner], report: Callable[[int, int], None]
) -> dict[str, Any]:
    import pandas as pd

    from curate.storage.blobs import Spool

    wanted = {r.path: (r.size_bytes, r.mtime_ns) for r in records}
    spool = Spool()
    tables = []
    for part in found:
        tables.append(_read(part, wanted, spool))
        report(len(tables), len(found))
    # As Series: of arrays pandas 3 would make text of its own kind, in which nothing is None.
    columns: dict[str, Any] = {
        name: pd.Series([getattr(r, name) for r in records], dtype=object) for name in ("path", "label", "split")
    }
    row_indices: dict[tuple[int, ...], npt.NDArray[np.intp]] = {}
    for step in (FACTS, *(scanner.name for scanner in scanners if scanner.columns)):
        pieces = [loaded for loaded in tables if step in loaded.part.current]
        if not pieces:
            raise WorkspaceError(f"no measurement of {step!r} can be read any more; run the audit again")
        which = tuple(map(id, pieces))
        if which not in row_indices:
            row_indices[which] = _row_indices(pieces, columns["path"])
        names = _FACT_NAMES if step == FACTS else [name for name in pieces[0].names if name.startswith(f"{step}.")]
        columns |= _columns(pieces, names, row_indices[which])
    return columns


def view(frame: pd.DataFrame, scanner: Scanner) -> pd.DataFrame:
    """Select what `scanner.judge` may see: the facts of each image, its own columns and those that it borrows."""
    facts = [name for name in frame.columns if "." not in name]
    columns = {f"{scanner.name}.{column}": column for column in scanner.columns}
    columns |= {stored_name: local_name for local_name, stored_name in scanner.borrows.items() if stored_name in frame}
    return frame[[*facts, *columns]].rename(columns=columns)


def small_columns(images: pd.DataFrame, folder: Path, scanner: Scanner) -> pd.DataFrame | None:
    """Join an image table with the numbers that one scanner measured, without its hashes, tiles and descriptors.

    Rows are the images that were measured; None where nothing current was.
    """
    numbers = {f"{scanner.name}.{name}": name for name, kind in scanner.columns.items() if not _is_bulky(kind)}
    pieces = [
        stored(part.path, ["path", "size_bytes", *numbers])
        for part in parts(folder, [scanner])
        if scanner.name in part.current
    ]
    if not pieces:
        return None
    measured = to_pandas(pa.concat_tables(pieces)).rename(columns=numbers)
    measured = measured.drop_duplicates(["path", "size_bytes"], keep="last")
    return images.merge(measured, on=["path", "size_bytes"], how="inner")


def _is_bulky(kind: pa.DataType) -> bool:
    """Say whether a column holds hashes, tiles or descriptors: nothing that a threshold cuts."""
    return bool(pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind) or pa.types.is_large_binary(kind))


def prune(folder: Path, scanners: Sequence[Scanner], records: Sequence[Record], limits: DecodeLimits) -> None:
    """Delete part files that hold no current row of any record, or none that a later part does not hold again."""
    wanted = {(record.path, record.size_bytes, record.mtime_ns) for record in records}
    current = {part.path: part.current for part in parts(folder, scanners, limits)}
    later: dict[str, set[tuple[str, int, int]]] = {step: set() for step in fingerprints(scanners)}
    for path in sorted(folder.glob("part-*.parquet"), reverse=True):
        steps = current.get(path, frozenset())
        keys = wanted.intersection(_keys(stored(path, _KEY_NAMES))) if steps else set()
        if all(keys <= later[step] for step in steps):
            path.unlink()
        for step in steps:
            later[step] |= keys


def stored(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read the rows of a part file; raises `WorkspaceError` where its schema can be read and they cannot."""
    try:
        return pq.ParquetFile(path).read(columns)
    except (OSError, pa.ArrowException) as error:
        why = " ".join(str(error).split())[:160]
        raise WorkspaceError(f"{path} is damaged ({why}); delete it and run the audit again") from error


def _keys(table: pa.Table) -> list[tuple[str, int, int]]:
    return list(zip(*(table[name].to_pylist() for name in _KEY_NAMES), strict=True))


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The rows of a part that are still good: small values here, large ones in a scratch file."""

    part: Part
    table: pa.Table
    large: dict[str, Blobs]

    @property
    def names(self) -> list[str]:
        return [*self.table.column_names, *self.large]


def _read(part: Part, wanted: Mapping[str, tuple[int, int]], spool: Spool) -> _Loaded:
    from curate.storage import blobs

    table = stored(part.path)
    current = [wanted.get(path) == (size, time) for path, size, time in _keys(table)]
    if not all(current):
        table = table.filter(pa.array(current, pa.bool_()))
    names = [field.name for field in table.schema if blobs.is_large(field.type)]
    large = {name: spool.take_in(table[name]) for name in names}
    return _Loaded(part, table.drop_columns(names), large)


def _row_indices(pieces: Sequence[_Loaded], paths: Sequence[str]) -> npt.NDArray[np.intp]:
    """Find for each path its row among all rows of these parts, of the last part that has it; -1 where none has."""
    stored_paths = [path for loaded in pieces for path in loaded.table["path"].to_pylist()]
    row_of = {path: row for row, path in enumerate(stored_paths)}
    return np.array([row_of.get(path, -1) for path in paths], dtype=np.intp)


def _columns(pieces: Sequence[_Loaded], names: Sequence[str], row_indices: npt.NDArray[np.intp]) -> dict[str, Any]:
    """Take these columns in the order of the row indices; missing where there is none."""
    from curate.storage.blobs import Blobs

    large = {name for name in names if name in pieces[0].large}
    small = [name for name in names if name not in large]
    rows = pa.array(row_indices, mask=row_indices < 0)
    table = pa.concat_tables([loaded.table.select(small) for loaded in pieces]).take(rows)
    found: dict[str, Any] = dict(to_pandas(table).items())
    for name in large:
        column = Blobs._concat_same_type([loaded.large[name] for loaded in pieces])
        found[name] = column.take(row_indices, allow_fill=True)
    return {name: found[name] for name in names}


def records(images: pd.DataFrame, found: Sequence[Part]) -> list[Record]:
    """Rebuild the records behind an image table, with the times under which they were last measured."""
    times: dict[tuple[str, int], int] = {}
    for part in found:
        times |= {(path, size): time for path, size, time in _keys(stored(part.path, _KEY_NAMES))}
    rows = zip(images["path"], images["label"], images["split"], images["size_bytes"], strict=True)
    return [Record(path, label, split, int(size), times.get((path, int(size)), 0)) for path, label, split, size in rows]
