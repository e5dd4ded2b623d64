"""Embeddings that an audit measures, or takes from a file: bound to the bytes, kept, refused where they do not fit."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import curate
from curate import config
from curate.config import Config, DecodeLimits
from curate.errors import ConfigError, CurateError
from curate.images.decode import decode
from curate.scanners import embeddings, lite0
from tests import sample_images
from tests.scanners.test_drawing import cartoon

PATHS = [f"{label}/{index:03}.jpg" for label in ("cats", "dogs") for index in range(3)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Six images in two classes, and a file that is none."""
    folder = sample_images.dataset(tmp_path / "set", each=3)
    (folder / "dogs" / "broken.jpg").write_bytes(b"no image")
    return folder


def vectors(workspace: Path) -> dict[str, np.ndarray]:
    found = embeddings.read(workspace)
    assert found is not None
    return dict(zip(found.paths, found.matrix, strict=True))


def by_number(count: int = len(PATHS), width: int = 4) -> np.ndarray:
    return np.arange(count * width, dtype=np.float32).reshape(count, width)


def in_lists(path: Path, paths: list[str], matrix: np.ndarray, **more: Any) -> Path:
    pq.write_table(pa.table({"path": paths, "vector": pa.array(list(matrix), pa.list_(pa.float32())), **more}), path)
    return path


# Measured


def test_an_audit_measures_them_once_and_for_every_readable_image(source: Path, tmp_path: Path) -> None:
    first = curate.audit(source, tmp_path / "ws", embeddings=True)
    assert first.measured == 7
    assert "lite0" in first.seconds
    found = vectors(tmp_path / "ws")
    assert list(found) == PATHS
    image = decode((source / PATHS[4]).read_bytes(), DecodeLimits()).image
    assert image is not None
    assert np.allclose(found[PATHS[4]], lite0.embed(lite0.squared(image.rgb)), rtol=1e-3, atol=1e-4)
    written = (tmp_path / "ws" / "embeddings.parquet").stat().st_mtime_ns
    assert curate.audit(source, tmp_path / "ws").measured == 0, "the setting stands"
    assert (tmp_path / "ws" / "embeddings.parquet").stat().st_mtime_ns == written


def test_only_they_are_measured_where_the_rest_is_known_and_only_what_changed(source: Path, tmp_path: Path) -> None:
    plain = curate.audit(source, tmp_path / "ws")
    asked = curate.audit(source, tmp_path / "ws", embeddings=True)
    assert (asked.measured, set(asked.seconds)) == (7, {"read", "decode", "lite0"})
    pd.testing.assert_frame_equal(asked.images, plain.images)
    before = vectors(tmp_path / "ws")
    sample_images.save(sample_images.photo(77), source / PATHS[0])
    assert curate.audit(source, tmp_path / "ws").measured == 1
    after = vectors(tmp_path / "ws")
    assert not np.array_equal(after[PATHS[0]], before[PATHS[0]])
    assert all(np.array_equal(after[path], before[path]) for path in PATHS[1:])


@pytest.mark.parametrize("engine", ["serial", "local:2"])
def test_they_do_not_depend_on_who_measures(source: Path, tmp_path: Path, engine: str) -> None:
    curate.audit(source, tmp_path / "one", embeddings=True, engine="local:1")
    curate.audit(source, tmp_path / "other", embeddings=True, engine=engine)
    one, other = ((tmp_path / name / "embeddings.parquet").read_bytes() for name in ("one", "other"))
    assert one == other


def test_without_them_those_that_an_audit_wrote_are_gone_and_those_of_training_stay(
    source: Path, tmp_path: Path
) -> None:
    curate.audit(source, tmp_path / "ws", embeddings=True)
    curate.audit(source, tmp_path / "ws", embeddings=False)
    assert not (tmp_path / "ws" / "embeddings.parquet").exists()
    curate.audit(source, tmp_path / "ws", embeddings=in_lists(tmp_path / "own.parquet", PATHS, by_number()))
    curate.audit(source, tmp_path / "ws", embeddings=False)
    assert not (tmp_path / "ws" / "embeddings.parquet").exists()
    trained(tmp_path / "ws", "imagenet")
    curate.audit(source, tmp_path / "ws", embeddings=False)
    assert set(vectors(tmp_path / "ws")) == set(PATHS)


def trained(workspace: Path, model: str) -> None:
    """What `curate train embed` leaves."""
    images = pd.read_parquet(workspace / "images.parquet").set_index("path").loc[PATHS]
    found = embeddings.Embeddings(PATHS, list(images["sha256"]), [model] * len(PATHS), by_number())
    embeddings.write(found, workspace)


