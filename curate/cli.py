"""The command line: options in, tables out. Data go to stdout, everything else to stderr.

A user's mistake is one line and exit 2; findings are not an error unless `--fail-on` says so (exit 1). Each command
imports what it needs, so that none waits for the tables and networks of the others.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import StrEnum
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

import curate
from curate.errors import ConfigError, CurateError
from curate.measuring import pool as engines

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from curate.auditing import pipeline, summary
    from curate.schema import Action

app = typer.Typer(
    help=curate.__doc__.splitlines()[0] if curate.__doc__ else None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
err = Console(stderr=True, highlight=False, soft_wrap=True)

WorkspaceArg = Annotated[Path, typer.Argument(metavar="WS", help="The workspace folder that `curate audit` made.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


class EngineName(StrEnum):
    """What finds copies."""

    HASH = "hash"
    FASTDUP = "fastdup"


class ProfileName(StrEnum):
    GENERAL = "general"
    FACES = "faces"


class ModeName(StrEnum):
    COPY = "copy"
    HARDLINK = "hardlink"
    SYMLINK = "symlink"


class LayoutName(StrEnum):
    FOLDER = "folder"
    IMAGEFOLDER = "imagefolder"
    WEBDATASET = "webdataset"
    LIST = "list"


class PendingName(StrEnum):
    KEEP = "keep"
    DROP = "drop"


def main() -> None:
    """Run the command line, with every package's sub-commands hung on it where one of them may be meant."""
    own = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    meant = sys.argv[1] if len(sys.argv) > 1 else ""
    others = () if meant in own else entry_points(group="curate.commands")
    for entry in sorted(others, key=lambda entry: entry.name):
        register: Callable[[typer.Typer], None] = entry.load()
        register(app)
    try:
        app()
    except CurateError as error:
        err.print(f"curate: {error}", markup=False)
        sys.exit(2)
    except KeyboardInterrupt:
        err.print("curate: interrupted; run the same command again to go on from here", markup=False)
        sys.exit(130)


@app.command()
def audit(
    source: Annotated[
        str,
        typer.Argument(help="A folder of images per class, a flat folder, a ZIP, a list, .tar shards, or a URL."),
    ],
    workspace: Annotated[
        Path, typer.Option("-w", "--workspace", metavar="WS", help="Where measurements and decisions go.")
    ],
    profile: Annotated[ProfileName | None, typer.Option(help="Which set of checks and thresholds.")] = None,
    config_file: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="A curate.toml to use.")] = None,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Also look for crops, frames and heavy edits (about 20 ms an image).")
    ] = False,
    text: Annotated[
        bool, typer.Option("--text", help="Also read the text on images (extra text; about 200 ms an image).")
    ] = False,
    duplicates: Annotated[
        EngineName | None,
        typer.Option(help="What finds copies; fastdup is for non-commercial use only and needs the extra fastdup."),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(metavar="local:N|dask:ADDRESS", help="Where to measure; the result is the same.")
    ] = None,
    as_json: JsonOption = False,
    fail_on: Annotated[
        list[str] | None,
        typer.Option("--fail-on", metavar="KIND", help="Exit 1 if a finding of this kind or category is left."),
    ] = None,
    profile_time: Annotated[
        bool, typer.Option("--profile-time", help="Print the cost of each step per image.")
    ] = False,
) -> None:
    """Ingest, measure and judge a dataset, fill the review queue, and print Table 1."""
    engines.get_ready(workspace, engines.named(engine) if engine else engines.Engine())
    from curate import config
    from curate.scanners.fastdup import LICENCE

    _check_kinds(fail_on or [])
    standing = workspace / "curate.toml"
    chosen = config.read(config_file or standing) if config_file or standing.is_file() else config.Config()
    if profile:
        chosen = chosen.model_copy(update={"profile": profile.value})
    if thorough:
        chosen = config.override(chosen, "duplicates", thorough=True)
    if text:
        chosen = chosen.model_copy(update={"text": True})
    if duplicates:
        chosen = chosen.model_copy(update={"duplicates": duplicates.value})
    if chosen.duplicates == "fastdup":
        err.print(f"{LICENCE}; its telemetry is off", markup=False)
    with _progress() as report:
        result = curate.audit(source, workspace, configuration=chosen, report=report, engine=engine)
    for reason, count in result.skipped["reason"].value_counts().items():
        err.print(f"skipped {count:,} {'file' if count == 1 else 'files'}: {reason}", markup=False)
    if profile_time:
        _print_cost(result)
    _print_status(curate.status(workspace), as_json=as_json)
    if not as_json:
        err.print(f"next: curate review {workspace}", markup=False)
    if _hits(result.findings, fail_on or []):
        raise typer.Exit(1)


