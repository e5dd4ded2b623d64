"""Parquet files of images as `datasets` writes them, drawn in code."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def hub_parquet(
    path: Path, images: Sequence[Any], labels: Sequence[Any] | None, names: Sequence[str] | None = None, **options: Any
) -> Path:
    """Write a column `image` of {bytes, path} and, unless None, a column `label`, whose numbers stand for `names`."""
    columns = {"image": pa.array(images, type=IMAGE)}
    features: dict[str, Any] = {"image": {"_type": "Image"}}
    if labels is not None:
        columns["label"] = pa.array(labels)
        if names is not None:
            columns["label"] = pa.array(labels, type=pa.int64())
            features["label"] = {"names": list(names), "_type": "ClassLabel"}
    table = pa.table(columns).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)
    return path
