"""A source is only read: what is written never lies inside it, where the next audit would find it."""

from pathlib import Path

import pytest

import curate
from curate.errors import CurateError
from tests import sample_images


@pytest.fixture
def audited(tmp_path: Path) -> Path:
    """A folder with an audited dataset `set`, its workspace `ws` and its manifest `m.csv`."""
    sample_images.dataset(tmp_path / "set", each=3)
    curate.audit(tmp_path / "set", tmp_path / "ws", engine="serial")
    curate.manifest(tmp_path / "ws", tmp_path / "m.csv")
    (tmp_path / "r.toml").write_text('manifest = "m.csv"\n')
    return tmp_path


def names(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


@pytest.mark.parametrize("where", ["set/out", "set/cats/out", "ws/../set/out", "link/out"])
def test_export_build_and_manifest_stay_out_of_it(audited: Path, where: str) -> None:
    (audited / "link").symlink_to(audited / "set")
    before = names(audited / "set")
    with pytest.raises(CurateError, match="inside the source"):
        curate.export(audited / "m.csv", audited / where)
    with pytest.raises(CurateError, match="inside the source"):
        curate.build(audited / "r.toml", audited / where)
    with pytest.raises(CurateError, match="inside the source"):
        curate.manifest(audited / "ws", audited / f"{where}.csv")
    assert names(audited / "set") == before


def test_a_build_stays_out_of_what_it_is_extended_from(audited: Path) -> None:
    sample_images.dataset(audited / "more", each=4)
    (audited / "r.toml").write_text('manifest = "m.csv"\n[[extend]]\nsource = "more"\n')
    with pytest.raises(CurateError, match="inside the source"):
        curate.build(audited / "r.toml", audited / "more" / "out")


def test_beside_a_list_there_is_room(audited: Path) -> None:
    """The root of a list is the folder that it lies in, which nobody walks."""
    (audited / "list.csv").write_text("path,label\nset/cats/000.jpg,c\nset/dogs/000.jpg,d\n")
    curate.audit(audited / "list.csv", audited / "ws2", engine="serial")
    curate.manifest(audited / "ws2", audited / "m2.csv")
    assert len(curate.export(audited / "m2.csv", audited / "out")) == 2
