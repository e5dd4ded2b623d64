"""The training loop: a frozen trunk run once and its top trained on its activations, or the whole network fine-tuned.

The trunk (features.0 to features.7), while frozen, is in evaluation mode, so without augmentation an image's
activations never change: they are computed once, and every epoch trains features.8 and the classifier on
them alone. Training on cached activations and through the whole network gives the same losses.

Shapes: n images of side s are (n, s, s, 3) bytes; the trunk makes (n, 320, s/32, s/32) activations of them; logits and
probabilities are (n, classes).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from curate.errors import ConfigError
from curate.train import checkpoints, data, history
from curate.train.data import Images, Preprocessing
from curate.train.device import deterministic, device, mixed_precision, single_precision
from curate.train.history import Epoch
from curate.train.layers import freeze_trunk
from curate.train.weights import Pretrained, load

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

Floats = npt.NDArray[np.float32]

TRUNK = 8
"""features.0 to features.7."""
FORWARD_BATCH = 32
"""Images that go through the network at a time where nothing is learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """What a run is made of, but for the images.

    `fine_tune` trains the trunk as well, `flip` mirrors every other image by chance; both want images that
    are not cached. With `patience` a run ends after so many epochs without a lower validation loss.
    """

    name: str
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    epochs: int = 6
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    weights: str = "lite0"
    fine_tune: bool = False
    flip: bool = False
    patience: int | None = None

    @property
    def cacheable(self) -> bool:
        """Whether the trunk's activations of an image are the same in every epoch."""
        return not (self.fine_tune or self.flip)


TUNING_RATE = 3e-4
"""A whole pretrained network wants smaller steps than a fresh head."""


def tuned(config: TrainConfig) -> TrainConfig:
    """Return a recipe that trains the whole network, in smaller steps where it did not."""
    return config if config.fine_tune else replace(config, fine_tune=True, learning_rate=TUNING_RATE)


REFERENCE = TrainConfig(name="reference", epochs=6)
"""The raw dataset as it is: 224 px, batches of 32, 6 epochs, as in the study. It does not name an optimiser or a
learning rate: AdamW at 1e-3 is what heads on frozen trunks are commonly trained with."""
PROPOSED = TrainConfig(name="proposed", epochs=20, preprocessing=Preprocessing(shrink_px=48, grey=True))
"""Cleaned, extended and balanced images at 48 x 48 grey, 20 epochs, as in the study. They are shown at 224 px
again, the size at which the frozen trunk has learned to see."""

FACES = TrainConfig(
    name="faces",
    epochs=6,
    learning_rate=TUNING_RATE,
    fine_tune=True,
    flip=True,
    preprocessing=Preprocessing(input_px=112, crop="face", grey=True),
)
"""Faces cut out and grey, at the least size at which the network still sees an expression, all of it fine-tuned."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What goes into the part that is trained, and the class numbers (n,) int64.

    `inputs` are the trunk's activations, (n, 320, side, side) float32, or with `raw` the images, (n, side, side, 3)
    bytes.
    """

    inputs: Tensor
    targets: Tensor
    raw: bool = False

    def take(self, rows: Sequence[int]) -> Labelled:
        """Select examples by their rows, in this order."""
        return Labelled(self.inputs[list(rows)], self.targets[list(rows)], self.raw)


@dataclass(slots=True)
class Fitted:
    """A trained network with its history, and the test probabilities (n, classes) it ends with."""

    pretrained: Pretrained
    classes: list[str]
    epochs: list[Epoch] = field(default_factory=list)
    test_probabilities: Floats | None = None
    best: dict[str, Tensor] | None = None
    """The state of the network at its lowest validation loss."""
    optimiser: Optimizer | None = None
    """What has trained the network so far, with its moments."""

    def again(self) -> Fitted:
        """Return the same network and optimiser without a history: `fit` goes on with them, on other images."""
        return Fitted(self.pretrained, self.classes, optimiser=self.optimiser)


def labelled(pretrained: Pretrained, images: Images, targets: Sequence[int], *, cached: bool = True) -> Labelled:
    """Run the frozen trunk once over (n, side, side, 3) images; or, not cached, take the images themselves.

    `targets` are their n class numbers.
    """
    import torch

    inputs = _trunk_features(pretrained, images) if cached else torch.from_numpy(images)
    return examples(inputs, targets, raw=not cached)


def examples(inputs: Tensor, targets: Sequence[int], *, raw: bool) -> Labelled:
    """Put n inputs, activations or with `raw` images, and their class numbers where a network is trained on them.

    Images stay in the memory of this machine where they would take more than a quarter of what a GPU has left.
    """
    import torch

    where = device()
    if where.type == "cuda" and inputs.nbytes <= torch.cuda.mem_get_info()[0] / 4:
        inputs = inputs.to(where)
    return Labelled(inputs, torch.tensor(list(targets), device=where), raw=raw)


