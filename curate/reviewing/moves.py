"""Decisions about images that are found otherwise now: the same bytes at another path are the same image, and one that
is suggested to stay is so whatever its copies are; a copy is one of the same bytes wherever these lie.

Pure. A decision is carried to the same kind of finding about the same content; it keeps its reviewer and its
time, and its note says where the image was, so that replaying the log needs nothing but the log. One that drops an
image, or gives it another class, goes along even where nothing flags that any more: so it is told that the image stays
(`fold.spared`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from curate.findings import stable_id
from curate.reviewing.fold import IMAGE, Decision, Key, fold, note_of_move
from curate.schema import GROUP_KINDS, Action, Role

_Sort = tuple[str, str, str]
"""Scanner, kind and role: what is the same of two findings about an image before and after it moved.

A keeper's finding bears the kind of its closest copy, which may go while the others stay: it counts as of none.
"""
_OF_ONE_PLACE = frozenset({Role.KEEPER, Role.COPY, IMAGE})
"""Roles in which a decision is about one of several places of an image: each keeps its own."""
_CHANGING = frozenset({Action.DROP, Action.RELABEL})
"""Actions by which an image does not stay as it is."""
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
    copy of lies elsewhere; one that drops it, where another image of its group is to stay, unless the one that it was
    dropped for has gone. A finding that was decided on already is left alone, also where that was taken back, and a
    decision goes to all findings of its sort about its content; of several the one from the place most like it, then
    the first. One about an image that nobody flagged, or that is one of a group, moves with the image, and to no other
    of its content; so does one that drops it, or gives it another class, whose finding has gone.
    """
    standing = fold(log).standing
    decided = {(decision.key, decision.sha256) for decision in log if decision.action is not Action.UNDO}
    left = _Left(hashes, earlier)
    led_before, led_now = _led_by(before), _led_by(after)
    sorts_before, sorts_now = dict(_sorts(before)), dict(_sorts(after))
    lost: dict[tuple[str | None, _Sort], list[Decision]] = defaultdict(list)
    for decision in sorted(standing.values(), key=lambda decision: decision.id):
        sort = _ITSELF if decision.finding_id == IMAGE else sorts_before.get(decision.key)
        if not decision.sha256 or not sort:
            continue
        is_gone, place = decision.key not in sorts_now, (decision.path, sort)
        keeper = led_before.get(place)
        if left.by(decision) or (is_gone and (left.is_same(keeper, led_now.get(place)) or _leads(decision, sort))):
            lost[decision.sha256, sort].append(decision)
        if is_gone and decision.action is Action.DROP and (sort[2] == Role.KEEPER or left.is_there_yet(keeper)):
            lost[decision.sha256, _in_group(sort)].append(decision)
    came_from = left.origins({sha256 for sha256, _ in lost})
    moved = []
    for (finding_id, path), sort in _places(sorts_now, hashes) if lost else ():
        sha256 = hashes.get(path)
        known = [*lost.get((sha256, sort), ()), *lost.get((sha256, _in_group(sort)), ())]
        candidates = [one for one in known if one.path == path or left.by(one)]
        if earlier and sort[2] in _OF_ONE_PLACE:
            candidates = [one for one in candidates if left.is_that_of(one, path, came_from)]
        if candidates and ((finding_id, path), sha256) not in decided:
            moved.append(Carried(max(candidates, key=lambda one: _alike(one.path, path)), finding_id, path))
    followed = {one.decision.id for one in moved}
    others = [one for one in standing.values() if one.action in _CHANGING and one.id not in followed and left.by(one)]
    known_there = {(path, sha256) for (_, path), sha256 in decided}
    gone = _unflagged(others, sorts_before, led_before, left)
    moved += [one for one in gone if (one.path, one.decision.sha256) not in known_there]
    return sorted(moved, key=lambda one: (one.decision.id, one.finding_id, one.path))


def _unflagged(
    decisions: Sequence[Decision], sorts: Mapping[Key, _Sort], led: Mapping[tuple[str, _Sort], str], left: "_Left"
) -> Iterator[Carried]:
    """Yield decisions whose finding has gone and whose image has moved, on what that finding would be there."""
    came_to = left.destinations({decision.sha256 for decision in decisions if decision.sha256})
    for decision in decisions:
        path = came_to.get(decision.path)
        if path is None or left.content_before(decision.path) != decision.sha256:
            continue
        sort = sorts.get(decision.key)
        keeper = led.get((decision.path, sort)) if sort else None
        yield Carried(decision, _id_at(path, decision, sort, keeper) if sort else decision.finding_id, path)


def _id_at(path: str, decision: Decision, sort: _Sort, keeper: str | None) -> str:
    """Return the id that the finding of a decision has about a path; its own where it is made of anything else."""
    scanner, kind, _ = sort
    rest = [keeper] if keeper else []
    if decision.finding_id == stable_id(scanner, kind, decision.path, *rest):
        return stable_id(scanner, kind, path, *rest)
    return decision.finding_id


