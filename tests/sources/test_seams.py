"""What lies in real folders and archives beside images, and how it is told: nothing vanishes without a word."""

import json
import os
import struct
import unicodedata
import zipfile
from pathlib import Path

import pytest

import curate
from curate import config
from curate.errors import SourceError, WorkspaceError
from curate.sources import Listing, clutter, open_source
from curate.sources.classes import alike
from curate.sources.layout import LabelAndSplit, classes_of
from curate.sources.records import split_called
from curate.storage.names import is_text, shown
from tests import sample_images
from tests.sources.test_sources import tar

JPEG = sample_images.encode(sample_images.photo(1, 20, 20))


def put(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(JPEG)
    return root


def listed(source: Path, *exclude: str) -> Listing:
    return open_source(source, source.parent / "unpacked", exclude).list()


def paths(listing: Listing) -> list[str]:
    return [record.path for record in listing.records]


def skipped(listing: Listing) -> dict[str, str]:
    return {item.path: item.reason for item in listing.skipped}


# Splits and classes


@pytest.mark.parametrize("name", ["train", "Training", "TRAIN", "training_set", "train-data", "train set", "trainset"])
def test_a_split_goes_by_several_names(name: str) -> None:
    assert split_called(name) == "train"


@pytest.mark.parametrize("name", ["trains", "my_train", "train_set_2", "set", "", "tests", "trainer"])
def test_other_names_are_no_splits(name: str) -> None:
    assert split_called(name) is None


@pytest.mark.parametrize(
    ("files", "places"),
    [
        pytest.param(["cat/train/1", "cat/test/2", "dog/valid/3"],
                     [("cat", "train"), ("cat", "test"), ("dog", "val")], id="splits below classes"),
        pytest.param(["cat/train/1", "cat/old/2", "dog/train/3"],
                     [("cat", None), ("cat", None), ("dog", None)], id="not all of them are called so"),
        pytest.param(["cat/train/1", "dog/2"], [("cat", None), ("dog", None)], id="not every class has them"),
        pytest.param(["training_set/cat/1", "test_set/dog/2"], [("cat", "train"), ("dog", "test")], id="other names"),
        pytest.param(["train/train/1", "test/train/2"], [("train", "train"), ("train", "test")], id="class train"),
        pytest.param(["train/1", "test/cat/2"], [(None, "train"), ("cat", "test")], id="a flat split"),
        pytest.param(["train/cat/1", "test/cat/2", "logo"],
                     [("cat", "train"), ("cat", "test"), (None, None)], id="an image beside splits"),
        pytest.param(["photos/1", "photos/cat/2"], [("photos", None)] * 2, id="a folder with images is no wrapper"),
        pytest.param([], [], id="nothing"),
    ],
)  # fmt: skip
def test_folders_say_class_and_split(files: list[str], places: list[tuple[str | None, str | None]]) -> None:
    assert classes_of(files) == [LabelAndSplit(*place) for place in places]


@pytest.mark.parametrize(
    ("files", "is_noted"),
    [
        pytest.param(["train/cat/1.jpg", "test/cat/2.jpg", "extra/3.jpg"], True, id="two splits and something else"),
        pytest.param(["all/train/cat/1.jpg", "all/holdout/cat/2.jpg"], True, id="a class of one split is in another"),
        pytest.param(["train/cat/1.jpg", "test/2.jpg", "holdout/cat/3.jpg"], True, id="a split without classes"),
        pytest.param(["train/cat/1.jpg", "test/cat/2.jpg"], False, id="splits"),
        pytest.param(["train/1.jpg", "test/2.jpg", "car/3.jpg"], False, id="classes called so"),
        pytest.param(["train/freight/1.jpg", "car/small/2.jpg"], False, id="a class called so, with parts of its own"),
    ],
)
def test_splits_that_count_as_classes_for_a_folder_beside_them_are_noted(
    tmp_path: Path, files: list[str], *, is_noted: bool
) -> None:
    listing = listed(put(tmp_path / "src", *files))
    assert any("count as classes" in str(note) for note in listing.notes) is is_noted
    other = "holdout" if any("holdout" in file for file in files) else "extra"
    assert not listed(tmp_path / "src", other).notes


def test_classes_that_look_like_spellings_of_one_are_noted(tmp_path: Path) -> None:
    nfd = unicodedata.normalize("NFD", "maçã")
    source = put(tmp_path / "src", "Sad/1.jpg", "sad/2.jpg", "maçã/3.jpg", f"{nfd}/3.jpg", "dog/5.jpg")
    notes = [str(note) for note in listed(source).notes]
    assert notes[0].startswith("The classes 'Sad' and 'sad' look like spellings of one class")
    assert "'maçã'" in notes[1] or repr(nfd) in notes[1]
    assert notes[2] == "1 name occurs in two Unicode forms, which some systems take for one file: maçã/3.jpg"
    assert len(notes) == 3
    assert curate.audit(source, tmp_path / "ws").images["label"].nunique() == 5


def test_alike_is_case_unicode_form_blanks_at_an_end_and_what_folders_cannot_hold() -> None:
    assert alike(["a", "A", "b", "c/d", "c_d", "e ", "e", "ﬁ"]) == [["A", "a"], ["c/d", "c_d"], ["e", "e "]]
    assert alike(["a", "a", "b"]) == []


# Folders


def test_linked_class_folders_are_followed_and_loops_are_told(tmp_path: Path) -> None:
    source = put(tmp_path / "src", "cat/1.jpg")
    put(tmp_path / "pool", "dog/2.jpg")
    (source / "dog").symlink_to(tmp_path / "pool" / "dog")
    (source / "cat" / "up").symlink_to(source)
    (source / "cat" / "self").symlink_to(source / "cat")
    (source / "gone").symlink_to(tmp_path / "nowhere")
    listing = listed(source)
    assert paths(listing) == ["cat/1.jpg", "dog/2.jpg"]
    assert skipped(listing) == {
        "cat/self/": "a link that leads back to a folder above it",
        "cat/up/": "a link that leads back to a folder above it",
        "gone": "cannot be reached (No such file or directory)",
    }


def test_a_folder_that_two_links_lead_to_is_listed_under_both(tmp_path: Path) -> None:
    source = put(tmp_path / "src", "cat/1.jpg")
    (source / "also").symlink_to(source / "cat")
    assert paths(listed(source)) == ["also/1.jpg", "cat/1.jpg"]


def test_the_previews_in_a_workspace_are_no_images_of_the_folder_that_it_lies_in(tmp_path: Path) -> None:
    source = put(tmp_path / "project" / "photos", "cat/1.jpg", "dog/2.jpg")
    curate.audit(source, tmp_path / "project" / "ws")
    put(tmp_path / "project" / "ws" / "thumbs", "1-480.jpg")
    (source / "linked").symlink_to(tmp_path / "project" / "ws")
    listing = listed(tmp_path / "project")
    assert paths(listing) == ["photos/cat/1.jpg", "photos/dog/2.jpg"]
    assert skipped(listing) == dict.fromkeys(["photos/linked/", "ws/"], "a workspace of curate, none of the dataset")


def test_folders_and_files_of_systems_are_none_of_the_dataset(tmp_path: Path) -> None:
    names = ["@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found", "__MACOSX", "@Recycle"]
    hidden = [".ipynb_checkpoints", ".git", ".Trash-1000"]
    source = put(tmp_path / "src", "trash/1.jpg", "cat/2.jpg", *(f"{name}/cat/3.jpg" for name in [*names, *hidden]))
    put(source, "cat/@eaDir/2.jpg/THUMB.jpg", "cat/._2.jpg", "cat/Thumbs.db")
    listing = listed(source)
    assert paths(listing) == ["cat/2.jpg", "trash/1.jpg"]
    reasons = skipped(listing)
    assert {reasons[f"{name}/"] for name in names} == {"a folder of the system or of a program, none of the dataset"}
    assert {reasons[f"{name}/"] for name in hidden} == {"hidden folder"}
    assert {reasons[name] for name in ("cat/._2.jpg", "cat/Thumbs.db")} == {"hidden file"}


def test_the_same_folders_are_left_out_of_a_store(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    from curate.sources import objects

    for name in ("cat/1.jpg", "cat/@eaDir/2.jpg", "#recycle/cat/3.jpg", "dog/keep/4.jpg"):
        objects.put(f"memory://clutter/{name}", JPEG)
    listing = open_source("memory://clutter", tmp_path, ["keep"]).list()
    assert paths(listing) == ["cat/1.jpg"]
    assert set(skipped(listing)) == {"cat/@eaDir/", "#recycle/", "dog/keep/4.jpg"}


def test_clutter_is_known_at_any_depth() -> None:
    assert clutter.folder_in("a/b/@eaDir/c/1.jpg") == (
        "a/b/@eaDir/", clutter.of_folder("@eaDir")
    )  # fmt: skip
    assert clutter.folder_in("@eaDir") is None
    assert [clutter.is_clutter(name) for name in ("a/.DS_Store", "a/b.jpg", ".x/y", "DESKTOP.INI")] == [
        True, False, True, True
    ]  # fmt: skip


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_skipped_with_a_reason(tmp_path: Path) -> None:
    source = put(tmp_path / "src", "cat/1.jpg", "locked/2.jpg")
    (source / "locked").chmod(0)
    try:
        assert skipped(listed(source)) == {"locked/": "the folder cannot be read (Permission denied)"}
    finally:
        (source / "locked").chmod(0o700)


def test_a_folder_that_fails_while_it_is_walked_is_skipped_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = put(tmp_path / "src", "cat/1.jpg", "locked/2.jpg")
    real = os.scandir

    def scandir(folder: str) -> object:
        if str(folder).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(folder))
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    listing = listed(source)
    assert paths(listing) == ["cat/1.jpg"]
    assert skipped(listing) == {"locked/": "the folder cannot be read (Permission denied)"}


def test_names_that_are_no_utf8_are_skipped_with_a_reason_folders_too(tmp_path: Path) -> None:
    source = put(tmp_path / "src", "cat/1.jpg")
    for name in (b"caf\xe9/2.jpg", b"cat/\xe9.jpg", b".caf\xe9/3.jpg"):
        file = source / os.fsdecode(name)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(JPEG)
    listing = listed(source)
    assert paths(listing) == ["cat/1.jpg"]
    assert skipped(listing) == {
        r"caf\xe9/": "the name of the folder is not valid UTF-8; rename it",
        r"cat/\xe9.jpg": "the file name is not valid UTF-8; rename it",
        r".caf\xe9/": "hidden folder",
    }
    curate.audit(source, tmp_path / "ws")


def test_a_source_or_a_workspace_whose_name_is_no_utf8_is_one_clear_line(tmp_path: Path) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    put(Path(odd), "cat/1.jpg")
    with pytest.raises(SourceError, match=r"caf\\xe9: the name of the source is not valid UTF-8"):
        curate.audit(odd, tmp_path / "ws")
    with pytest.raises(WorkspaceError, match="the name of the workspace is not valid UTF-8"):
        curate.audit(put(tmp_path / "src", "cat/1.jpg"), odd)


def test_what_is_no_text_can_be_shown() -> None:
    assert [shown(name) for name in ("é", "\udce9", "\ud800")] == ["é", r"\xe9", r"\ud800"]
    assert [is_text(name) for name in ("é", "\udce9", "\ud800", "a\0b", "")] == [True, False, False, False, True]


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("thumbs", ["a/1.jpg", "a/b/thumb_2.jpg", "train/3.jpg"]),
        ("thumb*", ["a/1.jpg", "train/3.jpg"]),
        ("a/b", ["a/1.jpg", "a/thumbs/x.jpg", "train/3.jpg"]),
        ("a/b/", ["a/1.jpg", "a/thumbs/x.jpg", "train/3.jpg"]),
        ("a/*.jpg", ["train/3.jpg"]),
        ("b", ["a/1.jpg", "a/thumbs/x.jpg", "train/3.jpg"]),
        ("B", ["a/1.jpg", "a/b/thumb_2.jpg", "a/thumbs/x.jpg", "train/3.jpg"]),
    ],
)
def test_what_is_excluded_by_a_pattern_is_told(tmp_path: Path, pattern: str, left: list[str]) -> None:
    names = ["a/1.jpg", "a/b/thumb_2.jpg", "a/thumbs/x.jpg", "train/3.jpg"]
    listing = listed(put(tmp_path / "src", *names), pattern)
    assert paths(listing) == left
    assert skipped(listing) == dict.fromkeys(set(names) - set(left), f"excluded by {pattern}")


