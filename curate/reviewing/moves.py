"""Decisions about images that have moved: the same bytes at another path are the same image.

Pure. A decision is carried to the same kind of finding about the same content; it keeps its reviewer and its
time, and its note says where the image was, so that replaying the log needs nothing but the log.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from curate.reviewing.fold import IMAGE, Decision, Key, fold

_Sort = tuple[str, str, str]
"""Scanner, kind and role: what is the same of two findings about an image before and after it moved."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A standing decision and the finding it now speaks for as well."""

    decision: Decision
    finding_id: str
    path: str

    @property
    def note(self) -> str:
        """The note for the log: that of the decision, and where the image was."""
        moved = f"moved from {self.decision.path}"
        return f"{self.decision.note} ({moved})" if self.decision.note else moved


def carried(
    log: Sequence[Decision], before: pd.DataFrame, after: pd.DataFrame, hashes: Mapping[str, str | None]
) -> list[Carried]:
    """Return what to append to the log: each decision whose image has left its path, on the findings it has now.

    `before` and `after` are findings; `hashes` is the content at each path now. A finding that was decided on
    already is left alone, and one decision moves to all findings of its sort about its content; one about an image that
    nobody flagged moves with the image.
    """
    standing = fold(log).standing
    homeless = [decision for decision in standing.values() if decision.path not in hashes and decision.sha256]
    if not homeless:
        return []
    sort_of = dict(_sorts(before))
    undecided: dict[tuple[str | None, _Sort], list[Key]] = defaultdict(list)
    for key, sort in _sorts(after):
        if hashes.get(key[1]) is not None and key not in standing:
            undecided[hashes[key[1]], sort].append(key)
    moved = []
    for decision in sorted(homeless, key=lambda decision: decision.id):
        if decision.finding_id == IMAGE:
            same = sorted(path for path, sha256 in hashes.items() if sha256 == decision.sha256)
            moved += [Carried(decision, IMAGE, path) for path in same if (IMAGE, path) not in standing]
        elif decision.key in sort_of:
            keys = undecided.pop((decision.sha256, sort_of[decision.key]), [])
            moved += [Carried(decision, finding_id, path) for finding_id, path in sorted(keys)]
    return moved


def _sorts(findings: pd.DataFrame) -> list[tuple[Key, _Sort]]:
    columns = ["finding_id", "path", "scanner", "kind", "role"]
    rows = findings[columns].itertuples(index=False, name=None)
    return [((finding_id, path), (scanner, kind, role)) for finding_id, path, scanner, kind, role in rows]
