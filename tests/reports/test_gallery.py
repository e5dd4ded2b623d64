"""Previews: of the bytes that were audited, or none."""

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from curate.reviewing.previews import preview
from curate.sources import source_at
from curate.storage.workspace import Workspace
from tests import sample_images


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "ws")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def size(jpeg: bytes | None) -> tuple[int, int]:
    assert jpeg is not None
    with Image.open(io.BytesIO(jpeg)) as image:
        assert image.format == "JPEG"
        return image.size


def test_the_longer_side_fits_and_nothing_is_enlarged(workspace: Workspace, tmp_path: Path) -> None:
    file = sample_images.save(sample_images.photo(1, 400, 200), tmp_path / "a.png")
    assert size(preview(workspace, source_at(tmp_path), "a.png", sha256(file), 100)) == (100, 50)
    assert size(preview(workspace, source_at(tmp_path), "a.png", sha256(file), 900)) == (400, 200)


def test_it_is_kept_under_the_hash_and_outlives_the_source(workspace: Workspace, tmp_path: Path) -> None:
    file = sample_images.save(sample_images.photo(2), tmp_path / "a.jpg")
    digest = sha256(file)
    first = preview(workspace, source_at(tmp_path), "a.jpg", digest, 64)
    assert (workspace.thumbs / digest[:2] / f"{digest}-64.jpg").read_bytes() == first
    file.unlink()
    assert preview(workspace, source_at(tmp_path), "a.jpg", digest, 64) == first
    assert preview(workspace, source_at(tmp_path), "a.jpg", digest, 65) is None


def test_other_content_than_was_audited_is_not_shown(workspace: Workspace, tmp_path: Path) -> None:
    file = sample_images.save(sample_images.photo(3), tmp_path / "a.jpg")
    digest = sha256(file)
    sample_images.save(sample_images.photo(4), file)
    assert preview(workspace, source_at(tmp_path), "a.jpg", digest) is None
    assert not list(tmp_path.rglob(f"{digest}*"))


def test_a_damaged_image_shows_what_is_left(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "cut.jpg"
    file.write_bytes(sample_images.encode(sample_images.photo(5))[:-900])
    assert size(preview(workspace, source_at(tmp_path), "cut.jpg", sha256(file), 80)) == (80, 60)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 not an image"], ids=["empty", "no image"])
def test_nothing_to_show_is_none(workspace: Workspace, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.jpg"
    file.write_bytes(content)
    assert preview(workspace, source_at(tmp_path), "x.jpg", sha256(file)) is None


def test_a_path_out_of_the_source_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    secret = sample_images.save(sample_images.photo(6), tmp_path / "secret.jpg")
    source = tmp_path / "source"
    source.mkdir()
    for path in ("../secret.jpg", str(secret), "a/../../secret.jpg"):
        assert preview(workspace, source_at(source), path, sha256(secret)) is None


@pytest.mark.parametrize("digest", [None, "", "../../../etc/passwd", "A" * 64])
def test_what_is_no_hash_names_no_file(workspace: Workspace, tmp_path: Path, digest: str | None) -> None:
    sample_images.save(sample_images.photo(7), tmp_path / "a.jpg")
    assert preview(workspace, source_at(tmp_path), "a.jpg", digest) is None
    assert not workspace.root.exists()


def test_a_workspace_that_cannot_be_written_to_costs_only_the_cache(tmp_path: Path) -> None:
    file = sample_images.save(sample_images.photo(8), tmp_path / "a.jpg")
    in_the_way = tmp_path / "ws"
    in_the_way.write_text("not a folder", encoding="utf-8")
    assert size(preview(Workspace(in_the_way), source_at(tmp_path), "a.jpg", sha256(file), 80)) == (80, 60)
