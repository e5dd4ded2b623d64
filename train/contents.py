"""What the images of a run hold: each is read once before anything is trained, which takes much longer.

So an image that cannot be read ends a run at once, and a run is known by the hashes of its images. Which of them are
duplicates is measured as `curate build` measures it. What a manifest or an audit says of duplicates counts beside that,
not instead: of a kind of copy that most images are the audit keeps no findings (`auditing.judge`).
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from curate.auditing import copies
from curate.dataset.dedupe import Deduplicator, Location
from curate.dataset.splits import joined
from curate.errors import SourceError
from curate.schema import DecodeStatus, Severity
from curate.sources import source_at
from curate.storage.workspace import Workspace
from curate.train import data
from curate.train.data import Sample, Unreadable


def measured(samples: Sequence[Sample], scratch: Path) -> list[Sample]:
    """Give samples the hashes of their bytes, and join their groups with those of the duplicates that are found.

    `scratch` is a folder that does not exist yet. Raises `SourceError` naming an image that cannot be read, or is not
    the one that its manifest holds the hash of.
    """
    found = Deduplicator(scratch).groups([Location(s.source, s.path, s.size_bytes, s.offset) for s in samples])
    pairs = list(zip(samples, found, strict=True))
    unreadable = [sample for sample, now in pairs if now.sha256 is None or now.status == DecodeStatus.ERROR]
    if unreadable:
        raise SourceError(_refusal(unreadable))
    changed = [sample for sample, now in pairs if sample.sha256 and sample.sha256 != now.sha256]
    if changed:
        raise SourceError(
            f"{changed[0].address} is not the image in the manifest{_others(changed)}: it has changed since the scan, "
            "or another dataset lies there; run the audit again"
        )
    groups = joined([(f"found {now.group}", f"said {s.group}") for s, now in pairs])
    return [replace(s, sha256=now.sha256, group=str(group)) for (s, now), group in zip(pairs, groups, strict=True)]


def with_prevalent_copies(samples: Sequence[Sample], workspace: Workspace) -> list[Sample]:
    """Join the groups of an audit's samples with those of the copies that it keeps no findings of, if there are such.

    They are judged as the audit judged them (`copies.told`). Where that cannot be told any more the images are measured
    again, which raises `SourceError` as `measured` does.
    """
    if not copies.hidden(workspace):
        return list(samples)
    if not copies.are_told(workspace):
        with tempfile.TemporaryDirectory(prefix="curate-groups-") as scratch:
            return measured(samples, Path(scratch) / "measured")
    told = copies.told(workspace)
    told = told[told["group_id"].notna() & (told["severity"] != Severity.INFO)]
    groups_of = told.groupby("path")["group_id"].agg(list).to_dict()
    groups = joined([(f"said {s.group}", *(f"found {group}" for group in groups_of.get(s.path, ()))) for s in samples])
    return [replace(sample, group=group) for sample, group in zip(samples, groups, strict=True)]


def _refusal(unreadable: Sequence[Sample]) -> str:
    first = unreadable[0]
    again = data.read(source_at(first.source), first)
    reason = again.reason if isinstance(again, Unreadable) else "Its decoder crashed, or took too long."
    way_out = "take it out, or run the audit, drop it, and give the manifest"
    if first.sha256:  # so a manifest names it
        way_out = "give --source DIR if its folder has moved, or drop it in the review and write the manifest again"
    return f"{first.address}: {reason} It cannot be trained on{_others(unreadable)}; {way_out}"


def _others(samples: Sequence[Sample]) -> str:
    return f" (nor {len(samples) - 1:,} more)" if len(samples) > 1 else ""
