"""The demo goes the whole way, and the audit finds exactly what was planted without being told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import curate
from curate.demonstration import dataset, run
from curate.demonstration.run import Demo
from curate.errors import CurateError
from curate.schema import Severity
from curate.storage import safe_csv
from curate.storage.workspace import Workspace
from tests.dataset.handmade import DOCUMENTS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return run.demo(tmp_path_factory.mktemp("demo") / "demo")


def test_table_1_is_the_planted_one(made: Demo) -> None:
    table = curate.status(made.workspace).class_summary
    columns = [
        "images",
        *(f"{c}_{w}" for w in ("flagged", "confirmed") for c in ("corrupted", "duplicate", "unsuitable")),
    ]
    assert table[columns].T.to_dict("list") == {
        "Angry": [86, 6, 4, 2, 6, 4, 2],
        "Happy": [100, 1, 6, 8, 1, 6, 8],
        "Sad": [79, 5, 0, 10, 5, 0, 10],
        "Total": [265, 12, 10, 20, 12, 10, 20],
    }


def test_each_planted_image_is_found_with_its_kind_and_no_other_image_is_flagged(made: Demo) -> None:
    findings = Workspace(made.workspace).read_findings()
    flagged = findings[(findings["severity"] != Severity.INFO) & (findings["role"] != "keeper")]
    truth = safe_csv.read(made.truth)
    assert set(flagged["path"]) == set(truth["path"])
    found = set(zip(flagged["path"], flagged["kind"], strict=True))
    assert set(zip(truth["path"], truth["kind"], strict=True)) <= found


def test_the_truth_lies_outside_what_is_audited(made: Demo) -> None:
    assert not made.truth.is_relative_to(made.dataset)
    assert {path.suffix for path in made.dataset.rglob("*") if path.is_file()} <= {".jpg", ".png", ".webp"}


def test_the_cleaned_folder_the_manifest_and_the_report_are_there(made: Demo) -> None:
    assert curate.verify(made.cleaned).checked == 265 - 42 + len(DOCUMENTS)
    assert len(safe_csv.read(made.manifest)) == 265
    assert made.report is not None
    assert made.report.stat().st_size > 10_000


def test_the_demo_leaves_a_folder_of_somebody_else_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CurateError, match="in use by something else"):
        run.demo(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


@contextmanager
def interrupted_while_drawing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have somebody press Ctrl-C when one of the classes is drawn."""

    def interrupted(folder: Path, seed: int = 0) -> None:
        dataset.draw_class(folder, "Happy", seed)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(dataset, "draw", interrupted)
        with pytest.raises(KeyboardInterrupt):
            yield


def test_a_demo_that_was_interrupted_while_it_drew_leaves_a_folder_that_the_next_one_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with interrupted_while_drawing(monkeypatch):
        run.demo(tmp_path / "demo")
    assert not (tmp_path / "demo" / "dataset").exists()
    assert len(list(run.demo(tmp_path / "demo").dataset.rglob("*.*"))) == 265
