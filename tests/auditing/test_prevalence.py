"""What holds for most of a dataset, or of a class, is said once and queues nothing."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

import curate
from curate.auditing.judge import DatasetProperty, Judgement, judge
from curate.cli import app
from curate.config import JudgeSettings
from curate.scanners import Scanner
from curate.scanners.labels import Labels
from curate.scanners.quality import Quality
from tests import sample_images


def judged(classes: dict[str, tuple[int, int]], **settings: float) -> Judgement:
    """Judge classes given as (images, how many of them are empty)."""
    rows = [
        {"path": f"{label}/{index:03}", "label": label, "quality.contrast": 1.0 if index < empty else 50.0}
        for label, (images, empty) in classes.items()
        for index in range(images)
    ]
    frame = pd.DataFrame(rows).assign(status="ok", width=100, height=100)
    measured = {"blur": 0.2, "p1": 0.05, "p5": 0.1, "p99": 0.9, "flat_share": 0.2, "has_subject": False, "details": 0}
    frame = frame.assign(**{f"quality.{name}": value for name, value in measured.items()})
    return judge(frame, [Quality()], JudgeSettings.model_validate(settings))


def told(judgement: Judgement) -> list[tuple[str | None, int]]:
    return [(item.label, item.images) for item in judgement.prevalent]


@pytest.mark.parametrize(
    ("classes", "notes", "queued"),
    [
        pytest.param({"sea": (40, 30), "town": (100, 5)}, [("sea", 30)], 5, id="most of one class"),
        pytest.param({"sea": (40, 20), "town": (100, 5)}, [], 25, id="half of it is not most"),
        pytest.param({"sea": (19, 19), "town": (100, 5)}, [], 24, id="a class too small to say"),
        pytest.param({"sea": (60, 60), "sky": (40, 30), "town": (30, 1)}, [(None, 91)], 0, id="most of the dataset"),
        pytest.param({"sea": (20, 20), "sky": (20, 15), "town": (90, 0)}, [("sea", 20), ("sky", 15)], 0, id="two"),
    ],
)
def test_what_holds_for_most_of_a_class_is_said_once_for_the_class(
    classes: dict[str, tuple[int, int]], notes: list[tuple[str | None, int]], queued: int
) -> None:
    judgement = judged(classes)
    assert told(judgement) == notes
    assert len(judgement.findings) == queued
    assert not set(judgement.findings["label"]) & {label for label, _ in notes}


def test_the_note_names_class_check_and_counts_and_survives_its_file() -> None:
    (note,) = judged({"sea": (40, 30), "town": (100, 0)}).prevalent
    assert note.reason.startswith("Class sea: Low information: 30 of 40 images (75%).")
    assert DatasetProperty.from_json(json.loads(json.dumps(note.to_json()))) == note


def test_who_asks_for_everything_gets_it() -> None:
    judgement = judged({"sea": (40, 40), "town": (100, 0)}, prevalence=1.0)
    assert (told(judgement), len(judgement.findings)) == ([], 40)


def test_doubtful_labels_of_most_of_a_class_are_queued_all_the_same() -> None:
    """Two folders that were swapped: each image has another class to go to."""
    frame = pd.DataFrame({"path": [f"{index:03}" for index in range(100)], "label": ["cat"] * 40 + ["dog"] * 60})
    frame = frame.assign(status="ok", predicted="dog", confidence=0.9)
    frame["given_confidence"] = [0.05] * 40 + [0.9] * 60
    frame["probabilities"] = [[0.05, 0.9]] * 100
    scanners: list[Scanner] = [Labels()]
    judgement = judge(frame, scanners, JudgeSettings())
    assert (told(judgement), len(judgement.findings)) == ([], 40)


def test_a_class_note_is_printed_kept_and_fails_where_asked_to(tmp_path: Path) -> None:
    for index in range(30):
        sample_images.save(sample_images.photo(index), tmp_path / "set" / "town" / f"{index:02}.png")
    (tmp_path / "set" / "fog").mkdir()
    for index in range(25):
        Image.fromarray(np.full((60, 80 + index, 3), 100 + index, np.uint8)).save(
            tmp_path / "set" / "fog" / f"{index:02}.png"
        )
    line = ["audit", str(tmp_path / "set"), "-w", str(tmp_path / "ws"), "--lang", "en"]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 0
    assert "note: Class fog: Low information: 25 of 25 images" in " ".join(done.output.split())
    assert "low_information" not in set(pd.read_parquet(tmp_path / "ws" / "findings.parquet", columns=["kind"])["kind"])
    assert CliRunner().invoke(app, [*line, "--fail-on", "low_information"]).exit_code == 1
    (kept,) = json.loads((tmp_path / "ws" / "audit.json").read_text())["prevalent"]
    assert (kept["label"], kept["images"]) == ("fog", 25)
    assert [item.label for item in curate.status(tmp_path / "ws").prevalent] == ["fog"]
