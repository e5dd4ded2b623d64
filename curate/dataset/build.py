"""From the approved manifest to a training set: extend, balance, change the images, split, write.

Invariants: the same recipe, manifest and extensions give the same bytes; no image of an extension is a
copy of one that is there already (the duplicate scanner says so); copies never stand in two splits; the
folder appears whole or not at all. Whatever is drawn is drawn by a hash of the seed and the image's own
name, so neither the order of files nor the random generator of a version matters.
"""

import hashlib
import io
import math
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from curate.config import DecodeLimits
from curate.dataset import card as building_card
from curate.dataset import manifest as manifests
from curate.dataset.dedupe import Staged, groups
from curate.dataset.recipe import Appearance, Balance, BuildRecipe, Extension, read
from curate.dataset.shaping import shaped
from curate.errors import ConfigError, CurateError, SourceError, UndecidedError
from curate.images.decode import decode
from curate.schema import DecodeStatus, Verdict
from curate.sources import address
from curate.sources.folder import ingest
from curate.storage import safe_csv
from curate.storage.atomic import explained
from curate.storage.workspace import Workspace

MANIFEST = "manifest.csv"
CARD = "CARD.md"
OWN = "own"
_SPARE = 1.25
"""Candidates looked at for every image wanted from an extension, as some turn out to be copies."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One image of the set to be: where it comes from and what became of it."""

    file: Path
    label: str
    origin: str
    origin_path: str
    origin_sha256: str = ""
    group: str = ""
    split: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What `build` made. `table` has a row per image; `refused` counts what was left out, by reason."""

    destination: Path
    table: pd.DataFrame
    refused: dict[str, int]


def build(
    recipe: str | Path, destination: str | Path, *, manifest: str | Path | None = None, say: Say | None = None
) -> Built:
    """Write DEST/SPLIT/CLASS/image with `manifest.csv` (every image's origin) and `CARD.md` (how it was made).

    `manifest` wins over the one that the recipe names. Raises `CurateError` for what the user can mend;
    nothing is then written.
    """
    said = say or (lambda _: None)
    chosen, destination = read(Path(recipe)), Path(destination)
    source = Path(manifest) if manifest else Path(chosen.manifest) if chosen.manifest else None
    if source is None:
        raise ConfigError(f"{recipe} names no manifest; add: manifest = 'FILE', or give --manifest FILE")
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise CurateError(f"{destination} is not empty; give a folder that does not exist yet")
    with explained(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".tmp-", dir=destination.parent))
    try:
        with tempfile.TemporaryDirectory(prefix="curate-build-") as scratch:
            members, refused = _gather(chosen, _own(source), Path(scratch), said)
            members = split(members, chosen.split.shares(), chosen.seed)
            said(f"writing {len(members):,} images")
            table = _write(members, chosen, partial, destination)
        card = building_card.card(chosen, table, refused)
        (partial / CARD).write_text(card, encoding="utf-8")
        partial.chmod(0o755)
        if destination.exists():
            destination.rmdir()
        partial.replace(destination)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Built(destination=destination, table=table, refused=dict(refused))


# What goes in


def _own(manifest: Path) -> list[Member]:
    """The kept images of a manifest; raises where one is undecided or has no class."""
    table = manifests.read(manifest)
    if (table["action"] == Verdict.PENDING).any():
        raise UndecidedError(f"{manifest} holds undecided images; write it again with --pending keep|drop")
    kept = table[table["action"] != Verdict.DROP].sort_values("path")
    if kept["final_label"].isna().any():
        raise SourceError(f"{manifest}: a training set needs a class for every image, and some have none")
    if kept.empty:
        raise SourceError(f"{manifest} keeps no images; there is nothing to build from")
    if not all(address.is_plain(source, path) for source, path in zip(kept["source"], kept["path"], strict=True)):
        raise SourceError(f"{manifest} names images in tars or buckets; export them to a folder and audit that")
    columns = kept[["source", "path", "final_label", "sha256"]]
    return [
        Member(file=Path(source) / path, label=label, origin=OWN, origin_path=path, origin_sha256=sha256)
        for source, path, label, sha256 in columns.itertuples(index=False, name=None)
    ]


def _gather(recipe: BuildRecipe, own: list[Member], scratch: Path, say: Say) -> tuple[list[Member], Counter[str]]:
    """Own images and those of the extensions, balanced, each with its duplicate group."""
    refused: Counter[str] = Counter()
    say(f"looking for copies among {len(own):,} images of the manifest")
    own = _checked(own, groups([_staged(member) for member in own], scratch / OWN))
    labels = sorted({member.label for member in own})
    members = _thinned(own, recipe.balance, recipe.seed, refused)
    for number, extension in enumerate(recipe.extend):
        wanted = {label: _wanted(extension, recipe.balance, members, label) for label in labels}
        pool = _candidates(extension, number, labels, recipe.seed, scratch)
        # Own images that were thinned out are compared with too: they are no less the same image.
        there = [*own, *(member for member in members if member.origin != OWN)]
        say(f"looking for images that are no copies in {pool[0].origin}")
        taken, reasons = _taken(there, pool, wanted, scratch / f"take-{number}")
        members = [*members, *taken]
        refused.update(reasons)
    if recipe.balance.method == "undersample":
        members = _undersampled(members, recipe.balance, recipe.seed, refused)
    reached = Counter(member.label for member in members)
    if recipe.balance.method == "fill":
        for label in labels:
            lacking = (recipe.balance.per_class or 0) - reached[label]
            if lacking > 0:
                refused[f"could not be found to fill class {label}"] += lacking
    return members, refused


def _staged(member: Member) -> Staged:
    return Staged(file=member.file, label=member.label)


def _checked(own: Sequence[Member], found: pd.DataFrame) -> list[Member]:
    """The members with their groups; raises where a file is not the one that was scanned, or unreadable now."""
    result = []
    for member, sha256, group, status in zip(own, found["sha256"], found["group"], found["status"], strict=True):
        if sha256 != member.origin_sha256:
            raise SourceError(
                f"{member.file} is not the image in the manifest: it has changed since the scan, or the manifest "
                "is of another dataset; run the audit again"
            )
        if status == DecodeStatus.ERROR:
            raise SourceError(f"{member.file} cannot be decoded; drop it in the review and write the manifest again")
        result.append(replace(member, group=group))
    return result


def _candidates(extension: Extension, number: int, labels: Sequence[str], seed: int, scratch: Path) -> list[Member]:
    """All images of an extension that bear one of our classes, in the order in which they are drawn."""
    source = Path(extension.source)
    listing = ingest(source, Workspace(scratch / f"extension-{number}"))
    names = extension.classes or {label: label for label in labels}
    for theirs, ours in names.items():
        if ours not in labels:
            raise ConfigError(f"extend.classes: {theirs!r} becomes {ours!r}, but the classes are {', '.join(labels)}")
    pool = [
        Member(file=listing.root / record.path, label=names[record.label], origin=source.name, origin_path=record.path)
        for record in listing.records
        if record.label in names and (not extension.splits or record.split in extension.splits)
    ]
    if not pool:
        there = ", ".join(sorted({record.label or "(none)" for record in listing.records}))
        raise ConfigError(f"{source} has no image of a wanted class; its classes are {there}: name them in classes")
    return sorted(pool, key=lambda member: drawn(seed, member))


def _wanted(extension: Extension, balance: Balance, members: Sequence[Member], label: str) -> int | None:
    """How many of a class to take; None for all there are."""
    limit = extension.limit(label)
    if balance.method != "fill":
        return limit
    lacking = max(0, (balance.per_class or 0) - sum(member.label == label for member in members))
    return lacking if limit is None else min(limit, lacking)


def _taken(
    there: Sequence[Member], pool: Sequence[Member], wanted: dict[str, int | None], scratch: Path
) -> tuple[list[Member], Counter[str]]:
    """As many of the pool as are wanted and are no copies; more are looked at while some lack."""
    share = _SPARE
    while True:
        looked = _first(pool, wanted, share)
        found = groups([_staged(member) for member in [*there, *looked]], scratch)
        taken, reasons = _accepted(looked, found, len(there), wanted)
        lack = any(
            count is not None and sum(member.label == label for member in taken) < count
            for label, count in wanted.items()
        )
        share *= 2
        if not lack or len(looked) == len(_first(pool, wanted, share)):
            return taken, reasons


def _first(pool: Sequence[Member], wanted: dict[str, int | None], share: float) -> list[Member]:
    limits = {label: None if count is None else math.ceil(count * share) for label, count in wanted.items()}
    seen: Counter[str] = Counter()
    result = []
    for member in pool:
        limit = limits[member.label]
        if limit is None or seen[member.label] < limit:
            seen[member.label] += 1
            result.append(member)
    return result


def _accepted(
    looked: Sequence[Member], found: pd.DataFrame, there: int, wanted: dict[str, int | None]
) -> tuple[list[Member], Counter[str]]:
    """Of the images looked at, those that decode and are like nothing before them."""
    taken_groups = set(found["group"][:there])
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    taken = []
    rows = found.iloc[there:][["sha256", "group", "status"]].itertuples(index=False, name=None)
    for member, (sha256, group, status) in zip(looked, rows, strict=True):
        limit = wanted[member.label]
        if limit is not None and counts[member.label] >= limit:
            continue
        if status == DecodeStatus.ERROR:
            reasons[f"of {member.origin} cannot be decoded"] += 1
        elif group in taken_groups:
            reasons[f"of {member.origin} are copies of images that are there"] += 1
        else:
            taken_groups.add(group)
            counts[member.label] += 1
            taken.append(replace(member, origin_sha256=sha256, group=group))
    return taken, reasons


# Balance and split


def drawn(seed: int, member: Member) -> str:
    """Where an image stands in the order of the draw."""
    return hashlib.sha256(f"{seed}:{member.origin}:{member.origin_path}".encode()).hexdigest()


def _thinned(own: list[Member], balance: Balance, seed: int, refused: Counter[str]) -> list[Member]:
    return _undersampled(own, balance, seed, refused) if balance.method == "fill" else own


def _undersampled(members: list[Member], balance: Balance, seed: int, refused: Counter[str]) -> list[Member]:
    """At most `per_class` of each class, or as many as the smallest class has."""
    counts = Counter(member.label for member in members)
    limit = balance.per_class or min(counts.values())
    kept: Counter[str] = Counter()
    result = []
    for member in sorted(members, key=lambda member: drawn(seed, member)):
        if kept[member.label] < limit:
            kept[member.label] += 1
            result.append(member)
    if len(result) < len(members):
        refused["were left out by the draw that balances"] += len(members) - len(result)
    return result


def split(members: Sequence[Member], shares: dict[str, float], seed: int) -> list[Member]:
    """Give every member its split: stratified by class, groups of copies whole. Pure.

    Raises `SourceError` where a class has fewer groups than there are splits.
    """
    together: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        together[member.group].append(member)
    for label in sorted({member.label for member in members}):
        distinct = sum(any(member.label == label for member in group) for group in together.values())
        if distinct < len(shares):
            raise SourceError(
                f"class {label!r} has {distinct} distinct image{'' if distinct == 1 else 's'}, too few for "
                f"{len(shares)} splits; add images, drop the class, or ask for fewer splits"
            )
    totals = Counter(member.label for member in members)
    need = {(name, label): share * totals[label] for name, share in shares.items() for label in totals}
    result = []
    order = sorted(together.values(), key=lambda group: (-len(group), min(drawn(seed, member) for member in group)))
    for group in order:
        # To the split that lacks most of what the group holds, measured against the size of the split.
        best = max(shares, key=lambda name: sum(need[name, member.label] / shares[name] for member in group))
        for member in group:
            need[best, member.label] -= 1
            result.append(replace(member, split=best))
    return sorted(result, key=lambda member: (member.split, member.label, drawn(seed, member)))


# What comes out


def _write(members: Sequence[Member], recipe: BuildRecipe, folder: Path, destination: Path) -> pd.DataFrame:
    rows = []
    totals = Counter(member.label for member in members)
    for member in members:
        data = member.file.read_bytes()
        suffix = member.file.suffix.lower()
        crop = ""
        if recipe.image.changes:
            (data, crop), suffix = _changed(data, member.file, recipe.image), ".png"
        name = f"{member.split}/{_safe(member.label)}/{_name(member)}{suffix}"
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        weight = len(members) / (len(totals) * totals[member.label]) if recipe.balance.method == "weights" else 1.0
        rows.append(
            {
                "path": name,
                "label": member.label,
                "split": member.split,
                "sha256": hashlib.sha256(data).hexdigest(),
                "action": str(Verdict.KEEP),
                "final_label": member.label,
                "source": str(destination.resolve()),
                "origin": member.origin,
                "origin_path": member.origin_path,
                "origin_sha256": member.origin_sha256,
                "group": member.group,
                "crop": crop,
                "weight": f"{weight:.6g}",
            }
        )
    table = pd.DataFrame(rows, dtype=object)
    safe_csv.write(table, folder / MANIFEST)
    return table


def _name(member: Member) -> str:
    return hashlib.sha256(f"{member.origin}:{member.origin_path}".encode()).hexdigest()[:16]


def _safe(label: str) -> str:
    return label.replace("/", "_").replace("\\", "_").strip(". ") or "_"


def _changed(data: bytes, file: Path, look: Appearance) -> tuple[bytes, str]:
    """The image as the recipe wants it, as a PNG, and which part of the original it shows."""
    image = decode(data, DecodeLimits()).image
    if image is None:
        raise SourceError(f"{file} cannot be decoded any more; run the audit again and drop it")
    result = shaped(image, look)
    buffer = io.BytesIO()
    result.image.save(buffer, "PNG")
    return buffer.getvalue(), " ".join(map(str, result.crop)) if look.crop != "none" else ""