class _Left:
    """Tells paths that an image has left from those where it was written anew: a decision about that one is stale."""

    def __init__(self, hashes: Mapping[str, str | None], earlier: Mapping[str, str | None]) -> None:
        self._hashes, self._earlier = hashes, earlier
        self._places, self._places_earlier = Counter(hashes.values()), Counter(earlier.values())

    def content_before(self, path: str) -> str | None:
        """Return what was at a path at the last audit."""
        return self._earlier.get(path)

    def destinations(self, contents: Set[str | None]) -> dict[str, str]:
        """Return where each image of some contents that has left its path is now, where it is anywhere."""
        return {before: path for path, before in self.origins(contents).items()}

    def origins(self, contents: Set[str | None]) -> dict[str, str]:
        """Return where each image of some contents that has come to a path was before, where it was anywhere."""
        gone, came = (
            _only_in(self._earlier, self._hashes, contents),
            _only_in(self._hashes, self._earlier, contents),
        )
        return {path: before for sha256 in contents for path, before in _paired(came[sha256], gone[sha256])}

    def is_that_of(self, decision: Decision, path: str, came_from: Mapping[str, str]) -> bool:
        """Say whether the image that a decision is about is the one at a path now, by where that was before.

        What has come from nowhere may be one that left before the last audit.
        """
        is_new = path not in came_from and self._earlier.get(path) != decision.sha256
        return decision.path == came_from.get(path, path) or (is_new and decision.path not in self._earlier)

    def is_same(self, path: str | None, path_now: str | None) -> bool:
        """Say whether the image that was at one path is that at another now."""
        content = self._earlier.get(path or "")
        return content is not None and self._hashes.get(path_now or "") == content

    def is_there_yet(self, path: str | None) -> bool:
        """Say whether the image that was at a path is there yet, or has moved: it stands in no fewer places."""
        content = self._earlier.get(path or "")
        moved = content is not None and self._places[content] >= self._places_earlier[content]
        return moved or self.is_same(path, path)

    def by(self, decision: Decision) -> bool:
        """Say whether there is nothing at its path now, or an image that stood elsewhere, as in files numbered anew."""
        if decision.path not in self._hashes:
            return True
        was_there = self._earlier.get(decision.path) == decision.sha256
        now = self._hashes[decision.path]
        return was_there and now != decision.sha256 and now is not None and now in self._places_earlier


def _leads(decision: Decision, sort: _Sort) -> bool:
    """Say whether a decision changes what becomes of a group's keeper."""
    return sort[2] == Role.KEEPER and decision.action in _CHANGING


def _led_by(findings: pd.DataFrame) -> dict[tuple[str, _Sort], str]:
    """Return for each copy, by its path and sort of finding, the path of the image that is suggested to stay."""
    grouped = findings[findings["group_id"].notna()]
    is_keeper = grouped["role"] == Role.KEEPER
    keepers, copies = grouped[is_keeper], grouped[~is_keeper]
    keeper_of = dict(zip(keepers["group_id"], keepers["path"], strict=True))
    groups = copies["group_id"].tolist()
    return {
        (path, sort): keeper_of[group]
        for ((_, path), sort), group in zip(_sorts(copies), groups, strict=True)
        if group in keeper_of
    }


def _in_group(sort: _Sort) -> _Sort:
    """Return the sort of what drops an image of a group, whichever of them was to stay and how near the others were."""
    scanner, kind, role = sort
    return (scanner, kind if kind in GROUP_KINDS else "", "") if role in {Role.KEEPER, Role.COPY} else sort


def _only_in(
    one: Mapping[str, str | None], other: Mapping[str, str | None], contents: Set[str | None]
) -> Mapping[str | None, list[str]]:
    """Return by content the paths where it stands in one table and not in the other."""
    paths: dict[str | None, list[str]] = defaultdict(list)
    for path, sha256 in one.items():
        if sha256 in contents and other.get(path) != sha256:
            paths[sha256].append(path)
    return paths


def _paired(came: Sequence[str], gone: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pair paths, each once, first those of which the most parts at the end are the same."""
    came, gone = sorted(came), sorted(gone)
    for parts in range(max((path.count("/") + 1 for path in came), default=0), -1, -1):
        waiting: dict[str, list[str]] = defaultdict(list)
        for path in reversed(gone):
            waiting[_end(path, parts)].append(path)
        paired = {path: waiting[_end(path, parts)].pop() for path in came if waiting[_end(path, parts)]}
        yield from paired.items()
        came = [path for path in came if path not in paired]
        gone = sorted(path for paths in waiting.values() for path in paths)


def _end(path: str, parts: int) -> str:
    return "/".join(path.split("/")[-parts:]) if parts else ""


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
    for finding_id, path, scanner, kind, role in findings[columns].itertuples(index=False, name=None):
        yield (finding_id, path), (scanner, "" if role == Role.KEEPER and kind not in GROUP_KINDS else kind, role)
