"""Which flagged images the page shows, how large, and which it lists: whatever there is, within a size.

Invariants: every flagged image of a kind is a card, a row of the kind's list, or counted as standing in the CSV
alone; rows go before images, since a row says what was found and decided; room is shared out evenly among kinds; the
same workspace gives the same choice.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, zip_longest

import pandas as pd

from curate.auditing import gallery
from curate.auditing.gallery import Group, Previews, Row
from curate.reports import tables
from curate.reviewing.previews import smaller
from curate.schema import Severity

PAGE_BYTES = 4_900_000
"""What the page may come to, whatever the number of findings."""
ROWS_SHARE = 0.6
CARD_SIDES_PX = (480, 360, 240, 180, 128, 96, 64)
ROW_SIDES_PX = (240, 160, 128, 96, 64)
_SAMPLED = 40
"""Rows whose small images are made to foretell the size of all."""
_MARGIN = 1.1
"""How much larger than foretold the small images may come out."""
_IMAGE_MARKUP_BYTES = 260
"""What stands around a preview, but for the name of its image."""

Cost = Callable[[Row], int]
"""The bytes that a row of a list takes on the page, without its image."""


_Key = tuple[str, bool]
"""A kind, and whether its images are flagged or merely inform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The images of one kind: `groups` as cards, `rows` in a list, and how many more stand in the CSV alone."""

    groups: Sequence[Group] = ()
    rows: Sequence[Row] = ()
    left_out: int = 0

    @property
    def shown(self) -> int:
        """Count the flagged images that are cards."""
        return sum(group.shown for group in self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """The images of each kind, by its name, and their previews as data URIs, by path; those of rows are smaller.

    `informing` are the images of kinds, or of some cases of them, that ask for no decision: only listed.
    """

    parts: Mapping[str, Part]
    informing: Mapping[str, Part] = field(default_factory=dict)
    cards: Mapping[str, str] = field(default_factory=dict)
    thumbnails: Mapping[str, str] = field(default_factory=dict)


def bare(outcomes: pd.DataFrame, kinds: Sequence[str]) -> Album:
    """Return the cards of every kind (`gallery.choose`), without previews: what the page needs beside its lists."""
    return Album(parts={kind: Part(groups=gallery.choose(outcomes, kind)) for kind in kinds})


def filled(album: Album, outcomes: pd.DataFrame, previews: Previews, room_bytes: int, cost: Cost) -> Album:
    """Fill a bare album with lists and previews that take at most `room_bytes` on the page.

    Lists take `ROWS_SHARE` of the room at most, and previews what then is left: on cards as large as they fit,
    then beside rows.
    """
    informing = outcomes[outcomes["severity"] == Severity.INFO].groupby("kind", sort=True)
    waiting = {(kind, True): _unshown(outcomes, kind, part.groups) for kind, part in album.parts.items()}
    waiting |= {(str(kind), False): _one_each(rows) for kind, rows in informing}
    listed = _within(waiting, cost, int(room_bytes * ROWS_SHARE))
    more = {key: Part(rows=listed[key], left_out=len(rows) - len(listed[key])) for key, rows in waiting.items()}
    room = room_bytes - sum(cost(row) for rows in listed.values() for row in rows)
    cards = _cards(Counter(_paths_of_cards(album)), previews, room)
    room -= sum(size for _, size in cards.values())
    in_turn = zip_longest(*(listed[kind, True] for kind in album.parts))
    rows = Counter(row["path"] for turn in in_turn for row in turn if row is not None)
    thumbnails = _thumbnails(rows, previews, room)
    return Album(
        parts={kind: replace(more[kind, True], groups=part.groups) for kind, part in album.parts.items()},
        informing={kind: part for (kind, is_flagged), part in more.items() if not is_flagged},
        cards={path: uri for path, (uri, _) in cards.items()},
        thumbnails={path: uri for path, (uri, _) in thumbnails.items()},
    )


def _unshown(outcomes: pd.DataFrame, kind: str, groups: Sequence[Group]) -> list[Row]:
    """Return the flagged images of a kind that are no cards, the worst first."""
    shown = {member["path"] for group in groups for member in group.members}
    return [row for row in _one_each(tables.flagged(outcomes).query("kind == @kind")) if row["path"] not in shown]


def _one_each(rows: pd.DataFrame) -> list[Row]:
    ordered = rows.sort_values(["score", "path"], ascending=[False, True], kind="stable")
    found: list[Row] = ordered.drop_duplicates("path").to_dict("records")
    return found


def _within(waiting: Mapping[_Key, Sequence[Row]], cost: Cost, room_bytes: int) -> dict[_Key, Sequence[Row]]:
    """Cut lists so that they fit together; one that needs less than an even share leaves the rest to the others."""
    totals = {key: list(accumulate(map(cost, rows))) for key, rows in waiting.items()}
    found: dict[_Key, Sequence[Row]] = {}
    by_need = sorted(totals, key=lambda key: totals[key][-1] if totals[key] else 0)
    for position, key in enumerate(by_need):
        count = bisect_right(totals[key], room_bytes // (len(by_need) - position))
        found[key] = waiting[key][:count]
        room_bytes -= totals[key][count - 1] if count else 0
    return found


_Made = dict[str, tuple[str, int]]
"""Data URIs by path, each with the bytes that it takes on the page, as often as it stands there."""


def _paths_of_cards(album: Album) -> Iterator[str]:
    for part in album.parts.values():
        for group in part.groups:
            yield from (row["path"] for row in [*([group.keeper] if group.keeper else []), *group.members])


def _cards(paths: Counter[str], previews: Previews, room_bytes: int) -> _Made:
    """Make the previews of cards, given as how often each path stands there, as large as they fit."""
    largest = {path: jpeg for path in paths if (jpeg := previews.jpeg(path, CARD_SIDES_PX[0])) is not None}
    made: _Made = {}
    for side in CARD_SIDES_PX:
        made = {path: _made(smaller(jpeg, side), paths[path]) for path, jpeg in largest.items()}
        if sum(size for _, size in made.values()) <= room_bytes:
            return made
    return dict(_first(made.items(), room_bytes))


def _thumbnails(paths: Counter[str], previews: Previews, room_bytes: int) -> _Made:
    """Make the previews of rows as large as all fit; where none so small do, of the first rows."""
    known = list(paths)
    sample = [previews.jpeg(path, CARD_SIDES_PX[0]) for path in known[:: max(1, len(known) // _SAMPLED)]]
    sampled = [jpeg for jpeg in sample if jpeg is not None]
    if not sampled:
        return {}

    def expected(side: int) -> float:
        sizes = [_made(smaller(jpeg, side), 1)[1] for jpeg in sampled]
        return _MARGIN * paths.total() * sum(sizes) / len(sizes)

    side = next((side for side in ROW_SIDES_PX if expected(side) <= room_bytes), ROW_SIDES_PX[-1])
    largest = ((path, previews.jpeg(path, CARD_SIDES_PX[0])) for path in known)
    made = ((path, _made(smaller(jpeg, side), paths[path])) for path, jpeg in largest if jpeg is not None)
    return dict(_first(made, room_bytes))


def _made(jpeg: bytes, times: int) -> tuple[str, int]:
    uri = gallery.data_uri(jpeg)
    return uri, times * (len(uri) + _IMAGE_MARKUP_BYTES)


def _first(made: Iterable[tuple[str, tuple[str, int]]], room_bytes: int) -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield what fits, up to the first that does not."""
    for path, (uri, size) in made:
        room_bytes -= size
        if room_bytes < 0:
            return
        yield path, (uri, size)
