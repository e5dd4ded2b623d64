"""The packages of the extra `train`, asked for before anything is read.

Modules import them inside the function that needs them, which may be minutes after the command was typed.
"""

from importlib.util import find_spec

from curate.errors import MissingExtraError

NEEDED = ("torch", "torchvision", "sklearn", "tensorboard")
"""What training, predicting and the benchmark import; what else the extra has is named where it is imported."""


def require() -> None:
    """Raise `MissingExtraError` where a package is missing that a network wants."""
    if any(find_spec(name) is None for name in NEEDED):
        raise MissingExtraError("training needs more packages: pip install 'imagecurate[train]'")