@app.command()
def compare(
    ours: Annotated[Path, typer.Argument(help="The dataset you have: a folder, a ZIP, or a workspace.")],
    theirs: Annotated[Path, typer.Argument(help="The dataset that may repeat it.")],
    thorough: Annotated[bool, typer.Option("--thorough", help="Also look for crops, frames and heavy edits.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the images of one dataset that are copies of images in another."""
    with _progress() as report:
        found = curate.compare(ours, theirs, thorough=thorough, report=report)
    _print_copies(found, as_json=as_json)


@app.command("find-copies")
def find_copies(
    workspace: WorkspaceArg,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Images to look for.")],
    as_json: JsonOption = False,
) -> None:
    """Say where images stand in an audited dataset."""
    _print_copies(curate.find_copies(workspace, files), as_json=as_json)


def _print_copies(found: pd.DataFrame, *, as_json: bool) -> None:
    if as_json:
        print(found.to_json(orient="records", force_ascii=False))
        return
    for path, copy_of, relation, reason in found.itertuples(index=False, name=None):
        print(f"{path}\t{relation}\t{copy_of}\t{reason}")
    err.print(f"{len(found):,} {'copy' if len(found) == 1 else 'copies'} found", markup=False)


@app.command()
def judge(workspace: WorkspaceArg, as_json: JsonOption = False) -> None:
    """Judge the stored measurements again, after a threshold in WS/curate.toml changed."""
    curate.judge(workspace)
    _print_status(curate.status(workspace), as_json=as_json)


@app.command()
def status(workspace: WorkspaceArg, as_json: JsonOption = False) -> None:
    """Print Table 1, flagged and confirmed, and the progress of the review."""
    _print_status(curate.status(workspace), as_json=as_json)


@app.command()
def decide(
    workspace: WorkspaceArg,
    action: Annotated[
        str | None, typer.Option(help="keep, drop, relabel, defer, or suggested: as each scanner suggests.")
    ] = None,
    category: Annotated[list[str] | None, typer.Option(help="Only findings of this category.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only findings of this kind.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="Only images of this class.")] = None,
    path: Annotated[list[str] | None, typer.Option(help="Only images whose path matches this pattern.")] = None,
    min_score: Annotated[float, typer.Option(help="Only findings with at least this score.")] = 0.0,
    max_score: Annotated[float, typer.Option(help="Only findings with at most this score.")] = 1.0,
    keepers: Annotated[bool, typer.Option("--keepers", help="Decide the keepers of duplicate groups too.")] = False,
    from_csv: Annotated[
        Path | None, typer.Option("--from-csv", metavar="FILE", help="A CSV with columns path and action.")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="LABEL", help="The new class, for relabel.")] = None,
    reviewer: Annotated[str | None, typer.Option(help="Who decides; your user name unless given.")] = None,
    note: Annotated[str | None, typer.Option(help="Why, kept in the log.")] = None,
    allow_no_survivor: Annotated[
        bool, typer.Option("--allow-no-survivor", help="Let a duplicate group lose every copy.")
    ] = False,
) -> None:
    """Decide without the app: by filter, or from a CSV. It goes into the same log."""
    who = reviewer or _user()
    if from_csv:
        count = curate.decide_from_csv(
            workspace, from_csv, reviewer=who, note=note, allow_no_survivor=allow_no_survivor
        )
    else:
        _check_kinds([*(category or []), *(kind or [])])
        selection = curate.Selection(
            categories=tuple(category or ()),
            kinds=tuple(kind or ()),
            labels=tuple(label or ()),
            paths=tuple(path or ()),
            min_score=min_score,
            max_score=max_score,
            keepers=keepers,
        )
        count = curate.decide(
            workspace,
            selection,
            _action(action),
            reviewer=who,
            new_label=to,
            note=note,
            allow_no_survivor=allow_no_survivor,
        )
    err.print(f"recorded {count:,} {'decision' if count == 1 else 'decisions'} by {who}", markup=False)


@app.command()
def manifest(
    workspace: WorkspaceArg,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="FILE.parquet, .csv or .jsonl.")
    ] = None,
    pending: Annotated[PendingName | None, typer.Option(help="What undecided images count as.")] = None,
) -> None:
    """Write the approved manifest: one row per image, with verdict, final label and reasons."""
    table = curate.manifest(workspace, output, pending=pending.value if pending else None)
    counts = ", ".join(f"{count:,} {action}" for action, count in table["action"].value_counts().sort_index().items())
    err.print(f"{output or workspace / 'manifest.parquet'}: {len(table):,} images ({counts})", markup=False)


@app.command()
def export(
    manifest_file: Annotated[Path, typer.Argument(metavar="MANIFEST", help="A manifest that `curate manifest` wrote.")],
    destination: Annotated[
        str, typer.Argument(metavar="DEST", help="A folder or URL that does not exist yet, or a list to write.")
    ],
    layout: Annotated[
        LayoutName | None, typer.Option("--as", help="The form; a list where DEST ends in .csv, .jsonl or .parquet.")
    ] = None,
    mode: Annotated[ModeName, typer.Option(help="How the files get there.")] = ModeName.COPY,
    source: Annotated[str | None, typer.Option(help="Where the source is now, if it has moved.")] = None,
) -> None:
    """Write the cleaned folder, every file checked against its hash."""
    kept = curate.export(
        manifest_file, destination, mode=mode.value, source=source, layout=layout.value if layout else None
    )
    err.print(
        f"{destination}: {len(kept):,} images; check them any time with: curate verify {destination}",
        markup=False,
    )


@app.command()
def verify(
    destination: Annotated[str, typer.Argument(metavar="DEST", help="What `curate export` made.")],
) -> None:
    """Hash an exported folder again. Exit 1 if anything changed, is missing, or was added."""
    result = curate.verify(destination)
    for word, names in (("changed", result.changed), ("missing", result.missing), ("extra", result.extra)):
        for name in names:
            print(f"{word}\t{name}")
    err.print(
        f"{result.checked:,} files checked: {'all as exported' if result.ok else 'NOT as exported'}",
        markup=False,
    )
    if not result.ok:
        raise typer.Exit(1)


@app.command()
def build(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.toml", help="What to make of the approved images.")],
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="A folder that does not exist yet.")],
    manifest_file: Annotated[
        Path | None, typer.Option("--manifest", metavar="FILE", help="Another manifest than the recipe names.")
    ] = None,
) -> None:
    """Extend, balance, resize and split the approved images into a training set, with a card."""
    made = curate.build(recipe, destination, manifest=manifest_file, say=lambda line: err.print(line, markup=False))
    for reason, count in sorted(made.refused.items()):
        err.print(f"{count:,} images {reason}", markup=False)
    print(destination)
    err.print(f"{len(made.table):,} images; how they were made: {destination / 'CARD.md'}", markup=False)