@pytest.mark.parametrize(("setting", "weights"), [(True, "imagenet"), ("own.npy", "imagenet"), ("own.npy", "lite0")])
def test_what_training_wrote_of_another_network_than_asked_is_kept_and_said(
    source: Path, tmp_path: Path, setting: bool | str, weights: str
) -> None:
    curate.audit(source, tmp_path / "ws")
    trained(tmp_path / "ws", weights)
    np.save(tmp_path / "own.npy", np.ones((7, 4)))
    asked = setting if setting is True else tmp_path / "own.npy"
    for _ in range(2):
        curate.audit(source, tmp_path / "ws", embeddings=asked)
        assert np.array_equal(vectors(tmp_path / "ws")[PATHS[1]], by_number()[1])
        (note,) = map(str, curate.status(tmp_path / "ws").notes)
        assert f"with the weights {weights}" in note
    (tmp_path / "ws" / "embeddings.parquet").unlink()
    curate.audit(source, tmp_path / "ws", embeddings=asked)
    assert len(vectors(tmp_path / "ws")[PATHS[1]]) == (1280 if setting is True else 4)
    assert curate.status(tmp_path / "ws").notes == []


def test_what_training_wrote_with_the_same_weights_is_measured_in_its_place(source: Path, tmp_path: Path) -> None:
    curate.audit(source, tmp_path / "ws")
    trained(tmp_path / "ws", "lite0")
    curate.audit(source, tmp_path / "ws", embeddings=True)
    assert len(vectors(tmp_path / "ws")[PATHS[1]]) == 1280


# From a file


def test_a_table_is_matched_by_path_in_any_order(source: Path, tmp_path: Path) -> None:
    file = in_lists(tmp_path / "own.parquet", PATHS[::-1], by_number()[::-1])
    assert "lite0" not in curate.audit(source, tmp_path / "ws", embeddings=file).seconds
    assert all(np.array_equal(vectors(tmp_path / "ws")[path], by_number()[row]) for row, path in enumerate(PATHS))
    found = embeddings.origin(tmp_path / "ws")
    assert found is not None
    assert found.models == {"own.parquet"}


def test_a_table_may_have_a_column_for_each_number(source: Path, tmp_path: Path) -> None:
    columns = {f"x{index}": by_number()[:, index] for index in range(4)}
    pd.DataFrame({"path": PATHS, **columns}).to_parquet(tmp_path / "own.parquet")
    curate.audit(source, tmp_path / "ws", embeddings=tmp_path / "own.parquet")
    assert np.array_equal(vectors(tmp_path / "ws")[PATHS[5]], by_number()[5])


def test_an_array_has_a_row_an_image_in_the_order_of_paths(source: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "own.npy", np.vstack([by_number(), np.full((1, 4), np.nan)]))  # the last is dogs/broken.jpg
    curate.audit(source, tmp_path / "ws", embeddings=tmp_path / "own.npy")
    assert np.array_equal(vectors(tmp_path / "ws")[PATHS[5]], by_number()[5])


def test_another_file_of_the_same_name_is_noticed_and_an_unchanged_one_costs_nothing(
    source: Path, tmp_path: Path
) -> None:
    file = in_lists(tmp_path / "own.parquet", PATHS, by_number())
    curate.audit(source, tmp_path / "ws", embeddings=file)
    written = (tmp_path / "ws" / "findings.parquet").stat().st_mtime_ns
    curate.audit(source, tmp_path / "ws")
    assert (tmp_path / "ws" / "findings.parquet").stat().st_mtime_ns == written
    in_lists(file, PATHS, by_number() + 1)
    curate.audit(source, tmp_path / "ws")
    assert np.array_equal(vectors(tmp_path / "ws")[PATHS[2]], by_number()[2] + 1)
    file.unlink()
    curate.judge(tmp_path / "ws")
    assert np.array_equal(vectors(tmp_path / "ws")[PATHS[2]], by_number()[2] + 1)
    with pytest.raises(ConfigError, match=r"own\.parquet cannot be read \(No such file"):
        curate.audit(source, tmp_path / "ws")


def test_judging_refuses_a_file_that_no_audit_has_taken(source: Path, tmp_path: Path) -> None:
    curate.audit(source, tmp_path / "ws", embeddings=True)
    named = config.read(tmp_path / "ws" / "curate.toml").model_copy(update={"embeddings": "/elsewhere/own.npy"})
    (tmp_path / "ws" / "curate.toml").write_text(config.dump(named))
    with pytest.raises(ConfigError, match=r"embeddings of /elsewhere/own\.npy are not taken yet; run: curate audit"):
        curate.judge(tmp_path / "ws")


