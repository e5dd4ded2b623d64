"""A trained network as an ONNX file that explains itself: pixels in, probabilities out."""

import json
import warnings
from pathlib import Path
from typing import Any

from curate.errors import MissingExtraError
from curate.storage.atomic import atomic, explained
from curate.train import checkpoints, weights


def export(checkpoint: Path, output: Path) -> Path:
    """Write a checkpoint of `fit` as an ONNX file, and return its path.

    The input `pixels` is (n, 3, side, side) float32, RGB, 0..255, of the size that the network was trained at;
    normalising is part of the network. The output `probabilities` is (n, classes). The names of the classes and
    how images are to be shown stand in the file's metadata. Raises `ConfigError` for another file.
    """
    import torch

    try:
        import onnx
        import onnxscript  # noqa: F401  # what torch writes the file with
    except ImportError as error:
        raise MissingExtraError("ONNX files need more packages: pip install 'imagecurate[train]'") from error
    classes, preprocessing = checkpoints.described(checkpoint)
    pretrained = weights.load(str(checkpoint), len(classes))

    class WithPixels(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = pretrained.network.eval()
            self.mean = torch.nn.Buffer(torch.tensor(pretrained.mean).view(1, 3, 1, 1))
            self.scale = torch.nn.Buffer(torch.tensor(pretrained.scale).view(1, 3, 1, 1))

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return torch.softmax(self.network((pixels - self.mean) / self.scale), dim=1)

    example = torch.zeros(2, 3, preprocessing.input_px, preprocessing.input_px)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the exporter's own insides
        program = torch.onnx.export(
            WithPixels(),
            (example,),
            input_names=["pixels"],
            output_names=["probabilities"],
            dynamic_shapes=({0: torch.export.Dim("n", min=1)},),
            dynamo=True,
            verbose=False,
        )
    model: Any = program.model_proto  # type: ignore[union-attr]  # None only without dynamo
    facts = {
        "classes": classes,
        "input_px": preprocessing.input_px,
        "shrink_px": preprocessing.shrink_px,
        "grey": preprocessing.grey,
    }
    onnx.helper.set_model_props(model, {name: json.dumps(value) for name, value in facts.items()})
    with explained(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    with atomic(output) as file:
        file.write(model.SerializeToString())
    return output
