"""Candidate pairs in, copies out: every pair is verified on pixels, at a cost that does not grow with look-alikes.

Most candidates only look alike. Signatures of their tiles (`prefilter`) reject nearly all of them, exactly; the few
that are left are compared in full. The same pairs give the same copies in the same order. One thread: the steps are
so small that several wait for one another (1.6 s for two against 1.1 s for one, on 133,000 candidates of 20,000
images).

In a crowd, a dataset any two images of which share much (`strangers`), a pair must share more than strangers do: as a
whole, or in nearly all of its blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from curate.duplicates import kinds, portraits, shifted, signing, strangers, tiles
from curate.duplicates.colours import USUAL_GAIN, Colours
from curate.duplicates.groups import Match, inverse_transform
from curate.duplicates.hamming import Pairs
from curate.duplicates.own_scale import OwnScale
from curate.duplicates.prefilter import BlockSignatures
from curate.duplicates.strangers import Strangers
from curate.duplicates.tiles import TILE_PX, TRANSFORMS, Comparison, Floats
from curate.duplicates.whole import Distances, Wholes
from curate.duplicates.whole import centred as in_the_middle
from curate.findings import KindSpec
from curate.spreading import Spread, here
from curate.storage import blobs, memory

_TILES = signing.IN_CACHE
WORTH_SPREADING = 20_000
"""Tiles from which on signing takes longer than to have it done elsewhere as well."""
_MOSTLY = 0.5
NEARLY_ALL = 0.9
"""Share of blocks that must agree where the blocks of strangers agree as often as those of copies do elsewhere."""
ENCODED_AGAIN = 3.0
"""The largest local difference, in grey levels, that saving a frame again leaves."""
OF_A_FRAME = 0.8
"""The same between frames of one view, of any two of which a moving part may hide two places."""
ENOUGH, TO_THE_PIXEL = 16, 0.99
"""Textured blocks, and the median correlation of those that agree, without which they prove nothing in a crowd."""
HARDLY_ANY_LESS = 0.94
"""Share of blocks that roughly agree in what is the same as a whole."""
ALONE = 0.3
"""Share of the distance to its neighbours within which another image of a crowd is none of them."""
WORTH_A_LOOK = 0.15
"""Distance as wholes from which on a shift by a pixel cannot bring small images together."""
NEAREST, MOST_SEARCHED = 20, 50_000
"""How many of the nearest wholes of a small image are looked at, and of how many images at most: all are compared."""
RECOLOURED, OTHER_COLOURS = 0.3, 0.75
"""How far colours are apart (`Colours.apart`) once somebody changed them, and when they are none of the original's."""
RECOLOURED_IN_PART = 8
"""The same of a single part (`Colours.most_apart`), where the rest is as it was: skin, a shirt."""
RICH, OF_AN_EDIT, OF_A_ROUGH_EDIT = 25, 10, 20
"""Blocks that agree in enough of an image, whatever its colours and tones are, and in what an edit leaves of it: more
where they agree but roughly, as in small images that were cropped by a few pixels.
"""
LEAST_ALIKE, MOVED = 0.85, 0.94
"""Correlation of the whole without which it is no copy that nobody has edited, and of one that was moved by a pixel."""
Indices = npt.NDArray[np.intp]
_NONE = np.empty(0, np.intp)


