"""Training reads whatever an audit reads: the same images give the same numbers wherever they lie."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import curate
from curate.errors import SourceError, UndecidedError
from curate.storage import safe_csv
from tests import sample_images
from tests.dataset.handmade import Row, manifest
from tests.sources.hub_files import hub_parquet
from tests.sources.test_remote import bucket, endpoint, upload  # noqa: F401
from tests.sources.test_sources import tar

pytest.importorskip("torch")

from curate.train import data, embeddings, fitting, listing, loop, mislabel, parts, predicting, recipes
from curate.train.data import Preprocessing, Sample

TINY = replace(loop.REFERENCE, epochs=1, batch_size=4, preprocessing=Preprocessing(input_px=64))
PATHS = [f"{label}/{index}.png" for label in ("cats", "dogs") for index in range(5)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five dark cats and five bright dogs of 64 px, a folder per class."""
    root = tmp_path_factory.mktemp("set")
    for seed, path in enumerate(PATHS):
        shade = sample_images.photo(seed, 64, 64) // 3 + 150 * path.startswith("dogs")
        sample_images.save(shade.astype(np.uint8), root / path)
    return root


def in_tar(folder: Path, root: Path) -> Path:
    return tar(root / "shards" / "set.tar", {path: (folder / path).read_bytes() for path in PATHS})


def in_list(folder: Path, root: Path) -> Path:
    lines = [f"{folder / path},{path.partition('/')[0]}\n" for path in PATHS]
    (root / "list.csv").write_text("path,label\n" + "".join(lines))
    return root / "list.csv"


def in_metadata(folder: Path, root: Path) -> Path:
    """Images in one folder, with the table that Hugging Face reads."""
    for path in PATHS:
        target = root / "flat" / path.replace("/", "-")
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((folder / path).read_bytes())
    lines = [f"{path.replace('/', '-')},{path.partition('/')[0]}\n" for path in PATHS]
    (root / "flat" / "metadata.csv").write_text("file_name,label\n" + "".join(lines))
    return root / "flat"


def in_zip(folder: Path, root: Path) -> Path:
    with zipfile.ZipFile(root / "set.zip", "w") as packed:
        for path in PATHS:
            packed.write(folder / path, path)
    return root / "set.zip"


def in_parquet(folder: Path, root: Path) -> Path:
    """Rows of a Parquet file, as on the Hugging Face Hub."""
    rows = [{"bytes": (folder / path).read_bytes(), "path": path} for path in PATHS]
    return hub_parquet(root / "set.parquet", rows, [path.partition("/")[0] for path in PATHS])


FORMS = [
    pytest.param(in_tar, "shards/set.tar/cats/0.png", id="a tar shard"),
    pytest.param(in_list, None, id="a list"),
    pytest.param(in_metadata, "flat/cats-0.png", id="an image folder with metadata"),
    pytest.param(in_zip, "set.zip/cats/0.png", id="an archive"),
    pytest.param(in_parquet, "set.parquet/000000/cats/0.png", id="a Parquet file"),
]
Form = Callable[[Path, Path], Path]


