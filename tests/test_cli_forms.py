"""Forms of other tools on the command line: what comes in, what goes out, and what is refused."""

import json
from pathlib import Path

import pytest

from tests import sample_images
from tests.sources.test_annotations import folder
from tests.sources.test_foreign import VOC, put
from tests.test_cli import run


def test_a_known_form_that_is_not_read_is_one_line_and_exit_2(tmp_path: Path) -> None:
    folder(tmp_path / "voc", "JPEGImages/1.jpg")
    put(tmp_path / "voc", "Annotations/1.xml", VOC)
    done = run("audit", tmp_path / "voc", "-w", tmp_path / "ws")
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"curate: {tmp_path}/voc/Annotations/1.xml is Pascal VOC")
    assert not (tmp_path / "ws").exists()


@pytest.mark.slow
def test_labels_go_to_label_studio_and_come_back_as_decisions(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "set", each=2)
    assert run("audit", source, "-w", tmp_path / "ws").returncode == 0
    assert run("manifest", tmp_path / "ws", "--pending", "keep").returncode == 0
    manifest = tmp_path / "ws" / "manifest.parquet"
    assert run("export", manifest, tmp_path / "out", "--as", "label-studio").returncode == 0
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text())
    for task in tasks:
        if task["data"]["path"] == "cats/000.jpg":
            task["annotations"][0]["result"][0]["value"]["choices"] = ["dogs"]
    (tmp_path / "answers.json").write_text(json.dumps(tasks))
    done = run("decide", tmp_path / "ws", "--from-label-studio", tmp_path / "answers.json", "--reviewer", "ann")
    assert done.stderr == "recorded 1 decision by ann\n"
    run("manifest", tmp_path / "ws", "-o", tmp_path / "m.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert {row["path"]: row["final_label"] for row in rows if row["action"] == "relabel"} == {"cats/000.jpg": "dogs"}


def test_two_ways_to_decide_at_once_are_refused(tmp_path: Path) -> None:
    done = run("decide", tmp_path, "--from-csv", tmp_path / "a.csv", "--from-label-studio", tmp_path / "a.json")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "give them one by one" in done.stderr


def test_what_would_narrow_a_file_of_decisions_is_refused_and_not_left_out_of_account(tmp_path: Path) -> None:
    chosen = {
        "--action": "keep", "--category": "corrupted", "--kind": "dark", "--label": "cats", "--path": "a*",
        "--min-score": ".5", "--max-score": ".9", "--to": "dogs",
    }  # fmt: skip
    for name, value in chosen.items():
        done = run("decide", tmp_path, "--from-csv", tmp_path / "a.csv", name, value)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert f"{name} would not count" in done.stderr
    done = run("decide", tmp_path, "--from-label-studio", tmp_path / "a.json", "--keepers", "--label", "cats")
    assert done.returncode == 2
    assert "--label and --keepers would not count; leave them out" in done.stderr
