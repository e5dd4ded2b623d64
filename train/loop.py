"""The training loop: a frozen trunk run once, the top trained on what it says.

The trunk (features.0 to features.7) is frozen and in evaluation mode, so without augmentation a picture's
activations never change: they are computed once, and every epoch trains features.8 and the classifier on
them alone. Training on cached activations and through the whole network gives the same losses.
"""

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from curate.errors import ConfigError
from curate.workspace import atomic
from train import data
from train.data import Images, Look
from train.layers import freeze_trunk
from train.weights import Weighted, load

TRUNK = 8
"""features.0 to features.7."""
_FORWARD_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a run is made of, but for the pictures."""

    name: str
    look: Look = field(default_factory=Look)
    epochs: int = 6
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    weights: str = "lite0"


REFERENCE = Recipe(name="reference", epochs=6)
"""The raw dataset as it is: 224 px, batches of 32, 6 epochs, as in the study. It does not name an optimiser or a
learning rate: AdamW at 1e-3 is what heads on frozen trunks are commonly trained with."""
PROPOSED = Recipe(name="proposed", epochs=20, look=Look(shrink_px=48, grey=True))
"""Cleaned, extended and balanced pictures at 48 x 48 grey, 20 epochs, as in the study. They are shown at 224 px
again, the size at which the frozen trunk has learned to see."""


@dataclass(slots=True, kw_only=True)
class Epoch:
    """The figures of one epoch; the train ones are those of the batches as they were trained on."""

    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float


@dataclass(frozen=True, slots=True)
class Labelled:
    """What goes into the part that is trained, and the class numbers: tensors of n each.

    `inputs` are the trunk's activations, or with `raw` the normalised pictures.
    """

    inputs: Any
    targets: Any
    raw: bool = False

    def take(self, rows: Sequence[int]) -> "Labelled":
        """Some of them, in this order."""
        return Labelled(self.inputs[list(rows)], self.targets[list(rows)], self.raw)


@dataclass(slots=True)
class Fitted:
    """A trained network with its history, and the test probabilities (n, classes) after the last epoch."""

    weighted: Weighted
    classes: list[str]
    epochs: list[Epoch] = field(default_factory=list)
    test_probabilities: Any = None


def labelled(weighted: Weighted, images: Images, targets: Sequence[int], *, cached: bool = True) -> Labelled:
    """Run the frozen trunk once over (n, side, side, 3) pictures; or, not cached, normalise them only."""
    import torch

    return Labelled(_inputs(weighted, images, cached=cached), torch.tensor(list(targets)), raw=not cached)


def fit(
    fitted: Fitted,
    train: Labelled,
    test: Labelled,
    recipe: Recipe,
    *,
    seed: int = 0,
    checkpoint: Path | None = None,
) -> Iterator[Epoch]:
    """Train `fitted`, testing after every epoch; yields each epoch as it ends.

    With a `checkpoint` file a run that was cut short goes on from its last whole epoch to the same numbers.
    Raises `ConfigError` where that file is of another run.
    """
    import torch

    torch.use_deterministic_algorithms(True)
    network = fitted.weighted.network
    freeze_trunk(network, up_to=TRUNK - 1)
    head = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(head, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    start = _resume(checkpoint, fitted, optimiser, recipe, seed) if checkpoint else 0
    yield from fitted.epochs[:start]
    for number in range(start, recipe.epochs):
        loss, accuracy = _train_epoch(network, train, optimiser, recipe, 1_000_003 * seed + number)
        scores = _scores(network, test)
        fitted.test_probabilities = torch.softmax(scores, dim=1).numpy()
        fitted.epochs.append(
            Epoch(
                train_loss=loss,
                train_accuracy=accuracy,
                test_loss=float(torch.nn.functional.cross_entropy(scores, test.targets)),
                test_accuracy=float((scores.argmax(dim=1) == test.targets).float().mean()),
            )
        )
        if checkpoint:
            save(fitted, recipe, seed, optimiser, checkpoint)
        yield fitted.epochs[-1]


def fresh(weights: str, classes: list[str], seed: int) -> Fitted:
    """A network with trained weights and a head drawn from the seed."""
    import torch

    torch.manual_seed(seed)
    return Fitted(load(weights, len(classes)), classes)


def scores(fitted: Fitted, examples: Labelled) -> Any:
    """(n, classes) probabilities of examples that went through the trunk already."""
    import torch

    return torch.softmax(_scores(fitted.weighted.network, examples), dim=1).numpy()


def predict(weighted: Weighted, images: Images) -> Any:
    """(n, classes) probabilities."""
    import torch

    return torch.softmax(_scores(weighted.network, labelled(weighted, images, [0] * len(images))), dim=1).numpy()


def embed(weighted: Weighted, images: Images) -> Any:
    """(n, 1280) pooled features, what the classifier sees."""
    import torch

    network = weighted.network.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(images), _FORWARD_BATCH):
            pictures = data.normalise(images[start : start + _FORWARD_BATCH], weighted.mean, weighted.scale)
            parts.append(network.avgpool(network.features(pictures)).flatten(1).numpy())
    return np.concatenate(parts) if parts else np.empty((0, 1280), np.float32)


def described(path: Path) -> tuple[list[str], Look]:
    """The classes of a checkpoint, and how pictures are shown to it."""
    import torch

    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        return list(stored["classes"]), Look(**stored["recipe"]["look"])
    except (OSError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise ConfigError(f"{path}: not a checkpoint of `curate train fit`") from error


def save(fitted: Fitted, recipe: Recipe, seed: int, optimiser: Any, path: Path) -> None:
    """A checkpoint that explains itself: weights, classes, input, recipe, history, optimiser, randomness."""
    import torch

    with atomic(path) as file:
        torch.save(
            {
                "network": fitted.weighted.network.state_dict(),
                "weights": fitted.weighted.name,
                "mean": list(fitted.weighted.mean),
                "scale": list(fitted.weighted.scale),
                "classes": fitted.classes,
                "recipe": asdict(recipe),
                "seed": seed,
                "epochs": [asdict(epoch) for epoch in fitted.epochs],
                "optimiser": optimiser.state_dict(),
                "test_probabilities": torch.as_tensor(fitted.test_probabilities),
            },
            file,
        )


def _resume(path: Path, fitted: Fitted, optimiser: Any, recipe: Recipe, seed: int) -> int:
    """Take up the last whole epoch; how many are done."""
    import torch

    if not path.is_file():
        return 0
    stored = torch.load(path, map_location="cpu", weights_only=True)
    same = {"recipe": asdict(recipe), "seed": seed, "classes": fitted.classes}
    if any(stored.get(name) != value for name, value in same.items()):
        raise ConfigError(f"{path}: holds another run (recipe, seed or classes differ); name another folder")
    fitted.weighted.network.load_state_dict(stored["network"])
    optimiser.load_state_dict(stored["optimiser"])
    fitted.epochs = [Epoch(**epoch) for epoch in stored["epochs"]]
    fitted.test_probabilities = stored["test_probabilities"].numpy()
    return len(fitted.epochs)


def _inputs(weighted: Weighted, images: Images, *, cached: bool) -> Any:
    """What goes into the part that is trained: the trunk's activations, or the normalised pictures."""
    import torch

    if not cached:
        return data.normalise(images, weighted.mean, weighted.scale)
    trunk = weighted.network.features[:TRUNK].eval()
    with torch.inference_mode():
        parts = [
            trunk(data.normalise(images[start : start + _FORWARD_BATCH], weighted.mean, weighted.scale))
            for start in range(0, len(images), _FORWARD_BATCH)
        ]
    return torch.cat(parts).clone()


