"""Copies: the same bytes, the same pixels, or the same picture saved, resized or recoloured again.

Candidates come from equal digests and from ImageHash's pHash within a Hamming distance; equal hashes are
not equal pictures, so every near pair is verified on pixels. Groups are stars: each copy matches its
keeper itself, so nothing drifts in by way of a third picture. Near-blank pictures, whose hashes mean
nothing, only ever match exactly.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pydantic import Field

from curate.config import Settings
from curate.picture import Picture
from curate.scanners import Finding, Scanner, stable_id
from curate.schema import Kind, Role, Severity, Status, Verdict

HASH_SIDE_PX = 256
TILE_PX = 64
_CHUNK_PAIRS = 20_000


class DuplicatesSettings(Settings):
    """How alike two pictures must be."""

    hash_distance: int = Field(10, ge=0, le=24, description="pHash bits (of 64) that may differ in a candidate pair")
    correlation: float = Field(
        0.985, ge=0, le=1, description="correlation of the two pictures at 64 x 64 that proves it"
    )
    residual: float = Field(14.0, ge=0, description="largest local difference, in grey levels, that is not an edit")
    blank_contrast: float = Field(
        8.0, ge=0, description="standard deviation of grey levels below which hashes mean nothing"
    )
    gain: float = Field(0.10, ge=0, description="change of contrast that counts as recoloured")
    offset: float = Field(10.0, ge=0, description="change of brightness, in grey levels, that counts as recoloured")


@dataclass(frozen=True, slots=True)
class Match:
    """A verified relation of a row to its keeper, or to `twin`, an exact copy of it among the other copies."""

    kind: Kind
    correlation: float
    distance: int
    residual: float
    gain: float
    offset: float
    twin: int | None = None


class Duplicates(Scanner):
    """Groups of copies, each with a suggested keeper; groups that span classes or splits say so."""

    name: ClassVar[str] = "duplicates"
    version: ClassVar[int] = 1
    settings_model: ClassVar[type[Settings]] = DuplicatesSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {
        "phash": pa.binary(8),
        "tile": pa.binary(TILE_PX * TILE_PX),
        "contrast": pa.float32(),
        "chroma": pa.float32(),
        "sharpness": pa.float32(),
    }

    def measure(self, picture: Picture) -> Mapping[str, Any]:
        import imagehash
        from PIL import Image

        grey = picture.grey(HASH_SIDE_PX)
        tile = picture.tile(TILE_PX)
        colour = tile.astype(np.int16)
        return {
            "phash": np.packbits(imagehash.phash(Image.fromarray(grey)).hash).tobytes(),
            "tile": cv2.cvtColor(tile, cv2.COLOR_RGB2GRAY).tobytes(),
            "contrast": float(grey.std()),
            "chroma": float((colour.max(axis=2) - colour.min(axis=2)).mean()),
            "sharpness": float(cv2.Laplacian(grey, cv2.CV_32F).std()),
        }

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        seen = _by_preference(features[features["digest"].notna() & features["tile"].notna()])
        for keeper, copies in self._groups(seen):
            yield from _findings(seen, keeper, copies)

    def _groups(self, seen: pd.DataFrame) -> Iterator[tuple[int, dict[int, Match]]]:
        """Stars in order of preference: the best picture left takes all its free matches as copies."""
        mates = defaultdict(list)
        for row, digest in enumerate(seen["digest"]):
            mates[digest].append(row)
        first = [rows[0] for rows in mates.values()]
        near = self._near(seen, first)
        digests, hashes = seen["digest"].tolist(), seen["sha256"].tolist()
        taken: set[int] = set()
        for keeper in range(len(seen)):
            if keeper in taken:
                continue
            same = [row for row in mates[digests[keeper]] if row != keeper and row not in taken]
            copies = _twins(keeper, same, hashes)
            for other, match in near.get(mates[digests[keeper]][0], {}).items():
                alike = [row for row in mates[digests[other]] if row not in taken]
                if alike:
                    copies |= {alike[0]: match, **_twins(alike[0], alike[1:], hashes)}
            if copies:
                taken |= {keeper, *copies}
                yield keeper, copies

    def _near(self, seen: pd.DataFrame, rows: Sequence[int]) -> dict[int, dict[int, Match]]:
        """Verified matches among pictures whose pixels differ, by row."""
        contrast = seen["contrast"].to_numpy(float)
        usable = np.array([row for row in rows if contrast[row] > self.settings.blank_contrast], dtype=np.int64)
        near: dict[int, dict[int, Match]] = defaultdict(dict)
        if len(usable) < 2:
            return near
        codes = np.frombuffer(b"".join(seen["phash"].iloc[usable]), np.uint8).reshape(-1, 8)
        left, right, distance = pairs_within(codes, self.settings.hash_distance)
        left, right = usable[left], usable[right]
        for start in range(0, len(left), _CHUNK_PAIRS):
            part = slice(start, start + _CHUNK_PAIRS)
            for a, b, match in self._verify(seen, left[part], right[part], distance[part]):
                near[a][b] = near[b][a] = match
        return near

    def _verify(
        self, seen: pd.DataFrame, left: np.ndarray, right: np.ndarray, distance: np.ndarray
    ) -> Iterator[tuple[int, int, Match]]:
        s = self.settings
        a, b = _tiles(seen, left), _tiles(seen, right)
        fit = affine_fit(a, b)
        width, height = seen["width"].to_numpy(float), seen["height"].to_numpy(float)
        chroma = seen["chroma"].to_numpy(float)
        for index in np.flatnonzero(fit.correlation >= s.correlation):
            i, j = int(left[index]), int(right[index])
            gain, offset = float(fit.gain[index]), float(fit.offset[index])
            greyed = min(chroma[i], chroma[j]) < 2.0 and max(chroma[i], chroma[j]) > 6.0
            if fit.residual[index] > s.residual:
                kind = Kind.EDITED
            elif greyed or abs(np.log(max(gain, 1e-3))) > s.gain or abs(offset) > s.offset:
                kind = Kind.RECOLOURED
            elif (width[i], height[i]) != (width[j], height[j]):
                kind = Kind.RESIZED
            else:
                kind = Kind.RE_ENCODED
            yield (
                i,
                j,
                Match(
                    kind,
                    float(fit.correlation[index]),
                    int(distance[index]),
                    float(fit.residual[index]),
                    gain,
                    offset,
                ),
            )


@dataclass(frozen=True, slots=True)
class Fit:
    """Least-squares fit of `b` to `a` per pair: correlation, gain, shift of the mean, largest local residual."""

    correlation: npt.NDArray[np.float32]
    gain: npt.NDArray[np.float32]
    offset: npt.NDArray[np.float32]
    residual: npt.NDArray[np.float32]


def affine_fit(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> Fit:
    """Compare (pairs, side, side) grey tiles up to brightness and contrast.

    The residual is the largest 5 x 5 mean of the absolute difference after the fit, in grey levels.
    """
    mean_a, mean_b = a.mean((1, 2), keepdims=True), b.mean((1, 2), keepdims=True)
    a0, b0 = a - mean_a, b - mean_b
    aa, bb, ab = (a0 * a0).mean((1, 2)), (b0 * b0).mean((1, 2)), (a0 * b0).mean((1, 2))
    correlation = ab / np.sqrt(np.maximum(aa * bb, 1e-6))
    gain = ab / np.maximum(bb, 1e-6)
    difference = np.abs(a0 - gain[:, None, None] * b0)
    residual = np.array([cv2.blur(layer, (5, 5)).max() for layer in difference], dtype=np.float32)
    return Fit(correlation, np.sqrt(aa / np.maximum(bb, 1e-6)), (mean_a - mean_b)[:, 0, 0], residual)


def pairs_within(codes: npt.NDArray[np.uint8], distance: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs (i < j) of packed binary codes, (n, bytes) uint8, at most `distance` bits apart, sorted."""
    import faiss

    index = faiss.IndexBinaryFlat(codes.shape[1] * 8)
    index.add(np.ascontiguousarray(codes))
    lefts, rights, distances = [], [], []
    for start in range(0, len(codes), 4096):
        limits, found, neighbours = index.range_search(np.ascontiguousarray(codes[start : start + 4096]), distance + 1)
        counts = np.diff(np.asarray(limits, dtype=np.int64)).astype(np.intp)
        query = np.repeat(np.arange(len(counts)), counts) + start
        later = neighbours > query
        lefts.append(query[later])
        rights.append(neighbours[later])
        distances.append(found[later].astype(np.int64))
    left, right, apart = (np.concatenate(parts) for parts in (lefts, rights, distances))
    order = np.lexsort((right, left))
    return left[order], right[order], apart[order]