@app.command()
def fetch(
    dataset: Annotated[str, typer.Argument(metavar="kaggle:OWNER/DATASET", help="As in its address on kaggle.com.")],
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="A folder that does not exist yet.")],
) -> None:
    """Download a Kaggle dataset with your own credentials; run again, a broken download goes on."""
    print(curate.fetch(dataset, destination))


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where the demo goes.")] = Path("curate-demo"),
) -> None:
    """Draw a dataset with planted defects and take it the whole way, from audit to report."""
    from curate.auditing import summary
    from curate.demonstration import run

    err.print("drawing 265 images, 42 of them with a planted defect", markup=False)
    with _progress() as report:
        made = run.demo(folder, report=report)
    found = summary.status(made.workspace)
    _print_status(found, as_json=False)
    same = run.matches(found, made.truth)
    err.print(f"planted truth: {made.truth} - Table 1 {'equals' if same else 'DIFFERS FROM'} it", markup=False)
    err.print(f"cleaned set:   {made.cleaned} (manifest: {made.manifest})", markup=False)
    err.print(f"report:        {made.report or 'not written; pip install imagecurate[report]'}", markup=False)
    err.print(f"reviewer:      curate review {made.workspace}", markup=False)
    if not same:
        raise typer.Exit(1)


@app.command()
def version() -> None:
    """Print the version."""
    print(curate.__version__)


