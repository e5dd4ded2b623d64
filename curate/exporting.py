"""The cleaned folder, and the proof that it is what the manifest says.

Invariants: the folder appears whole or not at all; every file in it has the content that was reviewed;
`sha256sums.txt` beside the classes lets anybody check it (`sha256sum -c` too).
"""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

import pandas as pd

from curate import manifests
from curate.errors import CurateError, SourceError, UndecidedError
from curate.schema import Verdict
from curate.workspace import explained

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
    manifest: str | Path, destination: str | Path, *, mode: Mode = "copy", source: str | Path | None = None
) -> pd.DataFrame:
    """Write the pictures that the manifest keeps, each in the folder of its final label.

    Returns the rows exported with their new `exported_path`. Raises `CurateError` where the destination
    is in use, a picture has changed since the scan, or one is still undecided; nothing is then written.
    """
    destination = Path(destination)
    table = manifests.read(Path(manifest))
    if (table["action"] == Verdict.PENDING).any():
        raise UndecidedError(
            f"{manifest} holds undecided pictures; write it again with: curate manifest --pending keep|drop"
        )
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise CurateError(f"{destination} is not empty; give a folder that does not exist yet")
    kept = table[table["action"] != Verdict.DROP].reset_index(drop=True)
    kept = kept.assign(exported_path=_destinations(kept))
    root = Path(source) if source else None
    with explained(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".tmp-", dir=destination.parent))
        try:
            sums = []
            for row in kept.itertuples(index=False):
                origin = (root or Path(str(row.source))) / str(row.path)
                _place(origin, partial / row.exported_path, str(row.sha256), mode)
                sums.append(f"{row.sha256}  {row.exported_path}\n")
            (partial / SUMS).write_text("".join(sums), encoding="utf-8")
            partial.chmod(0o755)
            if destination.exists():
                destination.rmdir()
            partial.replace(destination)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return kept


def verify(destination: str | Path) -> Verification:
    """Hash every file of an exported folder again and compare with what was written.

    Raises `SourceError` where the folder was not made by `export`.
    """
    folder = Path(destination)
    sums = folder / SUMS
    if not sums.is_file():
        raise SourceError(f"{folder} has no {SUMS}; give a folder made by: curate export")
    expected = {}
    for line in sums.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        expected[name] = digest
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path != sums}
    changed = [name for name in sorted(present & set(expected)) if _sha256(folder / name) != expected[name]]
    return Verification(
        checked=len(expected),
        changed=changed,
        missing=sorted(set(expected) - present),
        extra=sorted(present - set(expected)),
    )


def _destinations(kept: pd.DataFrame) -> list[str]:
    """Where each picture goes: its own path, or the folder of its new label; names made unique by content."""
    taken: set[str] = set()
    result = []
    for path, label, final, sha256 in zip(
        kept["path"], kept["label"], kept["final_label"], kept["sha256"], strict=True
    ):
        place = PurePosixPath(path)
        if label != final and final is not None:
            place = _moved(place, label, str(final))
        if str(place) in taken:
            place = place.with_name(f"{place.stem}-{str(sha256)[:8]}{place.suffix}")
        while str(place) in taken:
            place = place.with_name(f"{place.stem}_{place.suffix}")
        taken.add(str(place))
        result.append(str(place))
    return result


def _moved(place: PurePosixPath, label: str | None, final: str) -> PurePosixPath:
    safe = final.replace("/", "_").replace("\\", "_").strip(". ") or "_"
    parts = list(place.parts)
    if label in parts[:-1]:
        parts[parts.index(label)] = safe
        return PurePosixPath(*parts)
    return PurePosixPath(safe, *parts)


def _place(origin: Path, target: Path, sha256: str, mode: Mode) -> None:
    try:
        found = _sha256(origin)
    except OSError as error:
        raise SourceError(
            f"{origin} cannot be read ({error.strerror}); has the source moved? Give it with --source"
        ) from error
    if found != sha256:
        raise SourceError(f"{origin} has changed since the scan; run the audit again and review it anew")
    target.parent.mkdir(parents=True, exist_ok=True)
    if mode == "copy":
        shutil.copy2(origin, target)
    elif mode == "hardlink":
        os.link(origin, target)
    else:
        target.symlink_to(origin.resolve())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
