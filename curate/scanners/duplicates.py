"""Copies: the same bytes, the same pixels, or the same picture saved, resized, recoloured, turned or edited.

Candidates come from equal digests and from two perceptual hashes of ImageHash within a Hamming distance, one of
them also for every way to mirror and turn a picture. Equal hashes are not equal pictures, so every near
pair is verified on pixels. Groups are stars: each copy matches its keeper itself, so nothing drifts in by
way of a third picture. Near-blank pictures, whose hashes mean nothing, only ever match exactly.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from curate import learned, local_features, neighbours, resemblance
from curate.config import Settings
from curate.copies import Match, by_preference, findings, inverse, twins, undone
from curate.neighbours import Hashes
from curate.picture import Picture, Pixels, luma
from curate.resemblance import TILE_PX, TURNS, Comparison, Floats
from curate.scanners import Finding, Scanner
from curate.schema import Kind

if TYPE_CHECKING:
    import pandas as pd

GREY_PX = 256
SPECTRUM_PX = 32
_DHASH_PX = (9, 8)
_CHUNK_TILES = 4_096
"""Tiles in hand at a time while pairs are verified: 16 KiB each."""
_LOOKED_FOR = tuple(turn for turn in TURNS if turn != "turned by 270 degrees")
"""A pair that is 270 degrees apart is 90 degrees apart the other way round."""


class DuplicatesSettings(Settings):
    """How alike two pictures must be."""

    thorough: bool = Field(False, description="also look for crops, frames and heavy edits, by local features")
    hash_distance: int = Field(10, ge=0, le=24, description="hash bits (of 64) that may differ in a candidate pair")
    turned_distance: int = Field(8, ge=0, le=24, description="the same for mirrored and turned candidates")
    alike: float = Field(0.49, ge=0, le=1, description="share of the textured blocks that must agree")
    close: float = Field(0.45, ge=0, le=1, description="share that is enough where these blocks agree to the pixel")
    closeness: float = Field(0.985, ge=0, le=1, description="median correlation of blocks that agree to the pixel")
    small_px: int = Field(80, ge=0, description="pictures with a shorter side are judged by the next setting")
    small_close: float = Field(0.4, ge=0, le=1, description="share of blocks that must roughly agree in small pictures")
    min_blocks: int = Field(4, ge=1, description="textured blocks without which only the whole can tell")
    correlation: float = Field(0.985, ge=0, le=1, description="correlation of the whole that proves it without them")
    residual: float = Field(14.0, ge=0, description="largest local difference, in grey levels, that is not an edit")
    blank_contrast: float = Field(
        8.0, ge=0, description="standard deviation of grey levels below which hashes mean nothing"
    )
    gain: float = Field(0.10, ge=0, description="change of contrast that counts as recoloured")
    offset: float = Field(10.0, ge=0, description="change of brightness, in grey levels, that counts as recoloured")


class Duplicates(Scanner):
    """Groups of copies, each with a suggested keeper; groups that span classes or splits say so."""

    name: ClassVar[str] = "duplicates"
    version: ClassVar[int] = 5
    settings_model: ClassVar[type[Settings]] = DuplicatesSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {
        "phash": pa.binary(8),
        "dhash": pa.binary(8),
        "spectrum": pa.binary(2 * 64),
        "tile": pa.binary(TILE_PX * TILE_PX),
        "contrast": pa.float32(),
        "chroma": pa.float32(),
        "sharpness": pa.float32(),
        "view": pa.binary(),
        "points": pa.binary(),
        "descriptors": pa.binary(),
    }
    measured_with: ClassVar[tuple[str, ...]] = ("thorough",)

    def measure(self, picture: Picture) -> Mapping[str, Any]:
        import imagehash
        from PIL import Image

        tile = picture.tile(TILE_PX)
        grey = luma(tile)
        # Shrunk to what the hashes look at by plain averages: ImageHash's own filter takes as long as all else here.
        # Its pHash takes the same transform that the turned forms need later, so once is enough.
        frequencies = low_frequencies(_averaged(grey, (SPECTRUM_PX, SPECTRUM_PX)))
        return {
            **self._local_features(picture),
            "phash": np.packbits(frequencies > _median(frequencies)).tobytes(),
            "dhash": np.packbits(imagehash.dhash(Image.fromarray(_averaged(grey, _DHASH_PX))).hash).tobytes(),
            "spectrum": stored(frequencies).tobytes(),
            "tile": grey.tobytes(),
            "contrast": float(cv2.meanStdDev(grey)[1][0, 0]),
            "chroma": _chroma(tile),
            "sharpness": _sharpness(picture.grey(GREY_PX)),
        }

    def _local_features(self, picture: Picture) -> Mapping[str, bytes | None]:
        if not self.settings.thorough:
            return dict.fromkeys(("view", "points", "descriptors"))
        return local_features.describe(picture.grey(local_features.VIEW_PX)).pack()

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        seen = by_preference(features[features["digest"].notna() & features["tile"].notna()])
        for keeper, copies in self._groups(seen):
            yield from findings(seen, keeper, copies)

    def _groups(self, seen: pd.DataFrame) -> Iterator[tuple[int, dict[int, Match]]]:
        """Stars in order of preference: the best picture left takes all its free matches as copies."""
        mates = defaultdict(list)
        for row, digest in enumerate(seen["digest"]):
            mates[digest].append(row)
        near = self._near(seen, [rows[0] for rows in mates.values()])
        digests, hashes = seen["digest"].tolist(), seen["sha256"].tolist()
        taken: set[int] = set()
        for keeper in range(len(seen)):
            if keeper in taken:
                continue
            same = [row for row in mates[digests[keeper]] if row != keeper and row not in taken]
            copies = twins(keeper, same, hashes)
            for other, match in near.get(mates[digests[keeper]][0], {}).items():
                alike = [row for row in mates[digests[other]] if row not in taken]
                if alike:
                    copies |= {alike[0]: match, **twins(alike[0], alike[1:], hashes)}
            if copies:
                taken |= {keeper, *copies}
                yield keeper, copies

    def _near(self, seen: pd.DataFrame, rows: Sequence[int]) -> dict[int, dict[int, Match]]:
        """Verified matches among pictures whose pixels differ: for each row, what its copies are to it."""
        contrast = seen["contrast"].to_numpy(float)
        usable = np.array([row for row in rows if contrast[row] > self.settings.blank_contrast], dtype=np.int64)
        near: dict[int, dict[int, Match]] = defaultdict(dict)
        if len(usable) < 2:
            return near
        for turn, left, right, bits in self._candidates(seen, usable):
            fresh = np.array([b not in near[a] for a, b in zip(left, right, strict=True)], dtype=bool)
            left, right, bits = left[fresh], right[fresh], bits[fresh]  # noqa: PLW2901
            for a, b, match in self._verified(seen, left, right, bits, turn):
                near[a][b] = match
                near[b][a] = inverse(match)
        if self.settings.thorough:
            self._add_partial(seen, usable, near)
        return near

    def _add_partial(self, seen: pd.DataFrame, usable: np.ndarray, near: dict[int, dict[int, Match]]) -> None:
        """Pairs that share only a part of their pixels, found by local features."""
        columns = [seen[name].iloc[usable] for name in ("view", "points", "descriptors")]
        pictures = [local_features.unpack(*row) for row in zip(*columns, strict=True)]
        pairs = set(local_features.candidates([picture.descriptors for picture in pictures]))
        pairs |= _alike_to_a_network(seen.iloc[usable])
        for first, second in sorted(pairs):
            i, j = int(usable[first]), int(usable[second])
            if j in near[i]:
                continue
            found = local_features.align(pictures[first], pictures[second])
            if found is not None:
                kind = Kind.EDITED if found.framed or min(found.covered_i, found.covered_j) > _WHOLE else Kind.CROPPED
                near[i][j] = Match(kind=kind, alike=found.alike, inliers=found.inliers, share=found.covered_i)
                near[j][i] = Match(kind=kind, alike=found.alike, inliers=found.inliers, share=found.covered_j)

    def _candidates(
        self, seen: pd.DataFrame, usable: np.ndarray
    ) -> Iterator[tuple[str | None, np.ndarray, np.ndarray, np.ndarray]]:
        """Pairs of rows whose hashes are near: upright ones first, then those of every turn."""
        upright = [hashes_of(seen[column].iloc[usable]) for column in ("phash", "dhash")]
        left, right = union(
            [neighbours.pairs_within(hashes, self.settings.hash_distance)[:2] for hashes in upright], len(usable)
        )
        bits = np.minimum(*(neighbours.popcount(hashes[left] ^ hashes[right]) for hashes in upright))
        yield None, usable[left], usable[right], bits
        spectra = np.frombuffer(b"".join(seen["spectrum"].iloc[usable]), dtype=np.int16).reshape(-1, 8, 8)
        for turn in _LOOKED_FOR:
            left, right, bits = neighbours.pairs_between(
                upright[0], turned_hashes(spectra, turn), self.settings.turned_distance
            )
            # All of these turns but one undo themselves: each pair comes twice.
            chosen = left < right if turn != "turned by 90 degrees" else left != right
            yield turn, usable[left[chosen]], usable[right[chosen]], bits[chosen]

    def _verified(
        self, seen: pd.DataFrame, left: np.ndarray, right: np.ndarray, bits: np.ndarray, turn: str | None
    ) -> Iterator[tuple[int, int, Match]]:
        """The same for any number of candidates, a part of them at a time on each core."""
        with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1)) as pool:
            verify = partial(self._verify, seen, turn=turn)
            for matches in pool.map(
                lambda part: list(verify(left[part], right[part], bits[part])), _chunks(left, right)
            ):
                yield from matches

    def _verify(
        self, seen: pd.DataFrame, left: np.ndarray, right: np.ndarray, bits: np.ndarray, turn: str | None
    ) -> Iterator[tuple[int, int, Match]]:
        """Those candidate pairs that are copies, with what `right` is to `left`."""
        rows_a, at_a = np.unique(left, return_inverse=True)
        rows_b, at_b = np.unique(right, return_inverse=True)
        upright, lying = _tiles(seen, rows_a), _tiles(seen, rows_b)
        if turn is not None:
            lying = resemblance.turned(lying, turn)
        at_b = at_b + len(rows_a)
        tiles = np.concatenate([upright, lying])
        found = resemblance.compare(resemblance.prepare(tiles), at_a, at_b)
        width, height = seen["width"].to_numpy(float), seen["height"].to_numpy(float)
        side = np.minimum(width, height)
        small = np.minimum(side[left], side[right]) < self.settings.small_px
        for index in np.flatnonzero(self._are_copies(found, small)):
            i, j = int(left[index]), int(right[index])
            gain, offset = float(found.gain[index]), float(found.offset[index])
            match = Match(
                kind=Kind.RE_ENCODED,
                alike=float(found.alike[index]),
                correlation=float(found.correlation[index]),
                distance=int(bits[index]),
                residual=resemblance.residual(tiles[at_a[index]], tiles[at_b[index]], gain, offset),
                gain=gain,
                offset=offset,
                turn=undone(turn),
            )
            yield i, j, match.named(self._relation(seen, i, j, match))

    def _are_copies(self, found: Comparison, small: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        s = self.settings
        by_blocks = (found.alike >= s.alike) | ((found.close >= s.close) & (found.closeness >= s.closeness))
        by_blocks |= small & (found.close >= s.small_close)
        by_whole = found.correlation >= s.correlation
        return np.asarray(np.where(found.textured >= s.min_blocks, by_blocks, by_whole), dtype=bool)

    def _relation(self, seen: pd.DataFrame, i: int, j: int, match: Match) -> Kind:
        s = self.settings
        if match.turn is not None:
            return Kind.MIRRORED if TURNS[match.turn][0] else Kind.ROTATED
        chroma = sorted((float(seen["chroma"].iat[i]), float(seen["chroma"].iat[j])))
        bleached = chroma[0] < 2.0 and chroma[1] > 6.0
        toned = abs(np.log(max(match.gain, 1e-3))) > s.gain or abs(match.offset) > s.offset
        # Burnt colours leave more behind than a tone curve of the grey picture explains.
        if match.residual > s.residual * (2 if toned and match.alike > _MOSTLY else 1):
            return Kind.EDITED
        if bleached or toned:
            return Kind.RECOLOURED
        same_size = all(seen[side].iat[i] == seen[side].iat[j] for side in ("width", "height"))
        return Kind.RE_ENCODED if same_size else Kind.RESIZED


_DCT = 2 * np.cos(np.pi * np.outer(np.arange(8), np.arange(0.5, SPECTRUM_PX)) / SPECTRUM_PX).astype(np.float32)
"""The first 8 rows of the unnormalised DCT-II of 32 samples."""
_MOSTLY = 0.5
_THREADS = 4
"""At most so many parts of the candidates are in hand at a time: each takes 150 MiB."""
_NEAREST = 5
"""How many of the nearest embeddings are worth a closer look."""
_WHOLE = 0.97
"""Share of both pictures from which on neither is a crop of the other."""


def _averaged(grey: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _sharpness(grey: Pixels) -> float:
    """The root mean square of the steps between neighbours, downwards and across, in grey levels (gradient energy)."""
    energy = sum(
        cv2.norm(later, earlier, cv2.NORM_L2SQR)
        for later, earlier in ((grey[1:], grey[:-1]), (grey[:, 1:], grey[:, :-1]))
        if later.size
    )
    return float(np.sqrt(energy / grey.size))


def _chroma(tile: Pixels) -> float:
    """The mean difference between the strongest and the weakest colour of each pixel."""
    if tile.ndim == 2:
        return 0.0
    red, green, blue = cv2.split(tile)
    spread = cv2.max(cv2.max(red, green), blue) - cv2.min(cv2.min(red, green), blue)
    return float(cv2.mean(spread)[0])


def _median(values: Floats) -> np.float32:
    """Of an even number of values, at a fifth of the time of `np.median` for so few."""
    ranked = np.sort(values, axis=None)
    return np.float32((ranked[ranked.size // 2 - 1] + ranked[ranked.size // 2]) / 2)


def low_frequencies(small: npt.NDArray[np.uint8]) -> Floats:
    """The 8 x 8 lowest frequencies of a 32 x 32 grey picture; which of them exceed their median is the pHash.

    Scaled as the unnormalised DCT-II that ImageHash takes, whose `phash` has the same bits.
    """
    return np.asarray(_DCT @ small @ _DCT.T, dtype=np.float32)


def stored(frequencies: Floats) -> npt.NDArray[np.int16]:
    """Divided by 64; so the largest, four times the sum of all pixels, fits 16 bits."""
    return np.rint(frequencies / 64).astype(np.int16)


def turned_hashes(spectra: npt.NDArray[np.int16], turn: str) -> Hashes:
    """The pHash of each picture as it looks `turn`, from its spectrum alone.

    Mirroring a picture changes the sign of every odd column of its DCT, transposing it transposes the DCT.
    """
    mirrored, quarters = TURNS[turn]
    signs = np.where(np.arange(8) % 2, -1.0, 1.0)
    values = spectra * signs if mirrored else spectra.astype(np.float64)
    for _ in range(quarters):
        values = values.transpose(0, 2, 1) * signs
    flat = values.reshape(len(values), 64)
    return neighbours.unpack(np.packbits(flat > np.median(flat, axis=1, keepdims=True), axis=1))


def _alike_to_a_network(seen: pd.DataFrame) -> set[tuple[int, int]]:
    """Pairs (i < j) of rows whose embeddings, where there are any, are each other's nearest."""
    rows, vectors = learned.unit_vectors(seen)
    if len(rows) < 2:
        return set()
    _, nearest = learned.nearest(vectors, _NEAREST)
    first, second = np.repeat(rows, nearest.shape[1]), rows[nearest.ravel()]
    return set(zip(np.minimum(first, second).tolist(), np.maximum(first, second).tolist(), strict=True))


