"""`curate train ...` and `curate benchmark`: the commands about EfficientNet-B0."""

import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from curate.errors import ConfigError

FROZEN_UP_TO = 7
"""The study trains the top convolution (features.8) and the classifier; the trunk below stays as it is."""


def register(app: typer.Typer) -> None:
    """Hang `train` on the command line."""
    group = typer.Typer(help="Train EfficientNet-B0 on a curated dataset.", no_args_is_help=True)

    @group.callback()
    def train() -> None:
        """Train EfficientNet-B0 on a curated dataset."""

    group.command()(summary)
    group.command()(fit)
    group.command()(predict)
    group.command()(embed)
    app.add_typer(group, name="train")
    app.command()(benchmark)


class RecipeName(StrEnum):
    """The two runs of the study."""

    REFERENCE = "reference"
    PROPOSED = "proposed"


WeightsOption = Annotated[
    str, typer.Option(metavar="NAME|FILE", help="imagenet (downloaded once), lite0 (offline), none, or a checkpoint.")
]


def fit(
    source: Annotated[Path, typer.Argument(help="A manifest (.csv, .parquet, .jsonl), or a folder per class.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the run goes.")],
    recipe: Annotated[RecipeName, typer.Option(help="The raw pictures at 224 px, or 48 x 48 grey.")] = (
        RecipeName.REFERENCE
    ),
    weights: WeightsOption = "lite0",
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs; the recipe's own unless given.")] = None,
    test_share: Annotated[float, typer.Option(min=0.01, max=0.9, help="Share of each class to test on.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Decides the split, the head, the order and the dropout.")] = 0,
) -> None:
    """Train on the approved pictures; a run that was cut short goes on where it was."""
    from train import data, loop

    chosen = {RecipeName.REFERENCE: loop.REFERENCE, RecipeName.PROPOSED: loop.PROPOSED}[recipe]
    chosen = replace(chosen, weights=weights, epochs=epochs or chosen.epochs)
    samples = data.from_source(source)
    train, test = data.split(samples, test_share, seed)
    classes = sorted({sample.label for sample in samples})
    output.mkdir(parents=True, exist_ok=True)
    fitted = loop.fresh(weights, classes, seed)
    typer.echo(f"{len(train):,} pictures to train on, {len(test):,} to test on; {', '.join(classes)}", err=True)
    prepared = [
        loop.labelled(fitted.weighted, data.load(part, chosen.look), [classes.index(sample.label) for sample in part])
        for part in (train, test)
    ]
    log = output / "epochs.csv"
    lines = ["epoch,train_loss,train_accuracy,test_loss,test_accuracy"]
    for number, epoch in enumerate(
        loop.fit(fitted, prepared[0], prepared[1], chosen, seed=seed, checkpoint=output / "checkpoint.pt")
    ):
        lines.append(
            f"{number},{epoch.train_loss:.6f},{epoch.train_accuracy:.6f},{epoch.test_loss:.6f},{epoch.test_accuracy:.6f}"
        )
        log.write_text("\n".join(lines) + "\n", encoding="utf-8")
        typer.echo(
            f"epoch {number}: train loss {epoch.train_loss:.4f}, accuracy {epoch.train_accuracy:.3f}; "
            f"test loss {epoch.test_loss:.4f}, accuracy {epoch.test_accuracy:.3f}",
            err=True,
        )
    typer.echo(str(output / "checkpoint.pt"))


def predict(
    checkpoint: Annotated[Path, typer.Argument(help="checkpoint.pt of a run.")],
    source: Annotated[Path, typer.Argument(help="A manifest or a folder per class.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.csv", help="Where the table goes.")],
) -> None:
    """Write the probability of every class for every picture."""
    import pandas as pd

    from curate import safecsv
    from train import data, loop, weights

    classes, look = loop.described(checkpoint)
    samples = data.from_source(source)
    found = loop.predict(weights.load(str(checkpoint), len(classes)), data.load(samples, look))
    table = pd.DataFrame({"path": [str(sample.path) for sample in samples], "label": [s.label for s in samples]})
    table["predicted"] = [classes[index] for index in found.argmax(axis=1)] if len(found) else []
    for index, name in enumerate(classes):
        table[f"p:{name}"] = found[:, index].round(6)
    safecsv.write(table, output)
    typer.echo(str(output))


def embed(
    workspace: Annotated[Path, typer.Argument(help="The workspace of an audit.")],
    weights: WeightsOption = "lite0",
) -> None:
    """Write the pooled features of every picture to WS/embeddings.parquet."""
    from train import embeddings

    typer.echo(str(embeddings.embed(workspace, weights)))


def benchmark(
    raw: Annotated[Path, typer.Option(help="The raw dataset, a folder per class.")],
    extra: Annotated[Path, typer.Option(help="The dataset to extend it with: a folder or ZIP of the same classes.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where results go.")],
    workspace: Annotated[
        Path | None, typer.Option("-w", "--workspace", metavar="WS", help="A reviewed audit of the raw dataset.")
    ] = None,
    weights: WeightsOption = "lite0",
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each model.")] = 5,
    per_class: Annotated[int, typer.Option(min=2, help="Pictures of each class after balancing.")] = 240,
    limit: Annotated[int | None, typer.Option(min=2, help="At most so many raw pictures of each class.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Compare the model before and after curation, as the study did and under controlled conditions."""
    from train.benchmark import Plan
    from train.benchmark import benchmark as run

    for place in (raw, extra):
        if not place.exists():
            raise ConfigError(f"{place} does not exist")
    plan = Plan(
        raw=raw,
        extra=extra,
        output=output,
        workspace=workspace,
        weights=weights,
        seeds=seeds,
        per_class=per_class,
        limit=limit,
    )
    result = run(plan, lambda line: typer.echo(line, err=True))
    if as_json:
        typer.echo(json.dumps(result))
        return
    for protocol, arms in (
        ("published", result["published_protocol"]),
        ("controlled", result["controlled_protocol"]["arms"]),
    ):
        for arm, found in arms.items():
            for test in ("own",) if protocol == "published" else ("raw", "faces"):
                figure = (found if protocol == "published" else found[test])["accuracy"]
                half = "" if figure["half_width"] is None else f" ± {figure['half_width']:.3f}"
                typer.echo(f"{protocol:10} {arm:24} {test:6} {figure['mean']:.3f}{half}")
    typer.echo(str(output / "benchmark.json"))


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
