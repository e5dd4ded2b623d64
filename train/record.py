"""What a run was made of, in its folder: another run of the same name is refused, not answered with the old network.

Images count by their paths, classes, parts and contents, not by the folder they lie in, so that a run goes on where its
images have moved as a whole.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from curate.errors import ConfigError
from curate.storage.atomic import write_json
from curate.train.data import Sample
from curate.train.history import may_go_on
from curate.train.loop import TrainConfig

RECORD = "run.json"
_WAY_OUT = "give another -o, or remove it"
_IMAGES = ("number of images", "paths of images", "contents of images", "classes of images", "split of images")


def made_of(samples: Sequence[Sample], config: TrainConfig, seed: int) -> dict[str, Any]:
    """Describe a run: every setting, and digests of what its images are; reads the file that `weights` may name."""
    ordered = sorted(samples, key=lambda sample: (sample.path, sample.sha256 or ""))
    columns = (
        [str(len(ordered))],
        [sample.path for sample in ordered],
        [sample.sha256 or "" for sample in ordered],
        [sample.label for sample in ordered],
        [sample.split or "" for sample in ordered],
    )
    settings = asdict(config)
    shown = settings.pop("preprocessing")
    weights = Path(config.weights)
    if weights.is_file():
        settings["weights"] = f"sha256:{hashlib.sha256(weights.read_bytes()).hexdigest()}"
    images = {name: _digest(values) for name, values in zip(_IMAGES, columns, strict=True)}
    return {**settings, **shown, "seed": seed, **images, _IMAGES[0]: len(ordered)}


def claim(folder: Path, run: Mapping[str, Any], checkpoint: Path, config: TrainConfig) -> None:
    """Write down what a run in `folder` is made of; raises `ConfigError` where its checkpoint is of another one."""
    if checkpoint.is_file():
        before = _read(folder)
        differing = [name for name in run if before.get(name) != run[name]]
        if differing == ["epochs"] and may_go_on(before["epochs"], config):
            differing = []
        if differing:
            raise ConfigError(f"{folder} holds another run: {_differences(differing, before, run)}; {_WAY_OUT}")
    write_json(run, folder / RECORD)


def _read(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{folder} holds a run, and no {RECORD} that says of which images; {_WAY_OUT}") from error


def _differences(names: Sequence[str], before: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Say in what two runs differ: every setting, and of the images the first thing, since it entails others."""
    images = [name for name in names if name in _IMAGES][:1]
    return ", ".join(
        f"the {name} differ"
        if name in _IMAGES[1:]
        else f"{name.replace('_', ' ')} is {run[name]} instead of {before.get(name)}"
        for name in [*images, *(name for name in names if name not in _IMAGES)]
    )


def _digest(values: Iterable[str]) -> str:
    """Hash texts, each with its length before it, so that no two lists are told apart by where one text ends."""
    hasher = hashlib.sha256()
    for value in values:
        data = value.encode()
        hasher.update(f"{len(data)}:".encode() + data)
    return hasher.hexdigest()
