"""Arguments of the functions of `curate` that are no path: one line that names them, before anything is done."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import curate
from curate.errors import ConfigError, CurateError
from tests.conftest import Audited

TABLE = pd.DataFrame({"path": ["a.jpg"]})


@pytest.mark.parametrize("given", [None, 5, TABLE, [1]], ids=["None", "number", "table", "list"])
@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("status", (), "workspace"),
        ("judge", (), "workspace"),
        ("manifest", (), "workspace"),
        ("report", (), "workspace"),
        ("review", (), "workspace"),
        ("find_copies", ("a.jpg",), "workspace"),
        ("diff", ("more",), "before"),
        ("compare", ("more",), "ours"),
        ("export", ("cleaned",), "manifest"),
        ("verify", (), "path"),
        ("torch_dataset", (), "manifest"),
        ("build", ("set",), "recipe"),
    ],
)
def test_what_is_no_path_is_refused_by_name(name: str, more: tuple[str, ...], said: str, given: Any) -> None:
    pytest.importorskip("torch")
    found = "None" if given is None else f"of the type {type(given).__name__}"
    with pytest.raises(ConfigError, match=rf"^{said} is {found}; give its path, as text or a Path$"):
        getattr(curate, name)(given, *more)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"paths": []}, "paths is empty, which would choose everything"),
        ({"paths": ()}, "paths is empty, which would choose everything"),
        ({"labels": tuple(name for name in [] if name)}, "labels is empty"),
        ({"kinds": pd.Series([], dtype=object)}, "kinds is empty"),
        ({"paths": [5]}, r"paths is \[5\]; give several, as a tuple of texts"),
        ({"labels": b"cat"}, "labels is b'cat'"),
        ({"min_score": None}, "min_score is None; give a number"),
        ({"max_score": "1"}, "max_score is '1'; give a number"),
        ({"min_score": True}, "min_score is True; give a number"),
    ],
)
def test_a_selection_that_chooses_nothing_or_cannot_be_told_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        curate.Selection(**given)


def test_values_of_another_type_are_refused_by_name(audited: Audited, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    root, odd = audited.workspace.root, tmp_path / "m.csv"
    curate.manifest(root, odd, pending="keep")
    (tmp_path / "recipe.toml").write_text("")
    wrong: Any
    for wrong in (5, True, b"x", [None], {"a": "b"}):
        for call in (
            lambda wrong: curate.export(odd, tmp_path / "out", source=wrong),
            lambda wrong: curate.torch_dataset(odd, source=wrong),
        ):
            with pytest.raises(ConfigError, match=r"^source is "):
                call(wrong)
    every = curate.Selection()
    for wrong in ([], {}, [5]):
        with pytest.raises(CurateError, match="is no decision"):
            curate.decide(root, every, wrong, reviewer="ana")
        with pytest.raises(ConfigError, match="note is"):
            curate.decide(root, every, "keep", reviewer="ana", note=wrong)
    wrong = "x"
    with pytest.raises(ConfigError, match="--port x is no port"):
        curate.review(root, port=wrong)
    for empty in ("", "a\0b"):
        with pytest.raises(ConfigError, match="which is the path of nothing"):
            curate.audit(audited.source, empty)
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_into_a_folder_called_none(
    audited: Audited, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nowhere: Any = None
    curate.manifest(audited.workspace.root, tmp_path / "m.csv", pending="keep")
    for call in (
        lambda: curate.audit(audited.source, nowhere),
        lambda: curate.export(tmp_path / "m.csv", nowhere),
        lambda: curate.fetch("kaggle:a/b", nowhere),
    ):
        with pytest.raises(ConfigError, match="is None; give its path"):
            call()
    assert not (tmp_path / "None").exists()


def test_a_run_or_a_file_that_is_no_path_is_refused(audited: Audited, tmp_path: Path) -> None:
    nothing: Any = None
    with pytest.raises(ConfigError, match="run is None"):
        curate.report(audited.workspace.root, tmp_path / "r.html", runs=nothing)
    with pytest.raises(ConfigError, match="file is None"):
        curate.find_copies(audited.workspace.root, [nothing])


NO_FLAG = ("no", "", 0, 1, None, [], TABLE)
NO_FUNCTION = ("x", 5, [1], TABLE)
NO_TEXT = (5, b"x", [], {}, TABLE)
NOT_SEVERAL = ({}, {"a": 1}, b"x", TABLE)


@pytest.mark.parametrize(
    ("name", "option", "wrong", "said"),
    [
        ("audit", "report", ("x", 5, [1], TABLE), "report is "),
        ("audit", "engine", ("", 0, [], TABLE), ".* is no engine; give serial"),
        ("audit", "exclude", NOT_SEVERAL, "exclude is "),
        ("audit", "profile", (TABLE, []), "profile "),
        ("judge", "report", NO_FUNCTION, "report is "),
        ("judge", "engine", ("", 0, [], TABLE), ".* is no engine; give serial"),
        ("manifest", "output", ("", 0, [], TABLE), "output is "),
        ("manifest", "pending", ("no", 0, [], TABLE), "pending is "),
        ("export", "repair_splits", NO_FLAG, "repair_splits is "),
        ("export", "say", NO_FUNCTION, "say is "),
        ("export", "mode", (None, [], TABLE), "mode is "),
        ("export", "layout", ("", [], TABLE), "layout is "),
        ("build", "repair_splits", NO_FLAG, "repair_splits is "),
        ("build", "say", NO_FUNCTION, "say is "),
        ("report", "lang", NO_TEXT, "lang is "),
        ("report", "output", ("", 0, [], TABLE), "output is "),
        ("report", "runs", NOT_SEVERAL, "runs is "),
        ("diff", "report", NO_FUNCTION, "report is "),
        ("compare", "report", NO_FUNCTION, "report is "),
        ("compare", "thorough", NO_FLAG, "thorough is "),
        ("find_copies", "files", NOT_SEVERAL, "files is "),
        ("decide", "new_class", NO_FLAG, "new_class is "),
        ("decide", "allow_no_survivor", NO_FLAG, "allow_no_survivor is "),
        ("decide_from_csv", "new_class", NO_FLAG, "new_class is "),
        ("decide_from_csv", "allow_no_survivor", NO_FLAG, "allow_no_survivor is "),
        ("decide_from_label_studio", "new_class", NO_FLAG, "new_class is "),
        ("torch_dataset", "transform", NO_FUNCTION, "transform is "),
        ("torch_dataset", "split", NO_TEXT, "split is "),
        ("review", "open_browser", NO_FLAG, "open_browser is "),
        ("review", "say", NO_FUNCTION, "say is "),
        ("review", "hosts", (*NOT_SEVERAL, [5]), "hosts is "),
        ("review", "lang", NO_TEXT, "lang is "),
        ("review", "reviewer", NO_TEXT, "reviewer is "),
        ("review", "address", (*NO_TEXT, None), "address is "),
        ("Selection", "keepers", NO_FLAG, "keepers is "),
        ("Selection", "min_score", (float("nan"), -1, 50, TABLE), "min_score is "),
        ("Selection", "max_score", (float("nan"), -1, 50, TABLE), "max_score is "),
        ("Selection", "paths", NOT_SEVERAL, "paths is "),
    ],
)
def test_an_option_of_another_type_is_refused_by_name_before_anything_is_done(
    audited: Audited, tmp_path: Path, name: str, option: str, wrong: tuple[Any, ...], said: str
) -> None:
    pytest.importorskip("torch")
    root, approved = audited.workspace.root, tmp_path / "m.csv"
    curate.manifest(root, approved, pending="keep")
    (tmp_path / "recipe.toml").write_text("")
    (tmp_path / "decisions.csv").write_text("path,action\n")
    every = curate.Selection()
    given: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
        "audit": ((audited.source, tmp_path / "ws"), {}),
        "judge": ((root,), {}),
        "manifest": ((root,), {}),
        "export": ((approved, tmp_path / "out"), {}),
        "build": ((tmp_path / "recipe.toml", tmp_path / "out"), {"manifest": approved}),
        "report": ((root,), {}),
        "diff": ((root, root), {}),
        "compare": ((root, root), {}),
        "find_copies": ((root,), {}),
        "decide": ((root, every, "keep"), {"reviewer": "ana"}),
        "decide_from_csv": ((root, tmp_path / "decisions.csv"), {"reviewer": "ana"}),
        "decide_from_label_studio": ((root, tmp_path / "answers.json"), {"reviewer": "ana"}),
        "torch_dataset": ((approved,), {}),
        "review": ((root,), {}),
        "Selection": ((), {}),
    }
    there = set(tmp_path.iterdir())
    for one in wrong:
        arguments, options = given[name]
        with pytest.raises(ConfigError, match=f"^{said}"):
            getattr(curate, name)(*arguments, **options, **{option: one})
    assert set(tmp_path.iterdir()) == there


def test_several_are_given_as_any_collection_and_one_by_itself(audited: Audited) -> None:
    image = audited.source / "dogs" / "night.jpg"
    of_one = curate.find_copies(audited.workspace.root, image)
    for several in ([image], (str(image),), pd.Series([str(image)]), iter([image])):
        assert len(curate.find_copies(audited.workspace.root, several)) == len(of_one)  # type: ignore[arg-type]


def test_what_a_notebook_is_to_show_is_a_kind_and_a_number(audited: Audited) -> None:
    audit = curate.audit(audited.source, audited.workspace.root)
    wrong: Any
    for wrong in ("3", 1.5, True, -1, None, TABLE):
        with pytest.raises(ConfigError, match=r"^n is "):
            audit.show(n=wrong)
        with pytest.raises(ConfigError, match=r"^n is "):
            audit.show_groups(wrong)
    for wrong in (5, [], TABLE):
        with pytest.raises(ConfigError, match=r"^kind is "):
            audit.show(wrong)
