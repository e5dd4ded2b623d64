"""Datasets in which any two images are alike: only what is more alike than that is a copy; frames are a sequence."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

import curate
from curate.config import Config
from curate.duplicates import neighbours, signing, verify
from curate.images.image import Pixels
from curate.measuring import pool
from curate.scanners import duplicates
from tests import sample_images

EVERYTHING = Config(judge={"prevalence": 1.0})


def form(seed: int) -> Pixels:
    """One form, filled in with other strokes."""
    rng = np.random.default_rng(seed)
    canvas = np.tile(np.linspace(120, 240, 256).astype(np.uint8)[:, None, None], (1, 256, 3))
    canvas[20:90, 20:110] = 30
    canvas[150:235, 130:240] = 60
    for left in range(16, 240, 16):
        for top in (*range(98, 145, 12), *range(4, 18, 12)):
            if rng.random() < 0.5:
                cv2.line(canvas, (left, top), (left + 9, top + int(rng.integers(9))), (90, 90, 90), 2)
    return np.ascontiguousarray(canvas)


def frame(index: int) -> Pixels:
    """A view with noise, and a thing that crosses it."""
    rng = np.random.default_rng(index)
    canvas = sample_images.photo(1, 256, 192).astype(np.float32)
    canvas[80:110, 2 * index : 2 * index + 16] = (200, 20, 20)
    return np.clip(canvas + rng.normal(0, 3, canvas.shape), 0, 255).astype(np.uint8)


def board(index: int) -> Pixels:
    """A part under a fixed camera; every other one has a spot that the others lack."""
    rng = np.random.default_rng(index)
    canvas = sample_images.photo(1, 256, 192).astype(np.float32)
    if index % 2:
        cv2.circle(canvas, (int(rng.integers(20, 236)), int(rng.integers(20, 172))), 2, (0, 0, 0), -1)
    return np.clip(canvas + rng.normal(0, 3, canvas.shape), 0, 255).astype(np.uint8)


def copies(folder: Path, workspace: Path) -> pd.DataFrame:
    found = curate.audit(folder, workspace, configuration=EVERYTHING).findings
    return found[(found["category"] == "duplicate") & (found["role"] == "copy") & (found["kind"] != "label_conflict")]


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 forms, and copies of four of them: darker, smaller, encoded again and mirrored into another class."""
    folder = tmp_path_factory.mktemp("forms") / "set"
    for seed in range(120):
        sample_images.save(form(seed), folder / "ab"[seed % 2] / f"{seed:03}.png")
    sample_images.save((form(0) * 0.8).astype(np.uint8), folder / "a" / "000-copy.png")
    sample_images.save(cv2.resize(form(1), (170, 170), interpolation=cv2.INTER_AREA), folder / "b" / "001-copy.png")
    sample_images.save(form(2), folder / "a" / "002-copy.jpg", quality=70)
    sample_images.save(form(3)[:, ::-1].copy(), folder / "a" / "003-copy.png")
    sample_images.save(form(5)[:, ::-1].copy(), folder / "b" / "005-copy.png")
    return folder


def test_only_planted_copies_are_copies_among_forms(forms: Path, tmp_path: Path) -> None:
    found = copies(forms, tmp_path / "ws")
    assert dict(zip(found["path"], found["kind"], strict=True)) == {
        "a/000-copy.png": "recoloured",
        "a/002.png": "re_encoded",
        "b/001-copy.png": "resized",
        "b/005-copy.png": "mirrored",
    }


def test_frames_of_a_fixed_camera_are_one_sequence(tmp_path: Path) -> None:
    for index in range(110):
        sample_images.save(frame(index), tmp_path / "set" / f"{index:03}.png")
    found = copies(tmp_path / "set", tmp_path / "ws")
    assert len(found) >= 104
    assert found["group_id"].nunique() <= 6
    assert (found["kind"] == "burst").mean() > 0.9
    assert "a neighbour in a sequence" in found.loc[found["kind"] == "burst", "reason"].iat[0]


def test_a_part_with_a_fault_is_no_copy_of_one_without(tmp_path: Path) -> None:
    for index in range(120):
        sample_images.save(board(index), tmp_path / "set" / ("good", "faulty")[index % 2] / f"{index:03}.png")
    found = copies(tmp_path / "set", tmp_path / "ws")
    assert len(found) > 100
    assert set(found["kind"]) == {"burst"}, "one saved again has no spot more or less"


def test_what_is_verified_at_a_time_changes_no_group(
    forms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = copies(forms, tmp_path / "whole")
    monkeypatch.setattr(neighbours, "FEWEST", 3)
    monkeypatch.setattr(neighbours, "MOST", 5)
    pd.testing.assert_frame_equal(copies(forms, tmp_path / "parts"), whole)


@pytest.mark.parametrize("engine", ["serial", "local:2"])
def test_where_judging_is_done_changes_no_finding(
    forms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    whole = curate.audit(forms, tmp_path / "whole", configuration=EVERYTHING).findings
    monkeypatch.setattr(duplicates, "WORTH_SPREADING", 2)
    monkeypatch.setattr(verify, "WORTH_SPREADING", 2)
    monkeypatch.setattr(signing, "AT_A_TIME", 7)
    asked: list[str] = []
    at_work = pool.Engine.map

    def told(self: pool.Engine, function: Any, arguments: Any) -> Any:
        asked.append(getattr(function, "func", function).__name__)
        return at_work(self, function, arguments)

    monkeypatch.setattr(pool.Engine, "map", told)
    steps: dict[str, list[tuple[int, int]]] = {}
    spread = curate.audit(
        forms,
        tmp_path / "spread",
        configuration=EVERYTHING,
        engine=engine,
        report=lambda at: steps.setdefault(at.step, []).append((at.done, at.total)),
    ).findings
    pd.testing.assert_frame_equal(spread, whole)
    assert {"sign", "_join"} <= set(asked)
    assert list(steps) == [
        "measuring",
        "judging",
        "reading what was measured",
        "finding images of similar hashes",
        "preparing images to be compared",
        "comparing pairs of images",
        "filling the review queue",
    ]
    assert all(told == sorted(told) and told[-1][0] == told[-1][1] > 0 for told in steps.values())


def test_near_copies_that_hit_most_images_are_a_property_and_exact_ones_are_facts(tmp_path: Path) -> None:
    for index in range(110):
        sample_images.save(frame(index), tmp_path / "set" / f"{index:03}.png")
    for index in range(110, 250):
        sample_images.save(frame(0), tmp_path / "set" / f"{index:03}.png")
    configuration = Config(judge={"prevalence": 0.3})
    audit = curate.audit(tmp_path / "set", tmp_path / "ws", configuration=configuration)
    found = audit.findings
    copies = found[(found["category"] == "duplicate") & (found["role"] == "copy")]
    assert (copies["kind"] == "same_bytes").sum() == 140
    assert "burst" not in set(copies["kind"])
    assert [item.kind for item in audit.prevalent] == ["burst"]
