"""From the approved manifest to a training set: extend, balance, change the images, split, write.

Invariants: the same recipe, manifest and extensions give the same bytes; no image of an extension is a duplicate of
one that is there already, or a file that the manifest drops; duplicates never stand in two splits; the folder appears
whole or not at all.
"""

import functools
import hashlib
import io
import itertools
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import pandas as pd

from curate import config, scanners
from curate.config import DecodeLimits
from curate.dataset import card as building_card
from curate.dataset import datacard, layouts, splits
from curate.dataset.flags import audits_near
from curate.dataset.members import OWN, Member, approved, dropped, gather
from curate.dataset.placement import folder_names
from curate.dataset.recipe import BuildRecipe, read
from curate.dataset.relocation import Say, sources_of, workspaces_near
from curate.dataset.reuse import folders_walked
from curate.dataset.shaping import shaped
from curate.errors import ConfigError, SourceError, flag_of, path_of, refuse_uncallable
from curate.i18n import counted
from curate.images.decode import decode
from curate.scanners.faces import Faces, FacesSettings
from curate.schema import Verdict
from curate.sources import Source, source_at
from curate.sources.address import on_this_machine, refuse_inside
from curate.sources.classes import alike, folder_name, same_file
from curate.sources.layout import LabelAndSplit, classes_of
from curate.storage import safe_csv
from curate.storage.atomic import atomic_folder, disk_refusals_explained

MANIFEST = "manifest.csv"
CARD = "CARD.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What `build` made. `table` has a row per image; `refused` counts what was left out, by reason."""

    destination: Path
    table: pd.DataFrame
    refused: dict[str, int]


@disk_refusals_explained()
def build(
    recipe: str | Path,
    destination: str | Path,
    *,
    manifest: str | Path | None = None,
    source: str | Path | Sequence[str] | None = None,
    repair_splits: bool = False,
    say: Say | None = None,
) -> Built:
    """Write DEST/SPLIT/CLASS/image with `manifest.csv` (every image's origin) and `CARD.md` (how it was made).

    Beside them lie a data card and Croissant metadata, as beside an export.

    `manifest` wins over the one that the recipe names; its images and those of extensions may lie in any source, and
    `source` is where its images are now (OLD=NEW, or several of them, where it knows several sources). What the audit
    has measured is not measured again, where its workspace lies beside the manifest. With `repair_splits` copies that
    stand in several of the splits that the recipe keeps all go to one of them (`splits.repaired`).
    Raises `CurateError` for what the user can mend; nothing is then written.

    >>> from pathlib import Path
    >>> _ = Path("recipe.toml").write_text("[split]\\ntrain = 0.5\\ntest = 0.5\\n")
    >>> len(curate.build("recipe.toml", "set", manifest="approved.csv").table)
    6
    """
    refuse_uncallable("say", say)
    said = say or (lambda _: None)
    chosen = read(path_of("recipe", recipe))
    destination = on_this_machine(destination, "a training set", "destination")
    if flag_of("repair_splits", repair_splits) and not chosen.split.keep:
        raise ConfigError(
            f"{recipe} draws splits, in which copies stay together; --repair-splits is for those that it keeps: "
            "split.keep = true"
        )
    file = chosen.manifest if manifest is None else manifest
    if file is None:
        raise ConfigError(f"{recipe} names no manifest; add: manifest = 'FILE', or give --manifest FILE")
    named = path_of("manifest", file)
    own = approved(named, sources_of(source), said)
    folder_names([member.label for member in own])
    given = [extension.source for extension in chosen.extend if Path(extension.source).is_dir()]
    walked = folders_walked(named, (member.location.source for member in own))
    refuse_inside(destination, [*walked, *given], "the build")
    faces = _faces_settings(named, own, said) if chosen.image.crop == "face" else FacesSettings()
    with atomic_folder(destination) as partial, tempfile.TemporaryDirectory(prefix="curate-build-") as scratch:
        unwanted = dropped(named) if chosen.extend else frozenset()
        members, refused = gather(chosen, own, Path(scratch), said, workspaces_near(named), unwanted)
        members = split(members, chosen)
        if repair_splits:
            members = _repaired(members, chosen, said)
        for note in _split_notes(own, members, chosen):
            said(f"note: {note}")
        for labels in alike(member.label for member in members):
            said(f"note: the classes {', '.join(map(repr, labels))} look like spellings of one, but count as several")
        said(f"writing {counted(len(members), 'image')}")
        table = _write(members, chosen, faces, partial, destination)
        card = building_card.card(chosen, table, refused, faces)
        (partial / CARD).write_text(card, encoding="utf-8")
        for name, text in datacard.documents_of_set(table.assign(exported_path=table["path"])).items():
            (partial / name).write_text(text, encoding="utf-8")
    return Built(destination=destination, table=table, refused=dict(refused))


