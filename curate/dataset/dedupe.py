"""Which images, from whatever sources they come, are duplicates of each other.

Invariants: an image is read and measured once, however often groups are asked for as more images come in; the
duplicate scanner with its default settings decides, whatever the number of images and of duplicates among them.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from curate.auditing import measurement
from curate.auditing.run import Run
from curate.config import Config
from curate.dataset import reuse
from curate.dataset.splits import joined
from curate.findings import Finding
from curate.measuring import features
from curate.measuring.pool import Engine
from curate.scanners.duplicates import Duplicates
from curate.schema import Severity
from curate.sources import Record
from curate.sources.combined import Combined
from curate.storage.workspace import Workspace


class Location(NamedTuple):
    """Where an image lies: the root of a source and a path below it, its size and, in a tar, its first byte."""

    source: str
    path: str
    size_bytes: int = 0
    offset: int | None = None


def locations(rows: pd.DataFrame) -> list[Location]:
    """Say where the images of rows of a manifest lie; of unknown size where it says none."""
    sizes = pd.to_numeric(rows["size_bytes"], errors="coerce").fillna(0) if "size_bytes" in rows else [0] * len(rows)
    places = zip(rows["source"], rows["path"], sizes, strict=True)
    return [Location(source, path, int(size)) for source, path, size in places]


class Grouped(NamedTuple):
    """What is known of an image: its hash (None where it could not be read), how it decoded, and its group."""

    sha256: str | None
    status: str
    group: str


class Deduplicator:
    """Finds duplicates among images of any sources, keeping their measurements in a folder to work in."""

    def __init__(self, scratch: Path) -> None:
        self._workspace = Workspace(scratch)
        self._workspace.features.mkdir(parents=True)
        self._roots: dict[str, int] = {}

    def take_over(self, workspaces: Iterable[Workspace], images: Iterable[Location]) -> int:
        """Take over what audits have measured of these images while it still holds; return the number of those."""
        wanted = {(image.source, image.path): (self._path(image), image.size_bytes) for image in images}
        return reuse.take_over(workspaces, wanted, Duplicates(), self._workspace.features)

    def groups(self, images: Sequence[Location]) -> list[Grouped]:
        """Measure the images that are new, and return all of them in order; duplicates share their `group`.

        A group bears the smallest hash among its members. An image that cannot be read is a row with its status.
        """
        paths = [self._path(image) for image in images]
        records = {
            path: Record(path, None, None, image.size_bytes, 0, image.offset)
            for path, image in sorted(zip(paths, images, strict=True), key=lambda pair: pair[0])
        }
        scanner = Duplicates()
        run = Run(
            workspace=self._workspace,
            source=Combined([*self._roots]),
            scanners=(scanner,),
            config=Config(),
            engine=Engine(),
        )
        measurement.measure(run, [*records.values()])
        parts = features.parts(self._workspace.features, run.scanners)
        measured = features.load([*records.values()], parts, run.scanners)
        hashes = dict(zip(measured["path"], measured["sha256"], strict=True))
        statuses = dict(zip(measured["path"], measured["status"], strict=True))
        groups = _joined(hashes, scanner.judge(features.view(measured, scanner)))
        return [Grouped(hashes[path], statuses[path], groups[path]) for path in paths]

    def _path(self, image: Location) -> str:
        """Name an image by its path below all roots together (`Combined`)."""
        return f"{self._roots.setdefault(image.source, len(self._roots))}/{image.path}"


def _joined(hashes: dict[str, str | None], findings: Iterable[Finding]) -> dict[str, str]:
    """Name the group of every image by the smallest sha256 in it: findings that share an image are one group."""
    keys = {path: [sha256 or path] for path, sha256 in hashes.items()}
    for finding in findings:
        if finding.severity is not Severity.INFO:
            keys[finding.path].append(f"~{finding.group_id}")  # comes after every name of an image
    return dict(zip(keys, joined(keys.values()), strict=True))
