"""The layer table of a network: what it is made of, and which of it learns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn
    from torchvision.models import EfficientNet

OWN_ROW = ("MBConv", "Linear", "Conv2dNormActivation")
"""Blocks that the table shows as one row each; what is inside them is counted, not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One row: `parameters` counts weights and biases, normalisation included unless it is a bare convolution."""

    kind: str
    name: str
    parameters: int
    trainable: bool


def table(network: EfficientNet) -> list[Layer]:
    """List the layers of a torchvision EfficientNet as rows, from input to output.

    A stem or top block is shown as its convolution alone, an MBConv as a whole.
    """
    return list(_rows(network, ""))


def _rows(module: nn.Module, prefix: str) -> Iterator[Layer]:
    for name, child in module.named_children():
        path = f"{prefix}{name}"
        kind = type(child).__name__
        if kind == "Conv2dNormActivation":
            yield _layer("Conv2d", f"{path}.0", next(child.children()))
        elif kind in OWN_ROW:
            yield _layer(kind, path, child)
        else:
            yield from _rows(child, f"{path}.")


def _layer(kind: str, name: str, module: nn.Module) -> Layer:
    parameters = list(module.parameters())
    return Layer(
        kind=kind,
        name=name,
        parameters=sum(parameter.numel() for parameter in parameters),
        trainable=any(parameter.requires_grad for parameter in parameters),
    )


def weighted_layers(network: EfficientNet) -> int:
    """Count the convolutions and linear layers of a network."""
    from torch import nn

    return sum(isinstance(module, nn.Conv2d | nn.Linear) for module in network.modules())


def freeze_trunk(network: EfficientNet, *, up_to: int) -> None:
    """Stop `features.0` to `features.UP_TO` from learning; -1 stops none."""
    for block in list(network.features)[: up_to + 1]:
        for parameter in block.parameters():
            parameter.requires_grad = False
