"""What changed between two audits: images by content, counts, and how far distributions are apart."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import curate
from curate.auditing.difference import drifts, energy_coefficient, kolmogorov_smirnov, matched
from curate.scanners import embeddings
from curate.scanners.embeddings import Embeddings
from tests import sample_images


def table(*rows: tuple[str, str | None, str | None]) -> pd.DataFrame:
    """Images as path, sha256, class."""
    return pd.DataFrame([{"path": p, "sha256": s, "label": c, "split": None} for p, s, c in rows], dtype=object)


A1, A2, B1, B2, C1 = ("a", "1", "x"), ("a", "2", "x"), ("b", "1", "x"), ("b", "2", "x"), ("c", "1", "x")
A0, B0 = ("a", None, "x"), ("b", None, "x")


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        pytest.param([A1], [A1], ["same a a"], id="same"),
        pytest.param([A1], [A2], ["changed a a"], id="other content"),
        pytest.param([A1], [B1], ["moved b a"], id="renamed"),
        pytest.param([A1], [B2], ["gone None a", "added b None"], id="replaced"),
        pytest.param([A1], [A2, B1], ["added a None", "moved b a"], id="moved, and another came in its place"),
        pytest.param([A1, B2], [A2, B1], ["moved a b", "moved b a"], id="swapped"),
        pytest.param([A1], [A1, B1], ["same a a", "added b None"], id="copied"),
        pytest.param([A1, B1], [C1], ["gone None b", "moved c a"], id="one of two copies is left"),
        pytest.param([A0], [A0], ["unknown a a"], id="never read"),
        pytest.param([A0], [B0], ["gone None a", "added b None"], id="two that were never read are no pair"),
    ],
)
def test_images_are_matched_by_content(
    before: list[tuple[str, str | None, str]], after: list[tuple[str, str | None, str]], changes: list[str]
) -> None:
    rows = matched(table(*before), table(*after)).to_dict("records")
    assert [f"{row['change']} {row['path']} {row['path_before']}" for row in rows] == changes


def test_distances_between_distributions_run_from_equal_to_apart() -> None:
    low, high = np.array([1.0, 2, 3, 4]), np.array([11.0, 12, 13, 14])
    assert kolmogorov_smirnov(low, low) == 0
    assert kolmogorov_smirnov(low, high) == 1
    assert kolmogorov_smirnov(low, np.array([3.0, 4, 5, 6])) == 0.5
    points = np.array([[0.0, 0], [2, 0]], np.float32)
    assert energy_coefficient(points, points) == 0
    # Of single points: nothing within, so all of it is across.
    assert energy_coefficient(points[:1], points[1:]) == 1
    # across (0+2)/2 = 1, within {0,2}: 4 pairs, mean 1; beyond 0: (2 - 1 - 0) / 2.
    assert energy_coefficient(points, points[:1]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="no vectors"):
        energy_coefficient(points, points[:0])


def test_nothing_drifts_where_one_side_has_no_image() -> None:
    empty = pd.DataFrame({"path": [], "width": [], "height": []})
    assert drifts(empty, empty) == []


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A dataset and what became of it: one moved to another class, one gone, one changed, one new, darker all."""
    root = tmp_path_factory.mktemp("two")
    old = sample_images.dataset(root / "old", each=4)
    new = shutil.copytree(old, root / "new")
    (new / "cats" / "001.jpg").rename(new / "dogs" / "moved.jpg")
    (new / "cats" / "002.jpg").unlink()
    sample_images.save(sample_images.photo(77) // 2, new / "cats" / "003.jpg")
    sample_images.save(sample_images.photo(60) // 8, new / "cats" / "night.jpg")
    curate.audit(old, root / "ws_old", engine="serial")
    curate.audit(new, root / "ws_new", engine="serial")
    return root / "ws_old", root / "ws_new"


def test_a_difference_counts_images_classes_and_kinds(two: tuple[Path, Path]) -> None:
    found = curate.diff(*two)
    assert found.counts == {"added": 1, "gone": 1, "changed": 1, "moved": 1, "unknown": 0, "same": 5}
    assert list(found.images["change"]) == ["gone", "changed", "added", "moved"]
    assert found.relabelled == 1
    assert found.classes.to_dict("index") == {"cats": {"before": 4, "after": 3}, "dogs": {"before": 4, "after": 5}}
    assert found.kinds.loc[("unsuitable", "dark")].to_dict() == {"before": 0, "after": 1}
    brightness = next(item for item in found.drift if item.name == "brightness")
    assert brightness.after < brightness.before
    assert brightness.distance == 0.25
    assert (found.embeddings, found.settings) == (None, [])
    assert json.loads(json.dumps(found.to_json()))["images"][3]["path_before"] == "cats/001.jpg"


def test_nothing_is_different_from_itself(two: tuple[Path, Path]) -> None:
    found = curate.diff(two[0], two[0])
    assert found.images.empty
    assert found.counts["same"] == 8
    assert {item.distance for item in found.drift} == {0.0}
    assert len(found.drift) == 7


def test_a_dataset_is_audited_for_the_occasion_with_the_settings_of_the_other_side(
    two: tuple[Path, Path], tmp_path: Path
) -> None:
    ws = shutil.copytree(two[1], tmp_path / "ws")
    text = (ws / "curate.toml").read_text()
    (ws / "curate.toml").write_text(text.replace("dark = 0.25", "dark = 0.0"))
    assert text != (ws / "curate.toml").read_text()
    curate.judge(ws)
    found = curate.diff(ws, two[1].parent / "new")
    assert [kind for _, kind in found.kinds.index] == ["low_information"]
    assert found.settings == []
    assert curate.diff(ws, two[1]).settings == ["scan.quality.dark"]


def test_a_setting_that_a_file_leaves_out_is_its_default(two: tuple[Path, Path], tmp_path: Path) -> None:
    ws = shutil.copytree(two[1], tmp_path / "ws")
    (ws / "curate.toml").write_text("[scan.quality]\nblurry = 0.6\n")
    curate.judge(ws)
    assert curate.diff(two[0], ws).settings == ["scan.quality.blurry"]
    assert curate.diff(ws, two[0].parent / "old").settings == []


def test_an_edit_that_was_never_judged_is_no_setting_of_the_findings(two: tuple[Path, Path], tmp_path: Path) -> None:
    ws = shutil.copytree(two[1], tmp_path / "ws")
    text = (ws / "curate.toml").read_text()
    (ws / "curate.toml").write_text(text.replace("dark = 0.25", "dark = 0.0").replace("tiny_px = 16", "tiny_px = 17"))
    assert curate.diff(ws, two[1]).settings == []
    of_the_occasion = curate.diff(two[1].parent / "new", ws)  # judged as the findings were
    assert of_the_occasion.settings == []
    assert of_the_occasion.kinds.loc[("unsuitable", "dark")].to_dict() == {"before": 1, "after": 1}
    curate.judge(ws)
    assert curate.diff(ws, two[1]).settings == ["scan.quality.dark", "scan.quality.tiny_px"]


@pytest.mark.parametrize("kept", [None, {"scan": {"quality": {"no_more": 1}}}, {"no_more": 1}, []])
def test_where_an_older_version_judged_the_settings_of_now_count(
    kept: object, two: tuple[Path, Path], tmp_path: Path
) -> None:
    ws = shutil.copytree(two[1], tmp_path / "ws")
    (ws / "curate.toml").write_text("[scan.quality]\nblurry = 0.6\n")
    facts = json.loads((ws / "audit.json").read_text())
    del facts["settings"]
    (ws / "audit.json").write_text(json.dumps(facts if kept is None else {**facts, "settings": kept}))
    assert curate.diff(two[1], ws).settings == ["scan.quality.blurry"]


def test_embeddings_are_compared_where_both_are_of_one_model(two: tuple[Path, Path], tmp_path: Path) -> None:
    sides = [shutil.copytree(ws, tmp_path / ws.name) for ws in two]

    def give(side: Path, model: str, value: float) -> None:
        images = pd.read_parquet(side / "images.parquet")
        count = len(images)
        vectors = np.full((count, 3), value, np.float32)
        embeddings.write(Embeddings(list(images["path"]), list(images["sha256"]), [model] * count, vectors), side)

    give(sides[0], "one", 0.0)
    assert curate.diff(*sides).embeddings is None
    give(sides[1], "other", 0.0)
    assert curate.diff(*sides).embeddings is None
    give(sides[1], "one", 0.0)
    assert curate.diff(*sides).embeddings == 0
    give(sides[1], "one", 1.0)
    assert curate.diff(*sides).embeddings == 1


def test_what_changed_its_split_alone_is_listed_as_the_same_image(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "set", each=1)
    for name, split in (("old", "train"), ("new", "test")):
        rows = [f"cats/000.jpg,cats,{split}", "dogs/000.jpg,dogs,train"]
        (source / "list.csv").write_text("\n".join(["path,label,split", *rows]) + "\n")
        curate.audit(source / "list.csv", tmp_path / name, engine="serial")
    (row,) = curate.diff(tmp_path / "old", tmp_path / "new").images.to_dict("records")
    assert (row["change"], row["path"], row["split_before"], row["split"]) == ("same", "cats/000.jpg", "train", "test")


def test_embeddings_of_earlier_contents_do_not_count(two: tuple[Path, Path], tmp_path: Path) -> None:
    ws = shutil.copytree(two[0], tmp_path / "ws")
    images = pd.read_parquet(ws / "images.parquet")
    paths, hashes = [*images["path"], "gone.jpg"], [*images["sha256"], "0" * 64]
    vectors = np.zeros((len(paths), 3), np.float32)
    embeddings.write(Embeddings(paths, hashes, ["one"] * len(paths), vectors), ws)
    other = shutil.copytree(ws, tmp_path / "other")
    vectors[-1] = 9.0
    embeddings.write(Embeddings(paths, hashes, ["one"] * len(paths), vectors), other)
    assert curate.diff(ws, other).embeddings == 0


def test_a_file_of_embeddings_is_not_asked_of_the_other_side(two: tuple[Path, Path], tmp_path: Path) -> None:
    source = two[0].parent / "old"
    count = len(pd.read_parquet(two[0] / "images.parquet"))
    np.save(tmp_path / "own.npy", np.eye(count, dtype=np.float32))
    curate.audit(source, tmp_path / "ws", embeddings=tmp_path / "own.npy", engine="serial")
    found = curate.diff(tmp_path / "ws", sample_images.dataset(tmp_path / "smaller", each=1))
    assert (found.embeddings, found.counts["gone"]) == (None, count - 2)
    assert found.settings == ["embeddings"]
