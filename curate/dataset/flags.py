"""What scanners have said of the images of a manifest, from the workspace that lies with it."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from curate.auditing import copies
from curate.dataset.relocation import workspaces_near
from curate.dataset.splits import joined
from curate.errors import WorkspaceError
from curate.schema import FINDINGS, LABEL_CONFLICT, Category, Severity
from curate.storage.workspace import Workspace


class Flag(NamedTuple):
    """One finding about one image; `suggested` is the class that it takes for the right one, if it says."""

    kind: str
    category: str
    score: float
    severity: str
    reason: str
    suggested: str | None

    @property
    def doubts_label(self) -> bool:
        """Whether the finding says that the class may be wrong."""
        return self.severity != Severity.INFO and (self.category == Category.LABEL or self.kind == LABEL_CONFLICT)


Key = tuple[str, str]
"""An image: its path and the sha256 of its content."""


def flags_near(manifest: Path, images: pd.DataFrame) -> dict[Key, list[Flag]] | None:
    """Return the findings about images, the worst of each kind; None where no workspace near knows any of them.

    `images` has columns `path` and `sha256`. A finding is about content: of an image that has changed there are none.
    """
    found = _rows_near(manifest, images)
    return None if found is None else {key: _worst(map(_flag, rows)) for key, rows in found.items()}


def groups_near(manifest: Path, images: pd.DataFrame) -> list[str] | None:
    """Return the group of duplicates of each image, in their order; None where no workspace near knows any of them.

    Groups that have an image in common are one. An image that is no duplicate of any is a group of its own. What is
    only said for information, such as the same scene, groups nothing; nor does a path, or the id of a group, that two
    audits of different sources have in common. Copies of which an audit keeps no findings count (`copies.told`).
    """
    found = _rows_near(manifest, images, copies.told, ["path", "group_id", "severity"])
    if found is None:
        return None
    return joined(
        [
            _name(key),
            *(_group(row) for row in found.get(key, ()) if row["group_id"] and row["severity"] != Severity.INFO),
        ]
        for key in zip(images["path"], images["sha256"], strict=True)
    )


def known_near(manifest: Path, images: pd.DataFrame) -> list[bool]:
    """Say of each image whether a workspace that lies near has audited it."""
    keys = [*zip(images["path"], images["sha256"], strict=True)]
    known = {key for _, audited in audits_near(manifest, keys) for key in audited}
    return [key in known for key in keys]


def audits_near(manifest: Path, keys: Iterable[Key]) -> Iterator[tuple[Workspace, set[Key]]]:
    """Find the workspaces near a manifest that have audited some of these images, and which of them."""
    wanted = set(keys)
    for workspace in workspaces_near(manifest):
        try:
            table = workspace.read_images(["path", "sha256"])
        except WorkspaceError:  # one that is damaged says nothing
            continue
        known = wanted.intersection(zip(table["path"], table["sha256"], strict=True))
        if known:
            yield workspace, known


def note_on_copies(manifest: Path, images: pd.DataFrame) -> str | None:
    """Say that only default settings find the copies of images whose audit does not lie with the manifest, if so.

    A row of a built set names its group itself, in the column `group`.
    """
    named = images["group"].notna() if "group" in images else [False] * len(images)
    lacking = sum(not known and not told for known, told in zip(known_near(manifest, images), named, strict=True))
    if not lacking:
        return None
    return (
        f"no workspace that lies with {manifest} has audited these images ({lacking:,}), so copies among them are "
        "looked for by the default settings alone; what their audit found counts where the manifest lies in its "
        "workspace, or beside it"
    )


def _name(key: Key) -> str:
    path, sha256 = key
    return f"image:{sha256}:{path}"


def _group(row: Mapping[str, Any]) -> str:
    """Name a group of one workspace; images come before it, so that they name what they are joined to."""
    return f"in {row['workspace']}: {row['group_id']}"


def _rows_near(
    manifest: Path,
    images: pd.DataFrame,
    read: Callable[[Workspace], pd.DataFrame] = Workspace.read_findings,
    columns: Sequence[str] = FINDINGS.names,
) -> dict[Key, list[dict[str, Any]]] | None:
    """Return what workspaces that lie near have found, by image; None where none has audited any of the images."""
    found: dict[Key, list[dict[str, Any]]] = {}
    is_near = False
    for workspace, known in audits_near(manifest, zip(images["path"], images["sha256"], strict=True)):
        with suppress(WorkspaceError):
            findings = read(workspace)
            is_near = True
            sha256_of = dict(known)
            for row in findings[[*columns]].to_dict("records"):
                if row["path"] in sha256_of:
                    key = (row["path"], sha256_of[row["path"]])
                    found.setdefault(key, []).append({**row, "workspace": str(workspace.root)})
    return found if is_near else None


def _flag(row: dict[str, Any]) -> Flag:
    suggested = json.loads(row["evidence"] or "{}").get("suggested")
    return Flag(row["kind"], row["category"], float(row["score"]), row["severity"], row["reason"], suggested)


def _worst(flags: Iterable[Flag]) -> list[Flag]:
    """Select the finding of each kind with the highest score, by name of the kind."""
    worst: dict[str, Flag] = {}
    for flag in sorted(flags, key=lambda flag: flag.score):
        worst[flag.kind] = flag
    return [worst[kind] for kind in sorted(worst)]
