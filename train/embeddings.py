"""Pooled features of every image of an audit, for whoever wants to compare images by what they show."""

import hashlib
from pathlib import Path

import numpy as np

from curate.scanners import embeddings, lite0
from curate.scanners.embeddings import Embeddings
from curate.schema import DecodeStatus
from curate.storage.atomic import refuse_unwritable
from curate.storage.workspace import Workspace
from curate.train import checkpoints, data, loop, packages, weights
from curate.train.data import Preprocessing, Sample
from curate.train.watching import Progress, silent


def embed(workspace: Path, name: str = lite0.NAME, progress: Progress = silent) -> Path:
    """Write `embeddings.parquet` (path, sha256, model, embedding of 1,280 float32) to the workspace of an audit.

    `name` names the weights; those of `lite0` see what the audit itself measures. A checkpoint is shown the images as
    it was trained on them, and its model is called by its name and the beginning of its hash. Raises `SourceError`
    where an image cannot be read any more, or has changed since the audit, `ConfigError` for weights that there are
    not.
    """
    packages.require()
    ws = Workspace(workspace)
    images = ws.read_images()
    refuse_unwritable(ws.root)
    images = images[images["status"] != DecodeStatus.ERROR].sort_values("path")
    root = ws.read_audit()["root"]
    model, classes, preprocessing = _described(name)
    pretrained = weights.load(name, classes)
    hashed = zip(images["path"], images["sha256"], strict=True)
    samples = [Sample(root, path, "", path, sha256=sha256) for path, sha256 in hashed]
    parts = []
    for done, (_, pixels) in enumerate(data.in_chunks(samples, preprocessing)):
        progress("looking at images", done * data.CHUNK, len(samples))
        parts.append(loop.embed(pretrained, pixels))
    progress("looking at images", len(samples), len(samples))
    values = np.concatenate(parts) if parts else np.empty((0, 1280), np.float32)
    found = Embeddings(list(images["path"]), list(images["sha256"]), [model] * len(samples), values)
    return embeddings.write(found, ws.root)


def _described(name: str) -> tuple[str, int, Preprocessing]:
    """Return what a model is called, how many classes its head has, and how images are shown to it."""
    file = Path(name)
    if name in weights.NAMES or not file.is_file():
        return name, 2, Preprocessing()
    classes, preprocessing = checkpoints.described(file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f"{file.name} {digest[:12]}", len(classes), preprocessing