def refused(source: Path, tmp_path: Path, file: Path | str) -> str:
    with pytest.raises(CurateError) as caught:
        curate.audit(source, tmp_path / "ws", embeddings=file)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("paths", "why"),
    [
        pytest.param([*PATHS[:5], "cats/other.jpg"], "names images that the source does not have: cats/other.jpg"),
        pytest.param([*PATHS, PATHS[0]], f"names images twice: {PATHS[0]}"),
        pytest.param(PATHS[:2], f"own.parquet has none for {', '.join(PATHS[2:5])} and 1 more"),
        pytest.param([*PATHS[:5], None], "its column path is not all text"),
    ],
)
def test_paths_that_do_not_fit_are_refused(source: Path, tmp_path: Path, paths: list[str], why: str) -> None:
    file = in_lists(tmp_path / "own.parquet", paths, by_number(len(paths)))
    assert why in refused(source, tmp_path, file)


@pytest.mark.parametrize(
    ("array", "why"),
    [
        pytest.param(np.ones((6, 4)), "has 6 rows, and the source 7 images"),
        pytest.param(np.ones(7), "no array of two axes"),
        pytest.param(np.full((7, 4), "a"), "holds <U1, no plain numbers"),
        pytest.param(np.full((7, 4), np.inf), f"own.npy has none for {', '.join(PATHS[:3])} and 3 more"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(source: Path, tmp_path: Path, array: np.ndarray, why: str) -> None:
    np.save(tmp_path / "own.npy", array)
    assert why in refused(source, tmp_path, tmp_path / "own.npy")


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        pytest.param({"file": PATHS}, "has no column path"),
        pytest.param({"path": PATHS}, "no column of vectors, and no other column is no number"),
        pytest.param({"path": PATHS, "x": by_number()[:, 0], "site": ["a"] * 6}, "and site is no number"),
        pytest.param({"path": PATHS, "x": [[1.0]] * 6, "y": [[1.0]] * 6}, "several columns of vectors (x, y)"),
        pytest.param({"path": PATHS, "x": [[1.0]] * 5 + [[1.0, 2.0]]}, "its vectors differ in length"),
        pytest.param({"path": PATHS, "x": [["a"]] * 6}, "holds object, no plain numbers"),
    ],
)
def test_tables_that_are_none_of_vectors_are_refused(
    source: Path, tmp_path: Path, columns: dict[str, Any], why: str
) -> None:
    pq.write_table(pa.table(columns), tmp_path / "own.parquet")
    assert why in refused(source, tmp_path, tmp_path / "own.parquet")
    assert not (tmp_path / "ws" / "features").exists(), "refused before anything is measured"


def test_files_of_other_forms_are_refused(source: Path, tmp_path: Path) -> None:
    assert "is neither .parquet nor .npy" in refused(source, tmp_path, "own.csv")
    (tmp_path / "own.npy").write_bytes(b"nothing of the sort")
    assert "own.npy" in refused(source, tmp_path, tmp_path / "own.npy")


# What they are for


def test_they_feed_the_checks_that_go_by_them(tmp_path: Path) -> None:
    for index in range(60):
        sample_images.save(sample_images.photo(index, 64, 64), tmp_path / "set" / f"{index:02}.png")
    rng = np.random.default_rng(0)
    matrix = np.outer(np.ones(60), np.eye(16)[0]) + 0.5 * rng.uniform(-1, 1, (60, 16)) * (np.arange(16) < 3)
    matrix[7] = 5 * np.eye(16)[9]
    np.save(tmp_path / "own.npy", matrix)
    findings = curate.audit(tmp_path / "set", tmp_path / "ws", embeddings=tmp_path / "own.npy").findings
    assert list(findings.loc[findings["kind"] == "off_topic", "path"]) == ["07.png"]


def test_a_drawing_is_judged_by_what_the_measured_network_sees(tmp_path: Path) -> None:
    for index in range(3):
        sample_images.save(cartoon(index), tmp_path / "set" / f"{index}.png")
    asked = Config(profile="faces")
    findings = curate.audit(tmp_path / "set", tmp_path / "ws", configuration=asked, embeddings=True).findings
    drawn = findings[findings["kind"] == "drawing"]
    assert sorted(drawn["path"]) == ["0.png", "1.png", "2.png"]
    assert {json.loads(evidence)["by"] for evidence in drawn["evidence"]} == {"what a network sees"}


def test_a_vector_of_another_network_says_nothing_of_drawings_however_long(tmp_path: Path) -> None:
    for index in range(3):
        sample_images.save(cartoon(index), tmp_path / "set" / f"{index}.png")
    np.save(tmp_path / "own.npy", np.random.default_rng(0).normal(size=(3, 1280)))
    asked = Config(profile="faces")
    findings = curate.audit(
        tmp_path / "set", tmp_path / "ws", configuration=asked, embeddings=tmp_path / "own.npy"
    ).findings
    drawn = findings[findings["kind"] == "drawing"]
    assert {json.loads(evidence)["by"] for evidence in drawn["evidence"]} == {"its colours and edges"}
