"""Pooled features of every image of an audit, for whoever wants to compare images by what they show."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.schema import DecodeStatus
from curate.storage.workspace import Workspace, write_arrow
from curate.train import data, loop, weights
from curate.train.data import Preprocessing, Sample
from curate.train.fitting import Progress, silent

_CHUNK = 256


def embed(workspace: Path, name: str = "lite0", progress: Progress = silent) -> Path:
    """Write `embeddings.parquet` (path, sha256, model, embedding of 1,280 float32) to the workspace."""
    ws = Workspace(workspace)
    images = ws.read_images()
    images = images[images["status"] != DecodeStatus.ERROR].sort_values("path")
    root = Path(ws.read_audit()["root"])
    pretrained = weights.load(name, 2)
    samples = [Sample(root / path, "", path) for path in images["path"]]
    parts = []
    for start in range(0, len(samples), _CHUNK):
        progress("looking at images", start, len(samples))
        parts.append(loop.embed(pretrained, data.load(samples[start : start + _CHUNK], Preprocessing())))
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
