"""Recipes as files: what they say, what they leave out, and that nothing of a configuration is lost in them."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from curate.dataset.recipe import Training
from curate.dataset.recipe import read as read_build
from curate.errors import ConfigError

pytest.importorskip("torch")

from curate.train import recipes
from curate.train.data import Preprocessing
from curate.train.loop import FACES, PROPOSED, REFERENCE, TrainConfig

DOCS = Path(__file__).parents[2] / "docs" / "recipes"


@pytest.mark.parametrize("config", [REFERENCE, PROPOSED, FACES], ids=lambda config: config.name)
def test_a_configuration_and_its_recipe_are_the_same(config: TrainConfig, tmp_path: Path) -> None:
    assert recipes.config_of(recipes.flat(config)) == config
    assert recipes.read(config.name) == recipes.flat(config)
    run = recipes.Run(source=tmp_path, output=tmp_path, config=replace(config, patience=3), test_share=0.3, seed=5)
    recipes.write(run, tmp_path / "recipe.toml")
    assert recipes.run_of(recipes.read(tmp_path / "recipe.toml"), tmp_path) == replace(
        run, source=str(tmp_path), moved=[]
    )


def test_every_setting_of_training_can_be_said_in_a_recipe() -> None:
    names = {field.name for of in (TrainConfig, Preprocessing) for field in fields(of)} - {"preprocessing"}
    of_the_run = {field.name for field in fields(recipes.Run)} - {"config", "output"}
    assert names | of_the_run == set(Training.model_fields)


def test_the_recipe_for_faces_in_the_docs_is_the_one_by_name() -> None:
    assert recipes.config_of(recipes.read(DOCS / "faces.toml")) == FACES
    assert read_build(DOCS / "faces.toml").split.test == 0.2


def test_paths_of_a_recipe_start_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"weights")
    (tmp_path / "own.toml").write_text('[train]\nsource = "set"\nweights = "net.pt"\n')
    found = recipes.read(tmp_path / "own.toml")
    assert (found.source, found.weights) == (str(tmp_path / "set"), str(tmp_path / "net.pt"))
    (tmp_path / "own.toml").write_text('[train]\nsource = "s3://bucket/set"\nweights = "lite0"\n')
    found = recipes.read(tmp_path / "own.toml")
    assert (found.source, found.weights) == ("s3://bucket/set", "lite0")


def test_where_images_have_moved_starts_where_the_recipe_lies_too(tmp_path: Path) -> None:
    (tmp_path / "size=48").mkdir()
    moved = ["new", "/old=newer", "size=48", "s3://bucket/set", "/old="]
    (tmp_path / "own.toml").write_text(f"[train]\nmoved = {moved}\n")
    new, newer, size = (str(tmp_path / name) for name in ("new", "newer", "size=48"))
    assert recipes.read(tmp_path / "own.toml").moved == [new, f"/old={newer}", size, "s3://bucket/set", "/old="]


def test_a_misspelt_setting_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[train]\nepoch = 3\n")
    with pytest.raises(ConfigError, match=r"own\.toml: .*train\.epoch"):
        recipes.read(tmp_path / "own.toml")


def test_what_has_moved_is_written_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = recipes.Run(source="m.csv", output=tmp_path, config=REFERENCE, moved=["new", "/old=newer"])
    recipes.write(run, tmp_path / "recipe.toml")
    found = recipes.read(tmp_path / "recipe.toml")
    assert found.moved == [str(tmp_path / "new"), f"/old={tmp_path / 'newer'}"]
    assert found.source == str(tmp_path / "m.csv")


def test_the_command_line_knows_the_rate_of_a_whole_network() -> None:
    from curate.train import commands, loop

    assert commands.TUNING_RATE == loop.TUNING_RATE
