"""What a network says of an audit's images: taken where it is about these bytes, and missed nowhere."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import curate
from curate.config import Config
from curate.errors import WorkspaceError
from curate.scanners import embeddings
from curate.scanners.limits import tail_limit
from curate.scanners.topic import OffTopic
from tests import sample_images

COUNT = 60


@pytest.fixture
def audited(tmp_path: Path) -> Path:
    """A workspace of sixty images in two classes."""
    for index in range(COUNT):
        sample_images.save(
            sample_images.photo(index, 40, 40), tmp_path / "set" / ("cats", "dogs")[index % 2] / f"{index:02}.png"
        )
    curate.audit(tmp_path / "set", tmp_path / "ws")
    return tmp_path / "ws"


def write_embeddings(workspace: Path, vectors: np.ndarray, **changed: list[object]) -> None:
    images = pd.read_parquet(workspace / "images.parquet")
    columns = {
        "path": list(images["path"]),
        "sha256": list(images["sha256"]),
        "model": ["other"] * len(images),
        **changed,
    }
    table = pa.table({**columns, "embedding": pa.array(list(vectors.astype(np.float32)), pa.list_(pa.float32()))})
    pq.write_table(table, workspace / "embeddings.parquet")


def write_predictions(workspace: Path, **changed: list[object]) -> None:
    images = pd.read_parquet(workspace / "images.parquet")
    columns = {
        "path": list(images["path"]),
        "sha256": list(images["sha256"]),
        "label": list(images["label"]),
        "predicted": list(images["label"]),
        "confidence": [0.9] * COUNT,
        "given_confidence": [0.9] * COUNT,
        "probabilities": [[0.9, 0.1]] * COUNT,
        **changed,
    }
    pq.write_table(pa.table(columns), workspace / "predictions.parquet")


def found(workspace: Path, kind: str) -> pd.DataFrame:
    findings = curate.judge(workspace)
    return findings[findings["kind"] == kind]


def cloud(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (COUNT, 16)) + np.eye(16)[0] * 8


def test_an_image_far_from_all_others_is_off_topic(audited: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = np.outer(np.ones(COUNT), np.eye(16)[0]) + 0.5 * rng.uniform(-1, 1, (COUNT, 16)) * (np.arange(16) < 3)
    vectors[7] = 5 * np.eye(16)[9]
    write_embeddings(audited, vectors)
    outliers = found(audited, "off_topic")
    assert list(outliers["path"]) == [pd.read_parquet(audited / "images.parquet")["path"][7]]
    assert json.loads(outliers["evidence"].iloc[0])["distance"] > json.loads(outliers["evidence"].iloc[0])["threshold"]


def test_strangers_to_what_all_others_share_are_off_topic_and_few_of_the_others_are() -> None:
    """A thousand images of one sort, twenty of others, each with something of its own: the limit lies between."""
    rng = np.random.default_rng(3)
    ours = 6 * np.eye(64)[0] + np.abs(rng.normal(size=(1000, 64))) * rng.gamma(4, 0.1, (1000, 1))
    strangers = np.abs(rng.normal(size=(20, 64))) + 6 * np.eye(64)[10 + np.arange(20)]
    frame = pd.DataFrame({"path": [f"{index:04}" for index in range(1020)]})
    frame[embeddings.EMBEDDING] = list(np.concatenate([ours, strangers]).astype(np.float32))
    found = {finding.path for finding in OffTopic().judge(frame)}
    planted = {f"{index:04}" for index in range(1000, 1020)}
    assert planted <= found
    assert len(found - planted) <= 3
    calm = {finding.path for finding in OffTopic().judge(frame.iloc[:1000])}
    assert len(calm) <= 3


def test_a_tail_limit_is_passed_by_about_the_share_expected() -> None:
    values = np.random.default_rng(0).exponential(2.0, 100_000)
    middle, limit = tail_limit(values, 0.001)
    assert middle == pytest.approx(2 * np.log(2), rel=0.02)
    assert (values > limit).mean() == pytest.approx(0.001, rel=0.2)


def test_where_more_than_half_are_equally_far_no_distance_is_unusual(audited: Path) -> None:
    vectors = np.outer(np.ones(COUNT), np.eye(16)[0]) + np.repeat(np.eye(16)[:2], COUNT // 2, axis=0)
    vectors[3] += 0.5 * np.eye(16)[5]
    write_embeddings(audited, vectors)
    assert found(audited, "off_topic").empty


def test_an_embedding_of_other_bytes_is_not_used(audited: Path) -> None:
    write_embeddings(audited, cloud(), sha256=["0" * 64] * COUNT)
    frame = embeddings.attach(pd.read_parquet(audited / "images.parquet"), audited)
    assert frame["embedding"].isna().all()
    assert found(audited, "off_topic").empty


def test_a_confident_other_prediction_makes_a_suspect_with_a_suggestion(audited: Path) -> None:
    labels = ["cats"] * 30 + ["dogs"] * 30
    doubted = [index in range(30, 37) for index in range(COUNT)]
    write_predictions(
        audited,
        predicted=["cats" if doubt else label for label, doubt in zip(labels, doubted, strict=True)],
        given_confidence=[0.1 if doubt else 0.9 for doubt in doubted],
    )
    suspects = found(audited, "suspected_mislabel")
    assert set(suspects["label"]) == {"dogs"}
    assert len(suspects) == 7
    assert set(suspects["suggestion"]) == {"relabel"}
    assert set(suspects["severity"]) == {"warning"}
    assert any("of the 7 in the queue about 100%" in str(note) for note in curate.status(audited).notes)
    curate.audit(audited.parent / "set", audited)
    assert any("of the 7 in the queue about 100%" in str(note) for note in curate.status(audited).notes)


def test_a_prediction_for_another_label_is_not_used(audited: Path) -> None:
    write_predictions(audited, label=["birds"] * COUNT, predicted=["cats"] * COUNT, given_confidence=[0.0] * COUNT)
    assert found(audited, "suspected_mislabel").empty


def test_a_file_that_the_training_module_did_not_write_is_named(audited: Path) -> None:
    (audited / "predictions.parquet").write_bytes(b"nothing of the sort")
    with pytest.raises(WorkspaceError, match=r"predictions\.parquet is not what"):
        curate.judge(audited)


@pytest.mark.parametrize("vectors", [[[1.0, 2.0], None], [[1.0, 2.0], [3.0]]], ids=["one missing", "two lengths"])
def test_vectors_that_do_not_line_up_with_their_images_are_refused(tmp_path: Path, vectors: list[object]) -> None:
    columns = {"path": ["a", "b"], "sha256": ["0", "1"], "model": ["x", "x"]}
    table = pa.table({**columns, "embedding": pa.array(vectors, pa.list_(pa.float32()))})
    pq.write_table(table, tmp_path / "embeddings.parquet")
    with pytest.raises(WorkspaceError, match=r"embeddings\.parquet is not what"):
        embeddings.read(tmp_path)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
    embeddings.write(embeddings.Embeddings(["a", "b"], ["0", "1"], ["x", "y"], matrix, "a file"), tmp_path)
    found = embeddings.read(tmp_path)
    assert found is not None
    assert (found.paths, found.hashes, found.models, found.made_from) == (["a", "b"], ["0", "1"], ["x", "y"], "a file")
    assert np.array_equal(found.matrix, matrix)
    assert embeddings.origin(tmp_path) == embeddings.Origin(frozenset({"x", "y"}), "a file")
    embeddings.write(embeddings.Embeddings([], [], [], np.empty((0, 3), np.float32)), tmp_path)
    assert embeddings.origin(tmp_path) == embeddings.Origin(frozenset(), None)
    assert embeddings.read(tmp_path).paths == []  # type: ignore[union-attr]


def test_of_few_vectors_all_others_are_the_nearest() -> None:
    cosines, rows = embeddings.nearest(np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32), 20)
    assert rows.tolist() == [[2, 1], [2, 0], [1, 0]]
    assert np.allclose(cosines, [[0.6, 0], [0.8, 0], [0.8, 0.6]])


def test_the_nearest_of_a_vector_are_others_even_among_twins() -> None:
    vectors = np.repeat(np.eye(4, dtype=np.float32), 3, axis=0)
    cosines, rows = embeddings.nearest(vectors, 2)
    assert cosines == pytest.approx(np.ones((12, 2)))
    assert all(row not in others and {other // 3 for other in others} == {row // 3} for row, others in enumerate(rows))


def test_thorough_looks_at_what_a_network_finds_alike(tmp_path: Path) -> None:
    """A crop to a third shares too few features to be proposed by them among many; the network proposes it."""
    photo = sample_images.photo(3, 480, 360)
    sample_images.save(photo, tmp_path / "set" / "a" / "whole.png")
    sample_images.save(np.ascontiguousarray(photo[40:280, 60:380]), tmp_path / "set" / "a" / "crop.png")
    for index in range(10):
        sample_images.save(sample_images.photo(50 + index, 480, 360), tmp_path / "set" / "a" / f"{index}.png")
    config = Config(scan={"duplicates": {"thorough": True}})
    curate.audit(tmp_path / "set", tmp_path / "ws", configuration=config)
    images = pd.read_parquet(tmp_path / "ws" / "images.parquet")
    vectors = np.random.default_rng(0).normal(size=(len(images), 8))
    vectors[list(images["path"]).index("a/crop.png")] = vectors[list(images["path"]).index("a/whole.png")]
    write_embeddings(tmp_path / "ws", vectors)
    assert len(found(tmp_path / "ws", "cropped")) == 2
