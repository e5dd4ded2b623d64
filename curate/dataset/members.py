"""What goes into a built set: the approved images, and images of extensions that are no duplicates, balanced.

Invariants: no image of an extension is a duplicate of one that is in the set or was thinned out of it, or has the
content of one that was dropped; whatever is drawn is drawn by `splits.sampling_key`.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from curate.dataset import manifest as manifests
from curate.dataset.dedupe import Deduplicator, Grouped, Location, locations
from curate.dataset.flags import groups_near, note_on_copies
from curate.dataset.recipe import Balance, BuildRecipe, Extension
from curate.dataset.relocation import Say
from curate.dataset.splits import joined, sampling_key
from curate.errors import ConfigError, SourceError, suggestion
from curate.i18n import counted
from curate.schema import DecodeStatus, Verdict
from curate.sources import open_source
from curate.sources.address import join
from curate.sources.columns import split_name
from curate.storage.workspace import Workspace

OWN = "own"
"""The origin of images that the manifest names; others bear the name of their extension."""
_SPARE = 1.25
"""Candidates looked at for every image wanted from an extension, as some turn out to be duplicates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One image of the set to be: where it comes from and what became of it."""

    location: Location
    label: str
    origin: str
    sha256: str = ""
    group: str = ""
    split: str = ""
    given_split: str = ""
    """What the dataset itself says; empty where it says nothing."""

    @property
    def address(self) -> str:
        """A path or URL to name the image by."""
        return join(self.location.source, self.location.path)

    def key(self, seed: int) -> str:
        """Return the sort key of the image in an order drawn by the seed."""
        return sampling_key(seed, self.origin, self.location.path)


def approved(manifest: Path, moved: Sequence[str] = (), say: Say | None = None) -> list[Member]:
    """Read the images that a manifest keeps, sorted by path, from where their sources are now (`relocation`).

    Raises `UndecidedError` where one is undecided, `SourceError` where one has no class or none is kept.
    """
    table = manifests.read(manifest)
    rows = manifests.kept_of(table, manifest, moved, say).sort_values(["path", "source"])
    if rows["final_label"].isna().any():
        raise SourceError(f"{manifest}: a training set needs a class for every image, and some have none")
    if rows.empty:
        raise SourceError(f"{manifest} keeps no images; there is nothing to build from")
    if say is not None:
        for note in (*manifests.notes_on_classes(table, rows, manifest), note_on_copies(manifest, rows)):
            if note:
                say(f"note: {note}")
    columns = (rows[name] for name in ("final_label", "sha256", "split"))
    return [
        Member(location=location, label=label, origin=OWN, sha256=sha256, group=group, given_split=split or "")
        for location, label, sha256, split, group in zip(
            locations(rows), *columns, _groups_said(manifest, rows), strict=True
        )
    ]


def _groups_said(manifest: Path, rows: pd.DataFrame) -> list[str]:
    """Name the group of each row by what its audit has found, and a manifest of a built set says; empty where neither.

    Both may have looked more closely than a build does.
    """
    nothing = [None] * len(rows)
    audited, written = groups_near(manifest, rows) or nothing, list(rows["group"]) if "group" in rows else nothing
    return joined([*filter(None, both)] for both in zip(audited, written, strict=True))


def dropped(manifest: Path) -> frozenset[str]:
    """Return the sha256 of every content that a manifest drops, and keeps nowhere."""
    table = manifests.read(manifest)
    is_dropped = table["action"] == Verdict.DROP
    return frozenset(table["sha256"][is_dropped].dropna()) - frozenset(table["sha256"][~is_dropped])


def gather(
    recipe: BuildRecipe,
    own: list[Member],
    scratch: Path,
    say: Say,
    audits: Iterable[Workspace] = (),
    unwanted: frozenset[str] = frozenset(),
) -> tuple[list[Member], Counter[str]]:
    """Choose the images of the set, each with its duplicate group, and count what was left out, by reason.

    `own` are the approved images, `scratch` is a folder to work in, `audits` are workspaces whose measurements are used
    as far as they still hold, `unwanted` is the sha256 of every content that no extension may bring in. Raises
    `CurateError` where an image is not the one that was approved, or an extension has nothing to give.
    """
    refused: Counter[str] = Counter()
    deduplicator = Deduplicator(scratch / "measured")
    known = deduplicator.take_over(audits, [member.location for member in own])
    from_audit = f", {known:,} of them as the audit measured them" if known else ""
    say(f"looking for copies among {counted(len(own), 'image')} of the manifest{from_audit}")
    own = _checked(own, deduplicator.groups([member.location for member in own]))
    labels = sorted({member.label for member in own})
    balance = recipe.balance
    members = own if balance.method != "fill" else _undersampled(own, balance, recipe.seed, refused)
    for number, (extension, origin) in enumerate(zip(recipe.extend, _origins(recipe.extend), strict=True)):
        wanted = {label: _wanted(extension, balance, members, label) for label in labels}
        pool = _candidates(extension, origin, labels, scratch / f"extension-{number}")
        pool.sort(key=lambda member: member.key(recipe.seed))
        # Own images that were thinned out are compared with too: they are no less the same image.
        present = [*own, *(member for member in members if member.origin != OWN)]
        say(f"looking for images that are no copies in {origin}")
        taken, reasons = _taken(present, pool, wanted, deduplicator, unwanted)
        members = [*members, *taken]
        refused.update(reasons)
    if balance.method == "undersample":
        members = _undersampled(members, balance, recipe.seed, refused)
    if balance.method == "fill":
        refused.update(_unfilled(members, labels, balance))
    return members, refused


def _checked(own: Sequence[Member], measured: Sequence[Grouped]) -> list[Member]:
    """Give the approved images their groups; raises where one is not the image that was approved, or unreadable.

    Groups that were said before (`_groups_said`) are joined with those that are found, whose hashes name them.
    """
    keys = [
        [found.group, *([f"said {member.group}"] if member.group else [])]
        for member, found in zip(own, measured, strict=True)
    ]
    groups = joined(keys)
    result = []
    for member, grouped, group in zip(own, measured, groups, strict=True):
        if grouped.sha256 is None:
            raise SourceError(
                f"{member.address} cannot be read; has the source moved since the scan? Give it with --source. (Or is "
                "the manifest of another dataset?)"
            )
        if grouped.sha256 != member.sha256:
            raise SourceError(
                f"{member.address} is not the image in the manifest: it has changed since the scan, or the manifest "
                "is of another dataset; run the audit again"
            )
        if grouped.status == DecodeStatus.ERROR:
            raise SourceError(f"{member.address} cannot be decoded; drop it in the review and write the manifest again")
        result.append(replace(member, group=group))
    return result


def _origins(extensions: Sequence[Extension]) -> list[str]:
    """Name the extensions; another source of the same name gets a number, since names tell images apart."""
    names: dict[str, str] = {}
    for extension in extensions:
        taken, name, number = {OWN, *names.values()}, extension.name, 2
        while extension.source not in names and name in taken:
            name, number = f"{extension.name}-{number}", number + 1
        names.setdefault(extension.source, name)
    return [names[extension.source] for extension in extensions]


def _candidates(extension: Extension, origin: str, labels: Sequence[str], scratch: Path) -> list[Member]:
    """List the images of an extension that bear one of our classes; an archive is unpacked into `scratch`."""
    listing = open_source(extension.source, scratch).list()
    names = extension.classes or {label: label for label in labels}
    for theirs, ours in names.items():
        if ours not in labels:
            raise ConfigError(f"extend.classes: {theirs!r} becomes {ours!r}, but the classes are {', '.join(labels)}")
    splits = [split_name(split) or "" for split in extension.splits]
    quota = extension.quota if isinstance(extension.quota, dict) else {}
    _refuse_unknown("classes", extension.source, extension.classes, [record.label for record in listing.records])
    _refuse_unknown("splits", extension.source, splits, [record.split for record in listing.records])
    _refuse_unknown("quota", "the manifest", quota, labels)
    pool = [
        Member(
            location=Location(listing.root, record.path, record.size_bytes, record.offset),
            label=names[record.label],
            origin=origin,
        )
        for record in listing.records
        if record.label in names and (not splits or record.split in splits)
    ]
    if not pool:
        theirs = ", ".join(sorted({record.label or "(none)" for record in listing.records}))
        raise ConfigError(
            f"{extension.source} has no image of a wanted class; its classes are {theirs}: name them in classes"
        )
    return pool


def _refuse_unknown(setting: str, where: str, written: Iterable[str], known: Iterable[str | None]) -> None:
    """Raise `ConfigError` for a name in a recipe that nothing bears: it would be an image fewer without a word."""
    names = sorted({name for name in known if name is not None})
    for name in written:
        if name not in names:
            there = ", ".join(names) or "none"
            raise ConfigError(f"extend.{setting}: {where} has no {name!r}; {suggestion(name, names)}there are: {there}")


def _wanted(extension: Extension, balance: Balance, members: Sequence[Member], label: str) -> int | None:
    """Say how many images of a class to take; None for all there are."""
    limit = extension.limit(label)
    if balance.method != "fill":
        return limit
    lacking = max(0, (balance.per_class or 0) - sum(member.label == label for member in members))
    return lacking if limit is None else min(limit, lacking)


def _taken(
    present: Sequence[Member],
    pool: Sequence[Member],
    wanted: Mapping[str, int | None],
    deduplicator: Deduplicator,
    unwanted: frozenset[str] = frozenset(),
) -> tuple[list[Member], Counter[str]]:
    """Take as many of the pool as are wanted and are no duplicates; more are looked at while some lack."""
    spare = _SPARE
    while True:
        looked = _first(pool, wanted, spare)
        groups = deduplicator.groups([member.location for member in [*present, *looked]])
        present_groups = {found.group for found in groups[: len(present)]}
        taken, reasons = _accepted(looked, groups[len(present) :], present_groups, wanted, unwanted)
        counts = Counter(member.label for member in taken)
        lacks = any(count is not None and counts[label] < count for label, count in wanted.items())
        spare *= 2
        if not lacks or len(looked) == len(_first(pool, wanted, spare)):
            return taken, reasons


def _first(pool: Sequence[Member], wanted: Mapping[str, int | None], spare: float) -> list[Member]:
    """Select `spare` times as many images of each class as are wanted, the first ones of the pool."""
    limits = {label: None if count is None else math.ceil(count * spare) for label, count in wanted.items()}
    counts: Counter[str] = Counter()
    result = []
    for member in pool:
        limit = limits[member.label]
        if limit is None or counts[member.label] < limit:
            counts[member.label] += 1
            result.append(member)
    return result


def _accepted(
    looked: Sequence[Member],
    measured: Sequence[Grouped],
    taken_groups: set[str],
    wanted: Mapping[str, int | None],
    unwanted: frozenset[str],
) -> tuple[list[Member], Counter[str]]:
    """Accept the images that decode and are duplicates of nothing before them, as many as are wanted."""
    taken_groups = set(taken_groups)
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    accepted = []
    for member, grouped in zip(looked, measured, strict=True):
        limit = wanted[member.label]
        if limit is not None and counts[member.label] >= limit:
            continue
        if grouped.status == DecodeStatus.ERROR or grouped.sha256 is None:
            reasons[f"of {member.origin} cannot be decoded"] += 1
        elif grouped.group in taken_groups:
            reasons[f"of {member.origin} are copies of images that are there"] += 1
        elif grouped.sha256 in unwanted:
            reasons[f"of {member.origin} are files that the manifest drops"] += 1
        else:
            taken_groups.add(grouped.group)
            counts[member.label] += 1
            accepted.append(replace(member, sha256=grouped.sha256, group=grouped.group))
    return accepted, reasons


def _undersampled(members: list[Member], balance: Balance, seed: int, refused: Counter[str]) -> list[Member]:
    """Draw at most `per_class` images of each class, or as many as the smallest class has."""
    limit = balance.per_class or min(Counter(member.label for member in members).values())
    counts: Counter[str] = Counter()
    result = []
    for member in sorted(members, key=lambda member: member.key(seed)):
        if counts[member.label] < limit:
            counts[member.label] += 1
            result.append(member)
    if len(result) < len(members):
        refused["were left out by the draw that balances"] += len(members) - len(result)
    return result


def _unfilled(members: Sequence[Member], labels: Sequence[str], balance: Balance) -> Counter[str]:
    """Count the images that could not be found to fill each class."""
    counts = Counter(member.label for member in members)
    lacking = {label: (balance.per_class or 0) - counts[label] for label in labels}
    return Counter({f"could not be found to fill class {label}": lack for label, lack in lacking.items() if lack > 0})
