"""The way of the data up to the review queue: ingest, measure, judge, sync.

Files in, files out: every step can be run again. An interrupted audit leaves its finished parts, and the
next one goes on from there. What judging needs is imported while workers measure: a user should not wait for it twice.
"""

from __future__ import annotations

import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from curate import config, scanners
from curate._version import __version__
from curate.config import Config
from curate.errors import ConfigError, SourceError
from curate.measuring import features
from curate.measuring import pool as engines
from curate.measuring.pool import Engine, cores
from curate.measuring.shard import Shard, Tally
from curate.scanners import Scanner, fastdup, text
from curate.scanners.drawing import Drawing
from curate.scanners.duplicates import Duplicates
from curate.scanners.faces import Faces
from curate.scanners.fastdup import Fastdup
from curate.scanners.text import Text
from curate.schema import Severity
from curate.sources import address
from curate.sources.folder import Listing, Record, ingest
from curate.storage.workspace import VERSION, Workspace, atomic, create, write_json

if TYPE_CHECKING:
    import pandas as pd

    from curate.auditing.shortcuts import Guess


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditProgress:
    """How far a step has come: `done` of `total` files, and how many of them did not decode cleanly."""

    done: int
    total: int
    problems: int
    step: str = "measuring"


Report = Callable[[AuditProgress], None]
LEAST_SHARD = 16
"""Images that a worker gets at a time when the end is near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The result of an audit.

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
    prevalent: list[str] = field(default_factory=list)
    spurious: list[Guess] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def audit(
    source: str | Path,
    workspace: str | Path,
    *,
    configuration: Config | None = None,
    report: Report | None = None,
    engine: str | None = None,
) -> Audit:
    """Ingest, measure and judge a dataset, and fill its review queue.

    `engine` is where the work is done, `local:N` or `dask:ADDRESS`; it does not change the result. Without a
    configuration the one already in the workspace holds, or the defaults. The source is only ever read. Raises
    `CurateError` for what the user can mend.
    """
    given = address.url(source) or str(Path(source).resolve())
    if address.url(given) is None and not Path(given).exists():
        raise SourceError(f"{source} does not exist; give a folder of images, a .zip, a list, .tar shards or a URL")
    chosen = engines.named(engine) if engine else None
    engines.get_ready(Path(workspace), chosen or Engine())
    configuration = configuration or _standing_config(Workspace(Path(workspace)))
    active = scanners.load(configuration)
    configuration = scanners.resolved(configuration, active)
    active = _chosen(active, configuration)
    ws = create(Path(workspace), Path(source))
    fresh = not ws.audit.exists()
    try:
        listing = ingest(source, ws)
    except SourceError:
        if fresh:
            _remove_empty(ws)
        raise
    # Written first: whatever happens next, the folder is known for what it is.
    with atomic(ws.config) as file:
        file.write(config.dump(configuration).encode())
    facts = {
        "version": VERSION,
        "curate": __version__,
        "source": given,
        "root": address.url(listing.root) or str(listing.root),
        "skipped": [asdict(item) for item in listing.skipped],
    }
    if fresh:
        write_json({**facts, "complete": False}, ws.audit)
    chosen = chosen or Engine(workers=configuration.engine.workers)
    measured, seconds = _measure(ws, listing, active, configuration, (chosen, report))
    import pandas as pd

    from curate.auditing import results
    from curate.auditing.shortcuts import Guess

    _ask_fastdup(ws, listing.root, listing.records, active)
    told = {} if fresh else ws.read_audit()
    mark = results.mark(ws, listing.records, active, configuration)
    if measured or told.get("judged") != mark:
        judged = results.write(ws, listing.records, active, configuration)
        mark = results.mark(ws, listing.records, active, configuration)
        if not fresh:
            features.prune(ws.features, active, listing.records)
    else:
        judged = {name: told.get(name, []) for name in ("prevalent", "spurious")}
    write_json({**facts, "complete": True, **judged, "judged": mark}, ws.audit)
    return Audit(
        workspace=ws.root,
        images=ws.read_images(),
        findings=ws.read_findings(),
        skipped=pd.DataFrame([asdict(item) for item in listing.skipped], columns=["path", "reason"]),
        measured=measured,
        prevalent=[item["reason"] for item in judged["prevalent"]],
        spurious=[Guess(**item) for item in judged["spurious"]],
        seconds=seconds,
    )


def judge(workspace: str | Path) -> pd.DataFrame:
    """Judge the stored measurements again, with the thresholds now in `curate.toml`; reads no image.

    Returns the findings. Raises `ConfigError` where a changed setting would need images to be read.
    """
    from curate.auditing import results

    ws = Workspace(Path(workspace))
    facts = ws.read_audit()
    configuration = config.read(ws.config)
    active = _chosen(scanners.load(configuration), configuration)
    images = ws.read_images()
    found = features.parts(ws.features, active)
    records = features.records(images, found)
    lacking = features.missing(records, found, active)
    if lacking:
        names = ", ".join(sorted(set().union(*lacking))) or "the decoder"
        raise ConfigError(
            f"a setting changed that needs the images themselves ({names}); "
            f"run: curate audit {facts['source']} -w {ws.root}"
        )
    _ask_fastdup(ws, Path(facts["root"]), records, active)
    judged = results.write(ws, records, active, configuration)
    mark = results.mark(ws, records, active, configuration)
    write_json({**facts, **judged, "judged": mark}, ws.audit)
    return ws.read_findings()


def in_force(configuration: Config) -> list[Scanner]:
    """The scanners that a configuration asks for, with their settings."""
    return _chosen(scanners.load(configuration), configuration)


def _chosen(active: Sequence[Scanner], configuration: Config) -> list[Scanner]:
    """Without the duplicate engine that was not asked for, nor what only another profile looks for."""
    spare = {Duplicates.name if configuration.duplicates == Fastdup.name else Fastdup.name}
    if configuration.profile != "faces":
        spare |= {Faces.name, Drawing.name}
    if configuration.text:
        text.require()
    else:
        spare.add(Text.name)
    return [scanner for scanner in active if scanner.name not in spare]


def _ask_fastdup(workspace: Workspace, root: Path, records: Sequence[Record], active: Sequence[Scanner]) -> None:
    for scanner in active:
        if isinstance(scanner, Fastdup):
            if not all(address.is_plain(root, record.path) for record in records):
                raise ConfigError("fastdup reads plain files only; leave out --duplicates fastdup for this source")
            scanner.found = fastdup.run(root, records, scanner.settings, workspace.root / "fastdup.json")


def _standing_config(workspace: Workspace) -> Config:
    return config.read(workspace.config) if workspace.config.is_file() else Config()


def _remove_empty(workspace: Workspace) -> None:
    """Leave nothing behind of a workspace that never came to be."""
    for folder in (workspace.features, workspace.thumbs, workspace.unpacked):
        shutil.rmtree(folder, ignore_errors=True)
    if not any(workspace.root.iterdir()):
        workspace.root.rmdir()


def _measure(
    workspace: Workspace,
    listing: Listing,
    active: Sequence[Scanner],
    configuration: Config,
    how: tuple[Engine, Report | None],
) -> tuple[int, dict[str, float]]:
    """Bring the measurements up to date; returns how many files were read, and the seconds each step took."""
    engine, report = how
    lacking = features.missing(listing.records, features.parts(workspace.features, active), active)
    shards = _shards(workspace, listing.root, lacking, active, configuration)
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
    engine.run(shards, account)
    if report:
        report(AuditProgress(done=total, total=total, problems=problems, step="judging"))
    return total, dict(seconds)


def _shards(
    workspace: Workspace,
    root: Path,
    lacking: dict[frozenset[str], list[Record]],
    active: Sequence[Scanner],
    configuration: Config,
) -> list[Shard]:
    """Cut the missing records into units of work."""
    taken = [int(path.stem.removeprefix("part-")) for path in workspace.features.glob("part-*.parquet")]
    number = max(taken, default=0)
    shards = []
    for names, records in lacking.items():
        chosen = tuple(scanner for scanner in active if scanner.name in names)
        start = 0
        while start < len(records):
            # Ever smaller ones, so that all workers end at about the same time: guided self-scheduling
            # (Polychronopoulos and Kuck, IEEE Transactions on Computers 1987).
            share = (len(records) - start) // (2 * (configuration.engine.workers or cores()))
            size = min(max(share, LEAST_SHARD), configuration.engine.shard_size)
            number += 1
            shards.append(
                Shard(
                    root=root,
                    records=tuple(records[start : start + size]),
                    scanners=chosen,
                    limits=configuration.decode,
                    part=workspace.features / f"part-{number:07}.parquet",
                )
            )
            start += size
    return shards


def flagged(findings: pd.DataFrame) -> pd.DataFrame:
    """The findings that ask for a decision: not merely informative, and not about a keeper."""
    return findings[(findings["severity"] != Severity.INFO) & (findings["role"] != "keeper")]
