"""Which images of an audit look alike, and all of them on a plane: by embeddings of a network where there are any, else
by the small grey tiles that the audit has measured.

Embeddings say what an image is of; tiles only how it is laid out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.duplicates.tiles import TILE_PX
from curate.errors import WorkspaceError
from curate.measuring.features import stored
from curate.scanners import embeddings
from curate.storage.workspace import Workspace

TILE = "duplicates.tile"
"""The column of the measured tiles."""
SIDE_PX = 16
"""A tile is compared at this size: finer detail says nothing about what is alike."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Likeness:
    """Vectors of images: `matrix` is (n, d) of unit length, its rows those of `paths`."""

    paths: Sequence[str]
    matrix: Floats
    by_embeddings: bool

    def nearest(self, path: str) -> list[str]:
        """Return all images, the most similar to one first, itself before all; empty where it has no vector."""
        if path not in self.paths:
            return []
        at = list(self.paths).index(path)
        similarity = self.matrix @ self.matrix[at]
        similarity[at] = np.inf
        return [self.paths[row] for row in np.argsort(-similarity, kind="stable")]

    def plane(self) -> Floats:
        """Return (n, 2) coordinates in -1..1: the first two principal components."""
        if len(self.paths) < 3:
            return np.zeros((len(self.paths), 2), np.float32)
        centred = self.matrix - self.matrix.mean(axis=0)
        _, axes = np.linalg.eigh(centred.T @ centred)
        flat = centred @ axes[:, :-3:-1]
        reach = np.quantile(np.abs(flat), 0.995, axis=0)
        return np.asarray(np.clip(flat / np.maximum(reach, 1e-9), -1, 1), dtype=np.float32)


def likeness(workspace: Workspace) -> Likeness:
    """Return the vectors of a workspace's images; those without any, such as unreadable ones, are left out."""
    images = workspace.read_images()
    current = dict(zip(images["path"], images["sha256"], strict=True))
    found = _embeddings(workspace, current)
    by_embeddings = bool(found)
    if not found:
        found = _tiles(workspace, current)
    paths = sorted(found)
    matrix = np.stack([found[path] for path in paths]) if paths else np.zeros((0, 1), np.float32)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return Likeness(paths, matrix / np.maximum(lengths, 1e-9), by_embeddings)


def _embeddings(workspace: Workspace, current: dict[str, str | None]) -> dict[str, Floats]:
    found = embeddings.read(workspace.root)
    if found is None:
        return {}
    rows = zip(found.paths, found.hashes, found.matrix, strict=True)
    return {path: vector for path, sha256, vector in rows if current.get(path) == sha256}


def _tiles(workspace: Workspace, current: dict[str, str | None]) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for part in sorted(workspace.features.glob("part-*.parquet")):
        try:
            table = stored(part, ["path", "sha256", TILE])
        except (OSError, KeyError, WorkspaceError, pa.ArrowException):
            continue
        if TILE not in table.column_names:
            continue
        rows = zip(*(table[column].to_pylist() for column in table.column_names), strict=True)
        found |= {name: _reduced(tile) for name, sha256, tile in rows if tile and current.get(name) == sha256}
    return found


def _reduced(tile: bytes) -> Floats:
    """Return a tile at `SIDE_PX`, its mean taken off: brightness alone makes nothing alike."""
    grey = np.frombuffer(tile, np.uint8).reshape(TILE_PX, TILE_PX)
    small = cv2.resize(grey, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    return np.asarray(small - small.mean(), dtype=np.float32)
