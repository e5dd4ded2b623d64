"""Listing a source: layouts, what is skipped and why, and archives that mean harm."""

import os
import zipfile
from pathlib import Path

import pytest

from curate.errors import SourceError, WorkspaceError
from curate.sources import Listing, archive, open_source
from curate.storage.workspace import Workspace, create
from tests import sample_images


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "src").mkdir()
    return create(tmp_path / "ws", str(tmp_path / "src"))


def where(listing: Listing) -> dict[str, tuple[str | None, str | None]]:
    return {record.path: (record.split, record.label) for record in listing.records}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(["a/1.jpg", "b/2.jpg"], {"a/1.jpg": (None, "a"), "b/2.jpg": (None, "b")}, id="folder per class"),
        pytest.param(
            ["train/a/1.jpg", "Test/b/2.jpg"],
            {"train/a/1.jpg": ("train", "a"), "Test/b/2.jpg": ("test", "b")},
            id="splits, whatever their case",
        ),
        pytest.param(["1.jpg", "2.jpg"], {"1.jpg": (None, None), "2.jpg": (None, None)}, id="flat"),
        pytest.param(
            ["Data/a/1.jpg", "Data/b/2.jpg"],
            {"Data/a/1.jpg": (None, "a"), "Data/b/2.jpg": (None, "b")},
            id="a folder that only wraps the dataset is no class",
        ),
        pytest.param(["a/x/1.jpg", "b/2.jpg"], {"a/x/1.jpg": (None, "a"), "b/2.jpg": (None, "b")}, id="deeper folders"),
        pytest.param(["a/1.jpg"], {"a/1.jpg": (None, "a")}, id="a single class is a class"),
        pytest.param(
            ["train/1.jpg", "a/2.jpg"],
            {"train/1.jpg": (None, "train"), "a/2.jpg": (None, "a")},
            id="a class called train",
        ),
    ],
)
def test_layouts_give_split_and_label(
    tmp_path: Path, workspace: Workspace, files: list[str], expected: dict[str, tuple[str | None, str | None]]
) -> None:
    for name in files:
        sample_images.save(sample_images.photo(1, 20, 20), tmp_path / "src" / name)
    assert where(open_source(tmp_path / "src", workspace.unpacked).list()) == expected


def test_what_is_no_data_is_skipped_with_a_reason_and_misnamed_images_are_not(
    tmp_path: Path, workspace: Workspace
) -> None:
    source = tmp_path / "src"
    jpeg = sample_images.encode(sample_images.photo(1, 20, 20))
    for name, data in {
        "a/1.jpg": jpeg,
        "a/no_extension": jpeg,
        "a/image.txt": jpeg,
        "a/notes.txt": b"hello",
        "a/.hidden.jpg": jpeg,
        ".git/x.jpg": jpeg,
        "README": b"read me",
    }.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
    os.mkfifo(source / "a" / "pipe.jpg")
    listing = open_source(source, workspace.unpacked).list()
    assert list(where(listing)) == ["a/1.jpg", "a/image.txt", "a/no_extension"]
    assert {item.path: item.reason for item in listing.skipped} == {
        ".git/": "hidden folder",
        "README": "not an image",
        "a/.hidden.jpg": "hidden file",
        "a/notes.txt": "extension '.txt' is not an image format",
        "a/pipe.jpg": "not a regular file",
    }


@pytest.mark.parametrize("kind", ["missing", "empty", "no images", "a text file"])
def test_a_source_without_images_is_one_clear_line(tmp_path: Path, workspace: Workspace, kind: str) -> None:
    source = tmp_path / "src"
    if kind == "missing":
        source = tmp_path / "nowhere"
    elif kind == "no images":
        (source / "notes.txt").write_text("hello")
    elif kind == "a text file":
        source = tmp_path / "file.txt"
        source.write_text("hello")
    with pytest.raises(SourceError) as caught:
        open_source(source, workspace.unpacked).list()
    assert "\n" not in str(caught.value)
    assert str(source) in str(caught.value)


def zipped(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in entries.items():
            packed.writestr(name, data)
    return path


def test_a_zip_is_unpacked_once_and_listed(tmp_path: Path, workspace: Workspace) -> None:
    jpeg = sample_images.encode(sample_images.photo(1, 20, 20))
    path = zipped(tmp_path / "set.zip", {"a/1.jpg": jpeg, "b/2.jpg": jpeg})
    first = open_source(path, workspace.unpacked).list()
    assert list(where(first)) == ["a/1.jpg", "b/2.jpg"]
    assert open_source(path, workspace.unpacked).list() == first


@pytest.mark.parametrize("name", ["../evil.jpg", "/evil.jpg", "a/../../evil.jpg", "..\\evil.jpg", "C:/evil.jpg"])
def test_a_zip_cannot_write_outside_its_target(tmp_path: Path, workspace: Workspace, name: str) -> None:
    path = zipped(tmp_path / "set.zip", {name: b"x"})
    with pytest.raises(SourceError, match="outside the target"):
        open_source(path, workspace.unpacked).list()
    assert not (tmp_path / "evil.jpg").exists()
    assert not list(workspace.unpacked.iterdir())


def test_a_zip_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "RATIO_FREE_BYTES", 1 << 20)
    path = zipped(tmp_path / "bomb.zip", {"a/1.jpg": bytes(4 << 20)})
    with pytest.raises(SourceError, match="times its size"):
        open_source(path, workspace.unpacked).list()


def test_a_zip_with_a_link_is_refused(tmp_path: Path, workspace: Workspace) -> None:
    entry = zipfile.ZipInfo("a/link.jpg")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as packed:
        packed.writestr(entry, "/etc/passwd")
    with pytest.raises(SourceError, match="link"):
        open_source(tmp_path / "set.zip", workspace.unpacked).list()


def test_a_damaged_zip_is_one_clear_line(tmp_path: Path, workspace: Workspace) -> None:
    path = zipped(tmp_path / "set.zip", {"a/1.jpg": os.urandom(5000)})
    data = bytearray(path.read_bytes())
    data[200:260] = bytes(60)
    path.write_bytes(data)
    with pytest.raises(SourceError, match="damaged"):
        open_source(path, workspace.unpacked).list()


def test_the_workspace_may_not_lie_inside_the_source(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    with pytest.raises(WorkspaceError, match="inside the source"):
        create(tmp_path / "src" / "ws", tmp_path / "src")
