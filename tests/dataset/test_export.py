"""The cleaned dataset in every form: what is written can be audited again, and verified."""

import tarfile
from pathlib import Path

import pytest

import curate
from curate.dataset import layouts
from curate.errors import CurateError
from curate.options import Layout
from tests.conftest import Audited
from tests.sources.test_sources import tar


@pytest.fixture
def approved(audited: Audited, tmp_path: Path) -> Path:
    """A manifest in which every suspicious image is dropped."""
    curate.manifest(audited.workspace.root, tmp_path / "m.parquet", pending="drop")
    return tmp_path / "m.parquet"


def contents(source: Path | str, place: Path) -> list[tuple[str | None, str]]:
    """(label, sha256) of every image that an audit finds there."""
    images = curate.audit(source, place).images
    return sorted(zip(images["label"], images["sha256"], strict=True))


@pytest.mark.parametrize("layout", ["folder", "imagefolder", "webdataset", "list.csv", "list.jsonl", "list.parquet"])
def test_what_is_exported_is_what_was_approved_and_can_be_audited_and_verified(
    approved: Path, tmp_path: Path, layout: str
) -> None:
    destination = tmp_path / "out" / layout
    form: Layout | None = None if layout.startswith("list") else layout  # type: ignore[assignment]
    kept = curate.export(approved, destination, layout=form)
    assert curate.verify(destination).ok
    assert contents(destination, tmp_path / "ws2") == sorted(zip(kept["final_label"], kept["sha256"], strict=True))


@pytest.mark.parametrize("layout", ["imagefolder", "webdataset"])
def test_the_same_manifest_gives_the_same_bytes(approved: Path, tmp_path: Path, layout: Layout) -> None:
    for name in ("one", "two"):
        curate.export(approved, tmp_path / name, layout=layout)
    assert (tmp_path / "one" / "sha256sums.txt").read_bytes() == (tmp_path / "two" / "sha256sums.txt").read_bytes()


def test_verify_notices_a_changed_shard(approved: Path, tmp_path: Path) -> None:
    curate.export(approved, tmp_path / "out", layout="webdataset")
    with (tmp_path / "out" / "data-000000.tar").open("r+b") as file:
        file.seek(2000)
        file.write(b"changed")
    assert curate.verify(tmp_path / "out").changed == ["data-000000.tar"]


def test_shards_are_cut_at_their_size(approved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "SHARD_SAMPLES", 5)
    kept = curate.export(approved, tmp_path / "out", layout="webdataset")
    counts = []
    for path in sorted((tmp_path / "out").glob("*.tar")):
        with tarfile.open(path) as packed:
            counts.append(sum(name.endswith(".cls") for name in packed.getnames()))
    assert counts == [5] * (len(kept) // 5) + ([len(kept) % 5] if len(kept) % 5 else [])


def test_images_of_a_shard_are_exported_to_a_folder(audited: Audited, tmp_path: Path) -> None:
    members = {}
    for path in sorted(audited.source.rglob("*00*.jpg")):
        members[path.relative_to(audited.source).as_posix()] = path.read_bytes()
    source = tar(tmp_path / "s.tar", members)
    curate.audit(source, tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="keep")
    kept = curate.export(tmp_path / "m.csv", tmp_path / "out")
    assert sorted(kept["exported_path"]) == sorted(members)
    assert curate.verify(tmp_path / "out").ok
    with pytest.raises(CurateError, match="leave out --mode"):
        curate.export(tmp_path / "m.csv", tmp_path / "links", mode="symlink")
    assert not (tmp_path / "links").exists()


def test_a_list_is_not_written_over(approved: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("mine")
    with pytest.raises(CurateError, match="already"):
        curate.export(approved, tmp_path / "list.csv")
