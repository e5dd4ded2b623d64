"""A bucket is audited, previewed and exported like a folder. The store is a real S3 server on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import curate
from curate.config import Config
from curate.errors import CurateError, SourceError
from curate.options import Layout
from curate.reviewing.previews import preview
from curate.sources import objects, source_at
from curate.sources.address import join
from curate.storage.workspace import Workspace
from tests import sample_images
from tests.sources.test_sources import tar

pytest.importorskip("s3fs")
server = pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A bucket of the test's own, reached the way anybody's S3 is: through the environment."""
    import s3fs

    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    name = f"bucket-{abs(hash(request.node.name)) % 10**9}"
    s3fs.S3FileSystem().mkdir(name)
    return f"s3://{name}"


def upload(folder: Path, address: str) -> None:
    fs = objects.filesystem(address)
    for path in folder.rglob("*"):
        if path.is_file():
            fs.pipe_file(join(address, path.relative_to(folder).as_posix()), path.read_bytes())
    fs.invalidate_cache()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = sample_images.dataset(tmp_path / "set", each=4)
    (folder / "cats" / "cut.jpg").write_bytes(sample_images.encode(sample_images.photo(50))[:-900])
    (folder / "dogs" / "again.jpg").write_bytes((folder / "dogs" / "000.jpg").read_bytes())
    (folder / "dogs" / "empty.png").write_bytes(b"")
    (folder / "notes.txt").write_text("hello")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.jpg").write_bytes(b"x")
    return folder


def test_a_bucket_and_a_folder_are_audited_alike(folder: Path, bucket: str, tmp_path: Path) -> None:
    upload(folder, f"{bucket}/data")
    here = curate.audit(folder, tmp_path / "ws1")
    there = curate.audit(f"{bucket}/data", tmp_path / "ws2")
    pd.testing.assert_frame_equal(there.images, here.images)
    pd.testing.assert_frame_equal(there.findings, here.findings)
    pd.testing.assert_frame_equal(there.skipped, here.skipped)
    for name in ("images.parquet", "findings.parquet"):
        assert (tmp_path / "ws1" / name).read_bytes() == (tmp_path / "ws2" / name).read_bytes()
    assert curate.audit(f"{bucket}/data", tmp_path / "ws2").measured == 0
    objects.filesystem(bucket).pipe_file(f"{bucket}/data/cats/000.jpg", sample_images.encode(sample_images.photo(99)))
    objects.filesystem(bucket).invalidate_cache()
    assert curate.audit(f"{bucket}/data", tmp_path / "ws2").measured == 1


def test_an_image_in_a_bucket_can_be_previewed(folder: Path, bucket: str, tmp_path: Path) -> None:
    upload(folder, bucket)
    audit = curate.audit(bucket, tmp_path / "ws")
    workspace = Workspace(tmp_path / "ws")
    row = audit.images.iloc[0]
    assert (
        preview(workspace, source_at(workspace.read_audit()["root"]), str(row["path"]), str(row["sha256"])) is not None
    )


def test_lists_and_shards_may_be_remote_too(folder: Path, bucket: str, tmp_path: Path) -> None:
    upload(folder, f"{bucket}/data")
    (tmp_path / "list.csv").write_text(f"url,label\n{bucket}/data/cats/000.jpg,c\n{bucket}/data/dogs/gone.jpg,d\n")
    with pytest.raises(CurateError, match="--online"):
        curate.audit(tmp_path / "list.csv", tmp_path / "ws1")
    audit = curate.audit(tmp_path / "list.csv", tmp_path / "ws1", configuration=Config(online=True))
    assert audit.images[["path", "label", "status"]].values.tolist() == [
        ["cats/000.jpg", "c", "ok"],
        ["dogs/gone.jpg", "d", "error"],
    ]
    data = (folder / "cats" / "000.jpg").read_bytes()
    tar(tmp_path / "shards" / "train-0.tar", {"1.jpg": data, "1.cls": b"c"})
    upload(tmp_path / "shards", f"{bucket}/shards")
    for number, source in enumerate((f"{bucket}/shards", f"{bucket}/shards/train-0.tar")):
        audit = curate.audit(source, tmp_path / f"ws-shard{number}")
        assert audit.images[["path", "label", "split", "status"]].values.tolist() == [
            ["train-0.tar/1.jpg", "c", "train", "ok"]
        ]


def test_a_store_that_cannot_be_reached_stops_the_run_and_blames_no_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bucket: str
) -> None:
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(SourceError, match="cannot be reached") as caught:
        curate.audit(bucket, tmp_path / "ws")
    assert "\n" not in str(caught.value)


def test_an_unknown_protocol_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nosuch"):
        curate.audit("nosuch://bucket/data", tmp_path / "ws")


def test_a_manifest_alone_is_not_believed_where_its_images_lie(folder: Path, bucket: str, tmp_path: Path) -> None:
    """A stranger may have written it; what lies with the workspace that was audited from there is somebody's own."""
    upload(folder, f"{bucket}/data")
    curate.audit(f"{bucket}/data", tmp_path / "mine" / "ws")
    (tmp_path / "got").mkdir()
    curate.manifest(tmp_path / "mine" / "ws", tmp_path / "got" / "m.csv", pending="drop")
    with pytest.raises(CurateError, match=f"--source {bucket}/data"):
        curate.export(tmp_path / "got" / "m.csv", tmp_path / "clean")
    curate.export(tmp_path / "got" / "m.csv", tmp_path / "clean", source=f"{bucket}/data")
    assert curate.verify(tmp_path / "clean").ok


@pytest.mark.parametrize("layout", ["folder", "webdataset"])
def test_the_cleaned_dataset_goes_from_bucket_to_bucket(
    folder: Path, bucket: str, tmp_path: Path, layout: Layout
) -> None:
    upload(folder, f"{bucket}/data")
    curate.audit(f"{bucket}/data", tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="drop")
    kept = curate.export(tmp_path / "m.csv", f"{bucket}/clean", layout=layout)
    assert curate.verify(f"{bucket}/clean").ok
    with pytest.raises(CurateError, match="not empty"):
        curate.export(tmp_path / "m.csv", f"{bucket}/clean", layout=layout)
    again = curate.audit(f"{bucket}/clean", tmp_path / "ws2").images
    assert sorted(again["sha256"]) == sorted(kept["sha256"])
