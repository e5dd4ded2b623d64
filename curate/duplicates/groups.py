"""What a group of duplicates comes to: which image stays, what each copy is to it, and how to say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from curate.duplicates import kinds
from curate.findings import Finding, KindSpec, stable_id
from curate.i18n import N_, Message, msg
from curate.schema import DecodeStatus, Role, Verdict

if TYPE_CHECKING:
    import pandas as pd

TEST = "test"
Columns = Mapping[str, npt.NDArray[Any]]
Rows = npt.NDArray[np.intp]
NEEDED = ("path", "label", "split", "sha256")
"""Columns that `findings` and those who group rows read, besides those of size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a copy is to its keeper, or to row `exact_of`, an exact copy of it among the other copies.

    `agreement` is the share of textured blocks that agree, `distance` the bits between the hashes, `residual` the
    largest local difference in grey levels; `gain` and `offset` turn the copy's tones into the keeper's.
    `transform` is how the copy lies when the keeper is upright. Where only a part is shared, the copy shows `share`
    of the keeper, and where only local features tell, `inliers` of them agree; `is_framed` says that what is not
    shared is a plain border. `engine` names another engine that answers for it.
    """

    kind: KindSpec
    agreement: float = 1.0
    correlation: float = 1.0
    distance: int = 0
    residual: float = 0.0
    gain: float = 1.0
    offset: float = 0.0
    transform: str | None = None
    exact_of: int | None = None
    inliers: int = 0
    share: float = 1.0
    is_framed: bool = False
    engine: str = ""

    def of_kind(self, kind: KindSpec) -> Match:
        """Return the same match under the name of its relation."""
        return replace(self, kind=kind)

    def evidence(self) -> dict[str, Any]:
        """Return the numbers behind it, for the finding."""
        if self.engine:
            return {"relation": self.kind.name, "similarity": round(self.agreement, 4), "engine": self.engine}
        if self.inliers:
            facts: dict[str, Any] = {
                "relation": self.kind.name,
                "alike": round(self.agreement, 3),
                "features": self.inliers,
                "share": round(self.share, 3),
            }
            return {**facts, "transform": self.transform} if self.transform else facts
        numbers: dict[str, Any] = {
            "relation": self.kind.name,
            "alike": round(self.agreement, 3),
            "distance": self.distance,
            "correlation": round(self.correlation, 4),
        }
        if self.kind == kinds.CROPPED or self.is_framed:
            return {**numbers, "share": round(self.share, 3)}
        numbers["residual"] = round(self.residual, 1)
        return {**numbers, "transform": self.transform} if self.transform else numbers


def inverse(match: Match) -> Match:
    """Return what the keeper is to the copy."""
    gain = max(match.gain, 1e-3)
    transform = inverse_transform(match.transform)
    return replace(match, gain=1 / gain, offset=-match.offset / gain, transform=transform)


def inverse_transform(transform: str | None) -> str | None:
    """Invert a mirroring or rotation; all are involutions but the rotations by 90 and 270 degrees."""
    return _SWAPPED.get(transform, transform) if transform else None


_SWAPPED = {"turned by 90 degrees": "turned by 270 degrees", "turned by 270 degrees": "turned by 90 degrees"}


def by_preference(features: pd.DataFrame, rows: Rows, wanted: Sequence[str]) -> pd.DataFrame:
    """Rank some rows from the best keeper to the worst: usable, resolution, intact, sharpness, bytes, split, then path.

    The table that is returned has their columns `wanted`, sizes, and what they are ranked by (`columns_of`). It is the
    only copy that is made: tables are large.
    """
    import pandas as pd

    if not features["path"].is_monotonic_increasing:
        rows = rows[np.argsort(features["path"].to_numpy(object)[rows], kind="stable")]

    def of(name: str, kind: type = object) -> npt.NDArray[Any]:
        return np.asarray(features[name].iloc[rows].to_numpy(kind))

    sizes = {name: of(name, int) for name in ("width", "height", "size_bytes")}
    keys = {
        "_unusable": of("status") == DecodeStatus.ERROR,
        "_pixels": -sizes["width"] * sizes["height"],
        "_damaged": of("status") == DecodeStatus.WARNING,
        "_sharpness": -of("sharpness", float).round(3) if "sharpness" in features else np.zeros(len(rows)),
        "_bytes": -sizes["size_bytes"],
        "_split": of("split") != TEST,
    }
    order = np.lexsort([keys[name] for name in reversed(_RANKED_BY)])  # stable: equals stay in the order of paths
    rows = rows[order]
    ranked = {name: features[name].iloc[rows].reset_index(drop=True) for name in wanted if name not in sizes}
    ranked |= {name: values[order] for name, values in (sizes | keys).items()}
    return pd.DataFrame(ranked, copy=False)


def stars(count: int, copies_of: Callable[[int, Set[int]], dict[int, Match]]) -> Iterator[tuple[int, dict[int, Match]]]:
    """Group `count` ranked rows into stars: the best row left takes all its free matches as copies.

    `copies_of(row, taken)` gives the matches of a row among those that are not taken.
    """
    taken: set[int] = set()
    for keeper in range(count):
        if keeper in taken:
            continue
        copies = copies_of(keeper, taken)
        if copies:
            taken |= {keeper, *copies}
            yield keeper, copies


class EqualPixels:
    """Rows sorted into those of equal pixels, by their digests (n, 16)."""

    def __init__(self, digests: npt.NDArray[np.uint8]) -> None:
        upper, lower = np.ascontiguousarray(digests).reshape(-1, 16).view(np.uint64).T
        rows = np.lexsort((lower, upper))  # stable: equals stay in the order of rows
        upper, lower = upper[rows], lower[rows]
        is_first = np.ones(len(rows), dtype=bool)
        is_first[1:] = (upper[1:] != upper[:-1]) | (lower[1:] != lower[:-1])
        self._rows = rows.astype(np.int32)
        self._starts = np.append(np.flatnonzero(is_first), len(rows)).astype(np.int32)
        self._sort_of = np.empty(len(rows), np.int32)
        self._sort_of[rows] = np.cumsum(is_first) - 1
        self.firsts: Rows = np.sort(rows[is_first])
        """The first row of each, ascending."""

    def of(self, row: int) -> list[int]:
        """Return all rows that have the pixels of this one, itself among them, ascending."""
        sort = self._sort_of[row]
        found: list[int] = self._rows[self._starts[sort] : self._starts[sort + 1]].tolist()
        return found


def exact_copies(first: int, rest: Sequence[int], hashes: Sequence[str]) -> dict[int, Match]:
    """Match rows whose pixels equal those of `first`: each by the plainest evidence among them, equal bytes."""
    if not rest:
        return {}
    owner = {hashes[first]: first}
    matches = {}
    for row in rest:
        kind = kinds.SAME_BYTES if hashes[row] in owner else kinds.SAME_PIXELS
        matches[row] = Match(kind=kind, exact_of=owner.setdefault(hashes[row], first))
        owner[hashes[row]] = row
    return matches


def columns_of(ranked: pd.DataFrame) -> Columns:
    """Return what `findings` reads of a ranked table, as arrays: groups are many and small."""
    names = ("path", "label", "split", "width", "height", "size_bytes", *_RANKED_BY)
    return {name: ranked[name].to_numpy() for name in names}


def findings(columns: Columns, keeper: int, copies: Mapping[int, Match]) -> Iterator[Finding]:
    """Report one group: a finding on each copy, one on the keeper, and what spans classes or splits."""
    keeper_path = columns["path"][keeper]
    group = stable_id("group", keeper_path)
    for row, match in copies.items():
        path = columns["path"][row]
        yield Finding(
            kind=match.kind,
            path=path,
            score=_SCORES.get(match.kind.name, 0.5 + 0.49 * max(match.agreement, 0.0)),
            message=_reason(columns, row, keeper, match),
            role=Role.COPY,
            group_id=group,
            key=(path, keeper_path),
            evidence={"keeper": keeper_path, **match.evidence()},
        )
    yield Finding(
        kind=min((match.kind for match in copies.values()), key=kinds.RELATIONS.index),
        path=keeper_path,
        score=0.0,
        message=_why_keeper(columns, keeper, list(copies)),
        suggestion=Verdict.KEEP,
        role=Role.KEEPER,
        group_id=group,
        key=("keeper", keeper_path),
        evidence={"copies": len(copies)},
    )
    yield from _contradictions(columns, keeper, copies, group)


def scenes(columns: Columns, pairs: Iterable[tuple[int, int]]) -> Iterator[Finding]:
    """Tell each image of pairs of rows that agree in all but their faces of the best of the others; to be kept."""
    best: dict[int, int] = {}
    for row, other in pairs:
        for one, another in ((row, other), (other, row)):
            best[one] = min(another, best.get(one, another))
    for row, other in sorted(best.items()):
        path, other_path = columns["path"][row], columns["path"][other]
        yield Finding(
            kind=kinds.SAME_SCENE,
            path=path,
            score=0.0,
            message=kinds.SAME_SCENE.says(other=other_path),
            suggestion=Verdict.KEEP,
            key=(path,),
            evidence={"other": other_path},
        )


def _contradictions(columns: Columns, keeper: int, copies: Mapping[int, Match], group: str) -> Iterator[Finding]:
    """Report each member whose image stands in several classes or splits, or whose sequence in several splits.

    It is a fact (`exact`) where exact copies do. Neighbours in a sequence are no copies: they may differ in class.
    """
    image_of = _first_of(keeper, copies, lambda match: match.kind != kinds.BURST)
    exact_of = _first_of(keeper, copies, lambda match: match.kind in kinds.EXACT)
    for kind, column in ((kinds.LABEL_CONFLICT, "label"), (kinds.SPLIT_LEAK, "split")):
        of_image, of_exact = (_values(columns[column], first_of) for first_of in (image_of, exact_of))
        of_sequence = sorted({value for values in of_image.values() for value in values})
        for row in (keeper, *copies):
            values, message = of_image[image_of[row]], kind.message
            if len(values) < 2 and kind == kinds.SPLIT_LEAK:
                values, message = of_sequence, _SEQUENCE_LEAK
            if len(values) < 2:
                continue
            path = columns["path"][row]
            yield Finding(
                kind=kind,
                path=path,
                score=1.0,
                message=Message(message, {"values": values}),
                suggestion=Verdict.KEEP if row == keeper else Verdict.DROP,
                role=Role.KEEPER if row == keeper else Role.COPY,
                group_id=group,
                key=(path, group),
                evidence={column: values, "exact": len(of_exact[exact_of[row]]) > 1},
            )


def _first_of(keeper: int, copies: Mapping[int, Match], is_same: Callable[[Match], bool]) -> dict[int, int]:
    """Map each row of a group to the first row that shows the same image, as far as `is_same` accepts the matches."""
    first = {keeper: keeper}
    for row, match in copies.items():
        first[row] = first[keeper if match.exact_of is None else match.exact_of] if is_same(match) else row
    return first


def _values(column: npt.NDArray[Any], first_of: Mapping[int, int]) -> dict[int, list[str]]:
    """Collect the classes or splits of each image, sorted, under its first row."""
    found: dict[int, set[str]] = {first: set() for first in first_of.values()}
    for row, first in first_of.items():
        if column[row] is not None:
            found[first].add(column[row])
    return {first: sorted(values) for first, values in found.items()}


_SEQUENCE_LEAK = N_("Its sequence stands in the splits {values}.")
_SCORES = {kinds.SAME_BYTES.name: 1.0, kinds.SAME_PIXELS.name: 0.999}


def _reason(columns: Columns, row: int, keeper: int, match: Match) -> Message:
    other = columns["path"][keeper if match.exact_of is None else match.exact_of]
    if match.engine:
        return msg(
            "{engine} finds it {similarity:.3f} similar to {other}; not verified on pixels.",
            engine=match.engine,
            similarity=match.agreement,
            other=other,
        )
    if match.inliers:
        close = msg(
            "{inliers} local features lie alike, {agreement:.0%} of the parts they share agree",
            inliers=match.inliers,
            agreement=match.agreement,
        )
    else:
        close = msg(
            "{agreement:.0%} of its parts agree, {distance} of 64 hash bits apart",
            agreement=match.agreement,
            distance=match.distance,
        )
    if match.kind == kinds.CROPPED:
        part: dict[str, Any] = {"share": match.share, "other": other, "close": close}
        if match.transform is None:
            return kinds.CROPPED.says(**part)
        return msg("Shows {share:.0%} of {other}, {transform} ({close}).", transform=Message(match.transform), **part)
    if (match.inliers or match.is_framed) and match.kind != kinds.MIRRORED:
        return msg("An edited copy of {other}, such as with a frame ({close}).", other=other, close=close)
    values: dict[str, Any] = {"other": other, "close": close}
    if match.kind == kinds.RESIZED:
        values |= {"size": _size(columns, row), "other_size": _size(columns, keeper)}
    elif match.kind in (kinds.EDITED, kinds.BURST):
        values["residual"] = match.residual
    elif match.transform is not None:
        values["transform"] = Message(match.transform)
    elif match.kind in kinds.EXACT:
        del values["close"]
    return Message(match.kind.message, values)


def _size(columns: Columns, row: int) -> str:
    return f"{columns['width'][row]} x {columns['height'][row]}"


def _why_keeper(columns: Columns, keeper: int, copies: Sequence[int]) -> Message:
    """Name the first criterion by which the keeper beats every copy."""
    values: dict[str, Any] = {"count": len(copies) + 1}
    for column, text in _CRITERIA:
        measure = columns[column]
        if all(measure[keeper] < measure[row] for row in copies):
            if column == "_pixels":
                values["size"] = _size(columns, keeper)
            elif column == "_bytes":
                values["bytes"] = int(columns["size_bytes"][keeper])
            return Message(text, values)
    return msg("Suggested to stay: none of the {count} copies is better, and it comes first by name.", **values)


_CRITERIA = (
    ("_unusable", N_("Suggested to stay: the only usable one of {count} copies.")),
    ("_pixels", N_("Suggested to stay: at {size} the largest of {count} copies.")),
    ("_damaged", N_("Suggested to stay: the undamaged one of {count} copies.")),
    ("_sharpness", N_("Suggested to stay: the sharpest of {count} copies.")),
    ("_bytes", N_("Suggested to stay: with {bytes:,} bytes the least compressed of {count} copies.")),
    (
        "_split",
        N_("Suggested to stay: in the test split, which had better stay as it is, the only one of {count} copies."),
    ),
)
"""What makes a keeper, the most important first: a column of which less is better, and how to say so."""
_RANKED_BY = tuple(column for column, _ in _CRITERIA)
