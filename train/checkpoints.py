"""What a run leaves of its network: a file that explains itself, refused where it is none or holds no numbers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.errors import ConfigError
from curate.storage.atomic import atomic
from curate.train.data import Preprocessing

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

    from curate.train.loop import Fitted, TrainConfig

_NEEDED = ("network", "weights", "mean", "scale", "classes", "config", "seed", "epochs", "optimiser")


def write(fitted: Fitted, config: TrainConfig, seed: int, optimiser: Optimizer, path: Path) -> None:
    """Write a checkpoint: weights, classes, input, recipe, history, optimiser, randomness."""
    import torch

    # Through memory: PyTorch's own writer has no word of a full disk but an assertion of its format.
    made = io.BytesIO()
    torch.save(
        {
            "network": fitted.pretrained.network.state_dict(),
            "weights": fitted.pretrained.name,
            "mean": list(fitted.pretrained.mean),
            "scale": list(fitted.pretrained.scale),
            "classes": fitted.classes,
            "config": asdict(config),
            "seed": seed,
            "epochs": [asdict(epoch) for epoch in fitted.epochs],
            "optimiser": optimiser.state_dict(),
            "test_probabilities": torch.as_tensor(fitted.test_probabilities),
            "best": fitted.best,
        },
        made,
    )
    with atomic(path) as file:
        file.write(made.getbuffer())


def read(path: Path) -> dict[str, Any]:
    """Read a checkpoint; raises `ConfigError` for another file, and for one whose weights are not numbers."""
    import torch

    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror or error}); give a checkpoint of `curate train fit`"
        ) from error
    except Exception as error:  # pickle and PyTorch raise anything on a stranger's file, and execute nothing of it
        raise ConfigError(f"{path}: not a checkpoint of `curate train fit`") from error
    if not isinstance(stored, dict) or not set(_NEEDED) <= set(stored) or not _is_of_a_run(stored):
        raise ConfigError(f"{path}: not a checkpoint of `curate train fit`")
    if not is_finite(stored["network"]):
        raise ConfigError(
            f"{path}: its weights are not numbers, since its training diverged; train again with a smaller "
            "--learning-rate"
        )
    return stored


def _is_of_a_run(stored: Mapping[str, Any]) -> bool:
    """Say whether the parts of a checkpoint are of the kinds that `write` writes; a stranger's may be anything."""
    from torch import Tensor

    kinds = {"network": dict, "classes": list, "config": dict, "epochs": list, "optimiser": dict, "mean": list}
    if not all(isinstance(stored[name], kind) for name, kind in kinds.items()):
        return False
    return all(isinstance(value, Tensor) for value in stored["network"].values())


def is_finite(state: Mapping[str, Tensor]) -> bool:
    """Say whether every weight of a network's state is a number."""
    return all(bool(value.isfinite().all()) for value in state.values())


def described(path: Path) -> tuple[list[str], Preprocessing]:
    """Read the classes of a checkpoint, and how images are shown to it; raises `ConfigError` for another file."""
    stored = read(path)
    try:
        return list(stored["classes"]), Preprocessing(**stored["config"]["preprocessing"])
    except (KeyError, TypeError) as error:
        raise ConfigError(f"{path}: not a checkpoint of `curate train fit`") from error
