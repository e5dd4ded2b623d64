"""`curate train ...` and `curate benchmark`: the commands about EfficientNet-B0."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from curate.errors import ConfigError, CurateError
from curate.options import Crop, Profile
from curate.train.study import EXTRA, RAW
from curate.train.watching import Progress, Say

TUNING_RATE = 3e-4
"""That of `loop.tuned`, which takes torch to import."""
SEEDS, DEMO_SEEDS = 5, 3
FROZEN_UP_TO = 7
"""The study trains the top convolution (features.8) and the classifier; the trunk below stays as it is."""


def register(app: typer.Typer) -> None:
    """Hang `train` on the command line."""
    group = type(app)(help="Train EfficientNet-B0 on a curated dataset.", no_args_is_help=True)

    @group.callback()
    def train() -> None:
        """Train EfficientNet-B0 on a curated dataset."""

    group.command()(summary)
    group.command()(fit)
    group.command()(predict)
    group.command()(export)
    group.command()(mislabel)
    group.command()(embed)
    app.add_typer(group, name="train")
    app.command()(benchmark)


WeightsOption = Annotated[
    str, typer.Option(metavar="NAME|FILE", help="imagenet (downloaded once), lite0 (offline), none, or a checkpoint.")
]


def _above_zero(rate: float | None) -> float | None:
    if rate == 0:
        raise typer.BadParameter("a network that learns at a rate of 0 learns nothing; give a number above 0")
    return rate


LearningRate = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        metavar="RATE",
        callback=_above_zero,
        help=f"Of AdamW; the recipe's own, or {TUNING_RATE:g} with --fine-tune.",
    ),
]
SourceToFit = Annotated[
    str | None,
    typer.Argument(
        metavar="[SOURCE]",
        help="A manifest (.csv, .parquet, .jsonl), or what an audit takes: a folder per class, a .zip of one, a list, "
        "tar shards, a URL. A recipe may name it.",
    ),
]
PredictedArgument = Annotated[
    str,
    typer.Argument(metavar="SOURCE", help="An image, a folder of images with classes or without, or what fit takes."),
]
InputPx = Annotated[
    int, typer.Option(min=32, max=1024, metavar="PIXELS", help="Side of the square that the network sees.")
]


MovedOption = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        metavar="DIR|OLD=NEW",
        help="Where the images of a manifest lie now; OLD=NEW, again and again, for one of several sources.",
    ),
]


@contextmanager
def _progress() -> Iterator[tuple[Progress, Say]]:
    """Show a bar on stderr that says what is being done; yields what moves it, and what prints a line above it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(20), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", visible=False)
        try:
            yield (
                lambda what, done, total: bar.update(task, description=what, completed=done, total=total, visible=True),
                lambda line: bar.console.print(line, markup=False, highlight=False, soft_wrap=True),
            )
        except CurateError:
            bar.update(task, visible=False)  # leaves the terminal to the line that says what to do
            raise


def fit(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the run goes.")],
    source: SourceToFit = None,
    recipe: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE.toml",
            help="reference (224 px in colour), proposed (48 x 48 grey), faces (cut out, the whole network tuned), or "
            "a file with [train], such as the recipe.toml of a run, which makes it again. Options go before it.",
        ),
    ] = "reference",
    weights: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="imagenet (downloaded once), lite0 (offline), none, or a checkpoint."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Epochs.")] = None,
    fine_tune: Annotated[
        bool | None, typer.Option("--fine-tune/--frozen", help="Train the whole network, or only its top.")
    ] = None,
    flip: Annotated[bool | None, typer.Option("--flip/--no-flip", help="Mirror every other image by chance.")] = None,
    crop: Annotated[Crop | None, typer.Option(help="face: to the largest face, where one is found.")] = None,
    learning_rate: LearningRate = None,
    input_px: Annotated[
        int | None, typer.Option(min=32, max=1024, metavar="PIXELS", help="Side of the square that the network sees.")
    ] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="End after so many epochs without a lower validation loss.")
    ] = None,
    test_share: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=0.9, metavar="SHARE", help="Share of each class to test on, of images without splits; 0.2."
        ),
    ] = None,
    ignore_splits: Annotated[
        bool | None,
        typer.Option(
            "--ignore-splits/--keep-splits", help="Draw a test part although the images have splits of their own."
        ),
    ] = None,
    moved: MovedOption = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Decides the split, the head, the order and the dropout.")
    ] = None,
) -> None:
    """Train on the approved images. A run that was cut short goes on where it was."""
    from curate.train import fitting, recipes

    chosen = recipes.read(recipe)
    given = {
        "source": source,
        "moved": moved,
        "test_share": test_share,
        "ignore_splits": ignore_splits,
        "seed": seed,
        "weights": weights,
        "epochs": epochs,
        "fine_tune": fine_tune,
        "flip": flip,
        "patience": patience,
        "input_px": input_px,
        "crop": crop,
        "learning_rate": learning_rate or (TUNING_RATE if fine_tune and not chosen.fine_tune else None),
    }
    training = chosen.model_copy(update={name: value for name, value in given.items() if value is not None})
    with _progress() as (progress, say):
        fitting.fit(recipes.run_of(training, output), progress, say)
    typer.echo(str(output / fitting.CHECKPOINT))


