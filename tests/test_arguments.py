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