class Verifier:
    """Verifies pairs of rows of a table that has the columns of `Duplicates`; `settings` are its."""

    def __init__(  # noqa: PLR0913 - what to compare, by which rules, and who helps and hears of it
        self,
        ranked: pd.DataFrame,
        settings: Any,
        crowd: Strangers | None = None,
        rows: Indices = _NONE,
        *,
        are_few: bool = False,
        spread: Spread = here,
        report: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Prepare to verify pairs of `rows`, which have to be named where `crowd` is known.

        Where there `are_few` pairs, those that do not agree as they lie are looked at again, one moved to the other.
        What takes long is `spread`, and tells `report` how many images are done, and of how many.
        """
        self._settings, self._are_few = settings, are_few
        self._tile = ranked["tile"]
        self._width, self._height = ranked["width"].to_numpy(np.int64), ranked["height"].to_numpy(np.int64)
        self._chroma = ranked["chroma"].to_numpy()
        self._colours = Colours(ranked)
        self._portraits = portraits.Portraits(ranked)
        self._label = pd.factorize(ranked["label"].fillna(""))[0].astype(np.int32) if crowd else _NONE
        self._strangers = crowd
        self._own_scale = (
            OwnScale(self._tile, np.minimum(self._width, self._height), crowd.sample, len(rows))
            if crowd and crowd.are_small
            else None
        )
        self._images = len(rows)
        self.same_scene: set[tuple[int, int]] = set()
        """Pairs of rows, the better first, that would be copies if the faces in them agreed."""
        self._signatures = BlockSignatures.empty(len(ranked))
        self._is_signed = np.zeros(len(ranked), dtype=bool)
        self._wholes = Wholes(len(ranked) if crowd else 0)
        self._spread, self._report = spread, report
        if crowd:
            self._sign(rows)

    def neighbours(self, rows: Indices) -> tuple[Indices, Indices] | None:
        """Pair rows of small images with those nearest to them: hashes bring most together, but none moved by a pixel.

        None where images are large, or too many.
        """
        if self._own_scale is None or len(rows) > MOST_SEARCHED:
            return None
        return self._wholes.nearest(rows, NEAREST)

    def copies(self, pairs: Pairs, transform: str | None) -> list[tuple[int, int, Match]]:
        """Return (left, right, match) for each pair that is a duplicate, sorted; `transform` is applied to `right`."""
        left, right, bits = pairs[0].astype(np.intp), pairs[1].astype(np.intp), pairs[2]
        # Tile id: 2 * row, plus 1 if it is transformed.
        left_ids, right_ids = 2 * left, 2 * right + (transform is not None)
        whole = self._agree_as_wholes(left, right, transform)
        possible = whole | self._possible(left_ids, right_ids, transform)
        if self._strangers is not None and transform is not None:
            possible &= self._label[left] == self._label[right]  # b and d, 6 and 9: not one image in two classes
        chosen = np.flatnonzero(possible)
        chosen = chosen[np.lexsort((right[chosen], left[chosen]))]
        chunks = [chosen[at : at + _TILES // 2] for at in range(0, len(chosen), _TILES // 2)]
        found = [
            match
            for chunk in chunks
            for match in self._compare(left_ids[chunk], right_ids[chunk], bits[chunk], transform, whole[chunk])
        ]
        return sorted(found + self._moved(pairs, transform, found), key=lambda one: one[:2]) if self._are_few else found

    def _moved(
        self, pairs: Pairs, transform: str | None, known: Sequence[tuple[int, int, Match]]
    ) -> list[tuple[int, int, Match]]:
        """Return those of the other pairs that agree nearly everywhere, to the pixel, once one of the two is moved."""
        decided = {one[:2] for one in known} | self.same_scene
        left, right, bits = pairs[0].astype(np.intp), pairs[1].astype(np.intp), pairs[2]
        others = [k for k, pair in enumerate(zip(left.tolist(), right.tolist(), strict=True)) if pair not in decided]
        chunks = [np.array(others[at : at + _TILES // 2]) for at in range(0, len(others), _TILES // 2)]
        return [match for some in chunks for match in self._once_moved(left[some], right[some], bits[some], transform)]

    def _once_moved(
        self, left: Indices, right: Indices, bits: npt.NDArray[np.uint8], transform: str | None
    ) -> Iterator[tuple[int, int, Match]]:
        """Lay the tiles of pairs on one another; yield those pairs that are duplicates then."""
        tile_ids, ours, theirs = _tile_ids(2 * left, 2 * right + (transform is not None))
        pixels = self._tiles(tile_ids, transform)
        moved = (shifted.laid_on(pixels[a], pixels[b]) for a, b in zip(ours, theirs, strict=True))
        laid = {k: tile for k, tile in enumerate(moved) if tile is not None}
        if not laid:
            return
        chosen = list(laid)
        both = np.stack([tile for k in chosen for tile in (pixels[ours[k]], laid[k])])
        first = np.arange(0, len(both), 2)
        comparison = tiles.compare(tiles.prepare(both), first, first + 1)
        for index in np.flatnonzero(_is_sure(comparison, NEARLY_ALL)).tolist():
            i, j = int(left[chosen[index]]), int(right[chosen[index]])
            pair = both[2 * index : 2 * index + 2]
            if not portraits.agree(pair[0], pair[1], self._portraits.of(i)):
                self.same_scene.add((min(i, j), max(i, j)))
                continue
            match = self._match(pair, comparison, index, int(bits[chosen[index]]))
            match = replace(match, transform=inverse_transform(transform))
            apart = self._colours.apart(i, j, transform, match.gain)
            yield i, j, match.of_kind(self._relation(i, j, match, apart))

    def _agree_as_wholes(self, left: Indices, right: Indices, transform: str | None) -> npt.NDArray[np.bool_]:
        """Return True for pairs nearer, as wholes, than strangers come; only asked of a crowd."""
        if self._strangers is None or not len(left):
            return np.zeros(len(left), dtype=bool)
        placed, centred = self._strangers.wholes
        furthest = max(placed, centred, WORTH_A_LOOK if self._own_scale else 0.0)
        found = self._wholes.distances(left, right, transform, (placed, centred), furthest=furthest)
        if self._own_scale is None:
            near = np.stack([found.placed < placed, found.centred < centred])
            return self._are_alone(left, right, near, found)
        worth = np.flatnonzero(np.minimum(found.placed, found.centred) < WORTH_A_LOOK)
        near = np.zeros(len(left), dtype=bool)
        near[worth] = self._own_scale.within_bounds(left[worth], right[worth], transform)
        return near

    def _are_alone(
        self, left: Indices, right: Indices, near: npt.NDArray[np.bool_], found: Distances
    ) -> npt.NDArray[np.bool_]:
        """Return which of the pairs within a bound, (2, n), are far nearer than others are to either of the two."""
        some = np.flatnonzero(near.any(axis=0))
        result = np.zeros(len(left), dtype=bool)
        if self._strangers is None or not len(some):
            return result
        rows = np.unique([left[some], right[some]])
        rank = strangers.rank_in_sample(len(self._strangers.sample), self._images)
        around = self._wholes.surroundings(rows, self._strangers.sample, rank)
        ours, theirs = np.searchsorted(rows, left[some]), np.searchsorted(rows, right[some])
        for is_near, apart, others in zip(near, found, around, strict=True):
            usual = np.minimum(others[ours], others[theirs])
            result[some] |= is_near[some] & (apart[some] <= ALONE * usual)
        return result

    def _possible(self, left_ids: Indices, right_ids: Indices, transform: str | None) -> npt.NDArray[np.bool_]:
        """Return False for pairs that cannot be duplicates, by the signatures of their tiles."""
        s = self._settings
        if self._own_scale is not None:
            return np.zeros(len(left_ids), dtype=bool)
        self._sign(np.unique([left_ids // 2, right_ids // 2]))
        upper, lower = self._signatures.bounds(left_ids // 2, right_ids // 2, transform)
        if self._strangers is not None:
            return np.asarray(upper >= np.float32(self._share_of_a_crowd(self._strangers)), dtype=bool)
        loose = min(s.min_matching_blocks, s.min_loose_matching_blocks)
        required = np.where(self._are_small(left_ids, right_ids), min(loose, s.min_loose_matching_blocks_small), loose)
        return np.asarray((upper >= required.astype(np.float32)) | (lower < s.min_blocks), dtype=bool)

    def _sign(self, rows: Indices) -> None:
        """Work out what comparing needs of the tiles in these rows, where that has not been done."""
        rows = rows[~self._is_signed[rows]]
        parts = [rows[at : at + signing.AT_A_TIME] for at in range(0, len(rows), signing.AT_A_TIME)]
        by_blocks, as_wholes = self._own_scale is None, self._strangers is not None
        unsigned = (signing.Unsigned(blobs.matrix(self._tile, part), by_blocks, as_wholes) for part in parts)
        spread, done = self._spread if len(rows) >= WORTH_SPREADING else here, 0
        for part, signed in zip(parts, spread(signing.sign, unsigned), strict=True):
            if by_blocks:
                self._signatures.put(part, signed.signatures)
            if as_wholes:
                self._wholes.put(part, signed.wholes)
            done += len(part)
            self._report(done, len(rows))
        self._is_signed[rows] = True
        if spread is not here:
            memory.give_back()

    @staticmethod
    def _share_of_a_crowd(crowd: Strangers) -> float:
        """Return the share of blocks that must agree in a crowd: more than strangers have, frames apart."""
        return OF_A_FRAME if crowd.usual >= NEARLY_ALL else max(crowd.alike, NEARLY_ALL)

    def _compare(
        self,
        left_ids: Indices,
        right_ids: Indices,
        bits: npt.NDArray[np.uint8],
        transform: str | None,
        whole: npt.NDArray[np.bool_],
    ) -> Iterator[tuple[int, int, Match]]:
        """Compare pairs in full; yield those that are duplicates, as are all that agree as wholes."""
        tile_ids, left_rows, right_rows = _tile_ids(left_ids, right_ids)
        pixels = self._tiles(tile_ids, transform)
        comparison = tiles.compare(tiles.prepare(pixels), left_rows, right_rows)
        by_blocks, roughly = self._are_copies(comparison, self._are_small(left_ids, right_ids))
        for index in np.flatnonzero(by_blocks | roughly | whole):
            i, j = int(left_ids[index]) // 2, int(right_ids[index]) // 2
            pair = pixels[[left_rows[index], right_rows[index]]]
            if not portraits.agree(pair[0], pair[1], self._portraits.of(i)):
                self.same_scene.add((min(i, j), max(i, j)))
                continue
            match = self._match(pair, comparison, int(index), int(bits[index]))
            if not (by_blocks[index] or roughly[index]):  # it may lie elsewhere
                moved = in_the_middle(pair)
                again = tiles.compare(tiles.prepare(moved), np.array([0]), np.array([1]))
                if self._own_scale is None and _differs(comparison, int(index)) and _differs(again, 0):
                    continue
                match = min(match, self._match(moved, again, 0, int(bits[index])), key=lambda one: one.residual)
            apart = self._colours.apart(i, j, transform, match.gain)
            match = replace(match, transform=inverse_transform(transform))
            match = match.of_kind(self._relation(i, j, match, apart))
            agreeing = float(comparison.close[index] * comparison.textured[index])
            if agreeing < RICH or not (by_blocks | whole)[index]:
                few = comparison.textured[index] < self._settings.min_blocks
                if apart > (RECOLOURED if few else OTHER_COLOURS):
                    continue
                if not whole[index] and not self._is_borne_out(match, agreeing, is_rough=not by_blocks[index]):
                    continue
            yield i, j, match

    def _is_borne_out(self, match: Match, agreeing: float, *, is_rough: bool) -> bool:
        """Return whether a pair of which few blocks agree, or all but roughly, is a copy in spite of what differs.

        There is little then to tell one flag, sign or letter from another: so tones must be such as an image survives,
        and the whole must agree or, of an edit, some blocks at least.
        """
        if not USUAL_GAIN[0] < match.gain < USUAL_GAIN[1]:
            return False
        if match.residual <= self._residual_of(match):
            return match.correlation >= LEAST_ALIKE
        return match.correlation >= MOVED or agreeing >= (OF_A_ROUGH_EDIT if is_rough else OF_AN_EDIT)

    def _match(self, pair: Floats, comparison: Comparison, index: int, bits: int) -> Match:
        gain, offset = float(comparison.gain[index]), float(comparison.offset[index])
        return Match(
            kind=kinds.RE_ENCODED,
            agreement=float(comparison.alike[index]),
            correlation=float(comparison.correlation[index]),
            distance=bits,
            residual=tiles.residual(pair[0], pair[1], gain, offset),
            gain=gain,
            offset=offset,
        )

    def _tiles(self, tile_ids: Indices, transform: str | None) -> Floats:
        pixels = blobs.matrix(self._tile, tile_ids // 2).reshape(-1, TILE_PX, TILE_PX).astype(np.float32)
        is_transformed = tile_ids % 2 == 1
        if transform is not None and is_transformed.any():
            pixels[is_transformed] = tiles.transformed(pixels[is_transformed], transform)
        return pixels

    def _are_small(self, left_ids: Indices, right_ids: Indices) -> npt.NDArray[np.bool_]:
        side = np.minimum(self._width, self._height)
        return np.asarray(np.minimum(side[left_ids // 2], side[right_ids // 2]) < self._settings.small_px, dtype=bool)

    def _are_copies(
        self, comparison: Comparison, small: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return which pairs agree, and which small ones do roughly."""
        s, none = self._settings, np.zeros(len(small), dtype=bool)
        if self._own_scale is not None:
            return none, none
        if self._strangers is not None:
            return _is_sure(comparison, self._share_of_a_crowd(self._strangers)), none
        by_blocks = (comparison.alike >= s.min_matching_blocks) | (
            (comparison.close >= s.min_loose_matching_blocks) & (comparison.closeness >= s.min_block_correlation)
        )
        by_whole = comparison.correlation >= s.correlation
        has_blocks = comparison.textured >= s.min_blocks
        roughly = has_blocks & small & (comparison.close >= s.min_loose_matching_blocks_small)
        return np.where(has_blocks, by_blocks, by_whole).astype(bool), roughly

    def _relation(self, i: int, j: int, match: Match, apart: float) -> KindSpec:
        if match.transform is not None:
            return kinds.MIRRORED if TRANSFORMS[match.transform][0] else kinds.ROTATED
        chroma = sorted((float(self._chroma[i]), float(self._chroma[j])))
        bleached = chroma[0] < 2.0 and chroma[1] > 6.0
        is_sequence = self._strangers is not None and self._strangers.usual >= NEARLY_ALL
        if match.residual > (ENCODED_AGAIN if is_sequence else self._residual_of(match)):
            return kinds.BURST if is_sequence else kinds.EDITED
        in_part = self._colours.most_apart(i, j) > RECOLOURED_IN_PART
        if bleached or self._is_toned(match) or apart > RECOLOURED or in_part:
            return kinds.RECOLOURED
        same_size = self._width[i] == self._width[j] and self._height[i] == self._height[j]
        return kinds.RE_ENCODED if same_size else kinds.RESIZED

    def _is_toned(self, match: Match) -> bool:
        s = self._settings
        return bool(abs(np.log(max(match.gain, 1e-3))) > s.gain or abs(match.offset) > s.offset)

    def _residual_of(self, match: Match) -> float:
        """Return the largest local difference that is no edit: burnt colours leave more than a tone curve explains."""
        is_burnt = self._is_toned(match) and match.agreement > _MOSTLY
        return float(self._settings.residual) * (2 if is_burnt else 1)


def _is_sure(comparison: Comparison, share: float) -> npt.NDArray[np.bool_]:
    """Return for which pairs that share of many blocks agrees, to the pixel."""
    sure = (comparison.textured >= ENOUGH) & (comparison.closeness >= TO_THE_PIXEL)
    return np.asarray((comparison.alike >= share) & sure, dtype=bool)


def _differs(comparison: Comparison, index: int) -> bool:
    """Return whether too many blocks differ for an image that is the same as a whole: a line of text, a stroke."""
    return bool(comparison.textured[index] >= ENOUGH // 2 and comparison.close[index] < HARDLY_ANY_LESS)


def _tile_ids(left_ids: Indices, right_ids: Indices) -> tuple[Indices, Indices, Indices]:
    """Return the distinct tile ids, and the row among them of each left and each right one."""
    tile_ids = np.unique(np.concatenate([left_ids, right_ids]))
    return tile_ids, np.searchsorted(tile_ids, left_ids), np.searchsorted(tile_ids, right_ids)
