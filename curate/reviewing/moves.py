"""Decisions about images that have moved: the same bytes at another path are the same image.

Pure. A decision is carried to the same kind of finding about the same content; it keeps its reviewer and its
time, and its note says where the image was, so that replaying the log needs nothing but the log.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from curate.reviewing.fold import Decision, fold

_Sort = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Carried:
    """A standing decision and the finding it now speaks for as well."""

    decision: Decision
    finding_id: str
    path: str

    @property
    def note(self) -> str:
        """What the log will say."""
        moved = f"moved from {self.decision.path}"
        return f"{self.decision.note} ({moved})" if self.decision.note else moved


def carried(
    log: Sequence[Decision], before: pd.DataFrame, after: pd.DataFrame, hashes: Mapping[str, str | None]
) -> list[Carried]:
    """What to append: for decisions whose image has left its path, the findings of `after` about the same bytes.

    `before` and `after` are findings; `hashes` is the content at each path now.
    """
    standing = fold(log).standing
    gone = [decision for decision in standing.values() if decision.path not in hashes and decision.sha256]
    if not gone:
        return []
    sort_of = {(row[0], row[1]): row[2:] for row in _rows(before)}
    now: dict[tuple[str, _Sort], list[tuple[str, str]]] = defaultdict(list)
    for finding_id, path, *sort in _rows(after):
        content = hashes.get(path)
        if content is not None and (finding_id, path) not in standing:
            now[content, (sort[0], sort[1], sort[2])].append((finding_id, path))
    result = []
    for decision in sorted(gone, key=lambda item: item.id):
        known = sort_of.get((decision.finding_id, decision.path))
        if known is not None and decision.sha256 is not None:
            places = now.pop((decision.sha256, (known[0], known[1], known[2])), [])
            result += [Carried(decision, finding_id, path) for finding_id, path in sorted(places)]
    return result


def _rows(findings: pd.DataFrame) -> list[tuple[str, ...]]:
    columns = ["finding_id", "path", "scanner", "kind", "role"]
    return list(findings[columns].itertuples(index=False, name=None))
