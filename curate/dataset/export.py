"""The cleaned dataset, and the proof that it is what the manifest says.

Invariants: a local export appears whole or not at all, in a bucket the sums come last; every image in it has
the content that was reviewed; `sha256sums.txt` beside the data lets anybody check it (`sha256sum -c` too).
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pandas as pd

from curate.dataset import layouts
from curate.dataset import manifest as manifests
from curate.dataset.layouts import ExportTarget
from curate.errors import CurateError, SourceError
from curate.options import Layout, Mode
from curate.sources import Source, objects, source_at
from curate.sources import columns as lists
from curate.sources.address import in_tar, join, url
from curate.storage.atomic import atomic_folder

SUMS = "sha256sums.txt"


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


def export(
    manifest: str | Path,
    destination: str | Path,
    *,
    mode: Mode = "copy",
    source: str | Path | None = None,
    layout: Layout | None = None,
) -> pd.DataFrame:
    """Write the images that the manifest keeps, each under its final label.

    `layout` says in what form; without it, a list where `destination` is called .csv, .jsonl or .parquet, else a
    folder per class. `destination` may be a URL. Returns the rows exported with their new `exported_path`. Raises
    `CurateError` where the destination is in use, an image has changed since the scan, one is still undecided, or two
    classes would share a folder; nothing is then written, but in a bucket files without their sums.
    """
    images = manifests.kept_rows(Path(manifest))
    layout = layout or ("list" if lists.is_list(destination) else "folder")
    if source is not None:
        images = images.assign(source=str(source))
    if layout == "folder":
        layouts.folder_names(images["final_label"].dropna())
    images = images.assign(exported_path=_destinations(images))
    if layout == "list":
        layouts.write_list(images, str(destination))
        return images
    if layout == "imagefolder":
        images = layouts.with_split_folders(images)
    if mode != "copy" and (url(destination) is not None or layout == "webdataset"):
        raise CurateError(f"--mode {mode} makes links between files of this machine; leave it out here")
    with _opened(destination) as target:
        sums = layouts.write(images, layout, mode, target)
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
        target.put(SUMS, lines.encode())
    return images


def verify(destination: str | Path) -> Verification:
    """Hash every file of an exported folder or bucket again and compare with what was written.

    Of an exported list, every image that it names. Raises `SourceError` where it was not made by `export`.
    """
    if lists.is_list(destination):
        return _verify_list(str(destination))
    source = source_at(destination)
    expected = _sums(source, destination)
    address = url(destination)
    if address is not None:
        present = {entry.path for entry in objects.entries(address)} - {SUMS}
    else:
        folder = Path(destination)
        present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {SUMS}
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
    pairs = (line.partition("  ") for line in text.splitlines())
    return {name: digest for digest, _, name in pairs}


def _verify_list(address: str) -> Verification:
    columns, rows = lists.read_rows(address)
    if not {"path", "sha256"} <= set(columns):
        raise SourceError(f"{address} has no columns path and sha256; give a list made by: curate export")
    changed, missing = [], []
    anywhere = source_at(".")  # an exported list holds whole addresses
    for row in rows:
        try:
            if _digest(anywhere, str(row["path"])) != row["sha256"]:
                changed.append(str(row["path"]))
        except OSError:
            missing.append(str(row["path"]))
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


def _destinations(images: pd.DataFrame) -> list[str]:
    """Say where each image goes: its own path, or the folder of its new label; names made unique by content."""
    taken: set[str] = set()
    result = []
    columns = (images[name] for name in ("source", "path", "label", "final_label", "sha256"))
    for source, path, label, final, sha256 in zip(*columns, strict=True):
        target = PurePosixPath(path)
        if final is not None and in_tar(join(str(source), path)) is not None:
            target = PurePosixPath(layouts.folder_name(str(final)), target.name)
        elif final is not None and label != final:
            target = _moved(target, label, str(final))
        if str(target) in taken:
            target = target.with_name(f"{target.stem}-{str(sha256)[:8]}{target.suffix}")
        while str(target) in taken:
            target = target.with_name(f"{target.stem}_{target.suffix}")
        taken.add(str(target))
        result.append(str(target))
    return result


def _moved(path: PurePosixPath, label: str | None, final: str) -> PurePosixPath:
    """Move a relabelled image from the folder of its label to that of its new one."""
    parts = list(path.parts)
    if label in parts[:-1]:
        parts[parts.index(label)] = layouts.folder_name(final)
        return PurePosixPath(*parts)
    return PurePosixPath(layouts.folder_name(final), *parts)
