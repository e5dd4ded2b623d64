"""A trained network as an ONNX file that explains itself: pixels in, probabilities out."""

import json
import warnings
from pathlib import Path
from typing import Any

from curate.dataset.shaping import REDUCING_GAP
from curate.errors import MissingExtraError
from curate.images.decode import FULL_DECODE_PIXELS, REDUCED_SIDE_PX
from curate.sources.address import on_this_machine
from curate.storage.atomic import atomic, explained
from curate.train import checkpoints, packages, weights
from curate.train.data import Preprocessing
from curate.train.weights import Pretrained

CROPPING = (
    "Crop to a square around the largest sure face that YuNet (2023mar) finds, with {margin:g} of its longer side left "
    "on either side; whole where there is none."
)


def export(checkpoint: Path, output: Path) -> Path:
    """Write a checkpoint of `fit` as an ONNX file, and return its path.

    The input `pixels` is (n, 3, side, side) float32, RGB, 0..255, of the size that the network was trained at;
    normalising is part of the network. The output `probabilities` is (n, classes). The names of the classes and
    every step from a file to pixels stand in the file's metadata, as JSON. Raises `ConfigError` for another file.
    """
    output = on_this_machine(output, "a network")
    packages.require()
    import torch

    try:
        import onnx
        import onnxscript  # noqa: F401  # what torch writes the file with
    except ImportError as error:
        raise MissingExtraError('ONNX files need more packages: pip install "imagecurate[train]"') from error
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
    facts = _facts(classes, preprocessing, pretrained)
    onnx.helper.set_model_props(model, {name: json.dumps(value) for name, value in facts.items()})
    with explained(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    with atomic(output) as file:
        file.write(model.SerializeToString())
    return output


def _facts(classes: list[str], preprocessing: Preprocessing, pretrained: Pretrained) -> dict[str, Any]:
    """Describe the input of a network: the numbers by name, and `steps` in their order, as sentences."""
    large = (
        f"A JPEG of more than {FULL_DECODE_PIXELS:,} pixels may be decoded at the smallest DCT scale that leaves both "
        f"sides {REDUCED_SIDE_PX} px or more."
    )
    steps = [
        "Decode to 8 bits a channel; greys of 16 bits are scaled to that.",
        large,
        "Turn the image upright by its EXIF orientation.",
        "Lay transparency on white, then drop it.",
        *([CROPPING.format(margin=preprocessing.face_margin)] if preprocessing.crop == "face" else []),
        *(["Convert to grey: ITU-R BT.601 luma, as Pillow's mode L."] if preprocessing.grey else []),
        *(
            f"Resample to {side} x {side} px with Pillow's filter {how}, reducing_gap {REDUCING_GAP:g}; the aspect "
            "ratio is not kept."
            for side, how in preprocessing.resizings
        ),
        "Give the network RGB, a grey image as three equal channels: (n, 3, side, side) float32, 0..255.",
        "The network itself computes (pixels - mean) / scale for each channel.",
    ]
    return {
        "classes": classes,
        "input_px": preprocessing.input_px,
        "crop": preprocessing.crop,
        "face_margin": preprocessing.face_margin,
        "shrink_px": preprocessing.shrink_px,
        "shrink_filter": preprocessing.shrink_filter,
        "grey": preprocessing.grey,
        "resizings": preprocessing.resizings,
        "reducing_gap": REDUCING_GAP,
        "exif_orientation": True,
        "background": [255, 255, 255],
        "mean": list(pretrained.mean),
        "scale": list(pretrained.scale),
        "steps": steps,
    }