@pytest.fixture(scope="module")
def fitted(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the folder."""
    output = tmp_path_factory.mktemp("run")
    fitting.fit(recipes.Run(source=folder, output=output, config=TINY))
    return output


def predict(run: Path, source: Path | str, scratch: Path) -> pd.DataFrame:
    """What a run says of a source, as the file that it writes."""
    predicting.predict(run / fitting.CHECKPOINT, source, scratch / "predicted.csv")
    return safe_csv.read(scratch / "predicted.csv")


@pytest.mark.parametrize(("form", "first"), FORMS)
def test_a_run_and_its_predictions_are_those_of_the_folder(
    folder: Path, fitted: Path, tmp_path: Path, form: Form, first: str | None
) -> None:
    source = form(folder, tmp_path)
    fitting.fit(recipes.Run(source=source, output=tmp_path / "run", config=TINY))
    assert (tmp_path / "run" / fitting.EPOCHS).read_bytes() == (fitted / fitting.EPOCHS).read_bytes()
    table = predict(fitted, source, tmp_path)
    expected = predict(fitted, folder, tmp_path)
    assert table["path"].iloc[0] == str(tmp_path / first if first else folder / "cats/0.png")
    pd.testing.assert_frame_equal(table.drop(columns="path"), expected.drop(columns="path"))
    assert list(expected.columns) == ["path", "label", "predicted", "error", "p:cats", "p:dogs"]
    assert np.allclose(expected[["p:cats", "p:dogs"]].astype(float).sum(axis=1), 1, atol=1e-5)
    assert expected["error"].isna().all()


@pytest.mark.parametrize("form", [in_tar, in_list])
def test_audits_of_any_source_can_be_embedded_and_searched_for_wrong_labels(
    folder: Path, tmp_path: Path, form: Form
) -> None:
    curate.audit(folder, tmp_path / "ws")
    curate.audit(form(folder, tmp_path), tmp_path / "ws2")
    config = replace(TINY, name="mislabel")
    tables = []
    for name in ("ws", "ws2"):
        tables.append(pd.read_parquet(embeddings.embed(tmp_path / name)))
        tables.append(pd.read_parquet(mislabel.mislabel(tmp_path / name, config, folds=2)))
    embedded, predicted, embedded_there, predicted_there = tables
    assert np.array_equal(np.stack(embedded["embedding"]), np.stack(embedded_there["embedding"]))
    assert np.array_equal(np.stack(predicted["probabilities"]), np.stack(predicted_there["probabilities"]))
    assert list(predicted_there["path"]) == list(embedded_there["path"])
    assert list(predicted["sha256"]) == list(predicted_there["sha256"]) == list(embedded_there["sha256"])


def test_images_in_a_bucket_are_trained_on(folder: Path, fitted: Path, tmp_path: Path, bucket: str) -> None:  # noqa: F811
    upload(folder, f"{bucket}/set")
    fitting.fit(recipes.Run(source=f"{bucket}/set", output=tmp_path / "run", config=TINY))
    assert (tmp_path / "run" / fitting.EPOCHS).read_bytes() == (fitted / fitting.EPOCHS).read_bytes()
    table = predict(fitted, f"{bucket}/set", tmp_path)
    assert list(table["path"]) == [f"{bucket}/set/{path}" for path in PATHS]


def test_a_manifest_of_images_in_a_tar_is_trained_on(folder: Path, fitted: Path, tmp_path: Path) -> None:
    curate.audit(in_tar(folder, tmp_path), tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / "m.parquet", pending="keep")
    table = predict(fitted, tmp_path / "m.parquet", tmp_path)
    assert list(table["path"]) == [str(tmp_path / "shards" / "set.tar" / path) for path in PATHS]


def test_no_more_than_a_chunk_of_images_is_in_memory_at_a_time(
    folder: Path, fitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def network(pretrained: Any, images: Any, real: Any = loop.predict) -> Any:
        sizes.append(len(images))
        return real(pretrained, images)

    (tmp_path / "many").mkdir()
    for index in range(data.CHUNK + 2):
        (tmp_path / "many" / f"{index:03}.png").write_bytes((folder / PATHS[index % 10]).read_bytes())
    monkeypatch.setattr(loop, "predict", network)
    reports: list[tuple[str, int, int]] = []
    checkpoint = fitted / fitting.CHECKPOINT
    count = predicting.predict(
        checkpoint, tmp_path / "many", tmp_path / "p.csv", lambda *report: reports.append(report)
    )
    assert sizes == [data.CHUNK, 2]
    assert (count.images, count.unreadable) == (data.CHUNK + 2, 0)
    assert len(safe_csv.read(tmp_path / "p.csv")) == data.CHUNK + 2
    assert [done for _, done, _ in reports] == [0, data.CHUNK, data.CHUNK + 2]
    many = [Sample(str(folder), path, "cats", "") for path in PATHS]
    chunks = [samples for samples, _ in data.in_chunks(many[:7], Preprocessing(input_px=32), 3)]
    assert chunks == [many[:3], many[3:6], many[6:7]]


# Which images there are


def test_a_manifest_is_told_from_a_list_by_its_columns(folder: Path, tmp_path: Path) -> None:
    rows = [
        Row("cats/0.png", "cats", "dogs", action="relabel"),
        Row("cats/1.png", "cats", action="drop"),
        Row("dogs/0.png", "dogs", data=b"same"),
        Row("cats/2.png", "cats", data=b"same"),
    ]
    samples = listing.from_source(manifest(tmp_path, *rows), tmp_path)
    assert [(sample.path, sample.label) for sample in samples] == [
        ("cats/0.png", "dogs"), ("cats/2.png", "cats"), ("dogs/0.png", "dogs")
    ]  # fmt: skip
    assert {sample.source for sample in samples} == {str(tmp_path / "source")}
    assert samples[0].address == str(tmp_path / "source" / "cats" / "0.png")
    assert samples[1].group == samples[2].group != samples[0].group  # equal bytes stay together
    listed = listing.from_source(in_list(folder, tmp_path), tmp_path)
    assert [sample.path for sample in listed] == PATHS


def test_images_that_nobody_gave_a_class_are_left_out_of_a_source_but_not_of_a_manifest(tmp_path: Path) -> None:
    sample_images.save(sample_images.photo(1), tmp_path / "set" / "loose.png")
    with pytest.raises(SourceError, match="training needs a class for every image; give a folder per class"):
        listing.from_source(tmp_path / "set", tmp_path)
    sample_images.save(sample_images.photo(2), tmp_path / "set" / "cats" / "1.png")
    assert [sample.path for sample in listing.from_source(str(tmp_path / "set"), tmp_path)] == ["cats/1.png"]
    with pytest.raises(SourceError, match="training needs a class for every image, and some"):
        listing.from_source(manifest(tmp_path, Row("1.png", None)), tmp_path)
    with pytest.raises(UndecidedError):
        listing.from_source(manifest(tmp_path, Row("a/1.png", "a", action="pending")), tmp_path)
    with pytest.raises(SourceError, match="nowhere does not exist; give"):
        listing.from_source(tmp_path / "nowhere", tmp_path)


def test_images_of_an_audit_keep_their_duplicate_groups() -> None:
    images = pd.DataFrame({"path": ["b", "a", "c"], "label": ["x", "y", None], "sha256": ["1", "2", "3"]})
    findings = pd.DataFrame({"path": ["b", "a", "a"], "group_id": ["g", None, "g"]})
    assert listing.from_audit(images, findings, "/root") == [
        Sample("/root", "a", "y", "g", sha256="2"),
        Sample("/root", "b", "x", "g", sha256="1"),
    ]
    assert listing.from_audit(images, findings[:0], "/root")[0].group == "a"


# Splits and folds


def samples(count: int, label: str = "a", together: int = 1) -> list[Sample]:
    return [Sample("/set", f"{label}/{index:04}", label, f"{label}{index // together}") for index in range(count)]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.2, 20), (0.5, 50), (0.9, 90), (0.3, 30), (0.15, 14), (0.05, 5), (0.01, 1)]
)
def test_the_share_of_a_split_is_met_in_every_class(share: float, expected: int) -> None:
    everything = samples(100, "a") + samples(100, "b")
    train, test = parts.split(everything, share, seed=3)
    for label in "ab":
        assert abs(sum(sample.label == label for sample in test) - expected) <= 1
    assert sorted([*train, *test], key=lambda sample: sample.address) == everything
    assert train == sorted(train, key=lambda sample: sample.address)
    assert test == sorted(test, key=lambda sample: sample.address)


def test_a_split_depends_on_its_seed_alone() -> None:
    everything = samples(50, "a") + samples(50, "b")
    assert parts.split(everything, 0.2, 1) == parts.split(everything, 0.2, 1) != parts.split(everything, 0.2, 2)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_every_class_is_on_both_sides_however_small_it_is(share: float) -> None:
    everything = samples(60, "a") + samples(2, "b") + samples(6, "c", together=3)
    for seed in range(10):
        train, test = parts.split(everything, share, seed)
        assert {sample.label for sample in train} == {sample.label for sample in test} == set("abc")
        assert {sample.group for sample in train}.isdisjoint(sample.group for sample in test)


def test_there_are_no_more_folds_than_images_of_the_largest_class() -> None:
    assert set(parts.folds(samples(3, "a") + samples(2, "b"), 5, seed=0).tolist()) == {0, 1, 2}
    assert set(parts.folds(samples(8, "a") + samples(8, "b"), 4, seed=0).tolist()) == {0, 1, 2, 3}
    with pytest.raises(SourceError, match="but one image of each class"):
        parts.folds(samples(1, "a") + samples(1, "b"), 5, seed=0)


@pytest.mark.parametrize(
    ("count", "batches"),
    [
        (8, [[0, 1, 2, 3], [4, 5, 6, 7]]),
        (6, [[0, 1, 2, 3], [4, 5]]),
        (9, [[0, 1, 2, 3], [4, 5, 6, 7, 8]]),
        (5, [[0, 1, 2, 3, 4]]),
        (1, [[0]]),
        (0, []),
    ],
)
def test_every_image_is_in_one_batch_and_none_is_alone(count: int, batches: list[list[int]]) -> None:
    assert list(data.batches(range(count), 4)) == batches


def test_an_image_within_a_remote_tar_is_predicted_by_its_address(folder: Path, fitted: Path, tmp_path: Path) -> None:
    import fsspec

    fsspec.filesystem("memory").pipe("/set/x.tar", in_tar(folder, tmp_path).read_bytes())
    whole = predict(fitted, "memory://set/x.tar", tmp_path)
    one = predict(fitted, "memory://set/x.tar/cats/1.png", tmp_path)
    same = whole[whole["path"].str.endswith("cats/1.png")]
    assert len(one) == len(same) == 1
    assert float(one["p:cats"].item()) == pytest.approx(
        float(same["p:cats"].item()), abs=1e-5
    )  # of batches of 1 and 10
    lost = predict(fitted, "memory://set/x.tar/cats/none.png", tmp_path)
    assert lost["error"].notna().all()
