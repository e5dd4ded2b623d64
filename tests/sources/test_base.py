"""One Source for all: what `open_source` lists, `source_at` reads, whatever form it has."""

import os
import pickle
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from curate.errors import SourceError
from curate.sources import Listing, Source, forms, open_source, source_at
from curate.sources.archive import Archive
from curate.sources.base import absolute
from curate.sources.folder import Folder
from curate.sources.remote import Remote
from curate.sources.table import Table
from curate.sources.webdataset import Shard
from tests import sample_images
from tests.sources.test_sources import tar

DATA = sample_images.encode(sample_images.photo(1, 20, 20))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "set" / "a").mkdir(parents=True)
    (tmp_path / "set" / "a" / "1.jpg").write_bytes(DATA)
    return tmp_path / "set"


def every_form(folder: Path) -> dict[type[Source], str]:
    """The same image as each form of source of this machine, by the form that has to claim it."""
    root = folder.parent
    with zipfile.ZipFile(root / "set.zip", "w") as packed:
        packed.write(folder / "a" / "1.jpg", "a/1.jpg")
    pd.DataFrame({"path": ["set/a/1.jpg"], "label": ["a"]}).to_csv(root / "list.csv", index=False)
    shard = tar(root / "shard.tar", {"x.jpg": DATA, "x.cls": b"a"})
    return {
        Folder: str(folder),
        Archive: str(root / "set.zip"),
        Table: str(root / "list.csv"),
        Shard: str(shard),
        Remote: "memory://bucket/set",
    }


def test_each_form_is_claimed_by_its_class_and_by_no_other_of_its_rank(folder: Path) -> None:
    assert set(forms()) >= {Folder, Archive, Table, Shard, Remote}
    assert [form.priority for form in forms()] == sorted((form.priority for form in forms()), reverse=True)
    for form, address in every_form(folder).items():
        claiming = [other for other in forms() if other.claims(address)]
        assert claiming[0] is form, address
        assert all(other.priority < form.priority for other in claiming[1:])


@pytest.mark.parametrize("form", [Folder, Archive, Table, Shard])
def test_what_is_listed_is_read_again_by_root_and_path(folder: Path, tmp_path: Path, form: type[Source]) -> None:
    address = every_form(folder)[form]
    listed = open_source(address, tmp_path / "scratch")
    assert type(listed) is form
    listing = listed.list()
    (record,) = listing.records
    assert record.label == "a"
    assert listing.root == listed.root
    again = pickle.loads(pickle.dumps(source_at(listing.root)))
    assert again.is_there()
    assert again.exists(record.path)
    assert again.read(record.path) == DATA
    assert again.read(record.path, offset=record.offset, size=record.size_bytes) == DATA
    assert again.read(record.path, max_bytes=len(DATA)) == DATA
    assert again.read(record.path, max_bytes=len(DATA) - 1) is None
    plain = again.plain_file(record.path)
    assert (plain is None) == (form is Shard)
    if plain is not None:
        assert plain.read_bytes() == DATA


def test_what_is_not_there_does_not_exist_and_cannot_be_read(folder: Path) -> None:
    shards = tar(folder.parent / "shards" / "0.tar", {"x.jpg": DATA}).parent
    for root, path in ((folder, "a/2.jpg"), (shards, "0.tar/y.jpg"), (shards, "1.tar/x.jpg")):
        source = source_at(root)
        assert not source.exists(path)
        with pytest.raises(OSError, match="2"):
            source.read(path)
    gone = source_at(folder / "moved")
    assert not gone.is_there()
    assert not gone.exists("a/1.jpg")
    with pytest.raises(FileNotFoundError):
        gone.read("a/1.jpg")
    with pytest.raises(SourceError, match="does not exist"):
        gone.list()


def test_a_folder_called_like_a_tar_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "set.tar" / "a").mkdir(parents=True)
    (tmp_path / "set.tar" / "a" / "1.jpg").write_bytes(DATA)
    assert type(open_source(tmp_path / "set.tar")) is Folder
    assert source_at(tmp_path).read("set.tar/a/1.jpg") == DATA
    assert source_at(tmp_path).plain_file("set.tar/a/1.jpg") is not None


def test_shards_in_a_folder_called_like_a_tar_are_read(tmp_path: Path) -> None:
    tar(tmp_path / "set.tar" / "0.tar", {"a/1.jpg": DATA})
    (record,) = open_source(tmp_path).list().records
    assert record.path == "set.tar/0.tar/a/1.jpg"
    assert source_at(tmp_path).read(record.path) == DATA


def test_a_source_that_nobody_knows_is_one_line_that_says_what_can_be_given(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere does not exist; give .*a folder of images"):
        open_source(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("no images")
    with pytest.raises(SourceError, match=r"notes\.txt is no source of images that curate knows; give "):
        open_source(tmp_path / "notes.txt")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as packed:
        packed.writestr("a/1.jpg", DATA)
    with pytest.raises(SourceError, match="is an archive; unpack it first"):
        open_source(tmp_path / "set.zip").list()


def test_an_empty_source_says_why_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    with pytest.raises(SourceError, match="holds no images: it is empty"):
        open_source(tmp_path / "set").list()
    (tmp_path / "set" / "notes.txt").write_text("no image")
    why = r"extension '\.txt'"
    with pytest.raises(SourceError, match=rf"holds no images; skipped 1 file: {why}"):
        open_source(tmp_path / "set").list()
    (tmp_path / "set" / "more.txt").write_text("no image")
    with pytest.raises(SourceError, match=rf"holds no images; skipped 2 files: {why}"):
        open_source(tmp_path / "set").list()
    (tmp_path / "set" / "notes.doc").write_text("no image")
    with pytest.raises(SourceError, match=rf"holds no images; skipped 3 files, 2 of them: {why}"):
        open_source(tmp_path / "set").list()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("s3://bucket/data/", "s3://bucket/data", id="a URL without its last slash"),
        pytest.param(Path("s3://bucket/data"), "s3://bucket/data", id="a URL that went through a path"),
        pytest.param("file:///data/set", "/data/set", id="a file URL is a path"),
        pytest.param("set", os.path.realpath("set"), id="a relative path"),
    ],
)
def test_addresses_are_normalised(given: str | Path, expected: str) -> None:
    assert absolute(given) == expected


def test_a_listing_says_where_its_paths_begin(folder: Path) -> None:
    listing = open_source(folder).list()
    assert isinstance(listing, Listing)
    assert listing.root == str(folder.resolve())
