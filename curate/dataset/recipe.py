"""A build recipe: how the approved images become a training set, as a frozen value read from TOML.

Paths in it are relative to the recipe file, URLs are not. A misspelt key is an error, not a silent default.
"""

import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from curate.config import Settings, explain
from curate.dataset.relocation import located_target
from curate.errors import ConfigError
from curate.options import Crop
from curate.sources.address import located

Resampling = Literal["box", "bilinear", "hamming", "bicubic", "lanczos"]


class Extension(Settings):
    """Another dataset to take images from."""

    source: str = Field(min_length=1, description="a folder per class, or any other source that an audit takes")
    classes: dict[str, str] = Field(default_factory=dict, description="its class -> ours; empty: the same names")
    quota: int | dict[str, int] | None = Field(None, description="at most so many for each of our classes")
    splits: list[str] = Field(default_factory=list, description="only from these splits of it; empty: from all")

    @model_validator(mode="after")
    def _counts_images(self) -> Self:
        quotas = self.quota.values() if isinstance(self.quota, dict) else [self.quota or 0]
        if min(quotas, default=0) < 0:
            raise ValueError("quota is less than 0; leave it out to take all there are")
        return self

    @property
    def name(self) -> str:
        """What tables and the card call it: the last part of its address."""
        return Path(self.source).name

    def limit(self, label: str) -> int | None:
        """Return how many images of a class may be taken; None for any number."""
        return self.quota.get(label, 0) if isinstance(self.quota, dict) else self.quota


class Balance(Settings):
    """How many images of each class there will be."""

    method: Literal["none", "fill", "undersample", "weights"] = Field(
        "none",
        description="fill: up to `per_class` from the extensions, down to it by a draw; undersample: by a draw only; "
        "weights: every image stays, and gets a weight",
    )
    per_class: int | None = Field(None, ge=1, description="undersample: the smallest class unless given")

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        if self.method == "fill" and self.per_class is None:
            raise ValueError("method 'fill' needs per_class")
        if self.method not in {"fill", "undersample"} and self.per_class is not None:
            raise ValueError(f"per_class means nothing to method '{self.method}'; fill and undersample use it")
        return self


class Appearance(Settings):
    """What is done to the pixels; nothing at all unless something is said: files are then copied."""

    crop: Crop = Field("none", description="face: to the largest face, where one is found")
    face_margin: float = Field(0.25, ge=0, le=2, description="left round the face on either side, in its own size")
    size_px: int | None = Field(None, ge=8, le=4096, description="side of the square that every image becomes")
    grey: bool = Field(False, description="luma (ITU-R BT.601)")
    filter: Resampling = Field("lanczos", description="Pillow's resampling filter")
    shape: Literal["stretch", "centre"] = Field("stretch", description="how an image becomes square")

    @property
    def changes(self) -> bool:
        """Whether anything is done to the pixels."""
        return self.size_px is not None or self.grey or self.crop != "none"


class Split(Settings):
    """Shares of the images; copies of one image always stay together."""

    keep: bool = Field(
        False, description="the splits of the dataset itself, instead of shares; what extends it goes to train"
    )
    train: float = Field(0.8, gt=0, le=1)
    val: float = Field(0.0, ge=0, lt=1)
    test: float = Field(0.2, ge=0, lt=1)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if abs(self.train + self.val + self.test - 1) > 1e-9:
            raise ValueError("train, val and test must add up to 1")
        return self

    def shares(self) -> dict[str, float]:
        """Return the share of each split that has one."""
        return {name: share for name, share in self.model_dump().items() if share > 0}


class Training(Settings):
    """How a network is trained on the images, which building them has no use for: see `curate train fit --recipe`."""

    name: str = Field("own", description="what the run is called")
    source: str | None = Field(None, description="what to train on; the command line may name another")
    moved: list[str] = Field(default_factory=list, description="where the images of a manifest lie now: DIR or OLD=NEW")
    test_share: float | None = Field(None, ge=0.01, le=0.9, description="of each class, of images without splits; 0.2")
    ignore_splits: bool = Field(False, description="draw a test part although the images have splits of their own")
    seed: int = Field(0, description="decides the split, the head, the order and the dropout")
    weights: str = Field("lite0", description="imagenet, lite0, none, or a checkpoint")
    epochs: int = Field(6, ge=1)
    batch_size: int = Field(32, ge=2)
    learning_rate: float = Field(1e-3, gt=0, description="of AdamW")
    weight_decay: float = Field(1e-4, ge=0)
    fine_tune: bool = Field(False, description="train the whole network, not only its top")
    flip: bool = Field(False, description="mirror every other image by chance")
    patience: int | None = Field(None, ge=1, description="end after so many epochs without a lower validation loss")
    input_px: int = Field(224, ge=32, le=1024, description="side of the square that the network sees")
    crop: Crop = Field("none", description="face: to the largest face, where one is found")
    face_margin: float = Field(0.25, ge=0, le=2, description="left round the face on either side, in its own size")
    shrink_px: int | None = Field(None, ge=8, le=4096, description="shrunk to a square of this side first")
    shrink_filter: Resampling = "lanczos"
    grey: bool = Field(False, description="luma (ITU-R BT.601)")


class BuildRecipe(Settings):
    """Everything a recipe file can say."""

    manifest: str | None = Field(None, description="what `curate manifest` wrote; the command line may name another")
    seed: int = 0
    extend: list[Extension] = Field(default_factory=list)
    balance: Balance = Balance()
    image: Appearance = Appearance()
    split: Split = Split()
    train: Training | None = None


def read(path: Path) -> BuildRecipe:
    """Read a recipe file; its paths come back absolute.

    Raises `ConfigError` naming the file, the key and the mistake.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        recipe = BuildRecipe.model_validate(values)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, BuildRecipe)}") from error
    here = path.resolve().parent
    return recipe.model_copy(
        update={
            "manifest": str(here / recipe.manifest) if recipe.manifest else None,
            "extend": [item.model_copy(update={"source": located(here, item.source)}) for item in recipe.extend],
            "train": recipe.train and _located(recipe.train, here),
        }
    )


def _located(training: Training, here: Path) -> Training:
    """Make the paths of `[train]` absolute; weights are one where a file of that name is there."""
    weights = here / training.weights
    return training.model_copy(
        update={
            "source": training.source and located(here, training.source),
            "moved": [located_target(here, moved) for moved in training.moved],
            "weights": str(weights) if weights.is_file() else training.weights,
        }
    )