def _train_epoch(network: Any, train: Labelled, optimiser: Any, recipe: Recipe, seed: int) -> tuple[float, float]:
    """One pass in an order, and with a dropout, that depend on the seed of the epoch alone."""
    import torch

    network.train()
    network.features[:TRUNK].eval()
    torch.manual_seed(seed)
    order = torch.randperm(len(train.targets)).tolist()
    total, right = 0.0, 0
    for chosen in data.batches(order, recipe.batch_size):
        inputs, targets = train.inputs[chosen], train.targets[chosen]
        answers = _top(network, _trunk(network, inputs) if train.raw else inputs)
        loss: Any = torch.nn.functional.cross_entropy(answers, targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += float(loss.detach()) * len(chosen)
        right += int((answers.argmax(dim=1) == targets).sum())
    return total / len(order), right / len(order)


def _trunk(network: Any, pictures: Any) -> Any:
    import torch

    with torch.no_grad():
        return network.features[:TRUNK](pictures)


def _top(network: Any, activations: Any) -> Any:
    return network.classifier(network.avgpool(network.features[TRUNK](activations)).flatten(1))


def _scores(network: Any, examples: Labelled) -> Any:
    import torch

    network.eval()
    with torch.inference_mode():
        parts = [
            _top(network, network.features[:TRUNK](part) if examples.raw else part)
            for part in examples.inputs.split(_FORWARD_BATCH)
        ]
    return torch.cat(parts)