def predict(
    checkpoint: Annotated[Path, typer.Argument(help="checkpoint.pt of a run.")],
    source: PredictedArgument,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.csv", help="Where the table goes.")],
    moved: MovedOption = None,
) -> None:
    """Write the probability of every class for every image. And why where an image cannot be read."""
    from curate.train import predicting

    with _progress() as (progress, say):
        count = predicting.predict(checkpoint, source, output, progress, moved=moved or (), say=say)
    if count.unreadable:
        line = f"{count.unreadable:,} of {count.images:,} images cannot be read; the column error says why"
        typer.echo(line, err=True)
    typer.echo(str(output))


def export(
    checkpoint: Annotated[Path, typer.Argument(help="checkpoint.pt of a run.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.onnx", help="Where the network goes.")],
) -> None:
    """Write a trained network as ONNX. RGB pixels 0..255 in, probabilities out."""
    from curate.train import onnx_file

    typer.echo(str(onnx_file.export(checkpoint, output)))


def mislabel(
    workspace: Annotated[Path, typer.Argument(help="The workspace of an audit.")],
    weights: WeightsOption = "lite0",
    folds: Annotated[
        int, typer.Option(min=2, metavar="N", help="Each is predicted by a network trained on the others.")
    ] = 5,
    epochs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Epochs for each fold; 4 unless given.")
    ] = None,
    fine_tune: Annotated[bool, typer.Option("--fine-tune", help="Train the whole network, not only its top.")] = False,
    learning_rate: LearningRate = None,
    input_px: InputPx = 224,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Decides the folds, the heads, the order and the dropout.")
    ] = 0,
) -> None:
    """Find labels that a network does not believe. Trained on the other images; writes WS/predictions.parquet."""
    import curate
    from curate.train import mislabel as module

    recipe = replace(
        module.CONFIG,
        weights=weights,
        epochs=epochs or module.CONFIG.epochs,
        fine_tune=fine_tune,
        flip=fine_tune,
        learning_rate=learning_rate or (TUNING_RATE if fine_tune else module.CONFIG.learning_rate),
        preprocessing=replace(module.CONFIG.preprocessing, input_px=input_px),
    )
    with _progress() as (progress, say):
        path = module.mislabel(workspace, recipe, folds=folds, seed=seed, progress=progress, say=say)
    findings = curate.judge(workspace)
    suspected = findings[findings["kind"] == "suspected_mislabel"]
    queued = (suspected["severity"] != "info").sum()
    typer.echo(f"{queued:,} suspected labels are in the queue, {len(suspected) - queued:,} for information", err=True)
    typer.echo(str(path))


def embed(
    workspace: Annotated[Path, typer.Argument(help="The workspace of an audit.")],
    weights: WeightsOption = "lite0",
) -> None:
    """Write the features of every image. Pooled, to WS/embeddings.parquet."""
    from curate.train import embeddings

    with _progress() as (progress, _):
        path = embeddings.embed(workspace, weights, progress)
    typer.echo(str(path))


