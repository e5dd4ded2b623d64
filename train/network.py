"""EfficientNet-B0, with a head of the size that the dataset needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curate.errors import ConfigError
from curate.train import packages

if TYPE_CHECKING:
    from torchvision.models import EfficientNet


def efficientnet_b0(classes: int) -> EfficientNet:
    """Make torchvision's EfficientNet-B0 without trained weights and with `classes` outputs.

    The classifier is drawn as `nn.Linear` draws itself, from U(±1/sqrt(in_features)), so that training begins near a
    loss of ln(classes). torchvision draws it from U(±1/sqrt(classes)), made for 1,000 of them: 3.6 for three.

    Raises `ConfigError` for fewer than two, `MissingExtraError` where torch is not installed.
    """
    if classes < 2:
        raise ConfigError(f"a classifier needs at least 2 classes, not {classes}")
    packages.require()
    from torchvision import models

    network = models.efficientnet_b0(weights=None, num_classes=classes)
    network.classifier[1].reset_parameters()
    return network
