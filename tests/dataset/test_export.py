"""The cleaned dataset in every form: what is written can be audited again, and verified."""

import csv
import hashlib
import json
import os
import re
import tarfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import curate
from curate.dataset import layouts
from curate.dataset.export import SUMS
from curate.dataset.layouts import ExportTarget
from curate.errors import CurateError, SourceError, UndecidedError
from curate.options import Layout
from curate.sources import objects
from tests import sample_images
from tests.conftest import Audited
from tests.dataset.handmade import DOCUMENTS, Row, files, manifest
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


@pytest.mark.parametrize("name", ["out", "out.csv"])
def test_a_file_url_is_the_path_that_it_names(
    approved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    curate.export(approved, f"file://{tmp_path}/{name}")
    assert curate.verify(f"file://{tmp_path}/{name}").ok
    assert (tmp_path / name).exists()
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("list.csv", b"path,label,split,sha256\n/"),
        ("LIST.TSV", b"path\tlabel\tsplit\tsha256\n/"),
        ("LIST.JSONL", b'{"path": "/'),
        ("LIST.PARQUET", b"PAR1"),
    ],
)
def test_a_list_is_what_its_name_says_however_that_is_written(tmp_path: Path, name: str, head: bytes) -> None:
    curate.export(manifest(tmp_path, Row("a/1.png", "a")), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(head)


def test_a_list_is_not_written_over(approved: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("mine")
    with pytest.raises(CurateError, match="already"):
        curate.export(approved, tmp_path / "list.csv")


# Where each image goes


def exported(folder: Path, *rows: Row, **options: Any) -> list[str]:
    return list(curate.export(manifest(folder, *rows), folder / "out", **options)["exported_path"])


@pytest.mark.parametrize(
    ("row", "path"),
    [
        pytest.param(Row("cats/1.png", "cats"), "cats/1.png", id="as it lies"),
        pytest.param(Row("cats/1.png", "cats", "dogs"), "dogs/1.png", id="relabelled"),
        pytest.param(Row("train/cats/a/1.png", "cats", "dogs", "train"), "train/dogs/a/1.png", id="below its split"),
        pytest.param(Row("cats.png", "cats", "dogs"), "dogs/cats.png", id="a file is no folder"),
        pytest.param(Row("1.png", None, "dogs"), "dogs/1.png", id="had no class"),
        pytest.param(Row("1.png", None), "1.png", id="has none"),
        pytest.param(Row("cats/1.png", "cats", "a/b"), "a_b/1.png", id="a label with a slash"),
        pytest.param(Row("cats/1.png", "cats", "..\\x. "), "_x/1.png", id="a label that climbs"),
        pytest.param(Row("cats/1.png", "cats", ". ."), "_/1.png", id="a label of dots"),
        pytest.param(Row("cats/1.png", "cats", "X-ray X"), "X-ray X/1.png", id="any other label as it is"),
    ],
)
def test_an_image_goes_to_the_folder_of_its_class(tmp_path: Path, row: Row, path: str) -> None:
    assert exported(tmp_path, row) == [path]
    assert files(tmp_path / "out")[path] == row.content


def test_images_that_come_to_bear_one_name_are_told_apart_by_content_and_then_by_number(tmp_path: Path) -> None:
    rows = (
        Row("dogs/1.png", "dogs", data=b"x"),
        Row("cats/1.png", "cats", "dogs", data=b"x"),
        Row("mice/1.png", "mice", "dogs", data=b"x"),
        Row("rats/1.png", "rats", "dogs", data=b"x"),
    )
    digest = hashlib.sha256(b"x").hexdigest()[:8]
    names = ["dogs/1.png", f"dogs/1-{digest}.png", f"dogs/1-{digest}_.png", f"dogs/1-{digest}__.png"]
    assert exported(tmp_path, *rows) == names
    assert set(files(tmp_path / "out")) == {*names, SUMS, *DOCUMENTS}


@pytest.mark.parametrize("labels", [("a/b", "a_b"), ("a\\b", "a_b"), ("cats", "cats."), ("..", "_")])
def test_two_classes_that_would_share_a_folder_are_refused_by_name(tmp_path: Path, labels: tuple[str, str]) -> None:
    rows = [Row(f"old/{index}.png", "old", label) for index, label in enumerate(labels)]
    first, second = sorted(labels)
    line = re.escape(f"the classes {first!r} and {second!r} would share the folder ")
    with pytest.raises(SourceError, match=line):
        exported(tmp_path, *rows, layout="folder")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("layout", ["imagefolder", "webdataset"])
def test_forms_that_write_labels_down_keep_such_classes_apart(tmp_path: Path, layout: Layout) -> None:
    for name in ("1", "2"):
        sample_images.save(sample_images.photo(int(name), 40, 30), tmp_path / "source" / "old" / f"{name}.png")
    data = files(tmp_path / "source")
    rows = [
        Row(f"old/{name}.png", "old", label, data=data[f"old/{name}.png"])
        for name, label in (("1", "a/b"), ("2", "a_b"))
    ]
    exported(tmp_path, *rows, layout=layout)
    assert set(curate.audit(tmp_path / "out", tmp_path / "ws").images["label"]) == {"a/b", "a_b"}


def test_only_what_is_to_be_kept_goes_out(tmp_path: Path) -> None:
    rows = (Row("a/1.png", "a"), Row("a/2.png", "a", action="drop"), Row("a/3.png", "a", "b", action="relabel"))
    assert exported(tmp_path, *rows) == ["a/1.png", "b/3.png"]


def test_undecided_images_stop_an_export_and_unknown_actions_are_named(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError, match="--pending keep"):
        exported(tmp_path, Row("a/1.png", "a", action="pending"))
    with pytest.raises(SourceError, match="'delete' is no action; there are keep, drop, relabel, pending"):
        exported(tmp_path, Row("a/1.png", "a", action="delete"))


def test_an_image_that_is_gone_or_another_one_stops_the_export(tmp_path: Path) -> None:
    path = manifest(tmp_path, Row("a/1.png", "a"))
    (tmp_path / "source" / "a" / "1.png").write_bytes(b"other")
    for layout in ("folder", "webdataset"):
        with pytest.raises(SourceError, match=r"1\.png has changed since the scan; run the audit again"):
            curate.export(path, tmp_path / "out", layout=layout)
    (tmp_path / "source" / "a" / "1.png").unlink()
    for layout in ("folder", "webdataset"):
        with pytest.raises(SourceError, match=r"1\.png cannot be read \(No such file.*--source"):
            curate.export(path, tmp_path / "out", layout=layout)
    assert not (tmp_path / "out").exists()


# Forms


def test_a_folder_holds_sums_that_sha256sum_reads(tmp_path: Path) -> None:
    exported(tmp_path, Row("b/2.png", "b"), Row("a/1.png", "a"))
    out = files(tmp_path / "out")
    lines = [
        f"{hashlib.sha256(out[name]).hexdigest()}  {name}\n" for name in sorted(["a/1.png", "b/2.png", *DOCUMENTS])
    ]
    assert out[SUMS] == "".join(lines).encode()


def test_an_image_folder_without_splits_has_one_table(tmp_path: Path) -> None:
    exported(tmp_path, Row("a/1.png", "a"), Row("b/2.png", "b", "a"), layout="imagefolder")
    assert files(tmp_path / "out")["metadata.csv"] == b"file_name,label\na/1.png,a\na/2.png,a\n"


def test_an_image_folder_with_splits_has_a_folder_and_a_table_for_each(tmp_path: Path) -> None:
    rows = (Row("a/1.png", "a", split="train"), Row("a/2.png", "a", split="test"), Row("b/3.png", "b", split="x/y"))
    names = exported(tmp_path, *rows, layout="imagefolder")
    assert names == ["train/a/1.png", "test/a/2.png", "x_y/b/3.png"]
    out = files(tmp_path / "out")
    assert out["train/metadata.csv"] == b"file_name,label\na/1.png,a\n"
    assert out["test/metadata.csv"] == b"file_name,label\na/2.png,a\n"
    assert out["x_y/metadata.csv"] == b"file_name,label,split\nb/3.png,b,x/y\n"
    assert curate.verify(tmp_path / "out").checked == 6 + len(DOCUMENTS)


def test_folders_of_splits_have_one_name_each_however_the_source_spells_them(tmp_path: Path) -> None:
    rows = (
        Row("train/a/1.png", "a", split="train"),
        Row("Valid/a/2.png", "a", split="val"),
        Row("VAL/a/3.png", "a", split="val"),
    )
    assert exported(tmp_path, *rows, layout="imagefolder") == ["train/a/1.png", "val/a/2.png", "val/a/3.png"]
    assert files(tmp_path / "out")["val/metadata.csv"] == b"file_name,label\na/2.png,a\na/3.png,a\n"


def test_where_some_images_have_no_split_none_gets_a_folder_for_it(tmp_path: Path) -> None:
    rows = (Row("a/1.png", "a", split="train"), Row("a/2.png", "a"))
    assert exported(tmp_path, *rows, layout="imagefolder") == ["a/1.png", "a/2.png"]


def test_a_shard_holds_image_class_and_facts_of_each(tmp_path: Path) -> None:
    rows = (
        Row("a/1.PNG", "a", "ä", split="train"),
        Row("b/plain", "b", split="train", format="JPEG"),
        Row("c", None, split="train", format=None),
        Row("e", "e", split="train", data=sample_images.encode(sample_images.photo(1, 8, 8), "PNG"), format=None),
        Row("d/4.png", "d", split="test"),
    )
    exported(tmp_path, *rows, layout="webdataset")
    out = files(tmp_path / "out")
    assert set(out) == {"train-000000.tar", "test-000000.tar", SUMS, *DOCUMENTS}
    with tarfile.open(tmp_path / "out" / "train-000000.tar") as packed:
        read = {entry.name: packed.extractfile(entry).read() for entry in packed}  # type: ignore[union-attr]
        assert {entry.mode for entry in packed} == {0o644}
    assert [*read] == [
        "000000.png", "000000.cls", "000000.json",
        "000001.jpeg", "000001.cls", "000001.json",
        "000002.bin", "000002.json",
        "000003.png", "000003.cls", "000003.json",
    ]  # fmt: skip
    assert read["000000.png"] == b"a/1.PNG"
    assert read["000000.cls"] == "ä".encode()
    digest = hashlib.sha256(b"a/1.PNG").hexdigest()
    assert read["000000.json"].decode() == (
        f'{{"label": "ä", "path": "train/ä/1.PNG", "sha256": "{digest}", "split": "train"}}'
    )
    assert json.loads(read["000002.json"])["label"] is None


def test_images_without_a_split_go_to_shards_called_data(tmp_path: Path) -> None:
    exported(tmp_path, Row("a/1.png", "a"), layout="webdataset")
    assert set(files(tmp_path / "out")) == {"data-000000.tar", SUMS, *DOCUMENTS}


def test_a_shard_is_full_at_its_bytes_but_never_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "SHARD_BYTES", 10)
    rows = [Row(f"a/{index}.png", "a", data=bytes(size)) for index, size in enumerate((5, 5, 11, 1, 9, 1))]
    exported(tmp_path, *rows, layout="webdataset")
    counts = []
    for path in sorted((tmp_path / "out").glob("*.tar")):
        with tarfile.open(path) as packed:
            counts.append(sum(name.endswith(".png") for name in packed.getnames()))
    assert counts == [2, 1, 2, 1]


LIST = (Row("a/1.png", "a", split="train"), Row("b/,2.png", "b", "=c"))


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_a_list_of_text_names_images_where_they_are(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "deep" / "er" / f"list{suffix}"
    curate.export(manifest(tmp_path, *LIST), path)
    with path.open(newline="") as file:
        rows = list(csv.reader(file, delimiter="\t" if suffix == ".tsv" else ","))
    digests = [hashlib.sha256(row.content).hexdigest() for row in LIST]
    assert rows == [
        ["path", "label", "split", "sha256"],
        [str(tmp_path / "source" / "a/1.png"), "a", "train", digests[0]],
        [str(tmp_path / "source" / "b/,2.png"), "=c", "", digests[1]],
    ]
    assert b"\r" not in path.read_bytes()


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_list_for_programs_holds_the_same(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"list{suffix}"
    curate.export(manifest(tmp_path, *LIST), path)
    rows = (
        pq.read_table(path).to_pylist()
        if suffix == ".parquet"
        else [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    )
    assert [(row["path"], row["label"], row["split"]) for row in rows] == [
        (str(tmp_path / "source" / "a/1.png"), "a", "train"),
        (str(tmp_path / "source" / "b/,2.png"), "=c", None),
    ]


def test_a_list_in_a_store_names_images_by_their_urls_and_is_not_written_over(tmp_path: Path) -> None:
    memory = "memory://lists"
    path = manifest(tmp_path, Row("a/1.png", "a"))
    objects.put(f"{memory}/a/1.png", b"a/1.png")
    curate.export(path, f"{memory}/list.csv", source=memory)
    assert (objects.fetch(f"{memory}/list.csv") or b"").decode().splitlines()[1].startswith(f"{memory}/a/1.png,a,,")
    assert curate.verify(f"{memory}/list.csv").ok
    with pytest.raises(CurateError, match=r"list\.csv is there already"):
        curate.export(path, f"{memory}/list.csv")


@pytest.mark.parametrize("layout", ["folder", "imagefolder", "webdataset"])
def test_an_export_to_a_store_is_what_it_would_be_on_a_disk(tmp_path: Path, layout: Layout) -> None:
    memory = f"memory://out-{layout}"
    path = manifest(tmp_path, Row("a/1.png", "a", split="train"), Row("b/2.png", "b", split="test"))
    curate.export(path, tmp_path / "out", layout=layout)
    curate.export(path, f"{memory}/", layout=layout)
    stored = {entry.path: objects.fetch(f"{memory}/{entry.path}") for entry in objects.entries(memory)}
    assert stored == files(tmp_path / "out")
    assert curate.verify(memory).ok
    objects.put(f"{memory}/stray", b"x")
    assert curate.verify(memory).extra == ["stray"]
    with pytest.raises(CurateError, match="is not empty; give a place where there is nothing"):
        curate.export(path, memory, layout=layout)


def test_a_shard_that_has_been_sent_no_longer_takes_room_here(tmp_path: Path) -> None:
    for name in ("sent.tar", "kept.tar"):
        (tmp_path / name).write_bytes(b"shard")
    ExportTarget(tmp_path, "memory://sent").send("sent.tar")
    ExportTarget(tmp_path, None).send("kept.tar")
    assert objects.fetch("memory://sent/sent.tar") == b"shard"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.tar"]
    ExportTarget(tmp_path, None).put("a/b/c.png", b"image")
    assert (tmp_path / "a" / "b" / "c.png").read_bytes() == b"image"


@pytest.mark.parametrize(
    ("destination", "layout"),
    [
        pytest.param("memory://links", "folder", id="a store"),
        pytest.param("out", "webdataset", id="shards"),
    ],
)
def test_links_are_made_between_files_of_this_machine_only(tmp_path: Path, destination: str, layout: Layout) -> None:
    target = destination if "://" in destination else tmp_path / destination
    with pytest.raises(CurateError, match="--mode hardlink makes links between files of this machine"):
        curate.export(manifest(tmp_path, Row("a/1.png", "a")), target, mode="hardlink", layout=layout)


def test_a_hard_link_is_the_file_itself_and_a_copy_has_its_times(tmp_path: Path) -> None:
    path = manifest(tmp_path, Row("a/1.png", "a"))
    original = tmp_path / "source" / "a" / "1.png"
    os.utime(original, ns=(10**18, 10**18))
    curate.export(path, tmp_path / "links", mode="hardlink")
    curate.export(path, tmp_path / "copies")
    assert (tmp_path / "links" / "a" / "1.png").samefile(original)
    assert (tmp_path / "copies" / "a" / "1.png").stat().st_mtime_ns == 10**18
    assert not (tmp_path / "copies" / "a" / "1.png").samefile(original)


# Checking
