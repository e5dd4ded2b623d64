"""What a trained network has said about the images of an audit, where it was asked: embeddings, predictions.

The audit (`auditing.embedded`) or the training module writes `embeddings.parquet` into the workspace, the training
module `predictions.parquet`; here they become columns that any scanner may judge by. A row holds for the bytes it was
made from and for no others. Nothing here needs torch, and nothing is missed where the files are not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from curate.errors import WorkspaceError
from curate.storage.workspace import write_arrow

if TYPE_CHECKING:
    import pandas as pd

EMBEDDINGS, PREDICTIONS = "embeddings.parquet", "predictions.parquet"
FILES = (EMBEDDINGS, PREDICTIONS)
EMBEDDING, EMBEDDED_BY = "embedding", "embedded_by"
"""Pooled features of an image (float32), and the name of the network that they are of; or None."""
PREDICTION = ("predicted", "confidence", "given_confidence", "probabilities")
"""The likeliest class, its out-of-fold probability, that of the label given, and those of all classes (a list)."""


MADE_FROM = b"curate.made_from"
"""Key of the metadata of embeddings that an audit wrote: what they were made from. Those of training lack it."""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Vectors of n images: `matrix` is (n, d) float32; `hashes` are the sha256 of the bytes that each was made from.

    `models` names the network of each. `made_from` is None where the training module wrote them.
    """

    paths: Sequence[str]
    hashes: Sequence[str]
    models: Sequence[str]
    matrix: npt.NDArray[np.float32]
    made_from: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the embeddings of a workspace come from: the networks, and `made_from` as in `Embeddings`."""

    models: frozenset[str]
    made_from: str | None


def write(found: Embeddings, root: Path) -> Path:
    """Write `embeddings.parquet` (path, sha256, model, embedding) to the workspace `root`; return its path."""
    count, width = found.matrix.shape
    offsets = pa.array(np.arange(count + 1) * width, pa.int32() if count * width < 1 << 31 else pa.int64())
    values = pa.array(found.matrix.reshape(-1).astype(np.float32, copy=False))
    kind = pa.ListArray if offsets.type == pa.int32() else pa.LargeListArray
    columns = {
        "path": pa.array(found.paths, pa.string()),
        "sha256": pa.array(found.hashes, pa.string()),
        "model": pa.array(found.models, pa.string()),
        EMBEDDING: kind.from_arrays(offsets, values),
    }
    mark = {} if found.made_from is None else {MADE_FROM: found.made_from}
    write_arrow(pa.table(columns, metadata=mark), root / EMBEDDINGS)
    return root / EMBEDDINGS


def origin(root: Path) -> Origin | None:
    """Say where the embeddings of the workspace `root` come from; None where there are none. Raises as `read` does."""
    table = _read(root / EMBEDDINGS, ["model"])
    return None if table is None else Origin(frozenset(table["model"].unique().to_pylist()), _made_from(table))


def read(root: Path) -> Embeddings | None:
    """Read the embeddings of the workspace `root`; None where there are none.

    Raises `WorkspaceError` for a file that is not what `write` writes.
    """
    table = _read(root / EMBEDDINGS, ["path", "sha256", "model", EMBEDDING])
    if table is None:
        return None
    lists = table[EMBEDDING].combine_chunks()
    lengths = np.unique(lists.value_lengths().to_numpy(zero_copy_only=False)) if len(lists) else np.zeros(1, np.int64)
    if lists.null_count or len(lengths) > 1:
        raise _no_such_file(root / EMBEDDINGS)
    return Embeddings(
        table["path"].to_pylist(),
        table["sha256"].to_pylist(),
        table["model"].to_pylist(),
        np.asarray(lists.flatten(), dtype=np.float32).reshape(len(lists), int(lengths[0])),
        _made_from(table),
    )


def attach(frame: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Add the columns `EMBEDDING`, `EMBEDDED_BY` and `PREDICTION` to a frame (path, label, sha256, ...); None where
    unknown.

    A prediction counts only for the label that it was made for. Raises `WorkspaceError` for a file that is not
    what the audit or the training module writes.
    """
    import pandas as pd

    def column(values: npt.NDArray[np.object_]) -> pd.Series:
        return pd.Series(values, index=frame.index, dtype=object)

    columns = dict.fromkeys((EMBEDDING, EMBEDDED_BY, *PREDICTION), column(np.full(len(frame), None, dtype=object)))
    embeddings = read(root)
    if embeddings is not None:
        known = _current(frame, embeddings.paths, embeddings.hashes)
        vectors, models = (np.full(len(frame), None, dtype=object) for _ in range(2))
        for row in np.flatnonzero(known >= 0):
            vectors[row], models[row] = embeddings.matrix[known[row]], embeddings.models[known[row]]
        columns |= {EMBEDDING: column(vectors), EMBEDDED_BY: column(models)}
    predictions = _read(root / PREDICTIONS, ["path", "sha256", "label", *PREDICTION])
    if predictions is not None:
        known = _current(frame, predictions["path"].to_pylist(), predictions["sha256"].to_pylist())
        labels = np.asarray(predictions["label"].to_pylist(), dtype=object)
        valid = (known >= 0) & (labels[known] == frame["label"].to_numpy(object))
        for name in PREDICTION:
            predicted, values = np.empty(len(predictions), dtype=object), np.full(len(frame), None, dtype=object)
            predicted[:] = predictions[name].to_pylist()
            values[valid] = predicted[known[valid]]
            columns[name] = column(values)
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
        raise _no_such_file(path) from error


def _made_from(table: pa.Table) -> str | None:
    mark: bytes | None = (table.schema.metadata or {}).get(MADE_FROM)
    return None if mark is None else mark.decode()


def _no_such_file(path: Path) -> WorkspaceError:
    return WorkspaceError(f"{path} is not what `curate` writes; delete it, or write it again")


def _current(frame: pd.DataFrame, paths: Sequence[str], hashes: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return for each row of the frame the row of the table about the same bytes at the same path, or -1."""
    at = {key: row for row, key in enumerate(zip(paths, hashes, strict=True))}
    return np.array([at.get(key, -1) for key in zip(frame["path"], frame["sha256"], strict=True)], dtype=np.intp)
