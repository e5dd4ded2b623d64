"""Measurements that an audit has stored, taken over by a step that looks at the same images again.

Invariant: a measurement is taken over as an audit would: where file, size and time are what was measured, by the same
scanner with the same settings. What has changed since, could not be read then, or lies where no time is known, is
measured anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from curate.config import DecodeLimits
from curate.dataset import manifest as manifests
from curate.dataset.relocation import workspaces_near
from curate.errors import WorkspaceError
from curate.measuring import features
from curate.measuring.shard import FACTS, part_schema
from curate.scanners import Scanner
from curate.sources import objects
from curate.sources.address import in_container, join, url
from curate.storage.workspace import Workspace, write_part


def folders_walked(manifest: Path, sources: Iterable[str]) -> list[str]:
    """Return those of a manifest's sources that are folders of images, as far as workspaces near it do not know better.

    The root of a list is the folder that it lies in, where other things lie by right.
    """
    known: dict[str, list[str]] = {}
    for workspace in workspaces_near(manifest):
        with suppress(WorkspaceError):
            facts = workspace.read_audit()
            known[facts["root"]] = manifests.folders_of(facts)
    return [folder for source in sorted(set(sources)) for folder in known.get(source, [source])]


def take_over(
    workspaces: Iterable[Workspace], wanted: Mapping[tuple[str, str], tuple[str, int]], scanner: Scanner, folder: Path
) -> int:
    """Write into `folder` what workspaces have measured of the images wanted; return the number of those images.

    `wanted` maps (root of the source, path) to the path and size under which the measurement is to be stored.
    """
    taken: set[tuple[str, str]] = set()
    for workspace in workspaces:
        try:
            root = workspace.read_audit()["root"]
        except WorkspaceError:
            continue
        for part in features.parts(workspace.features, (scanner,)):
            if part.current != {FACTS, scanner.name}:
                continue
            table = features.stored(part.path, part_schema((scanner,), DecodeLimits()).names)
            hashes = table["sha256"].to_pylist()
            rows = [
                (row, key)
                for row, (path, size, stamp) in enumerate(_keys(table))
                if (key := (root, path)) in wanted
                and key not in taken
                and hashes[row] is not None
                and _is_as_measured(join(root, path), size, stamp)
            ]
            if rows:
                taken.update(key for _, key in rows)
                _write(table.take([row for row, _ in rows]), [wanted[key] for _, key in rows], scanner, folder)
    return len(taken)


def _keys(table: pa.Table) -> list[tuple[str, int, int]]:
    return list(zip(*(table[name].to_pylist() for name in ("path", "size_bytes", "mtime_ns")), strict=True))


def _is_as_measured(address: str, size: int, stamp: int) -> bool:
    """Say whether an image still has the size and time of its measurement; of one in a container, whether that has."""
    if url(address) is not None:
        return False
    inside = in_container(address)
    entry = objects.stat(inside[0] if inside else address)
    return entry is not None and entry.stamp == stamp and (inside is not None or entry.size_bytes == size)


def _write(table: pa.Table, stored_as: Sequence[tuple[str, int]], scanner: Scanner, folder: Path) -> None:
    schema = part_schema((scanner,), DecodeLimits())
    for index, column in (
        (0, pa.array([path for path, _ in stored_as], pa.string())),
        (1, pa.array([size for _, size in stored_as], pa.int64())),
        (2, pa.array([0] * len(stored_as), pa.int64())),
    ):
        table = table.set_column(index, schema.field(index), column)
    number = len([*folder.glob("part-*.parquet")]) + 1
    write_part(table.cast(schema), folder / f"part-{number:07}.parquet")
