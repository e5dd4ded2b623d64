"""Arguments of the functions of `curate` that are no path: one line that names them, before anything is done."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import curate
from curate.errors import ConfigError
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
