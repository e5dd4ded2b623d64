"""Stored measurements: which are still good, which are missing, and all of them as one table.

A part file says which scanners measured its rows, with which fingerprints and under which limits; a row is good for a
scanner as long as that fingerprint and the file's size and time are unchanged, the limits are no lower, and it is
settled (`rows`). So an unchanged dataset is never read again, a changed scanner re-measures only its own columns, a
raised limit only what was above it, a package that was lacking only what takes it, and a killed run goes on where it
was.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
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
from curate.sources import Record, Records
from curate.storage import memory
from curate.storage.workspace import to_pandas

if TYPE_CHECKING:
    import pandas as pd

_KEY_NAMES = [field.name for field in KEYS]
Rows = npt.NDArray[np.intp]
SHA256 = "sha256"
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
    wanted = _Wanted.of(records)
    have = {name: np.zeros(len(records), dtype=bool) for name in fingerprints(scanners)}
    for part in found:
        rows = _settled(part, wanted, try_again=try_again)
        for name in part.current:
            have[name][rows] = True
    lacking: dict[frozenset[str], list[Record]] = {}
    for row in np.flatnonzero(~np.logical_and.reduce([*have.values()])).tolist():
        names = frozenset(name for name, rows_done in have.items() if not rows_done[row])
        lacking.setdefault(names - {FACTS}, []).append(records[row])
    return lacking


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which records are asked for, in order, by what tells them apart: paths, sizes and times.

    Numbers and no sets of keys: of a million records these would take a gigabyte for each step that measures.
    """

    row_of: Mapping[str, int]
    sizes: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]

    @classmethod
    def of(cls, records: Sequence[Record]) -> _Wanted:
        columns = Records.of(records)
        return cls(
            {path: row for row, path in enumerate(columns.paths)},
            np.array(columns.sizes, np.int64),
            np.array(columns.times, np.int64),
        )

    def rows(self, table: pa.Table) -> Rows:
        """Return for each row of a table with the columns `KEYS` the record it is about; -1 where that has changed."""
        rows = self.rows_of_size(table)
        known = np.flatnonzero(rows >= 0)
        rows[known[self.times[rows[known]] != _numbers(table["mtime_ns"])[known]]] = -1
        return rows

    def rows_of_size(self, table: pa.Table) -> Rows:
        """Return the same, whatever the times."""
        paths = table["path"].to_pylist()
        rows = np.fromiter((self.row_of.get(path, -1) for path in paths), np.intp, len(paths))
        known = np.flatnonzero(rows >= 0)
        rows[known[self.sizes[rows[known]] != _numbers(table["size_bytes"])[known]]] = -1
        return rows


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Convert whole numbers, none of them missing; `to_numpy` would import pandas, for which measuring would wait."""
    return np.asarray(np.from_dlpack(column.combine_chunks()))


def _settled(part: Part, wanted: _Wanted, *, try_again: bool) -> Rows:
    """Return which records have a row in a part that need not be measured again."""
    again = {Unsettled.UNREAD} if try_again else set()
    again |= {Unsettled.REFUSED} if part.is_raised else set()
    table = stored(part.path, [*_KEY_NAMES, "unsettled"])
    rows = wanted.rows(table)
    reasons = table["unsettled"].to_pylist()
    is_settled = np.array([why not in again for why in reasons], dtype=bool)
    if try_again and Unsettled.LACKS_PACKAGE in reasons:
        is_settled &= ~_can_be_read_now(part, reasons)
    return rows[is_settled & (rows >= 0)]


def _can_be_read_now(part: Part, reasons: Sequence[str | None]) -> npt.NDArray[np.bool_]:
    """Mark the rows whose format lacked a package that is installed by now."""
    from curate.images import codecs  # and with it Pillow, for which every other audit would wait

    formats = stored(part.path, ["format"])["format"].to_pylist()
    return np.array(
        [
            why == Unsettled.LACKS_PACKAGE and codecs.lacking(name) is None
            for why, name in zip(reasons, formats, strict=True)
        ]
    )


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

    with memory.given_back():
        return pd.DataFrame(_gathered(Records.of(records), found, scanners, report), copy=False)


def _gathered(
    records: Records, found: Sequence[Part], scanners: Sequence[Scanner], report: Callable[[int, int], None]
) -> dict[str, Any]:
    import pandas as pd

    from curate.measuring.columns import Column, DigestColumn, column
    from curate.storage.blobs import Spool

    wanted = _Wanted.of(records)
    steps: dict[str, dict[str, Column]] = {
        step: {} for step in (FACTS, *(scanner.name for scanner in scanners if scanner.columns))
    }
    for done, part in enumerate(found, 1):
        table, rows = _current(part, wanted)
        for step, columns in steps.items():
            if step not in part.current:
                continue
            for name in _names(table, step):
                if name not in columns:  # a file for each: values of one length are found there by number
                    kind, spool = table.schema.field(name).type, Spool()
                    columns[name] = (
                        DigestColumn(len(records), spool) if name == SHA256 else column(kind, len(records), spool)
                    )
                columns[name].put(rows, table[name])
        report(done, len(found))
    lacking = next((step for step, columns in steps.items() if not columns), None)
    if lacking is not None:
        raise WorkspaceError(f"no measurement of {lacking!r} can be read any more; run the audit again")
    # As Series: of arrays pandas 3 would make text of its own kind, in which nothing is None.
    given = {"path": records.paths, "label": records.labels, "split": records.splits}
    texts = {name: pd.Series(values, dtype=object) for name, values in given.items()}
    return texts | {name: column.series() for columns in steps.values() for name, column in columns.items()}


def _names(table: pa.Table, step: str) -> list[str]:
    """Name the columns of a part that a step measured."""
    return _FACT_NAMES if step == FACTS else [name for name in table.column_names if name.startswith(f"{step}.")]


def _current(part: Part, wanted: _Wanted) -> tuple[pa.Table, Rows]:
    """Read the rows of a part that are still good, and which records they are about."""
    table = stored(part.path)
    rows = wanted.rows(table)
    is_current = rows >= 0
    return (table, rows) if is_current.all() else (table.filter(pa.array(is_current)), rows[is_current])


def view(frame: pd.DataFrame, scanner: Scanner) -> pd.DataFrame:
    """Select what `scanner.judge` may see: the facts of each image, its own columns and those that it borrows."""
    facts = [name for name in frame.columns if "." not in name]
    columns = {f"{scanner.name}.{column}": column for column in scanner.columns}
    columns |= {stored_name: local_name for local_name, stored_name in scanner.borrows.items() if stored_name in frame}
    seen = frame[[*facts, *columns]].rename(columns=columns)
    return seen.astype({SHA256: object}) if scanner.reads_sha256 and SHA256 in seen else seen


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
    wanted = _Wanted.of(records)
    current = {part.path: part.current for part in parts(folder, scanners, limits)}
    later = {step: np.zeros(len(records), dtype=bool) for step in fingerprints(scanners)}
    for path in sorted(folder.glob("part-*.parquet"), reverse=True):
        steps = current.get(path, frozenset())
        rows = wanted.rows(stored(path, _KEY_NAMES)) if steps else np.empty(0, np.intp)
        rows = rows[rows >= 0]
        if all(later[step][rows].all() for step in steps):
            path.unlink()
        for step in steps:
            later[step][rows] = True


def stored(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read the rows of a part file; raises `WorkspaceError` where its schema can be read and they cannot."""
    try:
        return pq.ParquetFile(path).read(columns)
    except (OSError, pa.ArrowException) as error:
        why = " ".join(str(error).split())[:160]
        raise WorkspaceError(f"{path} is damaged ({why}); delete it and run the audit again") from error


OF_RECORDS = ("path", "label", "split", "size_bytes")
"""What `records` reads of an image table."""


def records(images: pd.DataFrame, found: Sequence[Part]) -> Records:
    """Rebuild the records behind an image table, with the times under which they were last measured."""
    paths, sizes = images["path"].tolist(), images["size_bytes"].to_numpy(np.int64)
    times = np.zeros(len(images), np.int64)
    wanted = _Wanted({path: row for row, path in enumerate(paths)}, sizes, times)
    for part in found:
        table = stored(part.path, _KEY_NAMES)
        rows = wanted.rows_of_size(table)
        times[rows[rows >= 0]] = _numbers(table["mtime_ns"])[rows >= 0]
    return Records(paths, images["label"].tolist(), images["split"].tolist(), sizes.tolist(), times.tolist())
