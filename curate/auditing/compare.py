"""Copies between datasets: is this new set already in mine, and where is this image in it?

Both sides are measured as an audit measures them and judged together; only pairs that cross over are told.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd

from curate import config, scanners
from curate.auditing import pipeline
from curate.auditing.steps import Report
from curate.duplicates.kinds import SAME_BYTES, SAME_PIXELS
from curate.errors import SourceError, flag_of, path_of, refuse_uncallable, several_of
from curate.findings import Finding
from curate.i18n import Message, msg
from curate.measuring import features
from curate.measuring.shard import Shard
from curate.measuring.work import measure_shard
from curate.scanners import Scanner
from curate.scanners.duplicates import Duplicates
from curate.schema import Role
from curate.sources import Record, source_at
from curate.storage.atomic import disk_refusals_explained
from curate.storage.workspace import Workspace

OURS, THEIRS = "ours/", "theirs/"
_EMPTY = hashlib.sha256(b"").hexdigest()
COLUMNS = ("path", "copy_of", "relation", "reason", "message")


@disk_refusals_explained()
def compare(
    ours: str | Path, theirs: str | Path, *, thorough: bool = False, report: Report | None = None
) -> pd.DataFrame:
    """Find the images of `theirs` that are copies of images in `ours`, each with its best match.

    Either side is a dataset (folder, ZIP) or the workspace of an audit of one. Returns the columns `path` (in
    theirs), `copy_of` (in ours), `relation`, `reason`, which says in which set the image is that it names, and
    `message` (the reason as `i18n.Message`, JSON).
    Raises `SourceError` for a side that is neither.

    >>> curate.compare("ws", "more")[["path", "copy_of", "relation"]].to_dict("records")
    [{'path': 'cats/same.jpg', 'copy_of': 'cats/001.jpg', 'relation': 'same_bytes'}]
    """
    refuse_uncallable("report", report, or_flag=True)
    configuration = config.override(config.Config(), Duplicates.name, thorough=flag_of("thorough", thorough))
    scanner = _duplicates(configuration)
    frames = []
    addresses = {OURS: path_of("ours", ours), THEIRS: path_of("theirs", theirs)}
    for side, side_address in addresses.items():
        with _audited(side_address, configuration, report) as workspace:
            frames.append(_measured(workspace, scanner).assign(side=side))
    return _across(scanner, *frames, names={})


@disk_refusals_explained()
def find_copies(workspace: str | Path, files: str | Path | Sequence[str | Path]) -> pd.DataFrame:
    """Find where the images in `files`, or one, stand in an audited dataset.

    The columns are those of `compare`, `path` being the file as it was given. Raises `SourceError` for a file that
    does not exist.

    >>> curate.find_copies("ws", ["more/cats/same.jpg"])["copy_of"].tolist()
    ['cats/001.jpg']
    """
    ws = Workspace(path_of("workspace", workspace))
    configuration = config.read(ws.config)
    scanner = _duplicates(configuration)
    named = {_record(path_of("file", file)): str(file) for file in several_of("files", files)}
    records = list(named)
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
    names = {f"{THEIRS}{record.path}": name for record, name in named.items()}
    return _across(scanner, _measured(ws, scanner).assign(side=OURS), asked.assign(side=THEIRS), names=names)


def _record(file: Path) -> Record:
    if not file.is_file():
        raise SourceError(f"{file} does not exist; give existing image files")
    status = file.stat()
    return Record(str(file.resolve()).removeprefix("/"), None, None, status.st_size, status.st_mtime_ns)


def _duplicates(configuration: config.Config) -> Scanner:
    return next(scanner for scanner in scanners.load(configuration) if scanner.name == Duplicates.name)


@contextmanager
def _audited(address: Path, configuration: config.Config, report: Report | None) -> Iterator[Workspace]:
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
def audited_for_now(address: Path, configuration: config.Config, report: Report | None = None) -> Iterator[Workspace]:
    """Audit a dataset into a workspace that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline.audit(address, Path(folder) / "ws", configuration=configuration, report=report)
        yield Workspace(Path(folder) / "ws")


def _measured(workspace: Workspace, scanner: Scanner) -> pd.DataFrame:
    parts = features.parts(workspace.features, [scanner])
    return _table(features.records(workspace.read_images(features.OF_RECORDS), parts), workspace.features, scanner)


def _table(records: Sequence[Record], folder: Path, scanner: Scanner) -> pd.DataFrame:
    return features.view(features.load(records, features.parts(folder, [scanner]), [scanner]), scanner)


