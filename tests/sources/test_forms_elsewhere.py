"""Forms of other tools in archives and in stores: the same images, classes and splits, and the same refusals."""

import zipfile
from pathlib import Path

import pytest

import curate
from curate.errors import SourceError
from curate.sources import open_source, source_at
from curate.storage.workspace import Workspace
from tests.sources.test_annotations import JPEG, coco, folder, where, write
from tests.sources.test_foreign import VOC, put
from tests.sources.test_hub import JPEG as PHOTOS
from tests.sources.test_hub import hub_parquet, image


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """Three datasets, a folder each: Parquet of the Hub, COCO, and Pascal VOC."""
    root = tmp_path / "sets"
    hub_parquet(
        root / "hub" / "train-00000-of-00001.parquet", [image(data) for data in PHOTOS[:3]], [1, 0, 1], ["a", "b"]
    )
    folder(root / "coco", "images/1.jpg", "images/2.jpg")
    write(root / "coco" / "annotations" / "instances_val.json", coco(["1.jpg", "2.jpg"], [(0, 1), (1, 2)]))
    folder(root / "voc", "JPEGImages/1.jpg")
    put(root / "voc", "Annotations/1.xml", VOC)
    return root


HUB = {
    "train-00000-of-00001.parquet/000000.jpg": ("train", "b"),
    "train-00000-of-00001.parquet/000001.jpg": ("train", "a"),
    "train-00000-of-00001.parquet/000002.jpg": ("train", "b"),
}
COCO = {"images/1.jpg": ("val", "cat"), "images/2.jpg": ("val", "dog")}


def test_an_archive_holds_any_of_them(several: Path, tmp_path: Path) -> None:
    for name, wanted in (("hub", HUB), ("coco", COCO)):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as packed:
            for path in (several / name).rglob("*"):
                packed.write(path, path.relative_to(several / name))
        audit = curate.audit(tmp_path / f"{name}.zip", tmp_path / f"ws-{name}")
        images = audit.images
        assert dict(zip(images["path"], zip(images["split"], images["label"], strict=True), strict=True)) == wanted
        assert set(images["status"]) == {"ok"}


def test_a_store_holds_any_of_them(several: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    for path in several.rglob("*"):
        if path.is_file():
            store.pipe_file(f"/forms/{path.relative_to(several).as_posix()}", path.read_bytes())
    for address in ("memory://forms/hub", "memory://forms/hub/train-00000-of-00001.parquet"):
        listing = open_source(address).list()
        assert where(listing) == HUB
        source = source_at(listing.root)
        assert [source.read(path) for path in HUB] == PHOTOS[:3]
        assert source.exists("train-00000-of-00001.parquet/000002.jpg")
        assert not source.exists("train-00000-of-00001.parquet/000003.jpg")
    listing = open_source("memory://forms/coco").list()
    assert where(listing) == COCO
    assert source_at(listing.root).read("images/1.jpg") == JPEG
    with pytest.raises(SourceError, match="is Pascal VOC"):
        open_source("memory://forms/voc").list()


def test_a_workspace_beside_the_source_is_no_part_of_it(several: Path, tmp_path: Path) -> None:
    curate.audit(several / "hub", tmp_path / "ws")
    assert Workspace(tmp_path / "ws").read_audit()["root"] == str(several / "hub")
