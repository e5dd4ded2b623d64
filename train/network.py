"""EfficientNet-B0, with a head of the size that the dataset needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curate.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from torchvision.models import EfficientNet


def efficientnet_b0(classes: int) -> EfficientNet:
    """Make torchvision's EfficientNet-B0 without trained weights and with `classes` outputs.

    Raises `ConfigError` for fewer than two, `MissingExtraError` where torch is not installed.
    """
    if classes < 2:
        raise ConfigError(f"a classifier needs at least 2 classes, not {classes}")
    try:
        from torchvision import models
    except ImportError as error:
        raise MissingExtraError("training needs more packages: pip install 'imagecurate[train]'") from error
    return models.efficientnet_b0(weights=None, num_classes=classes)
