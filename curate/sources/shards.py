"""WebDataset shards read in place: tars in which files of one name but their extensions are one sample.

An image's path is `SHARD.tar/MEMBER`, so that shard and member can be found again from a manifest. Nothing is
unpacked; only headers and labels are read here.
"""

import json
import posixpath
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from curate.i18n import msg
from curate.images import formats
from curate.sources import tar
from curate.sources.address import join, url
from curate.sources.columns import TwoSplits, text
from curate.sources.records import Listing, Record, Skipped, split_called

_LOOKED_AT = 32
"""Samples that are asked whether they name their split; from the first that does, all are read."""
_FAR_LOOKED_AT = 1
"""The same in a bucket, for a shard whose own name says the split: each is a request that is rarely worth it."""
_WORD = re.compile(r"[A-Za-z]+")
_LABEL_KEYS = ("label", "class", "class_name", "cls", "category", "target")
_CAPTIONS = 0.5
"""Share of distinct texts from which on `.txt` members are captions rather than classes."""
_CAPTIONS_MIN = 20


def read_shards(root: str, shards: Iterable[tuple[str, int]]) -> Listing:
    """List the images in shards, given as (path below the root, stamp)."""
    records: list[Record] = []
    skipped: list[Skipped] = []
    captions: dict[str, str] = {}
    against = TwoSplits()
    for shard, stamp in sorted(shards):
        _shard(root, shard, stamp, (records, skipped, captions), against)
    if len(captions) >= _CAPTIONS_MIN and len(set(captions.values())) > _CAPTIONS * len(captions):
        captions = {}
    records = [
        record
        if record.label is not None or record.path not in captions
        else Record(record.path, captions[record.path], record.split, record.size_bytes, record.mtime_ns, record.offset)
        for record in records
    ]
    notes = against.notes(".json")
    return Listing(root, sorted(records, key=lambda item: item.path), sorted(skipped, key=lambda i: i.path), notes)


def _shard(
    root: str,
    shard: str,
    stamp: int,
    into: tuple[list[Record], list[Skipped], dict[str, str]],
    against: TwoSplits,
) -> None:
    records, skipped, captions = into
    archive = join(root, shard)
    samples: dict[str, dict[str, tuple[str, int, int]]] = {}
    found = tar.contents(archive)
    skipped += [Skipped(f"{shard}/{name}", msg("a link or a device in a tar, and no file")) for name in found.others]
    members = {member[0]: member for member in found.files}
    for member in found.files:
        if members[member[0]] is not member:
            skipped.append(Skipped(f"{shard}/{member[0]}", msg("a later file of the same name takes its place")))
    for name, member in members.items():
        folder, base = posixpath.split(name)
        stem, _, extension = base.partition(".")
        parts = samples.setdefault(posixpath.join(folder, stem), {})
        extension = extension.lower()
        parts[name if extension in parts else extension] = member  # a.jpg and a.JPG are two images
    of_shard = split_of_shard(shard)
    has_splits = _names_splits(archive, samples.values(), is_doubt=of_shard is not None)
    for key, parts in samples.items():
        facts = _facts(archive, parts) if has_splits or "cls" not in parts else {}
        images = [part for part in parts if f".{part.rpartition('.')[2].lower()}" in formats.FORMAT_OF_EXTENSION]
        if not images:
            skipped.append(Skipped(f"{shard}/{key}", msg("the sample has no image")))
        label = _label(archive, parts, facts) or (posixpath.dirname(key).rpartition("/")[2] or None)
        caption = _text(archive, parts["txt"]).strip() if "txt" in parts and label is None else ""
        for part in images:
            name, offset, size = parts[part]
            path = f"{shard}/{name}"
            records.append(Record(path, label, of_shard or _named(facts), size, stamp, offset))
            against.take(path, of_shard, _named(facts), counted=of_shard)
            if caption:
                captions[path] = caption


def _label(archive: str, parts: dict[str, tuple[str, int, int]], facts: Mapping[str, Any]) -> str | None:
    if "cls" in parts:  # to the last blank, as in a list: two classes may differ in it
        return text({"cls": _text(archive, parts["cls"]).strip("\r\n")}, "cls")
    return next((label for key in _LABEL_KEYS if (label := text(facts, key)) is not None), None)


def _facts(archive: str, parts: dict[str, tuple[str, int, int]]) -> Mapping[str, Any]:
    """Read what the `.json` of a sample says of it; nothing where it has none that is an object."""
    try:
        facts = json.loads(_text(archive, parts["json"])) if "json" in parts else {}
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _names_splits(archive: str, samples: Iterable[dict[str, tuple[str, int, int]]], *, is_doubt: bool) -> bool:
    """Say whether the samples of a shard name their split, by some of them: reading each may be a request.

    It `is_doubt` where the name of the shard says the split, and theirs can only be another.
    """
    some = islice(
        (parts for parts in samples if "json" in parts), _FAR_LOOKED_AT if is_doubt and url(archive) else _LOOKED_AT
    )
    return any(_named(_facts(archive, parts)) is not None for parts in some)


def _named(facts: Mapping[str, Any]) -> str | None:
    """Return the split that a sample names, by its usual name where it has one."""
    split = facts.get("split")
    return (split_called(split) or split) if isinstance(split, str) and split else None


def _text(archive: str, member: tuple[str, int, int]) -> str:
    _, offset, size = member
    return tar.span(archive, offset, min(size, 1 << 20)).decode(errors="replace")


def split_of_shard(shard: str) -> str | None:
    """Tell the split by the folder of the shard or the first word of its name: `train/00.tar`, `train-00.tar`."""
    folder, name = posixpath.split(shard)
    word = _WORD.match(name)
    for part in [*folder.lower().split("/"), word[0].lower() if word else ""]:
        split = split_called(part)
        if split is not None:
            return split
    return None
