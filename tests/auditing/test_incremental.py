"""A second audit does only what is new, and decisions follow the content."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import curate
from curate.config import Config, EngineSettings
from curate.measuring import features
from curate.reviewing.store import Store
from curate.scanners.quality import Quality
from curate.storage.workspace import Workspace
from tests import sample_images

ONE = Config(engine=EngineSettings(workers=1))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = sample_images.dataset(tmp_path / "src", each=4)
    sample_images.save(sample_images.photo(9) // 8, folder / "cats" / "dark.jpg")
    shutil.copy(folder / "dogs" / "000.jpg", folder / "dogs" / "again.jpg")
    curate.audit(folder, tmp_path / "ws", configuration=ONE)
    return folder


def test_an_unchanged_dataset_is_neither_measured_nor_judged_again(source: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    written = workspace.findings.stat().st_mtime_ns
    again = curate.audit(source, tmp_path / "ws")
    assert again.measured == 0
    assert workspace.findings.stat().st_mtime_ns == written
    assert len(again.findings) == 3


@pytest.mark.parametrize("lost", ["findings.parquet", "images.parquet", "review.sqlite"])
def test_what_was_lost_or_altered_is_made_again(source: Path, tmp_path: Path, lost: str) -> None:
    before = curate.audit(source, tmp_path / "ws").findings
    (tmp_path / "ws" / lost).unlink()
    pd.testing.assert_frame_equal(curate.audit(source, tmp_path / "ws").findings, before)
    assert curate.status(tmp_path / "ws").progress.images == 2


def test_another_threshold_is_judged_without_reading(source: Path, tmp_path: Path) -> None:
    strict = ONE.model_copy(update={"scan": {"quality": {"dark": 0.0}}})
    again = curate.audit(source, tmp_path / "ws", configuration=strict)
    assert again.measured == 0
    assert "dark" not in set(again.findings["kind"])


def test_added_changed_moved_and_removed_files_give_what_a_fresh_audit_gives(source: Path, tmp_path: Path) -> None:
    sample_images.save(sample_images.photo(77), source / "cats" / "000.jpg")
    sample_images.save(sample_images.photo(78), source / "cats" / "new.jpg")
    (source / "dogs" / "001.jpg").unlink()
    (source / "dogs" / "002.jpg").rename(source / "cats" / "moved.jpg")
    again = curate.audit(source, tmp_path / "ws")
    assert again.measured == 3
    fresh = curate.audit(source, tmp_path / "fresh", configuration=ONE)
    pd.testing.assert_frame_equal(again.images, fresh.images)
    pd.testing.assert_frame_equal(again.findings, fresh.findings)


def test_an_image_that_was_moved_into_the_class_it_was_given_is_kept_there(source: Path, tmp_path: Path) -> None:
    paths = ("cats/dark.jpg", "cats/001.jpg")
    curate.decide(tmp_path / "ws", curate.Selection(paths=paths), "relabel", new_label="dogs", reviewer="ana")
    for path in paths:
        (source / path).rename(source / "dogs" / f"moved-{Path(path).name}")
    curate.audit(source, tmp_path / "ws")
    table = curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="drop").set_index("path")
    for name in ("dogs/moved-dark.jpg", "dogs/moved-001.jpg"):
        assert table.loc[name, ["action", "final_label", "reviewer"]].tolist() == ["keep", "dogs", "ana"]
    assert curate.status(tmp_path / "ws").verdicts["relabel"] == 0
    (source / "dogs" / "moved-dark.jpg").rename(source / "cats" / "back.jpg")
    curate.audit(source, tmp_path / "ws")
    table = curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="drop").set_index("path")
    assert table.loc["cats/back.jpg", ["action", "final_label", "reviewer"]].tolist() == ["relabel", "dogs", "ana"]


def test_decisions_follow_images_that_are_numbered_anew_where_the_first_has_gone(source: Path, tmp_path: Path) -> None:
    sample_images.save(sample_images.photo(10) // 8, source / "cats" / "002.jpg")
    curate.audit(source, tmp_path / "ws")
    for number, action in ((1, "drop"), (2, "keep"), (3, "drop")):
        selection = curate.Selection(paths=(f"cats/00{number}.jpg",))
        curate.decide(tmp_path / "ws", selection, action, reviewer="ana")
    (source / "cats" / "000.jpg").unlink()
    for number in (1, 2, 3):
        (source / "cats" / f"00{number}.jpg").rename(source / "cats" / f"00{number - 1}.jpg")
    curate.audit(source, tmp_path / "ws")
    table = curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="drop").set_index("path")
    assert [table.loc[f"cats/00{number}.jpg", "action"] for number in range(3)] == ["drop", "keep", "drop"]


def test_an_image_that_its_list_calls_by_now_what_it_was_given_is_kept_for_as_long_as_it_does(tmp_path: Path) -> None:
    source, workspace = sample_images.dataset(tmp_path / "source", each=2), tmp_path / "ws"
    sample_images.save(sample_images.photo(9) // 8, source / "dark.jpg")
    paths = sorted(path.relative_to(source).as_posix() for path in source.rglob("*.jpg"))

    def audited(label: str) -> tuple[list[str], int, str]:
        """What manifest, status and grid say of an image that its list calls so."""
        rows = [f"{path},{label if path == 'dark.jpg' else path.split('/')[0]}\n" for path in paths]
        (source / "list.csv").write_text("path,label\n" + "".join(rows))
        curate.audit(source / "list.csv", workspace)
        table = curate.manifest(workspace, tmp_path / "m.csv", pending="drop").set_index("path")
        with Store(workspace / "review.sqlite") as store:
            state = str(store.catalogue.entries(["dark.jpg"])[0].state)
        row = table.loc["dark.jpg", ["action", "final_label", "reviewer"]].tolist()
        return row, curate.status(workspace).verdicts["relabel"], state

    audited("cats")
    selection = curate.Selection(paths=("dark.jpg",))
    curate.decide(workspace, selection, "relabel", new_label="dogs", reviewer="ana")
    assert audited("dogs") == (["keep", "dogs", "ana"], 0, "kept")
    assert audited("cats") == (["relabel", "dogs", "ana"], 1, "relabelled")
    audited("dogs")
    with Store(workspace / "review.sqlite") as store:
        assert [decision.new_label for decision in store.log.decisions()] == ["dogs"]
        store.log.undo(reviewer="ana", now="2026-01-01T00:00:00Z")
        assert str(store.catalogue.entries(["dark.jpg"])[0].state) == "undecided"
        store.log.redo(reviewer="ana", now="2026-01-01T00:00:00Z")
        assert str(store.catalogue.entries(["dark.jpg"])[0].state) == "kept"


def test_a_decision_follows_an_image_that_moves_and_nothing_else(source: Path, tmp_path: Path) -> None:
    curate.decide(tmp_path / "ws", curate.Selection(), None, reviewer="ana", note="too dark")
    (source / "cats" / "dark.jpg").rename(source / "dogs" / "night.jpg")
    sample_images.save(sample_images.photo(10) // 8, source / "cats" / "other.jpg")
    curate.audit(source, tmp_path / "ws")
    table = curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="keep").set_index("path")
    assert table.loc["dogs/night.jpg", "action"] == "drop"
    assert table.loc["dogs/night.jpg", "reviewer"] == "ana"
    assert table.loc["cats/other.jpg", "action"] == "keep"
    assert table.loc["dogs/again.jpg", "action"] == "drop"
    with Store(Workspace(tmp_path / "ws").review) as store:
        last = store.log.decisions()[-1]
    assert last.note == "too dark (moved from cats/dark.jpg)"
    curate.audit(source, tmp_path / "ws")
    with Store(Workspace(tmp_path / "ws").review) as store:
        assert store.log.decisions()[-1] == last, "once is enough"


def test_it_is_told_that_a_dropped_image_stays_which_moved_while_what_it_was_dropped_for_has_gone(
    source: Path, tmp_path: Path
) -> None:
    original, copy = source / "dogs" / "001.jpg", source / "dogs" / "small.jpg"
    with Image.open(original) as image:
        image.reduce(2).save(copy)
    curate.audit(source, tmp_path / "ws")
    paths = ("dogs/small.jpg", "cats/dark.jpg")
    curate.decide(tmp_path / "ws", curate.Selection(paths=paths), "drop", reviewer="ana")
    content = original.read_bytes()
    original.unlink()
    copy.rename(source / "cats" / "tiny.jpg")
    (source / "cats" / "dark.jpg").rename(source / "dogs" / "night.jpg")
    lenient = ONE.model_copy(update={"scan": {"quality": {"dark": 0.0, "low_contrast": 0.0, "flat_share": 1.0}}})
    curate.audit(source, tmp_path / "ws", configuration=lenient)
    assert curate.status(tmp_path / "ws").spared == ["cats/tiny.jpg", "dogs/night.jpg"]
    (source / "cats" / "tiny.jpg").rename(source / "cats" / "least.jpg")
    curate.audit(source, tmp_path / "ws")
    assert curate.status(tmp_path / "ws").spared == ["cats/least.jpg", "dogs/night.jpg"]
    (source / "cats" / "least.jpg").rename(source / "cats" / "tiny.jpg")
    original.write_bytes(content)
    curate.audit(source, tmp_path / "ws", configuration=ONE)
    assert curate.status(tmp_path / "ws").spared == []
    assert curate.status(tmp_path / "ws").verdicts["drop"] == 2, "they count again"


@pytest.mark.parametrize("step", ["sync", "decide"])
def test_a_decision_follows_an_image_that_moves_though_the_audit_is_killed_while_the_queue_is_filled(
    source: Path, tmp_path: Path, step: str
) -> None:
    curate.decide(tmp_path / "ws", curate.Selection(), None, reviewer="ana")
    (source / "cats" / "dark.jpg").rename(source / "dogs" / "night.jpg")
    killed = f"""
