"""The forms in which a cleaned dataset can be written, each of which `audit` reads as well.

`folder`: a folder per class. `imagefolder`: the same with a `metadata.csv`, as Hugging Face reads it. `webdataset`:
tar shards. A `list` names images where they are and copies none. The same manifest gives the same bytes.
"""

import csv
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import pandas as pd

from curate.errors import CurateError, SourceError
from curate.sources import address as sources
from curate.sources.records import SPLITS
from curate.storage.atomic import atomic, explained

Layout = Literal["folder", "imagefolder", "webdataset", "list"]
SHARD_SAMPLES = 10_000
SHARD_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Place:
    """Where an export goes: a folder of this machine, or a URL with a folder to work in."""

    folder: Path
    address: str | None

    def put(self, name: str, data: bytes) -> None:
        """Write one file."""
        if self.address is not None:
            sources.put(sources.join(self.address, name), data)
            return
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def send(self, name: str) -> None:
        """A file written into `folder` is complete: a remote place gets it, and it is removed here."""
        if self.address is not None:
            sources.put(sources.join(self.address, name), self.folder / name)
            (self.folder / name).unlink()


def write(kept: pd.DataFrame, layout: Layout, mode: str, place: Place) -> dict[str, str]:
    """Write the kept rows of a manifest; returns the sha256 of every file written."""
    if layout == "webdataset":
        return _shards(kept, place)
    sums = {}
    for row in kept.itertuples(index=False):
        _image(row, mode, place)
        sums[str(row.exported_path)] = str(row.sha256)
    if layout == "imagefolder":
        for name, data in _metadata(kept):
            place.put(name, data)
            sums[name] = hashlib.sha256(data).hexdigest()
    return sums


def write_list(kept: pd.DataFrame, destination: str) -> None:
    """A CSV, JSON-lines or Parquet list of the images where they are now: path, label, split, sha256."""
    rows = pd.DataFrame(
        {
            "path": [_address(source, path) for source, path in zip(kept["source"], kept["path"], strict=True)],
            "label": kept["final_label"].to_numpy(),
            "split": kept["split"].to_numpy(),
            "sha256": kept["sha256"].to_numpy(),
        },
        dtype=object,
    )
    if sources.url(destination):
        data = _table(rows, destination)
        if sources.stat(destination) is not None:
            raise CurateError(f"{destination} is there already; give another name")
        sources.put(destination, data)
        return
    target = Path(destination)
    if target.exists():
        raise CurateError(f"{target} is there already; give another name")
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with atomic(target) as file:
        file.write(_table(rows, destination))


def sha256(path: Path) -> str:
    """The hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def safe(label: str) -> str:
    """A label as the name of a folder."""
    return label.replace("/", "_").replace("\\", "_").strip(". ") or "_"


def _address(source: str, path: str) -> str:
    address = sources.join(source, path)
    return address if sources.url(address) else str(Path(address).absolute())


def _table(rows: pd.DataFrame, name: str) -> bytes:
    suffix = PurePosixPath(name).suffix.lower()
    buffer = io.BytesIO()
    if suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema([pa.field(column, pa.string()) for column in rows.columns])
        pq.write_table(pa.Table.from_pandas(rows, schema=schema, preserve_index=False), buffer, compression="zstd")
    elif suffix == ".jsonl":
        for row in rows.to_dict("records"):
            buffer.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
    else:
        buffer.write(
            _csv(list(rows.columns), rows.itertuples(index=False, name=None), "\t" if suffix == ".tsv" else ",")
        )
    return buffer.getvalue()


def _csv(columns: list[str], rows: Any, delimiter: str = ",") -> bytes:
    """For programs: a path stays the path that it is, so nothing is put before what a spreadsheet would run."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if value is None else value for value in row] for row in rows)
    return text.getvalue().encode()