def benchmark(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where results go.")],
    raw: Annotated[str, typer.Option(metavar="SOURCE|kaggle:…", help="The raw dataset.")] = RAW,
    extra: Annotated[
        str, typer.Option(metavar="SOURCE|kaggle:…", help="The dataset to extend it with, of the same classes.")
    ] = EXTRA,
    demo: Annotated[bool, typer.Option("--demo", help="Use drawn datasets with planted defects instead.")] = False,
    workspace: Annotated[
        Path | None, typer.Option("-w", "--workspace", metavar="WS", help="A reviewed audit of the raw dataset.")
    ] = None,
    profile: Annotated[Profile, typer.Option(help="What the audit of the raw dataset looks for.")] = "faces",
    weights: WeightsOption = "lite0",
    seeds: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Runs of each model; 5 unless given, 3 on the drawn datasets."),
    ] = None,
    per_class: Annotated[int, typer.Option(min=2, metavar="N", help="Images of each class after balancing.")] = 240,
    limit: Annotated[
        str | None,
        typer.Option(metavar="N|CLASS=N,…", help="At most so many raw images of each class, drawn by a fixed seed."),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="Train the whole network on all of the extension too; longer than all the rest."),
    ] = False,
    fine_tune: Annotated[
        bool, typer.Option("--fine-tune", help="Train whole networks in every arm: hours without a GPU.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Compare the model before and after curation. As the study did, and under controlled conditions."""
    from curate.train.study import material
    from curate.train.study.benchmark import benchmark as run

    datasets: tuple[str | Path, str | Path] = material.demonstration(output) if demo else (raw, extra)
    plan = material.Plan(
        output=output,
        raw=datasets[0],
        extra=datasets[1],
        workspace=workspace,
        profile=profile,
        weights=weights,
        seeds=seeds or (DEMO_SEEDS if demo else SEEDS),
        per_class=per_class,
        limit=read_limit(limit),
        full=full,
        fine_tune=fine_tune,
    )
    result = run(plan, lambda line: typer.echo(line, err=True))
    if as_json:
        typer.echo(json.dumps(result))
        return
    for arm, figures in result["published_protocol"].items():
        _print_accuracy("published", arm, "own", figures)
    for arm, figures in result["controlled_protocol"]["arms"].items():
        for test in result["controlled_protocol"]["tests"]:
            _print_accuracy("controlled", arm, test, figures[test])
    typer.echo(str(output / "benchmark.json"))


def read_limit(text: str | None) -> int | dict[str, int] | None:
    """Read `--limit`: a number, or CLASS=N separated by commas; raises `ConfigError` for anything else."""
    if text is None:
        return None
    try:
        limit = (
            {name.strip(): int(count) for name, count in (part.split("=") for part in text.split(","))}
            if "=" in text
            else int(text)
        )
    except ValueError as error:
        raise ConfigError(f"--limit {text}: give a number, or angry=86,happy=100 with the names of classes") from error
    if min(limit.values() if isinstance(limit, dict) else [limit]) < 2:
        raise ConfigError(f"--limit {text}: at least 2 images of each class are needed")
    return limit


def _print_accuracy(protocol: str, arm: str, test: str, figures: Mapping[str, Any]) -> None:
    accuracy = figures["accuracy"]
    half = "" if accuracy["half_width"] is None else f" ± {accuracy['half_width']:.3f}"
    typer.echo(f"{protocol:10} {arm:24} {test:8} {accuracy['mean']:.3f}{half}")


def summary(
    classes: Annotated[int, typer.Option(metavar="N", help="How many classes the head tells apart.")] = 3,
    frozen_up_to: Annotated[
        int, typer.Option(metavar="N", help="Freeze features.0 to features.N; -1 freezes nothing.")
    ] = FROZEN_UP_TO,
) -> None:
    """Print the layer table of the network."""
    from rich.console import Console
    from rich.table import Table

    from curate.train import layers
    from curate.train import network as model

    network = model.efficientnet_b0(classes)
    layers.freeze_trunk(network, up_to=frozen_up_to)
    view = Table("layer", "name", "parameters", "trainable")
    for layer in layers.table(network):
        view.add_row(layer.kind, layer.name, f"{layer.parameters:,}", "yes" if layer.trainable else "no")
    Console(highlight=False, soft_wrap=True).print(view)
    total = sum(parameter.numel() for parameter in network.parameters())
    typer.echo(f"{layers.weighted_layers(network)} convolution and linear layers, {total:,} parameters")
