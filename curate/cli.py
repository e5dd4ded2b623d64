"""The command line: options in, tables out. Data go to stdout, everything else to stderr.

A user's mistake is one line and exit 2; findings are not an error unless `--fail-on` says so (exit 1). Each command
imports what it needs, so that none waits for the tables and networks of the others.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

import curate
from curate import failing, terminal
from curate.errors import ConfigError, CurateError
from curate.i18n import N_, Translator, preferred, translator
from curate.options import DuplicateEngine, Layout, Mode, Pending, Profile
from curate.plugins import installed
from curate.storage.atomic import full_disk_explained
from curate.storage.names import printable
from curate.storage.workspace import Workspace

app = typer.Typer(
    help=curate.__doc__.splitlines()[0] if curate.__doc__ else None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

WorkspaceArg = Annotated[Path, typer.Argument(metavar="WS", help="The workspace folder that `curate audit` made.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
LangOption = Annotated[
    str | None, typer.Option(metavar="en|pt-BR", help="The language; that of the environment unless given.")
]
SourceOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NEW|OLD=NEW", help="Where the images of the manifest are now, if they have moved; may be repeated."
    ),
]

RepairOption = Annotated[
    bool, typer.Option("--repair-splits", help="Move copies that stand in several splits to one: train, val, test.")
]


def main() -> None:
    """Run the command line, with every package's sub-commands hung on it where one of them may be meant."""
    ours = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    meant = sys.argv[1] if len(sys.argv) > 1 else ""
    others = () if meant in ours else installed("curate.commands")
    for entry in others:
        register: Callable[[typer.Typer], None] = entry.load()
        register(app)
    signal.signal(signal.SIGTERM, _end)
    try:
        with full_disk_explained():
            app()
    except CurateError as error:
        terminal.say(f"curate: {error}")
        sys.exit(2)
    except KeyboardInterrupt:
        terminal.say("curate: interrupted; run the same command again to go on from here")
        sys.exit(130)


def _end(number: int, frame: object) -> None:
    """End as after Ctrl-C when the system asks for it, so that nothing half done is left behind."""
    del frame
    sys.exit(128 + number)


@app.command()
def audit(
    source: Annotated[
        str,
        typer.Argument(
            help="A folder of images per class, a flat folder, a ZIP, a list, .tar shards, Parquet of the Hub, JSON of "
            "COCO, FiftyOne or Label Studio, or a URL."
        ),
    ],
    workspace: Annotated[
        Path, typer.Option("-w", "--workspace", metavar="WS", help="Where measurements and decisions go.")
    ],
    profile: Annotated[Profile | None, typer.Option(help="Which set of checks and thresholds.")] = None,
    config_file: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="A curate.toml to use.")] = None,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Also look for small crops and heavy edits (about 35 ms of a core each).")
    ] = False,
    text: Annotated[
        bool, typer.Option("--text", help="Also read the text on images (extra text; about 200 ms an image).")
    ] = False,
    embeddings: Annotated[
        bool | None,
        typer.Option("--embeddings/--no-embeddings", help="Also measure what a network sees (10 to 17 ms)."),
    ] = None,
    embeddings_from: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take that from a .parquet by path, or a .npy in path order.")
    ] = None,
    online: Annotated[bool, typer.Option("--online", help="Fetch what a local list names by URL.")] = False,
    duplicates: Annotated[
        DuplicateEngine | None,
        typer.Option(help="What finds copies; fastdup is for non-commercial use only and needs the extra fastdup."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Leave out this name, or this path below the source; may be repeated."),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(metavar="serial|local:N|dask:ADDRESS", help="Where to measure; same result.")
    ] = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option("--fail-on", metavar="KIND", help="Exit 1 if a finding of this kind or category is left."),
    ] = None,
    profile_time: Annotated[bool, typer.Option("--profile-time", help="Print the cost of each step.")] = False,
) -> None:
    """Ingest, measure and judge a dataset, fill the review queue, and print Table 1."""
    from curate.measuring import pool

    pool.get_ready(workspace, pool.named(engine) if engine else pool.Engine())
    from curate import config
    from curate.scanners.fastdup import LICENCE

    words = _words(lang)
    failing.check_kinds(fail_on or [])
    if embeddings_from and embeddings is False:
        raise ConfigError("--no-embeddings and --embeddings-from exclude each other; leave one out")
    standing = workspace / "curate.toml"
    chosen = config.read(config_file or standing) if config_file or standing.is_file() else config.Config()
    if thorough:
        chosen = config.override(chosen, "duplicates", thorough=True)
    asked = {"profile": profile, "exclude": exclude, "text": text, "online": online, "duplicates": duplicates}
    chosen = chosen.model_copy(update={name: value for name, value in asked.items() if value})
    if chosen.duplicates == "fastdup":
        terminal.say(f"{LICENCE}; its telemetry is off")
    with terminal.progress(words) as report:
        result = curate.audit(
            source,
            workspace,
            configuration=chosen,
            report=report,
            engine=engine,
            embeddings=embeddings_from or embeddings,
        )
    terminal.skipped(Workspace(workspace).read_audit()["skipped"], words)
    if profile_time:
        terminal.cost(result, words)
    terminal.status(curate.status(workspace), words, as_json=as_json)
    if not as_json:
        terminal.say(words.gettext("next: {command}").format(command=f"curate review {workspace}"))
    if failing.hits(result, fail_on or []):
        raise typer.Exit(1)


