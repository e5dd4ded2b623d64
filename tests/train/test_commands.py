"""The commands about training, as somebody types them."""

import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

import curate
from curate.errors import ConfigError, MissingExtraError, SourceError
from curate.storage import safe_csv
from curate.train import commands
from tests import sample_images
from tests.sources.test_sources import tar
from tests.train.drawn import draw


def run(*arguments: object) -> Result:
    app = typer.Typer()
    commands.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_recipe_is_one_of_three_or_a_file(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    result = run("train", "fit", tmp_path, "-o", tmp_path / "run", "--recipe", "other")
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == "recipe 'other': neither a file nor one of reference, proposed, faces"


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "fit", "set", "-o", "s3://bucket/run"),
        ("train", "predict", "checkpoint.pt", "set", "-o", "s3://bucket/run"),
        ("train", "export", "checkpoint.pt", "-o", "s3://bucket/run"),
        ("benchmark", "--demo", "-o", "s3://bucket/run"),
    ],
)
def test_what_is_trained_is_not_written_to_a_url(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would lie in a folder of this machine called s3:."""
    pytest.importorskip("torch")
    draw(tmp_path / "set", "train", "test")
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert isinstance(result.exception, SourceError)
    assert str(result.exception).startswith("s3://bucket/run is a URL, and ")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "fit", "set", "-o", "run"),
        ("train", "predict", "checkpoint.pt", "set", "-o", "predictions.csv"),
        ("train", "export", "checkpoint.pt", "-o", "net.onnx"),
        ("train", "embed", "ws"),
        ("train", "summary"),
        ("benchmark", "--raw", "set", "--extra", "set", "-o", "out"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_without_the_packages_of_training_a_command_says_what_to_install_before_it_reads_anything(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path / "set", "train", "test")
    monkeypatch.chdir(tmp_path)
    for package in ("torch", "torchvision", "sklearn"):
        monkeypatch.setitem(sys.modules, package, None)
    result = run(*arguments)
    assert isinstance(result.exception, MissingExtraError), result.exception
    assert str(result.exception) == 'training needs more packages: pip install "imagecurate[train]"'
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_recipe_without_training_and_one_without_a_source_are_one_clear_line(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "build.toml").write_text("seed = 1\n")
    result = run("train", "fit", tmp_path, "-o", tmp_path / "run", "--recipe", tmp_path / "build.toml")
    assert str(result.exception) == f"{tmp_path / 'build.toml'} has no [train], so it does not say how to train"
    result = run("train", "fit", "-o", tmp_path / "run")
    assert str(result.exception) == "give the SOURCE to train on, or a recipe that names it"


def test_a_recipe_left_by_a_run_makes_it_again_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    draw(tmp_path / "set", "train", "test")
    monkeypatch.chdir(tmp_path)
    options = ("--weights", "none", "--epochs", 2, "--input-px", 32, "--crop", "face", "--flip", "--seed", 7)
    first = run("train", "fit", "set", "-o", "run", *options)
    assert first.exit_code == 0, first.output
    recipe = tmp_path / "run" / "recipe.toml"
    kept = recipe.read_text()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = run("train", "fit", "-o", "again", "--recipe", recipe)
    assert again.exit_code == 0, again.output
    for name in ("epochs.csv", "predictions.csv", "recipe.toml"):
        assert (tmp_path / "elsewhere" / "again" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()
    assert f'source = "{tmp_path / "set"}"' in kept
    longer = run("train", "fit", "-o", "longer", "--recipe", recipe, "--epochs", 1, "--no-flip")
    assert longer.exit_code == 0, longer.output
    changed = (tmp_path / "elsewhere" / "longer" / "recipe.toml").read_text()
    assert kept.replace("epochs = 2", "epochs = 1").replace("flip = true", "flip = false") == changed


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
    assert list(table.columns) == ["path", "label", "predicted", "error", "p:a", "p:b"]


def test_the_counts_of_the_parts_are_said_on_stderr(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    arguments = ["train", "fit", draw(tmp_path / "set", "train", "test"), "-o", tmp_path / "run", "--epochs", 1]
    result = run(*arguments, "--weights", "none", "--input-px", 32)
    assert result.exit_code == 0, result.output
    assert "train: 8 images (cats 4, dogs 4)\ntest: 8 images (cats 4, dogs 4)\n" in result.stderr
    assert result.stdout == f"{tmp_path / 'run' / 'checkpoint.pt'}\n"
    result = run(*arguments[:3], "-o", tmp_path / "other", "--test-share", 0.2)
    assert "so --test-share has nothing to decide" in str(result.exception)
    assert not (tmp_path / "other").exists()
    result = run(*arguments[:3], "-o", tmp_path / "other", "--ignore-splits", "--weights", "none", "--epochs", 1)
    assert "the splits of the source are ignored: 20% of each class" in result.stderr


def test_images_that_cannot_be_predicted_are_counted_on_stderr_and_are_no_failure(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    draw(tmp_path / "set", "train", "test")
    run("train", "fit", tmp_path / "set", "-o", tmp_path / "run", "--weights", "none", "--epochs", 1, "--input-px", 32)
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    result = run("train", "predict", checkpoint, tmp_path / "set" / "test", "-o", tmp_path / "p.csv")
    assert "cannot be read" not in result.stderr
    (tmp_path / "set" / "test" / "cats" / "0.png").write_bytes(b"")
    result = run("train", "predict", checkpoint, tmp_path / "set" / "test", "-o", tmp_path / "p.csv")
    assert result.exit_code == 0, result.output
    assert "1 of 8 images cannot be read; the column error says why" in result.stderr
    assert result.stdout == f"{tmp_path / 'p.csv'}\n"


def test_images_of_a_manifest_are_read_where_source_says_they_are(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    curate.audit(draw(tmp_path / "raw", "."), tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="keep")
    (tmp_path / "raw").rename(tmp_path / "new")
    arguments = ["train", "fit", tmp_path / "m.csv", "-o", tmp_path / "run", "--weights", "none", "--input-px", 32]
    assert "say where they are now with --source DIR" in str(run(*arguments).exception)
    result = run(*arguments, "--epochs", 1, "--source", tmp_path / "new")
    assert result.exit_code == 0, result.output
    moved = ["--source", f"{tmp_path / 'raw'}={tmp_path / 'new'}"]
    result = run(
        "train", "predict", tmp_path / "run" / "checkpoint.pt", tmp_path / "m.csv", "-o", tmp_path / "p", *moved
    )
    assert result.exit_code == 0, result.output
    assert safe_csv.read(tmp_path / "p")["path"].str.startswith(f"{tmp_path}/new/").all()


def test_a_mistake_leaves_no_bar_on_the_terminal(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "empty").mkdir()
    result = run("train", "fit", tmp_path / "empty", "-o", tmp_path / "run")
    assert result.stderr.strip() == ""


@pytest.mark.parametrize("command", [("fit", "set", "-o", "run"), ("mislabel", "ws")], ids=lambda words: str(words[0]))
def test_a_rate_of_0_is_refused_and_not_taken_for_none_given(command: tuple[str, ...]) -> None:
    result = run("train", *command, "--learning-rate", 0)
    assert result.exit_code == 2
    assert "give a number above 0" in " ".join(result.output.replace("│", " ").split())
