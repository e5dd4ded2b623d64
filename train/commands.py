"""`curate train ...`: the sub-commands about EfficientNet-B0."""

from typing import Annotated

import typer

FROZEN_UP_TO = 7
"""The study trains the top convolution (features.8) and the classifier; the trunk below stays as it is."""


def register(app: typer.Typer) -> None:
    """Hang `train` on the command line."""
    group = typer.Typer(help="Train EfficientNet-B0 on a curated dataset.", no_args_is_help=True)

    @group.callback()
    def train() -> None:
        """Train EfficientNet-B0 on a curated dataset."""

    group.command()(summary)
    app.add_typer(group, name="train")


def summary(
    classes: Annotated[int, typer.Option(help="How many classes the head tells apart.")] = 3,
    frozen_up_to: Annotated[
        int, typer.Option(help="Freeze features.0 to features.N; -1 freezes nothing.")
    ] = FROZEN_UP_TO,
) -> None:
    """Print the layer table of the network."""
    from rich.console import Console
    from rich.table import Table

    from train import layers, model

    network = model.efficientnet_b0(classes)
    layers.freeze_trunk(network, up_to=frozen_up_to)
    view = Table("layer", "name", "parameters", "trainable")
    for layer in layers.table(network):
        view.add_row(layer.kind, layer.name, f"{layer.parameters:,}", "yes" if layer.trainable else "no")
    Console(highlight=False, soft_wrap=True).print(view)
    total = sum(parameter.numel() for parameter in network.parameters())
    typer.echo(f"{layers.weighted_layers(network)} convolution and linear layers, {total:,} parameters")
