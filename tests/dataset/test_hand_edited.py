"""A manifest that a person has edited: closed sets are closed, slips are forgiven or named, nothing is guessed."""

import json
from pathlib import Path

import pandas as pd
import pytest

import curate
from curate.dataset import manifest as manifests
from curate.errors import SourceError
from curate.schema import MANIFEST
from curate.storage import safe_csv
from tests import sample_images
from tests.dataset.handmade import Row, files, manifest


def edited(folder: Path, *rows: Row, **cells: dict[int, str | None]) -> Path:
    """Write a manifest whose cells, by column and row, a person has changed."""
    path = manifest(folder, *rows)
    table = safe_csv.read(path)
    for name, changes in cells.items():
        values = table[name].tolist()
        for row, value in changes.items():
            values[row] = value
        table[name] = values
    safe_csv.write(table, path)
    return path


@pytest.mark.parametrize("written", ["drop", "Drop", "DROP", " drop", "drop "])
def test_case_and_blanks_of_an_action_are_forgiven(tmp_path: Path, written: str) -> None:
    path = edited(tmp_path, Row("a/1.png", "a"), Row("a/2.png", "a"), action={0: written})
    assert manifests.read(path)["action"].tolist() == ["drop", "keep"]
    assert list(manifests.kept_rows(path)["path"]) == ["a/2.png"]


