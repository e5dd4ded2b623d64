"""Where an export puts images: their place, or a table beside them, says class and split of each."""

import hashlib
import json
import tempfile
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

import curate
from curate.dataset.placement import Kept, folder_names, place
from curate.errors import SourceError
from curate.options import Layout
from curate.sources.classes import folder_name, same_file
from curate.sources.layout import LabelAndSplit, classes_of
from tests import sample_images


def kept(
    path: str, label: str | None, split: str | None = None, *, final: str | None = None, sha256: str = "s"
) -> Kept:
    return Kept(path, label, split, final or label, sha256)


@pytest.mark.parametrize(
    ("image", "path"),
    [
        pytest.param(kept("cat/1.jpg", "cat"), "cat/1.jpg", id="as it lies"),
        pytest.param(kept("cat/2019/1.jpg", "cat"), "cat/2019/1.jpg", id="with the folders below its class"),
        pytest.param(kept("data/cat/1.jpg", "cat"), "cat/1.jpg", id="without those that wrap the dataset"),
        pytest.param(kept("images/1.jpg", "cat"), "cat/1.jpg", id="of a list"),
        pytest.param(kept("s.tar/cat/1.jpg", "cat"), "cat/1.jpg", id="of a tar"),
        pytest.param(kept("train/cat/1.jpg", "cat", "train"), "train/cat/1.jpg", id="of a split"),
        pytest.param(kept("Training/cat/1.jpg", "cat", "train"), "train/cat/1.jpg", id="a split of another name"),
        pytest.param(kept("cat/cat/1.jpg", "cat", "train"), "train/cat/cat/1.jpg", id="a split of a list"),
        pytest.param(kept("cat/test/1.jpg", "cat", "test"), "test/cat/test/1.jpg", id="a split below its class"),
        pytest.param(kept("x/1.jpg", "cat", "fold 3"), "fold 3/cat/1.jpg", id="a split that no folder is called by"),
        pytest.param(kept("train/train/x.jpg", "train", "train", final="car"), "train/car/x.jpg", id="train of train"),
        pytest.param(kept("train/x.jpg", "train", final="car"), "car/x.jpg", id="a class called as a split is"),
        pytest.param(kept("train/x.jpg", "train", "train"), "train/train/x.jpg", id="a list's class called so"),
        pytest.param(kept("cat/.1.jpg", "cat"), "cat/1.jpg", id="hidden no longer"),
        pytest.param(kept("cat/Thumbs.db", "cat"), "cat/_Thumbs.db", id="not taken for clutter"),
        pytest.param(kept("x/1.jpg", "@eaDir"), "_@eaDir/1.jpg", id="a class called as clutter is"),
        pytest.param(kept("x/1.jpg", "http:"), "http_/1.jpg", id="a class that would make a URL"),
        pytest.param(kept("x/1.jpg", None), "1.jpg", id="no class"),
        pytest.param(kept("x/..", "cat"), "cat/_", id="no name"),
    ],
)
def test_an_image_lies_at_split_class_and_name(image: Kept, path: str) -> None:
    assert place([image]).paths == [path]


@pytest.mark.parametrize(("name", "tables"), [("1.jpg", False), ("1.JPG", False), ("1.dat", True), ("1", True)])
def test_a_name_that_no_reader_takes_for_an_image_stands_in_a_table(name: str, *, tables: bool) -> None:
    assert place([kept(f"cat/{name}", "cat")]).tables is tables


def test_folders_of_splits_are_made_where_every_image_has_one() -> None:
    images = [kept("a/1.jpg", "a", "train"), kept("b/2.jpg", "b", "test")]
    placed = place(images)
    assert (placed.paths, placed.by_split, placed.tables, placed.notes) == (
        ["train/a/1.jpg", "test/b/2.jpg"], True, False, []
    )  # fmt: skip
    mixed = place([*images, kept("b/3.jpg", "b")])
    assert (mixed.paths, mixed.by_split, mixed.tables) == (["a/1.jpg", "b/2.jpg", "b/3.jpg"], False, True)
    assert mixed.notes == [
        "folders cannot say class and split of every image (2 not); metadata.csv beside them does",
        "there are no folders of splits, since not every image has one (without: 1); metadata.csv has them",
    ]


def test_names_that_some_file_system_takes_for_one_are_told_apart() -> None:
    composed, decomposed = unicodedata.normalize("NFC", "é.jpg"), unicodedata.normalize("NFD", "é.jpg")
    images = [
        kept("x/1.jpg", "a", sha256="0123456789"),
        kept("y/1.JPG", "a", sha256="abcdefghij"),
        kept(f"x/{composed}", "a"),
        kept(f"x/{decomposed}", "a", sha256="fedcba9876"),
    ]
    assert place(images).paths == [
        "a/1.jpg", "a/1-abcdefgh.JPG", f"a/{composed}", unicodedata.normalize("NFD", "a/é-fedcba98.jpg")
    ]  # fmt: skip


def test_a_file_is_not_in_the_way_of_a_folder_nor_a_folder_of_a_file() -> None:
    images = [kept("cat/x/1.jpg", "cat"), kept("y/x", "cat"), kept("z/a", "cat"), kept("cat/a/2.jpg", "cat")]
    assert place(images).paths == ["cat/x/1.jpg", "cat/x-s", "cat/a", "cat/a_/2.jpg"]


