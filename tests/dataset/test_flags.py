"""The findings that go with an exported image: which of them, and which doubt its class."""

import json
from pathlib import Path

import pandas as pd
import pytest

import curate
from curate.dataset.flags import Flag, flags_near, groups_near, known_near, note_on_copies
from curate.schema import FINDINGS
from curate.storage.workspace import Workspace, write_table
from tests import sample_images
from tests.reviewing.samples import finding, table


@pytest.mark.parametrize(
    ("kind", "category", "severity", "doubts"),
    [
        pytest.param("suspected_mislabel", "label", "warning", True, id="a class that is probably wrong"),
        pytest.param("label_conflict", "duplicate", "error", True, id="copies in two classes"),
        pytest.param("resized", "duplicate", "warning", False, id="a copy"),
        pytest.param("suspected_mislabel", "label", "info", False, id="only said for information"),
        pytest.param("odd_metadata", "corrupted", "info", False, id="for information, and about something else"),
    ],
)
def test_a_finding_doubts_the_class_where_it_is_about_the_class(
    kind: str, category: str, severity: str, doubts: bool
) -> None:
    assert Flag(kind, category, 0.5, severity, "Why.", None).doubts_label is doubts


def near(folder: Path, *rows: dict[str, object]) -> tuple[Path, pd.DataFrame]:
    """Audit four images of a class, give them these findings, and return where a manifest would lie, and the images."""
    for number in range(4):
        sample_images.save(sample_images.photo(number, 40, 30), folder / "set" / "a" / f"{number}.png")
    images = curate.audit(folder / "set", folder / "ws").images
    write_table(table(*rows), FINDINGS, Workspace(folder / "ws").findings)
    return folder / "m.csv", images


def test_groups_with_an_image_in_common_are_one_and_what_informs_groups_nothing(tmp_path: Path) -> None:
    pairs = {("a/2.png", "a/1.png"): "g", ("a/1.png", "a/0.png"): "h"}
    rows = [finding(path, "resized", group_id=group) for paths, group in pairs.items() for path in paths]
    scene = [finding(f"a/{number}.png", "same_scene", group_id="s", severity="info") for number in range(4)]
    alone = [finding(f"a/{number}.png", "dark") for number in (0, 3)]
    groups = groups_near(*near(tmp_path, *rows, *scene, *alone))
    assert groups is not None
    assert [groups.index(group) for group in groups] == [0, 0, 0, 3]


def test_of_each_kind_the_worst_finding_goes_with_the_image_and_none_with_an_image_that_changed(
    tmp_path: Path,
) -> None:
    scores = [("dark", 0.2), ("dark", 0.9), ("dark", 0.4), ("blurry", 0.95)]
    rows = [finding("a/0.png", kind, score=score) for kind, score in scores]
    doubt = finding("a/1.png", "suspected_mislabel", evidence=json.dumps({"suggested": "b"}))
    path, images = near(tmp_path, *rows, doubt, finding("a/2.png"))
    images["sha256"] = images["sha256"].where(images["path"] != "a/2.png", "0" * 64)
    flags = flags_near(path, images)
    assert flags is not None
    found = {key[0]: [(flag.kind, flag.score, flag.suggested) for flag in of_image] for key, of_image in flags.items()}
    assert found == {
        "a/0.png": [("blurry", 0.95, None), ("dark", 0.9, None)],
        "a/1.png": [("suspected_mislabel", 0.5, "b")],
    }


def test_where_no_workspace_lies_near_nothing_is_known(tmp_path: Path) -> None:
    images = pd.DataFrame({"path": ["a/0.png"], "sha256": ["0" * 64]})
    assert groups_near(tmp_path / "m.csv", images) is None
    assert flags_near(tmp_path / "m.csv", images) is None


def test_a_workspace_of_other_images_knows_nothing_of_these(tmp_path: Path) -> None:
    path, images = near(tmp_path, *(finding(f"a/{number}.png", "resized", group_id="g") for number in range(2)))
    others = images.assign(sha256=[f"{number:064}" for number in range(4)])
    assert groups_near(path, others) is None
    assert flags_near(path, others) is None
    some = pd.concat([images[:3], others[3:]])
    assert known_near(path, some) == [True, True, True, False]
    assert len(set(groups_near(path, some) or ())) == 3


def test_where_the_audit_of_some_images_does_not_lie_near_that_is_said_unless_they_name_their_groups(
    tmp_path: Path,
) -> None:
    path, images = near(tmp_path)
    assert note_on_copies(path, images) is None
    (tmp_path / "away").mkdir()
    away = tmp_path / "away" / "m.csv"
    assert "has audited these images (4)" in (note_on_copies(away, images) or "")
    assert "(1)" in (note_on_copies(away, images.assign(group=["g", "h", "h", None])) or "")
    assert note_on_copies(away, images.assign(group="g")) is None
