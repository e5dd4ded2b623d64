"""What a trained network has said about the images of an audit, where it was asked: embeddings, predictions.

The training module writes `embeddings.parquet` and `predictions.parquet` into the workspace; here they become
columns that any scanner may judge by. A row holds for the bytes it was made from and for no others. Nothing
here needs torch, and nothing is missed where the files are not there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from curate.errors import WorkspaceError

if TYPE_CHECKING:
    import pandas as pd

EMBEDDINGS, PREDICTIONS = "embeddings.parquet", "predictions.parquet"
FILES = (EMBEDDINGS, PREDICTIONS)
EMBEDDING = "embedding"
"""Pooled features of an image (float32), or None."""
PREDICTION = ("predicted", "confidence", "given_confidence", "label_quality")
"""The likeliest class, its out-of-fold probability, that of the label given, and how well the label fits (0..1)."""


def attach(frame: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Add the columns `EMBEDDING` and `PREDICTION` to a frame (path, label, sha256, ...); None where unknown.

    A prediction counts only for the label that it was made for. Raises `WorkspaceError` for a file that is not
    what the training module writes.
    """
    import pandas as pd

    embeddings = _read(root / EMBEDDINGS, ["path", "sha256", EMBEDDING])
    known = _current(frame, embeddings)
    vectors = np.empty(len(frame), dtype=object)
    if embeddings is not None:
        matrix = _matrix(embeddings[EMBEDDING])
        for row in np.flatnonzero(known >= 0):
            vectors[row] = matrix[known[row]]
    columns = {EMBEDDING: pd.Series(vectors, index=frame.index, dtype=object)}
    predictions = _read(root / PREDICTIONS, ["path", "sha256", "label", *PREDICTION])
    known = _current(frame, predictions)
    for name in PREDICTION:
        values = np.full(len(frame), None, dtype=object)
        if predictions is not None:
            predicted = np.asarray(predictions[name].to_pylist(), dtype=object)
            labels = np.asarray(predictions["label"].to_pylist(), dtype=object)
            valid = (known >= 0) & (labels[known] == frame["label"].to_numpy(object))
            values[valid] = predicted[known[valid]]
        columns[name] = pd.Series(values, index=frame.index, dtype=object)
    return frame.assign(**columns)


def unit_vectors(
    features: pd.DataFrame, *, centred: bool = True
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Return rows that have an embedding, and those embeddings (n, d), of length 1.

    They are centred on their mean where images are told apart: what all have in common says nothing about any of them.
    What does not belong at all, though, is told by what all the others have in common.
    """
    if EMBEDDING not in features:
        return np.empty(0, np.intp), np.empty((0, 1), np.float32)
    rows = np.flatnonzero(features[EMBEDDING].notna())
    if not len(rows):
        return rows, np.empty((0, 1), np.float32)
    vectors = np.stack(features[EMBEDDING].iloc[rows].tolist()).astype(np.float32)
    if centred:
        vectors -= vectors.mean(axis=0)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return rows, vectors


def nearest(vectors: npt.NDArray[np.float32], count: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return the `count` most similar others of each vector, (n, count) cosines and rows; exact."""
    import faiss

    count = min(count, len(vectors) - 1)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    cosines, rows = index.search(vectors, count + 1)
    # An image is its own nearest, but for twins, where it may be any of the first.
    is_itself = rows == np.arange(len(vectors))[:, None]
    is_itself[~is_itself.any(axis=1), -1] = True
    return cosines[~is_itself].reshape(-1, count), rows[~is_itself].reshape(-1, count)


def _read(path: Path, columns: list[str]) -> pa.Table | None:
    if not path.is_file():
        return None
    try:
        return pq.read_table(path, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise WorkspaceError(f"{path} is not what `curate train` writes; delete it, or write it again") from error


def _current(frame: pd.DataFrame, table: pa.Table | None) -> npt.NDArray[np.intp]:
    """Return for each row of the frame the row of the table about the same bytes at the same path, or -1."""
    if table is None:
        return np.full(len(frame), -1, dtype=np.intp)
    at = {key: row for row, key in enumerate(zip(table["path"].to_pylist(), table["sha256"].to_pylist(), strict=True))}
    return np.array([at.get(key, -1) for key in zip(frame["path"], frame["sha256"], strict=True)], dtype=np.intp)


def _matrix(column: pa.ChunkedArray) -> npt.NDArray[np.float32]:
    lists = column.combine_chunks()
    values = np.asarray(lists.flatten(), dtype=np.float32)
    return values.reshape(len(lists), -1)