def _image(row: Any, mode: str, place: Place) -> None:
    """One image, its content checked first."""
    if place.address is not None or not sources.is_plain(str(row.source), str(row.path)):
        if mode != "copy":
            raise CurateError(f"{row.path} is no file of its own to link to; leave out --mode {mode}")
        place.put(row.exported_path, _checked(row))
        return
    origin, target = Path(str(row.source)) / str(row.path), place.folder / row.exported_path
    try:
        found = sha256(origin)
    except OSError as error:
        raise _unreadable(origin, error) from error
    if found != row.sha256:
        raise _changed(origin)
    target.parent.mkdir(parents=True, exist_ok=True)
    if mode == "copy":
        shutil.copy2(origin, target)
    elif mode == "hardlink":
        os.link(origin, target)
    else:
        target.symlink_to(origin.resolve())


def _checked(row: Any) -> bytes:
    origin = sources.join(str(row.source), str(row.path))
    try:
        data = sources.read(str(row.source), str(row.path)) or b""
    except OSError as error:
        raise _unreadable(origin, error) from error
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise _changed(origin)
    return data


def _unreadable(origin: object, error: OSError) -> SourceError:
    why = error.strerror or "it is not there"
    return SourceError(f"{origin} cannot be read ({why}); has the source moved? Give it with --source")


def _changed(origin: object) -> SourceError:
    return SourceError(f"{origin} has changed since the scan; run the audit again and review it anew")


# Image folders


def with_split_folders(kept: pd.DataFrame) -> pd.DataFrame:
    """Splits known only from a table become folders, since an image folder knows splits by folder."""
    if kept["split"].isna().any() or _has_split_folders(kept):
        return kept
    moved = [f"{safe(split)}/{path}" for split, path in zip(kept["split"], kept["exported_path"], strict=True)]
    return kept.assign(exported_path=moved)


def _has_split_folders(kept: pd.DataFrame) -> bool:
    return all(path.partition("/")[0].lower() in SPLITS for path in kept["exported_path"])


def _metadata(kept: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """A `metadata.csv` in every split's folder, or one for all."""
    split = kept["split"].notna().all() or _has_split_folders(kept)
    tops = [path.partition("/")[0] + "/" if split else "" for path in kept["exported_path"]]
    for top, rows in kept.groupby(tops):
        names = [path.removeprefix(top) for path in rows["exported_path"]]
        yield f"{top}metadata.csv", _csv(["file_name", "label"], zip(names, rows["final_label"], strict=True))


# Shards


def _shards(kept: pd.DataFrame, place: Place) -> dict[str, str]:
    """Tars of `SHARD_SAMPLES` images or `SHARD_BYTES`, whichever comes first, one series per split."""
    sums: dict[str, str] = {}
    for split, rows in kept.assign(split=kept["split"].fillna("data")).groupby("split", sort=True):
        waiting = list(rows.itertuples(index=False))
        number = 0
        while waiting:
            name = f"{safe(str(split))}-{number:06}.tar"
            taken = _shard(place.folder / name, waiting)
            sums[name] = sha256(place.folder / name)
            place.send(name)
            waiting = waiting[taken:]
            number += 1
    return sums


def _shard(path: Path, rows: list[Any]) -> int:
    """Fill one shard; returns how many of the rows went in."""
    taken = size = 0
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as packed:
        for row in rows[:SHARD_SAMPLES]:
            data = _checked(row)
            if taken and size + len(data) > SHARD_BYTES:
                break
            key = f"{taken:06}"
            facts = {"path": row.exported_path, "label": row.final_label, "split": row.split, "sha256": row.sha256}
            extension = PurePosixPath(row.exported_path).suffix.lower() or f".{str(row.format or 'bin').lower()}"
            _add(packed, f"{key}{extension}", data)
            if row.final_label is not None:
                _add(packed, f"{key}.cls", str(row.final_label).encode())
            _add(packed, f"{key}.json", json.dumps(facts, ensure_ascii=False, sort_keys=True).encode())
            taken += 1
            size += len(data)
    return taken


def _add(packed: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    entry.mode = 0o644
    packed.addfile(entry, io.BytesIO(data))