@app.command()
def compare(
    ours: Annotated[Path, typer.Argument(help="The dataset you have: a folder, a ZIP, or a workspace.")],
    theirs: Annotated[Path, typer.Argument(help="The dataset that may repeat it.")],
    thorough: Annotated[bool, typer.Option("--thorough", help="Also look for small crops and heavy edits.")] = False,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """List the images of one dataset that are copies of images in another."""
    words = _words(lang)
    with terminal.progress(words) as report:
        copies = curate.compare(ours, theirs, thorough=thorough, report=report)
    terminal.copies(copies, words, as_json=as_json)


@app.command("find-copies")
def find_copies(
    workspace: WorkspaceArg,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Images to look for.")],
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Say where images stand in an audited dataset."""
    terminal.copies(curate.find_copies(workspace, files), _words(lang), as_json=as_json)


@app.command()
def judge(workspace: WorkspaceArg, as_json: JsonOption = False, lang: LangOption = None) -> None:
    """Judge the stored measurements again, after a threshold in WS/curate.toml changed."""
    curate.judge(workspace)
    terminal.status(curate.status(workspace), _words(lang), as_json=as_json)


@app.command()
def status(workspace: WorkspaceArg, as_json: JsonOption = False, lang: LangOption = None) -> None:
    """Print Table 1, flagged and confirmed, and the progress of the review."""
    terminal.status(curate.status(workspace), _words(lang), as_json=as_json)


@app.command()
def decide(
    workspace: WorkspaceArg,
    action: Annotated[
        str | None, typer.Option(help="keep, drop, relabel, defer, or suggested: as each scanner suggests.")
    ] = None,
    category: Annotated[list[str] | None, typer.Option(help="Only findings of this category.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only findings of this kind.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="Only images of this class.")] = None,
    path: Annotated[
        list[str] | None,
        typer.Option(
            help="Only images whose path matches this pattern; one named in full also where nothing flags it."
        ),
    ] = None,
    min_score: Annotated[float, typer.Option(help="Only findings with at least this score.")] = 0.0,
    max_score: Annotated[float, typer.Option(help="Only findings with at most this score.")] = 1.0,
    keepers: Annotated[bool, typer.Option("--keepers", help="Decide the keepers of duplicate groups too.")] = False,
    from_csv: Annotated[
        Path | None, typer.Option("--from-csv", metavar="FILE", help="A CSV with columns path and action.")
    ] = None,
    from_label_studio: Annotated[
        Path | None,
        typer.Option(
            "--from-label-studio", metavar="FILE", help="Answers to what export --as label-studio wrote, as JSON."
        ),
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="LABEL", help="The other class, for relabel.")] = None,
    new_class: Annotated[
        bool, typer.Option("--new-class", help="Let relabel make a class that the dataset does not have yet.")
    ] = False,
    reviewer: Annotated[str | None, typer.Option(help="Who decides; your user name unless given.")] = None,
    note: Annotated[str | None, typer.Option(help="Why, kept in the log.")] = None,
    allow_no_survivor: Annotated[
        bool, typer.Option("--allow-no-survivor", help="Let a duplicate group lose every copy.")
    ] = False,
) -> None:
    """Decide without the app: by filter, from a CSV, or from Label Studio. It goes into the same log."""
    from curate.reviewing.bulk import action_called
    from curate.reviewing.reviewer import account

    who = reviewer or account()
    if from_csv and from_label_studio:
        raise ConfigError("--from-csv and --from-label-studio are two ways to decide; give them one by one")
    if from_csv or from_label_studio:
        read = curate.decide_from_csv if from_csv else curate.decide_from_label_studio
        count = read(
            workspace,
            from_csv or from_label_studio or "",
            reviewer=who,
            new_class=new_class,
            note=note,
            allow_no_survivor=allow_no_survivor,
        )
    else:
        failing.check_kinds([*(category or []), *(kind or [])])
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
            action_called(action),
            reviewer=who,
            new_label=to,
            new_class=new_class,
            note=note,
            allow_no_survivor=allow_no_survivor,
        )
    terminal.say(f"recorded {count:,} {'decision' if count == 1 else 'decisions'} by {who}")


@app.command()
def manifest(
    workspace: WorkspaceArg,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="FILE.parquet, .csv or .jsonl.")
    ] = None,
    pending: Annotated[Pending | None, typer.Option(help="What undecided images count as.")] = None,
) -> None:
    """Write the approved manifest: one row per image, with verdict, final label and reasons."""
    table = curate.manifest(workspace, output, pending=pending)
    counts = ", ".join(f"{count:,} {action}" for action, count in table["action"].value_counts().sort_index().items())
    terminal.say(f"{output or workspace / 'manifest.parquet'}: {len(table):,} images ({counts})")


@app.command()
def export(
    manifest_file: Annotated[Path, typer.Argument(metavar="MANIFEST", help="A manifest that `curate manifest` wrote.")],
    destination: Annotated[
        str, typer.Argument(metavar="DEST", help="A folder or URL that does not exist yet, or a list to write.")
    ],
    layout: Annotated[
        Layout | None, typer.Option("--as", help="The form; a list where DEST ends in .csv, .jsonl or .parquet.")
    ] = None,
    mode: Annotated[Mode, typer.Option(help="How the files get there.")] = "copy",
    source: SourceOption = None,
    repair_splits: RepairOption = False,
) -> None:
    """Write the cleaned folder, every file checked against its hash."""
    exported = curate.export(
        manifest_file,
        destination,
        mode=mode,
        source=source,
        layout=layout,
        repair_splits=repair_splits,
        say=terminal.say,
    )
    terminal.say(f"{destination}: {len(exported):,} images; check them any time with: curate verify {destination}")


@app.command()
def verify(
    destination: Annotated[str, typer.Argument(metavar="DEST", help="What `curate export` made.")],
) -> None:
    """Hash an exported folder again. Exit 1 if anything changed, is missing, or was added."""
    result = curate.verify(destination)
    for word, names in (("changed", result.changed), ("missing", result.missing), ("extra", result.extra)):
        for name in names:
            print(printable(f"{word}\t{name}"))
    terminal.say(f"{result.checked:,} files checked: {'all as exported' if result.ok else 'NOT as exported'}")
    if not result.ok:
        raise typer.Exit(1)


@app.command()
def build(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.toml", help="What to make of the approved images.")],
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="A folder that does not exist yet.")],
    manifest_file: Annotated[
        Path | None, typer.Option("--manifest", metavar="FILE", help="Another manifest than the recipe names.")
    ] = None,
    source: SourceOption = None,
    repair_splits: RepairOption = False,
) -> None:
    """Extend, balance, resize and split the approved images into a training set, with a card."""
    made = curate.build(
        recipe, destination, manifest=manifest_file, source=source, repair_splits=repair_splits, say=terminal.say
    )
    for reason, count in sorted(made.refused.items()):
        terminal.say(f"{count:,} images {reason}")
    print(destination)
    terminal.say(f"{len(made.table):,} images; how they were made: {destination / 'CARD.md'}")


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
    lang: LangOption = None,
) -> None:
    """Draw a dataset with planted defects and take it the whole way, from audit to report."""
    from curate.auditing import summary
    from curate.demonstration import run

    words = _words(lang)
    terminal.say(words.gettext("drawing 265 images, 42 of them with a planted defect"))
    with terminal.progress(words) as report:
        made = run.demo(folder, report=report)
    found = summary.status(made.workspace)
    terminal.status(found, words, as_json=False)
    same = run.matches(found, made.truth)
    verdict = N_("planted truth: {file} - Table 1 equals it") if same else N_("planted truth: {file} - Table 1 DIFFERS")
    terminal.say(words.gettext(verdict).format(file=made.truth))
    terminal.say(
        words.gettext("cleaned set:   {folder} (manifest: {file})").format(folder=made.cleaned, file=made.manifest)
    )
    missing = words.gettext("not written; pip install 'imagecurate[report]'")
    terminal.say(words.gettext("report:        {file}").format(file=made.report or missing))
    terminal.say(words.gettext("reviewer:      {command}").format(command=f"curate review {made.workspace}"))
    if not same:
        raise typer.Exit(1)


@app.command()
def scanners(as_json: JsonOption = False, lang: LangOption = None) -> None:
    """List the installed scanners: their kinds, what these mean, and their settings."""
    from curate.config import Config
    from curate.scanners import load

    terminal.scanners(load(Config()), _words(lang), as_json=as_json)


@app.command()
def version() -> None:
    """Print the version."""
    print(curate.__version__)


def _words(language: str | None) -> Translator:
    return translator(language or preferred())


__all__: list[Any] = ["app", "main"]
