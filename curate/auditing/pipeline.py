"""The way of the data up to the review queue: list, measure, judge, sync.

Files in, files out: every step can be run again. An interrupted audit leaves its finished parts, and the
next one goes on from there.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from curate import config, scanners
from curate._version import __version__
from curate.auditing.measurement import measure
from curate.auditing.run import Run
from curate.auditing.steps import Report, steps_of
from curate.config import Config
from curate.errors import ConfigError, DamagedError, SourceError, path_of, refuse_uncallable
from curate.measuring import features, pool
from curate.measuring.pool import Engine
from curate.options import DuplicateEngine, Profile
from curate.schema import FINDINGS, IMAGES
from curate.shell import typed
from curate.sources import Listing, Records, Source, given, open_source, source_at
from curate.sources.address import on_this_machine
from curate.storage import memory
from curate.storage.atomic import atomic, disk_refusals_explained, write_json
from curate.storage.clock import now_text
from curate.storage.lock import locked
from curate.storage.owner import cleared_if_killed
from curate.storage.workspace import VERSION, KeptTable, Workspace, create

if TYPE_CHECKING:
    import pandas as pd

    from curate.auditing.embedded import OwnEmbeddings
    from curate.auditing.judge import DatasetProperty
    from curate.auditing.shortcuts import Guess
    from curate.auditing.shown import Gallery


class Kept(NamedTuple):
    """The tables that an audit wrote."""

    images: KeptTable
    findings: KeptTable


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Audit:
    """The result of an audit; a notebook shows it as a table.

    `skipped` has one row per file that is not part of the dataset (path, reason).
    `spurious` says how well the class can be guessed from what should say nothing about it, the worst first.
    `measured` counts the files that had to be read; `seconds` says where the workers' time went.
    """

    workspace: Path
    skipped: pd.DataFrame
    measured: int
    prevalent: list[DatasetProperty] = field(default_factory=list)
    spurious: list[Guess] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    kept: Kept

    @property
    def images(self) -> pd.DataFrame:
        """One row per file (`schema.IMAGES`).

        Read when it is first asked for, as this audit wrote it, whatever was audited or judged since.
        """
        return self.kept.images.read()

    @property
    def findings(self) -> pd.DataFrame:
        """One row per finding and image (`schema.FINDINGS`), read as `images` are."""
        return self.kept.findings.read()

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
    ws = Workspace(on_this_machine(workspace, "a workspace", "workspace").absolute())
    refuse_uncallable("report", report, or_flag=True)
    chosen = None if engine is None else pool.named(engine)
    pool.get_ready(ws.root, chosen or Engine())
    if configuration is not None:
        if not isinstance(configuration, Config):
            raise ConfigError(
                "configuration is a curate.config.Config, such as curate.config.read(Path('curate.toml'))"
            )
        config.refuse_twice(configuration, options)
    configuration = scanners.resolved(config.with_options(configuration or _standing_config(ws), options))
    if isinstance(source, str):
        path_of("source", source)
    if not isinstance(source, str | Path):
        source = given.address_of(source, create(ws.root, str(ws.given)).given)
    listed = open_source(source, ws.unpacked, configuration.exclude, online=configuration.online)
    scanners.active(configuration)  # refuses what cannot be had, before anything is written
    ws = create(ws.root, listed.address)
    cleared = cleared_if_killed(ws.root, ws.features)
    with progress.wanted(report) as told, locked(ws.lock), cleared, memory.given_back():
        return _audited(ws, listed, configuration, chosen, told)


def _audited(
    ws: Workspace, source: Source, configuration: Config, engine: Engine | None, report: Report | None
) -> Audit:
    """Audit a source into a workspace that is this process's alone meanwhile."""
    known = _known(ws)
    listing, given = _listed(ws, source, configuration, is_new=not known)
    facts = _begun(ws, source, configuration, listing, is_new=not known)
    run = _run(ws, listing.root, configuration, engine, given)
    measured, seconds = measure(run, listing.records, report)
    from curate.auditing import embedded, results
    from curate.auditing import listed as further
    from curate.reviewing import repair

    further.keep(ws, listing)
    salvage = repair.set_aside_if_damaged(ws.review)
    if salvage is not None:
        facts["notes"].append(salvage.message.to_json())
    anew = bool(measured or salvage)
    records = Records.of(listing.records)  # in half the memory, while all is judged
    listing = replace(listing, records=[])
    records.move_together()
    judged = results.judged(run, records, known, anew=anew, told=report and steps_of(report))
    memory.give_back()
    if known and (measured or judged["judged"] != known.get("judged")):
        features.prune(ws.features, run.scanners, records, configuration.decode)
    del records  # before the tables are read
    other = embedded.note(ws, configuration)
    facts["notes"] += [other.to_json()] if other else []
    facts |= {"complete": True, **judged}
    write_json(facts, ws.audit)
    return _result(ws, facts, measured, seconds)


