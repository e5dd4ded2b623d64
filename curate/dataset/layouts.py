"""The forms in which a cleaned dataset can be written, each of which `audit` reads as well.

`folder`: a folder per class. `imagefolder`: the same with a `metadata.csv`, as Hugging Face reads it. `webdataset`:
tar shards. A `list` names images where they are and copies none. `parquet_layout` and `annotated_layouts` have the
others. The same manifest gives the same bytes.
"""

import errno
import functools
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from curate.errors import CurateError, SourceError
from curate.images import formats
from curate.options import Mode
from curate.sources import Source, objects, source_at
from curate.sources.address import join, url
from curate.sources.classes import folder_name
from curate.sources.layout import classes_of
from curate.sources.records import split_called
from curate.sources.shards import split_of_shard
from curate.storage import safe_csv
from curate.storage.atomic import atomic, explained

SHARD_SAMPLES = 10_000
SHARD_BYTES = 1 << 30
_SERIES = "data"
"""What shards of images without a split are called."""


@dataclass(frozen=True, slots=True)
class ExportTarget:
    """Where an export goes: a folder of this machine, or a URL with a folder to work in."""

    folder: Path
    address: str | None

    def put(self, name: str, data: bytes) -> None:
        """Write one file."""
        if self.address is not None:
            objects.put(join(self.address, name), data)
            return
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def send(self, name: str) -> None:
        """Move a complete file from `folder` to the remote store; where there is none it stays."""
        if self.address is not None:
            objects.put(join(self.address, name), self.folder / name)
            (self.folder / name).unlink()


def write_files(
    images: pd.DataFrame, mode: Mode, target: ExportTarget, *, with_tables: bool, by_split: bool
) -> dict[str, str]:
    """Write the kept rows of a manifest as files at their `exported_path`; `with_tables` a `metadata.csv` beside them.

    `by_split` says that the first folder of each is its split. Returns the sha256 of every file written, by its name.
    """
    at = functools.cache(source_at)
    sums = {}
    for row in images.itertuples(index=False):
        _image(at(str(row.source)), row, mode, target)
        sums[str(row.exported_path)] = str(row.sha256)
    for name, data in tables(images, by_split=by_split) if with_tables else ():
        target.put(name, data)
        sums[name] = hashlib.sha256(data).hexdigest()
    return sums


def write_list(images: pd.DataFrame, destination: str) -> None:
    """Write a CSV, JSON-lines or Parquet list of the images where they are now: path, label, split, sha256.

    Raises `CurateError` where `destination`, a file or a URL, exists already.
    """
    rows = pd.DataFrame(
        {
            "path": [_address(source, path) for source, path in zip(images["source"], images["path"], strict=True)],
            "label": images["final_label"].to_numpy(),
            "split": images["split"].to_numpy(),
            "sha256": images["sha256"].to_numpy(),
        },
        dtype=object,
    )
    data = _table(rows, destination)
    if objects.stat(destination) is not None:
        raise CurateError(f"{destination} is there already; give another name")
    if url(destination):
        objects.put(destination, data)
        return
    file = Path(destination)
    with explained(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    with atomic(file) as opened:
        opened.write(data)


def file_sha256(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _address(source: str, path: str) -> str:
    address = join(source, path)
    return address if url(address) else str(Path(address).absolute())


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
        cells = rows.itertuples(index=False, name=None)
        buffer.write(_csv(list(rows.columns), cells, "\t" if suffix == ".tsv" else ","))
    return buffer.getvalue()


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",") -> bytes:
    """Make plain CSV, without the escaping of `safe_csv`: programs read it, to whom a path must stay what it is."""
    frame = pd.DataFrame(list(rows), columns=list(columns), dtype=object)
    return safe_csv.text_of(frame, delimiter).encode()


def _image(source: Source, row: Any, mode: Mode, target: ExportTarget) -> None:
    """Write the image of one row, its content checked first."""
    original = source.plain_file(row.path)
    if target.address is not None or original is None:
        if mode != "copy":
            raise CurateError(f"{row.path} is no file of its own to link to; leave out --mode {mode}")
        target.put(row.exported_path, checked_bytes(source, row))
        return
    try:
        sha256 = file_sha256(original)
    except OSError as error:
        raise _unreadable(original, error) from error
    if sha256 != row.sha256:
        raise _changed(original)
    exported = target.folder / row.exported_path
    exported.parent.mkdir(parents=True, exist_ok=True)
    if mode == "copy":
        shutil.copy2(original, exported)
    elif mode == "hardlink":
        _link(original, exported)
    else:
        exported.symlink_to(original.resolve())


def _link(original: Path, exported: Path) -> None:
    """Make a hard link; raises `CurateError` where the file system of one or the other knows none, or they are two."""
    try:
        os.link(original.resolve(), exported)
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}:
            raise
        raise CurateError(
            f"{original} cannot be hard-linked from there ({error.strerror}): links need one file system that knows "
            "them; leave out --mode, or give --mode symlink"
        ) from error


