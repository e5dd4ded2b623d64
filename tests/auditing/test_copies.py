"""Copies of which an audit keeps no findings, since most images are some, are known to what must not part them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import curate
from curate.auditing import copies
from curate.dataset.flags import groups_near
from curate.storage.workspace import Workspace
from tests import sample_images


@pytest.fixture(scope="module")
def cropped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of 8 photos, each with two crops that only a thorough audit finds."""
    root = tmp_path_factory.mktemp("copies")
    for number in range(8):
        photo = sample_images.photo(number, 320, 240)
        for name, image in (("0", photo), ("1", photo[:168, :224]), ("2", photo[48:228, 64:304])):
            sample_images.save(image, root / "set" / "a" / f"{number}-{name}.png")
    curate.audit(root / "set", root / "ws", thorough=True)
    return root / "ws"


def test_what_is_a_property_of_the_dataset_is_told_again_with_the_settings_of_the_audit(cropped: Path) -> None:
    workspace = Workspace(cropped)
    assert copies.hidden(workspace)
    assert workspace.read_findings().empty
    told = copies.told(workspace)
    assert told["kind"].value_counts().to_dict() == {"cropped": 24}
    assert told["group_id"].nunique() == 8


def test_a_build_draws_no_split_between_them(cropped: Path, tmp_path: Path) -> None:
    images = Workspace(cropped).read_images()
    groups = groups_near(cropped / "manifest.parquet", images)
    assert pd.Series(groups).groupby(images["path"].str[:3]).nunique().tolist() == [1] * 8
    assert len(set(groups or ())) == 8
    curate.manifest(cropped)
    (tmp_path / "recipe.toml").write_text("[split]\ntrain = 0.5\ntest = 0.5\n")
    built = curate.build(tmp_path / "recipe.toml", tmp_path / "set", manifest=cropped / "manifest.parquet").table
    assert (built["split"].groupby(built["origin_path"].str[:3]).nunique() == 1).all()


def test_they_stand_in_one_fold_where_labels_are_checked_and_in_one_part_of_a_benchmark(cropped: Path) -> None:
    contents, listing = (pytest.importorskip(f"curate.train.{name}") for name in ("contents", "listing"))
    workspace = Workspace(cropped)
    images = workspace.read_images()
    samples = listing.from_audit(images, workspace.read_findings(), workspace.read_audit()["root"])
    assert len({sample.group for sample in samples}) == 24
    groups = [sample.group for sample in contents.with_prevalent_copies(samples, workspace)]
    assert [groups.index(group) for group in groups] == [number // 3 * 3 for number in range(24)]
    linked = [replace(sample, group="linked") if number in (0, 23) else sample for number, sample in enumerate(samples)]
    groups = [sample.group for sample in contents.with_prevalent_copies(linked, workspace)]
    assert [groups.index(group) for group in groups[-4:]] == [18, 0, 0, 0], "what was known before counts on"


def test_a_build_away_from_them_says_that_it_knows_less(cropped: Path, tmp_path: Path) -> None:
    curate.manifest(cropped, tmp_path / "m.csv")
    (tmp_path / "recipe.toml").write_text("[split]\ntrain = 0.5\ntest = 0.5\n")
    said: list[str] = []
    curate.build(tmp_path / "recipe.toml", tmp_path / "set", manifest=tmp_path / "m.csv", say=said.append)
    assert any("has audited these images (24)" in line for line in said)


def test_what_is_no_copy_may_be_a_property_of_the_dataset_too(cropped: Path, tmp_path: Path) -> None:
    facts = json.loads(Workspace(cropped).audit.read_text())
    (copy,) = facts["prevalent"]
    other = {**copy, "kind": "blurry", "category": "unsuitable"}
    for prevalent, is_hidden in (([copy, other], True), ([other], False), ([], False)):
        Workspace(tmp_path).audit.write_text(json.dumps({**facts, "prevalent": prevalent}))
        assert copies.hidden(Workspace(tmp_path)) is is_hidden


def test_where_nothing_is_hidden_what_was_kept_is_all_whatever_the_settings_are(tmp_path: Path) -> None:
    sample_images.dataset(tmp_path / "set", each=3)
    shutil.copy(next((tmp_path / "set").rglob("*.*")), tmp_path / "set" / "again.png")
    curate.audit(tmp_path / "set", tmp_path / "ws")
    workspace = Workspace(tmp_path / "ws")
    assert not workspace.read_findings().empty
    pd.testing.assert_frame_equal(copies.told(workspace), workspace.read_findings())
    workspace.config.write_text(workspace.config.read_text().replace("thorough = false", "thorough = true"))
    assert copies.are_told(workspace)


def test_where_the_settings_want_other_measurements_by_now_there_is_what_was_kept(tmp_path: Path) -> None:
    for number in range(24):
        photo = sample_images.photo(number // 3, 160, 120)[:: 1 + number % 3, :: 1 + number % 3]
        sample_images.save(photo, tmp_path / "set" / "a" / f"{number:02}.png")
    sample_images.save(np.zeros((120, 160, 3), np.uint8), tmp_path / "set" / "a" / "black.png")
    curate.audit(tmp_path / "set", tmp_path / "ws")
    workspace = Workspace(tmp_path / "ws")
    assert copies.hidden(workspace)
    kept, told = workspace.read_findings(), copies.told(workspace)
    assert not kept.empty
    assert len(told) > len(kept)
    pd.testing.assert_frame_equal(told.head(len(kept)), kept, check_dtype=False)
    text = workspace.config.read_text().replace("thorough = false", "thorough = true")
    assert copies.are_told(workspace)
    workspace.config.write_text(text)
    assert not copies.are_told(workspace)
    contents, listing = (pytest.importorskip(f"curate.train.{name}") for name in ("contents", "listing"))
    samples = listing.from_audit(workspace.read_images(), kept, workspace.read_audit()["root"])
    found = {sample.group for sample in contents.with_prevalent_copies(samples, workspace)}
    assert len(found) == 9, "looked for by default: eight photos, and the black image"
    pd.testing.assert_frame_equal(copies.told(workspace), workspace.read_findings())
