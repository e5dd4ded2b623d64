"""The commands about what comes of a review: manifest, cleaned dataset, training set; and datasets to begin with."""

from pathlib import Path
from typing import Annotated

import typer

import curate
from curate import terminal
from curate.commands import LangOption, WorkspaceArg, words_in
from curate.i18n import N_, counted
from curate.options import Layout, Mode, Pending
from curate.shell import typed
from curate.storage.names import printable

SourceOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NEW|OLD=NEW", help="Where the images of the manifest are now, if they have moved; may be repeated."
    ),
]
RepairOption = Annotated[
    bool, typer.Option("--repair-splits", help="Move copies that stand in several splits to one: train, val, test.")
]


def register(app: typer.Typer) -> None:
    """Hang the commands of this module on the command line."""
    for command in (manifest, export, verify, build, fetch, demo):
        app.command()(command)


def manifest(
    workspace: WorkspaceArg,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="FILE.parquet, .csv or .jsonl.")
    ] = None,
    pending: Annotated[Pending | None, typer.Option(help="What undecided images count as.")] = None,
) -> None:
    """Write the approved manifest. One row per image, with verdict, final label and reasons."""
    from curate.dataset.manifest import approve

    table, spared = approve(workspace, output, pending=pending)
    counts = ", ".join(f"{count:,} {action}" for action, count in table["action"].value_counts().sort_index().items())
    terminal.say(f"{output or workspace / 'manifest.parquet'}: {counted(len(table), 'image')} ({counts})")
    terminal.spared(spared, words_in(None))


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
    """Write the cleaned dataset. Every file is checked against its hash."""
    exported = curate.export(
        manifest_file,
        destination,
        mode=mode,
        source=source,
        layout=layout,
        repair_splits=repair_splits,
        say=terminal.say,
    )
    count = counted(len(exported), "image")
    terminal.say(f"{destination}: {count}; check any time with: {typed('curate', 'verify', destination)}")


def verify(
    destination: Annotated[str, typer.Argument(metavar="DEST", help="What `curate export` made.")],
) -> None:
    """Hash an exported folder again. Exit 1 if anything changed, is missing, or was added."""
    result = curate.verify(destination)
    for word, names in (("changed", result.changed), ("missing", result.missing), ("extra", result.extra)):
        for name in names:
            print(printable(f"{word}\t{name}"))
    terminal.say(f"{counted(result.checked, 'file')} checked: {'all as exported' if result.ok else 'NOT as exported'}")
    if not result.ok:
        raise typer.Exit(1)


def build(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.toml", help="What to make of the approved images.")],
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="A folder that does not exist yet.")],
    manifest_file: Annotated[
        Path | None, typer.Option("--manifest", metavar="FILE", help="Another manifest than the recipe names.")
    ] = None,
    source: SourceOption = None,
    repair_splits: RepairOption = False,
) -> None:
    """Make a training set of the approved images. Extends, balances, resizes and splits; a card lies beside."""
    made = curate.build(
        recipe, destination, manifest=manifest_file, source=source, repair_splits=repair_splits, say=terminal.say
    )
    for reason, count in sorted(made.refused.items()):
        terminal.say(f"{count:,} images {reason}")
    print(destination)
    terminal.say(f"{counted(len(made.table), 'image')}; how they were made: {destination / 'CARD.md'}")


def fetch(
    dataset: Annotated[str, typer.Argument(metavar="kaggle:OWNER/DATASET", help="As in its address on kaggle.com.")],
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="A folder that does not exist yet.")],
) -> None:
    """Download a Kaggle dataset. Takes your own credentials; run again, a broken download goes on."""
    print(curate.fetch(dataset, destination))


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where the demo goes.")] = Path("curate-demo"),
    lang: LangOption = None,
) -> None:
    """Take a drawn dataset the whole way. Its defects are planted; from audit to report."""
    from curate.auditing import summary
    from curate.demonstration import run

    words = words_in(lang)
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
    missing = words.gettext('not written; pip install "imagecurate[report]"')
    terminal.say(words.gettext("report:        {file}").format(file=made.report or missing))
    terminal.say(words.gettext("reviewer:      {command}").format(command=typed("curate", "review", made.workspace)))
    if not same:
        raise typer.Exit(1)
