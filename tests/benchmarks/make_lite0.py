"""Write the network of the scanner `lite0`, and its first layers by themselves, from the published weights:

    python -m tests.benchmarks.make_lite0

Needs the extra `train`, whose package holds the weights. Normalisations are folded into the convolutions before them,
and what TensorFlow pads is written out for the one size of input. Weights are stored in half precision and cast to
single precision where they are used. The same weights give the same bytes. Writes curate/scanners/models/lite0.onnx and
lite0_first_layers.onnx.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torchvision.models.efficientnet import MBConv

from curate.scanners import drawing, lite0
from curate.train import weights

OPSET, IR_VERSION = 13, 8


class Graph:
    """Nodes and constants in the order of computation; `side` is that of the current activation, in pixels."""

    def __init__(self, side_px: int) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.side = side_px

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        output = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, values: Any) -> str:
        """Add a constant as it is and return its name."""
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def convolution(self, name: str, layer: nn.Conv2d, norm: nn.BatchNorm2d, *, rectified: bool) -> str:
        """Add a convolution with its normalisation folded in, padded as TensorFlow pads, and ReLU6 if it has one."""
        factor = norm.weight / (norm.running_var + norm.eps).sqrt()
        kernel = (layer.weight * factor[:, None, None, None]).detach().numpy()
        bias = (norm.bias - norm.running_mean * factor).detach().numpy()
        stored = self.constant(kernel.astype(np.float16))
        size, stride = layer.kernel_size[0], layer.stride[0]
        after = -(-self.side // stride)
        missing = max((after - 1) * stride + size - self.side, 0)
        before, behind = missing // 2, missing - missing // 2
        if before != behind:  # which not every convolution takes
            name = self.add("Pad", name, self.constant(np.array([0, 0, before, before, 0, 0, behind, behind])))
            before = behind = 0
        self.side = after
        name = self.add(
            "Conv",
            name,
            self.add("Cast", stored, to=TensorProto.FLOAT),
            self.constant(bias.astype(np.float32)),
            group=layer.groups,
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[before, before, behind, behind],
        )
        if not rectified:
            return name
        return self.add("Clip", name, self.constant(np.float32(0)), self.constant(np.float32(6)))

    def block(self, name: str, parts: Any) -> str:
        """Add a convolution, its normalisation and, where there is one, its activation."""
        convolution, norm, *activation = parts
        return self.convolution(name, convolution, norm, rectified=bool(activation))


def model(side_px: int) -> Any:
    """Make the network up to its pooled features: (1, 3, side, side) normalised pixels to (1, 1280)."""
    features = weights.load(lite0.NAME, 2).network.eval().features
    graph = Graph(side_px)
    name = "pixels"
    for stage in features:
        inner = [stage] if len(stage) and isinstance(stage[0], nn.Conv2d) else list(stage)
        for part in inner:
            if not isinstance(part, MBConv):
                name = graph.block(name, part)
                continue
            start = name
            for step in part.block:
                if not isinstance(step, nn.Identity):
                    name = graph.block(name, step)
            name = graph.add("Add", start, name) if part.use_res_connect else name
    graph.add("Flatten", graph.add("GlobalAveragePool", name), axis=1)
    graph.nodes[-1].output[0] = "embedding"
    shape, result = [1, 3, side_px, side_px], [1, lite0.FEATURES]
    return written(graph.nodes, graph.constants, "EfficientNet-Lite0, pooled features", shape, result)


def first_layers(side_px: int, channels: int) -> Any:
    """Make the network up to the middle of the first block of so many channels, where each has been looked around in.

    (1, 3, side, side) to (1, channels, side / 8, side / 8).
    """
    whole = model(side_px).graph
    shapes = {constant.name: constant.dims for constant in whole.initializer}
    widened = next(at for at, node in enumerate(whole.node) if shapes.get(node.input[0], [0])[0] == channels)
    _, around = [at for at, node in enumerate(whole.node) if node.op_type == "Clip" and at > widened][:2]
    nodes = whole.node[: around + 1]
    used = {name for node in nodes for name in node.input}
    constants = [constant for constant in whole.initializer if constant.name in used]
    nodes[-1].output[0] = "channels"
    shape, result = [1, 3, side_px, side_px], [1, channels, side_px // 8, side_px // 8]
    return written(nodes, constants, "EfficientNet-Lite0, first layers", shape, result)


def written(nodes: Any, constants: Any, name: str, shape: list[Any], result: list[Any]) -> Any:
    """Make a checked model of nodes: `pixels` of this shape to what the last node puts out."""
    made = helper.make_model(
        helper.make_graph(
            nodes,
            name,
            [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, result)],
            constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="imagecurate",
    )
    onnx.checker.check_model(made, full_check=True)
    return made


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else lite0.MODEL.parent
    for file, made in (
        (lite0.MODEL, model(lite0.SIDE_PX)),
        (drawing.FIRST_LAYERS, first_layers(drawing.SIDE_PX, drawing.CHANNELS)),
    ):
        (folder / file.name).write_bytes(made.SerializeToString(deterministic=True))