@pytest.mark.parametrize("written", ["remove", "delete", "dropp", "x", "keep drop", None])
def test_any_other_action_is_refused_with_its_line(tmp_path: Path, written: str | None) -> None:
    path = edited(tmp_path, Row("a/1.png", "a"), Row("a/2.png", "a"), action={1: written})
    with pytest.raises(SourceError, match=rf"line 3: '{written or ''}' is no action; there are keep, drop"):
        curate.export(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_image_that_is_kept_after_all_keeps_its_label(tmp_path: Path) -> None:
    path = edited(tmp_path, Row("a/1.png", "a", action="drop"), action={0: "keep"}, final_label={0: None})
    assert manifests.read(path)["final_label"].tolist() == ["a"]


def test_a_relabel_to_nothing_is_refused(tmp_path: Path) -> None:
    path = edited(tmp_path, Row("a/1.png", "a"), action={0: "relabel"}, final_label={0: None})
    with pytest.raises(SourceError, match=r"line 2: 'a/1\.png' is relabelled, but its final_label is empty"):
        manifests.read(path)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_classes_that_are_numbers_stay_what_they_are_where_pandas_saves_a_manifest(tmp_path: Path, suffix: str) -> None:
    """A dropped image has no final label, so that pandas reads the others as 7.0."""
    rows = (
        Row("7/1.png", "7"),
        Row("7/2.png", "7", action="drop"),
        Row("1/1.png", "1", final_label="7", action="relabel"),
    )
    path = edited(tmp_path, *rows, final_label={1: None})
    saved, again = pd.read_csv(path), tmp_path / f"again{suffix}"
    assert saved["final_label"].dtype == float
    if suffix == ".csv":
        saved.to_csv(again, index=False)
    elif suffix == ".jsonl":
        saved.to_json(again, orient="records", lines=True)
    else:
        saved.to_parquet(again)
    assert manifests.read(again)["final_label"].tolist() == ["7", None, "7"]


def test_a_class_whose_name_is_a_number_with_a_point_keeps_it(tmp_path: Path) -> None:
    rows = Row("v1/1.png", "1.0"), Row("v1/2.png", "1"), Row("v2/1.png", "2"), Row("v2/2.png", "2", final_label="3.0")
    assert manifests.read(manifest(tmp_path, *rows))["final_label"].tolist() == ["1.0", "1", "2", "3.0"]


@pytest.mark.parametrize("column", ["path", "source"])
def test_a_row_about_no_image_is_refused(tmp_path: Path, column: str) -> None:
    with pytest.raises(SourceError, match=f"line 2: its {column} is empty"):
        manifests.read(edited(tmp_path, Row("a/1.png", "a"), **{column: {0: None}}))


def test_two_rows_that_contradict_are_refused_and_two_that_agree_are_one(tmp_path: Path) -> None:
    rows = (Row("a/1.png", "a"), Row("b/1.png", "b"), Row("a/1.png", "a"))
    assert list(manifests.read(manifest(tmp_path / "same", *rows))["path"]) == ["a/1.png", "b/1.png"]
    with pytest.raises(SourceError, match=r"lines 2 and 4: 'a/1\.png' is given keep and drop; leave one"):
        manifests.read(edited(tmp_path / "actions", *rows, action={2: "drop"}))
    with pytest.raises(SourceError, match=r"lines 2 and 4: 'a/1\.png' is given two labels; leave one"):
        manifests.read(edited(tmp_path / "labels", *rows, final_label={2: "b"}))


def test_two_splits_of_one_image_are_refused(tmp_path: Path) -> None:
    path = edited(tmp_path, Row("a/1.png", "a", split="test"), Row("a/1.png", "a", split="test"), split={1: "train"})
    with pytest.raises(SourceError, match=r"lines 2 and 3: 'a/1\.png' is given the splits test and train; leave one"):
        manifests.read(path)


def test_a_split_goes_by_any_of_its_names_as_in_a_list(tmp_path: Path) -> None:
    written = ("Train", "training", "train ", "valid", "Test set", "fold 3", None)
    rows = [Row(f"a/{number}.png", "a") for number in range(len(written))]
    path = edited(tmp_path, *rows, split=dict(enumerate(written)))
    wanted = ["train", "train", "train", "val", "test", "fold 3", None]
    assert manifests.read(path)["split"].tolist() == wanted
    exported = curate.export(path, tmp_path / "out.csv")
    assert exported["split"].tolist() == wanted
    assert curate.audit(tmp_path / "out.csv", tmp_path / "ws").images["split"].tolist() == wanted


def test_the_same_path_in_two_sources_is_two_images(tmp_path: Path) -> None:
    rows = (Row("a/1.png", "a"), Row("a/1.png", "a"))
    assert len(manifests.read(edited(tmp_path, *rows, source={1: "/elsewhere"}))) == 2


@pytest.mark.parametrize(
    ("separator", "encoding"),
    [(";", "utf-8-sig"), (";", "cp1252"), (",", "cp1252"), ("\t", "utf-16"), (",", "utf-8")],
)
def test_a_manifest_is_read_as_a_spreadsheet_saves_it(tmp_path: Path, separator: str, encoding: str) -> None:
    path = manifest(tmp_path, Row("maçã/1.png", "maçã"), Row("pêra/2.png", "pêra"))
    safe_csv.read(path).to_csv(path, index=False, sep=separator, encoding=encoding, lineterminator="\r\n")
    assert manifests.is_manifest(path)
    curate.export(path, tmp_path / "out")
    assert {"maçã/1.png", "pêra/2.png"} < set(files(tmp_path / "out"))


@pytest.mark.parametrize("suffix", [".CSV", ".Parquet", ".JSONL"])
def test_the_ending_of_a_manifest_has_any_case(tmp_path: Path, suffix: str) -> None:
    table = manifests.read(manifest(tmp_path, Row("a/1.png", "a"), Row("a/2.png", "a", action="drop")))
    path = (tmp_path / "approved").with_suffix(suffix)
    facts = dict.fromkeys(MANIFEST.names, "") | {"size_bytes": 1, "width": 1, "height": 1, "frames": 1}
    manifests.write(pd.DataFrame([facts | row for row in table.to_dict("records")])[MANIFEST.names], path)
    assert manifests.is_manifest(path)
    assert list(manifests.kept_rows(path)["path"]) == ["a/1.png"]


def test_windows_paths_are_read_where_only_those_with_slashes_are_there(tmp_path: Path) -> None:
    path = edited(tmp_path, Row("a/1.png", "a"), Row("b\\2.png", "b"), path={0: "a\\1.png"})
    assert list(manifests.kept_rows(path)["path"]) == ["a/1.png", "b\\2.png"]


AWKWARD = ("line\nfeed", "carriage\rreturn", "both\r\n", "separator\u2028", "next\x85line", "tab\vform\f", "group\x1c",
           " leading", "trailing ", "back\\slash", "=1+1", "'quoted'", 'double"quote', "comma,semi;colon")  # fmt: skip


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_line_breaks_of_any_kind_in_names_survive_manifest_export_sums_and_verify(tmp_path: Path, suffix: str) -> None:
    for number, name in enumerate(AWKWARD):
        sample_images.save(sample_images.photo(number, 40, 30), tmp_path / "src" / f"c {name}" / f"{name}.png")
    curate.audit(tmp_path / "src", tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / f"m{suffix}", pending="keep")
    kept = curate.export(tmp_path / f"m{suffix}", tmp_path / "out")
    assert len(kept) == len(AWKWARD)
    result = curate.verify(tmp_path / "out")
    assert (result.changed, result.missing, result.extra) == ([], [], [])
    assert result.checked >= len(AWKWARD)
    again = curate.audit(tmp_path / "out", tmp_path / "ws2").images
    assert set(again["label"]) == set(kept["final_label"])
    (tmp_path / "out" / kept["exported_path"][0]).unlink()
    assert curate.verify(tmp_path / "out").missing == [kept["exported_path"][0]]


def test_a_list_of_json_lines_ends_rows_at_line_feeds_only(tmp_path: Path) -> None:
    sample_images.save(sample_images.photo(1, 40, 30), tmp_path / "a\u2028b.png")
    (tmp_path / "list.jsonl").write_text(json.dumps({"path": "a\u2028b.png", "label": "x\x85y"}, ensure_ascii=False))
    images = curate.audit(tmp_path / "list.jsonl", tmp_path / "ws").images
    assert images[["path", "label"]].to_numpy().tolist() == [["a\u2028b.png", "x\x85y"]]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_numbers_as_classes_are_read_as_their_text_and_what_is_lacking_as_none(tmp_path: Path, suffix: str) -> None:
    table = safe_csv.read(manifest(tmp_path, Row("a/1.png", "a"), Row("a/2.png", "a")))
    table["label"] = [7.5, None]
    table["final_label"] = [None, 7.5]
    if suffix == ".parquet":
        table.to_parquet(tmp_path / f"m{suffix}")
    else:
        (tmp_path / f"m{suffix}").write_text("\n".join(json.dumps(row) for row in table.to_dict("records")))
    frame = manifests.read(tmp_path / f"m{suffix}")
    assert frame["label"].tolist() == ["7.5", None]
    assert frame["final_label"].tolist() == ["7.5", "7.5"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_what_has_just_the_columns_of_a_manifest_is_one_and_a_list_is_none(tmp_path: Path, suffix: str) -> None:
    table = safe_csv.read(manifest(tmp_path, Row("a/1.png", "a")))
    needed = table[["path", "sha256", "action", "final_label", "source"]]
    lists = {
        "needed": needed,
        "whole": table,
        "list": table[["path", "label"]],
        "lacking": needed.drop(columns="action"),
    }
    for name, frame in lists.items():
        path = tmp_path / f"{name}{suffix}"
        if suffix == ".parquet":
            frame.to_parquet(path)
        elif suffix == ".csv":
            safe_csv.write(frame, path)
        else:
            path.write_text("\n".join(json.dumps(row) for row in frame.to_dict("records")))
        assert manifests.is_manifest(path) is (name in {"needed", "whole"})
    assert not manifests.is_manifest(tmp_path / f"none{suffix}")
    assert not manifests.is_manifest(tmp_path)