def split(members: Sequence[Member], recipe: BuildRecipe) -> list[Member]:
    """Give every image its split and put them in the order of the table: by split and class, then as drawn.

    Raises `SourceError` where a class has fewer duplicate groups than there are splits, or the recipe keeps splits that
    an image does not have.
    """
    if recipe.split.keep:
        placed = [_as_given(member) for member in members]
        return sorted(placed, key=lambda member: (member.split, member.label, member.key(recipe.seed)))
    items = [splits.Item(member.label, member.group, member.key(recipe.seed)) for member in members]
    names = splits.assign(items, recipe.split.shares())
    placed = [replace(member, split=name) for member, name in zip(members, names, strict=True)]
    return sorted(placed, key=lambda member: (member.split, member.label, member.key(recipe.seed)))


def _repaired(members: Sequence[Member], recipe: BuildRecipe, said: Say) -> list[Member]:
    """Give the copies of one image one split, in the order of the table, and say how many images it moves."""
    names = splits.repaired([member.group for member in members], [member.split for member in members])
    moved = sum(member.split != name for member, name in zip(members, names, strict=True))
    said(f"moved to the split of a copy: {moved:,} of the images")
    placed = [replace(member, split=name or "") for member, name in zip(members, names, strict=True)]
    return sorted(placed, key=lambda member: (member.split, member.label, member.key(recipe.seed)))


def _as_given(member: Member) -> Member:
    """Return a member in the split that the dataset gives it; an image of an extension is there to be trained on."""
    if member.origin != OWN:
        return replace(member, split="train")
    if not member.given_split:
        raise SourceError(
            f"{member.address} has no split to keep; give it one, or let the recipe draw splits (split.keep = false)"
        )
    return replace(member, split=member.given_split)


def _split_notes(own: Sequence[Member], members: Sequence[Member], recipe: BuildRecipe) -> list[str]:
    """Say what a person should know of the splits: those of the dataset are given up, or copies cross them."""
    if not recipe.split.keep:
        given = sum(bool(member.given_split) for member in own)
        text = (
            "the splits of the dataset are given up and drawn anew (images that have one: {given:,}); split.keep = true"
        )
        return [f"{text.format(given=given)} in the recipe keeps them"] if given else []
    splits_of: dict[str, set[str]] = {}
    for member in members:
        splits_of.setdefault(member.group, set()).add(member.split)
    crossing = sum(len(names) > 1 for names in splits_of.values())
    return [f"copies stand in several of the splits that were kept (groups: {crossing:,})"] if crossing else []


def _faces_settings(manifest: Path, own: Sequence[Member], said: Say) -> FacesSettings:
    """Read what counts as a face from the workspace near a manifest that has audited its images.

    The scanner's defaults hold where there is none, or those of several sources differ, and `said` is told.
    """
    audits = audits_near(manifest, ((member.location.path, member.sha256) for member in own))
    found: list[FacesSettings] = []
    for workspace in (workspace for workspace, _ in audits if workspace.config.is_file()):
        (faces,) = (one for one in scanners.load(config.read(workspace.config)) if isinstance(one, Faces))
        if faces.settings not in found:
            found.append(faces.settings)
    if len(found) == 1:
        return found[0]
    why = (
        f"the workspaces that lie with {manifest} differ in what counts as a face"
        if found
        else f"no workspace that lies with {manifest} has audited these images"
    )
    said(f"note: {why}, so the default thresholds hold for crops")
    return FacesSettings()