def test_what_is_excluded_has_no_say_in_what_the_folders_mean(tmp_path: Path) -> None:
    source = put(tmp_path / "src", "train/cat/1.jpg", "test/cat/2.jpg", "unsorted/3.jpg")
    assert {record.split for record in listed(source).records} == {None}
    assert {record.split for record in listed(source, "unsorted").records} == {"train", "test"}


def test_members_of_tars_and_rows_of_lists_are_excluded_too(tmp_path: Path) -> None:
    shard = tar(tmp_path / "s" / "0.tar", {"cat/1.jpg": JPEG, "dog/2.jpg": JPEG})
    assert paths(listed(shard, "dog")) == ["0.tar/cat/1.jpg"]
    put(tmp_path / "l", "cat/1.jpg", "dog/2.jpg")
    (tmp_path / "l" / "list.csv").write_text("path\ncat/1.jpg\ndog/2.jpg\n")
    assert paths(listed(tmp_path / "l" / "list.csv", "dog/*")) == ["cat/1.jpg"]


def test_an_audit_remembers_what_it_excludes(tmp_path: Path) -> None:
    source = put(tmp_path / "src", "a/1.jpg", "b/2.jpg")
    chosen = config.Config(exclude=["b"])
    assert len(curate.audit(source, tmp_path / "ws", configuration=chosen).images) == 1
    assert len(curate.audit(source, tmp_path / "ws").images) == 1