def checked_bytes(source: Source, row: Any) -> bytes:
    """Read the image of one row; raises `SourceError` where it is gone or another one by now."""
    address = join(source.root, row.path)
    try:
        data = source.read(row.path) or b""
    except OSError as error:
        raise _unreadable(address, error) from error
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise _changed(address)
    return data


def _unreadable(address: object, error: OSError) -> SourceError:
    why = error.strerror or "it is not there"
    return SourceError(f"{address} cannot be read ({why}); has the source moved? Give it with --source")


def _changed(address: object) -> SourceError:
    return SourceError(
        f"{address} has changed since the scan; run the audit again and review it anew (if its time was set back, the "
        "audit takes it for the same: touch it first)"
    )


# Tables beside images


def tables(images: pd.DataFrame, *, by_split: bool) -> Iterator[tuple[str, bytes]]:
    """Make a `metadata.csv` for every split's folder, or one for all: (name, bytes) of each.

    It holds splits as well where its folder, or the lack of one, does not say them.
    """
    paths = images["exported_path"]
    tops = [path.partition("/")[0] + "/" if by_split else "" for path in paths]
    told = [place.split or split_called(top.rstrip("/")) for place, top in zip(classes_of(paths), tops, strict=True)]
    images = images.assign(told=pd.Series(told, images.index, dtype=object))
    for top, rows in images.groupby(pd.Series(tops, images.index, dtype=object)):
        names = [path.removeprefix(top) for path in rows["exported_path"]]
        columns = {"file_name": names, "label": rows["final_label"], "split": rows["split"]}
        if list(rows["split"]) == list(rows["told"]):
            del columns["split"]
        yield f"{top}metadata.csv", _csv(list(columns), zip(*columns.values(), strict=True))


# Shards


def write_shards(images: pd.DataFrame, target: ExportTarget) -> dict[str, str]:
    """Write the kept rows of a manifest as tars of `SHARD_SAMPLES` images or `SHARD_BYTES`, whichever comes first.

    There is a series of them per split. Returns the sha256 of each, by name. Raises `CurateError` for a class that
    begins or ends in a line break: in a `.cls`, which is text, readers take it for the end of the line.
    """
    broken = next((label for label in images["final_label"].dropna() if label.strip("\r\n") != label), None)
    if broken is not None:
        raise CurateError(
            f"the class {broken!r} begins or ends in a line break, which shards cannot say; relabel its images, or "
            "export with --as parquet"
        )
    at = functools.cache(source_at)
    sums: dict[str, str] = {}
    series = [_series(split) for split in images["split"]]
    numbers: Counter[str] = Counter()
    # Two splits whose names make one series stand in tars of their own: a shard is of one split.
    for (name_of_series, _), rows in images.groupby([series, images["split"].fillna("")], sort=True):
        waiting = list(rows.itertuples(index=False))
        while waiting:
            name = f"{name_of_series}-{numbers[name_of_series]:06}.tar"
            numbers[name_of_series] += 1
            count = _shard(target.folder / name, waiting, at)
            sums[name] = file_sha256(target.folder / name)
            target.send(name)
            waiting = waiting[count:]
    return sums


def _series(split: str | None) -> str:
    """Name the shards of a split so that their names say no other one, as `test_hard-000000.tar` would say `test`."""
    name = _SERIES if split is None else folder_name(split)
    return name if split_of_shard(f"{name}-0.tar") in (None, split) else f"{_SERIES}-{name}"


def _shard(path: Path, rows: list[Any], at: Callable[[str], Source]) -> int:
    """Fill one shard with the first of the rows, read from the source `at` a root; return how many went in."""
    count = size = 0
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as packed:
        for row in rows[:SHARD_SAMPLES]:
            data = checked_bytes(at(str(row.source)), row)
            if count and size + len(data) > SHARD_BYTES:
                break
            key = f"{count:06}"
            facts = {"path": row.exported_path, "label": row.final_label, "split": row.split, "sha256": row.sha256}
            _add(packed, f"{key}{_extension(row, data)}", data)
            if row.final_label is not None:
                _add(packed, f"{key}.cls", str(row.final_label).encode())
            _add(packed, f"{key}.json", json.dumps(facts, ensure_ascii=False, sort_keys=True).encode())
            count += 1
            size += len(data)
    return count


def _extension(row: Any, data: bytes) -> str:
    """Return an extension by which a sample's image is known: its own, unless that is none of an image."""
    suffix = PurePosixPath(row.exported_path).suffix.lower()
    if suffix in formats.FORMAT_OF_EXTENSION:
        return suffix
    found = str(row.format or formats.sniff(data[: formats.SNIFF_BYTES]) or "bin")
    named = f".{found.lower()}"
    return named if named in formats.FORMAT_OF_EXTENSION else formats.EXTENSIONS.get(found, (named,))[0]


def _add(packed: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    entry.mode = 0o644
    packed.addfile(entry, io.BytesIO(data))
