"""Deciding without the app."""

from pathlib import Path
from typing import Annotated

import typer

import curate
from curate import failing, terminal
from curate.commands import WorkspaceArg
from curate.errors import ConfigError


def register(app: typer.Typer) -> None:
    """Hang `decide` on the command line."""
    app.command()(decide)


def decide(
    workspace: WorkspaceArg,
    action: Annotated[
        str | None,
        typer.Option(metavar="ACTION", help="keep, drop, relabel, defer, or suggested: as each scanner suggests."),
    ] = None,
    category: Annotated[
        list[str] | None, typer.Option(metavar="CATEGORY", help="Only findings of this category.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="Only findings of this kind; `curate scanners` lists them.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(metavar="LABEL", help="Only images of this class.")] = None,
    path: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Only images whose path matches this pattern; one named in full also where nothing flags it.",
        ),
    ] = None,
    min_score: Annotated[float, typer.Option(metavar="SCORE", help="Only findings with at least this score.")] = 0.0,
    max_score: Annotated[float, typer.Option(metavar="SCORE", help="Only findings with at most this score.")] = 1.0,
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
    reviewer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who decides; your user name unless given.")
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Why, kept in the log.")] = None,
    allow_no_survivor: Annotated[
        bool, typer.Option("--allow-no-survivor", help="Let a duplicate group lose every copy.")
    ] = False,
) -> None:
    """Decide without the app. By filter, from a CSV, or from Label Studio; into the same log."""
    from curate.reviewing.bulk import EVERY, action_called
    from curate.reviewing.reviewer import account

    who = reviewer or account()
    if from_csv and from_label_studio:
        raise ConfigError("--from-csv and --from-label-studio are two ways to decide; give them one by one")
    if from_csv or from_label_studio:
        choosing: dict[str, object] = {"--action": action, "--category": category, "--kind": kind, "--label": label}
        choosing |= {"--path": path, "--min-score": min_score > 0, "--max-score": max_score < 1}
        choosing |= {"--keepers": keepers, "--to": to}
        _refuse_beside_a_file([name for name, given in choosing.items() if given])
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
            categories=tuple(category) if category else EVERY,
            kinds=tuple(kind) if kind else EVERY,
            labels=tuple(label) if label else EVERY,
            paths=tuple(path) if path else EVERY,
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


def _refuse_beside_a_file(given: list[str]) -> None:
    """Raise `ConfigError` where options choose findings, or an action, and a file does."""
    if given:
        raise ConfigError(
            f"a file says itself what is decided, and {' and '.join(given)} would not count; leave "
            f"{'it' if len(given) == 1 else 'them'} out, or the file"
        )
