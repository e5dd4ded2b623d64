"""Which images stand under a kind of finding, and their previews.

Invariants: a copy is never shown without its keeper beside it; the choice depends on the findings alone, so
that the same workspace shows the same images; a file that a decoder failed on is not opened here.
"""

import base64
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from curate.auditing.summary import flagged
from curate.images.kinds import NEVER_DECODED
from curate.reviewing.previews import preview
from curate.schema import GROUP_KINDS, Role
from curate.sources import Source
from curate.storage.workspace import Workspace

LIMIT = 12
"""Images under one kind, keepers included."""
GROUP_LIMIT = 4
"""Images of one group, so that an image copied a hundred times leaves room for others."""
SIDE_PX = 240

Row = Mapping[str, Any]
Absence = Literal["not_opened", "file_missing", "nothing_left"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Images that belong side by side: one alone, or a keeper (None if the queue has none) and its copies.

    `more` counts the copies of the group that are not shown.
    """

    keeper: Row | None = None
    members: list[Row]
    more: int = 0

    @property
    def shown(self) -> int:
        """Count the flagged images that it shows."""
        return len(self.members)

    @property
    def image_count(self) -> int:
        """Count the images that it shows."""
        return len(self.members) + (self.keeper is not None)


def choose(findings: pd.DataFrame, kind: str, limit: int = LIMIT) -> list[Group]:
    """Choose up to `limit` images of a kind from findings: the worst of each class in turn.

    A group of duplicates counts with its keeper and comes whole, as far as the limits allow.
    """
    chosen: list[Group] = []
    left = limit
    for group in _in_turn(_groups(findings, kind)):
        room = min(left, GROUP_LIMIT) - (group.keeper is not None)
        if room < 1:
            break
        cut = Group(keeper=group.keeper, members=group.members[:room], more=len(group.members[room:]))
        chosen.append(cut)
        left -= cut.image_count
    return chosen


def largest(findings: pd.DataFrame, count: int) -> list[Group]:
    """Choose the `count` groups of duplicates with the most copies; each shows `GROUP_LIMIT` images at most."""
    keepers = _keepers(findings, across=False)
    rows = flagged(findings)
    rows = rows[rows["group_id"].notna() & ~rows["kind"].isin(GROUP_KINDS)].sort_values(["group_id", "path"])
    members: dict[str, list[Row]] = defaultdict(list)
    for row in rows.drop_duplicates(["group_id", "path"]).to_dict("records"):
        members[row["group_id"]].append(row)
    names = sorted(members, key=lambda name: (-len(members[name]), members[name][0]["path"]))[:count]
    room = GROUP_LIMIT - 1
    return [
        Group(keeper=keepers.get(name), members=members[name][:room], more=len(members[name][room:])) for name in names
    ]


def _groups(findings: pd.DataFrame, kind: str) -> list[Group]:
    """Group all images of a kind, the worst group first."""
    keepers = _keepers(findings, across=kind in GROUP_KINDS)
    rows = flagged(findings)
    rows = rows[rows["kind"] == kind].sort_values(["score", "path"], ascending=[False, True], kind="stable")
    members: dict[str, list[Row]] = defaultdict(list)
    for row in rows.drop_duplicates("path").to_dict("records"):
        members[row["group_id"] or row["path"]].append(row)
    return [Group(keeper=keepers.get(name), members=group) for name, group in members.items()]


def _keepers(findings: pd.DataFrame, *, across: bool) -> dict[str, Row]:
    """Find the keeper of each group, with the reason why it is (or, `across`, with where its copies stand)."""
    rows = findings[(findings["role"] == Role.KEEPER) & (findings["kind"].isin(GROUP_KINDS) == across)]
    return {row["group_id"]: row for row in rows.to_dict("records")}


def _in_turn(groups: list[Group]) -> Iterator[Group]:
    """Yield groups of the first class, the second, ... and round again, so that every class is seen."""
    waiting: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        waiting[group.members[0]["label"] or ""].append(group)
    turn = 0
    while any(turn < len(queue) for queue in waiting.values()):
        yield from (waiting[label][turn] for label in sorted(waiting) if turn < len(waiting[label]))
        turn += 1


def data_uri(jpeg: bytes) -> str:
    """Write a JPEG as a data URI."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


class Previews:
    """Previews of a workspace's images as data URIs, and why there is none."""

    def __init__(self, workspace: Workspace, source: Source, images: pd.DataFrame, findings: pd.DataFrame) -> None:
        self._workspace = workspace
        self._source = source
        self._hashes = dict(zip(images["path"], images["sha256"], strict=True))
        self._unsafe = frozenset(findings.loc[findings["kind"].isin(NEVER_DECODED), "path"])

    def jpeg(self, path: str, side_px: int = SIDE_PX) -> bytes | None:
        """Return a preview of an image, its longer side at most `side_px`; None where there is nothing to show."""
        if path in self._unsafe:
            return None
        return preview(self._workspace, self._source, path, self._hashes.get(path), side_px)

    def uri(self, path: str) -> str | None:
        """Return a data URI of the preview of an image; None where there is nothing to show."""
        jpeg = self.jpeg(path)
        return None if jpeg is None else data_uri(jpeg)

    def absence(self, path: str) -> Absence:
        """Say why there is no preview of an image."""
        if path in self._unsafe:
            return "not_opened"
        return "nothing_left" if self._source.exists(path) else "file_missing"
