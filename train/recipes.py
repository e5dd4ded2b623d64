"""How a run is made, as a file: the table `[train]` of a recipe, which `fit` writes beside its result and reads again.

curate train fit SET -o OUT --recipe faces
curate train fit -o AGAIN --recipe OUT/recipe.toml      # the same images, the same numbers
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import tomli_w

from curate.dataset import recipe
from curate.dataset.recipe import Training
from curate.dataset.relocation import located_target
from curate.errors import ConfigError
from curate.sources.base import absolute
from curate.storage.atomic import atomic
from curate.train.data import Preprocessing
from curate.train.loop import FACES, PROPOSED, REFERENCE, TrainConfig

NAMED = {config.name: config for config in (REFERENCE, PROPOSED, FACES)}
"""The two runs of the study, and the one that gets furthest with faces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What to train on, how, and where it goes. The same run gives the same numbers.

    `moved` says where the images of a manifest lie now (`dataset.relocation`). `test_share` of each class is drawn
    where the images have no splits, or with `ignore_splits`; None for the usual share.
    """

    source: str | Path
    output: Path
    config: TrainConfig
    test_share: float | None = None
    ignore_splits: bool = False
    moved: Sequence[str] = ()
    seed: int = 0


def read(name: str | Path) -> Training:
    """Return the recipe of that name, or what the `[train]` of a recipe file says; the paths in it come back absolute.

    Raises `ConfigError` for a name that is neither, and for a file that cannot be read or says nothing of training.
    """
    if str(name) in NAMED:
        return flat(NAMED[str(name)])
    if not Path(name).is_file():
        raise ConfigError(f"recipe {str(name)!r}: neither a file nor one of {', '.join(NAMED)}")
    found = recipe.read(Path(name)).train
    if found is None:
        raise ConfigError(f"{name} has no [train], so it does not say how to train")
    return found


def flat(config: TrainConfig) -> Training:
    """Return a configuration as the settings of a recipe."""
    settings = asdict(config)
    return Training(**settings.pop("preprocessing"), **settings)


def config_of(training: Training) -> TrainConfig:
    """Return the configuration that the settings of a recipe stand for."""
    settings = training.model_dump(include={*Training.model_fields} - _OF_THE_RUN)
    shown = {name: settings.pop(name) for name in Preprocessing.__dataclass_fields__}
    return TrainConfig(**settings, preprocessing=Preprocessing(**shown))


_OF_THE_RUN = {"source", "moved", "test_share", "ignore_splits", "seed"}
"""Settings of a run that are none of its configuration."""


def run_of(training: Training, output: Path) -> Run:
    """Return the run into `output` that a recipe describes; raises `ConfigError` where it names no source."""
    if training.source is None:
        raise ConfigError("give the SOURCE to train on, or a recipe that names it")
    return Run(
        source=training.source,
        output=output,
        config=config_of(training),
        test_share=training.test_share,
        ignore_splits=training.ignore_splits,
        moved=training.moved,
        seed=training.seed,
    )


def write(run: Run, path: Path) -> None:
    """Write a recipe that makes the run again, into any folder."""
    weights = run.config.weights
    training = flat(run.config).model_copy(
        update={
            "source": absolute(run.source),
            "moved": [located_target(Path.cwd(), moved) for moved in run.moved],
            "test_share": run.test_share,
            "ignore_splits": run.ignore_splits,
            "seed": run.seed,
            "weights": absolute(weights) if Path(weights).is_file() else weights,
        }
    )
    with atomic(path) as file:
        file.write(tomli_w.dumps({"train": training.model_dump(exclude_none=True)}).encode())
