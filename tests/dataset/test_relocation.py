"""A manifest whose images have moved: found where they are told to be, or beside it, never guessed."""

from pathlib import Path

import pandas as pd
import pytest

import curate
from curate.dataset import manifest as manifests
from curate.errors import ConfigError, SourceError
from curate.storage import safe_csv
from tests.dataset.handmade import DOCUMENTS, Row, manifest


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
    assert curate.verify(tmp_path / "out").checked == 2 + len(DOCUMENTS)
    with pytest.raises(ConfigError, match=r"images of 2 sources .* which of them has moved: --source OLD=NEW"):
        manifests.kept_rows(path, (str(tmp_path / "one-now"),))


def test_one_source_is_not_given_two_places(tmp_path: Path) -> None:
    path = manifest(tmp_path, Row("a/1.png", "a"))
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
    with pytest.raises(ConfigError, match=r"--source says twice where the images of .*source lie now"):
        manifests.kept_rows(path, (str(tmp_path / "x"), str(tmp_path / "y")))


@pytest.mark.parametrize("new", ["", "nowhere"])
def test_a_new_place_that_is_none_is_refused(tmp_path: Path, new: str) -> None:
    path = manifest(tmp_path, Row("a/1.png", "a"))
    with pytest.raises(SourceError, match="there is no such folder"):
        manifests.kept_rows(path, (f"{tmp_path / 'source'}={new}",))


def test_a_folder_whose_name_holds_the_sign_is_a_folder(tmp_path: Path) -> None:
    path = manifest(tmp_path, Row("a/1.png", "a"))
    (tmp_path / "source").rename(tmp_path / "a=b")
    assert list(manifests.kept_rows(path, (str(tmp_path / "a=b"),))["source"]) == [str(tmp_path / "a=b")]


def test_images_that_have_moved_with_their_manifest_are_found_beside_it(tmp_path: Path) -> None:
    path = manifest(tmp_path / "old", Row("a/1.png", "a"))
    path.rename(tmp_path / "old" / "source" / "manifest.csv")
    (tmp_path / "old" / "source").rename(tmp_path / "new")
    said: list[str] = []
    rows = manifests.kept_rows(tmp_path / "new" / "manifest.csv", (), said.append)
    assert list(rows["source"]) == [str(tmp_path / "new")]
    old, new = tmp_path / "old" / "source", tmp_path / "new"
    assert said == [f"{old} is not there any more: the images of {new}/manifest.csv are read beside it, in {new}"]


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
    with pytest.raises(SourceError, match=r"source, where the images .* say where they are now with --source DIR"):
        manifests.kept_rows(path)
