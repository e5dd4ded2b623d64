"""The way of the data up to the review queue: list, measure, judge, sync.

Files in, files out: every step can be run again. An interrupted audit leaves its finished parts, and the
next one goes on from there. What judging needs is imported while workers measure: a user should not wait for it twice.
"""

from __future__ import annotations

import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate import config, scanners
from curate._version import __version__
from curate.auditing.run import Run
from curate.config import Config
from curate.errors import ConfigError, DamagedError, SourceError
from curate.i18n import N_
from curate.measuring import features, pool
from curate.measuring.pool import Engine, cores
from curate.measuring.shard import Shard, Tally
from curate.options import DuplicateEngine, Profile
from curate.schema import Role, Severity
from curate.shell import typed
from curate.sources import Record, Records, Source, given, open_source, source_at
from curate.sources.address import on_this_machine
from curate.storage import memory
from curate.storage.atomic import atomic, disk_refusals_explained, write_json
from curate.storage.clock import now_text
from curate.storage.lock import locked
from curate.storage.owner import cleared_if_killed
from curate.storage.workspace import VERSION, Workspace, create

if TYPE_CHECKING:
    import pandas as pd

    from curate.auditing.judge import DatasetProperty
    from curate.auditing.shortcuts import Guess
    from curate.auditing.shown import Gallery


MEASURING, JUDGING = N_("measuring"), N_("judging")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditProgress:
    """How far a step has come: `done` of `total` files, and how many of them did not decode cleanly.

    Other steps are within judging; what `done` and `total` count their names say.
    """

    done: int
    total: int
    problems: int
    step: str = MEASURING


