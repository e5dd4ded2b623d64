"""Decisions without the app: by selection, as suggested or alike, all or none. CSVs are in tests/dataset."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import curate
from curate.errors import ConfigError, CurateError, NoSurvivorError
from curate.reviewing.bulk import Selection
from curate.reviewing.fold import IMAGE
from curate.reviewing.store import Store
from curate.schema import FINDINGS, IMAGES, Action
from curate.storage.workspace import write_table
from tests import sample_images
from tests.conftest import Audited


def decisions(audited: Audited) -> dict[str, str]:
    with Store(audited.workspace.review) as store:
        return {decision.path: str(decision.action) for decision in store.log.decisions()}


@pytest.mark.parametrize(
    ("selection", "paths"),
    [
        pytest.param({"kinds": ("same_bytes",)}, {"dogs/again.jpg"}, id="a kind, without its keeper"),
        pytest.param({"kinds": ("same_bytes",), "keepers": True}, {"dogs/000.jpg", "dogs/again.jpg"}, id="and with it"),
        pytest.param({"categories": ("corrupted",)}, {"cats/cut.jpg", "cats/empty.png"}, id="a category"),
        pytest.param({"labels": ("dogs",), "categories": ("unsuitable",)}, {"dogs/night.jpg"}, id="a class"),
        pytest.param({"paths": ("*/n*.jpg", "*.png")}, {"cats/empty.png", "dogs/night.jpg"}, id="names"),
        pytest.param({"kinds": ("same_bytes",), "keepers": True, "min_score": 1.0}, {"dogs/again.jpg"}, id="at least"),
        pytest.param({"kinds": ("same_bytes",), "keepers": True, "max_score": 0.0}, {"dogs/000.jpg"}, id="at most"),
    ],
)
def test_a_selection_is_what_meets_all_of_it(audited: Audited, selection: dict[str, Any], paths: set[str]) -> None:
    curate.decide(audited.workspace.root, Selection(**selection), Action.KEEP, reviewer="ana")
    assert decisions(audited) == dict.fromkeys(paths, "keep")


def test_without_an_action_each_finding_is_decided_as_its_scanner_suggests(audited: Audited) -> None:
    chosen = Selection(kinds=("same_bytes",), keepers=True)
    assert curate.decide(audited.workspace.root, chosen, None, reviewer="ana") == 2
    assert decisions(audited) == {"dogs/000.jpg": "keep", "dogs/again.jpg": "drop"}


def test_a_suggestion_that_is_no_action_is_named(audited: Audited) -> None:
    findings = audited.workspace.read_findings().assign(suggestion="pending")
    write_table(findings, FINDINGS, audited.workspace.findings)
    with pytest.raises(CurateError, match="'pending' is no suggestion to follow"):
        curate.decide(audited.workspace.root, Selection(), None, reviewer="ana")
    assert decisions(audited) == {}


@pytest.mark.parametrize(
    ("selection", "action", "new_label", "message"),
    [
        pytest.param(Selection(kinds=("blurry",)), Action.DROP, None, "no finding in the queue matches", id="nothing"),
        pytest.param(Selection(), Action.UNDO, None, "undo is no decision", id="undo"),
        pytest.param(Selection(), Action.RELABEL, None, "relabel needs a new label", id="relabel to what"),
        pytest.param(Selection(), Action.DROP, "cats", "nothing else takes one", id="a label with another action"),
    ],
)
def test_what_cannot_be_decided_is_refused(
    audited: Audited, selection: Selection, action: Action, new_label: str | None, message: str
) -> None:
    with pytest.raises(CurateError, match=message):
        curate.decide(audited.workspace.root, selection, action, reviewer="ana", new_label=new_label)
    assert decisions(audited) == {}


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        pytest.param({"labels": ("dogs", "cat")}, "labels: there is no 'cat'; did you mean 'cats'", id="a class"),
        pytest.param({"kinds": ("dark", "drak")}, "kinds: there is no 'drak'; did you mean 'dark'", id="a kind"),
        pytest.param({"categories": ("label", "labels")}, "categories: there is no 'labels'", id="a category"),
        pytest.param(
            {"paths": ("*.png", "cats/*.gif")}, "there is no image 'cats/[*].gif', nor does one", id="a pattern"
        ),
        pytest.param({"paths": ("cats/cut.jpg", "cats/cut.jpeg")}, "no image 'cats/cut.jpeg'", id="a path"),
    ],
)
def test_a_name_that_means_nothing_is_refused_and_not_passed_over(
    audited: Audited, selection: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        curate.decide(audited.workspace.root, Selection(**selection), Action.KEEP, reviewer="ana")
    assert decisions(audited) == {}


def test_an_action_may_be_text_and_nobody_decides_namelessly(audited: Audited) -> None:
    root = audited.workspace.root
    with pytest.raises(CurateError, match="relabel needs a new label"):
        curate.decide(root, Selection(), "relabel", reviewer="ana")
    with pytest.raises(CurateError, match="nobody is named who decides"):
        curate.decide(root, Selection(kinds=("dark",)), "drop", reviewer=" ")
    assert decisions(audited) == {}
    curate.decide(root, Selection(kinds=("dark",)), "relabel", reviewer="ana", new_label="cats")
    assert decisions(audited) == {"dogs/night.jpg": "relabel"}


# Images that nothing flags, and classes that there are not yet


def verdicts(audited: Audited) -> dict[str, tuple[str, str | None]]:
    table = curate.manifest(audited.workspace.root, pending="keep")
    return {row.path: (row.action, row.final_label) for row in table.itertuples()}


def test_what_is_no_selection_is_refused(audited: Audited) -> None:
    selection: Any = "dark"
    with pytest.raises(CurateError, match=r"'dark' is no selection; give curate\.Selection"):
        curate.decide(audited.workspace.root, selection, Action.DROP, reviewer="ana")


@pytest.mark.parametrize(
    ("one", "several"),
    [
        pytest.param({"labels": "cats"}, {"labels": ("cats",)}, id="label"),
        pytest.param({"paths": "cats/a.jpg"}, {"paths": ["cats/a.jpg"]}, id="path"),
        pytest.param({"kinds": "dark"}, {"kinds": iter(["dark"])}, id="kind"),
    ],
)
def test_a_selection_of_one_text_is_of_that_alone_and_not_of_its_parts(one: Any, several: Any) -> None:
    assert Selection(**one) == Selection(**several)


def test_a_class_of_which_the_name_is_a_part_of_another_is_not_decided_with_it(tmp_path: Path) -> None:
    for name in ("male", "female"):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "empty.png").write_bytes(b"")
    curate.audit(tmp_path / "set", tmp_path / "ws", engine="serial")
    labels: Any = "female"
    assert curate.decide(tmp_path / "ws", Selection(labels=labels), Action.DROP, reviewer="ana") == 1


def test_what_cannot_be_selected_or_decided_by_is_refused(audited: Audited) -> None:
    nothing: Any = None
    with pytest.raises(ConfigError, match="kinds is None; give several"):
        Selection(kinds=nothing)
    with pytest.raises(CurateError, match="nobody is named who decides"):
        curate.decide(audited.workspace.root, Selection(), Action.DROP, reviewer=nothing)
    number: Any = 3
    with pytest.raises(ConfigError, match=r"the class 3 is no text; write '3'"):
        curate.decide(audited.workspace.root, Selection(), Action.RELABEL, reviewer="ana", new_label=number)


def test_an_image_that_nothing_flags_is_decided_by_its_path(audited: Audited) -> None:
    clean = "cats/003.jpg"
    assert curate.decide(audited.workspace.root, Selection(paths=(clean,)), Action.DROP, reviewer="ana") == 1
    assert verdicts(audited)[clean] == ("drop", None)
    assert curate.status(audited.workspace.root).verdicts["drop"] == 1
    with Store(audited.workspace.review) as store:
        store.log.undo(reviewer="ana", now="2026-01-01T00:00:00Z")
    assert verdicts(audited)[clean] == ("keep", "cats")


def test_a_pattern_selects_findings_only_and_so_does_a_path_with_another_condition(audited: Audited) -> None:
    curate.decide(audited.workspace.root, Selection(paths=("cats/*",)), Action.DROP, reviewer="ana")
    assert set(decisions(audited)) == {"cats/cut.jpg", "cats/empty.png"}
    narrow = Selection(paths=("cats/003.jpg",), categories=("corrupted",))
    with pytest.raises(CurateError, match="no finding in the queue matches"):
        curate.decide(audited.workspace.root, narrow, Action.DROP, reviewer="ana")


def test_a_name_that_reads_like_a_pattern_is_a_name(tmp_path: Path) -> None:
    sample_images.save(sample_images.photo(1) // 12, tmp_path / "src" / "a" / "[1].jpg")
    sample_images.save(sample_images.photo(2), tmp_path / "src" / "a" / "[2].jpg")
    curate.audit(tmp_path / "src", tmp_path / "ws")
    named = Selection(paths=("a/[1].jpg", "a/[2].jpg"))
    curate.decide(tmp_path / "ws", named, Action.DROP, reviewer="ana")
    assert set(curate.manifest(tmp_path / "ws")["action"]) == {"drop"}


def test_an_image_that_is_named_in_full_is_no_pattern_for_others(tmp_path: Path) -> None:
    for name in ("[1].jpg", "1.jpg"):  # as a pattern, the first is the second
        sample_images.save(sample_images.photo(len(name)) // 12, tmp_path / "src" / "a" / name)
    curate.audit(tmp_path / "src", tmp_path / "ws")
    curate.decide(tmp_path / "ws", Selection(paths=("a/[1].jpg",)), Action.DROP, reviewer="ana")
    table = curate.manifest(tmp_path / "ws", pending="keep")
    assert dict(zip(table["path"], table["action"], strict=True)) == {"a/[1].jpg": "drop", "a/1.jpg": "keep"}


def test_a_flagged_image_that_is_named_in_full_is_decided_by_its_findings(audited: Audited) -> None:
    named = Selection(paths=("cats/cut.jpg", "cats/003.jpg"))
    assert curate.decide(audited.workspace.root, named, Action.DROP, reviewer="ana") == 2
    with Store(audited.workspace.review) as store:
        found = {row.path: row.finding_id for row in store.log.decisions()}
    assert found["cats/003.jpg"] == IMAGE != found["cats/cut.jpg"]


def test_a_decision_about_an_unflagged_image_holds_for_its_bytes_only(audited: Audited) -> None:
    images = audited.workspace.read_images()
    curate.decide(audited.workspace.root, Selection(paths=("cats/003.jpg",)), Action.DROP, reviewer="ana")
    images.loc[images["path"] == "cats/003.jpg", "sha256"] = "other"
    write_table(images, IMAGES, audited.workspace.images)
    assert verdicts(audited)["cats/003.jpg"] == ("keep", "cats")
    assert curate.status(audited.workspace.root).stale == ["cats/003.jpg"]


@pytest.mark.parametrize(
    ("label", "message"),
    [
        pytest.param("Cats", "'Cats' is no class of this dataset; did you mean 'cats'", id="capitals"),
        pytest.param("catz", "did you mean 'cats'", id="a slip"),
        pytest.param("owl", "'owl' is no class of this dataset; For a new class say --new-class", id="another word"),
        pytest.param("  ", "is no class of this dataset", id="blanks"),
    ],
)
def test_a_class_comes_about_only_where_one_is_asked_for(audited: Audited, label: str, message: str) -> None:
    with pytest.raises(CurateError, match=message):
        curate.decide(audited.workspace.root, Selection(), Action.RELABEL, reviewer="ana", new_label=label)
    assert decisions(audited) == {}


def test_a_keeper_that_is_named_in_full_is_decided_like_any_image(audited: Audited) -> None:
    findings = audited.workspace.read_findings()
    keeper = findings[findings["role"] == "keeper"]["path"].iloc[0]
    curate.decide(audited.workspace.root, Selection(paths=(keeper,)), Action.RELABEL, reviewer="ana", new_label="cats")
    assert set(decisions(audited)) == {keeper}


def test_an_image_that_has_the_class_already_is_kept_and_not_relabelled(audited: Audited, tmp_path: Path) -> None:
    root = audited.workspace.root
    curate.decide(root, Selection(kinds=("dark", "empty")), Action.RELABEL, reviewer="ana", new_label="dogs")
    assert verdicts(audited)["dogs/night.jpg"] == ("keep", "dogs")
    assert verdicts(audited)["cats/empty.png"] == ("relabel", "dogs")
    (tmp_path / "d.csv").write_text("path,action,new_label\ncats/empty.png,relabel,cats\n")
    curate.decide_from_csv(root, tmp_path / "d.csv", reviewer="ana")
    assert verdicts(audited)["cats/empty.png"] == ("keep", "cats")


def test_blanks_round_a_class_are_forgiven_and_a_new_one_is_a_class_from_then_on(audited: Audited) -> None:
    root, night = audited.workspace.root, Selection(kinds=("dark",))
    curate.decide(root, night, Action.RELABEL, reviewer="ana", new_label=" cats ")
    assert verdicts(audited)["dogs/night.jpg"] == ("relabel", "cats")
    curate.decide(root, night, Action.RELABEL, reviewer="ana", new_label=" owls", new_class=True)
    curate.decide(root, night, Action.RELABEL, reviewer="bo", new_label="owls")
    assert verdicts(audited)["dogs/night.jpg"] == ("relabel", "owls")
    with pytest.raises(CurateError, match="is no class"):
        curate.decide(root, night, Action.RELABEL, reviewer="ana", new_label=" ", new_class=True)


# From a CSV


def from_csv(audited: Audited, text: str, **options: Any) -> int:
    file = audited.workspace.root.parent / "d.csv"
    file.write_bytes(text.encode())
    return curate.decide_from_csv(audited.workspace.root, file, reviewer="ana", **options)


def test_a_row_decides_all_findings_of_its_image_or_the_one_it_names_or_the_image_itself(audited: Audited) -> None:
    findings = audited.workspace.read_findings()
    (copy,) = findings[(findings["path"] == "dogs/again.jpg") & (findings["role"] == "copy")]["finding_id"]
    assert from_csv(audited, f"path,action,finding_id\ndogs/again.jpg,drop,{copy}\ncats/003.jpg,drop,\n") == 2
    assert decisions(audited) == {"dogs/again.jpg": "drop", "cats/003.jpg": "drop"}
    with pytest.raises(CurateError, match=r"line 2: 'dogs/again\.jpg' has no finding 'x'"):
        from_csv(audited, "path,action,finding_id\ndogs/again.jpg,drop,x\n")


@pytest.mark.parametrize("path", ["cats\\cut.jpg", "cats/cut.jpg ", "cats\\cut.jpg "])
def test_a_path_is_read_as_windows_and_as_spreadsheets_write_it(audited: Audited, path: str) -> None:
    assert from_csv(audited, f"path,action\n{path},Drop \n") == 1
    assert decisions(audited) == {"cats/cut.jpg": "drop"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param("cats/cut.jpg,drop,\n,,\ncats/cut.jpg,keep,", "lines 2 and 4: .* drop and keep", id="actions"),
        pytest.param("cats/cut.jpg,relabel,dogs\ncats/cut.jpg,relabel,cats",
                     "lines 2 and 3: .* relabel to 'dogs' and relabel to 'cats'", id="labels"),
        pytest.param("cats/cut.jpg,,", "line 2: '' is no action", id="no action"),
        pytest.param("cats/cut.jpg,undo,", "line 2: 'undo' is no action", id="an undo"),
        pytest.param(",drop,", "line 2: '' is no image of this audit", id="no path"),
        pytest.param("cats/cut.jpg,keep,dogs", "line 2: keep with the new_label 'dogs'; write relabel", id="a class"),
        pytest.param("cats/cut.jpg,relabel,Dogs", "line 2: 'Dogs' is no class .* did you mean 'dogs'", id="no class"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_line_and_nothing_is_recorded(audited: Audited, rows: str, message: str) -> None:
    with pytest.raises(CurateError, match=message):
        from_csv(audited, f"path,action,new_label\n{rows}\n")
    assert decisions(audited) == {}


def test_a_row_with_a_hash_decides_that_content_and_no_other(audited: Audited) -> None:
    images = audited.workspace.read_images().set_index("path")["sha256"]
    looked_at, other = images["dogs/again.jpg"], images["cats/003.jpg"]
    with pytest.raises(CurateError, match=r"line 2: 'dogs/again\.jpg' is another image by now"):
        from_csv(audited, f"path,sha256,action\ndogs/again.jpg,{other},drop\n")
    assert decisions(audited) == {}
    assert from_csv(audited, f"path,sha256,action\ndogs/again.jpg,{looked_at.upper()},drop\ncats/003.jpg,,drop\n") == 2


def test_a_row_may_say_the_class_that_an_image_has_beside_any_action(audited: Audited) -> None:
    assert from_csv(audited, "path,action,new_label\ncats/cut.jpg,drop, Cats \ndogs/again.jpg,keep,  \n") == 2
    assert decisions(audited) == {"cats/cut.jpg": "drop", "dogs/again.jpg": "keep"}


def test_rows_that_say_the_same_are_one_decision(audited: Audited) -> None:
    assert from_csv(audited, "path,action\ncats/cut.jpg,drop\ncats/cut.jpg,DROP\n") == 1


def test_a_new_class_in_a_csv_wants_to_be_said(audited: Audited) -> None:
    row = "path,action,new_label\ndogs/night.jpg,relabel,owls\n"
    with pytest.raises(CurateError, match="--new-class"):
        from_csv(audited, row)
    from_csv(audited, row, new_class=True)
    assert verdicts(audited)["dogs/night.jpg"] == ("relabel", "owls")


def test_the_way_to_drop_a_whole_group_is_named(audited: Audited) -> None:
    with pytest.raises(NoSurvivorError, match=r"\(--allow-no-survivor"):
        from_csv(audited, "path,action\ndogs/again.jpg,drop\ndogs/000.jpg,drop\n")


def also_dark(audited: Audited, *paths: str) -> None:
    """Call more images dark, as a scanner would, which suggests to drop them."""
    findings = audited.workspace.read_findings()
    night = findings[findings["path"] == "dogs/night.jpg"].iloc[0]
    more = [night.to_dict() | {"finding_id": f"dark-{path}", "path": path} for path in paths]
    findings = pd.concat([findings, pd.DataFrame(more, dtype=object)], ignore_index=True)
    write_table(findings, FINDINGS, audited.workspace.findings)
    with Store(audited.workspace.review) as store:
        store.queue.sync(findings, audited.workspace.read_images())


@pytest.mark.parametrize(
    ("dark", "decided"),
    [
        pytest.param((), {"dogs/again.jpg": "drop"}, id="none"),
        pytest.param(
            ("dogs/000.jpg",), {"dogs/000.jpg": "drop", "dogs/again.jpg": "keep"}, id="the keeper: the copy stays"
        ),
        pytest.param(("dogs/again.jpg",), {"dogs/again.jpg": "drop"}, id="the copy"),
        pytest.param(
            ("dogs/000.jpg", "dogs/again.jpg"), {"dogs/000.jpg": "drop", "dogs/again.jpg": "drop"}, id="both: both go"
        ),
    ],
)
def test_as_suggested_a_group_keeps_an_image_that_is_fit_to_stay(
    audited: Audited, dark: tuple[str, ...], decided: dict[str, str]
) -> None:
    also_dark(audited, *dark)
    curate.decide(audited.workspace.root, Selection(labels=("dogs",), kinds=("same_bytes", "dark")), None, reviewer="a")
    assert {path: action for path, action in decisions(audited).items() if path != "dogs/night.jpg"} == decided


def test_dropping_a_group_that_is_fit_to_stay_names_the_option_that_allows_it(audited: Audited) -> None:
    chosen = Selection(kinds=("same_bytes",), keepers=True)
    with pytest.raises(NoSurvivorError, match="--allow-no-survivor"):
        curate.decide(audited.workspace.root, chosen, Action.DROP, reviewer="ana")
    assert decisions(audited) == {}