def fit(
    fitted: Fitted,
    train: Labelled,
    tests: Labelled | tuple[Labelled, Labelled],
    config: TrainConfig,
    *,
    seed: int = 0,
    checkpoint: Path | None = None,
) -> Iterator[Epoch]:
    """Train `fitted`, testing after every epoch; yields each epoch as it ends.

    `tests` is the test part, or (test, validation); a recipe with `patience` needs both, and ends with the network of
    its best epoch. With a `checkpoint` file a run that was cut short, or is now to have more epochs, goes on from its
    last whole epoch to the same numbers. Raises `ConfigError` where that file is of another run, or where a loss or a
    weight is not a number; the checkpoint is then that of the epoch before.
    """
    test, validation = tests if isinstance(tests, tuple) else (tests, None)
    if train.raw is False and not config.cacheable:
        raise ConfigError("fine-tuning and mirroring need the images themselves, not cached activations")
    network = fitted.pretrained.network.to(device())
    freeze_trunk(network, up_to=-1 if config.fine_tune else TRUNK - 1)
    optimiser = fitted.optimiser = fitted.optimiser or _optimiser(network, config)
    start = _resume(checkpoint, fitted, optimiser, config, seed) if checkpoint else 0
    yield from fitted.epochs[:start]
    for number in range(start, config.epochs):
        if history.is_stalled(fitted.epochs, config.patience):
            break
        with deterministic():
            loss, accuracy = _train_epoch(fitted.pretrained, train, optimiser, config, 1_000_003 * seed + number)
            epoch = Epoch(train_loss=loss, train_accuracy=accuracy, test_loss=0, test_accuracy=0)
            _test_epoch(fitted, test, validation, epoch)
        if not epoch.is_finite or not checkpoints.is_finite(network.state_dict()):
            raise ConfigError(_diverged(number, config, checkpoint))
        _keep(fitted, epoch, config)
        if checkpoint:
            checkpoints.write(fitted, config, seed, optimiser, checkpoint)
        yield epoch
    if fitted.best is not None:
        network.load_state_dict(fitted.best)
        fitted.test_probabilities = probabilities(fitted, test)
        if checkpoint:
            checkpoints.write(fitted, config, seed, optimiser, checkpoint)


def _optimiser(network: nn.Module, config: TrainConfig) -> Optimizer:
    """Make the optimiser of whatever learns in a network."""
    import torch

    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(learning, lr=config.learning_rate, weight_decay=config.weight_decay)


def _test_epoch(fitted: Fitted, test: Labelled, validation: Labelled | None, epoch: Epoch) -> None:
    """Complete an epoch with the figures of the test and validation parts."""
    import torch

    loss_of = torch.nn.functional.cross_entropy
    logits = _logits(fitted.pretrained, test)  # (n, classes)
    fitted.test_probabilities = _probabilities(logits)
    epoch.test_loss = float(loss_of(logits, test.targets))
    epoch.test_accuracy = float((logits.argmax(dim=1) == test.targets).float().mean())
    if validation is not None:
        epoch.validation_loss = float(loss_of(_logits(fitted.pretrained, validation), validation.targets))


def _keep(fitted: Fitted, epoch: Epoch, config: TrainConfig) -> None:
    """Add an epoch to the history, and keep the network if a recipe with patience goes back to its best."""
    if config.patience is not None and history.is_lowest(epoch, fitted.epochs):
        state = fitted.pretrained.network.state_dict()
        fitted.best = {name: value.detach().clone() for name, value in state.items()}
    fitted.epochs.append(epoch)


def _diverged(number: int, config: TrainConfig, checkpoint: Path | None) -> str:
    line = (
        f"the training diverges: the loss or the weights of epoch {number} are not numbers; a learning rate of "
        f"{config.learning_rate:g} is too large here, give a smaller --learning-rate"
    )
    if checkpoint is None:
        return line
    kept = f"{checkpoint} holds epoch {number - 1}, the last good one" if number else "no epoch was good"
    return f"{line} and another -o ({kept})"


def fresh(weights: str, classes: list[str], seed: int) -> Fitted:
    """Make a network with trained weights (`weights.load`) and a head drawn from the seed."""
    import torch

    torch.manual_seed(seed)
    return Fitted(load(weights, len(classes)), classes)


def probabilities(fitted: Fitted, examples: Labelled) -> Floats:
    """Predict n examples that went through the trunk already: (n, classes) probabilities."""
    return _probabilities(_logits(fitted.pretrained, examples))


def predict(pretrained: Pretrained, images: Images) -> Floats:
    """Predict (n, side, side, 3) images: (n, classes) probabilities."""
    examples = labelled(pretrained, images, [0] * len(images), cached=False)
    return _probabilities(_logits(pretrained, examples))


