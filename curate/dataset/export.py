"""The cleaned dataset, and the proof that it is what the manifest says.

Invariants: a local export appears whole or not at all, in a bucket the sums come last; every image in it has
the content that was reviewed; `sha256sums.txt` beside the data lets anybody check it (`sha256sum -c` too).
"""

import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import pandas as pd

from curate.auditing import copies
from curate.dataset import annotated_layouts, datacard, layouts, parquet_layout, splits
from curate.dataset import manifest as manifests
from curate.dataset.dedupe import Deduplicator, locations
from curate.dataset.flags import audits_near, flags_near, groups_near, known_near
from curate.dataset.layouts import ExportTarget
from curate.dataset.placement import Kept, folder_names, place
from curate.dataset.relocation import Say, sources_of, workspaces_near
from curate.dataset.reuse import folders_walked
from curate.errors import CurateError, SourceError, flag_of, path_of, refuse_uncallable, refuse_unknown
from curate.options import Layout, Mode
from curate.sources import Source, clutter, objects, source_at
from curate.sources import columns as lists
from curate.sources.address import as_path, in_container, refuse_inside, url
from curate.sources.classes import same_file
from curate.storage.atomic import atomic_folder

SUMS = "sha256sums.txt"
_PACKED = frozenset({"webdataset", "parquet"})
"""Forms that hold copies of the images within files of their own."""
_ANNOTATED = {
    "fiftyone": annotated_layouts.write_fiftyone,
    "label-studio": annotated_layouts.write_label_studio,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What `verify` found: paths relative to the folder."""

    checked: int
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything is as it was written."""
        return not (self.changed or self.missing or self.extra)


def export(  # noqa: PLR0913 - each is a command-line option
    manifest: str | Path,
    destination: str | Path,
    *,
    mode: Mode = "copy",
    source: str | Path | Sequence[str] | None = None,
    layout: Layout | None = None,
    repair_splits: bool = False,
    say: Say | None = None,
) -> pd.DataFrame:
    """Write the images that the manifest keeps, each under its final label and its split.

    `layout` says in what form; without it, a list where `destination` is called .csv, .jsonl or .parquet, else a
    folder per class, below one per split where every image has one. `destination` may be a URL; `source` is where the
    images are now (OLD=NEW, or several of them, where the manifest knows several sources). With `repair_splits` copies
    that stand in several splits all go to one of them (`splits.repaired`). `say` is told what a person should know.
    Returns the rows exported with their new `exported_path`. Raises `CurateError` where the destination is in use, an
    image has changed since the scan, one is still undecided, or two classes would share a folder; nothing is then
    written, but in a bucket files without their sums.

    >>> curate.export("approved.csv", "cleaned")["exported_path"].tolist()[:2]
    ['cats/000.jpg', 'cats/001.jpg']
    """
    refuse_uncallable("say", say)
    said = say or (lambda _: None)
    repair_splits = flag_of("repair_splits", repair_splits)
    refuse_unknown("mode", mode, get_args(Mode))
    if layout is not None:
        refuse_unknown("layout", layout, get_args(Layout))
    approved = path_of("manifest", manifest)
    destination = as_path(destination, "destination")
    table = manifests.read(approved)
    images = manifests.kept_of(table, approved, sources_of(source), said)
    refuse_inside(destination, folders_walked(approved, images["source"]), "the export")
    if repair_splits:
        images = _with_repaired_splits(approved, images, said)
    layout = layout or ("list" if lists.is_list(destination) else "folder")
    if layout == "list" and not lists.is_list(destination):
        raise CurateError(f"{destination}: the name of a list ends in {', '.join(lists.SUFFIXES)}")
    if layout == "folder":
        folder_names(images["final_label"].dropna())
    for note in manifests.notes_on_classes(table, images, Path(manifest)):
        said(f"note: {note}")
    columns = (images[name] for name in Kept._fields)
    placement = place([Kept(*row) for row in zip(*columns, strict=True)])
    images = images.assign(exported_path=pd.Series(placement.paths, images.index, dtype=object))
    if layout == "list":
        layouts.write_list(images, destination)
        return images
    if mode != "copy" and (url(destination) is not None or layout in _PACKED):
        raise CurateError(f"--mode {mode} makes links between files of this machine; leave it out here")
    with _opened(destination) as target:
        if layout == "webdataset":
            sums = layouts.write_shards(images, target)
        elif layout == "parquet":
            sums = parquet_layout.write_parquet(images, target)
        elif layout in _ANNOTATED:
            sums = _ANNOTATED[layout](images, mode, target, _flags(approved, images, said))
        else:
            asked = layout == "imagefolder" or placement.tables
            sums = layouts.write_files(images, mode, target, with_tables=asked, by_split=placement.by_split)
            for note in placement.notes:
                said(f"note: {note}")
        sums |= _put_documents(target, images, layout, sums)
        target.put(SUMS, "".join(_sum_line(name, digest) for name, digest in sorted(sums.items())).encode())
    return images


def _with_repaired_splits(manifest: Path, images: pd.DataFrame, said: Say) -> pd.DataFrame:
    """Give the copies of one image one split; raises `CurateError` where no workspace says which are copies."""
    groups = _groups(manifest, images)
    lacking = known_near(manifest, images).count(False)
    if groups is None or lacking:
        raise CurateError(
            f"--repair-splits asks which images are copies of one another, and no workspace lies with {manifest} that "
            f"has audited them ({lacking:,} of the images); put the manifest into the workspace of its audit, or "
            "beside it"
        )
    repaired = splits.repaired(groups, list(images["split"]))
    moved = Counter((old, new) for old, new in zip(images["split"], repaired, strict=True) if old != new)
    for (old, new), count in sorted(moved.items()):
        said(f"moved from {old} to {new}, where a copy stands: {count:,} of the images")
    if not moved:
        said("no copies stand in several splits: nothing is moved")
    return images.assign(split=pd.Series(repaired, images.index, dtype=object))


def _groups(manifest: Path, images: pd.DataFrame) -> list[str] | None:
    """Return the group of copies of each image; None where no workspace lies near.

    Where an audit cannot tell all that it found of copies any more, they are looked for again.
    """
    groups = groups_near(manifest, images)
    audits = (workspace for workspace, _ in audits_near(manifest, zip(images["path"], images["sha256"], strict=True)))
    if groups is None or all(map(copies.are_told, audits)):
        return groups
    places = locations(images)
    with tempfile.TemporaryDirectory(prefix="curate-groups-") as scratch:
        deduplicator = Deduplicator(Path(scratch) / "measured")
        deduplicator.take_over(workspaces_near(manifest), places)
        found = [one.group for one in deduplicator.groups(places)]
    return splits.joined(zip(groups, found, strict=True))


def _put_documents(
    target: ExportTarget, images: pd.DataFrame, layout: Layout, sums: Mapping[str, str]
) -> dict[str, str]:
    """Write the data card and the Croissant metadata, but none over an image of that name; return their sums."""
    taken = {same_file(file) for file in sums}
    texts = datacard.documents(images, layout)
    documents = {file: text.encode() for file, text in texts.items() if same_file(file) not in taken}
    for file, data in documents.items():
        target.put(file, data)
    return {file: hashlib.sha256(data).hexdigest() for file, data in documents.items()}


def _flags(manifest: Path, images: pd.DataFrame, said: Say) -> annotated_layouts.Flags:
    """Return the findings about images; none, and `said` is told, where no workspace lies with the manifest."""
    flags = flags_near(manifest, images)
    if flags is None:
        said(f"note: no workspace lies with {manifest}, so what was found in the images is not written with them")
    return flags or {}


def verify(destination: str | Path) -> Verification:
    """Hash every file of an exported folder or bucket again and compare with what was written.

    Of an exported list, every image that it names. Raises `SourceError` where it was not made by `export`.

    >>> curate.verify("cleaned").ok
    True
    """
    destination = as_path(destination)
    if lists.is_list(destination):
        return _verify_list(destination)
    source = source_at(destination)
    expected = _sums(source, destination)
    address = url(destination)
    if address is not None:
        present = {entry.path for entry in objects.entries(address)} - {SUMS}
    else:
        folder = Path(destination)
        present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {SUMS}
    # What a file browser leaves behind, such as .DS_Store, is no change to the dataset.
    present = {name for name in present if name in expected or not clutter.is_clutter(name)}
    changed = [name for name in sorted(present & set(expected)) if _digest(source, name) != expected[name]]
    return Verification(
        checked=len(expected),
        changed=changed,
        missing=sorted(set(expected) - present),
        extra=sorted(present - set(expected)),
    )


def _sums(source: Source, destination: str | Path) -> dict[str, str]:
    """Read the hash of every file, by its path, from the sums that an export has left."""
    try:
        text = (source.read(SUMS) or b"").decode()
    except OSError as error:
        raise SourceError(f"{destination} has no {SUMS}; give a folder made by: curate export") from error
    return dict(_read_sum(line) for line in text.split("\n") if line)


def _sum_line(name: str, digest: str) -> str:
    """Write a line of sums as `sha256sum` does: one whose name holds a line break begins with a backslash."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == name else chr(92)}{digest}  {escaped}\n"


def _read_sum(line: str) -> tuple[str, str]:
    """Read the name and the digest of a line of sums."""
    digest, _, name = line.partition("  ")
    if not digest.startswith("\\"):
        return name, digest
    unescaped = re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), name)
    return unescaped, digest[1:]


def _verify_list(address: str) -> Verification:
    columns, rows = lists.read_rows(address)
    if not {"path", "sha256"} <= set(columns):
        raise SourceError(f"{address} has no columns path and sha256; give a list made by: curate export")
    changed, missing = [], []
    for row in rows:
        image = str(row["path"])  # an exported list holds whole addresses
        file, _ = in_container(image) or (image, "")
        folder = file.rpartition("/")[0]
        try:
            if _digest(source_at(folder or "/"), image.removeprefix(f"{folder}/")) != row["sha256"]:
                changed.append(image)
        except OSError:
            missing.append(image)
    return Verification(checked=len(rows), changed=changed, missing=missing)


def _digest(source: Source, path: str) -> str:
    file = source.plain_file(path)
    return layouts.file_sha256(file) if file else hashlib.sha256(source.read(path) or b"").hexdigest()


@contextmanager
def _opened(destination: str | Path) -> Iterator[ExportTarget]:
    """Open a folder that gets its name when all is in it, or a place in a remote store that is still empty."""
    address = url(destination)
    if address is None:
        with atomic_folder(Path(destination)) as partial:
            yield ExportTarget(partial, None)
        return
    if next(objects.entries(address), None) is not None:
        raise CurateError(f"{address} is not empty; give a place where there is nothing yet")
    with tempfile.TemporaryDirectory(prefix="curate-") as folder:  # shards are put together here first
        yield ExportTarget(Path(folder), address.rstrip("/"))
