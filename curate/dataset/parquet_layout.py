"""A cleaned dataset as Parquet files in the form of the Hugging Face Hub: an image a row, a series of files a split."""

import functools
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from curate.dataset.layouts import ExportTarget, checked_bytes, file_sha256
from curate.sources import source_at
from curate.sources.hub import split_of

FILE_BYTES = 500_000_000
"""Bytes of images from which on another file begins: the Hub asks for parts of about this size."""
GROUP_ROWS = 100
"""Rows of a group, which is what a viewer of the Hub fetches at once."""
PAGE_ROWS = 8
"""Rows after which a page may end: a page is what a reader has to hold in memory."""
FOLDER = "data"
_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_USUAL = {"val": "validation"}
_NO_SPLIT = "data"


def write_parquet(images: pd.DataFrame, target: ExportTarget) -> dict[str, str]:
    """Write the kept rows of a manifest as `data/SPLIT-00000-of-00002.parquet`, with `image` and `label`.

    Where names of files cannot say every split, a column `split` does. Returns the sha256 of each file, by its name.
    """
    names = sorted(set(images["final_label"].dropna()))
    series = [series_of(split) for split in images["split"]]
    with_splits = any(split_of(_file(name, 0, 1)) != split for name, split in zip(series, images["split"], strict=True))
    schema = _schema(names, with_splits=with_splits)
    sums: dict[str, str] = {}
    (target.folder / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, rows in images.groupby(pd.Series(series, images.index, dtype=object), sort=True):
        parts = list(_write_parts(target.folder / FOLDER, rows, schema, names))
        for number, part in enumerate(parts):
            file = _file(str(name), number, len(parts))
            part.rename(target.folder / file)
            sums[file] = file_sha256(target.folder / file)
            target.send(file)
    return sums


def series_of(split: str | None) -> str:
    """Name the series of files of a split as `datasets` reads it: words of letters, digits and underscores."""
    return _NO_SPLIT if split is None else _USUAL.get(split, re.sub(r"\W", "_", split))


def _file(series: str, number: int, count: int) -> str:
    return f"{FOLDER}/{series}-{number:05}-of-{count:05}.parquet"


def _schema(classes: Sequence[str], *, with_splits: bool) -> Any:
    """Make the schema, with the features that `datasets` reads from its metadata."""
    fields, features = [pa.field("image", _IMAGE)], {"image": {"_type": "Image"}}
    if classes:
        fields.append(pa.field("label", pa.int64()))
        features["label"] = {"names": list(classes), "_type": "ClassLabel"}  # type: ignore[dict-item]
    if with_splits:
        fields.append(pa.field("split", pa.string()))
        features["split"] = {"dtype": "string", "_type": "Value"}
    return pa.schema(fields, {"huggingface": json.dumps({"info": {"features": features}}, ensure_ascii=False)})


def _write_parts(folder: Path, rows: pd.DataFrame, schema: Any, classes: Sequence[str]) -> Iterator[Path]:
    """Write one series of files under names of their own, since how many there are shows at the end."""
    import pyarrow.parquet as pq

    at = functools.cache(source_at)
    number = {label: index for index, label in enumerate(classes)}
    waiting = list(rows.itertuples(index=False))
    part = 0
    while waiting:
        path = folder / f"part-{part:05}"
        size = count = 0
        with pq.ParquetWriter(path, schema, write_batch_size=PAGE_ROWS, write_page_index=True) as writer:
            while count < len(waiting) and size < FILE_BYTES:
                group = waiting[count : count + GROUP_ROWS]
                contents = [checked_bytes(at(str(row.source)), row) for row in group]
                cells = [_cells(row, data, number) for row, data in zip(group, contents, strict=True)]
                writer.write_table(pa.Table.from_pylist(cells, schema=schema))
                size += sum(map(len, contents))
                count += len(group)
        yield path
        waiting = waiting[count:]
        part += 1


def _cells(row: Any, data: bytes, number: dict[str, int]) -> dict[str, Any]:
    return {
        "image": {"bytes": data, "path": row.exported_path},
        "label": None if row.final_label is None else number[row.final_label],
        "split": row.split,
    }
