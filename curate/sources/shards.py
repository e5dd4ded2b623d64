"""WebDataset shards read in place: tars in which files of one name but their extensions are one sample.

An image's path is `SHARD.tar/MEMBER`, so that shard and member can be found again from a manifest. Nothing is
unpacked; only headers and labels are read here.
"""

import json
import posixpath
import re
from collections.abc import Iterable

from curate.i18n import msg
from curate.images import formats
from curate.sources import tar
from curate.sources.address import join
from curate.sources.records import SPLITS, Listing, Record, Skipped

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
    for shard, stamp in sorted(shards):
        _shard(root, shard, stamp, (records, skipped, captions))
    if len(captions) >= _CAPTIONS_MIN and len(set(captions.values())) > _CAPTIONS * len(captions):
        captions = {}
    records = [
        record
        if record.label is not None or record.path not in captions
        else Record(record.path, captions[record.path], record.split, record.size_bytes, record.mtime_ns, record.offset)
        for record in records
    ]
    return Listing(root, sorted(records, key=lambda item: item.path), sorted(skipped, key=lambda i: i.path))


def _shard(root: str, shard: str, stamp: int, into: tuple[list[Record], list[Skipped], dict[str, str]]) -> None:
    records, skipped, captions = into
    archive = join(root, shard)
    samples: dict[str, dict[str, tuple[str, int, int]]] = {}
    for name, offset, size in tar.members(archive):
        folder, base = posixpath.split(name)
        stem, _, extension = base.partition(".")
        samples.setdefault(posixpath.join(folder, stem), {})[extension.lower()] = (name, offset, size)
    for key, parts in samples.items():
        images = [extension for extension in parts if f".{extension.rpartition('.')[2]}" in formats.FORMAT_OF_EXTENSION]
        if not images:
            skipped.append(Skipped(f"{shard}/{key}", msg("the sample has no image")))
        label = _label(archive, parts) or (posixpath.dirname(key).rpartition("/")[2] or None)
        for extension in images:
            name, offset, size = parts[extension]
            path = f"{shard}/{name}"
            records.append(Record(path, label, _split(shard), size, stamp, offset))
            if "txt" in parts and label is None:
                captions[path] = _text(archive, parts["txt"])


def _label(archive: str, parts: dict[str, tuple[str, int, int]]) -> str | None:
    if "cls" in parts:
        return _text(archive, parts["cls"]) or None
    if "json" in parts:
        try:
            facts = json.loads(_text(archive, parts["json"]))
        except ValueError:
            return None
        if isinstance(facts, dict):
            return next((str(facts[key]) for key in _LABEL_KEYS if facts.get(key) is not None), None)
    return None


def _text(archive: str, member: tuple[str, int, int]) -> str:
    _, offset, size = member
    return tar.span(archive, offset, min(size, 1 << 20)).decode(errors="replace").strip()


def _split(shard: str) -> str | None:
    """Tell the split by the folder of the shard or the first word of its name: `train/00.tar`, `train-00.tar`."""
    folder, name = posixpath.split(shard)
    word = _WORD.match(name)
    for part in [*folder.lower().split("/"), word[0].lower() if word else ""]:
        if part in SPLITS:
            return SPLITS[part]
    return None