# Archives


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name in names:
            packed.writestr(name, JPEG)
    return path


def renamed(path: Path, old: bytes, new: bytes) -> Path:
    """Write other bytes of the same number for a name, as a program of an old code page does."""
    assert len(old) == len(new)
    path.write_bytes(path.read_bytes().replace(old, new))
    return path


def test_an_entry_whose_name_is_too_long_is_skipped_with_a_reason(tmp_path: Path) -> None:
    long, longest = "é" * 126 + ".jpg", "x" * 251 + ".jpg"
    listing = listed(zipped(tmp_path / "a.zip", "cat/1.jpg", f"cat/{long}", f"cat/{longest}"))
    assert paths(listing) == ["cat/1.jpg", f"cat/{longest}"]
    assert skipped(listing) == {f"cat/{long}": "its name is longer than a file may have; rename it"}
    assert listed(tmp_path / "a.zip") == listing


def test_a_way_of_packing_that_is_not_known_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "cat/1.jpg")
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        start = data.index(mark)
        data[start + offset : start + offset + 2] = struct.pack("<H", 9)
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"cannot be read here \(Deflate64\); unpack it yourself, with 7-Zip"):
        listed(path)


def test_a_file_and_a_folder_of_one_name_in_an_archive_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"'cat' is a file in it and the folder of '1\.jpg' too"):
        listed(zipped(tmp_path / "a.zip", "cat", "cat/1.jpg"))


