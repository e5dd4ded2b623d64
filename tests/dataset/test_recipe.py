"""Recipes: what they may say, and what their paths are relative to."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from curate.dataset import recipe
from curate.dataset.recipe import Appearance, Balance, BuildRecipe, Extension, Split
from curate.errors import ConfigError


def test_paths_are_relative_to_the_recipe_and_urls_are_not(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    path = tmp_path / "sub" / "r.toml"
    sources = ["../more", "/abs/more.zip", "s3://bucket/more"]
    extensions = "".join(f'[[extend]]\nsource = "{source}"\n' for source in sources)
    path.write_text(f'manifest = "m.csv"\n{extensions}')
    found = recipe.read(path)
    assert found.manifest == str(tmp_path / "sub" / "m.csv")
    assert [item.source for item in found.extend] == [str(tmp_path / "more"), *sources[1:]]
    assert [item.name for item in found.extend] == ["more", "more.zip", "more"]
    path.write_text("")
    assert recipe.read(path) == BuildRecipe()
    assert BuildRecipe().manifest is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(b"seed = ", "is not valid TOML", id="no TOML"),
        pytest.param(b"\xff", "is not valid TOML", id="no text"),
        pytest.param(b"[image]\nsize = 48", r"image\.size is not a setting", id="misspelt"),
        pytest.param(b'[image]\nfilter = "cubic"', r"image\.filter", id="no such filter"),
        pytest.param(b'[[extend]]\nsource = ""', r"extend\.0\.source", id="an extension without a source"),
        pytest.param(b'[[extend]]\nsource = "x"\nquota = -1', r"extend\.0 quota is less than 0", id="below none"),
        pytest.param(b'[[extend]]\nsource = "x"\nquota = {a = -1}', r"quota is less than 0", id="of a class"),
        pytest.param(b'[[extend]]\nsource = "x"\nquota = true', r"extend\.0\.quota is true; a number", id="no number"),
        pytest.param(b'[[extend]]\nsource = "x"\nquota = {a = true}', r"quota is true; a number", id="none of a class"),
        pytest.param(b'[train]\nepochs = "3"', r'train\.epochs is "3"; a number is wanted', id="a number as text"),
        pytest.param(b"[train]\nepochs = 2.5", r"train\.epochs .*fractional part", id="half an epoch"),
        pytest.param(b"[image]\ngrey = 1", r"image\.grey is 1; true or false is wanted", id="a number for a switch"),
        pytest.param(b'[image]\ngrey = "no"', r'image\.grey is "no"; true or false', id="a word for a switch"),
        pytest.param(None, "cannot be read", id="no file"),
    ],
)
def test_a_recipe_that_cannot_be_read_names_the_file(tmp_path: Path, text: bytes | None, message: str) -> None:
    path = tmp_path / "r.toml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(ConfigError, match=rf"r\.toml.*{message}"):
        recipe.read(path)


@pytest.mark.parametrize(
    ("shares", "ok"),
    [
        ({}, True),
        ({"train": 0.7, "val": 0.1, "test": 0.2}, True),
        ({"train": 1, "test": 0}, True),
        ({"train": 0.7}, False),
        ({"train": 0.8, "test": 0.2000001}, False),
        ({"train": 0, "test": 1}, False),
        ({"train": 0, "val": 0.5, "test": 0.5}, False),
        ({"train": 0.9, "val": -0.1, "test": 0.2}, False),
        ({"train": 0.9, "val": 0.3, "test": -0.2}, False),
    ],
)
def test_shares_add_up_and_there_is_something_to_train_on(shares: dict[str, float], ok: bool) -> None:
    if ok:
        assert Split(**shares)
        return
    with pytest.raises(ValidationError):
        Split(**shares)


def test_splits_without_a_share_do_not_exist() -> None:
    assert Split().shares() == {"train": 0.8, "test": 0.2}
    assert Split(train=0.5, val=0.5, test=0).shares() == {"train": 0.5, "val": 0.5}


def test_filling_needs_a_number() -> None:
    assert Balance(method="fill", per_class=1)
    with pytest.raises(ValidationError, match="needs per_class"):
        Balance(method="fill")


@pytest.mark.parametrize("method", ["none", "weights"])
def test_a_number_that_nothing_would_be_balanced_to_is_refused(tmp_path: Path, method: str) -> None:
    (tmp_path / "r.toml").write_text(f'[balance]\nmethod = "{method}"\nper_class = 3\n')
    with pytest.raises(ConfigError, match=f"r.toml: balance per_class means nothing to method '{method}'"):
        recipe.read(tmp_path / "r.toml")
    (tmp_path / "r.toml").write_text("[balance]\nper_class = 3\n")
    with pytest.raises(ConfigError, match="per_class means nothing to method 'none'"):
        recipe.read(tmp_path / "r.toml")


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, False),
        ({"face_margin": 1, "filter": "box", "shape": "centre"}, False),
        ({"size_px": 8}, True),
        ({"grey": True}, True),
        ({"crop": "face"}, True),
    ],
)
def test_pixels_change_only_where_something_is_said(options: dict[str, Any], changes: bool) -> None:
    assert Appearance(**options).changes is changes


def test_a_quota_holds_for_all_classes_or_for_those_it_names() -> None:
    assert Extension(source="x").limit("a") is None
    assert Extension(source="x", quota=3).limit("a") == 3
    assert [Extension(source="x", quota={"a": 3}).limit(label) for label in "ab"] == [3, 0]