def _across(scanner: Scanner, ours: pd.DataFrame, theirs: pd.DataFrame, *, names: Mapping[str, str]) -> pd.DataFrame:
    """Judge both together, ours preferred as keepers only by name, and keep what crosses over.

    `names` are what paths of theirs are called in what is returned, where not as they are.
    """
    both = pd.concat([ours, theirs], ignore_index=True)
    both["path"] = both.pop("side") + both["path"]
    both[["label", "split"]] = None
    both = both.astype({"sha256": object})
    groups: dict[str, list[Finding]] = {}
    for finding in scanner.judge(both):
        groups.setdefault(finding.group_id or "", []).append(finding)
    contents = zip(both["digest"], both["sha256"], strict=True)
    content = dict(zip(both["path"], contents, strict=True))
    rows = []
    for group in groups.values():
        members = [finding for finding in group if finding.role in {Role.KEEPER, Role.COPY}]
        for path, best, pair in _crossing(members, content):
            message = _without_sides(pair.message, names)
            rows.append((_named(path, names), _named(best, names), pair.kind.name, str(message), message.to_json()))
    for path, best in _equal_unread(both):
        message = _without_sides(SAME_BYTES.says(other=best), names)
        rows.append((_named(path, names), _named(best, names), SAME_BYTES.name, str(message), message.to_json()))
    return pd.DataFrame(rows, columns=[*COLUMNS], dtype=object).sort_values("path", ignore_index=True)


def _equal_unread(both: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield each path of theirs that cannot be decoded, and the first of ours with the same bytes; no empty files."""
    unread = both[both["digest"].isna() & both["sha256"].notna() & (both["sha256"] != _EMPTY)]
    ours: dict[str, str] = {}
    for path, sha256 in sorted(zip(unread["path"], unread["sha256"], strict=True)):  # ours come first
        if path.startswith(OURS):
            ours.setdefault(sha256, path)
        elif sha256 in ours:
            yield path, ours[sha256]


def _crossing(
    members: Sequence[Finding], content: Mapping[str, tuple[bytes, str]]
) -> Iterator[tuple[str, str, Finding]]:
    """Yield each path of theirs in a group, its best match in ours, and a finding that says what it is to that.

    What has equal pixels stands together (`content` holds digest and sha256 by path): it is a copy of what the first
    of it is a copy of, which its own finding does not say.
    """
    keeper = next(finding for finding in members if finding.role == Role.KEEPER)
    mine = sorted(finding.path for finding in members if finding.path.startswith(OURS))
    near = {content[one.path][0]: one for one in members if one.role == Role.COPY and one.kind not in _EXACT}
    equal_to: dict[bytes, list[str]] = {}
    for path in mine:
        equal_to.setdefault(content[path][0], []).append(path)
    staying = equal_to.get(content[keeper.path][0], [])
    for path in sorted(finding.path for finding in members if finding.path.startswith(THEIRS)) if mine else ():
        digest, sha256 = content[path]
        if equal := equal_to.get(digest, []):
            best = next((other for other in equal if content[other][1] == sha256), equal[0])
            kind = SAME_BYTES if content[best][1] == sha256 else SAME_PIXELS
            yield path, best, replace(keeper, kind=kind, message=kind.says(other=best))
        elif staying:
            best = keeper.path if keeper.path in staying else staying[0]
            yield path, best, _about(near[digest], best)
        else:  # ours are copies of an image of theirs: of this one, or of one that it is a copy of itself
            best = max(mine, key=lambda other: near[content[other][0]].score)
            is_keeper = digest == content[keeper.path][0]
            yield path, best, _about(near[content[best][0]], path) if is_keeper else near[digest]


_EXACT = (SAME_BYTES, SAME_PIXELS)


def _about(finding: Finding, other: str) -> Finding:
    """Return a finding about another image of the same pixels as the one that it names."""
    message = replace(finding.message, values={**finding.message.values, "other": other})
    return replace(finding, message=message)


def _named(path: str, names: Mapping[str, str]) -> str:
    """Return a path as it is on its own side, or as somebody has named it."""
    return path.removeprefix(OURS) if path.startswith(OURS) else names.get(path, path.removeprefix(THEIRS))


def _without_sides(message: Message, names: Mapping[str, str]) -> Message:
    """Rewrite a message for the path as it is on its own side, and say on which: both may have one of that name.

    Single files are called by their `names` instead.
    """
    other = message.values["other"]
    named: str | Message = _named(other, names)
    if not names:
        named = (
            msg("{path} (first set)", path=named) if other.startswith(OURS) else msg("{path} (second set)", path=named)
        )
    return replace(message, values={**message.values, "other": named})
