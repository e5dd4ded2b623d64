"""The commands about a dataset: audit, judge and status, what changed, copies, scanners and settings."""

import json
from pathlib import Path
from typing import Annotated

import typer

import curate
from curate import failing, terminal
from curate.commands import EngineOption, JsonOption, LangOption, WorkspaceArg, words_in
from curate.errors import ConfigError
from curate.options import DuplicateEngine, Profile
from curate.shell import typed
from curate.storage.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Hang the commands of this module on the command line."""
    for command in (audit, judge, status, diff, compare, scanners, schema):
        app.command()(command)
    app.command("find-copies")(find_copies)


def audit(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A folder of images per class, a flat folder, a ZIP, a list, .tar shards, Parquet of the Hub, JSON of "
            "COCO, FiftyOne or Label Studio, or a URL.",
        ),
    ],
    workspace: Annotated[
        Path, typer.Option("-w", "--workspace", metavar="WS", help="Where measurements and decisions go.")
    ],
    profile: Annotated[Profile | None, typer.Option(help="Which set of checks and thresholds.")] = None,
    config_file: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="A curate.toml to use.")] = None,
    thorough: Annotated[
        bool,
        typer.Option("--thorough", help="Also look for crops, turned and sheared copies (35 ms of a core each)."),
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
    engine: EngineOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option("--fail-on", metavar="KIND", help="Exit 1 if a finding of this kind or category is left."),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a JUnit report: a test for each kind.")
    ] = None,
    sarif: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the findings as SARIF 2.1.0.")] = None,
    profile_time: Annotated[bool, typer.Option("--profile-time", help="Print the cost of each step.")] = False,
) -> None:
    """Measure and judge a dataset. Fills the review queue, and prints Table 1."""
    from curate.measuring import pool

    pool.get_ready(workspace, pool.named(engine) if engine else pool.Engine())
    from curate import config, reporting
    from curate.scanners.fastdup import LICENCE

    words = words_in(lang)
    failing.check_kinds(fail_on or [])
    for file in (junit, sarif):
        reporting.refuse_unwritable(file, source)
    if embeddings_from and embeddings is False:
        raise ConfigError("--no-embeddings and --embeddings-from exclude each other; leave one out")
    standing = workspace / "curate.toml"
    chosen = config.read(config_file or standing) if config_file or standing.is_file() else config.Config()
    asked = {
        "profile": profile,
        "exclude": exclude,
        "thorough": thorough or None,
        "text": text or None,
        "online": online or None,
        "duplicates": duplicates,
        "embeddings": embeddings_from or embeddings,
    }
    chosen = config.with_options(chosen, asked)
    if chosen.duplicates == "fastdup":
        terminal.say(f"{LICENCE}; its telemetry is off")
    with terminal.progress(words) as report:
        result = curate.audit(source, workspace, configuration=chosen, report=report, engine=engine)
    from curate.auditing import summary

    ws = Workspace(workspace)
    terminal.skipped(ws.read_audit()["skipped"], words)
    if profile_time:
        terminal.cost(result, words)
    more = terminal.findings_json(result) if as_json else None
    state = summary.status_of(ws, ws.read_images(summary.OF_STATUS), result.findings)
    terminal.status(state, words, as_json=as_json, more=more)
    if not as_json:
        terminal.findings(result, words)
        terminal.say(words.gettext("next: {command}").format(command=typed("curate", "review", workspace)))
    if junit:
        reporting.write_junit(result, fail_on or [], junit)
    if sarif:
        reporting.write_sarif(result, fail_on or [], sarif)
    if failing.hits(result, fail_on or []):
        raise typer.Exit(1)


def compare(
    ours: Annotated[Path, typer.Argument(help="The dataset you have: a folder, a ZIP, or a workspace.")],
    theirs: Annotated[Path, typer.Argument(help="The dataset that may repeat it.")],
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Also look for crops, turned or sheared copies.")
    ] = False,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """List what one dataset has copies of in another."""
    words = words_in(lang)
    with terminal.progress(words) as report:
        copies = curate.compare(ours, theirs, thorough=thorough, report=report)
    terminal.copies(copies, words, as_json=as_json)


def diff(
    before: Annotated[Path, typer.Argument(metavar="WS1", help="A workspace, or a dataset: a folder, a ZIP.")],
    after: Annotated[Path, typer.Argument(metavar="WS2", help="The same later, or another.")],
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Say what changed between two datasets. Images by content, counts, and how they look."""
    words = words_in(lang)
    with terminal.progress(words) as report:
        found = curate.diff(before, after, report=report)
    terminal.difference(found, words, as_json=as_json)


def find_copies(
    workspace: WorkspaceArg,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Images to look for.")],
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Say where images stand in an audited dataset."""
    terminal.copies(curate.find_copies(workspace, files), words_in(lang), as_json=as_json)


def judge(
    workspace: WorkspaceArg, engine: EngineOption = None, as_json: JsonOption = False, lang: LangOption = None
) -> None:
    """Judge what is measured again. Wanted after a threshold in WS/curate.toml has changed."""
    words = words_in(lang)
    with terminal.progress(words) as report:
        curate.judge(workspace, report=report, engine=engine)
    terminal.status(curate.status(workspace), words, as_json=as_json)


def status(workspace: WorkspaceArg, as_json: JsonOption = False, lang: LangOption = None) -> None:
    """Print Table 1 and the progress of the review."""
    terminal.status(curate.status(workspace), words_in(lang), as_json=as_json)


def scanners(as_json: JsonOption = False, lang: LangOption = None) -> None:
    """List the scanners, their kinds and settings."""
    from curate.config import Config
    from curate.scanners import load

    terminal.scanners(load(Config()), words_in(lang), as_json=as_json)


def schema() -> None:
    """Print the JSON schema of curate.toml. It has the settings of every installed scanner."""
    from curate.scanners import settings_schema

    print(json.dumps(settings_schema(), indent=2))
