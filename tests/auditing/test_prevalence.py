"""What holds for most of a dataset, or of a class, is said once and queues nothing."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

import curate
from curate.auditing.judge import DatasetProperty, Judgement, judge
from curate.cli import app
from curate.config import JudgeSettings
from curate.duplicates import kinds
from curate.findings import Finding, KindSpec
from curate.i18n import Message
from curate.images import kinds as damage
from curate.scanners import Scanner
from curate.scanners.labels import Labels
from curate.scanners.quality import BLURRY, DARK, Quality
from curate.schema import Role, Severity
from tests import sample_images


def judged(classes: Mapping[str | None, tuple[int, int]], **settings: float) -> Judgement:
    """Judge classes given as (images, how many of them are empty)."""
    rows = [
        {"path": f"{label}/{index:03}", "label": label, "quality.contrast": 1.0 if index < empty else 50.0}
        for label, (images, empty) in classes.items()
        for index in range(images)
    ]
    frame = pd.DataFrame(rows).assign(status="ok", width=100, height=100)
    frame["label"] = pd.Series([row["label"] for row in rows], dtype=object)  # a class that is lacking is None
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
        pytest.param(
            {**dict.fromkeys("edcba", (20, 20)), "town": (110, 0)}, [(name, 20) for name in "abcde"], 0, id="five"
        ),
    ],
)
def test_what_holds_for_most_of_a_class_is_said_once_for_the_class(
    classes: dict[str | None, tuple[int, int]], notes: list[tuple[str | None, int]], queued: int
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


def test_the_note_on_a_dataset_names_no_class() -> None:
    (note,) = judged({"sea": (60, 60), "sky": (40, 31)}).prevalent
    assert note.reason.startswith("Low information: 91 of 100 images (91%).")


def test_images_without_a_class_are_no_class() -> None:
    assert told(judged({"sea": (40, 30), None: (100, 35)})) == [("sea", 30)]
    assert told(judged({None: (40, 30), "town": (100, 5)})) == []


class Telling(Scanner):
    """A scanner that knows its findings beforehand."""

    name: ClassVar[str] = "telling"
    kinds: ClassVar[tuple[KindSpec, ...]] = (damage.TRUNCATED, BLURRY, DARK, kinds.SAME_BYTES, kinds.RESIZED)

    def __init__(self, *findings: Finding) -> None:
        super().__init__()
        self._findings = findings

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        del features
        yield from self._findings


def found(kind: KindSpec, number: int, role: Role = Role.SUBJECT, group: str | None = None) -> Finding:
    return Finding(kind=kind, path=f"{number:02}", score=0.5, message=Message("Why."), role=role, group_id=group)


def pairs(kind: KindSpec, count: int) -> list[Finding]:
    """Say of images 0 and 1, 2 and 3, ... that they are a keeper and its copy, each pair a group."""
    roles = (Role.KEEPER, Role.COPY)
    return [found(kind, 2 * pair + at, role, f"g{pair}") for pair in range(count) for at, role in enumerate(roles)]


def of_24(*findings: Finding) -> tuple[dict[str, int], dict[str, int]]:
    """Judge 24 images of one class: how many images each note counts, and how many findings of each kind are queued."""
    frame = pd.DataFrame({"path": [f"{number:02}" for number in range(24)], "label": "a"})
    judgement = judge(frame, [Telling(*findings)], JudgeSettings())
    queued = judgement.findings["kind"].value_counts().to_dict()
    return {item.kind: item.images for item in judgement.prevalent}, queued


def test_damage_and_exact_copies_of_most_images_are_queued_all_the_same() -> None:
    assert of_24(*(found(damage.TRUNCATED, number) for number in range(20))) == ({}, {"truncated": 20})
    copies = [found(kinds.SAME_BYTES, number, Role.COPY, "g") for number in range(1, 21)]
    assert of_24(found(kinds.SAME_BYTES, 0, Role.KEEPER, "g"), *copies) == ({}, {"same_bytes": 21})


def test_keepers_are_no_copies_and_a_dataset_of_pairs_is_queued() -> None:
    assert of_24(*pairs(kinds.RESIZED, 12)) == ({}, {"resized": 24})


def test_copies_of_most_images_are_a_property_of_the_dataset() -> None:
    copies = [found(kinds.RESIZED, number, Role.COPY, "g") for number in range(1, 14)]
    assert of_24(found(kinds.RESIZED, 0, Role.KEEPER, "g"), *copies) == ({"resized": 13}, {})
    exact = found(kinds.SAME_BYTES, 20, Role.COPY, "g")
    assert of_24(found(kinds.RESIZED, 0, Role.KEEPER, "g"), *copies, exact) == ({"resized": 13}, {"same_bytes": 1})


def conflicts(count: int, *, exact: bool) -> list[Finding]:
    found = pairs(kinds.LABEL_CONFLICT, count)
    return [replace(finding, evidence={"label": ["a", "b"], "exact": exact}) for finding in found]


def test_classes_that_copies_contradict_count_every_image_unless_the_copies_are_exact() -> None:
    near, exact = pairs(kinds.RESIZED, 7), pairs(kinds.SAME_BYTES, 7)
    assert of_24(*conflicts(7, exact=False), *near) == ({"label_conflict": 14}, {"resized": 14})
    assert of_24(*conflicts(7, exact=False), *exact) == ({"label_conflict": 14}, {"same_bytes": 14})
    assert of_24(*conflicts(7, exact=True), *exact) == ({}, {"label_conflict": 14, "same_bytes": 14})


def test_a_contradiction_between_exact_copies_is_queued_where_others_are_a_property() -> None:
    last = conflicts(8, exact=True)[-2:]
    notes, queued = of_24(*conflicts(7, exact=False), *last, *pairs(kinds.SAME_BYTES, 8))
    assert (notes, queued["label_conflict"]) == ({"label_conflict": 14}, 2)


def test_what_merely_informs_of_most_images_stays_what_it_is() -> None:
    told = [replace(found(DARK, number), severity=Severity.INFO) for number in range(20)]
    assert of_24(*told) == ({}, {"dark": 20})


def test_an_image_that_a_check_names_twice_counts_once() -> None:
    twice = [replace(found(DARK, number), key=(str(time),)) for number in range(12) for time in range(2)]
    assert of_24(*twice) == ({}, {"dark": 24})


def test_notes_come_by_the_name_of_their_kind() -> None:
    notes, _ = of_24(*(found(kind, number) for kind in (DARK, BLURRY) for number in range(20)))
    assert [*notes] == ["blurry", "dark"]


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