def embed(pretrained: Pretrained, images: Images) -> Floats:
    """Compute what the classifier sees of (n, side, side, 3) images: (n, 1280) pooled features."""
    import torch

    network = pretrained.network.to(device()).eval()
    parts = []
    with torch.inference_mode():
        for part in _in_batches(torch.from_numpy(images)):
            inputs = data.normalise(part.to(device()), pretrained.mean, pretrained.scale)  # (batch, 3, side, side)
            pooled = network.avgpool(network.features(inputs)).flatten(1)  # (batch, 1280)
            parts.append(pooled.cpu().numpy())
    return np.concatenate(parts) if parts else np.empty((0, 1280), np.float32)


def _resume(path: Path, fitted: Fitted, optimiser: Optimizer, config: TrainConfig, seed: int) -> int:
    """Take up the last whole epoch of a checkpoint; return how many are done."""
    if not path.is_file():
        return 0
    stored = checkpoints.read(path)
    before, now = ({**settings, "epochs": None} for settings in (stored["config"], asdict(config)))
    if before != now or (stored["seed"], stored["classes"]) != (seed, fitted.classes):
        raise ConfigError(f"{path}: holds another run (recipe, seed or classes differ); name another folder")
    if not history.may_go_on(stored["config"]["epochs"], config):
        raise ConfigError(f"{path}: holds another run, of {stored['config']['epochs']} epochs; name another folder")
    fitted.pretrained.network.load_state_dict(stored["network"])
    optimiser.load_state_dict(stored["optimiser"])
    fitted.epochs = [Epoch(**epoch) for epoch in stored["epochs"]]
    fitted.test_probabilities = stored["test_probabilities"].numpy()
    fitted.best = stored["best"]
    return len(fitted.epochs)


def _trunk_features(pretrained: Pretrained, images: Images) -> Tensor:
    """Run the trunk over (n, side, side, 3) images: (n, 320, side/32, side/32), on the device that trains the rest."""
    import torch

    trunk = pretrained.network.to(device()).features[:TRUNK].eval()
    with torch.inference_mode():
        parts = [
            trunk(data.normalise(part.to(device()), pretrained.mean, pretrained.scale))
            for part in _in_batches(torch.from_numpy(images))
        ]
    return torch.cat(parts).clone()


def _train_epoch(
    pretrained: Pretrained, train: Labelled, optimiser: Optimizer, config: TrainConfig, seed: int
) -> tuple[float, float]:
    """Train one epoch, in an order and with a dropout that depend on its seed alone; return mean loss and accuracy."""
    import torch

    pretrained.network.train()
    if not config.fine_tune:
        pretrained.network.features[:TRUNK].eval()
    torch.manual_seed(seed)
    order = torch.randperm(len(train.targets)).tolist()
    # On the device, so that a GPU is not waited for after every batch.
    total, right = torch.zeros((), dtype=torch.float64, device=device()), torch.zeros((), device=device())
    for chosen in data.batches(order, config.batch_size):
        inputs, targets = train.inputs[chosen], train.targets[chosen]
        if config.flip:
            mirrored = torch.rand(len(chosen)) < 0.5
            inputs[mirrored] = inputs[mirrored].flip(2)  # the columns of (batch, side, side, 3)
        with mixed_precision():
            logits = _forward(pretrained, inputs, raw=train.raw, tuned=config.fine_tune)  # (batch, classes)
        loss = torch.nn.functional.cross_entropy(logits.float(), targets)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        total += loss.detach().double() * len(chosen)
        right += (logits.argmax(dim=1) == targets).sum()
    return float(total) / len(order), float(right) / len(order)


def _forward(pretrained: Pretrained, inputs: Tensor, *, raw: bool, tuned: bool = False) -> Tensor:
    """Compute (n, classes) logits of activations or raw images; gradients reach the trunk only where it is tuned.

    A trunk that is not computes in single precision, as it does where its activations are kept.
    """
    import torch

    network = pretrained.network
    inputs = inputs.to(device())
    if raw:
        inputs = data.normalise(inputs, pretrained.mean, pretrained.scale)  # (n, 3, side, side)
        with torch.set_grad_enabled(tuned and torch.is_grad_enabled()), nullcontext() if tuned else single_precision():
            inputs = network.features[:TRUNK](inputs)  # (n, 320, side/32, side/32)
    pooled = network.avgpool(network.features[TRUNK](inputs)).flatten(1)  # (n, 1280)
    logits: Tensor = network.classifier(pooled)
    return logits


def _logits(pretrained: Pretrained, examples: Labelled) -> Tensor:
    """Compute (n, classes) float32 logits without dropout, in single precision on a GPU too: as the ONNX file does."""
    import torch

    pretrained.network.to(device()).eval()
    with torch.inference_mode():
        parts = [_forward(pretrained, part, raw=examples.raw) for part in _in_batches(examples.inputs)]
    return torch.cat(parts)


def _probabilities(logits: Tensor) -> Floats:
    """Turn (n, classes) logits into probabilities, in memory."""
    return np.asarray(logits.softmax(dim=1).cpu().numpy(), dtype=np.float32)


def _in_batches(tensor: Tensor) -> Sequence[Tensor]:
    import torch

    return torch.split(tensor, FORWARD_BATCH)