def test_classes_that_look_alike_stay_apart_and_are_told() -> None:
    placed = place([kept("x/1.jpg", "Sad"), kept("x/1.jpg", "sad", sha256="abcdefghij")])
    assert placed.paths == ["Sad/1.jpg", "sad/1-abcdefgh.jpg"]
    assert placed.tables
    assert "'Sad', 'sad' look like spellings of one" in placed.notes[0]


@pytest.mark.parametrize("labels", [("T-shirt/top", "T-shirt_top"), ("a\\b", "a_b"), ("cat", "cat "), ("a", "a.")])
def test_classes_whose_folders_would_be_one_are_refused(labels: tuple[str, str]) -> None:
    with pytest.raises(SourceError, match="would share the folder"):
        folder_names(labels)


def test_a_name_that_no_file_system_takes_is_cut_and_stays_its_own() -> None:
    long = ["x" * 300 + tail for tail in ("a", "b")]
    names = [folder_name(label) for label in long]
    assert [len(name.encode()) for name in names] == [200, 200]
    assert names[0] != names[1]
    assert folder_name("x" * 200) == "x" * 200
    assert len(folder_name("é" * 150).encode()) <= 200
    (path,) = place([kept("a/" + "y" * 250 + ".jpeg", "a")]).paths
    assert (len(path), path[-5:]) == (2 + 200 + 5, ".jpeg")
    (path,) = place([kept("a/" + "y" * 250 + "." + "z" * 15, "a")]).paths
    assert (len(path), path[-16:]) == (2 + 200 + 16, "." + "z" * 15)
    (path,) = place([kept("a/" + "y" * 180 + "." + "z" * 16, "a")]).paths
    assert path == "a/" + "y" * 180 + "." + "z" * 16
    (path,) = place([kept("a/" + "y" * 190 + "." + "z" * 16, "a")]).paths
    assert len(path) == 2 + 200


# Laws

WORD = st.one_of(
    st.sampled_from(
        ["cat", "Cat", "train", "test", "val", "a/b", "a_b", "images", ".x", "@eaDir", "http:", "x.tar", "é"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8).filter(
        str.strip
    ),
)
PART = WORD.map(lambda word: word.replace("/", "_")).filter(lambda word: word not in (".", ".."))
SPLIT = st.one_of(st.none(), st.sampled_from(["train", "test", "val", "fold 1"]))


@st.composite
def images(draw: st.DrawFn) -> list[Kept]:
    """A few images anywhere, of any class and split, no two at one path."""
    rows = draw(
        st.lists(
            st.tuples(st.lists(PART, min_size=1, max_size=3), st.none() | WORD, SPLIT, st.none() | WORD),
            min_size=1,
            max_size=6,
        )
    )
    found = {}
    for parts, label, split, final in rows:
        path = "/".join([*parts[:-1], f"{parts[-1]}.png"])
        found[path] = Kept(path, label, split, final, hashlib.sha256(path.encode()).hexdigest())
    return list(found.values())


@given(images())
@example([Kept("train/1.png", "x", None, "train", "s")])
def test_folders_say_what_is_wanted_or_a_table_is_asked_for_and_no_two_places_meet(rows: list[Kept]) -> None:
    placed = place(rows)
    wanted = [LabelAndSplit(row.final_label, row.split) for row in rows]
    assert placed.tables or classes_of(placed.paths) == wanted
    assert len({same_file(path) for path in placed.paths}) == len(rows)
    for path in placed.paths:
        assert not path.startswith("/")
        assert all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in path.split("/"))


def written(folder: Path, rows: list[Kept]) -> Path:
    """Write images of one colour each, and a list that gives them class and split."""
    lines = []
    for number, row in enumerate(rows):
        name = f"{number}.png"
        colour = np.full((9, 9, 3), (number * 37 % 256, number * 11 % 256, number), np.uint8)
        sample_images.save(colour, folder / "src" / name)
        lines.append(json.dumps({"path": name, "label": row.final_label, "split": row.split}))
    (folder / "src" / "list.jsonl").write_text("\n".join(lines))
    return folder / "src" / "list.jsonl"


@pytest.mark.parametrize("layout", ["folder", "imagefolder", "webdataset"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=images())
@example([Kept("1.png", None, None, "train", "s")])
@example([Kept("1.png", None, None, "train", "s"), Kept("2.png", None, "fold 1", None, "t")])
def test_what_goes_through_manifest_export_and_audit_is_what_it_was(layout: Layout, rows: list[Kept]) -> None:
    rows = [row._replace(final_label=row.final_label and row.final_label.strip()) for row in rows]
    labels = {row.final_label for row in rows if row.final_label is not None}
    assume(len({folder_name(label) for label in labels}) == len(labels))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = curate.audit(written(folder, rows), folder / "ws").images
        curate.manifest(folder / "ws", folder / "m.csv", pending="keep")
        curate.export(folder / "m.csv", folder / "out", layout=layout)
        assert curate.verify(folder / "out").ok
        after = curate.audit(folder / "out", folder / "ws2").images
    columns = ["sha256", "label", "split"]
    assert Counter(before[columns].itertuples(index=False, name=None)) == Counter(
        after[columns].itertuples(index=False, name=None)
    )
