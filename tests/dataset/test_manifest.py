"""From decisions to the manifest and the cleaned folder: replayable, checked, whole or not at all."""

import subprocess
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate.dataset import manifest
from curate.errors import ConfigError, CurateError, NoSurvivorError, SourceError, UndecidedError
from curate.options import Mode, Pending
from curate.reviewing.bulk import Selection
from curate.reviewing.store import Store
from curate.schema import MANIFEST, Action
from curate.storage import safe_csv
from tests import sample_images
from tests.conftest import Audited
from tests.storage.test_owner import of_a_dead_process


def decided(audited: Audited) -> Audited:
    """Everything as suggested, by ana; the night image is kept, but with another label."""
    ws = audited.workspace.root
    curate.decide(
        ws, Selection(kinds=("dark",)), Action.RELABEL, reviewer="ana", new_label="cats", note="a cat at night"
    )
    rest = Selection(categories=("corrupted", "duplicate"))
    curate.decide(ws, rest, None, reviewer="ana")
    return audited


def test_the_manifest_is_refused_while_images_are_undecided(audited: Audited) -> None:
    with pytest.raises(UndecidedError, match="undecided: 5 flagged images"):
        curate.manifest(audited.workspace.root)
    assert not audited.workspace.manifest.exists()


@pytest.mark.parametrize(("pending", "kept"), [("keep", 17), ("drop", 12)])
def test_undecided_images_count_as_told(audited: Audited, pending: Pending, kept: int) -> None:
    table = curate.manifest(audited.workspace.root, pending=pending)
    assert (table["action"] == "keep").sum() == kept
    assert table["final_label"].isna().tolist() == (table["action"] == "drop").tolist()