def _tiles(seen: pd.DataFrame, rows: np.ndarray) -> npt.NDArray[np.float32]:
    raw = np.frombuffer(b"".join(seen["tile"].iloc[rows]), np.uint8)
    return raw.reshape(-1, TILE_PX, TILE_PX).astype(np.float32)


def _by_preference(features: pd.DataFrame) -> pd.DataFrame:
    """Rows from the best keeper to the worst: usable, resolution, intact, sharpness, bytes, then path."""
    ranked = features.assign(
        _unusable=features["status"] == Status.ERROR,
        _damaged=features["status"] == Status.WARNING,
        _pixels=-features["width"].astype("float64") * features["height"].astype("float64"),
        _sharpness=-features["sharpness"].astype("float64").round(3),
        _bytes=-features["size_bytes"].astype("int64"),
    )
    keys = ["_unusable", "_pixels", "_damaged", "_sharpness", "_bytes", "path"]
    return ranked.sort_values(keys, ignore_index=True)


def _twins(first: int, rest: Sequence[int], hashes: Sequence[str]) -> dict[int, Match]:
    """Rows whose pixels equal those of `first`: each named by the plainest evidence among them, equal bytes."""
    owner = {hashes[first]: first}
    found = {}
    for row in rest:
        kind = Kind.SAME_BYTES if hashes[row] in owner else Kind.SAME_PIXELS
        found[row] = Match(kind, 1.0, 0, 0.0, 1.0, 0.0, owner.setdefault(hashes[row], first))
        owner[hashes[row]] = row
    return found


