"""Copies between datasets: is this new set already in mine, and where is this image in it?

Both sides are measured as an audit measures them and judged together; only pairs that cross over are told.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd

from curate import config, scanners
from curate.auditing import pipeline
from curate.errors import SourceError
from curate.i18n import Message
from curate.measuring import features
from curate.measuring.measure import measure_shard
from curate.measuring.shard import Shard
from curate.scanners import Scanner
from curate.scanners.duplicates import Duplicates
from curate.sources import Record, source_at
from curate.storage.atomic import disk_refusals_explained
from curate.storage.workspace import Workspace

OURS, THEIRS = "ours/", "theirs/"
COLUMNS = ("path", "copy_of", "relation", "reason", "message")


@disk_refusals_explained()
def compare(
    ours: str | Path, theirs: str | Path, *, thorough: bool = False, report: pipeline.Report | None = None
) -> pd.DataFrame:
    """Find the images of `theirs` that are copies of images in `ours`, each with its best match.

    Either side is a dataset (folder, ZIP) or the workspace of an audit of one. Returns the columns `path` (in
    theirs), `copy_of` (in ours), `relation`, `reason`, and `message` (the reason as `i18n.Message`, JSON).
    Raises `SourceError` for a side that is neither.

    >>> curate.compare("ws", "more")[["path", "copy_of", "relation"]].to_dict("records")
    [{'path': 'cats/same.jpg', 'copy_of': 'cats/001.jpg', 'relation': 'same_bytes'}]
    """
    configuration = config.override(config.Config(), Duplicates.name, thorough=thorough)
    scanner = _duplicates(configuration)
    frames = []
    for side, side_address in ((OURS, ours), (THEIRS, theirs)):
        with _audited(Path(side_address), configuration, report) as workspace:
            frames.append(_measured(workspace, scanner).assign(side=side))
    return _across(scanner, *frames)


@disk_refusals_explained()
def find_copies(workspace: str | Path, files: str | Path | Sequence[str | Path]) -> pd.DataFrame:
    """Find where the images in `files`, or one, stand in an audited dataset; the columns are those of `compare`.

    Raises `SourceError` for a file that does not exist.

    >>> curate.find_copies("ws", ["more/cats/same.jpg"])["copy_of"].tolist()
    ['cats/001.jpg']
    """
    ws = Workspace(Path(workspace))
    configuration = config.read(ws.config)
    scanner = _duplicates(configuration)
    records = [_record(Path(file)) for file in ([files] if isinstance(files, str | Path) else files)]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "features").mkdir()
        part = Path(folder) / "features" / "part-0000001.parquet"
        measure_shard(
            Shard(
                source=source_at("/"),
                records=tuple(records),
                scanners=(scanner,),
                limits=configuration.decode,
                part=part,
            )
        )
        asked = _table(records, Path(folder) / "features", scanner)
    return _across(scanner, _measured(ws, scanner).assign(side=OURS), asked.assign(side=THEIRS))


def _record(file: Path) -> Record:
    if not file.is_file():
        raise SourceError(f"{file} does not exist; give existing image files")
    status = file.stat()
    return Record(str(file.resolve()).removeprefix("/"), None, None, status.st_size, status.st_mtime_ns)


def _duplicates(configuration: config.Config) -> Scanner:
    return next(scanner for scanner in scanners.load(configuration) if scanner.name == Duplicates.name)


@contextmanager
def _audited(address: Path, configuration: config.Config, report: pipeline.Report | None) -> Iterator[Workspace]:
    """Open the workspace, or make one for the occasion; one without what is needed is measured anew."""
    if is_workspace(address):
        workspace = Workspace(address)
        scanner = _duplicates(configuration)
        images = workspace.read_images()
        parts = features.parts(workspace.features, [scanner])
        if not features.missing(features.records(images, parts), parts, [scanner], try_again=False):
            yield workspace
            return
        address = Path(workspace.read_audit()["source"])
    with audited_for_now(address, configuration, report) as workspace:
        yield workspace


def is_workspace(address: Path) -> bool:
    """Say whether a folder is the workspace of an audit, and not a dataset."""
    return Workspace(address).audit.is_file()


@contextmanager
def audited_for_now(
    address: Path, configuration: config.Config, report: pipeline.Report | None = None
) -> Iterator[Workspace]:
    """Audit a dataset into a workspace that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline.audit(address, Path(folder) / "ws", configuration=configuration, report=report)
        yield Workspace(Path(folder) / "ws")


def _measured(workspace: Workspace, scanner: Scanner) -> pd.DataFrame:
    parts = features.parts(workspace.features, [scanner])
    return _table(features.records(workspace.read_images(features.OF_RECORDS), parts), workspace.features, scanner)


def _table(records: Sequence[Record], folder: Path, scanner: Scanner) -> pd.DataFrame:
    return features.view(features.load(records, features.parts(folder, [scanner]), [scanner]), scanner)


def _across(scanner: Scanner, ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Judge both together, ours preferred as keepers only by name, and keep what crosses over."""
    both = pd.concat([ours, theirs], ignore_index=True)
    both["path"] = both.pop("side") + both["path"]
    both[["label", "split"]] = None
    groups: dict[str, list[scanners.Finding]] = {}
    for finding in scanner.judge(both):
        groups.setdefault(finding.group_id or "", []).append(finding)
    rows = []
    for group in groups.values():
        keeper = next(finding for finding in group if finding.role == "keeper")
        copies = [finding for finding in group if finding.role == "copy"]
        mine = sorted(finding.path for finding in group if finding.path.startswith(OURS))
        if not mine:
            continue
        for finding in copies if keeper.path.startswith(OURS) else [keeper, *copies]:
            if finding.path.startswith(THEIRS):
                best = keeper.path if keeper.path.startswith(OURS) else mine[0]
                pair = finding if finding.role == "copy" else next(one for one in copies if one.path == best)
                message = _without_sides(pair.message)
                rows.append((finding.path, best, pair.kind.name, str(message), message.to_json()))
    frame = pd.DataFrame(rows, columns=[*COLUMNS], dtype=object).sort_values("path", ignore_index=True)
    frame["path"] = [path.removeprefix(THEIRS) for path in frame["path"]]
    frame["copy_of"] = [path.removeprefix(OURS) for path in frame["copy_of"]]
    return frame


def _without_sides(message: Message) -> Message:
    """Rewrite a message for paths as they are on their own side."""
    values = {
        name: value.removeprefix(OURS).removeprefix(THEIRS) if name == "other" else value
        for name, value in message.values.items()
    }
    return replace(message, values=values)
