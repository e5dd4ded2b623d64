"""A manifest whose images have moved: found where they are told to be, or beside it, never guessed."""

from pathlib import Path

import pandas as pd
import pytest

import curate
from curate.dataset import manifest as manifests
from curate.errors import SourceError
from curate.storage import safe_csv
from tests.dataset.handmade import Row, manifest


def two_sources(folder: Path) -> Path:
    """Write one manifest of the images of two sources, both of them moved to NAME-now."""
    tables = []
    for name in ("one", "two"):
        tables.append(safe_csv.read(manifest(folder / name, Row(f"a/{name}.png", "a"))))
        (folder / name / "source").rename(folder / f"{name}-now")
    merged = pd.concat(tables, ignore_index=True)
    safe_csv.write(merged, folder / "m.csv")
    return folder / "m.csv"


def test_a_source_that_has_moved_is_named_by_its_new_place(tmp_path: Path) -> None:
    path = manifest(tmp_path, Row("a/1.png", "a"))
    (tmp_path / "source").rename(tmp_path / "now")
    assert list(manifests.kept_rows(path, (str(tmp_path / "now"),))["source"]) == [str(tmp_path / "now")]


def test_of_several_sources_each_is_named_by_its_old_place(tmp_path: Path) -> None:
    path = two_sources(tmp_path)
    moved = [f"{tmp_path}/{name}/source={tmp_path}/{name}-now" for name in ("one", "two")]
    curate.export(path, tmp_path / "out", source=moved)
    assert curate.verify(tmp_path / "out").checked == 2
    with pytest.raises(SourceError, match=r"of several sources; say which has moved: --source .*/one/source=NEW"):
        manifests.kept_rows(path, (str(tmp_path / "one-now"),))


def test_one_source_is_not_given_two_places(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"knows one source, .*; give --source once"):
        manifests.kept_rows(manifest(tmp_path, Row("a/1.png", "a")), ("x", "y"))


def test_images_that_have_moved_with_their_manifest_are_found_beside_it(tmp_path: Path) -> None:
    path = manifest(tmp_path / "old", Row("a/1.png", "a"))
    path.rename(tmp_path / "old" / "source" / "manifest.csv")
    (tmp_path / "old" / "source").rename(tmp_path / "new")
    said: list[str] = []
    rows = manifests.kept_rows(tmp_path / "new" / "manifest.csv", (), said.append)
    assert list(rows["source"]) == [str(tmp_path / "new")]
    assert said == [f"{tmp_path}/old/source is gone; its images are read from {tmp_path}/new, where the manifest lies"]


def test_a_source_that_is_there_is_read_there_whatever_lies_beside_the_manifest(tmp_path: Path) -> None:
    path = manifest(tmp_path, Row("a/1.png", "a"))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"another")
    assert list(manifests.kept_rows(path)["source"]) == [str(tmp_path / "source")]


def test_a_manifest_beside_some_of_its_images_only_is_not_enough(tmp_path: Path) -> None:
    path = manifest(tmp_path, Row("a/1.png", "a"), Row("a/2.png", "a"))
    (tmp_path / "source" / "a").rename(tmp_path / "a")
    (tmp_path / "source").rmdir()
    (tmp_path / "a" / "2.png").unlink()
    assert list(manifests.kept_rows(path)["source"]) == [str(tmp_path / "source")] * 2