def _write(
    members: Sequence[Member], recipe: BuildRecipe, faces: FacesSettings, folder: Path, destination: Path
) -> pd.DataFrame:
    """Write every image into `folder`, and the table of them, which says what will be at `destination`."""
    folders = folder_names([member.label for member in members])
    totals = Counter(member.label for member in members)
    at = functools.cache(source_at)
    rows = []
    taken: set[str] = set()
    # In the order in which they lie there: going back and forth between tars reads their headers again and again.
    for position, member in sorted(enumerate(members), key=lambda numbered: numbered[1].location[:2]):
        data = _read(at(member.location.source), member)
        suffix = PurePosixPath(member.location.path).suffix.lower()
        crop = ""
        if recipe.image.changes:
            data, crop = _changed(data, member, recipe, faces)
            suffix = ".png"
        name = _free_name(f"{folder_name(member.split)}/{folders[member.label]}", member, suffix, taken)
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        weight = len(members) / (len(totals) * totals[member.label]) if recipe.balance.method == "weights" else 1.0
        row = {
            "path": name,
            "label": member.label,
            "split": member.split,
            "sha256": hashlib.sha256(data).hexdigest(),
            "action": str(Verdict.KEEP),
            "final_label": member.label,
            "source": str(destination.resolve()),
            "origin": member.origin,
            "origin_path": member.location.path,
            "origin_sha256": member.sha256,
            "group": member.group,
            "crop": crop,
            "weight": f"{weight:.6g}",
        }
        rows.append((position, row))
    table = pd.DataFrame([row for _, row in sorted(rows, key=lambda numbered: numbered[0])], dtype=object)
    safe_csv.write(table, folder / MANIFEST)
    wanted = [LabelAndSplit(member.label, member.split) for member in members]
    if classes_of(list(table["path"])) != wanted or alike(folders):
        for name, content in layouts.tables(table.assign(exported_path=table["path"]), by_split=True):
            (folder / name).write_bytes(content)
    return table


def _free_name(folder: str, member: Member, suffix: str, taken: set[str]) -> str:
    """Name the file of an image by origin and path; by content too, and then by number, where that is taken already.

    A manifest of several sources may hold the same path twice, with different images or the same.
    """
    name = f"{member.origin}:{member.location.path}"
    numbered = (f":{member.sha256}:{number}" for number in itertools.count(2))
    digests = (
        hashlib.sha256(f"{name}{more}".encode()).hexdigest()[:16]
        for more in itertools.chain(("", f":{member.sha256}"), numbered)
    )
    path = next(path for digest in digests if same_file(path := f"{folder}/{digest}{suffix}") not in taken)
    taken.add(same_file(path))
    return path


def _read(source: Source, member: Member) -> bytes:
    """Read an image that was measured a moment ago; raises `SourceError` where it is another one by now."""
    try:
        data = source.read(member.location.path, offset=member.location.offset, size=member.location.size_bytes) or b""
    except OSError as error:
        why = error.strerror or "it is not there"
        raise SourceError(f"{member.address} cannot be read any more ({why}); run the build again") from error
    if hashlib.sha256(data).hexdigest() != member.sha256:
        raise SourceError(f"{member.address} has changed while the set was built; run the audit again")
    return data


def _changed(data: bytes, member: Member, recipe: BuildRecipe, faces: FacesSettings) -> tuple[bytes, str]:
    """Make the image that the recipe wants, as a PNG, and say which part of the original it shows."""
    image = decode(data, DecodeLimits()).image
    if image is None:
        raise SourceError(f"{member.address} cannot be decoded any more; run the audit again and drop it")
    result = shaped(image, recipe.image, faces)
    buffer = io.BytesIO()
    result.image.save(buffer, "PNG")
    return buffer.getvalue(), " ".join(map(str, result.crop)) if recipe.image.crop != "none" else ""
