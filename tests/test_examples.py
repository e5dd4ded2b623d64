"""The examples of the public functions run as they stand, in the order of the way, on drawn images."""

import doctest
import inspect
import json
import shutil
from pathlib import Path

import pytest

import curate
from tests import sample_images

ROOT = Path(__file__).parents[1]
ORDER = (
    "audit",
    "status",
    "judge",
    "compare",
    "find_copies",
    "diff",
    "decide",
    "decide_from_csv",
    "decide_from_label_studio",
    "manifest",
    "export",
    "verify",
    "build",
    "torch_dataset",
    "report",
    "review",
    "fetch",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`photos` with a copy and a dark image, and `more` with a copy of one of them."""
    photos = sample_images.dataset(tmp_path / "photos", each=3)
    shutil.copy(photos / "dogs" / "000.jpg", photos / "dogs" / "again.jpg")
    sample_images.save(sample_images.photo(9, 320, 240) // 8, photos / "dogs" / "night.jpg")
    sample_images.save(sample_images.photo(50), tmp_path / "more" / "cats" / "new.jpg")
    shutil.copy(photos / "cats" / "001.jpg", tmp_path / "more" / "cats" / "same.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_the_examples_of_the_public_functions_run_in_the_order_of_the_way() -> None:
    pytest.importorskip("torch")
    methods = [curate.Audit.show, curate.Audit.show_groups]
    for function in [curate.audit, *methods, *(getattr(curate, name) for name in ORDER[1:])]:
        name = function.__name__
        (test,) = doctest.DocTestFinder(recurse=False).find(function, name, globs={"curate": curate})
        assert test.examples, name
        said: list[str] = []
        result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=said.append)
        assert result.failed == 0, "".join(said)


def test_every_public_function_has_an_example() -> None:
    functions = {name for name in curate.__all__ if inspect.isfunction(getattr(curate, name))}
    assert functions == set(ORDER)


@pytest.mark.slow
def test_the_tutorial_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    notebook = json.loads((ROOT / "docs" / "tutorial.ipynb").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(cells):
        assert (cell["outputs"], cell["execution_count"]) == ([], None)
        exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
    assert (tmp_path / "cleaned" / "sha256sums.txt").is_file()
    assert (tmp_path / "report.html").is_file()
