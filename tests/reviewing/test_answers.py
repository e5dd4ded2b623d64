"""Answers from Label Studio as decisions: about the label alone, and about the content that was shown."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.errors import CurateError, SourceError
from curate.reviewing.fold import fold, rule
from curate.reviewing.store import Store
from tests.conftest import Audited


@pytest.fixture
def exported(audited: Audited, tmp_path: Path) -> Path:
    """The tasks of an audit, as they go to Label Studio."""
    curate.manifest(audited.workspace.root, tmp_path / "m.parquet", pending="keep")
    curate.export(tmp_path / "m.parquet", tmp_path / "out", layout="label-studio")
    return tmp_path / "out" / "tasks.json"


def answered(tasks: Path, answers: Mapping[str, Any], **data: Any) -> Path:
    """Answer tasks as Label Studio exports them: `answers` has choices by path, several for several people."""
    written = json.loads(tasks.read_text())
    for number, task in enumerate(written, start=1):
        task["id"] = 100 + number
        choices = answers.get(task["data"]["path"])
        if choices is not None:
            results = [{"from_name": "choice", "type": "choices", "value": {"choices": [choice]}} for choice in choices]
            task["annotations"] = [{"id": 1, "was_cancelled": False, "result": [result]} for result in results]
        task["data"] |= data if choices else {}
    file = tasks.with_name("answers.json")
    file.write_text(json.dumps(written))
    return file


def decide(audited: Audited, file: Path, **options: Any) -> int:
    return curate.decide_from_label_studio(audited.workspace.root, file, reviewer="ls", **options)


def decided(audited: Audited) -> dict[tuple[str, str], tuple[str, str | None]]:
    """What stands in the log: (path, kind, or nothing) -> (action, new label)."""
    kinds = dict(zip(audited.audit.findings["finding_id"], audited.audit.findings["kind"], strict=True))
    with Store(audited.workspace.review) as store:
        standing = fold(store.log.decisions()).standing.values()
    return {(one.path, kinds.get(one.finding_id, "")): (str(one.action), one.new_label) for one in standing}


def test_a_confirmed_class_keeps_what_doubts_it_and_says_nothing_of_other_findings(
    audited: Audited, exported: Path
) -> None:
    assert decide(audited, answered(exported, {"dogs/small.jpg": ["dogs"], "dogs/night.jpg": ["dogs"]})) == 1
    assert decided(audited) == {("dogs/small.jpg", "label_conflict"): ("keep", None)}


def test_another_class_relabels(audited: Audited, exported: Path) -> None:
    assert decide(audited, answered(exported, {"dogs/small.jpg": ["cats"], "cats/002.jpg": ["dogs"]})) == 2
    assert decided(audited) == {
        ("dogs/small.jpg", "label_conflict"): ("relabel", "cats"),
        ("cats/002.jpg", ""): ("relabel", "dogs"),
    }
    images, findings = audited.workspace.read_images(), audited.workspace.read_findings()
    with Store(audited.workspace.review) as store:
        log = fold(store.log.decisions())
    rulings = rule(findings, images, log)
    assert rulings["cats/002.jpg"].new_label == "dogs"


def test_what_is_not_answered_or_answered_in_two_ways_decides_nothing(audited: Audited, exported: Path) -> None:
    assert decide(audited, answered(exported, {"dogs/small.jpg": ["cats", "dogs"], "dogs/000.jpg": []})) == 0


def test_an_unknown_class_is_refused_unless_it_is_meant(audited: Audited, exported: Path) -> None:
    file = answered(exported, {"cats/002.jpg": ["Catz"]})
    with pytest.raises(SourceError, match=r"task \d+: 'Catz' is no class of this dataset.*--new-class"):
        decide(audited, file)
    assert decide(audited, file, new_class=True) == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"sha256": "0" * 64}, "is another image by now"),
        ({"path": "gone.jpg"}, "'gone.jpg' is no image of this audit"),
    ],
)
def test_answers_about_other_images_are_refused(
    audited: Audited, exported: Path, data: dict[str, str], message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        decide(audited, answered(exported, {"cats/002.jpg": ["dogs"]}, **data))
    assert decided(audited) == {}


@pytest.mark.parametrize(
    "content", ["", "{", "{}", "[3]", '[{"data": {"image": "a.jpg"}}]', '[{"id": 1, "choice": "a"}]']
)
def test_a_file_that_holds_no_tasks_of_ours_is_one_line(audited: Audited, tmp_path: Path, content: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(content)
    with pytest.raises(
        CurateError, match=r"cannot be read as JSON|no JSON export of tasks that curate wrote"
    ) as caught:
        decide(audited, file)
    assert "\n" not in str(caught.value)
