"""What scanners have said of the images of a manifest, from the workspace that lies with it."""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from curate.dataset.relocation import workspaces_near
from curate.errors import WorkspaceError
from curate.schema import Category, Severity

LABEL_CONFLICT = "label_conflict"
"""The kind that is no finding of the category `label` and doubts a label all the same."""


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


def flags_near(manifest: Path, images: pd.DataFrame) -> dict[tuple[str, str], list[Flag]] | None:
    """Return the findings about images, by (path, sha256), the worst of each kind; None where no workspace lies near.

    `images` has columns `path` and `sha256`. A finding is about content: of an image that has changed there are none.
    """
    wanted = set(zip(images["path"], images["sha256"], strict=True))
    found: dict[tuple[str, str], list[Flag]] = {}
    is_near = False
    for workspace in workspaces_near(manifest):
        with suppress(WorkspaceError):
            table, findings = workspace.read_images(), workspace.read_findings()
            is_near = True
            sha256_of = dict(zip(table["path"], table["sha256"], strict=True))
            for row in findings.to_dict("records"):
                key = (row["path"], sha256_of.get(row["path"]))
                if key in wanted:
                    found.setdefault(key, []).append(_flag(row))
    return {key: _worst(flags) for key, flags in found.items()} if is_near else None


def _flag(row: dict[str, Any]) -> Flag:
    suggested = json.loads(row["evidence"] or "{}").get("suggested")
    return Flag(row["kind"], row["category"], float(row["score"]), row["severity"], row["reason"], suggested)


def _worst(flags: Iterable[Flag]) -> list[Flag]:
    """Select the finding of each kind with the highest score, by name of the kind."""
    worst: dict[str, Flag] = {}
    for flag in sorted(flags, key=lambda flag: flag.score):
        worst[flag.kind] = flag
    return [worst[kind] for kind in sorted(worst)]
