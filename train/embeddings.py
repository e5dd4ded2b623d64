"""Pooled features of every image of an audit, for whoever wants to compare images by what they show."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.schema import DecodeStatus
from curate.storage.workspace import Workspace, write_arrow
from curate.train import data, loop, weights
from curate.train.data import Preprocessing, Sample
from curate.train.watching import Progress, silent


def embed(workspace: Path, name: str = "lite0", progress: Progress = silent) -> Path:
    """Write `embeddings.parquet` (path, sha256, model, embedding of 1,280 float32) to the workspace of an audit.

    `name` names the weights. Raises `SourceError` where an image cannot be read any more.
    """
    ws = Workspace(workspace)
    images = ws.read_images()
    images = images[images["status"] != DecodeStatus.ERROR].sort_values("path")
    root = ws.read_audit()["root"]
    pretrained = weights.load(name, 2)
    samples = [Sample(root, path, "", path) for path in images["path"]]
    parts = []
    for done, (_, pixels) in enumerate(data.in_chunks(samples, Preprocessing())):
        progress("looking at images", done * data.CHUNK, len(samples))
        parts.append(loop.embed(pretrained, pixels))
    progress("looking at images", len(samples), len(samples))
    values = np.concatenate(parts) if parts else np.empty((0, 1280), np.float32)
    table = pa.table(
        {
            "path": pa.array(images["path"], pa.string()),
            "sha256": pa.array(images["sha256"], pa.string()),
            "model": pa.array([pretrained.name] * len(samples), pa.string()),
            "embedding": pa.array(list(values), pa.list_(pa.float32())),
        }
    )
    write_arrow(table, ws.root / "embeddings.parquet")
    return ws.root / "embeddings.parquet"
