"""The forms of other tools, written and read again: same images, classes and splits, whatever these are called."""

import hashlib
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pyarrow.parquet as pq
import pytest

import curate
from curate.dataset import parquet_layout
from curate.dataset.annotated_layouts import write_label_studio
from curate.dataset.flags import Flag
from curate.dataset.layouts import ExportTarget
from curate.errors import CurateError
from curate.options import Layout
from tests import sample_images
from tests.conftest import Audited
from tests.dataset.handmade import Row, manifest

FORMS: list[Layout] = ["parquet", "fiftyone", "label-studio", "imagefolder", "webdataset"]
DATA = [sample_images.encode(sample_images.photo(index, 40, 30), "PNG") for index in range(8)]


def rows(*facts: tuple[str, str | None, str | None]) -> list[Row]:
    return [Row(path, label, split=split, data=DATA[at]) for at, (path, label, split) in enumerate(facts)]


PLAIN = rows(("train/cat/1.png", "cat", "train"), ("val/cat/1.png", "cat", "val"), ("test/dog/2.png", "dog", "test"))
ODD = rows(
    ("a.png", "T-shirt/top", "fold 3"),
    ("b/a.png", "train", None),
    ("b/ü ö&+%20.png", "..", "val"),
    ("b/A.png", None, "data"),
    ("c/a.png", "caf\u00e9", "x/y"),
    ("d/a.png", '"<&>', "x_y"),
    ("e/a.png", " train", "val"),
    ("f/image.cls", "cat", "val"),
)
NO_CLASS = rows(("1.png", None, None), ("2.png", None, None))

SPLITS = rows(("1.png", "train", None), ("2.png", "test", None))


def told(images: Any) -> list[tuple[str, str | None, str | None]]:
    return sorted(zip(images["sha256"], images["label"], images["split"], strict=True))


@pytest.mark.parametrize("layout", FORMS)
@pytest.mark.parametrize("given", [PLAIN, ODD, NO_CLASS, SPLITS], ids=["plain", "odd names", "no class", "as splits"])
def test_what_goes_out_comes_back(tmp_path: Path, layout: Layout, given: list[Row]) -> None:
    path = manifest(tmp_path, *given)
    exported = curate.export(path, tmp_path / "out", layout=layout)
    assert curate.verify(tmp_path / "out").ok
    audit = curate.audit(tmp_path / "out", tmp_path / "ws")
    assert told(audit.images) == sorted(
        zip(exported["sha256"], exported["final_label"], exported["split"], strict=True)
    )
    assert set(audit.images["status"]) == {"ok"}
    curate.manifest(tmp_path / "ws", tmp_path / "again.parquet", pending="keep")
    again = curate.export(tmp_path / "again.parquet", tmp_path / "again", layout=layout)
    assert told(again.assign(label=again["final_label"])) == told(audit.images)


@pytest.mark.parametrize("layout", FORMS)
def test_the_same_manifest_gives_the_same_bytes(tmp_path: Path, layout: Layout) -> None:
    path = manifest(tmp_path, *PLAIN)
    for name in ("one", "two"):
        curate.export(path, tmp_path / name, layout=layout)
    assert (tmp_path / "one" / "sha256sums.txt").read_bytes() == (tmp_path / "two" / "sha256sums.txt").read_bytes()


# Parquet


def test_parquet_is_what_the_hub_has(tmp_path: Path) -> None:
    curate.export(manifest(tmp_path, *PLAIN), tmp_path / "out", layout="parquet")
    names = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.parquet"))
    assert names == [f"data/{split}-00000-of-00001.parquet" for split in ("test", "train", "validation")]
    table = pq.ParquetFile(tmp_path / "out" / names[0]).read()
    assert table.to_pylist() == [{"image": {"bytes": DATA[2], "path": "test/dog/2.png"}, "label": 1}]
    assert json.loads(table.schema.metadata[b"huggingface"]) == {
        "info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}
    }


def test_splits_that_no_file_name_says_are_a_column(tmp_path: Path) -> None:
    curate.export(manifest(tmp_path, *ODD), tmp_path / "out", layout="parquet")
    schema = pq.read_schema(tmp_path / "out" / "data" / "fold_3-00000-of-00001.parquet")
    assert schema.names == ["image", "label", "split"]


def test_parquet_files_are_cut_at_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_layout, "FILE_BYTES", len(DATA[0]))
    monkeypatch.setattr(parquet_layout, "GROUP_ROWS", 2)
    given = rows(*((f"{at}.png", "cat", None) for at in range(5)))
    curate.export(manifest(tmp_path, *given), tmp_path / "out", layout="parquet")
    files = sorted((tmp_path / "out" / "data").iterdir())
    assert [path.name for path in files] == [f"data-{part:05}-of-00003.parquet" for part in range(3)]
    assert [pq.ParquetFile(path).metadata.num_rows for path in files] == [2, 2, 1]


def test_parquet_holds_copies_and_no_links(tmp_path: Path) -> None:
    with pytest.raises(CurateError, match="leave it out here"):
        curate.export(manifest(tmp_path, *PLAIN), tmp_path / "out", layout="parquet", mode="symlink")


# What was found goes with the images


@pytest.fixture
def doubted(audited: Audited, tmp_path: Path) -> Path:
    """A manifest of all images of an audit in which the label of one copy is doubted."""
    curate.manifest(audited.workspace.root, tmp_path / "m.parquet", pending="keep")
    return tmp_path / "m.parquet"


