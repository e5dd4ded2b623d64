"""Which images there are: what a manifest says of duplicates, where its images lie now, and what predict takes."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from curate.errors import ConfigError, SourceError
from curate.storage import safe_csv
from curate.train import listing
from curate.train.data import Sample
from tests import sample_images
from tests.dataset.handmade import Row, looked_into_more_closely, manifest
from tests.sources.test_remote import bucket, endpoint, upload  # noqa: F401


def rows(*images: tuple[str, str, list[str] | None], **columns: list[str]) -> pd.DataFrame:
    """Kept rows of a manifest: path, sha256 and the ids of the findings of each."""
    table = pd.DataFrame(
        {
            "path": [path for path, _, _ in images],
            "sha256": [sha256 for _, sha256, _ in images],
            "final_label": "cats",
            "source": "/set",
            "finding_ids": [None if ids is None else json.dumps(ids) for _, _, ids in images],
        }
    )
    return table.assign(**columns)


def groups(table: pd.DataFrame) -> list[set[str]]:
    found: dict[str, set[str]] = {}
    for sample in listing.from_manifest(table):
        found.setdefault(sample.group, set()).add(sample.path)
    return sorted(found.values(), key=sorted)


# Duplicates that a manifest knows


def test_images_that_share_a_finding_are_one_group() -> None:
    table = rows(("a", "1", ["f1"]), ("b", "2", ["f2"]), ("c", "3", ["f1"]), ("d", "4", []), ("e", "5", None))
    assert groups(table) == [{"a", "c"}, {"b"}, {"d"}, {"e"}]


def test_groups_are_joined_by_an_image_that_is_in_both() -> None:
    table = rows(("a", "1", ["f1"]), ("b", "2", ["f2"]), ("c", "3", ["f3", "f2"]), ("d", "4", ["f1", "f3"]))
    assert groups(table) == [{"a", "b", "c", "d"}]


def test_images_of_equal_bytes_are_one_group_with_or_without_a_finding() -> None:
    assert groups(rows(("a", "1", None), ("b", "1", ["f"]), ("c", "2", ["f"]), ("d", "3", []))) == [
        {"a", "b", "c"},
        {"d"},
    ]


def test_a_built_set_says_its_groups_itself() -> None:
    table = rows(("a", "1", None), ("b", "2", None), ("c", "3", None), group=["g", "h", "g"])
    assert groups(table) == [{"a", "c"}, {"b"}]


def test_copies_that_only_the_audit_knows_are_one_group_though_the_best_of_them_was_dropped(tmp_path: Path) -> None:
    samples = listing.from_source(looked_into_more_closely(tmp_path), tmp_path / "scratch")
    groups = [sample.group for sample in samples]
    assert [groups.index(group) for group in groups] == [0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9, 9]


@pytest.mark.parametrize(("folder", "said"), [(".", 0), ("away", 1)])
def test_a_manifest_away_from_its_workspace_is_said_to_be_where_it_is_trained_on(
    tmp_path: Path, folder: str, said: int
) -> None:
    approved = looked_into_more_closely(tmp_path)
    (tmp_path / folder).mkdir(exist_ok=True)
    lines: list[str] = []
    listing.from_source(shutil.copy(approved, tmp_path / folder / "m.csv"), tmp_path / "scratch", (), lines.append)
    assert [line.partition(" with ")[0] for line in lines] == ["note: no workspace that lies"] * said


def test_images_without_a_hash_are_groups_of_their_own_also_where_two_sources_have_one_path() -> None:
    table = rows(("a", "", None), ("a", "", None)).assign(source=["/one", "/two"])
    assert [sample.group for sample in listing.from_manifest(table)] == ["/one/a", "/two/a"]


def test_a_column_of_findings_that_is_no_list_is_named() -> None:
    with pytest.raises(SourceError, match=r"finding_ids holds 'f1;f2', which is no list"):
        listing.from_manifest(rows(("a", "1", ["x"])).assign(finding_ids="f1;f2"))


@pytest.mark.parametrize(
    ("written", "read"), [("train", "train"), ("Validation", "val"), ("fold3", "fold3"), ("", None)]
)
def test_the_split_of_a_manifest_goes_by_its_usual_name(written: str, read: str | None) -> None:
    (sample,) = listing.from_manifest(rows(("a", "1", None), split=[written]))
    assert (sample.split, sample.sha256) == (read, "1")


def test_the_duplicate_groups_of_an_audit_are_joined_by_an_image_that_is_in_two() -> None:
    images = pd.DataFrame({"path": ["a", "b", "c", "d"], "label": "x", "sha256": ["1", "2", "3", "4"]})
    findings = pd.DataFrame({"path": ["a", "b", "b", "c"], "group_id": ["g", "g", "h", "h"]})
    found = listing.from_audit(images, findings, "/root")
    assert [sample.group for sample in found] == ["g", "g", "g", "d"]
    assert [sample.sha256 for sample in found] == ["1", "2", "3", "4"]


# Where the images of a manifest lie now


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """A manifest whose source has been renamed from `source` to `elsewhere`."""
    path = manifest(tmp_path, Row("a/1.png", "a"), Row("b/1.png", "b"))
    (tmp_path / "source").rename(tmp_path / "elsewhere")
    return path


def sources(path: Path, *said: str) -> list[str]:
    return sorted({sample.source for sample in listing.images(path, path.parent / "scratch", said)})


def test_a_source_that_is_gone_is_one_line_that_says_the_way_out(moved: Path, tmp_path: Path) -> None:
    line = f"{tmp_path}/source, where the images of {moved} were, is not there any more; say where they are now with"
    with pytest.raises(SourceError, match=re.escape(line) + " --source DIR"):
        sources(moved)


def test_the_images_of_a_manifest_are_read_where_they_are_said_to_be(moved: Path, tmp_path: Path) -> None:
    new = str(tmp_path / "elsewhere")
    assert sources(moved, new) == [new]
    assert sources(moved, f"{tmp_path}/source={new}") == [new]
    assert sources(moved, f"{tmp_path}/source/={new}/") == [new]


def test_a_folder_with_a_sign_of_equality_in_its_name_is_a_folder(moved: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").rename(tmp_path / "size=48")
    assert sources(moved, str(tmp_path / "size=48")) == [str(tmp_path / "size=48")]


def test_a_source_that_is_still_there_gives_way_to_the_one_that_is_named(tmp_path: Path) -> None:
    path = manifest(tmp_path, Row("a/1.png", "a"))
    shutil.copytree(tmp_path / "source", tmp_path / "copy")
    assert sources(path) == [str(tmp_path / "source")]
    assert sources(path, str(tmp_path / "copy")) == [str(tmp_path / "copy")]


@pytest.mark.parametrize("new", ["nowhere", "source=nowhere", "source="])
def test_a_place_that_does_not_exist_is_refused(moved: Path, monkeypatch: pytest.MonkeyPatch, new: str) -> None:
    monkeypatch.chdir(moved.parent)
    with pytest.raises(SourceError, match=f"--source {new}: there is no such folder"):
        sources(moved, new)


def two_sources(tmp_path: Path) -> Path:
    table = pd.concat([safe_csv.read(manifest(tmp_path / name, Row(f"{name}/1.png", name))) for name in ("one", "two")])
    safe_csv.write(table, tmp_path / "both.csv")
    return tmp_path / "both.csv"


def test_of_several_sources_it_must_be_said_which_has_moved(tmp_path: Path) -> None:
    path = two_sources(tmp_path)
    one, two = (str(tmp_path / name / "source") for name in ("one", "two"))
    (tmp_path / "new").mkdir()
    new = str(tmp_path / "new")
    with pytest.raises(ConfigError, match=r"has images of 2 sources .* say which of them has moved: --source OLD=NEW"):
        sources(path, new)
    assert sources(path, f"{one}={new}") == sorted([new, two])
    assert sources(path, f"{one}={new}", f"{two}={new}") == [new]
    with pytest.raises(ConfigError, match=f"--source says twice where the images of {one} lie now"):
        sources(path, f"{one}={new}", f"{one}={two}")


def test_one_of_several_sources_that_is_gone_is_named(tmp_path: Path) -> None:
    path = two_sources(tmp_path)
    (tmp_path / "two" / "source").rename(tmp_path / "away")
    with pytest.raises(SourceError, match="two/source, where the images of"):
        sources(path)


def test_images_that_moved_together_with_their_manifest_are_read_beside_it_and_that_is_said(tmp_path: Path) -> None:
    made = manifest(tmp_path / "made", Row("train/a/1.png", "a"), Row("train/b/1.png", "b"))
    shutil.move(made, tmp_path / "made" / "source" / "manifest.csv")
    (tmp_path / "made" / "source").rename(tmp_path / "away")
    said: list[str] = []
    found = listing.images(tmp_path / "away" / "manifest.csv", tmp_path, (), said.append)
    assert {sample.source for sample in found} == {str(tmp_path / "away")}
    away = f"{tmp_path}/away"
    (line,) = said
    assert line.startswith(f"{tmp_path}/made/source is not there any more: the images of {away}/manifest.csv are read")
    assert line.endswith(f"beside it, in {away}")


def test_a_manifest_beside_which_one_of_its_images_lacks_has_not_moved_with_them(tmp_path: Path) -> None:
    made = manifest(tmp_path / "made", Row("a/1.png", "a"), Row("b/1.png", "b"))
    shutil.move(made, tmp_path / "made" / "source" / "manifest.csv")
    (tmp_path / "made" / "source").rename(tmp_path / "away")
    (tmp_path / "away" / "b" / "1.png").unlink()
    with pytest.raises(SourceError, match="is not there any more"):
        sources(tmp_path / "away" / "manifest.csv")


def test_only_the_images_of_a_manifest_can_have_moved(tmp_path: Path) -> None:
    sample_images.save(sample_images.photo(1), tmp_path / "set" / "a" / "1.png")
    with pytest.raises(ConfigError, match=r"--source says where the images of a manifest lie now, and .*set is no"):
        listing.images(tmp_path / "set", tmp_path / "scratch", [str(tmp_path)])


# What can be predicted


def test_a_flat_folder_an_image_file_and_a_hidden_folder_that_is_named_are_listed(tmp_path: Path) -> None:
    for name in ("2.png", "1.png", ".hidden/3.png", "Thumbs.db"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(sample_images.encode(sample_images.photo(1), "PNG"))
    found = listing.images(tmp_path / "set", tmp_path / "scratch")
    assert [(sample.path, sample.label) for sample in found] == [("1.png", ""), ("2.png", "")]
    assert [sample.path for sample in listing.images(tmp_path / "set" / ".hidden", tmp_path)] == ["3.png"]
    assert listing.images(tmp_path / "set" / "2.png", tmp_path) == [Sample(str(tmp_path / "set"), "2.png", "", "2.png")]


def test_a_file_is_an_image_by_its_name_or_by_its_first_bytes(tmp_path: Path) -> None:
    (tmp_path / "scan").write_bytes(sample_images.encode(sample_images.photo(1)))
    (tmp_path / "broken.JPG").write_bytes(b"nothing")
    (tmp_path / "notes.txt").write_text("nothing")
    assert [sample.path for sample in listing.images(tmp_path / "scan", tmp_path)] == ["scan"]
    assert [sample.path for sample in listing.images(str(tmp_path / "broken.JPG"), tmp_path)] == ["broken.JPG"]
    with pytest.raises(SourceError, match=r"notes\.txt is no source of images"):
        listing.images(tmp_path / "notes.txt", tmp_path)
    with pytest.raises(SourceError, match=r"gone\.png does not exist"):
        listing.images(tmp_path / "gone.png", tmp_path)


def test_an_image_in_a_bucket_is_listed_by_its_address(tmp_path: Path, bucket: str) -> None:  # noqa: F811
    sample_images.save(sample_images.photo(1), tmp_path / "set" / "1.png")
    upload(tmp_path / "set", f"{bucket}/set")
    (sample,) = listing.images(f"{bucket}/set/1.png", tmp_path)
    assert (sample.address, sample.path) == (f"{bucket}/set/1.png", "1.png")


def test_images_without_a_class_are_counted_when_they_are_left_out(tmp_path: Path) -> None:
    for name in ("a/1.png", "loose.png", "too.png"):
        sample_images.save(sample_images.photo(1), tmp_path / "set" / name)
    said: list[str] = []
    assert len(listing.from_source(tmp_path / "set", tmp_path, say=said.append)) == 1
    assert said == [f"left out, since they have no class: 2 images of {tmp_path}/set"]
