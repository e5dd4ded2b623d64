"""EfficientNet-B0, with a head of the size that the dataset needs."""

from typing import Any

from curate.errors import ConfigError, MissingExtraError

IMAGENET_CLASSES = 1000


def efficientnet_b0(classes: int) -> Any:
    """An EfficientNet-B0 (torchvision) without trained weights and with `classes` outputs.

    Raises `MissingExtraError` where torch is not installed.
    """
    if classes < 2:
        raise ConfigError(f"a classifier needs at least 2 classes, not {classes}")
    try:
        from torchvision import models
    except ImportError as error:
        raise MissingExtraError("training needs more packages: pip install 'imagecurate[train]'") from error
    return models.efficientnet_b0(weights=None, num_classes=classes)
