"""Which images look alike: by embeddings where there are any, else by tiles; and all of them on a plane."""

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curate.auditing.likeness import Likeness, likeness
from tests.conftest import Audited


def test_tiles_find_a_copy_and_a_smaller_copy_first(audited: Audited) -> None:
    found = likeness(audited.workspace)
    assert not found.by_embeddings
    assert found.nearest("dogs/000.jpg")[:2] == ["dogs/000.jpg", "dogs/again.jpg"]
    assert found.nearest("cats/001.jpg")[:2] == ["cats/001.jpg", "dogs/small.jpg"]
    assert "cats/empty.png" not in found.paths
    assert found.nearest("cats/empty.png") == []
    assert np.allclose(np.linalg.norm(found.matrix, axis=1), 1)
    assert np.allclose(found.matrix.mean(axis=1), 0, atol=1e-6)  # brightness alone makes nothing alike


def test_embeddings_speak_where_there_are_any_and_only_for_the_bytes_they_were_made_from(audited: Audited) -> None:
    images = audited.workspace.read_images().set_index("path")["sha256"]
    names = ["cats/000.jpg", "cats/001.jpg", "dogs/000.jpg", "dogs/001.jpg"]
    table = pa.table(
        {
            "path": names,
            "sha256": [images[name] for name in names[:3]] + ["other bytes"],
            "model": ["lite0"] * 4,
            "embedding": pa.array([[1.0, 0.0], [0.0, 1.0], [3.0, 0.3], [1.0, 1.0]], pa.list_(pa.float32())),
        }
    )
    pq.write_table(table, audited.workspace.root / "embeddings.parquet")
    found = likeness(audited.workspace)
    assert found.by_embeddings
    assert found.nearest("cats/000.jpg") == ["cats/000.jpg", "dogs/000.jpg", "cats/001.jpg"]


def test_a_workspace_without_measurements_has_nothing_to_compare(audited: Audited) -> None:
    shutil.rmtree(audited.workspace.features)
    found = likeness(audited.workspace)
    assert (found.paths, found.plane().shape) == ([], (0, 2))


def test_the_plane_keeps_apart_what_differs_most() -> None:
    rng = np.random.default_rng(1)
    apart = np.repeat([[5.0, 0, 0], [-5.0, 0, 0]], 20, axis=0) + rng.normal(0, 0.3, (40, 3))
    flat = Likeness([str(number) for number in range(40)], apart.astype(np.float32), by_embeddings=True).plane()
    assert flat.shape == (40, 2)
    assert abs(flat).max() <= 1
    assert (np.sign(flat[:20, 0]) == -np.sign(flat[20:, 0])).all()