Report = Callable[[AuditProgress], None]
MIN_SHARD = 16
"""Images that a worker gets at a time when the end is near."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Audit:
    """The result of an audit; a notebook shows it as a table.

    `images` has one row per file (`schema.IMAGES`), `findings` one per finding and image
    (`schema.FINDINGS`), `skipped` one per file that is not part of the dataset (path, reason).
    `spurious` says how well the class can be guessed from what should say nothing about it, the worst first.
    `measured` counts the files that had to be read; `seconds` says where the workers' time went.
    """

    workspace: Path
    images: pd.DataFrame
    findings: pd.DataFrame
    skipped: pd.DataFrame
    measured: int
    prevalent: list[DatasetProperty] = field(default_factory=list)
    spurious: list[Guess] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def show(self, kind: str | None = None, n: int = 12) -> Gallery:
        """Show the `n` worst images that are flagged, of one kind if it is named, with previews in a notebook.

        Raises `ConfigError` for a kind that there is not.

        >>> curate.audit("photos", "ws").show("dark")
        <Gallery: dark: dogs/night.jpg>
        """
        from curate.auditing import shown

        return shown.worst(self, kind, n)

    def show_groups(self, n: int = 6) -> Gallery:
        """Show the `n` largest groups of duplicates, each with the image that is suggested to stay.

        >>> curate.audit("photos", "ws").show_groups()
        <Gallery: groups of duplicates: dogs/000.jpg, dogs/again.jpg>
        """
        from curate.auditing import shown

        return shown.groups(self, n)

    def __repr__(self) -> str:
        from curate.auditing import shown

        return f"<Audit of {shown.summary(self)}; workspace {self.workspace.name}>"

    def _repr_html_(self) -> str:
        from curate.auditing import shown

        return shown.audit_html(self)


@disk_refusals_explained()
def audit(  # noqa: PLR0913 - each is a setting, and a command-line option
    source: object,
    workspace: str | Path,
    *,
    configuration: Config | None = None,
    profile: Profile | None = None,
    thorough: bool | None = None,
    text: bool | None = None,
    embeddings: bool | str | Path | None = None,
    duplicates: DuplicateEngine | None = None,
    exclude: Sequence[str] | None = None,
    online: bool | None = None,
    report: Report | bool | None = None,
    engine: str | None = None,
) -> Audit:
    """List, measure and judge a dataset, and fill its review queue.

    `source` is a path or a URL; or a `Dataset` or `DatasetDict` of the package datasets, which is written into the
    workspace, or an `ImageFolder` of torchvision. Without a configuration the one already in the workspace holds, or
    the defaults; the settings that follow it go before what the workspace has, and mean what the command line's do:
    `embeddings` is whether to measure them, or a .parquet or .npy file of your own. `report` is told how far it has
    come; True shows a bar, as a notebook does anyway, and False does not. `engine` is where the work is done, `serial`,
    `local:N` or `dask:ADDRESS`; it does not change the result. The source is only ever read. Raises `CurateError` for
    what the user can mend, and for a setting that is given both by itself and in a configuration.

    >>> audit = curate.audit("photos", "ws", profile="general", exclude=["*.tmp"])
    >>> audit
    <Audit of 8 images in 2 classes: 2 flagged (1 duplicate, 1 unsuitable); workspace ws>
    >>> audit.findings.query("role != 'keeper'")[["kind", "path"]].to_dict("records")
    [{'kind': 'same_bytes', 'path': 'dogs/again.jpg'}, {'kind': 'dark', 'path': 'dogs/night.jpg'}]
    """
    from curate.auditing import progress

    options = {
        "profile": profile,
        "thorough": thorough,
        "text": text,
        "embeddings": embeddings,
        "duplicates": duplicates,
        "exclude": exclude,
        "online": online,
    }
    ws = Workspace(on_this_machine(workspace, "a workspace").absolute())
    chosen = pool.named(engine) if engine else None
    pool.get_ready(ws.root, chosen or Engine())
    if configuration is not None:
        if not isinstance(configuration, Config):
            raise ConfigError(
                "configuration is a curate.config.Config, such as curate.config.read(Path('curate.toml'))"
            )
        config.refuse_twice(configuration, options)
    configuration = scanners.resolved(config.with_options(configuration or _standing_config(ws), options))
    if not isinstance(source, str | Path):
        source = given.address_of(source, create(ws.root, str(ws.given)).given)
    listed = open_source(source, ws.unpacked, configuration.exclude, online=configuration.online)
    scanners.active(configuration)  # refuses what cannot be had, before anything is written
    ws = create(ws.root, listed.address)
    with progress.wanted(report) as told, locked(ws.lock), cleared_if_killed(ws.root, ws.features):
        return _audited(ws, listed, configuration, chosen, told)


def _audited(
    ws: Workspace, listed: Source, configuration: Config, chosen: Engine | None, report: Report | None
) -> Audit:
    """Audit a listed source into a workspace that is this process's alone meanwhile."""
    active = scanners.active(configuration)
    known = _known(ws)
    fresh = not known
    from curate.auditing import embedded

    try:
        listing = listed.list()
        given = embedded.own(configuration, [record.path for record in listing.records])
    except (SourceError, ConfigError):
        if fresh:
            _remove_empty(ws)
        raise
    # Written first: whatever happens next, the folder is known for what it is.
    with atomic(ws.config) as file:
        file.write(config.dump(configuration).encode())
    write_json(scanners.settings_schema(), ws.root / config.SCHEMA)
    facts: dict[str, Any] = {
        "version": VERSION,
        "curate": __version__,
        "source": listed.address,
        "root": listing.root,
        "audited_at": now_text(),
        "skipped": [item.to_json() for item in listing.skipped],
        "notes": [note.to_json() for note in listing.notes],
    }
    if fresh:
        write_json({**facts, "complete": False}, ws.audit)
    run = Run(
        workspace=ws,
        source=source_at(listing.root),
        scanners=tuple(active),
        config=configuration,
        engine=chosen or Engine(workers=configuration.engine.workers),
        embeddings=given,
    )
    measured, seconds = measure(run, listing.records, report)
    import pandas as pd

    from curate.auditing import listed as further
    from curate.auditing import results
    from curate.auditing.judge import DatasetProperty
    from curate.auditing.shortcuts import Guess
    from curate.reviewing import repair

    further.keep(ws, listing)
    salvage = repair.set_aside_if_damaged(ws.review)
    if salvage is not None:
        facts["notes"].append(salvage.message.to_json())
    anew = bool(measured or salvage)
    records = Records.of(listing.records)  # in half the memory, while all is judged
    listing = replace(listing, records=[])
    judged = results.judged(run, records, known, anew=anew, told=report and _told(report))
    memory.give_back()
    if not fresh and (measured or judged["judged"] != known.get("judged")):
        features.prune(ws.features, active, records, configuration.decode)
    del records  # before the tables are read
    other = embedded.note(ws, configuration)
    facts["notes"] += [other.to_json()] if other else []
    write_json({**facts, "complete": True, **judged}, ws.audit)
    return Audit(
        workspace=ws.root,
        images=ws.read_images(),
        findings=ws.read_findings(),
        skipped=pd.DataFrame([item.to_json() for item in listing.skipped], columns=["path", "reason"]),
        measured=measured,
        prevalent=[DatasetProperty.from_json(item) for item in judged["prevalent"]],
        spurious=[Guess(**item) for item in judged["spurious"]],
        seconds=seconds,
    )