def _listed(
    ws: Workspace, source: Source, configuration: Config, *, is_new: bool
) -> tuple[Listing, OwnEmbeddings | None]:
    """List a source, and read the embeddings that the user has of it; where that fails a new workspace is removed."""
    from curate.auditing import embedded

    try:
        listing = source.list()
        return listing, embedded.own(configuration, [record.path for record in listing.records])
    except (SourceError, ConfigError):
        if is_new:
            _remove_empty(ws)
        raise


def _begun(ws: Workspace, source: Source, configuration: Config, listing: Listing, *, is_new: bool) -> dict[str, Any]:
    """Write what is known before anything is measured: whatever happens next, the folder is known for what it is.

    Returns what `audit.json` says of the audit, but for what it comes to.
    """
    with atomic(ws.config) as file:
        file.write(config.dump(configuration).encode())
    write_json(scanners.settings_schema(), ws.root / config.SCHEMA)
    facts: dict[str, Any] = {
        "version": VERSION,
        "curate": __version__,
        "source": source.address,
        "root": listing.root,
        "audited_at": now_text(),
        "skipped": [item.to_json() for item in listing.skipped],
        "notes": [note.to_json() for note in listing.notes],
    }
    if is_new:
        write_json({**facts, "complete": False}, ws.audit)
    return facts


def _result(ws: Workspace, facts: Mapping[str, Any], measured: int, seconds: dict[str, float]) -> Audit:
    """Keep the tables that an audit has written, for the caller."""
    import pandas as pd

    from curate.auditing.judge import DatasetProperty
    from curate.auditing.shortcuts import Guess

    return Audit(
        workspace=ws.root,
        kept=Kept(KeptTable(ws.images, IMAGES), KeptTable(ws.findings, FINDINGS)),
        skipped=pd.DataFrame(facts["skipped"], columns=["path", "reason"]),
        measured=measured,
        prevalent=[DatasetProperty.from_json(item) for item in facts["prevalent"]],
        spurious=[Guess(**item) for item in facts["spurious"]],
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

    refuse_uncallable("report", report, or_flag=True)
    chosen = None if engine is None else pool.named(engine)
    ws = Workspace(path_of("workspace", workspace))
    facts = ws.read_audit()
    configuration = config.read(ws.config)
    embedded.refuse_unsettled(ws, configuration)
    run = _run(ws, facts["root"], configuration, chosen)
    parts = features.parts(ws.features, run.scanners, configuration.decode)
    records = features.records(ws.read_images(features.OF_RECORDS), parts)
    lacking = features.missing(records, parts, run.scanners, try_again=False)
    if lacking:
        names = ", ".join(sorted(set().union(*lacking))) or "the decoder"
        raise ConfigError(
            f"a setting changed that needs the images themselves ({names}); "
            f"run: {typed('curate', 'audit', facts['source'], '-w', ws.root)}"
        )
    with progress.wanted(report) as told, locked(ws.lock), memory.given_back():
        write_json({**facts, **results.judged(run, records, {}, anew=True, told=told and steps_of(told))}, ws.audit)
    return ws.read_findings()


def _run(
    ws: Workspace, root: str, configuration: Config, engine: Engine | None, embeddings: OwnEmbeddings | None = None
) -> Run:
    return Run(
        workspace=ws,
        source=source_at(root),
        scanners=tuple(scanners.active(configuration)),
        config=configuration,
        engine=engine or Engine(workers=configuration.engine.workers),
        embeddings=embeddings,
    )


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
