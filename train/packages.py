"""The packages of the extra `train`, asked for before anything is read.

Modules import them inside the function that needs them, which may be minutes after the command was typed.
"""

from importlib.util import find_spec

from curate.errors import MissingExtraError

A_NETWORK = ("torch", "torchvision")
TRAINING = (*A_NETWORK, "sklearn", "tensorboard")
"""What is imported to run a network, and to train one; what else the extra has is named where it is imported."""


def require(names: tuple[str, ...] = A_NETWORK) -> None:
    """Raise `MissingExtraError` where one of these packages is missing."""
    if any(find_spec(name) is None for name in names):
        raise MissingExtraError('training needs more packages: pip install "imagecurate[train]"')