def _findings(seen: pd.DataFrame, keeper: int, copies: Mapping[int, Match]) -> Iterator[Finding]:
    keeper_path = seen["path"].iat[keeper]
    group = stable_id("group", keeper_path)
    for row, match in copies.items():
        path = seen["path"].iat[row]
        yield Finding(
            kind=match.kind,
            path=path,
            score=_SCORES.get(match.kind, match.correlation),
            severity=Severity.WARNING,
            reason=_reason(seen, row, keeper, match),
            role=Role.COPY,
            group_id=group,
            key=(path, keeper_path),
            evidence={
                "keeper": keeper_path,
                "hash_distance": match.distance,
                "correlation": round(match.correlation, 4),
                "residual": round(match.residual, 1),
            },
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
    seen: pd.DataFrame, members: Mapping[int, Role], group: str, kind: Kind, column: str, what: str
) -> Iterator[Finding]:
    """A finding on each member where the copies of one picture stand in several classes or splits."""
    values = sorted({value for row in members if (value := seen[column].iat[row]) is not None})
    if len(values) < 2:
        return
    for row, role in members.items():
        path = seen["path"].iat[row]
        yield Finding(
            kind=kind,
            path=path,
            score=1.0,
            severity=Severity.ERROR,
            reason=f"The same picture stands in {what} {', '.join(values[:-1])} and {values[-1]}.",
            suggestion=Verdict.KEEP if role is Role.KEEPER else Verdict.DROP,
            role=role,
            group_id=group,
            key=(path, group),
            evidence={column: values},
        )


_SCORES = {Kind.SAME_BYTES: 1.0, Kind.SAME_PIXELS: 0.999}


def _reason(seen: pd.DataFrame, row: int, keeper: int, match: Match) -> str:
    other = seen["path"].iat[keeper if match.twin is None else match.twin]
    close = f"{match.correlation:.1%} alike at 64 x 64 pixels, {match.distance} of 64 hash bits apart"
    match match.kind:
        case Kind.SAME_BYTES:
            return f"Byte for byte the same file as {other}."
        case Kind.SAME_PIXELS:
            return f"Every pixel is the same as in {other}; only the file around them differs."
        case Kind.RESIZED:
            return f"A {_size(seen, row)} copy of the {_size(seen, keeper)} picture {other} ({close})."
        case Kind.RECOLOURED:
            return f"A copy of {other} with other colours, brightness or contrast ({close})."
        case Kind.EDITED:
            return f"An edited copy of {other}: one place differs by {match.residual:.0f} grey levels ({close})."
        case _:
            return f"The same picture as {other}, encoded again ({close})."


def _size(seen: pd.DataFrame, row: int) -> str:
    return f"{seen['width'].iat[row]} x {seen['height'].iat[row]}"


def _why_keeper(seen: pd.DataFrame, keeper: int, copies: Sequence[int]) -> str:
    """Name the first criterion by which the keeper beats every copy."""
    count = f"{len(copies) + 1} copies"
    for column, words in (
        ("_unusable", "the only usable one of"),
        ("_pixels", f"at {_size(seen, keeper)} the largest of"),
        ("_damaged", "the undamaged one of"),
        ("_sharpness", "the sharpest of"),
        ("_bytes", f"with {seen['size_bytes'].iat[keeper]:,} bytes the least compressed of"),
    ):
        if all(seen[column].iat[keeper] < seen[column].iat[row] for row in copies):
            return f"Suggested to stay: {words} {count}."
    return f"Suggested to stay: none of the {count} is better, and it comes first by name."