def _print_status(found: summary.WorkspaceStatus, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
        return
    from curate.auditing.shortcuts import TELLING

    Console(highlight=False, soft_wrap=True).print(table1_view(found.table1))
    for note in found.prevalent:
        err.print(f"note: {note}", markup=False)
    for guess in found.spurious:
        if guess.gain >= TELLING:
            err.print(
                f"note: the class can be guessed from {guess.trait.replace('_', ' ')} alone: right for "
                f"{guess.accuracy:.0%} of the images of a class, {guess.chance:.0%} by chance",
                markup=False,
            )
    if found.stale:
        names = ", ".join(found.stale[:5]) + (", ..." if len(found.stale) > 5 else "")
        err.print(f"stale: {len(found.stale)} images changed since they were decided: {names}", markup=False)
    review = found.progress
    err.print(
        f"review: {review.images_done:,} of {review.images:,} flagged images decided; "
        f"{found.verdicts['drop']:,} dropped, {found.verdicts['relabel']:,} relabelled",
        markup=False,
    )


def table1_view(table1: pd.DataFrame) -> Table:
    """Table 1 for the terminal; `flagged / confirmed` in one cell."""
    from rich.table import Table

    from curate.auditing.summary import TOTAL
    from curate.schema import Category

    shown = [name for name in Category if name is not Category.LABEL or table1[f"{name}_flagged"].any()]
    view = Table(title="Table 1: images flagged / confirmed by review", title_justify="left")
    view.add_column("class")
    for heading in ("images", *shown):
        view.add_column(heading, justify="right")
    for label, row in table1.iterrows():
        cells = [f"{row[f'{name}_flagged']} / {row[f'{name}_confirmed']}" for name in shown]
        view.add_row(str(label), f"{row['images']}", *cells, style="bold" if label == TOTAL else None)
    return view


def _print_cost(result: pipeline.Audit) -> None:
    if not result.measured:
        err.print("nothing had to be measured", markup=False)
        return
    for name, seconds in sorted(result.seconds.items(), key=lambda item: -item[1]):
        err.print(f"{name:>12}: {1000 * seconds / result.measured:8.3f} ms an image", markup=False)


def _progress() -> AbstractContextManager[pipeline.Report]:
    from curate.auditing import progress

    return progress.shown(err)


def _check_kinds(names: list[str]) -> None:
    from curate.schema import Category, Kind

    known = {*map(str, Kind), *map(str, Category)}
    for name in names:
        if name not in known:
            raise ConfigError(f"{name!r} is neither a kind nor a category; there are {', '.join(sorted(known))}")


def _action(name: str | None) -> Action | None:
    from curate.schema import Action

    choices = ("keep", "drop", "relabel", "defer")
    if name == "suggested":
        return None
    if name not in choices:
        raise ConfigError(f"--action must be one of {', '.join(choices)} or suggested")
    return Action(name)


def _hits(findings: pd.DataFrame, names: list[str]) -> bool:
    from curate.schema import Severity

    counted = findings[findings["severity"] != Severity.INFO] if names else findings
    return bool((counted["kind"].isin(names) | counted["category"].isin(names)).any())


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


__all__: list[Any] = ["app", "main"]