def hashes_of(column: pd.Series) -> Hashes:
    """A column of 8-byte hashes as integers."""
    return neighbours.unpack(np.frombuffer(b"".join(column), np.uint8).reshape(-1, 8))


def union(pairs: Sequence[tuple[np.ndarray, np.ndarray]], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of any of several lists, each once, sorted; `count` is above every index."""
    codes = np.unique(np.concatenate([left * count + right for left, right in pairs]))
    return codes // count, codes % count


def _chunks(left: np.ndarray, right: np.ndarray) -> Iterator[npt.NDArray[np.intp]]:
    """Parts of the pairs, each about no more tiles than may be in hand, so that few are prepared twice."""
    order = np.lexsort((right, left))
    start = 0
    while start < len(order):
        end = start + _CHUNK_TILES // 2
        while end < len(order) and _distinct(left, right, order[start : 2 * end - start]) <= _CHUNK_TILES:
            end = 2 * end - start
        yield order[start:end]
        start = end


def _distinct(left: np.ndarray, right: np.ndarray, pairs: np.ndarray) -> int:
    return len(np.unique(left[pairs])) + len(np.unique(right[pairs]))


def _tiles(seen: pd.DataFrame, rows: np.ndarray) -> Floats:
    raw = np.frombuffer(b"".join(seen["tile"].iloc[rows]), np.uint8)
    return raw.reshape(-1, TILE_PX, TILE_PX).astype(np.float32)