@disk_refusals_explained()
def judge(workspace: str | Path, *, report: Report | bool | None = None, engine: str | None = None) -> pd.DataFrame:
    """Judge the stored measurements again, with the thresholds now in `curate.toml`; reads no image.

    Returns the findings. `report` and `engine` are those of `audit`. Raises `ConfigError` where a changed setting would
    need images to be read, and for what is no engine.

    >>> findings = curate.judge("ws")
    >>> sorted(findings["kind"].unique())
    ['dark', 'same_bytes']
    """
    from curate.auditing import embedded, progress, results

    chosen = pool.named(engine) if engine else None
    ws = Workspace(Path(workspace))
    facts = ws.read_audit()
    configuration = config.read(ws.config)
    embedded.refuse_unsettled(ws, configuration)
    active = scanners.active(configuration)
    parts = features.parts(ws.features, active, configuration.decode)
    records = features.records(ws.read_images(features.OF_RECORDS), parts)
    lacking = features.missing(records, parts, active, try_again=False)
    if lacking:
        names = ", ".join(sorted(set().union(*lacking))) or "the decoder"
        raise ConfigError(
            f"a setting changed that needs the images themselves ({names}); "
            f"run: {typed('curate', 'audit', facts['source'], '-w', ws.root)}"
        )
    run = Run(
        workspace=ws,
        source=source_at(facts["root"]),
        scanners=tuple(active),
        config=configuration,
        engine=chosen or Engine(workers=configuration.engine.workers),
    )
    with progress.wanted(report) as told, locked(ws.lock):
        write_json({**facts, **results.judged(run, records, {}, anew=True, told=told and _told(told))}, ws.audit)
    return ws.read_findings()


def _told(report: Report) -> scanners.Told:
    """Make what tells a report of the steps of judging."""

    def told(step: str, done: int, total: int) -> None:
        report(AuditProgress(done=done, total=total, problems=0, step=step))

    return told


def _standing_config(workspace: Workspace) -> Config:
    return config.read(workspace.config) if workspace.config.is_file() else Config()


def _known(workspace: Workspace) -> dict[str, Any]:
    """Read the facts of the last audit; nothing where there was none, or its facts are damaged."""
    try:
        return workspace.read_audit() if workspace.audit.exists() else {}
    except DamagedError:
        return {}


def _remove_empty(workspace: Workspace) -> None:
    """Remove what a workspace that never came to be has left."""
    for folder in (workspace.features, workspace.thumbs, workspace.unpacked):
        shutil.rmtree(folder, ignore_errors=True)
    workspace.lock.unlink(missing_ok=True)
    if not any(workspace.root.iterdir()):
        workspace.root.rmdir()


def measure(run: Run, records: Sequence[Record], report: Report | None = None) -> tuple[int, dict[str, float]]:
    """Bring the measurements of a run up to date; return how many files were read, and the seconds each step took."""
    parts = features.parts(run.workspace.features, run.scanners, run.config.decode)
    lacking = features.missing(records, parts, run.scanners)
    shards = _shards(run, lacking)
    total = sum(len(shard.records) for shard in shards)
    done, problems = 0, 0
    seconds: dict[str, float] = defaultdict(float)

    def account(tally: Tally) -> None:
        nonlocal done, problems
        done += tally.files
        problems += tally.files - tally.statuses.get("ok", 0)
        for step, spent in tally.seconds.items():
            seconds[step] += spent
        if report:
            report(AuditProgress(done=done, total=total, problems=problems))

    if report:
        report(AuditProgress(done=0, total=total, problems=0))
    threading.Thread(target=import_module, args=("curate.auditing.results",)).start()
    run.engine.run(shards, account)
    if report:
        report(AuditProgress(done=total, total=total, problems=problems, step=JUDGING))
    return total, dict(seconds)


def _shards(run: Run, lacking: dict[frozenset[str], list[Record]]) -> list[Shard]:
    """Cut the missing records into units of work."""
    folder, engine = run.workspace.features, run.config.engine
    numbers = [int(path.stem.removeprefix("part-")) for path in folder.glob("part-*.parquet")]
    number = max(numbers, default=0)
    shards = []
    for names, records in lacking.items():
        chosen = tuple(scanner for scanner in run.scanners if scanner.name in names)
        start = 0
        while start < len(records):
            # Ever smaller ones, so that all workers end at about the same time: guided self-scheduling
            # (Polychronopoulos and Kuck, IEEE Transactions on Computers 1987).
            share = (len(records) - start) // (2 * (engine.workers or cores()))
            size = min(max(share, MIN_SHARD), engine.shard_size)
            number += 1
            shards.append(
                Shard(
                    source=run.source,
                    records=tuple(records[start : start + size]),
                    scanners=chosen,
                    limits=run.config.decode,
                    part=folder / f"part-{number:07}.parquet",
                )
            )
            start += size
    return shards


def flagged(findings: pd.DataFrame) -> pd.DataFrame:
    """Select the findings that ask for a decision: not merely informative, and not about a keeper."""
    return findings[(findings["severity"] != Severity.INFO) & (findings["role"] != Role.KEEPER)]