def test_a_choice_that_there_is_not_is_refused_and_nothing_is_written(audited: Audited, tmp_path: Path) -> None:
    root = audited.workspace.root
    with pytest.raises(ConfigError, match="pending is 'kep'; did you mean 'keep'\\? it is one of keep, drop"):
        curate.manifest(root, tmp_path / "m.csv", pending="kep")  # type: ignore[arg-type]
    curate.manifest(root, tmp_path / "m.csv", pending="drop")
    with pytest.raises(ConfigError, match="mode is 'move'; it is one of copy, hardlink, symlink"):
        curate.export(tmp_path / "m.csv", tmp_path / "out", mode="move")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="layout is 'zip'; it is one of folder, "):
        curate.export(tmp_path / "m.csv", tmp_path / "out", layout="zip")  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_another_class_that_a_person_gave_holds_though_another_finding_was_not_looked_at(tmp_path: Path) -> None:
    for name in ("a/1.jpg", "b/1.jpg"):  # a dark image, and its copy in another class: two findings about one of them
        sample_images.save(sample_images.photo(1) // 12, tmp_path / "src" / name)
    audit = curate.audit(tmp_path / "src", tmp_path / "ws")
    assert audit.findings[audit.findings["path"] == "b/1.jpg"]["finding_id"].nunique() > 1
    curate.decide(tmp_path / "ws", Selection(kinds=("dark",)), Action.RELABEL, reviewer="ana", new_label="a")
    table = curate.manifest(tmp_path / "ws", pending="keep").set_index("path")
    assert table.loc["b/1.jpg", ["action", "final_label"]].tolist() == ["relabel", "a"]


def test_every_image_has_a_row_with_verdict_and_reasons(audited: Audited) -> None:
    table = curate.manifest(decided(audited).workspace.root).set_index("path")
    assert list(table.reset_index()[MANIFEST.names]) == MANIFEST.names
    assert len(table) == 17
    assert table["action"].value_counts().to_dict() == {"keep": 12, "drop": 4, "relabel": 1}
    night = table.loc["dogs/night.jpg"]
    assert (night["label"], night["final_label"], night["reviewer"]) == ("dogs", "cats", "ana")
    assert "Very dark" in night["reasons"]


@pytest.mark.parametrize("suffix", manifest.SUFFIXES)
def test_the_same_inputs_give_the_same_bytes_and_read_back_alike(audited: Audited, tmp_path: Path, suffix: str) -> None:
    ws = decided(audited).workspace.root
    for name in ("one", "two"):
        curate.manifest(ws, tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    read = manifest.read(tmp_path / f"one{suffix}")
    table = curate.manifest(ws)
    for column in ("path", "sha256", "action", "final_label", "reasons"):
        assert read[column].tolist() == table[column].tolist()


def test_the_cleaned_folder_holds_what_the_manifest_keeps(audited: Audited, tmp_path: Path) -> None:
    curate.manifest(decided(audited).workspace.root, tmp_path / "m.csv")
    exported = curate.export(tmp_path / "m.csv", tmp_path / "clean")
    names = sorted(p.relative_to(tmp_path / "clean").as_posix() for p in (tmp_path / "clean").rglob("*.jpg"))
    assert names == sorted(exported["exported_path"])
    assert len(names) == 13
    assert "cats/night.jpg" in names
    assert "dogs/again.jpg" not in names
    assert curate.verify(tmp_path / "clean").ok
    subprocess.run(["sha256sum", "--quiet", "-c", "sha256sums.txt"], cwd=tmp_path / "clean", check=True)


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
def test_every_mode_gives_the_same_content(audited: Audited, tmp_path: Path, mode: Mode) -> None:
    curate.manifest(audited.workspace.root, pending="drop")
    curate.export(audited.workspace.manifest, tmp_path / "clean", mode=mode)
    one = tmp_path / "clean" / "cats" / "000.jpg"
    assert one.read_bytes() == (audited.source / "cats" / "000.jpg").read_bytes()
    assert one.is_symlink() is (mode == "symlink")
    assert curate.verify(tmp_path / "clean").ok


def test_verify_tells_what_changed_what_is_missing_and_what_was_added(audited: Audited, tmp_path: Path) -> None:
    curate.manifest(audited.workspace.root, pending="drop")
    curate.export(audited.workspace.manifest, tmp_path / "clean")
    (tmp_path / "clean" / "cats" / "000.jpg").write_bytes(b"x")
    (tmp_path / "clean" / "cats" / "001.jpg").unlink()
    (tmp_path / "clean" / "dogs" / "stray.jpg").write_bytes(b"x")
    result = curate.verify(tmp_path / "clean")
    assert (result.changed, result.missing, result.extra) == (["cats/000.jpg"], ["cats/001.jpg"], ["dogs/stray.jpg"])


def test_an_image_that_changed_since_the_scan_stops_the_export_and_leaves_nothing(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=2)
    curate.audit(source, tmp_path / "ws")
    curate.manifest(tmp_path / "ws")
    sample_images.save(sample_images.photo(99), source / "cats" / "001.jpg")
    with pytest.raises(SourceError, match="changed since the scan"):
        curate.export(tmp_path / "ws" / "manifest.parquet", tmp_path / "clean")
    assert not (tmp_path / "clean").exists()
    assert not list(tmp_path.glob(".tmp-*"))


def test_a_moved_source_is_found_with_an_option(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=2)
    curate.audit(source, tmp_path / "ws")
    curate.manifest(tmp_path / "ws")
    source.rename(tmp_path / "moved")
    with pytest.raises(SourceError, match="--source"):
        curate.export(tmp_path / "ws" / "manifest.parquet", tmp_path / "clean")
    curate.export(tmp_path / "ws" / "manifest.parquet", tmp_path / "clean", source=tmp_path / "moved")
    assert curate.verify(tmp_path / "clean").ok


def test_a_destination_in_use_is_refused(audited: Audited, tmp_path: Path) -> None:
    curate.manifest(audited.workspace.root, pending="drop")
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "mine.txt").write_text("mine")
    with pytest.raises(CurateError, match="not empty"):
        curate.export(audited.workspace.manifest, tmp_path / "clean")


def test_two_images_relabelled_into_the_same_name_both_survive(tmp_path: Path) -> None:
    for label in ("cats", "dogs"):
        sample_images.save(sample_images.photo(len(label) + ord(label[0])) // 8, tmp_path / "src" / label / "a.jpg")
    curate.audit(tmp_path / "src", tmp_path / "ws")
    curate.decide(tmp_path / "ws", Selection(), Action.RELABEL, reviewer="ana", new_label="night", new_class=True)
    curate.manifest(tmp_path / "ws")
    exported = curate.export(tmp_path / "ws" / "manifest.parquet", tmp_path / "clean")
    assert len(set(exported["exported_path"])) == 2
    assert all(path.startswith("night/") for path in exported["exported_path"])


def test_a_new_label_cannot_leave_the_folder(tmp_path: Path) -> None:
    sample_images.save(sample_images.photo(3) // 8, tmp_path / "src" / "cats" / "a.jpg")
    curate.audit(tmp_path / "src", tmp_path / "ws")
    curate.decide(tmp_path / "ws", Selection(), Action.RELABEL, reviewer="ana", new_label="../../evil", new_class=True)
    curate.manifest(tmp_path / "ws")
    curate.export(tmp_path / "ws" / "manifest.parquet", tmp_path / "clean")
    assert not (tmp_path.parent / "evil").exists()
    assert curate.verify(tmp_path / "clean").ok


# Deciding without the app


def test_decisions_from_a_csv_go_into_the_same_log(audited: Audited, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("path,action,new_label\ncats/cut.jpg,drop,\ndogs/night.jpg,relabel,cats\n")
    assert curate.decide_from_csv(audited.workspace.root, tmp_path / "d.csv", reviewer="ana") == 2
    with Store(audited.workspace.review) as store:
        assert [(d.path, str(d.action), d.new_label) for d in store.log.decisions()] == [
            ("cats/cut.jpg", "drop", None),
            ("dogs/night.jpg", "relabel", "cats"),
        ]


def test_what_a_killed_one_left_beside_it_is_cleared_away(audited: Audited, tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / of_a_dead_process()).write_bytes(b"half")
    curate.manifest(audited.workspace.root, beside / "m.csv", pending="keep")
    assert [path.name for path in beside.iterdir()] == ["m.csv"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "path,action\ncats/cut.jpg,drop\nnowhere.jpg,drop\n",
            "line 3: 'nowhere.jpg' is no image of this audit",
            id="unknown",
        ),
        pytest.param("path,action\ncats/cut.jpg,delete\n", "'delete' is no action", id="no such action"),
        pytest.param("path,action\ncats/cut.jpg,undo\n", "'undo' is no action", id="undo is not for CSVs"),
        pytest.param("path,action\ncats/cut.jpg,relabel\n", "needs a new_label", id="relabel to what"),
        pytest.param("file,verdict\n", "no column 'path'", id="other columns"),
    ],
)
def test_a_csv_with_a_mistake_records_nothing(audited: Audited, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "d.csv").write_text(text)
    with pytest.raises(CurateError, match=message):
        curate.decide_from_csv(audited.workspace.root, tmp_path / "d.csv", reviewer="ana")
    with Store(audited.workspace.review) as store:
        assert store.log.decisions() == []


def test_dropping_a_whole_group_is_refused_unless_allowed(audited: Audited) -> None:
    everything = Selection(categories=("duplicate",), keepers=True)
    with pytest.raises(NoSurvivorError):
        curate.decide(audited.workspace.root, everything, Action.DROP, reviewer="ana")
    curate.decide(audited.workspace.root, everything, Action.DROP, reviewer="ana", allow_no_survivor=True)


# CSV


@given(st.text())
def test_escaping_a_cell_disarms_it_and_can_be_undone(text: str) -> None:
    escaped = str(safe_csv.escape(text))
    assert not escaped.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert safe_csv.unescape(escaped) == text


def test_a_file_name_that_is_a_formula_survives_a_csv_manifest(tmp_path: Path) -> None:
    sample_images.save(sample_images.photo(1), tmp_path / "src" / "cats" / "a.jpg")
    sample_images.save(sample_images.photo(2), tmp_path / "src" / "=cmd()" / "+1.jpg")
    curate.audit(tmp_path / "src", tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / "m.csv")
    assert "\n=" not in (tmp_path / "m.csv").read_text()
    curate.export(tmp_path / "m.csv", tmp_path / "clean")
    assert (tmp_path / "clean" / "=cmd()" / "+1.jpg").is_file()


def test_missing_values_read_back_as_missing(tmp_path: Path) -> None:
    safe_csv.write(pd.DataFrame({"a": ["x", None], "b": ["1", "2"]}, dtype=object), tmp_path / "t.csv")
    assert safe_csv.read(tmp_path / "t.csv")["a"].tolist() == ["x", None]
