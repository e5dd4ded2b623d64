"""Which images there are to train on or to predict: those of a manifest, an audit, any source, or one file.

Every source is listed as an audit lists it, so that hidden files, splits and nested folders mean the same everywhere.
"""

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from curate.dataset import manifest
from curate.dataset.flags import groups_near, note_on_copies
from curate.dataset.splits import joined
from curate.errors import ConfigError, SourceError
from curate.i18n import counted
from curate.images import formats
from curate.sources import Listing, Record, objects, open_source
from curate.sources.address import url
from curate.sources.base import absolute
from curate.sources.columns import split_name
from curate.train.data import Sample
from curate.train.watching import Say, unsaid


def from_source(source: str | Path, scratch: Path, moved: Sequence[str] = (), say: Say = unsaid) -> list[Sample]:
    """List the images that have a class of a manifest file, or of any source that an audit takes, as `images` does.

    Images without a class are left out of a source. Raises `SourceError` where none has one, or a manifest keeps one
    without.
    """
    found = _kept(Path(source), moved, say) if manifest.is_manifest(source) else images(source, scratch, moved, say)
    samples = [sample for sample in found if sample.label]
    lacking = len(found) - len(samples)
    if lacking and manifest.is_manifest(source):
        raise SourceError(
            f"training needs a class for every image, and some in the manifest have none: {lacking:,} in {source}"
        )
    if not samples:
        raise SourceError(
            f"{source}: training needs a class for every image; give a folder per class, a list with labels, or shards "
            "with classes"
        )
    if lacking:
        say(f"left out, since they have no class: {counted(lacking, 'image')} of {source}")
    return samples


def images(source: str | Path, scratch: Path, moved: Sequence[str] = (), say: Say = unsaid) -> list[Sample]:
    """List every image of a manifest file, of any source that an audit takes, or of one image file, sorted by path.

    An archive is unpacked into `scratch`; `moved` says where the images of a manifest lie now (`dataset.relocation`).
    """
    if manifest.is_manifest(source):
        return from_manifest(manifest.kept_rows(Path(source), moved, say))
    if moved:
        raise ConfigError(f"--source says where the images of a manifest lie now, and {source} is no manifest")
    listing = _one_image(source) or open_source(source, scratch).list()
    for note in listing.notes:
        say(f"note: {note}")
    return [
        Sample(
            listing.root,
            record.path,
            record.label or "",
            record.path,
            record.split,
            size_bytes=record.size_bytes,
            offset=record.offset,
        )
        for record in listing.records
    ]


def _kept(file: Path, moved: Sequence[str], say: Say) -> list[Sample]:
    """List the images that a manifest keeps, and say where what is known of their copies is not all that is known."""
    kept = manifest.kept_rows(file, moved, say)
    note = note_on_copies(file, kept)
    if note:
        say(f"note: {note}")
    return from_manifest(kept, groups_near(file, kept))


def _one_image(source: str | Path) -> Listing | None:
    """List the one image that a path or URL names; None where it names something else."""
    address = absolute(source)
    is_named_so = PurePosixPath(address).suffix.lower() in formats.FORMAT_OF_EXTENSION
    if url(address) is None:
        if not Path(address).is_file():
            return None
        if not is_named_so and not formats.sniff(objects.head(address, formats.SNIFF_BYTES)):
            return None
    elif not is_named_so:
        return None
    root, _, name = address.rpartition("/")
    return Listing(root or "/", [Record(name, None, None, 0, 0)], [])


def from_manifest(kept: pd.DataFrame, audited: Sequence[str] | None = None) -> list[Sample]:
    """List the kept rows of a manifest as samples, sorted by path; images that share a finding or a hash are one group.

    A manifest that `build` wrote says in its column `group` which images are duplicates; `audited` is the group that
    the audit of each row has found (`flags.groups_near`).
    """
    kept = kept.assign(_audited=audited).sort_values("path", kind="stable")
    rows = kept.to_dict("records")
    samples = [
        Sample(
            str(row["source"]),
            row["path"],
            _text(row["final_label"]) or "",
            "",
            split_name(_text(row.get("split"))),
            _text(row["sha256"]),
        )
        for row in rows
    ]
    keys = [
        [
            *_finding_ids(row.get("finding_ids")),
            *(value for name in ("sha256", "group", "_audited") if (value := _text(row.get(name)))),
        ]
        for row in rows
    ]
    groups = joined(keys)
    return [
        Sample(s.source, s.path, s.label, group or s.address, s.split, s.sha256)
        for s, group in zip(samples, groups, strict=True)
    ]


def from_audit(images: pd.DataFrame, findings: pd.DataFrame, root: str) -> list[Sample]:
    """List the images of an audit that have a class, sorted by path, with their hashes and duplicate groups.

    `images` and `findings` are tables of the workspace, or some of their rows; `root` is that of the audit's source.
    """
    members = findings[findings["group_id"].notna()]
    groups_of: dict[str, list[str]] = {}
    for path, group in zip(members["path"], members["group_id"], strict=True):
        groups_of.setdefault(path, []).append(group)
    rows = images[images["label"].notna()].sort_values("path")
    groups = joined([groups_of.get(path, []) for path in rows["path"]])
    return [
        Sample(root, path, label, group or path, sha256=sha256)
        for path, label, sha256, group in zip(rows["path"], rows["label"], rows["sha256"], groups, strict=True)
    ]


def _finding_ids(cell: object) -> list[str]:
    """Read the cell of a manifest that lists findings, or none; raises `SourceError` for anything else."""
    text = _text(cell)
    if text is None:
        return []
    try:
        return [str(finding_id) for finding_id in list(json.loads(text))]
    except (ValueError, TypeError) as error:
        raise SourceError(
            f"the manifest's column finding_ids holds {text!r}, which is no list; write it again"
        ) from error


def _text(cell: object) -> str | None:
    return cell if isinstance(cell, str) and cell else None