def test_names_in_utf8_are_read_as_such_though_nothing_says_so(tmp_path: Path) -> None:
    path = renamed(zipped(tmp_path / "a.zip", "Qx/1.jpg"), b"Qx/", "é/".encode())
    listing = listed(path)
    assert (paths(listing), listing.notes) == (["é/1.jpg"], [])


def test_names_in_an_old_code_page_are_told(tmp_path: Path) -> None:
    path = renamed(zipped(tmp_path / "a.zip", "Qx/1.jpg", "dog/2.jpg"), b"Qx/", "犬/".encode("cp932"))
    (note,) = listed(path).notes
    assert str(note).startswith("1 name in the archive is in an old encoding and may be garbled:")
    (tmp_path / "b.zip").write_bytes(zipped(tmp_path / "a.zip", "犬/1.jpg").read_bytes())
    assert listed(tmp_path / "b.zip").notes == []


# Lists


@pytest.mark.parametrize(("separator", "encoding"), [(";", "cp1252"), ("\t", "utf-16"), (",", "utf-8-sig")])
def test_a_list_is_read_as_a_spreadsheet_saves_it(tmp_path: Path, separator: str, encoding: str) -> None:
    put(tmp_path, "maçã.jpg")
    text = f"Path{separator} Label{separator}SPLIT\r\nmaçã.jpg{separator}maçã{separator}Training\r\n"
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))
    (record,) = listed(tmp_path / "list.csv").records
    assert (record.path, record.label, record.split) == ("maçã.jpg", "maçã", "train")


def test_a_table_beside_images_has_the_last_word_on_splits_and_classes(tmp_path: Path) -> None:
    source = put(tmp_path / "src", "train/cat/1.jpg", "train/cat/2.jpg", "test/cat/3.jpg")
    (source / "metadata.csv").write_text(
        "file_name,label,split\ntrain/cat/1.jpg,a/b,fold 1\ntrain/cat/2.jpg,,\ntest/cat/3.jpg,cat,Testing\n"
    )
    assert [(record.label, record.split) for record in listed(source).records] == [
        ("cat", "test"), ("a/b", "fold 1"), (None, None)
    ]  # fmt: skip


def test_names_that_no_table_could_hold_cost_one_member(tmp_path: Path) -> None:
    shard = tar(tmp_path / "s" / "0.tar", {"a/1.jpg": JPEG, "a/\udce9.jpg": JPEG})
    listing = listed(shard)
    assert paths(listing) == ["0.tar/a/1.jpg"]
    assert skipped(listing) == {r"0.tar/a/\xe9.jpg": "its name or its class is no text; rename it"}


@pytest.mark.parametrize("name", ["a[1].jpg", "cats[old]/1.jpg", "cats[old]"])
def test_a_name_is_excluded_though_it_could_be_a_pattern(name: str, tmp_path: Path) -> None:
    source = put(tmp_path / "src", "a[1].jpg", "cats[old]/1.jpg", "dogs/2.jpg")
    left = [record.path for record in listed(source, name).records]
    assert left == [path for path in ("a[1].jpg", "cats[old]/1.jpg", "dogs/2.jpg") if not path.startswith(name)]


def test_a_class_alone_in_a_list_is_that_class_and_several_are_none(tmp_path: Path) -> None:
    source = put(tmp_path / "src", *(f"{number}.jpg" for number in range(5)))
    labels = ["cat", ["cat"], ["cat", "dog"], [], {"name": "cat"}]
    rows = [{"file_name": f"{number}.jpg", "label": label} for number, label in enumerate(labels)]
    (source / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert [record.label for record in listed(source).records] == ["cat", "cat", None, None, None]
