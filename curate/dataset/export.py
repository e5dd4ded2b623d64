"""The cleaned dataset, and the proof that it is what the manifest says.

Invariants: a local export appears whole or not at all, in a bucket the sums come last; every image in it has
the content that was reviewed; `sha256sums.txt` beside the data lets anybody check it (`sha256sum -c` too).
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

import pandas as pd

from curate.dataset import layouts
from curate.dataset import manifest as manifests
from curate.dataset.layouts import Layout
from curate.errors import CurateError, SourceError, UndecidedError
from curate.schema import Verdict
from curate.sources import address as sources
from curate.sources import table as lists
from curate.storage.atomic import explained

Mode = Literal["copy", "hardlink", "symlink"]
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
    `CurateError` where the destination is in use, an image has changed since the scan, or one is still
    undecided; nothing is then written, but in a bucket files without their sums.
    """
    table = manifests.read(Path(manifest))
    if (table["action"] == Verdict.PENDING).any():
        raise UndecidedError(
            f"{manifest} holds undecided images; write it again with: curate manifest --pending keep|drop"
        )
    layout = layout or ("list" if lists.is_list(destination) else "folder")
    kept = table[table["action"] != Verdict.DROP].reset_index(drop=True)
    if source is not None:
        kept = kept.assign(source=str(source))
    kept = kept.assign(exported_path=_destinations(kept))
    if layout == "list":
        layouts.write_list(kept, str(destination))
        return kept
    if layout == "imagefolder":
        kept = layouts.with_split_folders(kept)
    address = sources.url(destination)
    if mode != "copy" and (address is not None or layout == "webdataset"):
        raise CurateError(f"--mode {mode} makes links between files of this machine; leave it out here")
    with _bucket(address) if address is not None else _folder(Path(destination)) as place:
        sums = layouts.write(kept, layout, mode, place)
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
        place.put(SUMS, lines.encode())
    return kept


def verify(destination: str | Path) -> Verification:
    """Hash every file of an exported folder or bucket again and compare with what was written.

    Of an exported list, every image that it names. Raises `SourceError` where it was not made by `export`.
    """
    if lists.is_list(destination):
        return _verify_list(str(destination))
    expected = _sums(destination)
    address = sources.url(destination)
    if address is not None:
        present = {entry.path for entry in sources.entries(address)} - {SUMS}
    else:
        folder = Path(destination)
        present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {SUMS}
    changed = [name for name in sorted(present & set(expected)) if _digest(destination, name) != expected[name]]
    return Verification(
        checked=len(expected),
        changed=changed,
        missing=sorted(set(expected) - present),
        extra=sorted(present - set(expected)),
    )


def _sums(destination: str | Path) -> dict[str, str]:
    try:
        text = (sources.read(destination, SUMS) or b"").decode()
    except OSError as error:
        raise SourceError(f"{destination} has no {SUMS}; give a folder made by: curate export") from error
    pairs = (line.partition("  ") for line in text.splitlines())
    return {name: digest for digest, _, name in pairs}


def _verify_list(address: str) -> Verification:
    columns, rows = lists.read_rows(address)
    if not {"path", "sha256"} <= set(columns):
        raise SourceError(f"{address} has no columns path and sha256; give a list made by: curate export")
    changed, missing = [], []
    for row in rows:
        try:
            if _digest("", str(row["path"])) != row["sha256"]:
                changed.append(str(row["path"]))
        except OSError:
            missing.append(str(row["path"]))
    return Verification(checked=len(rows), changed=changed, missing=missing)


def _digest(root: str | Path, name: str) -> str:
    if sources.is_plain(root, name):
        return layouts.sha256(Path(root) / name)
    return hashlib.sha256(sources.read(root, name) or b"").hexdigest()


@contextmanager
def _folder(destination: Path) -> Iterator[layouts.Place]:
    """A folder that gets its name when all is in it."""
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise CurateError(f"{destination} is not empty; give a folder that does not exist yet")
    with explained(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".tmp-", dir=destination.parent))
        try:
            yield layouts.Place(partial, None)
            partial.chmod(0o755)
            if destination.exists():
                destination.rmdir()
            partial.replace(destination)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


@contextmanager
def _bucket(address: str) -> Iterator[layouts.Place]:
    """A place in a remote store. Shards are put together here first."""
    if next(sources.entries(address), None) is not None:
        raise CurateError(f"{address} is not empty; give a place where there is nothing yet")
    with tempfile.TemporaryDirectory(prefix="curate-") as folder:
        yield layouts.Place(Path(folder), address.rstrip("/"))


def _destinations(kept: pd.DataFrame) -> list[str]:
    """Where each image goes: its own path, or the folder of its new label; names made unique by content."""
    taken: set[str] = set()
    result = []
    for path, label, final, sha256 in zip(
        kept["path"], kept["label"], kept["final_label"], kept["sha256"], strict=True
    ):
        place = PurePosixPath(path)
        if sources.in_tar(path) is not None and final is not None:
            place = PurePosixPath(layouts.safe(str(final)), place.name)
        elif label != final and final is not None:
            place = _moved(place, label, str(final))
        if str(place) in taken:
            place = place.with_name(f"{place.stem}-{str(sha256)[:8]}{place.suffix}")
        while str(place) in taken:
            place = place.with_name(f"{place.stem}_{place.suffix}")
        taken.add(str(place))
        result.append(str(place))
    return result


def _moved(place: PurePosixPath, label: str | None, final: str) -> PurePosixPath:
    parts = list(place.parts)
    if label in parts[:-1]:
        parts[parts.index(label)] = layouts.safe(final)
        return PurePosixPath(*parts)
    return PurePosixPath(layouts.safe(final), *parts)
