"""Decisions about images that are found otherwise now: the same bytes at another path are the same image, and one that
is suggested to stay is so whatever its copies are; a copy is one of the same bytes wherever these lie.

Pure. A decision is carried to the same kind of finding about the same content; it keeps its reviewer and its
time, and its note says where the image was, so that replaying the log needs nothing but the log.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from curate.reviewing.fold import IMAGE, Decision, Key, fold, note_of_move
from curate.schema import GROUP_KINDS, Action, Role

_Sort = tuple[str, str, str]
"""Scanner, kind and role: what is the same of two findings about an image before and after it moved.

A keeper's finding bears the kind of its closest copy, which may go while the others stay: it counts as of none.
"""
_ITSELF: _Sort = ("", "", IMAGE)
"""Of a decision about an image that nobody flagged."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A standing decision and the finding it now speaks for as well."""

    decision: Decision
    finding_id: str
    path: str

    @property
    def note(self) -> str | None:
        """The note for the log: that of the decision, and where the image was."""
        return self.decision.note if self.path == self.decision.path else note_of_move(self.decision)


def carried(
    log: Sequence[Decision],
    before: pd.DataFrame,
    after: pd.DataFrame,
    hashes: Mapping[str, str | None],
    earlier: Mapping[str, str | None] = MappingProxyType({}),
) -> list[Carried]:
    """Return what to append to the log: each decision that has lost its image or finding, on what is found now.

    `before` and `after` are findings; `hashes` is the content at each path now, `earlier` at the last audit. A decision
    is lost where its image has left its path, the group that it leads has other findings now, or the image that it is a
    copy of lies elsewhere. A finding that was decided on already is left alone, also where that was taken back, and a
    decision goes to all findings of its sort about its content; of several the one from the place most like it, then
    the first. One about an image that nobody flagged moves with the image.
    """
    standing = fold(log).standing
    decided = {(decision.key, decision.sha256) for decision in log if decision.action is not Action.UNDO}
    left = _Left(hashes, earlier)
    same_keeper = dict(_kept_by(before, earlier).items() & _kept_by(after, hashes).items())
    sorts_before, sorts_now = dict(_sorts(before)), dict(_sorts(after))
    lost: dict[tuple[str | None, _Sort], list[Decision]] = defaultdict(list)
    for decision in sorted(standing.values(), key=lambda decision: decision.id):
        sort = _ITSELF if decision.finding_id == IMAGE else sorts_before.get(decision.key)
        if not decision.sha256 or not sort:
            continue
        keeper_moved = decision.key not in sorts_now and (decision.path, sort) in same_keeper
        if keeper_moved or left.by(decision) or _leads_otherwise(decision, sort, sorts_now):
            lost[decision.sha256, sort].append(decision)
    moved = []
    for (finding_id, path), sort in _places(sorts_now, hashes) if lost else ():
        known = lost.get((hashes.get(path), sort), [])
        candidates = [decision for decision in known if decision.path == path or left.by(decision)]
        if candidates and ((finding_id, path), hashes.get(path)) not in decided:
            moved.append(Carried(max(candidates, key=lambda one: _alike(one.path, path)), finding_id, path))
    return sorted(moved, key=lambda one: (one.decision.id, one.finding_id, one.path))


class _Left:
    """Tells paths that an image has left from those where it was written anew: a decision about that one is stale."""

    def __init__(self, hashes: Mapping[str, str | None], earlier: Mapping[str, str | None]) -> None:
        self._hashes, self._earlier = hashes, earlier
        self._known = frozenset(earlier.values()) - {None}

    def by(self, decision: Decision) -> bool:
        """Say whether there is nothing at its path now, or an image that stood elsewhere, as in files numbered anew."""
        if decision.path not in self._hashes:
            return True
        was_there = self._earlier.get(decision.path) == decision.sha256
        now = self._hashes[decision.path]
        return was_there and now != decision.sha256 and now in self._known


def _leads_otherwise(decision: Decision, sort: _Sort, now: Mapping[Key, _Sort]) -> bool:
    """Say whether a decision changes what becomes of a group's keeper, by a finding that there is no more."""
    _, kind, role = sort
    leads = role == Role.KEEPER and not kind
    return leads and decision.action in {Action.DROP, Action.RELABEL} and decision.key not in now


def _kept_by(findings: pd.DataFrame, hashes: Mapping[str, str | None]) -> dict[tuple[str, _Sort], str]:
    """Return for each copy, by its path and sort of finding, the content of the image that is suggested to stay."""
    grouped = findings[findings["group_id"].notna()]
    is_keeper = grouped["role"] == Role.KEEPER
    kept = {group: hashes.get(path) for group, path in _rows(grouped[is_keeper], ["group_id", "path"])}
    copies = grouped[~is_keeper]
    groups = copies["group_id"].tolist()
    return {
        (path, sort): content
        for ((_, path), sort), group in zip(_sorts(copies), groups, strict=True)
        if (content := kept.get(group)) is not None
    }


def _places(now: Mapping[Key, _Sort], paths: Mapping[str, str | None]) -> Iterator[tuple[Key, _Sort]]:
    """Yield what decisions can be about: findings, and images themselves."""
    yield from now.items()
    yield from (((IMAGE, path), _ITSELF) for path in paths)


def _alike(one: str, other: str) -> int:
    """Count the parts at the end of two paths that are the same, as after a folder above was renamed."""
    same = 0
    for part, another in zip(reversed(one.split("/")), reversed(other.split("/")), strict=False):
        if part != another:
            break
        same += 1
    return same


def _sorts(findings: pd.DataFrame) -> Iterator[tuple[Key, _Sort]]:
    columns = ["finding_id", "path", "scanner", "kind", "role"]
    for finding_id, path, scanner, kind, role in _rows(findings, columns):
        yield (finding_id, path), (scanner, "" if role == Role.KEEPER and kind not in GROUP_KINDS else kind, role)


def _rows(table: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    yield from table[[*columns]].itertuples(index=False, name=None)