import os, signal, sys, curate
from curate.reviewing import log, queue
def kill(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
{"queue.sync" if step == "sync" else "log.Log.decide"} = kill
curate.audit(sys.argv[1], sys.argv[2], report=False)
"""
    done = subprocess.run([sys.executable, "-c", killed, source, tmp_path / "ws"], check=False)
    assert done.returncode == -signal.SIGKILL
    curate.audit(source, tmp_path / "ws")
    table = curate.manifest(tmp_path / "ws").set_index("path")
    assert table.loc["dogs/night.jpg", "action"] == "drop"


def test_the_queue_is_filled_again_though_all_is_as_it_was_before_an_audit_that_was_killed(
    source: Path, tmp_path: Path
) -> None:
    (source / "cats" / "dark.jpg").rename(tmp_path / "away.jpg")
    killed = """
import os, signal, sys, curate
from curate.auditing import results
results.write_table = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
curate.audit(sys.argv[1], sys.argv[2], report=False)
"""
    done = subprocess.run([sys.executable, "-c", killed, source, tmp_path / "ws"], check=False)
    assert done.returncode == -signal.SIGKILL
    (tmp_path / "away.jpg").rename(source / "cats" / "dark.jpg")
    curate.audit(source, tmp_path / "ws")
    assert curate.status(tmp_path / "ws").progress.images == 2
    assert curate.status(tmp_path / "ws").verdicts["pending"] == 2


def test_an_older_review_store_that_was_put_back_is_told_and_filled_by_the_next_audit(
    source: Path, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path / "ws")
    shutil.copy(workspace.review, tmp_path / "older.sqlite")
    shutil.copy(source / "cats" / "001.jpg", source / "cats" / "again.jpg")
    curate.audit(source, workspace.root)
    flagged = curate.status(workspace.root)
    assert not [note for note in flagged.notes if "The queue is not of" in str(note)]
    shutil.copy(tmp_path / "older.sqlite", workspace.review)
    put_back = curate.status(workspace.root)
    assert [note for note in put_back.notes if "curate judge" in str(note)]
    assert put_back.progress != flagged.progress
    curate.audit(source, workspace.root)
    again = curate.status(workspace.root)
    assert (again.progress, again.notes) == (flagged.progress, flagged.notes)


def test_of_an_image_rewritten_at_the_same_size_the_numbers_are_those_of_its_bytes_now(tmp_path: Path) -> None:
    """An uncompressed image keeps its size, and the first measurement of it lies beside what still holds."""
    white, black = (np.full((40, 40, 3), level, np.uint8) for level in (255, 0))
    for name in ("1.bmp", "2.bmp"):
        sample_images.save(white, tmp_path / "set" / name)
    curate.audit(tmp_path / "set", tmp_path / "ws", engine="serial")
    sample_images.save(black, tmp_path / "set" / "1.bmp")
    os.utime(tmp_path / "set" / "1.bmp", (1, 1))
    curate.audit(tmp_path / "set", tmp_path / "ws", engine="serial")
    workspace = Workspace(tmp_path / "ws")
    assert len(list(workspace.features.glob("part-*.parquet"))) == 2
    found = features.small_columns(workspace.read_images(), workspace.features, Quality())
    assert found is not None
    assert found.set_index("path")["p99"].to_dict() == {"1.bmp": 0.0, "2.bmp": 1.0}
