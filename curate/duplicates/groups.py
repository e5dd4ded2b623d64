"""What a group of copies comes to: which image stays, what each copy is to it, and how to say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from curate.scanners import Finding, stable_id
from curate.schema import DecodeStatus, Kind, Role, Severity, Verdict

if TYPE_CHECKING:
    import pandas as pd

TEST = "test"
Columns = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a copy is to its keeper, or to `twin`, an exact copy of it among the other copies.

    `alike` is the share of textured blocks that agree, `distance` the bits between the hashes, `residual` the
    largest local difference in grey levels; `gain` and `offset` turn the copy's tones into the keeper's.
    `turn` is how the copy lies when the keeper is upright. Where only local features tell, `inliers` of them
    agree, and the copy shows `share` of the keeper. `told_by` names another engine that answers for it.
    """

    kind: Kind
    alike: float = 1.0
    correlation: float = 1.0
    distance: int = 0
    residual: float = 0.0
    gain: float = 1.0
    offset: float = 0.0
    turn: str | None = None
    twin: int | None = None
    inliers: int = 0
    share: float = 1.0
    told_by: str = ""

    def named(self, kind: Kind) -> Match:
        """The same match under the name of its relation."""
        return replace(self, kind=kind)

    def evidence(self) -> dict[str, Any]:
        """The numbers behind it, for the finding."""
        if self.told_by:
            return {"relation": str(self.kind), "similarity": round(self.alike, 4), "engine": self.told_by}
        if self.inliers:
            return {
                "relation": str(self.kind),
                "alike": round(self.alike, 3),
                "features": self.inliers,
                "share": round(self.share, 3),
            }
        numbers: dict[str, Any] = {
            "relation": str(self.kind),
            "alike": round(self.alike, 3),
            "distance": self.distance,
            "correlation": round(self.correlation, 4),
            "residual": round(self.residual, 1),
        }
        return {**numbers, "transform": self.turn} if self.turn else numbers


def inverse(match: Match) -> Match:
    """What the keeper is to the copy."""
    gain = max(match.gain, 1e-3)
    return replace(match, gain=1 / gain, offset=-match.offset / gain, turn=undone(match.turn))


def undone(turn: str | None) -> str | None:
    """The turn that takes a turn back; but for quarter turns each is its own."""
    return _SWAPPED.get(turn, turn) if turn else None


_SWAPPED = {"turned by 90 degrees": "turned by 270 degrees", "turned by 270 degrees": "turned by 90 degrees"}


def by_preference(features: pd.DataFrame) -> pd.DataFrame:
    """Rows from the best keeper to the worst: usable, resolution, intact, sharpness, bytes, split, then path."""
    if not features["path"].is_monotonic_increasing:
        features = features.sort_values("path", ignore_index=True)
    keys = {
        "_unusable": (features["status"] == DecodeStatus.ERROR).to_numpy(bool),
        "_pixels": -features["width"].to_numpy(float) * features["height"].to_numpy(float),
        "_damaged": (features["status"] == DecodeStatus.WARNING).to_numpy(bool),
        "_sharpness": -features["sharpness"].to_numpy(float).round(3),
        "_bytes": -features["size_bytes"].to_numpy("int64"),
        "_split": (features["split"] != TEST).to_numpy(bool),
    }
    order = np.lexsort([keys[name] for name in reversed(_RANKED_BY)])  # stable: equals stay in the order of paths
    ranked = features.iloc[order].reset_index(drop=True)
    return ranked.assign(**{name: keys[name][order] for name in _RANKED_BY})


def twins(first: int, rest: Sequence[int], hashes: Sequence[str]) -> dict[int, Match]:
    """Rows whose pixels equal those of `first`: each named by the plainest evidence among them, equal bytes."""
    owner = {hashes[first]: first}
    found = {}
    for row in rest:
        kind = Kind.SAME_BYTES if hashes[row] in owner else Kind.SAME_PIXELS
        found[row] = Match(kind=kind, twin=owner.setdefault(hashes[row], first))
        owner[hashes[row]] = row
    return found


def columns_of(seen: pd.DataFrame) -> Columns:
    """What `findings` reads of a table that `by_preference` has ranked, as arrays: groups are many and small."""
    whole = {name: seen[name].to_numpy("int64") for name in ("width", "height", "size_bytes")}
    told = {name: seen[name].to_numpy(object) for name in ("path", "label", "split")}
    return {**whole, **told, **{name: seen[name].to_numpy() for name in _RANKED_BY}}