def test_fiftyone_has_a_field_for_every_kind(audited: Audited, doubted: Path, tmp_path: Path) -> None:
    curate.export(doubted, tmp_path / "out", layout="fiftyone")
    samples = json.loads((tmp_path / "out" / "samples.json").read_text())["samples"]
    by_path = {sample["source_path"]: sample for sample in samples}
    findings = audited.audit.findings
    dark = findings[findings["kind"] == "dark"].iloc[0]
    assert by_path[dark["path"]]["dark"] == {
        "_cls": "Classification",
        "label": dark["severity"],
        "confidence": dark["score"],
        "reason": dark["reason"],
    }
    kinds = {kind for sample in samples for kind in sample} & set(findings["kind"])
    assert kinds == set(findings["kind"])
    clean = by_path["cats/000.jpg"]
    assert {"filepath", "tags", "ground_truth", "split", "source_path", "sha256"} == set(clean)
    assert clean["ground_truth"] == {"_cls": "Classification", "label": "cats"}
    assert "version" not in json.loads((tmp_path / "out" / "metadata.json").read_text())


def test_fiftyone_is_told_the_split_of_each_image_that_has_one(tmp_path: Path) -> None:
    curate.export(manifest(tmp_path, *PLAIN, *NO_CLASS), tmp_path / "out", layout="fiftyone")
    samples = json.loads((tmp_path / "out" / "samples.json").read_text())["samples"]
    assert [(sample["split"], sample["tags"]) for sample in samples] == [
        ("train", ["train"]), ("val", ["val"]), ("test", ["test"]), (None, []), (None, [])
    ]  # fmt: skip


def doubt(score: float, suggested: str | None = None, severity: str = "error") -> Flag:
    return Flag("label_conflict", "label", score, severity, f"doubt {score}", suggested)


def test_label_studio_asks_the_most_doubtful_first_and_guesses_what_the_surest_finding_suggests(tmp_path: Path) -> None:
    labels = {"sure": "cat", "noted": "cat", "doubted": "cat", "most": "dog", "none": None}
    images = pd.DataFrame(
        [(name, name, name, str(tmp_path), label, None) for name, label in labels.items()],
        columns=["path", "exported_path", "sha256", "source", "final_label", "split"],
        dtype=object,
    )
    for name in labels:
        (tmp_path / name).write_bytes(name.encode())
    images["sha256"] = [hashlib.sha256(name.encode()).hexdigest() for name in labels]
    flags = {
        "noted": [doubt(1.0, "dog", severity="info"), Flag("dark", "quality", 1.0, "error", "dark", None)],
        "doubted": [doubt(0.6)],
        "most": [doubt(0.5, "fish"), doubt(0.9, "bird")],
    }
    by_image = {(name, hashlib.sha256(name.encode()).hexdigest()): found for name, found in flags.items()}
    write_label_studio(images, "copy", ExportTarget(tmp_path / "out", None), by_image)
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text())
    assert [task["data"]["path"] for task in tasks] == ["most", "doubted", "none", "sure", "noted"]
    answers = [[answer["result"][0]["value"]["choices"] for answer in task["annotations"]] for task in tasks]
    assert answers == [[], [], [], [["cat"]], [["cat"]]]
    guesses = [
        [(guess["score"], guess["result"][0]["value"]["choices"]) for guess in task["predictions"]] for task in tasks
    ]
    assert guesses == [[(0.9, ["bird"])], [(0.6, ["cat"])], [], [], []]
    assert tasks[0]["data"]["reason"] == "doubt 0.9; doubt 0.5"
    config = ElementTree.parse(tmp_path / "out" / "config.xml").getroot()
    assert [node.get("value") for node in config.iter("Choice")] == ["bird", "cat", "dog", "fish"]
    (shown,), (question,), (text,) = (config.findall(tag) for tag in ("Image", "Choices", "Text"))
    for choice in (tasks[0]["predictions"][0]["result"][0], tasks[-1]["annotations"][0]["result"][0]):
        assert (choice["from_name"], choice["to_name"]) == (question.get("name"), shown.get("name"))
    assert question.get("toName") == shown.get("name")
    assert {shown.get("value"), text.get("value")} <= {f"${name}" for name in tasks[0]["data"]}


def test_label_studio_asks_for_what_is_doubtful_and_answers_the_rest(doubted: Path, tmp_path: Path) -> None:
    exported = curate.export(doubted, tmp_path / "out", layout="label-studio")
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text())
    assert len(tasks) == len(exported)
    asked = [task for task in tasks if not task["annotations"]]
    assert {task["data"]["path"] for task in asked} == {"cats/001.jpg", "dogs/small.jpg"}  # copies of two classes
    assert tasks[: len(asked)] == asked
    assert all(task["predictions"][0]["result"][0]["value"]["choices"] for task in asked)
    choices = [node.get("value") for node in ElementTree.parse(tmp_path / "out" / "config.xml").iter("Choice")]
    assert choices == ["cats", "dogs"]


def test_without_a_workspace_it_is_told_that_findings_are_not_written(tmp_path: Path) -> None:
    said: list[str] = []
    curate.export(manifest(tmp_path, *PLAIN), tmp_path / "out", layout="fiftyone", say=said.append)
    assert any("no workspace lies with" in line for line in said)


def test_a_class_that_ends_in_a_line_break_is_refused_for_shards_which_would_lose_it(tmp_path: Path) -> None:
    approved = manifest(tmp_path, *rows(("a.png", "cat\n", None), ("b.png", "cat", None)))
    with pytest.raises(CurateError, match=r"the class 'cat\\n' begins or ends in a line break"):
        curate.export(approved, tmp_path / "out", layout="webdataset")
    assert not (tmp_path / "out").exists()
