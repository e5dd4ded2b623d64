"""The commands about training, as somebody types them."""

from pathlib import Path

import numpy as np
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from curate.errors import SourceError
from curate.storage import safe_csv
from curate.train import commands
from tests import sample_images
from tests.sources.test_sources import tar


def run(*arguments: object) -> Result:
    app = typer.Typer()
    commands.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_recipe_is_one_of_two(tmp_path: Path) -> None:
    result = run("train", "fit", tmp_path, "-o", tmp_path / "run", "--recipe", "other")
    assert result.exit_code == 2
    assert "'other' is not one of 'reference', 'proposed'" in " ".join(result.output.replace("│", " ").split())


def test_a_source_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    result = run("train", "fit", tmp_path / "nowhere", "-o", tmp_path / "run")
    assert isinstance(result.exception, SourceError)
    assert "nowhere does not exist; give" in str(result.exception)
    assert not (tmp_path / "run").exists()


def test_a_run_on_shards_and_its_predictions(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    members = {}
    for seed in range(10):
        shade = sample_images.photo(seed, 64, 64) // 3 + 150 * (seed % 2)
        members[f"{'ab'[seed % 2]}/{seed}.png"] = sample_images.encode(shade.astype(np.uint8), "PNG")
    source = tar(tmp_path / "set.tar", members)
    result = run(
        "train", "fit", source, "-o", tmp_path / "run", "--epochs", 1, "--input-px", 32, "--recipe", "proposed"
    )
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{tmp_path / 'run' / 'checkpoint.pt'}\n"
    result = run("train", "predict", tmp_path / "run" / "checkpoint.pt", source, "-o", tmp_path / "p.csv")
    assert result.exit_code == 0, result.output
    table = safe_csv.read(tmp_path / "p.csv")
    assert list(table["path"]) == [str(tmp_path / "set.tar" / path) for path in sorted(members)]
    assert list(table.columns) == ["path", "label", "predicted", "p:a", "p:b", "error"]