def findings(seen: Columns, keeper: int, copies: Mapping[int, Match]) -> Iterator[Finding]:
    """One group of copies: a finding on each of them, one on the keeper, and what spans classes or splits."""
    keeper_path = seen["path"][keeper]
    group = stable_id("group", keeper_path)
    for row, match in copies.items():
        path = seen["path"][row]
        yield Finding(
            kind=match.kind,
            path=path,
            score=_SCORES.get(match.kind, 0.5 + 0.49 * max(match.alike, 0.0)),
            severity=Severity.WARNING,
            reason=_reason(seen, row, keeper, match),
            role=Role.COPY,
            group_id=group,
            key=(path, keeper_path),
            evidence={"keeper": keeper_path, **match.evidence()},
        )
    kind = min((match.kind for match in copies.values()), key=list(Kind).index)
    yield Finding(
        kind=kind,
        path=keeper_path,
        score=0.0,
        severity=Severity.WARNING,
        reason=_why_keeper(seen, keeper, list(copies)),
        suggestion=Verdict.KEEP,
        role=Role.KEEPER,
        group_id=group,
        key=("keeper", keeper_path),
        evidence={"copies": len(copies)},
    )
    members = {keeper: Role.KEEPER, **dict.fromkeys(copies, Role.COPY)}
    yield from _across(seen, members, group, Kind.LABEL_CONFLICT, "label", "the classes")
    yield from _across(seen, members, group, Kind.SPLIT_LEAK, "split", "the splits")


def _across(
    seen: Columns, members: Mapping[int, Role], group: str, kind: Kind, column: str, what: str
) -> Iterator[Finding]:
    """A finding on each member where the copies of one image stand in several classes or splits."""
    values = sorted({value for row in members if (value := seen[column][row]) is not None})
    if len(values) < 2:
        return
    for row, role in members.items():
        path = seen["path"][row]
        yield Finding(
            kind=kind,
            path=path,
            score=1.0,
            severity=Severity.ERROR,
            reason=f"The same image stands in {what} {', '.join(values[:-1])} and {values[-1]}.",
            suggestion=Verdict.KEEP if role is Role.KEEPER else Verdict.DROP,
            role=role,
            group_id=group,
            key=(path, group),
            evidence={column: values},
        )


_SCORES = {Kind.SAME_BYTES: 1.0, Kind.SAME_PIXELS: 0.999}


def _reason(seen: Columns, row: int, keeper: int, match: Match) -> str:
    other = seen["path"][keeper if match.twin is None else match.twin]
    close = f"{match.alike:.0%} of its parts agree, {match.distance} of 64 hash bits apart"
    if match.told_by:
        return f"{match.told_by} finds it {match.alike:.3f} similar to {other}; not verified on pixels."
    if match.inliers:
        close = f"{match.inliers} local features lie alike, {match.alike:.0%} of the parts they share agree"
        if match.kind is Kind.CROPPED:
            return f"Shows {match.share:.0%} of {other} ({close})."
        return f"An edited copy of {other}, such as with a frame ({close})."
    match match.kind:
        case Kind.SAME_BYTES:
            return f"Byte for byte the same file as {other}."
        case Kind.SAME_PIXELS:
            return f"Every pixel is the same as in {other}; only the file around them differs."
        case Kind.RESIZED:
            return f"A {_size(seen, row)} copy of the {_size(seen, keeper)} image {other} ({close})."
        case Kind.RECOLOURED:
            return f"A copy of {other} with other colours, brightness or contrast ({close})."
        case Kind.EDITED:
            return f"An edited copy of {other}: one place differs by {match.residual:.0f} grey levels ({close})."
        case Kind.MIRRORED | Kind.ROTATED:
            return f"The image {other}, {match.turn} ({close})."
        case _:
            return f"The same image as {other}, encoded again ({close})."


def _size(seen: Columns, row: int) -> str:
    return f"{seen['width'][row]} x {seen['height'][row]}"


def _why_keeper(seen: Columns, keeper: int, copies: Sequence[int]) -> str:
    """Name the first criterion by which the keeper beats every copy."""
    count = f"{len(copies) + 1} copies"
    for column, words in _CRITERIA:
        values = seen[column]
        if all(values[keeper] < values[row] for row in copies):
            what = words.format(size=_size(seen, keeper), bytes=seen["size_bytes"][keeper])
            return f"Suggested to stay: {what} {count}."
    return f"Suggested to stay: none of the {count} is better, and it comes first by name."


_CRITERIA = (
    ("_unusable", "the only usable one of"),
    ("_pixels", "at {size} the largest of"),
    ("_damaged", "the undamaged one of"),
    ("_sharpness", "the sharpest of"),
    ("_bytes", "with {bytes:,} bytes the least compressed of"),
    ("_split", "in the test split, which had better stay as it is, the only one of"),
)
"""What makes a keeper, the most important first: a column of which less is better, and how to say so."""
_RANKED_BY = tuple(column for column, _ in _CRITERIA)
